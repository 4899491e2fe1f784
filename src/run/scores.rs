//! `scores.json`: one reader and one writer.

use super::durable::write_durably;
use super::error::RunError;
use super::layout::{SCORES, json_file};
use crate::record::{Scores, canonical_json, sha256_hex};
use serde_json::Value;
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

/// The key of the file's own hash.
const HASH: &str = "sha256";
/// The key of the run's name, which is that of its folder.
const NAME: &str = "run";

/// Version of `scores.json`.
pub const SCORES_FORMAT: u32 = 2;

/// Writes the scores of a run, or of the run under another protocol, into its folder.
///
/// # Errors
/// [`RunError::Output`].
pub fn write_scores(folder: &Path, scores: &Scores) -> Result<(), RunError> {
    let mut file = plain(scores);
    let hash = hash(&file);
    if let Value::Object(fields) = &mut file {
        fields.insert(HASH.to_owned(), hash.into());
    }
    write_durably(&folder.join(SCORES), &json_file(&file))
}

/// Scores as a JSON object.
fn plain(scores: &Scores) -> Value {
    // Plain data with text keys, which always has a JSON form.
    serde_json::to_value(scores).unwrap_or_default()
}

/// SHA-256 of everything but the hash itself and the run's name: the same scores have the same hash in any folder.
fn hash(file: &Value) -> String {
    let mut scores = file.clone();
    if let Value::Object(fields) = &mut scores {
        fields.shift_remove(NAME);
    }
    sha256_hex(canonical_json(&scores).as_bytes())
}

/// The scores of the run in `folder`; `None` when it has none.
///
/// # Errors
/// [`RunError::Read`], [`RunError::Json`], [`RunError::Format`] for those of another version, and
/// [`RunError::Hash`] for those that were changed.
pub fn find_scores(folder: &Path) -> Result<Option<Scores>, RunError> {
    let path = folder.join(SCORES);
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) => match error.kind() {
            // `runs/*` names files too.
            ErrorKind::NotFound | ErrorKind::NotADirectory => return Ok(None),
            _ => return Err(RunError::read(&path, error)),
        },
    };
    let json = |source: serde_json::Error| RunError::Json {
        path: path.clone(),
        line: source.line(),
        source,
    };
    let mut file: Value = serde_json::from_slice(&bytes).map_err(json)?;
    // The version first: a later format may have other fields, and that is the better message.
    let version = file["format"].as_u64().and_then(|it| it.try_into().ok());
    if let Some(found) = version.filter(|version| *version != SCORES_FORMAT) {
        return Err(RunError::Format {
            path,
            found,
            supported: SCORES_FORMAT,
        });
    }
    // Files of earlier programs have none.
    let recorded = file.as_object_mut().and_then(|it| it.shift_remove(HASH));
    if let Some(expected) = recorded {
        let (found, expected) = (hash(&file), expected.as_str().unwrap_or_default());
        // An earlier program counted the name in.
        if found != expected && sha256_hex(canonical_json(&file).as_bytes()) != expected {
            return Err(RunError::Hash {
                path,
                found,
                expected: expected.to_owned(),
            });
        }
    }
    // From the text, so that a wrong field is reported with its line.
    serde_json::from_slice(&bytes).map(Some).map_err(json)
}

/// The scores of the run in `folder`.
///
/// # Errors
/// [`RunError::NoScores`], and those of [`find_scores`].
pub fn read_scores(folder: &Path) -> Result<Scores, RunError> {
    find_scores(folder)?.ok_or_else(|| RunError::NoScores {
        path: folder.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_survive_the_disk_and_other_versions_are_named() {
        let folder = tempfile::tempdir().expect("tempdir");
        let root = folder.path();
        assert!(matches!(
            read_scores(root),
            Err(RunError::NoScores { path }) if path == root
        ));
        let scores = Scores {
            format: SCORES_FORMAT,
            run: "r".to_owned(),
            model: "m".to_owned(),
            protocol: "strict".to_owned(),
            notes: vec!["n".to_owned()],
            scores: Vec::new(),
        };
        write_scores(root, &scores).expect("write");
        assert_eq!(read_scores(root).expect("read"), scores);
        let written = fs::read_to_string(root.join(SCORES)).expect("read");
        fs::write(root.join(SCORES), written.replace("strict", "vlc-64")).expect("write");
        assert!(matches!(read_scores(root), Err(RunError::Hash { .. })));
        fs::write(root.join(SCORES), "{\"format\": 1, \"old\": true}").expect("write");
        assert!(matches!(
            read_scores(root),
            Err(RunError::Format {
                found: 1,
                supported: SCORES_FORMAT,
                ..
            })
        ));
        fs::write(root.join(SCORES), "{\"format\": ").expect("write");
        assert!(matches!(
            read_scores(root),
            Err(RunError::Json { line: 1, .. })
        ));
    }
}
