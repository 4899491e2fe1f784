//! Writes the few pickles of the layout: dictionaries of ids to lists of small integers or ids.
//!
//! Protocol 2 without memo, which every Python since 2.3 reads.

/// A value of the layout's pickles.
#[cfg_attr(test, derive(Clone, Debug))]
pub(super) enum Value {
    Int(u8),
    Text(String),
    List(Vec<Value>),
    Dict(Vec<(String, Value)>),
}

/// The value as a pickle of protocol 2.
pub(super) fn dump(value: &Value) -> Vec<u8> {
    let mut bytes = vec![0x80, 2];
    push(&mut bytes, value);
    bytes.push(b'.');
    bytes
}

fn push(bytes: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Int(number) => bytes.extend([b'K', *number]),
        Value::Text(text) => push_text(bytes, text),
        Value::List(items) => {
            bytes.extend(b"](");
            for item in items {
                push(bytes, item);
            }
            bytes.push(b'e');
        }
        Value::Dict(entries) => {
            bytes.extend(b"}(");
            for (key, entry) in entries {
                push_text(bytes, key);
                push(bytes, entry);
            }
            bytes.push(b'u');
        }
    }
}

fn push_text(bytes: &mut Vec<u8>, text: &str) {
    bytes.push(b'X');
    bytes.extend((text.len() as u32).to_le_bytes());
    bytes.extend(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::pickle::{Pickle, Ref};
    use proptest::prelude::*;

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<u8>().prop_map(Value::Int),
            any::<String>().prop_map(Value::Text),
        ];
        leaf.prop_recursive(4, 64, 8, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..8).prop_map(Value::List),
                prop::collection::vec((any::<String>(), inner), 0..8).prop_map(Value::Dict),
            ]
        })
    }

    fn same(read: Ref<'_>, written: &Value) -> bool {
        match written {
            Value::Int(number) => read.as_integer() == Some(i64::from(*number)),
            Value::Text(text) => read.as_str() == Some(text),
            Value::List(items) => {
                read.len() == Some(items.len())
                    && read.items().is_some_and(|mut read| {
                        items
                            .iter()
                            .all(|item| read.next().is_some_and(|r| same(r, item)))
                    })
            }
            Value::Dict(entries) => {
                read.len() == Some(entries.len())
                    && read.entries().is_some_and(|mut read| {
                        entries.iter().all(|(key, value)| {
                            read.next()
                                .is_some_and(|(k, v)| k.as_str() == Some(key) && same(v, value))
                        })
                    })
            }
        }
    }

    proptest! {
        #[test]
        fn the_reader_gives_back_what_was_written(value in values()) {
            let pickle = Pickle::decode(&dump(&value)).unwrap();
            prop_assert!(same(pickle.root(), &value));
        }
    }

    #[test]
    fn writes_the_opcodes_of_protocol_2() {
        let value = Value::Dict(vec![("a".into(), Value::List(vec![Value::Int(1)]))]);
        assert_eq!(dump(&value), b"\x80\x02}(X\x01\0\0\0a](K\x01eu.");
    }
}
