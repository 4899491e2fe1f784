//! Writes pickles of plain data, and numpy's arrays of objects.
//!
//! Protocol 2 without memo, which every Python since 2.3 reads.

/// A value that Python has too.
#[cfg_attr(test, derive(Clone, Debug))]
pub(crate) enum Value {
    Int(i32),
    Text(String),
    List(Vec<Value>),
    Dict(Vec<(String, Value)>),
}

impl Value {
    /// A list of 0 and 1.
    pub(crate) fn zero_one(flags: impl IntoIterator<Item = bool>) -> Self {
        let flags = flags.into_iter().map(|flag| Self::Int(i32::from(flag)));
        Self::List(flags.collect())
    }
}

/// The value as a pickle of protocol 2.
pub(crate) fn dump(value: &Value) -> Vec<u8> {
    let mut bytes = vec![0x80, 2];
    push(&mut bytes, value);
    bytes.push(b'.');
    bytes
}

/// numpy's array of objects with one axis, or with `axis` false of the one value without axes, as numpy
/// pickles it: `_reconstruct(ndarray, (0,), 'b')`, then its state.
pub(crate) fn dump_array(items: &[Value], axis: bool) -> Vec<u8> {
    let mut bytes = vec![0x80, 2];
    bytes.extend(b"cnumpy.core.multiarray\n_reconstruct\n");
    bytes.extend(b"cnumpy\nndarray\nK\0\x85U\x01b\x87R");
    // Version, shape, type, order, elements.
    bytes.extend(b"(K\x01");
    if axis {
        push(&mut bytes, &Value::Int(items.len() as i32));
        bytes.push(0x85);
    } else {
        bytes.push(b')');
    }
    bytes.extend(b"cnumpy\ndtype\nU\x02O8K\0K\x01\x87R");
    // The state of the type: version, byte order, no parts, no size of its own, and that it holds objects.
    bytes.extend(b"(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x3ftb");
    // Not in Fortran order.
    bytes.extend(b"\x89](");
    for item in items {
        push(&mut bytes, item);
    }
    bytes.extend(b"etb.");
    bytes
}

fn push(bytes: &mut Vec<u8>, value: &Value) {
    match value {
        Value::Int(number) => match (u8::try_from(*number), u16::try_from(*number)) {
            (Ok(small), _) => bytes.extend([b'K', small]),
            (_, Ok(middle)) => {
                bytes.push(b'M');
                bytes.extend(middle.to_le_bytes());
            }
            _ => {
                bytes.push(b'J');
                bytes.extend(number.to_le_bytes());
            }
        },
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
    use crate::format::pickle::{Pickle, Ref};
    use proptest::prelude::*;

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<i32>().prop_map(Value::Int),
            (0..300_i32).prop_map(Value::Int),
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

        #[test]
        fn arrays_of_objects_are_read_back(items in prop::collection::vec(values(), 0..6)) {
            let pickle = Pickle::decode(&dump_array(&items, true)).unwrap();
            let read: Vec<Ref<'_>> = pickle.root().items().unwrap().collect();
            prop_assert_eq!(read.len(), items.len());
            prop_assert!(read.iter().zip(&items).all(|(read, item)| same(*read, item)));
            for item in &items {
                let one = Pickle::decode(&dump_array(std::slice::from_ref(item), false)).unwrap();
                prop_assert!(same(one.unwrapped().root(), item));
            }
        }
    }

    #[test]
    fn writes_the_opcodes_of_protocol_2() {
        let value = Value::Dict(vec![("a".into(), Value::List(vec![Value::Int(1)]))]);
        assert_eq!(dump(&value), b"\x80\x02}(X\x01\0\0\0a](K\x01eu.");
    }
}
