//! Tables that users bring: CSV, JSON lines or Parquet, as rows of cells with their place in the file.

mod csv;
mod json_lines;
mod parquet;

use super::FormatError;
use super::fault::FileKind;
use std::path::{Path, PathBuf};

const KIND: FileKind = FileKind {
    expected: "a table in CSV, JSON lines or Parquet",
    hint: "call the file .csv, .tsv, .jsonl or .parquet; a CSV has its names in the first line, JSON lines one object per line (docs/own-metrics.md)",
};

/// What a cell holds.
#[derive(Clone, Debug, PartialEq)]
pub enum RowCell {
    /// Nothing: an empty field, or null.
    Missing,
    /// Text. Every field of a CSV is.
    Text(String),
    /// A whole number.
    Whole(i64),
    /// Another number, which may be NaN or infinite in Parquet.
    Number(f64),
    /// Something else, as a message shows it.
    Other(String),
}

impl RowCell {
    /// The cell as a message shows it.
    #[must_use]
    pub fn shown(&self) -> String {
        let text = match self {
            Self::Missing => "nothing".to_owned(),
            Self::Text(text) => format!("{text:?}"),
            Self::Whole(number) => number.to_string(),
            Self::Number(number) => number.to_string(),
            Self::Other(text) => text.clone(),
        };
        // A caption in the wrong column would fill the screen.
        text.chars().take(60).collect()
    }
}

/// A row, and where it is.
#[derive(Clone, Debug, PartialEq)]
pub struct UserRow {
    /// Line of the file, or row of a Parquet file, from 1.
    pub line: u64,
    /// One per name.
    pub cells: Vec<RowCell>,
}

/// A table that a user brings.
#[derive(Clone, Debug, PartialEq)]
pub struct RowFile {
    /// The file.
    pub path: PathBuf,
    /// What [`UserRow::line`] counts: `line` or `row`.
    pub counted: &'static str,
    /// Whether numbers are text, as in CSV.
    pub untyped: bool,
    /// Names of the columns.
    pub names: Vec<String>,
    /// The rows.
    pub rows: Vec<UserRow>,
}

impl RowFile {
    /// Position of the column of this name.
    #[must_use]
    pub fn place(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|known| known == name)
    }
}

/// Reads a table by the ending of its name: `.csv` (commas), `.tsv` (tabs), `.jsonl` or `.ndjson`, `.parquet`.
///
/// # Errors
/// A file that cannot be read, is of another kind, or is damaged.
pub fn read_rows(path: &Path) -> Result<RowFile, FormatError> {
    let ending = path.extension().map(|ending| ending.to_string_lossy());
    let file = match ending.map(|ending| ending.to_lowercase()).as_deref() {
        Some("csv") => csv::read(path, b',')?,
        Some("tsv") => csv::read(path, b'\t')?,
        Some("jsonl" | "ndjson") => json_lines::read(path)?,
        Some("parquet") => parquet::read(path)?,
        other => {
            let found = format!("its name ends with `.{}`", other.unwrap_or_default());
            return Err(KIND.malformed(path, found));
        }
    };
    let mut names = file.names.clone();
    names.sort();
    match names.windows(2).find(|two| two[0] == two[1]) {
        Some(two) => Err(KIND.malformed(path, format!("two columns are called `{}`", two[0]))),
        None => Ok(file),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, text: &str) -> Result<RowFile, FormatError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        read_rows(&path)
    }

    fn text(text: &str) -> RowCell {
        RowCell::Text(text.to_owned())
    }

    #[test]
    fn fields_of_a_csv_are_text_with_the_line_they_begin_on() {
        let file = of("a.csv", "\u{feff}story,note,v\ns,\"two\nlines\",1\n007,,\n").unwrap();
        assert_eq!(file.names, ["story", "note", "v"]);
        assert_eq!(
            file.rows[0].cells,
            [text("s"), text("two\nlines"), text("1")]
        );
        assert_eq!(file.rows[1].line, 4);
        assert_eq!(
            file.rows[1].cells,
            [text("007"), RowCell::Missing, RowCell::Missing]
        );
        let wrong = of("a.csv", "a,b\n1,2\n3\n").unwrap_err().to_string();
        assert!(wrong.contains("line 3"), "{wrong}");
        assert!(of("a.csv", "a,a\n1,2\n").is_err());
        assert!(of("a.xlsx", "").is_err());
    }

    #[test]
    fn objects_may_lack_fields_and_numbers_keep_their_kind() {
        let lines = "{\"story\": \"s\", \"v\": 1}\n\n{\"v\": 0.5, \"x\": [1]}\n{\"v\": null}\n";
        let file = of("a.jsonl", lines).unwrap();
        assert_eq!(file.names, ["story", "v", "x"]);
        assert_eq!(
            file.rows[0].cells,
            [text("s"), RowCell::Whole(1), RowCell::Missing]
        );
        assert_eq!(file.rows[1].line, 3);
        assert_eq!(
            file.rows[1].cells,
            [
                RowCell::Missing,
                RowCell::Number(0.5),
                RowCell::Other("[1]".to_owned())
            ]
        );
        for wrong in ["{\"v\": NaN}", "[1]", "{"] {
            let error = of("a.jsonl", &format!("{{}}\n{wrong}\n")).unwrap_err();
            assert!(error.to_string().contains("line 2"), "{error}");
        }
    }
}
