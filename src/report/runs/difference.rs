//! In what two runs differ, and which of their scores may be compared.

use super::flat::flatten;
use crate::record::{Score, signature_differences};
use crate::run::RunSummary;
use crate::table::{Block, Cell, Column, Document, Line, Row, Table};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeSet;

/// A field that is not the same in both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Changed {
    /// Its dotted name.
    pub field: String,
    /// The value in the first run; `None` where it has none.
    pub first: Option<String>,
    /// The value in the second run.
    pub second: Option<String>,
}

/// A metric of a slice that one of two runs has.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ScoreDifference {
    /// Metric id.
    pub metric: String,
    /// Slice.
    pub slice: String,
    /// Its value in the first run.
    pub first: Option<f64>,
    /// Its value in the second run.
    pub second: Option<f64>,
    /// Whether both have a value and were computed alike.
    pub comparable: bool,
    /// What of the signatures differs, as `key: first / second`, or which run has no value.
    pub why: Vec<String>,
}

/// How two runs differ.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunDifference {
    /// Folder of the first.
    pub first: String,
    /// Folder of the second.
    pub second: String,
    /// What makes them other runs.
    pub identity: Vec<Changed>,
    /// The cards, field by field.
    pub cards: Vec<Changed>,
    /// How they were worked on: versions, devices, command lines.
    pub sessions: Vec<Changed>,
    /// Every metric of every slice that one of them has.
    pub scores: Vec<ScoreDifference>,
}

impl RunDifference {
    /// Compares two runs.
    #[must_use]
    pub fn new(first: &RunSummary, second: &RunSummary) -> Self {
        let (a, b) = (&first.manifest, &second.manifest);
        Self {
            first: first.root.display().to_string(),
            second: second.root.display().to_string(),
            identity: changes(&plain(&a.identity), &plain(&b.identity)),
            cards: changes(a.raw_cards(), b.raw_cards()),
            sessions: changes(&plain(&a.sessions), &plain(&b.sessions)),
            scores: scores(first, second),
        }
    }

    /// What people read.
    #[must_use]
    pub fn document(&self) -> Document {
        let mut document = Document::default();
        for (title, changed) in [
            ("Identity", &self.identity),
            ("Cards", &self.cards),
            ("Sessions", &self.sessions),
        ] {
            document.blocks.push(if changed.is_empty() {
                Block::Text(format!("{title}: no difference."))
            } else {
                Block::Table(self.fields(title, changed))
            });
        }
        let comparable = self.scores.iter().filter(|score| score.comparable).count();
        let words = match self.scores.len() {
            0 => "Neither run has scores.".to_owned(),
            all if all == comparable => format!("Scores: all {all} are comparable."),
            all => format!("Scores: {comparable} of {all} are comparable."),
        };
        document.blocks.push(Block::Text(words));
        document.note("Not comparable", self.incomparable());
        document
    }

    fn fields(&self, title: &str, changed: &[Changed]) -> Table {
        let cell = |value: &Option<String>| value.as_ref().map_or_else(Cell::absent, Cell::new);
        let rows = changed.iter().map(|field| {
            Row::Cells(vec![
                Cell::new(&field.field),
                cell(&field.first),
                cell(&field.second),
            ])
        });
        Table {
            title: Some(title.to_owned()),
            columns: vec![
                Column::text("field"),
                Column::text(&self.first),
                Column::text(&self.second),
            ],
            rows: rows.collect(),
        }
    }

    /// A line a reason, with the metrics that it holds of: slices mostly share one.
    fn incomparable(&self) -> Vec<Line> {
        let mut reasons: Vec<(String, Vec<String>)> = Vec::new();
        for score in self.scores.iter().filter(|score| !score.comparable) {
            let why = score.why.join("; ");
            let name = format!("{} on {}", score.metric, score.slice);
            match reasons.iter_mut().find(|(known, _)| *known == why) {
                Some((_, names)) => names.push(name),
                None => reasons.push((why, vec![name])),
            }
        }
        let line = |(why, names): (String, Vec<String>)| {
            let shown = names.len().min(6);
            let more = match names.len() - shown {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            Line::Prose(format!("{why}: {}{more}", names[..shown].join(", ")))
        };
        reasons.into_iter().map(line).collect()
    }
}

fn plain(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or(Value::Null)
}

fn changes(first: &Value, second: &Value) -> Vec<Changed> {
    let (a, b) = (flatten(first), flatten(second));
    let names: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
    names
        .into_iter()
        .filter(|name| a.get(*name) != b.get(*name))
        .map(|name| Changed {
            field: name.clone(),
            first: a.get(name).cloned(),
            second: b.get(name).cloned(),
        })
        .collect()
}

fn scores(first: &RunSummary, second: &RunSummary) -> Vec<ScoreDifference> {
    let of = |run: &'_ RunSummary| -> Vec<Score> {
        let scores = run.scores.iter().flat_map(|scores| &scores.scores);
        scores.cloned().collect()
    };
    let (a, b) = (of(first), of(second));
    let find = |scores: &'_ [Score], key: &Score| -> Option<Score> {
        let same = |score: &&Score| score.metric == key.metric && score.slice == key.slice;
        scores.iter().find(same).cloned()
    };
    let only_second = b.iter().filter(|score| find(&a, score).is_none());
    let keys: Vec<&Score> = a.iter().chain(only_second).collect();
    keys.into_iter()
        .map(|key| compare(key, find(&a, key), find(&b, key)))
        .collect()
}

fn compare(key: &Score, first: Option<Score>, second: Option<Score>) -> ScoreDifference {
    let mut why = Vec::new();
    for (score, which) in [(&first, "the first run"), (&second, "the second run")] {
        match score {
            None => why.push(format!("{which} has no such score")),
            Some(score) if score.value.is_none() => {
                let reason = score.unscored.as_deref().unwrap_or("no value");
                why.push(format!("not scored in {which} ({reason})"));
            }
            Some(_) => {}
        }
    }
    if let (Some(a), Some(b)) = (&first, &second)
        && why.is_empty()
    {
        why = signature_differences(&a.signature, &b.signature);
    }
    ScoreDifference {
        metric: key.metric.clone(),
        slice: key.slice.clone(),
        first: first.and_then(|score| score.value),
        second: second.and_then(|score| score.value),
        comparable: why.is_empty(),
        why,
    }
}
