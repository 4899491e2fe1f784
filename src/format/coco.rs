//! Caption files in JSON.
//!
//! References as COCO has them (`{"annotations": [{"image_id": .., "caption": ..}, ..]}`), hypotheses
//! as COCO's result files have them (a list of `{"image_id": .., "caption": ..}`), or either as an
//! object from id to caption or to a list of captions.

use super::captions::read_text;
use super::{CaptionFile, CaptionId, FormatError};
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::path::Path;

/// Reads a caption file in JSON.
///
/// # Errors
/// It cannot be read, is not UTF-8, not JSON, or JSON of another shape; the error says where.
pub fn read_coco(path: &Path) -> Result<CaptionFile, FormatError> {
    let text = read_text(path)?;
    coco_of(&text, path)
}

/// Captions of the text of a file, which `path` names in errors.
pub(super) fn coco_of(text: &str, path: &Path) -> Result<CaptionFile, FormatError> {
    let (text, had_nan) = without_nan(text);
    let malformed = |found: String| FormatError::Malformed {
        path: path.to_owned(),
        expected: "a caption file",
        found,
        hint: "references: {\"annotations\": [{\"image_id\": 1, \"caption\": \"..\"}]}; hypotheses: [{\"image_id\": 1, \"caption\": \"..\"}]; \
captions without ids belong into a text file, one a line",
    };
    let captions: Captions = serde_json::from_str(&text).map_err(|error| {
        let nan = if had_nan {
            " (NaN and Infinity, as Python writes them, are read as null)"
        } else {
            ""
        };
        // serde speaks of types to programmers.
        let error = error.to_string().replace("invalid type: ", "found ");
        malformed(format!("{error}{nan}"))
    })?;
    Ok(CaptionFile {
        path: path.to_owned(),
        captions: captions.list,
        keyed: captions.keyed,
        file_names: captions.file_names,
        ..CaptionFile::default()
    })
}

/// JSON without the NaN, Infinity and -Infinity that Python writes into it, and whether there was one.
pub(super) fn without_nan(text: &str) -> (Cow<'_, str>, bool) {
    if !["NaN", "Infinity"].iter().any(|word| text.contains(word)) {
        return (text.into(), false);
    }
    let (mut clean, mut rest, mut found) = (String::with_capacity(text.len()), text, false);
    while let Some(at) = rest.find(['"', 'N', 'I', '-']) {
        clean.push_str(&rest[..at]);
        rest = &rest[at..];
        let word = ["NaN", "-Infinity", "Infinity"]
            .into_iter()
            .find(|word| rest.starts_with(word));
        let taken = if let Some(word) = word {
            clean.push_str("null");
            found = true;
            word.len()
        } else {
            let taken = if rest.starts_with('"') {
                string_length(rest)
            } else {
                1
            };
            clean.push_str(&rest[..taken]);
            taken
        };
        rest = &rest[taken..];
    }
    clean.push_str(rest);
    (clean.into(), found)
}

/// Bytes of the JSON string at the beginning of a text, with its quotes.
fn string_length(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[derive(Debug)]
struct Captions {
    list: Vec<(CaptionId, String)>,
    /// Whether the ids are keys of an object, which JSON has as text only.
    keyed: bool,
    /// What `images` calls the images.
    file_names: HashMap<CaptionId, String>,
}

impl Captions {
    fn listed(list: Vec<(CaptionId, String)>) -> Self {
        Self {
            list,
            keyed: false,
            file_names: HashMap::new(),
        }
    }
}

/// An entry of a list of captions.
#[derive(Debug)]
struct Annotation {
    image_id: CaptionId,
    caption: String,
}

impl<'de> Deserialize<'de> for Annotation {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnnotationVisitor;
        impl<'de> Visitor<'de> for AnnotationVisitor {
            type Value = Annotation;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object with `image_id` and `caption`")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Annotation, A::Error> {
                use serde::de::Error;
                let (mut image_id, mut caption, mut fields) = (None, None, Vec::new());
                while let Some(key) = map.next_key::<Cow<'de, str>>()? {
                    match &*key {
                        "image_id" => image_id = Some(map.next_value()?),
                        "caption" => caption = Some(map.next_value::<Caption>()?.0),
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                    if image_id.is_none() || caption.is_none() {
                        fields.push(key);
                    }
                }
                let lacks = |field| {
                    let fields = fields.join(", ");
                    A::Error::custom(format!("an entry has no `{field}` (its fields: {fields})"))
                };
                Ok(Annotation {
                    image_id: image_id.ok_or_else(|| lacks("image_id"))?,
                    caption: caption.ok_or_else(|| lacks("caption"))?,
                })
            }
        }
        deserializer.deserialize_any(AnnotationVisitor)
    }
}

/// The value of `caption`.
struct Caption(String);

impl<'de> Deserialize<'de> for Caption {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct CaptionVisitor;
        impl Visitor<'_> for CaptionVisitor {
            type Value = Caption;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("text as `caption`")
            }

            fn visit_str<E>(self, text: &str) -> Result<Caption, E> {
                Ok(Caption(text.to_owned()))
            }
        }
        deserializer.deserialize_any(CaptionVisitor)
    }
}

impl<'de> Deserialize<'de> for CaptionId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Id;
        impl Visitor<'_> for Id {
            type Value = CaptionId;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a whole number or a string as image_id")
            }

            fn visit_i64<E>(self, number: i64) -> Result<CaptionId, E> {
                Ok(CaptionId::Number(number))
            }

            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<CaptionId, E> {
                i64::try_from(number)
                    .map(CaptionId::Number)
                    .map_err(|_| E::custom("an image_id beyond 2^63"))
            }

            fn visit_str<E>(self, text: &str) -> Result<CaptionId, E> {
                Ok(CaptionId::Text(text.to_owned()))
            }
        }
        deserializer.deserialize_any(Id)
    }
}

impl<'de> Deserialize<'de> for Captions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(CaptionsVisitor)
    }
}

struct CaptionsVisitor;

impl<'de> Visitor<'de> for CaptionsVisitor {
    type Value = Captions;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object with `annotations`, a list of image_id and caption, or an object from id to captions")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Captions, A::Error> {
        let mut captions = Vec::new();
        while let Some(Annotation { image_id, caption }) = sequence.next_element()? {
            captions.push((image_id, caption));
        }
        Ok(Captions::listed(captions))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Captions, A::Error> {
        use serde::de::Error;
        let (mut annotations, mut by_id, mut strange) = (None, Vec::new(), None);
        let mut file_names = HashMap::new();
        while let Some(key) = map.next_key::<String>()? {
            if key == "annotations" {
                if annotations.is_some() {
                    return Err(A::Error::custom("`annotations` twice"));
                }
                annotations = Some(map.next_value::<List>()?.0);
                continue;
            }
            match map.next_value::<Entry>()? {
                Entry::Text(text) => by_id.push((CaptionId::Text(key), text)),
                Entry::Texts(texts) => {
                    by_id.extend(texts.into_iter().map(|t| (CaptionId::Text(key.clone()), t)));
                }
                Entry::Images(names) if key == "images" => {
                    file_names.extend(names);
                    strange = strange.or(Some(key));
                }
                Entry::Image(..) | Entry::Images(_) | Entry::Other => {
                    strange = strange.or(Some(key));
                }
            }
        }
        match (annotations, strange) {
            // `info` and `licenses` of a COCO file are of no interest.
            (Some(annotations), _) => Ok(Captions {
                file_names,
                ..Captions::listed(annotations)
            }),
            (None, None) => Ok(Captions {
                keyed: true,
                ..Captions::listed(by_id)
            }),
            (None, Some(key)) => Err(A::Error::custom(format!(
                "there is no `annotations`, and `{key}` is neither a caption nor a list of captions"
            ))),
        }
    }
}

/// The value of `annotations`.
#[derive(Debug)]
struct List(Vec<(CaptionId, String)>);

impl<'de> Deserialize<'de> for List {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ListVisitor;
        impl<'de> Visitor<'de> for ListVisitor {
            type Value = List;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a list of objects with image_id and caption")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, sequence: A) -> Result<List, A::Error> {
                CaptionsVisitor
                    .visit_seq(sequence)
                    .map(|captions| List(captions.list))
            }
        }
        deserializer.deserialize_seq(ListVisitor)
    }
}

/// The id of an image, if it is one.
fn image_id(value: &Value) -> Option<CaptionId> {
    match value {
        Value::String(text) => Some(CaptionId::Text(text.clone())),
        value => value.as_i64().map(CaptionId::Number),
    }
}

/// What an object from id to captions may hold.
#[derive(Debug)]
enum Entry {
    Text(String),
    Texts(Vec<String>),
    /// An object with `id` and `file_name`.
    Image(CaptionId, String),
    /// A list of objects, those with `id` and `file_name` among them.
    Images(Vec<(CaptionId, String)>),
    Other,
}

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EntryVisitor;
        impl<'de> Visitor<'de> for EntryVisitor {
            type Value = Entry;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a caption or a list of captions")
            }

            fn visit_str<E>(self, text: &str) -> Result<Entry, E> {
                Ok(Entry::Text(text.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Entry, A::Error> {
                let (mut texts, mut images, mut others) = (Vec::new(), Vec::new(), false);
                while let Some(entry) = sequence.next_element::<Entry>()? {
                    match entry {
                        Entry::Text(text) => texts.push(text),
                        Entry::Image(id, name) => images.push((id, name)),
                        _ => others = true,
                    }
                }
                Ok(match (texts.is_empty(), images.is_empty()) {
                    (true, false) => Entry::Images(images),
                    (_, true) if !others => Entry::Texts(texts),
                    _ => Entry::Other,
                })
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entry, A::Error> {
                let (mut id, mut name) = (None, None);
                while let Some(key) = map.next_key::<Cow<'de, str>>()? {
                    match &*key {
                        "id" => id = image_id(&map.next_value()?),
                        "file_name" => {
                            let value: Value = map.next_value()?;
                            name = value.as_str().map(str::to_owned);
                        }
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                let image = id.zip(name);
                Ok(image.map_or(Entry::Other, |(id, name)| Entry::Image(id, name)))
            }

            fn visit_bool<E>(self, _: bool) -> Result<Entry, E> {
                Ok(Entry::Other)
            }

            fn visit_i64<E>(self, _: i64) -> Result<Entry, E> {
                Ok(Entry::Other)
            }

            fn visit_u64<E>(self, _: u64) -> Result<Entry, E> {
                Ok(Entry::Other)
            }

            fn visit_f64<E>(self, _: f64) -> Result<Entry, E> {
                Ok(Entry::Other)
            }

            fn visit_unit<E>(self) -> Result<Entry, E> {
                Ok(Entry::Other)
            }
        }
        deserializer.deserialize_any(EntryVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<(CaptionId, String)>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("captions.json");
        std::fs::write(&path, text).unwrap();
        read_coco(&path)
            .map(|file| file.captions)
            .map_err(|error| error.to_string())
    }

    fn number(id: i64, text: &str) -> (CaptionId, String) {
        (CaptionId::Number(id), text.to_owned())
    }

    #[test]
    fn the_shapes_in_use_are_read() {
        let list =
            r#"[{"image_id": 7, "caption": "a", "id": 1}, {"image_id": "x", "caption": "b"}]"#;
        let expected = [number(7, "a"), (CaptionId::Text("x".into()), "b".into())];
        assert_eq!(read(list).unwrap(), expected);
        let coco = format!(
            r#"{{"info": {{"a": [1, null]}}, "images": [{{"id": 7}}], "annotations": {list}, "licenses": []}}"#
        );
        assert_eq!(read(&coco).unwrap(), expected);
        assert_eq!(read(&format!("\u{feff}{coco}")).unwrap(), expected);
        let text = |id: &str, text: &str| (CaptionId::Text(id.to_owned()), text.to_owned());
        assert_eq!(
            read(r#"{"p": ["a", "b"], "q": "c"}"#).unwrap(),
            [text("p", "a"), text("p", "b"), text("q", "c")]
        );
        assert_eq!(read("[]").unwrap(), []);
    }

    #[test]
    fn other_shapes_are_refused_with_the_place() {
        for (json, says) in [
            ("", "EOF"),
            ("{\"annotations\": 5}", "expected a list of objects"),
            ("5", "found "),
            ("[1]", "found "),
            (
                "[{\"image_id\": 1}]",
                "an entry has no `caption` (its fields: image_id)",
            ),
            (
                "[{\"image_id\": 1.5, \"caption\": \"a\"}]",
                "a whole number or a string",
            ),
            ("[{\"image_id\": 1, \"caption\": null}]", "line 1 column"),
            (
                "[\"a fox\"]",
                "found string \"a fox\", expected an object with `image_id`",
            ),
            (
                "[{\"image_id\": 1, \"text\": \"a\"}]",
                "(its fields: image_id, text)",
            ),
            (
                "{\"images\": [{}]}",
                "there is no `annotations`, and `images`",
            ),
            ("[{\"image_id\": 1, \"caption\": \"a\"}", "EOF"),
            ("[] x", "trailing characters"),
        ] {
            let error = read(json).unwrap_err();
            assert!(error.contains(says), "{json}: {error}");
            assert!(
                error.contains("captions.json is not a caption file"),
                "{error}"
            );
        }
    }

    #[test]
    fn nan_of_python_is_accepted_where_it_is_not_read() {
        let list = r#"[{"image_id": 1, "score": NaN, "b": [-Infinity, Infinity], "caption": "NaN \"Infinity\" -I"}]"#;
        assert_eq!(read(list).unwrap(), [number(1, "NaN \"Infinity\" -I")]);
        let error = read(r#"[{"image_id": 1, "caption": NaN}]"#).unwrap_err();
        assert!(
            error.contains("found null, expected text as `caption`") && error.contains("NaN"),
            "{error}"
        );
        assert!(read(r#"[{"image_id": NaN, "caption": "a"}]"#).is_err());
        assert!(read(r#"[{"image_id": 1, "caption": "a}]"#).is_err());
    }

    #[test]
    fn nesting_without_end_does_not_overflow() {
        assert!(read(&"[".repeat(500_000)).is_err());
        assert!(read(&format!("{{\"a\": {}", "[".repeat(500_000))).is_err());
    }
}
