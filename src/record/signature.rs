//! The signature of a number: every choice behind it, in one line (after sacreBLEU); and when two numbers may share a
//! column.

use std::fmt::{Display, Write as _};

/// A signature in the making: `metric|key:value|..|ci:..|n:..|v:..`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature(String);

impl Signature {
    /// Of a metric.
    #[must_use]
    pub fn of(metric: &str) -> Self {
        Self(metric.to_owned())
    }

    /// Adds a choice.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Display) -> Self {
        // A bar in a value would look like a new part.
        let value = value.to_string().replace('|', "/");
        let _ = write!(self.0, "|{key}:{value}");
        self
    }

    /// The line: ends with how the interval was made, how many items entered, and the version of the definitions.
    #[must_use]
    pub fn end(self, interval: &str, n: impl Display, version: u32) -> String {
        self.with("ci", interval).with("n", n).with("v", version).0
    }
}

/// Parts of a signature that may differ between comparable scores: the number of frames (shown beside
/// the number as `scored / planned`), the model, which is what a table compares, and the file that values of the
/// user's own come from, since each model may have one.
const FREE: [&str; 3] = ["n", "model", "values"];

/// The parts that differ, as `key: first / second`; empty when the scores are comparable.
#[must_use]
pub fn signature_differences(first: &str, second: &str) -> Vec<String> {
    let (a, b) = (parts(first), parts(second));
    let value = |parts: &[(String, String)], key: &str| {
        parts
            .iter()
            .find(|(k, _)| k == key)
            .map_or_else(|| "nothing".to_owned(), |(_, v)| v.clone())
    };
    let mut keys: Vec<&String> = a.iter().map(|(key, _)| key).collect();
    keys.extend(
        b.iter()
            .map(|(key, _)| key)
            .filter(|key| !a.iter().any(|(k, _)| k == *key)),
    );
    keys.into_iter()
        .filter_map(|key| {
            let (left, right) = (value(&a, key), value(&b, key));
            (left != right).then(|| format!("{key}: {left} / {right}"))
        })
        .collect()
}

/// A signature without the parts that may differ: what is printed below a table.
#[must_use]
pub fn without_count(signature: &str) -> String {
    let keep = |part: &&str| {
        !FREE
            .iter()
            .any(|key| part.split_once(':').is_some_and(|(k, _)| k == *key))
    };
    signature
        .split('|')
        .filter(keep)
        .collect::<Vec<_>>()
        .join("|")
}

/// The value of a part of a signature: `signature_part("fid|gt:middle|v:1", "gt")` is `middle`.
#[must_use]
pub fn signature_part<'a>(signature: &'a str, key: &str) -> Option<&'a str> {
    let mut parts = signature.split('|').filter_map(|part| part.split_once(':'));
    parts.find(|(k, _)| *k == key).map(|(_, value)| value)
}

fn parts(signature: &str) -> Vec<(String, String)> {
    without_count(signature)
        .split('|')
        .map(|part| {
            let (key, value) = part.split_once(':').unwrap_or(("metric", part));
            (key.to_owned(), value.to_owned())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_one_line_of_parts() {
        let line = Signature::of("fid")
            .with("gt", "middle")
            .with("pixels", "a|b");
        assert_eq!(
            line.end("none", 4, 1),
            "fid|gt:middle|pixels:a/b|ci:none|n:4|v:1"
        );
    }

    #[test]
    fn the_count_and_the_model_are_free() {
        assert!(
            signature_differences("fid|gt:middle|n:400|v:1", "fid|gt:middle|n:398|v:1").is_empty()
        );
        assert!(signature_differences("fid|model:a|v:1", "fid|model:b|v:1").is_empty());
        assert_eq!(
            without_count("fid|gt:middle|n:400|v:1"),
            "fid|gt:middle|v:1"
        );
    }

    #[test]
    fn a_part_is_found_by_its_key() {
        let signature = "fid|subset:test/followers-3[:25]|threshold:p>0.5|n:4";
        assert_eq!(
            signature_part(signature, "subset"),
            Some("test/followers-3[:25]")
        );
        assert_eq!(signature_part(signature, "n"), Some("4"));
        assert_eq!(signature_part(signature, "fid"), None);
    }

    #[test]
    fn every_other_part_is_named() {
        assert_eq!(
            signature_differences("fid|gt:middle|n:4|v:1", "fid|gt:random|n:4|v:2|crop:1"),
            ["gt: middle / random", "v: 1 / 2", "crop: nothing / 1"]
        );
    }
}
