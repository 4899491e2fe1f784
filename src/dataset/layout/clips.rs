//! What the layouts of FlintstonesSV and StoryGPT-V's repack have in common: clips with ids, listed
//! in splits, with labels in pickles and followers in a cache.

use super::{Source, first_of, named};
use crate::card::Character;
use crate::dataset::DatasetError;
use crate::dataset::annotation::Annotation;
use crate::dataset::cast::FoundNames;
use crate::dataset::catalog::{
    Catalog, Defect, Defective, Entry, Episode, Fixed, ShotIndex, Shots, SplitList,
};
use crate::dataset::followers::{Cached, cached, chains, episodes};
use crate::dataset::labels::Labels;
use crate::dataset::pixels::Pixels;
use crate::dataset::split::Splits;
use crate::record::{ClipId, StoryFrame};
use std::collections::HashMap;
use std::sync::Arc;

/// Names of the file of splits: of the older layouts, and of StoryGPT-V's repack.
pub(super) const SPLITS: &[&str] = &["train-val-test_split.json", "split.json"];
pub(super) const LABELS: &str = "labels.pkl";
const BACKGROUND_LABELS: &str = "labels_bg.pkl";
/// Numbers of followers that caches are published for.
const CACHES: [usize; 2] = [3, 4];

/// The annotation of each clip, and the file that has it.
pub(super) struct ClipAnnotations {
    /// The file.
    pub(super) file: &'static str,
    /// By clip.
    pub(super) annotations: HashMap<String, Annotation>,
    /// Files that were read for it, relative to the folder.
    pub(super) metadata: Vec<String>,
}

/// Brings splits, followers, captions and labels together. The files are read at the same time.
pub(super) fn catalog(
    source: Source<'_>,
    read: impl FnOnce() -> Result<ClipAnnotations, DatasetError> + Send,
    pixels: Box<dyn Pixels>,
) -> Result<Catalog, DatasetError> {
    let Source { root, .. } = source;
    let split_file = first_of(root, SPLITS).unwrap_or(SPLITS[0]);
    let split_path = named(root, split_file);
    let splits = Splits::parse(&root.read(split_file)?, &split_path)?;
    let (annotated, (cache, labels)) = rayon::join(read, || {
        rayon::join(|| cache(source), || Vectors::read(source))
    });
    let (annotated, cache, labels) = (annotated?, cache?, labels?);
    let mut metadata = annotated.metadata;
    metadata.extend([split_file.to_owned(), LABELS.to_owned()]);
    metadata.extend(cache.as_ref().map(|(count, _)| cache_name(*count)));
    if labels.backgrounds.is_some() {
        metadata.push(BACKGROUND_LABELS.to_owned());
    }
    let count = source.story_length.saturating_sub(1);
    let sequences = match (episodes(&splits), &cache) {
        (Ok(episodes), _) => episodes,
        (Err(_), Some((_, cached))) => chains(splits.sorted(), &cached.next),
        (Err(error), None) => return Err(error),
    };

    let mut shots = Shots::default();
    let frames = Frames {
        source,
        file: annotated.file,
        annotations: annotated.annotations,
        labels,
    };
    let episodes: Vec<Episode> = sequences
        .iter()
        .map(|ids| Episode {
            story: None,
            shots: ids
                .iter()
                .map(|id| shots.of(id, |clip| frames.of(id, clip)))
                .collect(),
        })
        .collect();
    let fixed = cache
        .filter(|(cached, _)| *cached == count)
        .map(|(_, cached)| fixed(&cached, count, &mut shots, &frames));
    let lists = splits.lists().iter().map(|(name, ids)| {
        let shots: Vec<ShotIndex> = ids
            .iter()
            .map(|id| shots.of(id, |clip| frames.of(id, clip)))
            .collect();
        let entries = shots.len();
        (name.clone(), SplitList { shots, entries })
    });
    let splits = lists.collect();
    Ok(Catalog {
        metadata,
        shots: shots.made,
        episodes,
        splits,
        entry: Entry::Clips,
        split_path,
        fixed: fixed.into_iter().collect(),
        found: FoundNames::default(),
        remarks: Vec::new(),
        pixels,
    })
}

/// The cache that is for stories of the length asked for, else any: all say what comes next.
fn cache(source: Source<'_>) -> Result<Option<(usize, Cached)>, DatasetError> {
    let root = source.root;
    let wanted = source.story_length.saturating_sub(1);
    let counts = std::iter::once(wanted).filter(|count| *count > 0);
    let found = counts
        .chain(CACHES)
        .find(|count| root.has_file(&cache_name(*count)));
    let Some(count) = found else {
        return Ok(None);
    };
    let name = cache_name(count);
    let followers = cached(&root.pickle(&name)?, &named(root, &name), count)?;
    Ok(Some((count, followers)))
}

fn cache_name(count: usize) -> String {
    format!("following_cache{count}.pkl")
}

fn fixed(cached: &Cached, count: usize, shots: &mut Shots, frames: &Frames<'_>) -> Fixed {
    let mut whole: Vec<_> = cached.whole.iter().collect();
    // Shots that only the cache knows are numbered in this order.
    whole.sort_unstable();
    let followers = whole.into_iter().map(|(id, next)| {
        let next = next
            .iter()
            .map(|id| shots.of(id, |clip| frames.of(id, clip)))
            .collect();
        (shots.of(id, |clip| frames.of(id, clip)), next)
    });
    Fixed {
        length: count + 1,
        followers: followers.collect(),
    }
}

/// The label files.
struct Vectors {
    characters: Labels,
    backgrounds: Option<Labels>,
}

impl Vectors {
    fn read(source: Source<'_>) -> Result<Self, DatasetError> {
        let Source { card, root, .. } = source;
        let arity = Some(card.characters.len()).filter(|count| *count > 0);
        let characters = || Labels::of(&root.pickle(LABELS)?, &named(root, LABELS), None, arity);
        let backgrounds = || {
            let file = BACKGROUND_LABELS;
            root.has_file(file)
                .then(|| {
                    let (key, arity) = (Some("label"), card.background_labels());
                    Labels::of(&root.pickle(file)?, &named(root, file), key, arity)
                })
                .transpose()
        };
        let (characters, backgrounds) = rayon::join(characters, backgrounds);
        Ok(Self {
            characters: characters?,
            backgrounds: backgrounds?,
        })
    }
}

/// Captions and labels.
struct Frames<'a> {
    source: Source<'a>,
    file: &'static str,
    annotations: HashMap<String, Annotation>,
    labels: Vectors,
}

impl Frames<'_> {
    fn of(&self, id: &str, clip: &ClipId) -> Result<StoryFrame, Box<Defective>> {
        let path = named(self.source.root, self.file);
        let defective = |defect| {
            Box::new(Defective {
                defect,
                path: path.clone(),
            })
        };
        let annotation = self
            .annotations
            .get(id)
            .ok_or_else(|| defective(Defect::NoAnnotation))?;
        let labels = self.labels.characters.require(id)?;
        let frame = StoryFrame {
            clip: clip.clone(),
            caption: annotation.caption.clone(),
            characters: match &annotation.characters {
                Some(characters) => characters.clone(),
                None => labelled(&self.source.card.characters, &labels),
            },
            character_labels: Some(labels),
            background_labels: match &self.labels.backgrounds {
                Some(labels) => labels.get(id)?,
                None => None,
            },
        };
        match stranger(self.source, &frame) {
            Some(name) => Err(defective(Defect::UnknownCharacter { name })),
            None => Ok(frame),
        }
    }
}

/// Names by their labels, in label order.
pub(super) fn labelled(cast: &[Character], labels: &[bool]) -> Arc<[String]> {
    let named = cast.iter().zip(labels).filter(|(_, label)| **label);
    named.map(|(character, _)| character.name.clone()).collect()
}

/// A character that may not occur, in a closed cast.
fn stranger(source: Source<'_>, frame: &StoryFrame) -> Option<String> {
    if !source.card.closed_cast {
        return None;
    }
    let known = |name: &String| {
        let cast = &source.card.characters;
        cast.iter()
            .any(|character| character.name.eq_ignore_ascii_case(name))
    };
    frame.characters.iter().find(|name| !known(name)).cloned()
}
