//! Clips in sequence: what the layouts hold from which stories are cut.

use super::Job;
use super::error::ConvertError;
use crate::card::Layout;
use crate::dataset::catalog::{Catalog, Entry, NeededBy, ShotIndex};
use crate::dataset::followers::chains;
use crate::record::{ClipId, StoryFrame, StoryId};
use std::collections::{BTreeMap, HashMap, HashSet};

/// The clips of a data set, each once.
pub(super) struct Clips<'a> {
    /// Splits with their clips, in the order of the split's list.
    pub(super) lists: Vec<(String, Vec<&'a StoryFrame>)>,
    /// All clips, in the sequences in which they were filmed or listed.
    pub(super) sequences: Vec<Vec<&'a StoryFrame>>,
}

impl<'a> Clips<'a> {
    /// Those of the splits that are converted. An episode is taken whole, so that stories of any length
    /// can be cut again: its clips of other splits stay in theirs.
    pub(super) fn of(job: &Job<'a>) -> Result<Self, ConvertError> {
        let catalog = &job.source.catalog;
        let clips = match catalog.entry {
            Entry::Clips => filmed(catalog, &job.splits, job.to),
            Entry::Stories => joined_stories(catalog, &job.splits, job.to),
        }?;
        if clips.sequences.is_empty() {
            return Err(job.no_story());
        }
        Ok(clips)
    }

    /// All clips.
    pub(super) fn all(&self) -> impl Iterator<Item = &'a StoryFrame> {
        self.sequences.iter().flatten().copied()
    }

    /// What comes next, of every clip that is not the last of its sequence.
    pub(super) fn next(&self) -> HashMap<&'a ClipId, &'a ClipId> {
        let pairs = self.sequences.iter().flat_map(|clips| clips.windows(2));
        pairs.map(|pair| (&pair[0].clip, &pair[1].clip)).collect()
    }
}

/// Of a data set whose splits list clips.
fn filmed<'a>(
    catalog: &'a Catalog,
    splits: &[String],
    to: Layout,
) -> Result<Clips<'a>, ConvertError> {
    let mut chosen = vec![false; catalog.shots.len()];
    for split in splits {
        for shot in &catalog.split(split)?.shots {
            chosen[*shot as usize] = true;
        }
    }
    let mut kept = vec![false; catalog.shots.len()];
    let mut sequences: Vec<Vec<ShotIndex>> = Vec::new();
    for shots in joined(catalog, to)? {
        if shots.iter().any(|shot| chosen[*shot as usize]) {
            for shot in &shots {
                kept[*shot as usize] = true;
            }
            sequences.push(shots);
        }
    }
    // Clips that nothing is known to follow.
    for split in splits {
        for shot in &catalog.split(split)?.shots {
            if !std::mem::replace(&mut kept[*shot as usize], true) {
                sequences.push(vec![*shot]);
            }
        }
    }
    let frames = |name: &str, shots: &[ShotIndex]| {
        let frames = shots.iter().filter(|shot| kept[**shot as usize]);
        frames
            .map(|shot| catalog.frame(*shot, NeededBy::Split(name)))
            .collect::<Result<Vec<_>, _>>()
    };
    let mut lists = Vec::new();
    for (name, list) in in_order(&catalog.splits) {
        let frames = frames(name, &list.shots)?;
        if !frames.is_empty() || splits.contains(name) {
            lists.push((name.clone(), frames));
        }
    }
    let of = splits.first().map_or("", String::as_str);
    let sequences = sequences.iter().map(|shots| frames(of, shots));
    Ok(Clips {
        lists,
        sequences: sequences.collect::<Result<_, _>>()?,
    })
}

/// The episodes, joined where the publishers' stories go on behind the end of one: a cache that has an
/// entry for the clips alone that start a story says of the last ones nothing else.
fn joined(catalog: &Catalog, to: Layout) -> Result<Vec<Vec<ShotIndex>>, ConvertError> {
    let clip = |shot: ShotIndex| &catalog.shots[shot as usize].clip;
    let filmed = catalog.episodes.iter().map(|episode| &episode.shots);
    let fixed = catalog.fixed.iter().flat_map(|fixed| &fixed.followers);
    let fixed = fixed.map(|(first, next)| std::iter::once(*first).chain(next.iter().copied()));
    let mut next: HashMap<ShotIndex, ShotIndex> = HashMap::new();
    for shots in filmed.clone() {
        next.extend(shots.windows(2).map(|pair| (pair[0], pair[1])));
    }
    let mut order: Vec<ShotIndex> = filmed.clone().flatten().copied().collect();
    let known = next.len();
    for shots in fixed {
        let shots: Vec<ShotIndex> = shots.collect();
        for pair in shots.windows(2) {
            if *next.entry(pair[0]).or_insert(pair[1]) != pair[1] {
                return Err(ConvertError::ManyOrders {
                    clip: clip(pair[0]).clone(),
                    to,
                });
            }
        }
        order.extend(shots);
    }
    if next.len() == known {
        return Ok(filmed.cloned().collect());
    }
    let names: HashMap<String, String> = next
        .iter()
        .map(|(shot, after)| (clip(*shot).to_string(), clip(*after).to_string()))
        .collect();
    let mut seen = HashSet::new();
    order.retain(|shot| seen.insert(*shot));
    let sequences = chained(
        order.iter().map(|shot| (clip(*shot).as_str(), *shot)),
        &names,
    );
    let pairs = sequences.iter().flat_map(|shots| shots.windows(2));
    let found: HashSet<ShotIndex> = pairs.map(|pair| pair[0]).collect();
    match order
        .iter()
        .find(|shot| next.contains_key(*shot) && !found.contains(*shot))
    {
        Some(shot) => Err(ConvertError::ManyOrders {
            clip: clip(*shot).clone(),
            to,
        }),
        None => Ok(sequences),
    }
}

/// What follows each other, by the names of clips.
fn chained<'n, T: Copy>(
    order: impl Iterator<Item = (&'n str, T)> + Clone,
    next: &'n HashMap<String, String>,
) -> Vec<Vec<T>> {
    let by_name: HashMap<&str, T> = order.clone().collect();
    let known = |ids: &Vec<&str>| {
        ids.iter()
            .filter_map(|id| by_name.get(id).copied())
            .collect()
    };
    chains(order.map(|(name, _)| name), next)
        .iter()
        .map(known)
        .collect()
}

/// Of a data set that lists stories: windows that overlap are joined.
fn joined_stories<'a>(
    catalog: &'a Catalog,
    splits: &[String],
    to: Layout,
) -> Result<Clips<'a>, ConvertError> {
    let mut split_of: HashMap<ShotIndex, &str> = HashMap::new();
    for split in splits {
        let shots = &catalog.split(split)?.shots;
        split_of.extend(shots.iter().map(|shot| (*shot, split.as_str())));
    }
    let mut gathered = Gathered {
        to,
        frames: HashMap::new(),
        order: Vec::new(),
        next: HashMap::new(),
        last: HashMap::new(),
        starts: HashMap::new(),
    };
    let mut lists: Vec<(String, Vec<&StoryFrame>)> = splits
        .iter()
        .map(|split| (split.clone(), Vec::new()))
        .collect();
    let mut stories = Vec::new();
    for episode in &catalog.episodes {
        let Some(split) = episode.shots.first().and_then(|shot| split_of.get(shot)) else {
            continue;
        };
        let Some(list) = lists.iter_mut().find(|(name, _)| name == split) else {
            continue;
        };
        let unnamed = StoryId::new("");
        let id = episode.story.as_ref().unwrap_or(&unnamed);
        let frames = episode
            .shots
            .iter()
            .map(|shot| catalog.frame(*shot, NeededBy::Story(id)))
            .collect::<Result<Vec<_>, _>>()?;
        gathered.add(id, &frames)?;
        if gathered.starts_first(frames[0], split)? {
            list.1.push(frames[0]);
        }
        stories.push((*split, frames));
    }
    // What starts no story is in the split of the first story that shows it.
    for (split, frames) in stories {
        let Some(list) = lists.iter_mut().find(|(name, _)| name == split) else {
            continue;
        };
        for frame in frames {
            if !gathered.starts.contains_key(&frame.clip) {
                gathered.starts.insert(&frame.clip, split);
                list.1.push(frame);
            }
        }
    }
    gathered.clips(lists)
}

/// What was seen in stories.
struct Gathered<'a, 's> {
    to: Layout,
    frames: HashMap<&'a ClipId, &'a StoryFrame>,
    /// Clips in the order of their first appearance.
    order: Vec<&'a ClipId>,
    next: HashMap<String, String>,
    /// What comes before a clip.
    last: HashMap<&'a ClipId, &'a ClipId>,
    /// Split of the clips that start a story.
    starts: HashMap<&'a ClipId, &'s str>,
}

impl<'a, 's> Gathered<'a, 's> {
    fn add(&mut self, story: &StoryId, frames: &[&'a StoryFrame]) -> Result<(), ConvertError> {
        for frame in frames {
            match self.frames.get(&frame.clip) {
                Some(known) if known != frame => {
                    return Err(ConvertError::SeveralTexts {
                        clip: frame.clip.clone(),
                        story: story.clone(),
                        to: self.to,
                    });
                }
                Some(_) => {}
                None => {
                    self.frames.insert(&frame.clip, frame);
                    self.order.push(&frame.clip);
                }
            }
        }
        for pair in frames.windows(2) {
            let (clip, after) = (&pair[0].clip, &pair[1].clip);
            let next = self.next.insert(clip.to_string(), after.to_string());
            let last = self.last.insert(after, clip);
            if next.is_some_and(|known| known != after.as_str())
                || last.is_some_and(|known| known != clip)
            {
                return Err(self.many_orders(clip));
            }
        }
        Ok(())
    }

    /// The clips in the sequences that the stories tell.
    fn clips(&self, lists: Vec<(String, Vec<&'a StoryFrame>)>) -> Result<Clips<'a>, ConvertError> {
        let order = self.order.iter();
        let named = order.map(|clip| (clip.as_str(), self.frames[*clip]));
        let sequences = chained(named, &self.next);
        let clips = Clips { lists, sequences };
        // What runs in a circle was cut.
        let next = clips.next();
        match self.last.values().find(|clip| !next.contains_key(*clip)) {
            Some(clip) => Err(self.many_orders(clip)),
            None => Ok(clips),
        }
    }

    fn many_orders(&self, clip: &ClipId) -> ConvertError {
        ConvertError::ManyOrders {
            clip: clip.clone(),
            to: self.to,
        }
    }

    /// Whether this is the first story that starts with the clip.
    fn starts_first(
        &mut self,
        frame: &'a StoryFrame,
        split: &'s str,
    ) -> Result<bool, ConvertError> {
        match self.starts.insert(&frame.clip, split) {
            None => Ok(true),
            Some(known) if known == split => Ok(false),
            Some(known) => Err(ConvertError::TwoSplits {
                clip: frame.clip.clone(),
                to: self.to,
                first: known.to_owned(),
                second: split.to_owned(),
            }),
        }
    }
}

/// The splits as papers name them, then all others.
pub(super) fn in_order<T>(splits: &BTreeMap<String, T>) -> Vec<(&String, &T)> {
    let rank = |name: &str| {
        let known = ["train", "val", "test"];
        known
            .iter()
            .position(|known| *known == name)
            .unwrap_or(known.len())
    };
    let mut ordered: Vec<(&String, &T)> = splits.iter().collect();
    ordered.sort_by_key(|(name, _)| rank(name));
    ordered
}
