//! What the layouts have in common that list whole stories: an id, a split, and frames that name their
//! picture files.

use super::{Source, named};
use crate::card::DatasetCard;
use crate::dataset::DatasetError;
use crate::dataset::cast::FoundNames;
use crate::dataset::catalog::{
    Catalog, Defect, Defective, Entry, Episode, Shot, ShotIndex, SplitList,
};
use crate::dataset::labels::Shared;
use crate::dataset::path::check_id;
use crate::dataset::pixels::{NamedFiles, Pixels};
use crate::record::{ClipId, StoryFrame, StoryId, inside};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

/// A frame as `stories.jsonl` and `mugen.json` have it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ListedFrame {
    /// Picture files of the clip, relative to the folder.
    pub(super) image: Files,
    /// The caption.
    pub(super) caption: String,
    /// Id of the clip; the first picture's path without its ending where there is none.
    #[serde(default)]
    pub(super) clip: Option<String>,
    /// Names of the characters.
    #[serde(default)]
    pub(super) characters: Option<Vec<String>>,
    /// Name of the place.
    #[serde(default)]
    pub(super) background: Option<String>,
    /// 0/1 labels instead of names.
    #[serde(default)]
    pub(super) character_labels: Option<Vec<u8>>,
    /// 0/1 labels instead of a name.
    #[serde(default)]
    pub(super) background_labels: Option<Vec<u8>>,
    /// Whatever else the writer wants to keep with the frame.
    #[serde(default, rename = "meta")]
    _meta: Option<serde_json::Value>,
}

/// One picture file or several.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Files {
    /// One.
    One(String),
    /// As many as the clip has frames.
    Many(Vec<String>),
}

/// A story as it is listed.
pub(super) struct ListedStory {
    pub(super) id: String,
    pub(super) split: String,
    pub(super) frames: Vec<ListedFrame>,
}

/// Stories on their way into a catalog.
pub(super) struct Builder<'a> {
    source: Source<'a>,
    path: PathBuf,
    shared: Shared,
    files: HashMap<ClipId, Vec<String>>,
    ids: BTreeSet<String>,
    /// Line of the story that is taken in, in a file that its user wrote.
    pub(super) line: Option<usize>,
    pub(super) parts: Parts,
}

/// The parts of a catalog that grow with each story.
#[derive(Default)]
pub(super) struct Parts {
    pub(super) shots: Vec<Shot>,
    pub(super) episodes: Vec<Episode>,
    pub(super) splits: BTreeMap<String, SplitList>,
}

impl Parts {
    /// Appends a story of a split. Every frame may start one of a shorter length.
    pub(super) fn push(&mut self, id: StoryId, split: &str, shots: impl Iterator<Item = Shot>) {
        let start = self.shots.len() as ShotIndex;
        self.shots.extend(shots);
        let indices = start..self.shots.len() as ShotIndex;
        let list = self.splits.entry(split.to_owned()).or_default();
        list.shots.extend(indices.clone());
        list.entries += 1;
        self.episodes.push(Episode {
            story: Some(id),
            shots: indices.collect(),
        });
    }

    /// The whole catalog.
    pub(super) fn catalog(
        self,
        metadata: Vec<String>,
        split_path: PathBuf,
        remarks: Vec<crate::dataset::catalog::Remark>,
        pixels: Box<dyn Pixels>,
    ) -> Catalog {
        Catalog {
            metadata,
            shots: self.shots,
            episodes: self.episodes,
            splits: self.splits,
            entry: Entry::Stories,
            split_path,
            fixed: Vec::new(),
            found: FoundNames::default(),
            remarks,
            pixels,
        }
    }
}

impl<'a> Builder<'a> {
    /// Of the stories that `file` lists.
    pub(super) fn new(source: Source<'a>, file: &str) -> Self {
        Self {
            source,
            path: named(source.root, file),
            shared: Shared::default(),
            files: HashMap::new(),
            ids: BTreeSet::new(),
            line: None,
            parts: Parts::default(),
        }
    }

    /// Takes in a story.
    pub(super) fn add(&mut self, story: ListedStory) -> Result<(), DatasetError> {
        check_name(&self.path, &story.id)?;
        check_name(&self.path, &story.split)?;
        if story.frames.is_empty() {
            return Err(DatasetError::WrongContent {
                path: self.path.clone(),
                clip: Some(story.id),
                wanted: "a story of at least one frame".to_owned(),
                found: "a story without frames".to_owned(),
            });
        }
        if !self.ids.insert(story.id.clone()) {
            return Err(DatasetError::DuplicateId {
                path: self.path.clone(),
                id: story.id,
            });
        }
        let shots = story
            .frames
            .into_iter()
            .enumerate()
            .map(|(index, frame)| self.shot(index, frame))
            .collect::<Result<Vec<_>, _>>()?;
        self.parts
            .push(StoryId::new(story.id), &story.split, shots.into_iter());
        Ok(())
    }

    fn shot(&mut self, index: usize, frame: ListedFrame) -> Result<Shot, DatasetError> {
        let named = match &frame.image {
            Files::One(file) => std::slice::from_ref(file),
            Files::Many(files) => files,
        };
        let files = named.iter().map(|file| self.below(index, file));
        let files = files.collect::<Result<Vec<_>, _>>()?;
        let wrong =
            |clip: Option<String>, wanted: &str, found: String| DatasetError::WrongContent {
                path: self.path.clone(),
                clip,
                wanted: wanted.to_owned(),
                found,
            };
        let Some(first) = files.first() else {
            return Err(wrong(
                frame.clip,
                "a frame with at least one image",
                "a frame without images".to_owned(),
            ));
        };
        let stem = first.rsplit_once('.').map_or(&**first, |(stem, _)| stem);
        let id = frame.clip.clone().unwrap_or_else(|| stem.to_owned());
        check_name(&self.path, &id)?;
        let clip = ClipId::new(id.as_str());
        match self.files.get(&clip) {
            Some(known) if *known != files => {
                return Err(wrong(
                    Some(id),
                    "the same images in every story of the clip",
                    format!(
                        "{} here and {} elsewhere",
                        files.join(", "),
                        known.join(", ")
                    ),
                ));
            }
            Some(_) => {}
            None => {
                self.files.insert(clip.clone(), files);
            }
        }
        let labelled = labels(self.source.card, frame, &clip, &mut self.shared);
        let line = self.line;
        Ok(Shot {
            frame: labelled.map_err(|defect| {
                Box::new(Defective {
                    defect: match line {
                        Some(line) => defect.in_line(line, self.source.card),
                        None => defect,
                    },
                    path: self.path.clone(),
                })
            }),
            clip,
        })
    }

    /// The path of a picture in one spelling. It must stay inside; whether it is there is asked when it is needed.
    fn below(&self, frame: usize, file: &str) -> Result<String, DatasetError> {
        let plain = |path: &String| {
            path.split('/')
                .all(|part| check_id(&self.path, part).is_ok())
        };
        let why = match inside(file) {
            Ok(path) if plain(&path) => return Ok(path),
            Ok(_) => {
                "a name in it begins with a dot, is too long, or has a character that names do not have"
            }
            Err(why) => why,
        };
        if self.line.is_none() {
            return Err(DatasetError::UnsafeId {
                path: self.path.clone(),
                id: file.to_owned(),
            });
        }
        Err(DatasetError::WrongContent {
            path: self.path.clone(),
            clip: Some(format!("frames[{frame}].image")),
            wanted: "a path below the folder of the file".to_owned(),
            found: format!("{file:?} ({why})"),
        })
    }

    /// The catalog.
    pub(super) fn finish(self, metadata: Vec<String>) -> Catalog {
        let pixels = Box::new(NamedFiles { files: self.files });
        self.parts.catalog(metadata, self.path, Vec::new(), pixels)
    }
}

/// An id that is printed and looked up, and never used as a path.
pub(super) fn check_name(path: &Path, id: &str) -> Result<(), DatasetError> {
    if !id.is_empty() && id.len() <= 200 && !id.chars().any(char::is_control) {
        return Ok(());
    }
    Err(DatasetError::UnsafeId {
        path: path.to_owned(),
        id: id.chars().take(200).collect(),
    })
}

/// The frame with labels in the card's order.
fn labels(
    card: &DatasetCard,
    frame: ListedFrame,
    clip: &ClipId,
    shared: &mut Shared,
) -> Result<StoryFrame, Defect> {
    let mut characters = frame.characters;
    let character_labels = match (&characters, frame.character_labels) {
        (_, Some(given)) => Some(zero_one(&given, Some(card.characters.len()))?),
        (Some(names), None) if !card.characters.is_empty() => {
            if card.closed_cast
                && let Some(name) = names.iter().find(|name| position(card, name).is_none())
            {
                return Err(Defect::UnknownCharacter { name: name.clone() });
            }
            let mut labels = vec![false; card.characters.len()];
            for index in names.iter().filter_map(|name| position(card, name)) {
                labels[index] = true;
            }
            Some(labels)
        }
        _ => None,
    };
    let character_labels = character_labels.map(|labels| shared.of(labels));
    if let (None, Some(labels)) = (&characters, &character_labels) {
        characters = Some(super::clips::labelled(&card.characters, labels).to_vec());
    }
    let background_labels = match (&frame.background, frame.background_labels) {
        (_, Some(given)) => Some(zero_one(&given, card.background_labels())?),
        (Some(name), None) if !card.backgrounds.is_empty() => {
            let same = |known: &String| known.eq_ignore_ascii_case(name.trim());
            let exact = card.backgrounds.iter().position(|known| known == name);
            let Some(index) = exact.or_else(|| card.backgrounds.iter().position(same)) else {
                return Err(Defect::UnknownBackground { name: name.clone() });
            };
            let mut labels = vec![false; card.backgrounds.len()];
            labels[index] = true;
            Some(labels)
        }
        _ => None,
    };
    Ok(StoryFrame {
        clip: clip.clone(),
        caption: frame.caption.into(),
        characters: characters.unwrap_or_default().into(),
        character_labels,
        background_labels: background_labels.map(|labels| shared.of(labels)),
    })
}

/// Place of a character in the cast, by its name or another spelling of it.
fn position(card: &DatasetCard, name: &str) -> Option<usize> {
    card.characters.iter().position(|character| {
        std::iter::once(&character.name)
            .chain(&character.aliases)
            .any(|known| known.eq_ignore_ascii_case(name.trim()))
    })
}

fn zero_one(given: &[u8], arity: Option<usize>) -> Result<Vec<bool>, Defect> {
    if let Some(wanted) = arity.filter(|wanted| *wanted != given.len()) {
        return Err(Defect::LabelArity {
            found: given.len(),
            wanted,
        });
    }
    given
        .iter()
        .map(|label| match label {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(Defect::WrongContent {
                wanted: "a list of 0 and 1",
                found: format!("a list with {other}"),
            }),
        })
        .collect()
}
