//! The records of a list of frames, as people and their programs write them: read rightly where the meaning is
//! certain, refused in the words of the documentation where it is not.

use crate::record::{did_you_mean, why_not_json};
use serde_json::{Map, Value};

/// Frame `frame` (from 1) of `story` is the file `path`, relative to the folder.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) story: String,
    pub(super) frame: u32,
    pub(super) path: String,
}

/// A line (from 1; in an array the record) and what is in it, or what is wrong with it.
pub(super) type Numbered = (usize, Result<Line, String>);

const FIELDS: [&str; 3] = ["story", "frame", "path"];

/// A column that data frames number their rows in.
fn is_index(name: &str) -> bool {
    matches!(name, "" | "index" | "level_0" | "unnamed: 0")
}

/// The records of `manifest.jsonl`, a line each, or of one array.
pub(super) fn json_lines(text: &str) -> Vec<Numbered> {
    if text.trim_start().starts_with('[') {
        return match serde_json::from_str::<Vec<Value>>(text) {
            Ok(records) => (1..).zip(records.into_iter().map(record)).collect(),
            Err(error) => {
                let why = why_not_json(text.as_bytes(), error.line(), error.column());
                vec![(error.line(), Err(why.unwrap_or_else(|| error.to_string())))]
            }
        };
    }
    if let Ok(Value::Object(columns)) = serde_json::from_str(text)
        && columns.contains_key("story")
        && columns.values().all(Value::is_object)
    {
        let fault = "it is one object of columns, not a line per frame; in pandas: \
                     table.to_json(PATH, orient=\"records\", lines=True)";
        return vec![(1, Err(fault.to_owned()))];
    }
    let lines = (1..)
        .zip(text.lines())
        .filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(number, line)| {
            let parsed = serde_json::from_str(line);
            let parsed = parsed.map_err(|error| {
                let why = why_not_json(line.as_bytes(), error.line(), error.column());
                why.unwrap_or_else(|| format!("it is not JSON ({error})"))
            });
            (number, parsed.and_then(record))
        })
        .collect()
}

fn record(value: Value) -> Result<Line, String> {
    let Value::Object(mut fields) = value else {
        return Err(format!("a record has to be an object, but is {value}"));
    };
    fields.retain(|name, _| !is_index(&name.to_lowercase()));
    if let Some(other) = fields.keys().find(|name| !FIELDS.contains(&name.as_str())) {
        return Err(unknown(other));
    }
    let story = match take(&mut fields, "story")? {
        Value::String(text) => text,
        Value::Number(number) => number.to_string(),
        other => return Err(format!("`story` has to be text, but is {other}")),
    };
    let frame = match take(&mut fields, "frame")? {
        Value::String(text) => frame(&text)?,
        Value::Number(number) => frame(&number.to_string())?,
        other => return Err(not_whole(&other.to_string())),
    };
    let path = match take(&mut fields, "path")? {
        Value::String(text) => text,
        other => return Err(format!("`path` has to be text, but is {other}")),
    };
    Ok(Line { story, frame, path })
}

fn take(fields: &mut Map<String, Value>, name: &str) -> Result<Value, String> {
    fields
        .remove(name)
        .ok_or_else(|| format!("`{name}` is missing"))
}

fn unknown(name: &str) -> String {
    let near = did_you_mean(name, FIELDS);
    format!("there is no field {name:?}{near}")
}

fn not_whole(found: &str) -> String {
    format!("`frame` has to be a whole number, but is {found}")
}

/// A whole number, also as data frames write it where a column had gaps: `1.0`, or `1,0`.
fn frame(text: &str) -> Result<u32, String> {
    let text = text.trim();
    let whole = match text.split_once(['.', ',']) {
        Some((whole, rest)) if rest.bytes().all(|digit| digit == b'0') => whole,
        _ => text,
    };
    whole.parse().map_err(|_| {
        let found = if text.is_empty() {
            "empty".to_owned()
        } else {
            format!("{text:?}")
        };
        not_whole(&found)
    })
}

/// The records of `manifest.csv`, by the separator with which its first line has the three columns.
pub(super) fn csv_lines(text: &str) -> Vec<Numbered> {
    let separators = [b',', b';', b'\t'];
    let found = separators.into_iter().find_map(|separator| {
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(separator)
            .from_reader(text.as_bytes());
        let places = places(reader.headers().ok()?)?;
        Some((reader, places))
    });
    let Some((mut reader, places)) = found else {
        let first = text.lines().next().unwrap_or_default();
        let fault = format!("the first line has to be story,frame,path, but it is {first:?}");
        return vec![(1, Err(fault))];
    };
    let mut lines = Vec::new();
    for (index, row) in reader.records().enumerate() {
        match row {
            // Spreadsheets write empty rows at the end.
            Ok(row) if row.iter().all(|field| field.trim().is_empty()) => {}
            Ok(row) => {
                let number = row.position().map_or(index + 2, |at| at.line() as usize);
                // Blanks around a separator are the writer's.
                let [story, number_of_frame, path] =
                    places.map(|place| row[place].trim().to_owned());
                let line = frame(&number_of_frame).map(|frame| Line { story, frame, path });
                lines.push((number, line));
            }
            Err(error) => {
                let number = error.position().map_or(index + 2, |at| at.line() as usize);
                lines.push((number, Err(wrong_row(&error))));
            }
        }
    }
    lines
}

/// Where story, frame and path are; `None` where one is not, or something else is.
fn places(headers: &csv::StringRecord) -> Option<[usize; 3]> {
    let names: Vec<String> = headers
        .iter()
        .map(|name| name.trim().to_lowercase())
        .collect();
    let place = |wanted: &str| names.iter().position(|name| name == wanted);
    let places = [place("story")?, place("frame")?, place("path")?];
    let others = names.len() - names.iter().filter(|name| is_index(name)).count();
    (others == places.len()).then_some(places)
}

fn wrong_row(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::UnequalLengths {
            expected_len, len, ..
        } => {
            format!("it has {len} fields, the first line has {expected_len}")
        }
        _ => error.to_string(),
    }
}
