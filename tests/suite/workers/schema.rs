//! Enough of JSON Schema for docs/schemas/worker.schema.json; a keyword that it does not know is an error.

use serde_json::Value;

/// Whether `value` is what `schema` says, with the schema's document for references.
pub(super) fn holds(schema: &Value, value: &Value, document: &Value) -> bool {
    let mut keywords = schema.as_object().unwrap().iter();
    keywords.all(|(keyword, rule)| keyword_holds(keyword, rule, value, document))
}

fn keyword_holds(keyword: &str, rule: &Value, value: &Value, document: &Value) -> bool {
    let number = value.as_f64();
    let length = value.as_array().map(|items| items.len() as u64);
    match keyword {
        "$ref" => {
            let path = rule.as_str().unwrap().strip_prefix('#').unwrap();
            holds(document.pointer(path).unwrap(), value, document)
        }
        "oneOf" => {
            let schemas = rule.as_array().unwrap().iter();
            schemas
                .filter(|schema| holds(schema, value, document))
                .count()
                == 1
        }
        "const" => value == rule,
        "enum" => rule.as_array().unwrap().contains(value),
        "type" => match rule {
            Value::Array(kinds) => kinds.iter().any(|kind| is(value, kind.as_str().unwrap())),
            kind => is(value, kind.as_str().unwrap()),
        },
        "required" => {
            let mut names = rule.as_array().unwrap().iter();
            names.all(|name| value.get(name.as_str().unwrap()).is_some())
        }
        "properties" => rule.as_object().unwrap().iter().all(|(name, schema)| {
            value
                .get(name)
                .is_none_or(|inner| holds(schema, inner, document))
        }),
        "items" => value
            .as_array()
            .is_none_or(|items| items.iter().all(|item| holds(rule, item, document))),
        "minimum" => number.is_none_or(|number| number >= rule.as_f64().unwrap()),
        "maximum" => number.is_none_or(|number| number <= rule.as_f64().unwrap()),
        "minItems" => length.is_none_or(|length| length >= rule.as_u64().unwrap()),
        "maxItems" => length.is_none_or(|length| length <= rule.as_u64().unwrap()),
        "description" | "title" | "$schema" | "$id" | "$defs" => true,
        other => panic!("the keyword {other} is not known"),
    }
}

fn is(value: &Value, kind: &str) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        other => panic!("the type {other} is not known"),
    }
}
