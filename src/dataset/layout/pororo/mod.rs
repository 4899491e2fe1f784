//! PororoSV as StoryGAN's successors read it: a tall PNG a clip, stories in NPY files.
//!
//! `img_cache<k>.npy` holds the paths of the clips that start a story, `following_cache<k>.npy` the k
//! clips behind each, and `train_seen_unseen_ids.npy` three lists of positions in the former: train,
//! val ("seen") and test ("unseen"). StoryDALL-E and ARLDM write paths as byte strings, Make-A-Story as
//! text with a leading slash; both are read. Positions of a split are sorted, as StoryDALL-E, ARLDM and
//! Make-A-Story do.

mod captions;

use self::captions::Captions;
use super::clips::labelled;
use super::{Mark, Source, file, named};
use crate::dataset::DatasetError;
use crate::dataset::cast::FoundNames;
use crate::dataset::catalog::{
    Catalog, Defect, Defective, Entry, Episode, Fixed, ShotIndex, Shots, SplitList,
};
use crate::dataset::labels::Labels;
use crate::dataset::npy_read::{read_npy_objects, read_npy_text};
use crate::dataset::pixels::StripFiles;
use crate::format::pickle::Ref;
use crate::record::{ClipId, StoryFrame};
use std::collections::BTreeMap;
use std::path::PathBuf;

const IDS: &str = "train_seen_unseen_ids.npy";
const LABELS: &str = "labels.npy";
/// Numbers of followers that caches are published for.
const CACHES: [usize; 2] = [4, 3];

/// What the layout is known by.
pub(super) const MARKS: &[Mark] = &[
    file(&["img_cache4.npy", "img_cache3.npy"]),
    file(&[IDS]),
    file(&[captions::ARRAY, captions::SPREADSHEET]),
    file(&[LABELS]),
];

/// Reads the metadata.
pub(super) fn read(source: Source<'_>) -> Result<Catalog, DatasetError> {
    let root = source.root;
    let (count, cache) = cache(source);
    let following = format!("following_cache{count}.npy");
    let firsts = paths(source, &cache)?;
    let nexts = paths(source, &following)?;
    if firsts.len() != nexts.len() {
        return Err(wrong(
            named(root, &following),
            format!("{} rows, as {cache} has", firsts.len()),
            format!("{} rows", nexts.len()),
        ));
    }
    let labels = Labels::of(
        &read_npy_objects(&root.file(LABELS)?)?,
        &named(root, LABELS),
        None,
        Some(source.card.characters.len()).filter(|count| *count > 0),
    )?;
    let texts = Texts {
        source,
        captions: Captions::read(source, &labels)?,
        labels,
    };
    let mut shots = Shots::default();
    // Sequences are of all clips with a caption, so that stories of any length can be cut.
    let episodes = sequences(texts.captions.ids())
        .into_iter()
        .map(|ids| Episode {
            story: None,
            shots: ids
                .iter()
                .map(|id| shots.of(id, |clip| texts.of(id, clip)))
                .collect(),
        })
        .collect();
    let starts: Vec<ShotIndex> = firsts
        .iter()
        .map(|row| shots.of(&row[0], |clip| texts.of(&row[0], clip)))
        .collect();
    let mut followers = BTreeMap::new();
    for (start, next) in starts.iter().zip(&nexts) {
        let next: Vec<ShotIndex> = next
            .iter()
            .map(|id| shots.of(id, |clip| texts.of(id, clip)))
            .collect();
        if next.len() == count {
            followers.insert(*start, next);
        }
    }
    let splits = splits(source, &starts)?;
    let metadata = [&cache, &following, IDS, texts.captions.file, LABELS];
    Ok(Catalog {
        metadata: metadata.into_iter().map(str::to_owned).collect(),
        shots: shots.made,
        episodes,
        splits,
        entry: Entry::Clips,
        split_path: named(root, IDS),
        fixed: vec![Fixed {
            length: count + 1,
            followers,
        }],
        found: FoundNames::default(),
        remarks: Vec::new(),
        pixels: Box::new(StripFiles),
    })
}

/// The cache for stories of the length asked for, else the one that is there.
fn cache(source: Source<'_>) -> (usize, String) {
    let wanted = source.story_length.saturating_sub(1);
    let counts = CACHES.iter().filter(|count| **count == wanted);
    let name = |count: usize| format!("img_cache{count}.npy");
    let found = counts
        .chain(CACHES.iter())
        .find(|count| source.root.has_file(&name(**count)));
    let count = found.copied().unwrap_or(CACHES[0]);
    (count, name(count))
}

fn wrong(path: PathBuf, wanted: String, found: String) -> DatasetError {
    DatasetError::WrongContent {
        path,
        clip: None,
        wanted,
        found,
    }
}

/// Rows of clip ids: paths without what Python's text forms add and without their ending.
fn paths(source: Source<'_>, name: &str) -> Result<Vec<Vec<String>>, DatasetError> {
    let table = read_npy_text(&source.root.file(name)?)?;
    let rows = table.rows().map(|row| {
        row.iter()
            .map(|path| {
                let id = clip_id(path);
                source.root.file(&id)?;
                Ok(id)
            })
            .collect()
    });
    rows.collect()
}

/// `b'Episode/1.png'` (the text of a byte string), `/Episode/1.png` and `Episode/1.png` are all
/// `Episode/1`.
fn clip_id(path: &str) -> String {
    let quoted = |quote| {
        path.strip_prefix("b")
            .and_then(|path| path.strip_prefix(quote))
            .and_then(|path| path.strip_suffix(quote))
    };
    let path = quoted('\'').or_else(|| quoted('"')).unwrap_or(path);
    let path = path.strip_prefix('/').unwrap_or(path);
    path.strip_suffix(".png").unwrap_or(path).to_owned()
}

/// Clips of a folder whose numbers follow one another without a gap.
fn sequences<'a>(ids: impl Iterator<Item = &'a str>) -> Vec<Vec<&'a str>> {
    let mut numbered: Vec<(&str, u64, &str)> = ids
        .filter_map(|id| {
            let (folder, number) = id.rsplit_once('/')?;
            Some((folder, number.parse().ok()?, id))
        })
        .collect();
    numbered.sort_unstable();
    let mut sequences: Vec<Vec<&str>> = Vec::new();
    let mut last: Option<(&str, u64)> = None;
    for (folder, number, id) in numbered {
        match sequences.last_mut() {
            Some(sequence) if last == Some((folder, number.wrapping_sub(1))) => sequence.push(id),
            _ => sequences.push(vec![id]),
        }
        last = Some((folder, number));
    }
    sequences
}

fn splits(
    source: Source<'_>,
    starts: &[ShotIndex],
) -> Result<BTreeMap<String, SplitList>, DatasetError> {
    let path = named(source.root, IDS);
    let pickle = read_npy_objects(&source.root.file(IDS)?)?;
    let lists: Vec<Option<Vec<f64>>> = pickle
        .root()
        .items()
        .into_iter()
        .flatten()
        .map(Ref::numbers)
        .collect();
    let [Some(train), Some(val), Some(test)] = lists.as_slice() else {
        return Err(wrong(
            path,
            "three lists of numbers: train, seen, unseen".to_owned(),
            format!("{} lists or other things", lists.len()),
        ));
    };
    let mut splits = BTreeMap::new();
    let mut seen = vec![false; starts.len()];
    for (name, ids) in [("train", train), ("val", val), ("test", test)] {
        let mut positions = Vec::with_capacity(ids.len());
        for id in ids {
            let position = *id as usize;
            if *id < 0.0 || id.fract() != 0.0 || position >= starts.len() {
                return Err(wrong(
                    path,
                    format!("positions from 0 to {}", starts.len().saturating_sub(1)),
                    format!("a list with {id} in {name}"),
                ));
            }
            if std::mem::replace(&mut seen[position], true) {
                return Err(DatasetError::DuplicateId {
                    path,
                    id: position.to_string(),
                });
            }
            positions.push(position);
        }
        positions.sort_unstable();
        let shots: Vec<ShotIndex> = positions.iter().map(|at| starts[*at]).collect();
        let entries = shots.len();
        splits.insert(name.to_owned(), SplitList { shots, entries });
    }
    Ok(splits)
}

/// Captions and labels.
struct Texts<'a> {
    source: Source<'a>,
    captions: Captions,
    labels: Labels,
}

impl Texts<'_> {
    fn of(&self, id: &str, clip: &ClipId) -> Result<StoryFrame, Box<Defective>> {
        let Some(caption) = self.captions.get(id) else {
            return Err(Box::new(Defective {
                defect: Defect::NoAnnotation,
                path: named(self.source.root, self.captions.file),
            }));
        };
        let labels = self.labels.require(id)?;
        Ok(StoryFrame {
            clip: clip.clone(),
            caption: caption.into(),
            characters: labelled(&self.source.card.characters, &labels),
            character_labels: Some(labels),
            background_labels: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_paths_without_what_python_adds() {
        for path in [
            "b'E/ep/1.png'",
            "b\"E/ep/1.png\"",
            "/E/ep/1.png",
            "E/ep/1.png",
            "E/ep/1",
        ] {
            assert_eq!(clip_id(path), "E/ep/1");
        }
        // A folder may start with the letter.
        assert_eq!(clip_id("big/1.png"), "big/1");
    }

    #[test]
    fn sequences_are_numeric_and_break_at_gaps() {
        let ids = ["a/10", "a/9", "a/2", "b/1", "a/1", "odd", "a/x"];
        assert_eq!(
            sequences(ids.into_iter()),
            [vec!["a/1", "a/2"], vec!["a/9", "a/10"], vec!["b/1"]]
        );
    }
}
