//! Where a data set is looked for.

use super::{DatasetError, MissingFile};
use crate::card::{DatasetCard, NeededFile};
use std::path::{Path, PathBuf};

/// The places, in the order they are tried.
#[derive(Clone, Debug)]
pub struct Places {
    /// `--data DIR`: the data set's own folder. When given, nothing else is tried.
    pub given: Option<PathBuf>,
    /// `STORYEVAL_DATA`: a folder with a folder for each data set id.
    pub environment: Option<PathBuf>,
    /// The current folder; `data/<id>` below it is tried.
    pub current: PathBuf,
    /// The cache; `datasets/<id>` below it is tried.
    pub cache: PathBuf,
}

impl Places {
    /// The places of this process.
    #[must_use]
    pub fn new(given: Option<&Path>, cache: &Path) -> Self {
        Self {
            given: given.map(Path::to_owned),
            environment: std::env::var_os("STORYEVAL_DATA")
                .filter(|value| !value.is_empty())
                .map(PathBuf::from),
            current: PathBuf::from("."),
            cache: cache.to_owned(),
        }
    }

    /// Folders to try for the data set `id`, best first.
    #[must_use]
    pub fn candidates(&self, id: &str) -> Vec<PathBuf> {
        if let Some(given) = &self.given {
            return vec![given.clone()];
        }
        let environment = self.environment.iter().map(|folder| folder.join(id));
        environment
            .chain([
                self.current.join("data").join(id),
                self.cache.join("datasets").join(id),
            ])
            .collect()
    }
}

/// Finds the folder of a data set: the first place that is a folder.
///
/// # Errors
/// [`DatasetError::MissingFolder`] with every place and every file of the card.
pub fn locate(card: &DatasetCard, places: &Places) -> Result<PathBuf, DatasetError> {
    let candidates = places.candidates(&card.id);
    // A data set may be one file, when the user names it.
    let there = |place: &&PathBuf| place.is_dir() || (places.given.is_some() && place.is_file());
    if let Some(path) = places.given.as_ref().filter(|path| is_archive(path)) {
        return Err(DatasetError::Archive { path: path.clone() });
    }
    match candidates.iter().find(there) {
        Some(folder) => Ok(folder.clone()),
        None => Err(DatasetError::MissingFolder {
            dataset: card.id.clone(),
            looked_in: candidates,
            files: card
                .layouts
                .first()
                .map(|layout| layout.files.iter().map(missing).collect())
                .unwrap_or_default(),
            published_at: card.published_at.clone(),
        }),
    }
}

/// Whether a file is packed, by its ending.
fn is_archive(path: &Path) -> bool {
    const ENDINGS: [&str; 9] = ["zip", "tar", "gz", "tgz", "bz2", "xz", "zst", "7z", "rar"];
    let ending = path.extension().and_then(|ending| ending.to_str());
    path.is_file()
        && ending.is_some_and(|it| ENDINGS.iter().any(|known| it.eq_ignore_ascii_case(known)))
}

/// A card's file as an error names it.
pub(super) fn missing(file: &NeededFile) -> MissingFile {
    let optional = if file.optional { " (optional)" } else { "" };
    MissingFile {
        path: file.path.clone(),
        meaning: format!("{}{optional}", file.meaning),
        published_at: file.published_at.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{FaultKind, Hint};

    #[test]
    fn places_are_tried_in_order() {
        let root = tempfile::tempdir().unwrap();
        let card = crate::card::dataset("minisv").unwrap();
        let mut places = Places {
            given: None,
            environment: Some(root.path().join("env")),
            current: root.path().join("cwd"),
            cache: root.path().join("cache"),
        };
        for folder in ["cache/datasets/minisv", "cwd/data/minisv", "env/minisv"] {
            let wanted = root.path().join(folder);
            std::fs::create_dir_all(&wanted).unwrap();
            assert_eq!(locate(&card, &places).unwrap(), wanted);
        }
        places.given = Some(root.path().join("nowhere"));
        assert!(locate(&card, &places).is_err());
    }

    #[test]
    fn an_archive_is_to_be_unpacked() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("dz.zip");
        std::fs::write(&file, "PK").unwrap();
        let card = crate::card::dataset("minisv").unwrap();
        let error = locate(&card, &Places::new(Some(&file), root.path())).unwrap_err();
        assert!(error.to_string().contains("is an archive"), "{error}");
        assert!(error.hint().unwrap().contains("unpack it"));
        assert_eq!(error.fault_kind(), FaultKind::Usage);
    }

    #[test]
    fn an_absent_data_set_names_places_files_and_publisher() {
        let root = tempfile::tempdir().unwrap();
        let card = crate::card::dataset("flintstones").unwrap();
        let places = Places {
            given: None,
            environment: None,
            current: root.path().to_owned(),
            cache: root.path().join("cache"),
        };
        let error = locate(&card, &places).unwrap_err();
        assert_eq!(error.fault_kind(), FaultKind::Setup);
        let text = error.to_string();
        for file in &card.layouts[0].files {
            assert!(text.contains(&file.path), "{text}");
        }
        for place in places.candidates("flintstones") {
            assert!(text.contains(&place.display().to_string()), "{text}");
        }
        assert!(text.contains("storygpt-v.s3.amazonaws.com"), "{text}");
        let hint = error.hint().unwrap();
        assert!(hint.contains("storyeval run --dataset minisv --model storygpt-v-mini"));
    }
}
