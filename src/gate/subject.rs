//! A run as the gate sees it.

use crate::evaluate::{EvaluateError, StoredRun};
use crate::metric::{FAMILIES, Parts, Reduction, Selection, reduce_with_parts};
use crate::record::{Absence, Scores, StoryId};
use crate::run::{Identity, Manifest, OBSERVED, Partition, RunError, Store, read_scores};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// What scores are made of, by metric and slice.
type PartsOfScores = BTreeMap<(String, String), Parts>;

/// A run that is compared with a baseline, or becomes one.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The run folder, for messages.
    pub folder: PathBuf,
    /// What was run.
    pub identity: Identity,
    /// Version of the program that drew.
    pub program: String,
    /// The command that made the run, program name first.
    pub command: Vec<String>,
    /// What is missing of a whole run; `None` for a whole one, or where it was not checked.
    pub missing: Option<String>,
    /// Its scores.
    pub scores: Scores,
    /// The planned stories, in order of their ids.
    pub stories: Vec<StoryId>,
    /// What scores are made of story by story, by metric and slice, where that is known.
    pub parts: BTreeMap<(String, String), Parts>,
    /// What a judgement of it lacks.
    pub notes: Vec<String>,
}

impl Subject {
    /// Reads a run with scores; `missing` stays open.
    ///
    /// # Errors
    /// A manifest, scores or observations that cannot be read.
    pub fn read(folder: &Path) -> Result<Self, EvaluateError> {
        let manifest = Manifest::read(folder)?;
        let scores = read_scores(folder)?;
        let mut notes = Vec::new();
        let (stories, parts) = if folder.join(OBSERVED).is_file() {
            parts(folder, &manifest, &scores, &mut notes)?
        } else {
            notes.push(format!(
                "{} has no observations; its scores are judged by their intervals alone",
                folder.display()
            ));
            (Vec::new(), PartsOfScores::new())
        };
        let session = manifest.sessions.first();
        Ok(Self {
            folder: folder.to_path_buf(),
            program: session.map_or_else(String::new, |it| it.version.clone()),
            command: session.map_or_else(Vec::new, |it| it.command.clone()),
            missing: None,
            stories,
            parts,
            notes,
            identity: manifest.identity,
            scores,
        })
    }
}

/// Most frames of which the distances between all pairs are gone through once more.
const MOST_PAIRED: usize = 4000;

/// The planned stories and what scores are made of.
fn parts(
    run: &Path,
    manifest: &Manifest,
    scores: &Scores,
    notes: &mut Vec<String>,
) -> Result<(Vec<StoryId>, PartsOfScores), EvaluateError> {
    let cards = manifest.cards(run)?;
    let mut protocol = cards.protocol.clone();
    // Scores of another protocol than the run's own are not made of what is read here.
    if protocol.id != scores.protocol {
        return Ok((Vec::new(), PartsOfScores::new()));
    }
    let frames = scores.scores.iter().map(|score| score.planned).max();
    if frames > Some(MOST_PAIRED) {
        for family in FAMILIES {
            if family.reduction == Reduction::PairsOfFrames {
                (family.drop)(&mut protocol);
            }
        }
        notes.push(format!(
            "{} has more than {MOST_PAIRED} frames; metrics of pairs of frames (KID, precision, recall) are judged by their intervals",
            run.display()
        ));
    }
    let stored = StoredRun::read_with(run, &protocol, false)?;
    let context = stored.context(&manifest.identity, &cards, run)?;
    let input = stored.input(&protocol, &context);
    let reduced = reduce_with_parts(&input, &Selection::everything());
    let known = reduced.into_iter().filter_map(|it| match it.parts {
        Parts::None(_) => None,
        parts => Some(((it.score.metric, it.score.slice), parts)),
    });
    let stories: BTreeSet<&StoryId> = stored.places().map(|(story, _)| story).collect();
    Ok((stories.into_iter().cloned().collect(), known.collect()))
}

/// What a run lacks to be a whole one.
///
/// # Errors
/// A run folder that cannot be read.
pub fn missing(run: &Path) -> Result<Option<String>, RunError> {
    let store = Store::open(run)?;
    let partition = store.partition();
    if partition != Partition::WHOLE {
        return Ok(Some(format!("it is the part {partition} of a run")));
    }
    if let Err(outstanding) = store.require_complete() {
        return Ok(Some(outstanding.to_string()));
    }
    let absent = store
        .units()
        .flat_map(|unit| unit.frames().map(move |frame| (unit, frame)))
        .filter(|(unit, frame)| {
            let absence = store.absence(unit, *frame);
            matches!(absence, Some(Absence::Missing | Absence::Failed))
        })
        .count();
    Ok((absent > 0).then(|| format!("{absent} of its frames are missing")))
}

/// Options of a command that say where something lies and not what is computed; each takes a value.
const PLACES: [&str; 3] = ["--out", "--cache", "--data"];

/// The arguments with which another user can make a run again: without the program's name, and without places of
/// this machine.
pub(super) fn arguments(command: &[String]) -> Vec<String> {
    let mut kept = Vec::new();
    let mut words = command.iter().skip(1);
    while let Some(word) = words.next() {
        let (name, joined) = match word.split_once('=') {
            Some((name, _)) => (name, true),
            None => (word.as_str(), false),
        };
        if PLACES.contains(&name) {
            if !joined {
                words.next();
            }
        } else {
            kept.push(word.clone());
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_of_this_machine_are_not_kept() {
        let command = "/home/me/storyeval run --dataset minisv --out /tmp/x --cache=/c --limit 25";
        let words: Vec<String> = command.split(' ').map(str::to_owned).collect();
        assert_eq!(
            arguments(&words),
            ["run", "--dataset", "minisv", "--limit", "25"]
        );
    }
}
