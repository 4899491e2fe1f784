//! Which clips there are, in which splits they are, and which of them are checked.

use crate::card::WindowRule;
use crate::dataset::catalog::{Catalog, Entry, ShotIndex};
use crate::dataset::windows::windows;
use crate::dataset::{ALL_SPLITS, DatasetError};
use crate::record::ClipId;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Position of a clip in [`Scope::clips`].
pub(super) type ClipIndex = u32;

/// On which side of the scored split a clip is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sides {
    pub(super) scored: bool,
    pub(super) other: bool,
}

impl Sides {
    fn add(&mut self, scored: bool) {
        if scored {
            self.scored = true;
        } else {
            self.other = true;
        }
    }
}

/// A clip.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) id: ClipId,
    /// The split that lists it, else the first in whose stories it is; a position in
    /// [`Scope::splits`].
    pub(super) split: usize,
    /// Which splits list it.
    pub(super) listed: Sides,
    /// In stories of which splits it is.
    pub(super) shown: Sides,
    /// Its sequence; clips outside of any are in a sequence of their own.
    pub(super) episode: u32,
    /// Whether it is checked.
    pub(super) chosen: bool,
}

impl Place {
    /// Where it belongs: to the splits that list it, else to those whose stories show it.
    pub(super) fn sides(&self) -> Sides {
        if self.listed == Sides::default() {
            self.shown
        } else {
            self.listed
        }
    }
}

/// A split.
#[derive(Debug)]
pub(super) struct SplitScope {
    pub(super) name: String,
    /// Whether it is checked.
    pub(super) chosen: bool,
    /// Shots of each story.
    pub(super) windows: Vec<Vec<ShotIndex>>,
}

/// The whole.
#[derive(Debug)]
pub(super) struct Scope {
    pub(super) splits: Vec<SplitScope>,
    /// The split whose purity matters.
    pub(super) scored: Option<usize>,
    /// Every clip that a split lists or that is in a story, in the order of the catalog.
    pub(super) clips: Vec<Place>,
    /// By shot: its clip.
    of_shot: HashMap<ShotIndex, ClipIndex>,
}

impl Scope {
    /// `split` is what the user asked for; `usual` is the card's split.
    ///
    /// # Errors
    /// [`DatasetError::UnknownSplit`].
    pub(super) fn new(
        catalog: &Catalog,
        split: &str,
        usual: &str,
        length: Option<usize>,
        rule: WindowRule,
    ) -> Result<Self, DatasetError> {
        let all = split == ALL_SPLITS && !catalog.splits.contains_key(ALL_SPLITS);
        if !all {
            catalog.split(split)?;
        }
        let splits: Vec<SplitScope> = catalog
            .splits
            .iter()
            .map(|(name, list)| SplitScope {
                name: name.clone(),
                chosen: all || name == split,
                windows: windows(catalog, list, length, rule),
            })
            .collect();
        let wanted = if all { usual } else { split };
        let mut scope = Self {
            scored: splits.iter().position(|split| split.name == wanted),
            splits,
            clips: Vec::new(),
            of_shot: HashMap::new(),
        };
        scope.place(catalog);
        Ok(scope)
    }

    fn place(&mut self, catalog: &Catalog) {
        let mut shots: BTreeSet<ShotIndex> = BTreeSet::new();
        shots.extend(catalog.splits.values().flat_map(|list| &list.shots));
        let windows = self.splits.iter().flat_map(|split| &split.windows);
        shots.extend(windows.flatten());
        let mut episodes = HashMap::new();
        for (number, episode) in catalog.episodes.iter().enumerate() {
            for shot in &episode.shots {
                episodes.insert(*shot, number as u32);
            }
        }
        let mut by_id: HashMap<&ClipId, ClipIndex> = HashMap::new();
        let mut alone = catalog.episodes.len() as u32;
        for shot in shots {
            let id = &catalog.shots[shot as usize].clip;
            let index = *by_id.entry(id).or_insert_with(|| {
                alone += 1;
                self.clips.push(Place {
                    id: id.clone(),
                    split: usize::MAX,
                    listed: Sides::default(),
                    shown: Sides::default(),
                    episode: episodes.get(&shot).copied().unwrap_or(alone),
                    chosen: false,
                });
                self.clips.len() as ClipIndex - 1
            });
            self.of_shot.insert(shot, index);
        }
        for (number, list) in catalog.splits.values().enumerate() {
            let scored = self.scored == Some(number);
            for shot in &list.shots {
                let place = &mut self.clips[self.of_shot[shot] as usize];
                place.listed.add(scored);
                place.split = place.split.min(number);
                place.chosen |= self.splits[number].chosen;
            }
        }
        for number in 0..self.splits.len() {
            let scored = self.scored == Some(number);
            for shot in self.splits[number].windows.iter().flatten() {
                let place = &mut self.clips[self.of_shot[shot] as usize];
                place.shown.add(scored);
                if place.split == usize::MAX {
                    place.split = number;
                }
                place.chosen |= self.splits[number].chosen;
            }
        }
    }

    /// The clip of a shot that is in the scope.
    pub(super) fn clip_of(&self, shot: ShotIndex) -> &Place {
        &self.clips[self.of_shot[&shot] as usize]
    }

    /// Name of the split of a clip.
    pub(super) fn split_of(&self, place: &Place) -> Option<&str> {
        self.splits
            .get(place.split)
            .map(|split| split.name.as_str())
    }

    /// The splits that are checked, with their lists.
    pub(super) fn chosen<'a>(
        &'a self,
        catalog: &'a Catalog,
    ) -> impl Iterator<Item = (&'a SplitScope, &'a [ShotIndex])> {
        let splits = self.splits.iter().zip(catalog.splits.values());
        splits
            .filter(|(split, _)| split.chosen)
            .map(|(split, list)| (split, list.shots.as_slice()))
    }

    /// Different clips that a split lists or shows in stories.
    pub(super) fn clips_of(&self, split: &SplitScope, listed: &[ShotIndex]) -> usize {
        let shots = listed.iter().chain(split.windows.iter().flatten());
        let clips: BTreeSet<ClipIndex> = shots.map(|shot| self.of_shot[shot]).collect();
        clips.len()
    }

    /// Clips that two splits list: each with the names of these.
    pub(super) fn listed_twice<'a>(
        &'a self,
        catalog: &'a Catalog,
    ) -> Vec<(&'a Place, Vec<&'a str>)> {
        // A clip of listed stories may be in several.
        if catalog.entry == Entry::Stories {
            return Vec::new();
        }
        let mut by_clip: BTreeMap<ClipIndex, Vec<&str>> = BTreeMap::new();
        for (name, list) in &catalog.splits {
            for shot in &list.shots {
                by_clip.entry(self.of_shot[shot]).or_default().push(name);
            }
        }
        let twice = by_clip.into_iter().filter(|(_, splits)| splits.len() > 1);
        twice
            .map(|(clip, splits)| (&self.clips[clip as usize], splits))
            .collect()
    }
}
