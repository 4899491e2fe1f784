//! The text of `bundle.toml`, to which lines are added without touching those that are there.

use super::super::ExamineError;
use crate::inference::InferenceError;
use std::io::ErrorKind;
use std::path::Path;
use toml::{Table, Value};

/// `bundle.toml` as it is written, and as it is read.
#[derive(Clone, Debug)]
pub(super) struct Document {
    lines: Vec<String>,
    table: Table,
}

impl Document {
    /// Reads the file; an absent one is empty.
    pub(super) fn read(path: &Path) -> Result<Self, ExamineError> {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            Err(source) => {
                let path = path.to_owned();
                return Err(InferenceError::Read { path, source }.into());
            }
        };
        let table = text.parse().map_err(|source| InferenceError::Manifest {
            path: path.to_owned(),
            source: Box::new(source),
        })?;
        let lines = text.lines().map(ToOwned::to_owned).collect();
        Ok(Self { lines, table })
    }

    /// Whether a key is there; `section` is empty for keys before the first one.
    pub(super) fn has(&self, section: &str, key: &str) -> bool {
        self.section(section).is_some_and(|it| it.contains_key(key))
    }

    /// A text value.
    pub(super) fn text_of(&self, key: &str) -> Option<&str> {
        self.table.get(key).and_then(Value::as_str)
    }

    fn section(&self, section: &str) -> Option<&Table> {
        if section.is_empty() {
            return Some(&self.table);
        }
        self.table.get(section).and_then(Value::as_table)
    }

    /// Adds a key that is not there, with a value in TOML's spelling.
    pub(super) fn add(&mut self, section: &str, key: &str, value: &str) {
        let spelt = spelt(key);
        let line = format!("{spelt} = {value}");
        let parsed: Value = format!("v = {value}")
            .parse::<Table>()
            .ok()
            .and_then(|mut table| table.remove("v"))
            .unwrap_or_else(|| Value::from(value));
        if section.is_empty() {
            self.table.insert(key.to_owned(), parsed);
            let end = self.end_of(0);
            self.lines.insert(end, line);
            return;
        }
        let inner = (self.table)
            .entry(section)
            .or_insert_with(|| Value::Table(Table::new()));
        if let Value::Table(inner) = inner {
            inner.insert(key.to_owned(), parsed);
        }
        match self.header(section) {
            Some(at) => {
                let end = self.end_of(at + 1);
                self.lines.insert(end, line);
            }
            None => self
                .lines
                .extend([String::new(), format!("[{section}]"), line]),
        }
    }

    /// Adds a section without keys where it is absent.
    pub(super) fn open_section(&mut self, section: &str) {
        if self.section(section).is_none() {
            self.table
                .insert(section.to_owned(), Value::Table(Table::new()));
            self.lines.extend([String::new(), format!("[{section}]")]);
        }
    }

    /// Writes a hash into `[files]`, in the place of the one that is there.
    pub(super) fn set_file(&mut self, file: &str, value: &str) {
        if self.has("files", file)
            && let Some(at) = self.header("files")
        {
            let starts = |line: &String| {
                line.trim_start()
                    .strip_prefix(&spelt(file))
                    .is_some_and(|rest| rest.trim_start().starts_with('='))
            };
            let end = self.end_of(at + 1);
            if let Some(line) = self.lines[at..end].iter_mut().find(|line| starts(line)) {
                *line = format!("{} = {value}", spelt(file));
                return;
            }
        }
        self.add("files", file, value);
    }

    /// The line of a section's header.
    fn header(&self, section: &str) -> Option<usize> {
        let header = format!("[{section}]");
        let is_header =
            |line: &String| line.split('#').next().is_some_and(|it| it.trim() == header);
        self.lines.iter().position(is_header)
    }

    /// Behind the last line with a value of the section whose lines begin at `start`.
    fn end_of(&self, start: usize) -> usize {
        let next = self.lines[start..]
            .iter()
            .position(|line| line.trim_start().starts_with('['))
            .map_or(self.lines.len(), |at| start + at);
        let blank = |line: &&String| line.trim().is_empty() || line.trim_start().starts_with('#');
        let trailing = self.lines[start..next].iter().rev().take_while(blank);
        next - trailing.count()
    }

    /// The whole text.
    pub(super) fn text(&self) -> String {
        let mut text = self.lines.join("\n");
        text.push('\n');
        text
    }

    /// Replaces the file, whole or not at all.
    pub(super) fn write(&self, path: &Path) -> Result<(), ExamineError> {
        let part = path.with_extension("toml.part");
        let written =
            std::fs::write(&part, self.text()).and_then(|()| std::fs::rename(&part, path));
        written.map_err(|source| ExamineError::Write {
            path: path.to_owned(),
            source,
        })
    }
}

/// A key as TOML spells it.
fn spelt(key: &str) -> String {
    let bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !key.is_empty() && key.chars().all(bare) {
        return key.to_owned();
    }
    Value::from(key).to_string()
}
