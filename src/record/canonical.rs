//! One spelling for plain data, so that equal cards and settings have equal hashes.

use serde::Serialize;
use serde_json::Value;

/// JSON without white space and with keys in byte order at every level.
///
/// What is written so holds only strings, numbers, lists and objects with text keys, for which serialisation
/// cannot fail; a type that can fail yields `null`.
pub fn canonical_json<T: Serialize>(value: &T) -> String {
    let mut out = String::new();
    write_value(
        &serde_json::to_value(value).unwrap_or(Value::Null),
        &mut out,
    );
    out
}

fn write_value(value: &Value, out: &mut String) {
    match value {
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_value(item, out);
            }
            out.push(']');
        }
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by(|left, right| left.0.cmp(right.0));
            out.push('{');
            for (index, (key, item)) in entries.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                out.push_str(&Value::from(key.as_str()).to_string());
                out.push(':');
                write_value(item, out);
            }
            out.push('}');
        }
        scalar => out.push_str(&scalar.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_sorted_at_every_level() {
        let value: Value =
            serde_json::from_str(r#"{"b": {"z": 1, "a": [true, null]}, "a": "x\"y"}"#).unwrap();
        assert_eq!(
            canonical_json(&value),
            r#"{"a":"x\"y","b":{"a":[true,null],"z":1}}"#
        );
    }
}
