//! What the layouts of FlintstonesSV and StoryGPT-V's repack have in common: clips with ids, listed
//! in splits, with labels in pickles and followers in a cache.

use super::{Source, first_of, named};
use crate::dataset::DatasetError;
use crate::dataset::annotation::Annotation;
use crate::dataset::catalog::{
    Catalog, Defect, Defective, Entry, Episode, Fixed, Shot, ShotIndex, SplitList,
};
use crate::dataset::followers::{Cached, cached, chains, episodes};
use crate::dataset::labels::Labels;
use crate::dataset::pixels::Pixels;
use crate::dataset::split::Splits;
use crate::record::{ClipId, StoryFrame};
use crate::spec::Character;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Names of the file of splits: of the older layouts, and of StoryGPT-V's repack.
pub(super) const SPLITS: &[&str] = &["train-val-test_split.json", "split.json"];
pub(super) const LABELS: &str = "labels.pkl";
const BACKGROUND_LABELS: &str = "labels_bg.pkl";
/// Numbers of followers that caches are published for.
const CACHES: [usize; 2] = [3, 4];

/// What is told of each clip, and where.
pub(super) struct Told {
    /// The file.
    pub(super) file: &'static str,
    /// By clip.
    pub(super) annotations: BTreeMap<String, Annotation>,
    /// Files that were read for it, relative to the folder.
    pub(super) metadata: Vec<String>,
}

/// Brings splits, followers, captions and labels together.
pub(super) fn catalog(
    source: Source<'_>,
    told: Told,
    pixels: Box<dyn Pixels>,
) -> Result<Catalog, DatasetError> {
    let Source { root, .. } = source;
    let split_file = first_of(root, SPLITS).unwrap_or(SPLITS[0]);
    let split_path = named(root, split_file);
    let splits = Splits::parse(&root.read(split_file)?, &split_path)?;
    let mut metadata = told.metadata;
    metadata.extend([split_file.to_owned(), LABELS.to_owned()]);

    // The cache that is for stories of the length asked for, else any: all say what comes next.
    let count = source.story_length.saturating_sub(1);
    let has = |count: &usize| root.has_file(&cache_name(*count));
    let mut counts: Vec<usize> = CACHES.into_iter().filter(|other| *other != count).collect();
    counts.insert(0, count);
    let mut cache = None;
    if let Some(count) = counts.into_iter().filter(|count| *count > 0).find(has) {
        let name = cache_name(count);
        let followers = cached(&root.pickle(&name)?, &named(root, &name), count)?;
        metadata.push(name);
        cache = Some((count, followers));
    }
    let sequences = match (episodes(&splits), &cache) {
        (Ok(episodes), _) => episodes,
        (Err(_), Some((_, cached))) => chains(splits.sorted(), &cached.next),
        (Err(error), None) => return Err(error),
    };

    let mut table = Table::default();
    let frames = Frames::read(source, told.file, told.annotations, &mut metadata)?;
    let episodes: Vec<Episode> = sequences
        .iter()
        .map(|ids| Episode {
            story: None,
            shots: ids.iter().map(|id| table.shot(id, &frames)).collect(),
        })
        .collect();
    let fixed = cache
        .filter(|(cached, _)| *cached == count)
        .map(|(_, cached)| fixed(&cached, count, &mut table, &frames));
    let lists = splits.lists().iter().map(|(name, ids)| {
        let shots: Vec<ShotIndex> = ids.iter().map(|id| table.shot(id, &frames)).collect();
        let entries = shots.len();
        (name.clone(), SplitList { shots, entries })
    });
    let splits = lists.collect();
    Ok(Catalog {
        metadata,
        shots: table.shots,
        episodes,
        splits,
        entry: Entry::Clips,
        split_path,
        fixed: fixed.into_iter().collect(),
        remarks: Vec::new(),
        pixels,
    })
}

fn cache_name(count: usize) -> String {
    format!("following_cache{count}.pkl")
}

fn fixed(cached: &Cached, count: usize, table: &mut Table, frames: &Frames<'_>) -> Fixed {
    let followers = cached.whole.iter().map(|(id, next)| {
        let next = next.iter().map(|id| table.shot(id, frames)).collect();
        (table.shot(id, frames), next)
    });
    Fixed {
        length: count + 1,
        followers: followers.collect(),
    }
}

/// The shots, each made once.
#[derive(Default)]
struct Table {
    shots: Vec<Shot>,
    by_id: HashMap<String, ShotIndex>,
}

impl Table {
    fn shot(&mut self, id: &str, frames: &Frames<'_>) -> ShotIndex {
        if let Some(known) = self.by_id.get(id) {
            return *known;
        }
        let index = self.shots.len() as ShotIndex;
        let clip = ClipId::new(id);
        self.shots.push(Shot {
            frame: frames.of(id, &clip),
            clip,
        });
        self.by_id.insert(id.to_owned(), index);
        index
    }
}

/// Captions and labels.
struct Frames<'a> {
    source: Source<'a>,
    file: &'static str,
    annotations: BTreeMap<String, Annotation>,
    labels: Labels,
    backgrounds: Option<Labels>,
}

impl<'a> Frames<'a> {
    fn read(
        source: Source<'a>,
        file: &'static str,
        annotations: BTreeMap<String, Annotation>,
        metadata: &mut Vec<String>,
    ) -> Result<Self, DatasetError> {
        let Source { card, root, .. } = source;
        let arity = Some(card.characters.len()).filter(|count| *count > 0);
        let labels = Labels::of(&root.pickle(LABELS)?, &named(root, LABELS), None, arity)?;
        let mut backgrounds = None;
        if root.has_file(BACKGROUND_LABELS) {
            metadata.push(BACKGROUND_LABELS.to_owned());
            backgrounds = Some(Labels::of(
                &root.pickle(BACKGROUND_LABELS)?,
                &named(root, BACKGROUND_LABELS),
                Some("label"),
                card.background_labels(),
            )?);
        }
        Ok(Self {
            source,
            file,
            annotations,
            labels,
            backgrounds,
        })
    }

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
        let labels = self.labels.require(id)?;
        let frame = StoryFrame {
            clip: clip.clone(),
            caption: annotation.caption.clone(),
            characters: match &annotation.characters {
                Some(characters) => characters.clone(),
                None => labelled(&self.source.card.characters, &labels),
            },
            character_labels: Some(labels),
            background_labels: match &self.backgrounds {
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
