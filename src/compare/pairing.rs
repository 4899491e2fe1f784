//! The frames that every run has: what is paired.

use super::{CompareError, Side};
use crate::record::{FrameIndex, StoryId};
use std::collections::{BTreeMap, BTreeSet};

type Key = (StoryId, FrameIndex);

/// What was paired, and what was not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Paired {
    /// Frames that were seen in every run.
    pub(super) frames: usize,
    /// Stories of these frames.
    pub(super) stories: usize,
    /// Frames that some run plans, and another does not have or has not seen: `(label, how many)`.
    pub(super) missing: Vec<(String, usize)>,
}

/// Brings all runs to the frames that all of them plan, in one order, and makes absent in all of them what
/// is absent in one.
pub(super) fn pair(sides: &mut [Side]) -> Result<Paired, CompareError> {
    let keys: Vec<Vec<BTreeMap<Key, usize>>> = sides
        .iter()
        .map(|side| side.runs.iter().map(rows).collect::<Result<_, _>>())
        .collect::<Result<_, _>>()?;
    let all = || keys.iter().flatten();
    let planned: BTreeSet<&Key> = all().flat_map(BTreeMap::keys).collect();
    let shared: Vec<&Key> = planned
        .iter()
        .copied()
        .filter(|key| all().all(|rows| rows.contains_key(*key)))
        .collect();
    let mut absent: BTreeSet<usize> = BTreeSet::new();
    let mut missing = Vec::new();
    for (side, keys) in sides.iter_mut().zip(&keys) {
        let mut lost: BTreeSet<&Key> = BTreeSet::new();
        for (run, rows) in side.runs.iter_mut().zip(keys) {
            lost.extend(planned.iter().filter(|key| !rows.contains_key(**key)));
            let order: Vec<usize> = in_plan_order(&shared, rows);
            let same = order.len() == rows.len() && order.iter().enumerate().all(|(a, b)| a == *b);
            if !same {
                run.stored = run.stored.select(&order);
            }
        }
        missing.push((side.label.clone(), lost));
    }
    // After that every run has the same rows, in the order of the first run's plan.
    let order: Vec<Key> = sides
        .first()
        .and_then(|side| side.runs.first())
        .map(|run| run.stored.places().map(|(s, f)| (s.clone(), f)).collect())
        .unwrap_or_default();
    for (side, (_, lost)) in sides.iter_mut().zip(&mut missing) {
        for run in &mut side.runs {
            let places: BTreeMap<Key, usize> = run
                .stored
                .places()
                .map(|(s, f)| (s.clone(), f))
                .zip(0..)
                .collect();
            let rows: Vec<usize> = order.iter().map(|key| places[key]).collect();
            if rows.iter().enumerate().any(|(a, b)| a != *b) {
                run.stored = run.stored.select(&rows);
            }
            for row in run.stored.unseen() {
                absent.insert(row);
                lost.extend(planned.get(&order[row]));
            }
        }
    }
    for run in sides.iter_mut().flat_map(|side| &mut side.runs) {
        for row in &absent {
            run.stored.forget(*row);
        }
    }
    let left = order
        .iter()
        .enumerate()
        .filter(|(row, _)| !absent.contains(row));
    let stories: BTreeSet<&StoryId> = left.clone().map(|(_, key)| &key.0).collect();
    Ok(Paired {
        frames: left.count(),
        stories: stories.len(),
        missing: missing
            .into_iter()
            .filter(|(_, lost)| !lost.is_empty())
            .map(|(label, lost)| (label, lost.len()))
            .collect(),
    })
}

/// Row of each planned frame.
fn rows(run: &super::ComparedRun) -> Result<BTreeMap<Key, usize>, CompareError> {
    let mut rows = BTreeMap::new();
    for (row, (story, frame)) in run.stored.places().enumerate() {
        if rows.insert((story.clone(), frame), row).is_some() {
            return Err(CompareError::Repeated {
                run: run.scores.run.clone(),
                story: story.to_string(),
                frame: frame.0,
            });
        }
    }
    Ok(rows)
}

fn in_plan_order(shared: &[&Key], rows: &BTreeMap<Key, usize>) -> Vec<usize> {
    let mut order: Vec<usize> = shared.iter().map(|key| rows[*key]).collect();
    order.sort_unstable();
    order
}
