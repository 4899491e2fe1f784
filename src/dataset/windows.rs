//! Stories out of sequences of shots.

use super::DatasetError;
use super::catalog::{Catalog, Entry, NeededBy, ShotIndex, SplitList};
use crate::card::{ClipScope, EpisodeRule, Overlap, WindowRule};
use crate::record::{Story, StoryId};
use std::collections::BTreeSet;

/// The stories of a split.
#[derive(Debug)]
pub(crate) struct Stories {
    /// In the order of the split.
    pub(crate) made: Vec<Story>,
    /// Every shot of a story, once, in the order of the catalog.
    pub(crate) shots: Vec<ShotIndex>,
}

/// The position of each shot in one long sequence.
struct Line {
    /// Shots in sequence.
    order: Vec<ShotIndex>,
    /// By position: where the episode, or whatever a story may not cross, ends.
    ends: Vec<u32>,
    /// By shot: its position; `NONE` for a shot that is in no episode or not allowed.
    places: Vec<u32>,
}

const NONE: u32 = u32::MAX;

impl Line {
    fn new(catalog: &Catalog, split: &SplitList, rule: WindowRule) -> Self {
        // Listed stories are of one split each: what follows one in the file may be training data.
        let own_split = rule.clips == ClipScope::OwnSplit || catalog.entry == Entry::Stories;
        let allowed: Option<Vec<bool>> = own_split.then(|| {
            let mut allowed = vec![false; catalog.shots.len()];
            for shot in &split.shots {
                allowed[*shot as usize] = true;
            }
            allowed
        });
        let mut line = Self {
            order: Vec::new(),
            ends: Vec::new(),
            places: vec![NONE; catalog.shots.len()],
        };
        for episode in &catalog.episodes {
            for shot in &episode.shots {
                if allowed
                    .as_ref()
                    .is_none_or(|allowed| allowed[*shot as usize])
                {
                    line.places[*shot as usize] = line.order.len() as u32;
                    line.order.push(*shot);
                }
            }
            let end = line.order.len();
            line.ends.resize(end, end as u32);
        }
        if rule.episodes == EpisodeRule::Across {
            let end = line.order.len() as u32;
            line.ends.fill(end);
        }
        line
    }

    /// The shots from `shot` on, `length` of them, if there are so many.
    fn window(&self, shot: ShotIndex, length: usize) -> Option<&[ShotIndex]> {
        let place = self.places[shot as usize];
        if place == NONE {
            return None;
        }
        let (start, limit) = (place as usize, self.ends[place as usize] as usize);
        let end = start.checked_add(length).filter(|end| *end <= limit)?;
        Some(&self.order[start..end])
    }
}

/// Cuts stories of `length` frames; without a length, takes the listed stories as they are. What the publishers fixed is taken as it is wherever `rule` is
/// the published way.
///
/// # Errors
/// A split that is not there, and the defect of a clip that the split or a story needs.
pub(crate) fn stories(
    catalog: &Catalog,
    split: &str,
    length: Option<usize>,
    rule: WindowRule,
) -> Result<Stories, DatasetError> {
    let list = catalog.split(split)?;
    for shot in &list.shots {
        catalog.frame(*shot, NeededBy::Split(split))?;
    }
    let windows = windows(catalog, list, length, rule);
    let names = Names::new(catalog);
    let mut used = vec![false; catalog.shots.len()];
    for shot in windows.iter().flatten() {
        used[*shot as usize] = true;
    }
    let stories = windows
        .iter()
        .map(|shots| {
            let id = names.of(catalog, shots);
            let frames = shots
                .iter()
                .map(|shot| catalog.frame(*shot, NeededBy::Story(&id)).cloned())
                .collect::<Result<_, _>>()?;
            Ok(Story { id, frames })
        })
        .collect::<Result<Vec<_>, DatasetError>>()?;
    Ok(Stories {
        made: stories,
        shots: (0..)
            .zip(used)
            .filter_map(|(shot, used)| used.then_some(shot))
            .collect(),
    })
}

/// The shots of each story of a split, whatever their metadata.
pub(crate) fn windows(
    catalog: &Catalog,
    list: &SplitList,
    length: Option<usize>,
    rule: WindowRule,
) -> Vec<Vec<ShotIndex>> {
    match length {
        Some(length) => cut(catalog, list, length, rule),
        None => listed(catalog, list),
    }
}

/// The episodes of a split, whole.
fn listed(catalog: &Catalog, list: &SplitList) -> Vec<Vec<ShotIndex>> {
    let own: BTreeSet<ShotIndex> = list.shots.iter().copied().collect();
    let episodes = catalog.episodes.iter();
    episodes
        .filter(|episode| {
            episode
                .shots
                .first()
                .is_some_and(|first| own.contains(first))
        })
        .map(|episode| episode.shots.clone())
        .collect()
}

/// Windows of one length.
fn cut(
    catalog: &Catalog,
    list: &SplitList,
    length: usize,
    rule: WindowRule,
) -> Vec<Vec<ShotIndex>> {
    let fixed = catalog
        .fixed
        .iter()
        .find(|fixed| fixed.length == length && rule == WindowRule::default());
    let Some(fixed) = fixed else {
        return sequential(catalog, list, length, rule);
    };
    let starts = list.shots.iter().filter_map(|shot| {
        let next = fixed.followers.get(shot)?;
        Some(std::iter::once(*shot).chain(next.iter().copied()).collect())
    });
    starts.collect()
}

/// Windows of one length out of the sequences, whatever the publishers fixed.
pub(crate) fn sequential(
    catalog: &Catalog,
    list: &SplitList,
    length: usize,
    rule: WindowRule,
) -> Vec<Vec<ShotIndex>> {
    let line = Line::new(catalog, list, rule);
    match rule.overlap {
        Overlap::Sliding => list
            .shots
            .iter()
            .filter_map(|shot| line.window(*shot, length).map(<[_]>::to_vec))
            .collect(),
        Overlap::Disjoint => disjoint(&line, list, length),
    }
}

/// Stories that share no shot: in sequence, each starts at the first shot of the split behind the
/// one before. They come in the order of the split's list, as all stories do.
fn disjoint(line: &Line, list: &SplitList, length: usize) -> Vec<Vec<ShotIndex>> {
    let mut starts: Vec<(u32, usize)> = list
        .shots
        .iter()
        .enumerate()
        .map(|(position, shot)| (line.places[*shot as usize], position))
        .filter(|(place, _)| *place != NONE)
        .collect();
    starts.sort_unstable();
    let mut free = 0;
    let mut chosen = BTreeSet::new();
    for (place, position) in starts {
        if place >= free && line.window(list.shots[position], length).is_some() {
            free = place + length as u32;
            chosen.insert(position);
        }
    }
    chosen
        .into_iter()
        .filter_map(|position| line.window(list.shots[position], length).map(<[_]>::to_vec))
        .collect()
}

/// What stories are called: by the list that they come from, or by their first clip.
struct Names {
    /// By shot: its episode, and its position there; empty where no episode has a name.
    places: Vec<(u32, u32)>,
}

impl Names {
    fn new(catalog: &Catalog) -> Self {
        let mut places = Vec::new();
        if catalog
            .episodes
            .iter()
            .any(|episode| episode.story.is_some())
        {
            places = vec![(NONE, 0); catalog.shots.len()];
            for (index, episode) in catalog.episodes.iter().enumerate() {
                for (position, shot) in episode.shots.iter().enumerate() {
                    places[*shot as usize] = (index as u32, position as u32);
                }
            }
        }
        Self { places }
    }

    /// A story that is a listed one from its start on has its name; one that starts later says where.
    fn of(&self, catalog: &Catalog, shots: &[ShotIndex]) -> StoryId {
        let first = shots[0];
        let place = self.places.get(first as usize).copied();
        let named =
            place
                .filter(|(episode, _)| *episode != NONE)
                .and_then(|(episode, position)| {
                    match (&catalog.episodes[episode as usize].story, position) {
                        (Some(story), 0) => Some(story.clone()),
                        (Some(story), _) => Some(StoryId::new(format!("{story}+{position}"))),
                        (None, _) => None,
                    }
                });
        named.unwrap_or_else(|| StoryId::new(catalog.shots[first as usize].clip.as_str()))
    }
}

#[cfg(test)]
mod tests;
