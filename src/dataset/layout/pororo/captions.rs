//! The captions of PororoSV: `descriptions.npy`, or the older `descriptions.csv`.

use super::super::Source;
use super::{clip_id, named, wrong};
use crate::dataset::DatasetError;
use crate::dataset::labels::Labels;
use crate::dataset::npy_read::read_npy_objects;
use crate::format::pickle::{Pickle, Ref};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

/// A pickled dict of clip id to captions.
pub(super) const ARRAY: &str = "descriptions.npy";
/// Rows of episode, number of the clip and caption; what StoryViz's MART captioner reads.
pub(super) const SPREADSHEET: &str = "descriptions.csv";

/// Captions by clip id.
#[derive(Debug)]
pub(super) struct Captions {
    /// The file they were read from.
    pub(super) file: &'static str,
    texts: BTreeMap<String, String>,
}

impl Captions {
    /// Reads the first caption of every clip, from the array where there is one.
    ///
    /// A spreadsheet knows a clip by its last folder and its number; the whole ids are those of the labels.
    pub(super) fn read(source: Source<'_>, labels: &Labels) -> Result<Self, DatasetError> {
        let root = source.root;
        if root.has_file(ARRAY) || !root.has_file(SPREADSHEET) {
            let pickle = read_npy_objects(&root.file(ARRAY)?)?;
            return Ok(Self {
                file: ARRAY,
                texts: of_pickle(&pickle, named(root, ARRAY))?,
            });
        }
        let path = named(root, SPREADSHEET);
        let rows = rows(&root.file(SPREADSHEET)?)?;
        Ok(Self {
            file: SPREADSHEET,
            texts: joined(&rows, labels.ids(), path)?,
        })
    }

    /// The caption of a clip.
    pub(super) fn get(&self, id: &str) -> Option<&str> {
        self.texts.get(id).map(String::as_str)
    }

    /// Every clip that has a caption.
    pub(super) fn ids(&self) -> impl Iterator<Item = &str> {
        self.texts.keys().map(String::as_str)
    }
}

/// The rows of the clips that have labels.
fn joined<'a>(
    rows: &HashMap<String, String>,
    ids: impl Iterator<Item = &'a str>,
    path: PathBuf,
) -> Result<BTreeMap<String, String>, DatasetError> {
    let mut clips: HashMap<&str, &str> = HashMap::new();
    let mut texts = BTreeMap::new();
    for id in ids {
        let Some(text) = rows.get(short(id)) else {
            continue;
        };
        if let Some(other) = clips.insert(short(id), id) {
            return Err(DatasetError::WrongContent {
                path,
                clip: Some(id.to_owned()),
                wanted: "folders of clips that have names of their own".to_owned(),
                found: format!("`{}`, which is clip `{other}` too", short(id)),
            });
        }
        texts.insert(id.to_owned(), text.clone());
    }
    Ok(texts)
}

/// Folder and number of a clip, without the folders above.
fn short(id: &str) -> &str {
    let folders = id.rmatch_indices('/').nth(1);
    folders.map_or(id, |(at, _)| &id[at + 1..])
}

fn of_pickle(pickle: &Pickle, path: PathBuf) -> Result<BTreeMap<String, String>, DatasetError> {
    let root = pickle.root();
    let entries = root.entries().ok_or_else(|| {
        let found = root.type_name().to_owned();
        wrong(path.clone(), "a dict of clip ids".to_owned(), found)
    })?;
    let mut captions = BTreeMap::new();
    for (key, value) in entries {
        let text = value
            .as_str()
            .or_else(|| value.items()?.next().and_then(Ref::as_str));
        let (Some(id), Some(text)) = (key.as_str(), text) else {
            return Err(DatasetError::WrongContent {
                path,
                clip: key.as_str().map(str::to_owned),
                wanted: "a list of captions under the id of a clip".to_owned(),
                found: format!("a {}", value.type_name()),
            });
        };
        captions.insert(clip_id(id), text.to_owned());
    }
    Ok(captions)
}

/// Captions by `<last folder>/<number>`. There is no header; of several captions of a clip the first stays,
/// as with the array (StoryViz's own loader keeps the last).
fn rows(path: &Path) -> Result<HashMap<String, String>, DatasetError> {
    let malformed = |found: String| {
        let wanted = "rows of three columns in UTF-8: episode, number of the clip, caption";
        wrong(path.to_owned(), wanted.to_owned(), found)
    };
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_path(path)
        .map_err(|error| malformed(error.to_string()))?;
    let mut captions = HashMap::new();
    for (number, row) in reader.records().enumerate() {
        let row = row.map_err(|error| malformed(error.to_string()))?;
        let [episode, clip, caption] = row.iter().collect::<Vec<_>>()[..] else {
            let line = row
                .position()
                .map_or(number as u64 + 1, csv::Position::line);
            return Err(malformed(format!("{} columns on line {line}", row.len())));
        };
        captions
            .entry(format!("{episode}/{clip}"))
            .or_insert_with(|| caption.to_owned());
    }
    Ok(captions)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<HashMap<String, String>, DatasetError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(SPREADSHEET);
        std::fs::write(&path, text).unwrap();
        rows(&path)
    }

    #[test]
    fn the_first_of_several_captions_stays() {
        let rows =
            read("ep1,1,\"Pororo, again.\"\nep1,1,Another.\nep1,10,\"Two\nlines.\"\n").unwrap();
        assert_eq!(rows["ep1/1"], "Pororo, again.");
        assert_eq!(rows["ep1/10"], "Two\nlines.");
        assert_eq!(rows.len(), 2);
    }

    #[test]
    fn another_number_of_columns_is_named_with_its_line() {
        let error = read("ep1,1,Fine.\nep1,2,A comma, unquoted.\n").unwrap_err();
        assert!(error.to_string().contains("4 columns on line 2"), "{error}");
        assert!(read("ep1\n").is_err());
    }

    #[test]
    fn two_clips_of_one_row_are_refused() {
        let rows = read("ep1,1,Pororo waves.\n").unwrap();
        let join = |ids: [&'static str; 2]| joined(&rows, ids.into_iter(), PathBuf::new());
        assert_eq!(
            join(["A/ep1/1", "A/ep1/2"]).unwrap()["A/ep1/1"],
            "Pororo waves."
        );
        let error = join(["A/ep1/1", "B/ep1/1"]).unwrap_err().to_string();
        assert!(
            error.contains("A/ep1/1") && error.contains("B/ep1/1"),
            "{error}"
        );
    }

    #[test]
    fn clips_are_known_by_their_last_folder() {
        assert_eq!(short("Episode_A/ep1/10"), "ep1/10");
        assert_eq!(short("ep1/10"), "ep1/10");
        assert_eq!(short("10"), "10");
    }
}
