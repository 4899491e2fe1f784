//! Captions as people keep them outside COCO: plain lines, JSON lines, tables with the names of images, a folder of text
//! files. The content decides, not the name: a file name or a JSON object is never taken for a caption.

use super::captions::read_text;
use super::coco::{coco_of, without_nan};
use super::lines::lines_of;
use super::names::is_image_name;
use super::{CaptionFile, CaptionId, FormatError};
use serde_json::{Map, Value};
use std::path::Path;

/// Names under which JSON lines and tables have what a caption belongs to; an earlier one is taken before a later one.
const IDS: [&str; 9] = [
    "image",
    "image_name",
    "file_name",
    "filename",
    "file",
    "path",
    "image_id",
    "name",
    "id",
];
/// Names under which they have captions, or groups.
const CAPTIONS: [&str; 8] = [
    "captions",
    "caption",
    "text",
    "comment",
    "hypothesis",
    "prediction",
    "group",
    "story",
];
const JSON_HINT: &str = "write one caption per line, or JSON lines as `storyeval metric caption` prints them: \
{\"id\": \"a.png\", \"captions\": [\"..\"]}; COCO's JSON belongs in a file that ends in .json";
const TABLE_HINT: &str = "write a name and a caption on every line, with a tab between them, or a CSV file with the header \
`image,caption`";

/// The captions of a file.
#[derive(Clone, Debug)]
pub enum CaptionList {
    /// One a line, without names.
    Plain(Vec<String>),
    /// With what they belong to.
    Named(CaptionFile),
}

impl CaptionList {
    /// Reads a file, or a folder of text files.
    ///
    /// # Errors
    /// It cannot be read, is not UTF-8, or is JSON or a table in part or of another form; the error names the line.
    pub fn read(path: &Path) -> Result<Self, FormatError> {
        if path.is_dir() {
            return folder(path).map(Self::Named);
        }
        let text = read_text(path)?;
        let ending = path.extension().and_then(|ending| ending.to_str());
        let ending = ending.map(str::to_ascii_lowercase).unwrap_or_default();
        let lines: Vec<&str> = lines_of(&text).collect();
        let filled = || lines.iter().filter(|line| !line.trim().is_empty());
        if filled().next().is_some_and(|line| is_json(line)) {
            return json(&text, &lines, path).map(Self::Named);
        }
        if ending == "json" {
            return coco_of(&text, path).map(Self::Named);
        }
        if let Some(at) = lines.iter().position(|line| is_json(line)) {
            let found = format!("line {} is JSON, the lines before it are not", at + 1);
            return Err(malformed(path, found, JSON_HINT));
        }
        if let Some(table) = table(&lines, &ending, path)? {
            return Ok(Self::Named(table));
        }
        Ok(Self::Plain(lines.into_iter().map(str::to_owned).collect()))
    }
}

/// The text files of a folder, a caption each, under their names without the ending.
fn folder(path: &Path) -> Result<CaptionFile, FormatError> {
    let failed = |source| FormatError::Read {
        path: path.to_owned(),
        source,
    };
    let mut captions = Vec::new();
    for entry in std::fs::read_dir(path).map_err(failed)? {
        let file = entry.map_err(failed)?.path();
        let name = file
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let Some(stem) = name
            .strip_suffix(".txt")
            .filter(|stem| !stem.starts_with('.'))
        else {
            continue;
        };
        let text = read_text(&file)?;
        if is_json(&text) {
            let found = "it holds JSON, not a caption".to_owned();
            return Err(malformed(&file, found, "write the caption alone into it"));
        }
        let lines = lines_of(&text)
            .map(str::trim)
            .filter(|line| !line.is_empty());
        let caption = lines.collect::<Vec<_>>().join(" ");
        captions.push((CaptionId::Text(stem.to_owned()), caption));
    }
    if captions.is_empty() {
        let hint = "give a file of captions, or a folder with a .txt file for every image";
        return Err(malformed(path, "no .txt file is in it".to_owned(), hint));
    }
    captions.sort_by_key(|(a, _)| a.to_string());
    Ok(keyed(path, captions))
}

fn keyed(path: &Path, captions: Vec<(CaptionId, String)>) -> CaptionFile {
    CaptionFile {
        path: path.to_owned(),
        captions,
        keyed: true,
        ..CaptionFile::default()
    }
}

fn malformed(path: &Path, found: String, hint: &'static str) -> FormatError {
    FormatError::Malformed {
        path: path.to_owned(),
        expected: "a file of captions",
        found,
        hint,
    }
}

/// Whether a line begins as JSON of objects or lists does, or as Python prints them. `[male] smiles` is a caption.
fn is_json(line: &str) -> bool {
    let line = line.trim_start();
    let Some(inside) = line.strip_prefix(['{', '[']) else {
        return false;
    };
    let next = inside.trim_start().chars().next();
    match next {
        Some('{' | '[') => line.starts_with('['),
        Some('"' | '\'' | '}' | ']') | None => true,
        _ => false,
    }
}

/// JSON lines, or one JSON document.
fn json(text: &str, lines: &[&str], path: &Path) -> Result<CaptionFile, FormatError> {
    let (mut captions, mut lists) = (Vec::new(), Vec::new());
    for (at, line) in lines.iter().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        let (line, _) = without_nan(line);
        let object = match serde_json::from_str::<Map<String, Value>>(&line) {
            Ok(object) => object,
            // No line of its own: the file as a whole.
            Err(_) if captions.is_empty() => return coco_of(text, path),
            Err(error) => {
                let found = format!("line {}: {error}", at + 1);
                return Err(malformed(path, found, JSON_HINT));
            }
        };
        match of_object(&object) {
            Ok((id, texts)) => {
                lists.push(captions.len()..captions.len() + texts.len());
                captions.extend(texts.into_iter().map(|text| (id.clone(), text)));
            }
            Err(_) if captions.is_empty() && lines.len() == 1 => return coco_of(text, path),
            Err(found) => {
                let found = format!("line {}: {found}", at + 1);
                return Err(malformed(path, found, JSON_HINT));
            }
        }
    }
    Ok(CaptionFile {
        lists,
        ..keyed(path, captions)
    })
}

/// The id and the captions of a JSON line.
fn of_object(object: &Map<String, Value>) -> Result<(CaptionId, Vec<String>), String> {
    let field = |names: &[&str]| names.iter().find_map(|name| object.get(*name));
    let fields = || {
        object
            .keys()
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join(", ")
    };
    let id = match field(&IDS) {
        Some(Value::String(text)) => CaptionId::Text(text.clone()),
        Some(Value::Number(number)) if number.is_i64() => {
            CaptionId::Number(number.as_i64().unwrap_or_default())
        }
        Some(other) => return Err(format!("`{other}` is neither a name nor a whole number")),
        None => return Err(format!("it has no `id` (its fields: {})", fields())),
    };
    let text = |value: &Value| {
        let text = value.as_str().map(str::to_owned);
        text.ok_or_else(|| format!("the caption of {} is {value}, not text", id.quoted()))
    };
    let texts = match field(&CAPTIONS) {
        Some(Value::Array(list)) => list.iter().map(text).collect::<Result<Vec<_>, _>>()?,
        Some(value) => vec![text(value)?],
        None => return Err(format!("it has no `caption` (its fields: {})", fields())),
    };
    if texts.is_empty() {
        return Err(format!("the list of captions of {} is empty", id.quoted()));
    }
    Ok((id, texts))
}

/// A table with names of images, if the lines are one: CSV or TSV with a header, or a name and a caption on every line.
fn table(lines: &[&str], ending: &str, path: &Path) -> Result<Option<CaptionFile>, FormatError> {
    let Some(first) = lines.iter().find(|line| !line.trim().is_empty()) else {
        return Ok(None);
    };
    for separator in ['\t', ',', '|', ';'] {
        let columns: Vec<String> = first.split(separator).map(column).collect();
        let at = |name: &&str| columns.iter().position(|column| column == *name);
        let place = |names: &[&str]| names.iter().find_map(at);
        if let (Some(id), Some(caption)) = (place(&IDS), place(&CAPTIONS)) {
            let places = [id, caption];
            return with_header(&lines.join("\n"), separator, places, path).map(Some);
        }
    }
    if let Some(numbered) = numbered(lines, path)? {
        return Ok(Some(numbered));
    }
    if ending == "csv" || ending == "tsv" {
        let found = format!("its first line is {first:?}, no header with `image` and `caption`");
        if !named(first) {
            return Err(malformed(path, found, TABLE_HINT));
        }
    }
    if !named(first) {
        // A list of captions may hold one that begins with a file name; many are a table without its header.
        return match lines.iter().position(|line| named(line)) {
            Some(at) if lines.iter().filter(|line| named(line)).count() * 2 > lines.len() => {
                let found = format!(
                    "line {} begins with the name of an image, line 1 does not",
                    at + 1
                );
                Err(malformed(path, found, TABLE_HINT))
            }
            _ => Ok(None),
        };
    }
    let mut captions = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        let Some((name, caption)) = name_and_caption(line) else {
            let found = format!(
                "line 1 begins with the name of an image, line {} does not",
                at + 1
            );
            return Err(malformed(path, found, TABLE_HINT));
        };
        captions.push((CaptionId::Text(name.to_owned()), caption.to_owned()));
    }
    Ok(Some(keyed(path, captions)))
}

/// Captions behind the numbers of their lines. With a tab any numbers; with other signs those from 0 or 1 without a gap, since
/// a caption may begin with a number. Behind a tab there may be several captions, apart by tabs.
fn numbered(lines: &[&str], path: &Path) -> Result<Option<CaptionFile>, FormatError> {
    let filled = || {
        let lines = lines.iter().enumerate();
        lines.filter(|(_, line)| !line.trim().is_empty())
    };
    let with_tab = filled().filter(|(_, line)| behind_number(line, "\t").is_some());
    let (count, all) = (with_tab.count(), filled().count());
    if count == all {
        let mut file = keyed(path, Vec::new());
        for (number, texts) in filled().filter_map(|(_, line)| behind_number(line, "\t")) {
            let before = file.captions.len();
            let texts = texts
                .split('\t')
                .map(|text| (number.clone(), text.to_owned()));
            file.captions.extend(texts);
            file.lists.push(before..file.captions.len());
        }
        return Ok(Some(file));
    }
    if count * 2 > all {
        let other = filled().find(|(_, line)| behind_number(line, "\t").is_none());
        let at = other.map_or(0, |(at, _)| at + 1);
        let found = format!("{count} lines begin with a number and a tab, line {at} does not");
        return Err(malformed(path, found, TABLE_HINT));
    }
    for (separator, fewest) in [
        (",", 2),
        ("|", 2),
        (";", 2),
        (":", 2),
        (". ", 2),
        (")", 2),
        (" ", 4),
    ] {
        let found: Option<Vec<_>> = filled()
            .map(|(_, line)| behind_number(line, separator))
            .collect();
        let Some(found) = found.filter(|found| found.len() >= fewest) else {
            continue;
        };
        let from = |first: i64| {
            let mut numbers = (first..).zip(&found);
            numbers.all(|(number, (id, _))| *id == CaptionId::Number(number))
        };
        if from(0) || from(1) {
            let captions = found.into_iter();
            let captions = captions.map(|(id, text)| (id, unquoted(text).to_owned()));
            return Ok(Some(keyed(path, captions.collect())));
        }
    }
    Ok(None)
}

/// The number at the beginning of a line, and what follows the separator behind it.
fn behind_number<'a>(line: &'a str, separator: &str) -> Option<(CaptionId, &'a str)> {
    let (number, rest) = line.split_once(separator)?;
    let number = number.trim();
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let number = digits.then(|| number.parse().ok())??;
    Some((CaptionId::Number(number), rest))
}

/// A caption without the quotes around it.
fn unquoted(caption: &str) -> &str {
    let caption = caption.trim();
    let quoted = caption.strip_prefix('"');
    quoted
        .and_then(|it| it.strip_suffix('"'))
        .unwrap_or(caption)
}

fn column(name: &str) -> String {
    name.trim().trim_matches('"').to_ascii_lowercase()
}

/// Whether a line begins with the name of an image that something follows.
fn named(line: &str) -> bool {
    name_and_caption(line).is_some()
}

fn name_and_caption(line: &str) -> Option<(&str, &str)> {
    let mut separators = ['\t', ',', '|', ';', ':', ' '].into_iter();
    let (name, caption) = separators.find_map(|separator| {
        let (name, caption) = line.split_once(separator)?;
        is_image_name(name.trim().trim_matches('"')).then_some((name, caption))
    })?;
    Some((name.trim().trim_matches('"'), unquoted(caption)))
}

fn with_header(
    text: &str,
    separator: char,
    [id, caption]: [usize; 2],
    path: &Path,
) -> Result<CaptionFile, FormatError> {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(separator as u8)
        .from_reader(text.as_bytes());
    let mut captions = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| {
            let found = match error.kind() {
                csv::ErrorKind::UnequalLengths { pos, expected_len, len } => format!(
                    "line {} has {len} cells, its header {expected_len} (a caption with {separator:?} needs quotes)",
                    pos.as_ref().map_or(0, csv::Position::line)
                ),
                _ => error.to_string(),
            };
            malformed(path, found, TABLE_HINT)
        })?;
        let cell = |at: usize| record.get(at).unwrap_or_default().trim().to_owned();
        captions.push((CaptionId::Text(cell(id)), cell(caption)));
    }
    Ok(keyed(path, captions))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, text: &str) -> Result<CaptionList, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        CaptionList::read(&path).map_err(|error| error.to_string())
    }

    fn listed(name: &str, text: &str) -> Vec<String> {
        match read(name, text).unwrap() {
            CaptionList::Plain(lines) => lines,
            CaptionList::Named(file) => file
                .captions
                .iter()
                .map(|(id, text)| format!("{}={text}", id.quoted()))
                .collect(),
        }
    }

    #[test]
    fn the_content_says_which_form_it_is() {
        let plain = "[male] smiles at {her}\n\nphotos.png is a name\n";
        assert_eq!(listed("a.txt", plain).len(), 3);
        let named = ["\"a.png\"=x, y", "\"b.png\"=z"];
        for text in [
            "{\"id\":\"a.png\",\"captions\":[\"x, y\"]}\n{\"id\":\"b.png\",\"captions\":[\"z\"]}\n",
            "{\"image\":\"a.png\",\"caption\":\"x, y\",\"score\":NaN}\n\n{\"image\":\"b.png\",\"caption\":\"z\"}",
            "a.png\tx, y\nb.png\tz\n",
            "image,caption\na.png,\"x, y\"\nb.png,z\n",
            "a.png, x, y\nb.png, z\n",
            "file_name\tn\ttext\na.png\t0\tx, y\nb.png\t1\tz",
        ] {
            assert_eq!(listed("a.txt", text), named, "{text}");
        }
        assert_eq!(
            listed("a.txt", r#"[{"image_id": 1, "caption": "x"}]"#),
            ["1=x"]
        );
        assert_eq!(listed("a.txt", r#"{"7": "x"}"#), ["\"7\"=x"]);
    }

    #[test]
    fn captions_may_have_the_numbers_of_their_lines() {
        let numbered = ["0=x, y", "1=z"];
        for text in [
            "0\tx, y\n1\tz\n",
            "0,\"x, y\"\n1,z\n",
            "0: x, y\n1: z\n",
            "0. x, y\n1. z\n",
            "0|x, y\n1|z\n",
        ] {
            assert_eq!(listed("a.txt", text), numbered, "{text}");
        }
        assert_eq!(listed("a.csv", "0,x\n1,z\n"), ["0=x", "1=z"]);
        assert_eq!(listed("a.txt", "12\tx\n7\tz\ty\n"), ["12=x", "7=z", "7=y"]);
        for text in [
            "2 dogs run\n3 dogs run\n4 dogs\n5 dogs\n",
            "1 dog\n2 dogs\n",
            "1, 2, go\n3\n",
        ] {
            assert!(
                matches!(read("a.txt", text), Ok(CaptionList::Plain(_))),
                "{text}"
            );
        }
        let error = read("a.txt", "0\tx\n1\ty\nz\n").unwrap_err();
        assert!(error.contains("line 3 does not"), "{error}");
    }

    #[test]
    fn mixtures_and_other_json_are_refused_with_their_line() {
        for (text, says) in [
            (
                "a fox\n{\"id\": \"a\", \"caption\": \"b\"}\n",
                "line 2 is JSON",
            ),
            ("{\"id\":\"a\",\"caption\":\"b\"}\na fox\n", "line 2: "),
            (
                "{\"id\":\"a\",\"caption\":\"b\"}\n{\"id\":\"c\"}\n",
                "line 2: it has no `caption`",
            ),
            (
                "{\"id\":\"a\",\"caption\":null}\n{\"id\":\"c\",\"caption\":\"d\"}\n",
                "is null, not text",
            ),
            ("{'id': 'a', 'caption': 'b'}\n", "is not a caption file"),
            ("a.png\tx\na fox\n", "line 2 does not"),
            ("image,caption\na.png,x, y\n", "line 2 has 3 cells"),
        ] {
            let error = read("a.txt", text).unwrap_err();
            assert!(error.contains(says), "{text}: {error}");
        }
    }

    #[test]
    fn a_folder_has_a_caption_a_file() {
        let folder = tempfile::tempdir().unwrap();
        assert!(CaptionList::read(folder.path()).is_err());
        for (name, text) in [
            ("b.txt", "a fox\nruns\n"),
            ("a.txt", "x"),
            (".c.txt", "y"),
            ("d.png", ""),
        ] {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let CaptionList::Named(file) = CaptionList::read(folder.path()).unwrap() else {
            panic!("names are expected");
        };
        let found: Vec<_> = file
            .captions
            .iter()
            .map(|(id, text)| format!("{id}={text}"))
            .collect();
        assert_eq!(found, ["a=x", "b=a fox runs"]);
    }
}
