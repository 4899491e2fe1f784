//! What can be wrong in a `stories.jsonl`, which its user wrote: the line, the field, its value, and what was
//! expected.

use crate::record::{did_you_mean, why_not_json};
use serde_json::Value;
use std::fmt;
use std::fmt::Write as _;
use std::path::Path;

/// What kind of mistake it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoryFaultKind {
    /// The file is one JSON array.
    Array,
    /// A story goes over several lines.
    Indented,
    /// A line is no story.
    Line,
    /// An id is there twice.
    IdTwice,
    /// An id or a path that could leave the folder.
    Unsafe,
    /// A character outside a closed cast.
    Character,
    /// A place that is not on the card.
    Background,
    /// Labels of 0 and 1 that are more or fewer than the card's.
    LabelCount,
    /// Labels that are something else.
    Labels,
}

/// Something that is wrong in a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoryFault {
    /// Line, from 1.
    pub line: usize,
    /// What kind of mistake it is.
    pub kind: StoryFaultKind,
    /// The field, its value, and what was expected.
    pub what: String,
}

impl fmt::Display for StoryFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "line {}: {}", self.line, self.what)
    }
}

/// Form of a line, for hints.
const LINE: &str = "{\"id\": \"s1\", \"split\": \"test\", \"frames\": [{\"image\": \"images/1.png\", \"caption\": \"...\"}]}";

/// Why lines cannot be read where the file as a whole is in another form.
pub(super) fn other_form(text: &[u8]) -> Option<StoryFault> {
    let start = text.iter().position(|byte| !byte.is_ascii_whitespace())?;
    let line = text[..start].split(|byte| *byte == b'\n').count();
    let fault = |kind, what: &str| {
        let what = what.to_owned();
        Some(StoryFault { line, kind, what })
    };
    if text[start] == b'[' {
        return fault(
            StoryFaultKind::Array,
            "the file is a JSON array; it has to be one story per line, without brackets and commas around them",
        );
    }
    // An object that does not end in its line, and is whole in the file.
    let first = text[start..].split(|byte| *byte == b'\n').next()?;
    let mut stream = serde_json::Deserializer::from_slice(&text[start..]).into_iter::<Value>();
    let whole = matches!(stream.next(), Some(Ok(Value::Object(_))));
    if whole && stream.byte_offset() > first.len() {
        return fault(
            StoryFaultKind::Indented,
            "the story goes over several lines; each story has to be on one line",
        );
    }
    None
}

/// What is wrong with a line that is no story; `error` is what the reader of stories said.
pub(super) fn examine(line: &[u8], error: &serde_json::Error) -> Vec<String> {
    let value: Value = match serde_json::from_slice(line) {
        Ok(value) => value,
        Err(error) => return vec![syntax(line, &error)],
    };
    let Value::Object(story) = &value else {
        return vec![format!(
            "it is {}, not a story; a story is {LINE}",
            short(&value)
        )];
    };
    let mut faults = Vec::new();
    check(story, "", STORY, &mut faults);
    if let Some(Value::Array(frames)) = story.get("frames") {
        for (index, frame) in frames.iter().enumerate() {
            match frame {
                Value::Object(frame) => {
                    check(frame, &format!("frames[{index}]."), FRAME, &mut faults);
                }
                other => faults.push(format!(
                    "`frames[{index}]` is {}, but has to be an object with `image` and `caption`",
                    short(other)
                )),
            }
        }
    }
    if faults.is_empty() {
        let column = error.column();
        faults.push(format!(
            "{} (column {column})",
            super::annotation::plain_message(error)
        ));
    }
    faults
}

/// What a field holds.
#[derive(Clone, Copy)]
enum Form {
    Text,
    Names,
    Images,
    Labels,
    Frames,
    Anything,
}

/// Name, whether it is needed, and what it holds.
type Field = (&'static str, bool, Form);

const STORY: &[Field] = &[
    ("id", true, Form::Text),
    ("split", false, Form::Text),
    ("frames", true, Form::Frames),
    ("meta", false, Form::Anything),
];

const FRAME: &[Field] = &[
    ("image", true, Form::Images),
    ("caption", true, Form::Text),
    ("clip", false, Form::Text),
    ("characters", false, Form::Names),
    ("background", false, Form::Text),
    ("character_labels", false, Form::Labels),
    ("background_labels", false, Form::Labels),
    ("meta", false, Form::Anything),
];

impl Form {
    fn holds(self, value: &Value) -> bool {
        let all = |wanted: fn(&Value) -> bool| {
            value.as_array().is_some_and(|list| list.iter().all(wanted))
        };
        match self {
            Self::Text => value.is_string(),
            Self::Names => all(Value::is_string),
            Self::Images => value.is_string() || all(Value::is_string),
            Self::Labels => all(|label| matches!(label.as_u64(), Some(0 | 1))),
            Self::Frames => value.is_array(),
            Self::Anything => true,
        }
    }

    fn wanted(self) -> &'static str {
        match self {
            Self::Text => "text in quotes",
            Self::Names => "a list of names, as [\"ann\", \"bob\"]",
            Self::Images => "the path of a picture, or a list of paths",
            Self::Labels => "a list of 0 and 1",
            Self::Frames => "a list of frames, each with `image` and `caption`",
            Self::Anything => "anything",
        }
    }
}

/// Fields that are missing, misspelt, or hold something else.
fn check(
    object: &serde_json::Map<String, Value>,
    place: &str,
    fields: &[Field],
    faults: &mut Vec<String>,
) {
    let known = || fields.iter().map(|(name, ..)| *name);
    for name in object.keys() {
        if !known().any(|known| known == name) {
            let absent = known().filter(|known| !object.contains_key(*known));
            let near = did_you_mean(name, absent);
            let others: Vec<&str> = known().collect();
            let near = if near.is_empty() {
                format!(
                    "; known are {} (`meta` may hold anything)",
                    others.join(", ")
                )
            } else {
                near
            };
            faults.push(format!("there is no field `{place}{name}`{near}"));
        }
    }
    for (name, needed, form) in fields {
        match object.get(*name) {
            // Named as misspelt already.
            None if *needed && !object.keys().any(|other| is_slip(other, name, fields)) => {
                faults.push(format!(
                    "`{place}{name}` is missing; it has to be {}",
                    form.wanted()
                ));
            }
            Some(Value::Null) if !needed => {}
            Some(value) if !form.holds(value) => faults.push(format!(
                "`{place}{name}` is {}, but has to be {}",
                short(value),
                form.wanted()
            )),
            _ => {}
        }
    }
}

fn is_slip(other: &str, name: &str, fields: &[Field]) -> bool {
    !fields.iter().any(|(known, ..)| *known == other)
        && crate::record::near(other, [name]).is_some()
}

/// A value, as long as it is short.
fn short(value: &Value) -> String {
    const SHOWN: usize = 60;
    let text = value.to_string();
    if text.chars().count() <= SHOWN {
        return text;
    }
    let start: String = text.chars().take(SHOWN).collect();
    format!("{start}...")
}

/// Why a line is not JSON.
fn syntax(line: &[u8], error: &serde_json::Error) -> String {
    let trimmed = line.trim_ascii();
    if let Some(before) = trimmed.strip_suffix(b",")
        && serde_json::from_slice::<Value>(before).is_ok()
    {
        return "a comma follows the story; lines are not separated by commas".to_owned();
    }
    if trimmed.starts_with(b"{'") {
        return "it has single quotes, as Python prints a dict; write it with json.dumps"
            .to_owned();
    }
    if std::str::from_utf8(line).is_err() {
        return "it is not UTF-8".to_owned();
    }
    if let Some(why) = why_not_json(line, 1, error.column()) {
        return why;
    }
    let what = super::annotation::plain_message(error);
    if error.is_eof() {
        return format!("it is not whole JSON: {what}");
    }
    format!("it is not JSON: {what} (column {})", error.column())
}

/// Files and why they cannot be read, a line each.
pub(super) fn list_unreadable(files: &[(String, String)]) -> String {
    const SHOWN: usize = 25;
    let mut text = String::new();
    for (file, why) in files.iter().take(SHOWN) {
        // Writing to a String cannot fail.
        let _ = write!(text, "\n  {file}: {why}");
    }
    if files.len() > SHOWN {
        let _ = write!(text, "\n  and {} more", files.len() - SHOWN);
    }
    text
}

/// What is wrong, behind the name of the file.
pub(super) fn list_faults(faults: &[StoryFault]) -> String {
    const SHOWN: usize = 10;
    if let [only] = faults {
        return format!(", {only}");
    }
    let mut text = format!(" is wrong in {} places", faults.len());
    for fault in faults.iter().take(SHOWN) {
        // Writing to a String cannot fail.
        let _ = write!(text, "\n  {fault}");
    }
    if faults.len() > SHOWN {
        let _ = write!(text, "\n  and {} more", faults.len() - SHOWN);
    }
    text
}

/// What its writer can do about a `stories.jsonl`.
pub(super) fn own_hint(path: &Path, kind: Option<StoryFaultKind>) -> String {
    let (file, folder) = (
        path.display(),
        path.parent().unwrap_or(Path::new(".")).display(),
    );
    let again = format!("then `storyeval dataset verify --dataset {folder}`");
    match kind {
        Some(StoryFaultKind::Array | StoryFaultKind::Indented) => format!(
            "write each story on a line of its own, in Python with print(json.dumps(story), file=out); {again}"
        ),
        Some(StoryFaultKind::IdTwice) => {
            format!("rename or remove one of the two in {file}, {again}")
        }
        Some(
            StoryFaultKind::Character
            | StoryFaultKind::Background
            | StoryFaultKind::LabelCount
            | StoryFaultKind::Labels,
        ) => {
            format!(
                "correct the line, or the names on {folder}/dataset.toml (`closed_cast = false` lets others be), {again}"
            )
        }
        _ => format!("correct the line, {again}; a line is {LINE}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(line: &str) -> String {
        let error = serde_json::from_str::<bool>(line).unwrap_err();
        examine(line.as_bytes(), &error).join(" | ")
    }

    #[test]
    fn each_slip_is_named_with_field_value_and_form() {
        let frames = r#""frames": [{"image": "a.png", "caption": "x"}]"#;
        for (line, expected) in [
            (format!(r#"{{"id": 7, {frames}}}"#), "`id` is 7, but has to be text in quotes"),
            (format!("{{{frames}}}"), "`id` is missing; it has to be text in quotes"),
            (r#"{"id": "s", "frames": [{"image": "a.png", "caption": null}]}"#.to_owned(),
             "`frames[0].caption` is null, but has to be text in quotes"),
            (r#"{"id": "s", "frames": [{"image": "a.png", "captoin": "x"}]}"#.to_owned(),
             "there is no field `frames[0].captoin`; did you mean \"caption\"?"),
            (r#"{"id": "s", "frames": {"image": "a.png"}}"#.to_owned(),
             "`frames` is {\"image\":\"a.png\"}, but has to be a list of frames, each with `image` and `caption`"),
            (r#"{"id": "s", "frames": [{"image": "a.png", "caption": "x", "characters": "ann"}]}"#.to_owned(),
             "`frames[0].characters` is \"ann\", but has to be a list of names, as [\"ann\", \"bob\"]"),
            (r#"{"id": "s", "frames": [{"image": 3, "caption": "x", "character_labels": [0, 2]}]}"#.to_owned(),
             "`frames[0].image` is 3, but has to be the path of a picture, or a list of paths | \
              `frames[0].character_labels` is [0,2], but has to be a list of 0 and 1"),
            (format!(r#"{{"id": "s", {frames}}},"#), "a comma follows the story; lines are not separated by commas"),
            (format!(r#"{{"id": "s", {frames}"#), "it is not whole JSON: EOF while parsing an object"),
            ("{'id': 's'}".to_owned(), "it has single quotes, as Python prints a dict; write it with json.dumps"),
            (r#"{"id": NaN}"#.to_owned(), "it holds NaN, which JSON does not have (column 8)"),
        ] {
            assert_eq!(said(&line), expected, "{line}");
        }
        assert!(said("7").starts_with("it is 7, not a story; a story is {"));
    }

    #[test]
    fn files_in_another_form_are_told_as_a_whole() {
        let kind = |text: &str| other_form(text.as_bytes()).map(|fault| (fault.kind, fault.line));
        assert_eq!(kind("\n[{}]"), Some((StoryFaultKind::Array, 2)));
        assert_eq!(
            kind("{\n \"id\": 1\n}"),
            Some((StoryFaultKind::Indented, 1))
        );
        assert_eq!(kind("{\"id\": 1}\n{\"id\": 2}"), None);
        assert_eq!(kind(" \n"), None);
    }
}
