//! Several runs side by side: what every table format shows.

use super::ReportError;
use crate::metric::{Group, about};
use crate::record::{Score, Scores, signature_differences, without_count};
use std::collections::{BTreeMap, BTreeSet};

/// What a table shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableOptions {
    /// Slices, a section each; those that no run has are left out.
    pub slices: Vec<String>,
    /// Show every metric, not only the columns of papers.
    pub detail: bool,
    /// Show scores with different signatures in one column all the same, with a note.
    pub force: bool,
}

impl Default for TableOptions {
    fn default() -> Self {
        Self {
            slices: ["all", "pronoun", "no_pronoun"]
                .map(ToOwned::to_owned)
                .to_vec(),
            detail: false,
            force: false,
        }
    }
}

/// Runs that may be shown together.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// The runs, in the order given.
    pub(super) runs: Vec<Scores>,
    /// One section a slice.
    pub(super) sections: Vec<Section>,
    /// What stands below: `(heading, lines)`.
    pub(super) notes: Vec<(&'static str, Vec<String>)>,
}

/// The table of one slice.
#[derive(Clone, Debug)]
pub(super) struct Section {
    pub(super) title: String,
    pub(super) columns: Vec<Column>,
    pub(super) rows: Vec<Row>,
}

/// A metric.
#[derive(Clone, Debug)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) higher_is_better: bool,
}

/// A model.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) label: String,
    /// One a column; `None` where there is no value.
    pub(super) cells: Vec<Option<Cell>>,
    /// Frames scored, smallest and largest over the columns, and planned.
    pub(super) scored: [usize; 2],
    pub(super) planned: usize,
}

/// A value as it is printed.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    pub(super) value: String,
    pub(super) interval: Option<[String; 2]>,
}

impl Comparison {
    /// Puts runs together, a row each, after checking that every metric of every slice was computed
    /// the same way in all of them.
    ///
    /// # Errors
    /// [`ReportError::Incomparable`] (exit 98) for signatures that differ in more than the number of
    /// frames and the model, unless forced; no run; a score that a run has twice.
    pub fn new(runs: &[Scores], options: &TableOptions) -> Result<Self, ReportError> {
        if runs.is_empty() {
            return Err(ReportError::NoRuns);
        }
        check_unique(runs)?;
        let mut forced = BTreeSet::new();
        for difference in incomparable(runs) {
            if !options.force {
                return Err(difference);
            }
            forced.insert(difference.to_string());
        }
        let labels = labels(runs);
        let sections: Vec<Section> = options
            .slices
            .iter()
            .flat_map(|slice| Group::ALL.map(|group| (slice, group)))
            .filter(|(_, group)| options.detail || *group != Group::Detail)
            .filter_map(|(slice, group)| section(runs, &labels, slice, group))
            .collect();
        let shown: Vec<(&String, &Score)> = options
            .slices
            .iter()
            .flat_map(|slice| {
                let of_slice = move |score: &&Score| {
                    score.slice == *slice
                        && score.planned > 0
                        && (options.detail || about(score).group != Group::Detail)
                };
                runs.iter().zip(&labels).flat_map(move |(run, label)| {
                    run.scores.iter().filter(of_slice).map(move |s| (label, s))
                })
            })
            .collect();
        let notes = [
            (
                "Forced together although not comparable",
                forced.into_iter().collect(),
            ),
            (
                "Notes",
                [run_notes(runs, &labels), remarks(&shown)].concat(),
            ),
            ("Signatures", signatures(&shown)),
        ];
        Ok(Self {
            runs: runs.to_vec(),
            sections,
            notes: notes
                .into_iter()
                .filter(|(_, lines): &(_, Vec<String>)| !lines.is_empty())
                .collect(),
        })
    }
}

fn check_unique(runs: &[Scores]) -> Result<(), ReportError> {
    for run in runs {
        let mut seen = BTreeSet::new();
        if let Some(twice) = run
            .scores
            .iter()
            .find(|s| !seen.insert((&s.metric, &s.slice)))
        {
            return Err(ReportError::DuplicateScore {
                run: run.run.clone(),
                metric: twice.metric.clone(),
                slice: twice.slice.clone(),
            });
        }
    }
    Ok(())
}

/// Every difference to the first run that has the score. A score without a value is in no column's
/// ranking, but its signature still says how it would have been computed: it is not checked.
fn incomparable(runs: &[Scores]) -> Vec<ReportError> {
    let mut first: BTreeMap<(&str, &str), (&str, &str)> = BTreeMap::new();
    let mut errors = Vec::new();
    for run in runs {
        for score in run.scores.iter().filter(|score| score.value.is_some()) {
            let key = (score.metric.as_str(), score.slice.as_str());
            let (name, signature) = *first.entry(key).or_insert((&run.run, &score.signature));
            let differences = signature_differences(signature, &score.signature);
            if !differences.is_empty() {
                errors.push(ReportError::Incomparable {
                    metric: score.metric.clone(),
                    first: name.to_owned(),
                    second: run.run.clone(),
                    differences,
                });
            }
        }
    }
    errors
}

/// Model ids; with the run's name where a model occurs more than once.
fn labels(runs: &[Scores]) -> Vec<String> {
    runs.iter()
        .map(|run| {
            if runs.iter().filter(|other| other.model == run.model).count() > 1 {
                format!("{} ({})", run.model, run.run)
            } else {
                run.model.clone()
            }
        })
        .collect()
}

/// The table of a slice; `None` where no run has a frame in it, as the original text has no pronouns.
fn section(runs: &[Scores], labels: &[String], slice: &str, group: Group) -> Option<Section> {
    let scores: Vec<Vec<&Score>> = runs
        .iter()
        .map(|run| {
            let wanted = |s: &&Score| s.slice == slice && about(s).group == group;
            run.scores.iter().filter(wanted).collect()
        })
        .collect();
    if scores.iter().flatten().all(|score| score.planned == 0) {
        return None;
    }
    let mut metrics: Vec<&Score> = Vec::new();
    for score in scores.iter().flatten() {
        if !metrics.iter().any(|known| known.metric == score.metric) {
            metrics.push(score);
        }
    }
    if metrics.is_empty() {
        return None;
    }
    metrics.sort_by_key(|score| about(score).order);
    let rows = scores.iter().zip(labels).map(|(scores, label)| Row {
        label: label.clone(),
        cells: metrics
            .iter()
            .map(|column| {
                scores
                    .iter()
                    .find(|s| s.metric == column.metric)
                    .and_then(|s| cell(s))
            })
            .collect(),
        scored: [
            scores.iter().map(|s| s.n).min().unwrap_or(0),
            scores.iter().map(|s| s.n).max().unwrap_or(0),
        ],
        planned: scores.iter().map(|s| s.planned).max().unwrap_or(0),
    });
    Some(Section {
        title: title(slice) + group.title(),
        rows: rows.collect(),
        columns: metrics
            .iter()
            .map(|s| Column {
                name: about(s).name,
                higher_is_better: s.higher_is_better,
            })
            .collect(),
    })
}

fn title(slice: &str) -> String {
    match slice {
        "all" => "All frames".to_owned(),
        "pronoun" => "Frames whose text has a pronoun in place of a name".to_owned(),
        "no_pronoun" => "Frames whose text names everybody".to_owned(),
        other => other.replacen("frame_", "Frame ", 1),
    }
}

fn cell(score: &Score) -> Option<Cell> {
    let decimals = about(score).decimals;
    Some(Cell {
        value: number(score.value?, decimals),
        interval: score
            .interval
            .map(|ends| ends.map(|end| number(end, decimals))),
    })
}

fn number(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    // A rounded minus zero reads like a mistake.
    match text.strip_prefix('-') {
        Some(rest) if rest.chars().all(|c| c == '0' || c == '.') => rest.to_owned(),
        _ => text,
    }
}

/// What holds of all numbers of a run.
fn run_notes(runs: &[Scores], labels: &[String]) -> Vec<String> {
    let of_run = |(run, label): (&Scores, &String)| {
        let notes = run.notes.iter();
        notes
            .map(|note| format!("{note} ({label})"))
            .collect::<Vec<_>>()
    };
    runs.iter().zip(labels).flat_map(of_run).collect()
}

/// Reasons for missing values, warnings, and different numbers of frames under a distance; lines that
/// say the same of several models are put together.
fn remarks(shown: &[(&String, &Score)]) -> Vec<String> {
    let mut lines: Vec<(String, Vec<&str>)> = Vec::new();
    for (label, score) in shown {
        let reason = score
            .unscored
            .iter()
            .map(|reason| format!("no value: {reason}"));
        for text in reason.chain(score.warnings.iter().cloned()) {
            let line = format!("{} on {}: {text}", score.metric, score.slice);
            match lines.iter_mut().find(|(known, _)| *known == line) {
                Some((_, models)) => models.push(label),
                None => lines.push((line, vec![label])),
            }
        }
    }
    let mut remarks: Vec<String> = lines
        .into_iter()
        .map(|(line, models)| format!("{line} ({})", models.join(", ")))
        .collect();
    // These depend on how many frames there are, whatever the frames show.
    let of_sets = ["fid", "kid", "precision", "recall", "coverage", "is"];
    let mut sizes: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
    for (_, score) in shown {
        if of_sets.contains(&score.metric.as_str()) && score.value.is_some() {
            sizes.entry(&score.metric).or_default().insert(score.n);
        }
    }
    if sizes.values().any(|sizes| sizes.len() > 1) {
        remarks
            .push("distances fall with the number of frames, and the rows differ in it".to_owned());
    }
    remarks
}

fn signatures(shown: &[(&String, &Score)]) -> Vec<String> {
    let mut lines = Vec::new();
    for (_, score) in shown.iter().filter(|(_, score)| score.value.is_some()) {
        let line = without_count(&score.signature);
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    lines
}

#[cfg(test)]
#[path = "table_tests.rs"]
mod tests;
