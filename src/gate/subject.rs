//! A run as the gate sees it.

use crate::metric::StorySums;
use crate::record::{Scores, StoryId};
use crate::run::Identity;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A run that is held against a baseline, or becomes one.
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
    /// What is missing of a whole run; `None` for a whole one, or where nobody looked.
    pub missing: Option<String>,
    /// Its scores.
    pub scores: Scores,
    /// The planned stories, in order of their ids.
    pub stories: Vec<StoryId>,
    /// What scores are made of story by story, by metric and slice, where that is known. One cluster a story.
    pub sums: BTreeMap<(String, String), StorySums>,
}

/// Options of a command that say where something lies and not what is computed; each takes a value.
const PLACES: [&str; 3] = ["--out", "--cache", "--data"];

/// The arguments with which anybody can make a run again: without the program's name, and without places of
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
