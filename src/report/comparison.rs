//! Several runs side by side: what every table format shows.

use super::footnotes::Footnotes;
use super::remarks::{remarks, run_notes};
use super::sections::{Section, columns_of, scored, section};
use super::{ColumnChoice, ReportError, TableOptions};
use crate::metric::{Group, about};
use crate::record::{Score, Scores, signature_differences};
use crate::table::{Block, Cell, Column, Direction, Document, Line, Row, Table};
use std::collections::{BTreeMap, BTreeSet};

/// Runs that may be shown together.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// The runs with the scores that were asked for, in the order given.
    pub(super) runs: Vec<Scores>,
    /// Names of the rows, one a run.
    pub(super) labels: Vec<String>,
    sections: Vec<Section>,
    intervals: bool,
    footnotes: Footnotes,
    /// What stands below: `(heading, lines)`.
    notes: Vec<(&'static str, Vec<String>)>,
}

/// The runs that have a value in a column, best value first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ranking {
    /// Metric id.
    pub metric: String,
    /// Slice.
    pub slice: String,
    /// Positions of the runs.
    pub runs: Vec<usize>,
}

impl Comparison {
    /// Puts runs together, a row each, after checking that every metric of every slice was computed
    /// the same way in all of them.
    ///
    /// # Errors
    /// [`ReportError::Incomparable`] (exit 98) for signatures that differ in more than the number of
    /// frames and the model, unless forced; no run; a score that a run has twice; columns or slices that
    /// were asked for and that no run has; not as many labels as runs.
    pub fn new(runs: &[Scores], options: &TableOptions) -> Result<Self, ReportError> {
        if runs.is_empty() {
            return Err(ReportError::NoRuns);
        }
        check_unique(runs)?;
        check_asked(runs, options)?;
        let mut forced = BTreeSet::new();
        for difference in incomparable(runs) {
            if !options.force {
                return Err(difference);
            }
            forced.insert(difference.to_string());
        }
        let labels = if options.labels.is_empty() {
            labels(runs)
        } else {
            options.labels.clone()
        };
        let slices = options.slices();
        let mut footnotes = Footnotes::default();
        let mut sections = Vec::new();
        for slice in &slices {
            for (suffix, metrics) in columns_of(runs, slice, options) {
                sections.extend(section(runs, slice, suffix, &metrics, &mut footnotes));
            }
        }
        let shown: Vec<(&String, &Score)> = slices
            .iter()
            .flat_map(|slice| {
                runs.iter().zip(&labels).flat_map(move |(run, label)| {
                    let is_shown = move |score: &&Score| {
                        score.slice == *slice && score.planned > 0 && options.shows(score)
                    };
                    run.scores.iter().filter(is_shown).map(move |s| (label, s))
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
        ];
        Ok(Self {
            runs: runs.iter().map(|run| asked(run, options)).collect(),
            labels,
            sections,
            intervals: options.intervals,
            footnotes,
            notes: notes.to_vec(),
        })
    }

    /// Every column with at least two values that were computed alike, best value first: what has to be
    /// tested before the best one may be set in bold.
    #[must_use]
    pub fn rankings(&self) -> Vec<Ranking> {
        let mut rankings = Vec::new();
        for section in &self.sections {
            for (at, column) in section.columns.iter().enumerate() {
                let entries = section.rows.iter().enumerate();
                let mut values: Vec<(usize, f64)> = entries
                    .filter_map(|(run, row)| {
                        let entry = row.cells[at].as_ref()?;
                        entry.mark.is_none().then_some((run, entry.number))
                    })
                    .collect();
                values.sort_by(|(_, a), (_, b)| {
                    let (first, second) = if column.higher_is_better {
                        (b, a)
                    } else {
                        (a, b)
                    };
                    first.total_cmp(second)
                });
                if values.len() > 1 {
                    rankings.push(Ranking {
                        metric: column.metric.clone(),
                        slice: section.slice.clone(),
                        runs: values.into_iter().map(|(run, _)| run).collect(),
                    });
                }
            }
        }
        rankings
    }

    /// What is printed. In bold stands the best value of each column in `significant`, which holds the
    /// rankings whose first run is better than every other by more than chance; `claim` says below the
    /// tables how that was found, where anybody looked.
    #[must_use]
    pub fn document(&self, significant: &[Ranking], claim: Option<&str>) -> Document {
        let mut document = Document::default();
        for section in &self.sections {
            let best = |metric: &str| {
                let of_column =
                    |ranking: &&Ranking| ranking.metric == metric && ranking.slice == section.slice;
                let ranking = significant.iter().find(of_column)?;
                ranking.runs.first().copied()
            };
            document
                .blocks
                .push(Block::Table(self.table(section, best)));
        }
        if self.intervals {
            let words = "95 % intervals over stories, in brackets.".to_owned();
            document.blocks.push(Block::Text(words));
        }
        if self.over_seeds() {
            document
                .blocks
                .push(Block::Text(super::seeds::CLAIM.to_owned()));
        }
        if let Some(claim) = claim {
            document.blocks.push(Block::Text(claim.to_owned()));
        }
        for (heading, lines) in &self.notes {
            let lines = lines.iter().cloned().map(Line::Prose).collect();
            document.note(heading, lines);
        }
        document.note("Signatures", self.footnotes.lines());
        document
    }

    /// Whether a value is a mean over seeds.
    fn over_seeds(&self) -> bool {
        let mut scores = self.runs.iter().flat_map(|run| &run.scores);
        scores.any(|score| score.seeds.is_some())
    }

    fn table(&self, section: &Section, best: impl Fn(&str) -> Option<usize>) -> Table {
        let mut columns = vec![Column::text("model")];
        columns.extend(section.columns.iter().map(|column| Column {
            signature: column.mark.clone(),
            ..Column::number(&column.name, Some(Direction::of(column.higher_is_better)))
        }));
        columns.push(Column::number("scored / planned", None));
        let rows = section.rows.iter().enumerate().map(|(run, row)| {
            let mut cells = vec![Cell::new(&self.labels[run])];
            for (entry, column) in row.cells.iter().zip(&section.columns) {
                cells.push(entry.as_ref().map_or_else(Cell::absent, |entry| Cell {
                    text: entry.value.clone(),
                    interval: entry.interval.clone().filter(|_| self.intervals),
                    best: best(&column.metric) == Some(run),
                    marks: entry.mark.iter().cloned().collect(),
                }));
            }
            cells.push(Cell::new(scored(row)));
            Row::Cells(cells)
        });
        Table {
            title: Some(section.title.clone()),
            rows: rows.collect(),
            columns,
        }
    }
}

impl TableOptions {
    fn shows(&self, score: &Score) -> bool {
        if self.columns.is_empty() {
            self.detail || about(score).group != Group::Detail
        } else {
            self.columns
                .iter()
                .any(|column| column.metric == score.metric)
        }
    }
}

/// A run with the scores that the user typed metrics and slices of; with all where none was typed.
fn asked(run: &Scores, options: &TableOptions) -> Scores {
    let mut run = run.clone();
    run.scores.retain(|score| {
        let of_column = |column: &ColumnChoice| column.metric == score.metric;
        let of_slices = |slices: &Vec<String>| slices.contains(&score.slice);
        (options.columns.is_empty() || options.columns.iter().any(of_column))
            && options.slices.as_ref().is_none_or(of_slices)
    });
    run
}

/// Columns and slices that the user typed are in some run, and labels are as many as runs.
fn check_asked(runs: &[Scores], options: &TableOptions) -> Result<(), ReportError> {
    let all = |of: fn(&Score) -> &String| -> Vec<String> {
        let mut known: Vec<String> = Vec::new();
        for value in runs.iter().flat_map(|run| &run.scores).map(of) {
            if !known.contains(value) {
                known.push(value.clone());
            }
        }
        known
    };
    let known = all(|score| &score.metric);
    for column in &options.columns {
        if !known.contains(&column.metric) {
            return Err(ReportError::unknown("metric", &column.metric, known));
        }
    }
    let known = all(|score| &score.slice);
    for slice in options.slices.iter().flatten() {
        if !known.contains(slice) {
            return Err(ReportError::unknown("slice", slice, known));
        }
    }
    if !options.labels.is_empty() && options.labels.len() != runs.len() {
        return Err(ReportError::Labels {
            labels: options.labels.len(),
            runs: runs.len(),
        });
    }
    Ok(())
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

#[cfg(test)]
#[path = "table_tests.rs"]
mod tests;
