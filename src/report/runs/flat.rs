//! JSON as a flat list of named values.

use serde_json::Value;
use std::collections::BTreeMap;

/// Every leaf of `value` by its dotted name. Lists of plain values are one leaf; lists of objects are
/// numbered from 0. Null, an empty list and an empty object are leaves.
pub(super) fn flatten(value: &Value) -> BTreeMap<String, String> {
    let mut flat = BTreeMap::new();
    walk("", value, &mut flat);
    flat
}

fn walk(name: &str, value: &Value, flat: &mut BTreeMap<String, String>) {
    let below = |key: &str| match name {
        "" => key.to_owned(),
        _ => format!("{name}.{key}"),
    };
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (key, value) in map {
                walk(&below(key), value, flat);
            }
        }
        Value::Array(items) if items.iter().any(|item| item.is_object() || item.is_array()) => {
            for (number, item) in items.iter().enumerate() {
                walk(&below(&number.to_string()), item, flat);
            }
        }
        Value::String(text) => drop(flat.insert(name.to_owned(), text.clone())),
        other => drop(flat.insert(name.to_owned(), other.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_leaf_has_a_name() {
        let value = json!({"a": {"b": 1, "c": null}, "d": [{"e": "x"}], "f": [1, 2], "g": {}});
        let flat = flatten(&value);
        let expected = [
            ("a.b", "1"),
            ("a.c", "null"),
            ("d.0.e", "x"),
            ("f", "[1,2]"),
            ("g", "{}"),
        ];
        let expected: BTreeMap<String, String> = expected
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        assert_eq!(flat, expected);
    }
}
