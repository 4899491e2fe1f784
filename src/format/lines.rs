//! Captions as plain text: one hypothesis per line; references in several files, or apart by tabs.

use super::captions::read_text;
use super::{CaptionFault, CaptionFile, CaptionId, FormatError};
use std::path::{Path, PathBuf};

/// The lines of a text file, without their ends (LF or CR LF). An unfinished last line counts.
///
/// # Errors
/// It cannot be read or is not UTF-8.
pub fn read_lines(path: &Path) -> Result<Vec<String>, FormatError> {
    Ok(lines_of(&read_text(path)?).map(str::to_owned).collect())
}

/// The lines of a text, without their ends.
pub(super) fn lines_of(text: &str) -> impl Iterator<Item = &str> {
    let whole = text.strip_suffix('\n').unwrap_or(text);
    let lines = (!text.is_empty()).then(|| whole.split('\n'));
    lines
        .into_iter()
        .flatten()
        .map(|line| line.strip_suffix('\r').unwrap_or(line))
}

/// A file of captions, one a line.
#[derive(Clone, Debug)]
pub struct Lines {
    /// The file.
    pub path: PathBuf,
    /// Its lines.
    pub lines: Vec<String>,
}

/// Hypotheses, a line each, with their references: either one file with the references of a line apart
/// by tabs, or one file per reference. Items are numbered by line, from 1.
///
/// In several files of references an empty line means that there is none; a single file has a
/// reference on each line, even if it is empty.
///
/// # Errors
/// Numbers of lines differ.
pub fn caption_lines(
    references: Vec<Lines>,
    hypotheses: Lines,
) -> Result<(CaptionFile, CaptionFile), FormatError> {
    let numbered = |lines: Vec<String>| (1..).map(CaptionId::Number).zip(lines).collect::<Vec<_>>();
    let (mut captions, several) = (Vec::new(), references.len() > 1);
    let path = references.first().map(|it| it.path.clone());
    for Lines { path, lines } in references {
        if lines.len() != hypotheses.lines.len() {
            return Err(CaptionFault::Lines {
                path,
                lines: lines.len(),
                other: hypotheses.path,
                expected: hypotheses.lines.len(),
            }
            .into());
        }
        for (id, line) in numbered(lines) {
            if several {
                if !line.is_empty() {
                    captions.push((id, line));
                }
            } else {
                captions.extend(line.split('\t').map(|part| (id.clone(), part.to_owned())));
            }
        }
    }
    let file = |path, captions| CaptionFile {
        path,
        captions,
        ..CaptionFile::default()
    };
    let references = file(path.unwrap_or_default(), captions);
    Ok((
        references,
        file(hypotheses.path, numbered(hypotheses.lines)),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(path: PathBuf) -> Lines {
        let lines = read_lines(&path).unwrap();
        Lines { path, lines }
    }

    fn write(folder: &tempfile::TempDir, name: &str, text: &[u8]) -> PathBuf {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    #[test]
    fn ends_of_lines_and_marks_do_not_matter() {
        let folder = tempfile::tempdir().unwrap();
        for text in ["a\n\nb", "a\n\nb\n", "\u{feff}a\r\n\r\nb\r\n"] {
            let path = write(&folder, "f", text.as_bytes());
            assert_eq!(read_lines(&path).unwrap(), ["a", "", "b"], "{text:?}");
        }
        assert!(read_lines(&write(&folder, "f", b"")).unwrap().is_empty());
        assert_eq!(read_lines(&write(&folder, "f", b"\n")).unwrap(), [""]);
        assert!(read_lines(&folder.path().join("none")).is_err());
    }

    #[test]
    fn references_come_in_columns_or_files() {
        let folder = tempfile::tempdir().unwrap();
        let hyps = write(&folder, "h", b"x\ny\n");
        let tabs = write(&folder, "tabs", b"a\tb\nc\n");
        let (refs, hyps_file) = caption_lines(vec![of(tabs)], of(hyps.clone())).unwrap();
        let ids = |file: &CaptionFile| -> Vec<String> {
            file.captions
                .iter()
                .map(|(id, t)| format!("{id}{t}"))
                .collect()
        };
        assert_eq!(ids(&refs), ["1a", "1b", "2c"]);
        assert_eq!(ids(&hyps_file), ["1x", "2y"]);
        let one = write(&folder, "1", b"a\nc");
        let two = write(&folder, "2", b"b\n\n");
        let (refs, _) = caption_lines(vec![of(one), of(two)], of(hyps)).unwrap();
        assert_eq!(ids(&refs), ["1a", "2c", "1b"]);
    }

    #[test]
    fn numbers_of_lines_must_agree() {
        let folder = tempfile::tempdir().unwrap();
        let (refs, hyps) = (write(&folder, "r", b"a\nb\n"), write(&folder, "h", b"x\n"));
        let error = caption_lines(vec![of(refs)], of(hyps))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("has 2 lines") && error.contains("has 1"),
            "{error}"
        );
    }
}
