//! Writes the few pickles of the layout: dictionaries of ids to lists of small integers or ids.
//!
//! Protocol 2 without memo, which every Python since 2.3 reads.

/// A value of the layout's pickles.
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

    #[test]
    fn writes_the_opcodes_of_protocol_2() {
        let value = Value::Dict(vec![("a".into(), Value::List(vec![Value::Int(1)]))]);
        assert_eq!(dump(&value), b"\x80\x02}(X\x01\0\0\0a](K\x01eu.");
    }
}
