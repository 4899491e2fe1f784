//! One sentence: what a comparison comes to.

use super::finding::Finding;
use super::text::{amount, percent_points};
use crate::stats::{LEVEL, POWER};
use serde::Serialize;

/// What a comparison comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Word {
    /// At least one metric is better by more than chance, none worse.
    Better,
    /// At least one is worse, none better.
    Worse,
    /// Some are better, some worse.
    Mixed,
    /// None differs by more than chance: no difference that this many stories could show.
    NoDifference,
    /// Nothing could be tested.
    Untested,
}

/// The verdict on a candidate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// In a word.
    pub word: Word,
    /// Metrics of `all` that are better at 5 % after Holm's correction.
    pub better: Vec<String>,
    /// Metrics that are worse.
    pub worse: Vec<String>,
    /// In a sentence.
    pub sentence: String,
}

impl Verdict {
    /// Of the findings on all frames.
    pub(super) fn of(base: &str, candidate: &str, findings: &[Finding]) -> Self {
        let on_all = || findings.iter().filter(|finding| finding.slice == "all");
        let names = |better: bool| -> Vec<String> {
            let found = on_all().filter(|finding| finding.significant() == Some(better));
            found.map(|finding| finding.metric.clone()).collect()
        };
        let (better, worse) = (names(true), names(false));
        let tested = on_all().filter(|finding| finding.p.is_some()).count();
        let word = match (better.is_empty(), worse.is_empty()) {
            _ if tested == 0 => Word::Untested,
            (false, true) => Word::Better,
            (true, false) => Word::Worse,
            (false, false) => Word::Mixed,
            (true, true) => Word::NoDifference,
        };
        let stories = on_all().map(|finding| finding.stories).max().unwrap_or(0);
        let list = |better: bool| {
            let found = on_all().filter(|finding| finding.significant() == Some(better));
            let words: Vec<String> = found.map(with_difference).collect();
            words.join(", ")
        };
        let sentence = match word {
            Word::Better => format!(
                "{candidate} is better than {base}: {}. No metric is worse by more than chance ({tested} tested, Holm, {stories} stories).",
                list(true)
            ),
            Word::Worse => format!(
                "{candidate} is worse than {base}: {}. No metric is better by more than chance ({tested} tested, Holm, {stories} stories).",
                list(false)
            ),
            Word::Mixed => format!(
                "Mixed: {candidate} is better than {base} in {}, and worse in {} ({tested} tested, Holm, {stories} stories).",
                list(true),
                list(false)
            ),
            Word::NoDifference => format!(
                "No difference between {candidate} and {base} that {stories} stories could show. With {:.0} % power at {:.0} % a single test of this size finds {}.",
                100.0 * POWER,
                100.0 * LEVEL,
                detectable(on_all())
            ),
            Word::Untested => format!("{candidate} could not be tested against {base}."),
        };
        Self {
            word,
            better,
            worse,
            sentence,
        }
    }
}

/// `Char-Acc +4.2 (p 0.003)`.
fn with_difference(finding: &Finding) -> String {
    let about = finding.about();
    let difference = finding.difference.unwrap_or(0.0);
    format!(
        "{} {}",
        about.name.trim_end_matches(" %"),
        amount(difference, about.decimals, true) + percent_points(finding.unit)
    )
}

/// The smallest differences that could have been found.
fn detectable<'a>(findings: impl Iterator<Item = &'a Finding>) -> String {
    let known: Vec<String> = findings
        .filter_map(|finding| {
            let about = finding.about();
            let least = amount(finding.detectable?, about.decimals, false);
            let name = about.name.trim_end_matches(" %").to_owned();
            Some(format!("{name} {least}{}", percent_points(finding.unit)))
        })
        .collect();
    if known.is_empty() {
        "nothing: there are too few stories, or none of them differs".to_owned()
    } else {
        format!("a true difference of {} or more", known.join(", "))
    }
}
