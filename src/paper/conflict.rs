//! Where papers contradict themselves: one model, one data set, one metric, two values.

use super::{Library, PublishedCell, PublishedTable};
use serde::Serialize;
use std::fmt;

/// A cell that is printed with another value elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Contradiction {
    /// Row of the cell, from 1.
    pub row: usize,
    /// Metric.
    pub metric: String,
    /// Heading of its column.
    pub heading: String,
    /// Model.
    pub model: String,
    /// What is printed here.
    pub printed: String,
    /// What is printed elsewhere.
    pub elsewhere: Vec<Voice>,
}

/// Another value, and the tables that print it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Voice {
    /// What they print.
    pub printed: String,
    /// Ids of the tables.
    pub tables: Vec<String>,
}

impl fmt::Display for Contradiction {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let voices = self.elsewhere.iter().map(|voice| {
            let tables = voice.tables.join(", ");
            format!("{} in {tables}", voice.printed)
        });
        write!(
            formatter,
            "{} of {} (row {}): {} here, {}.",
            self.heading,
            self.model,
            self.row,
            self.printed,
            voices.collect::<Vec<_>>().join(", ")
        )
    }
}

/// Whether two cells claim to be the same number.
fn same_claim(one: &PublishedCell, other: &PublishedCell) -> bool {
    let key = |cell: &PublishedCell| (cell.text, cell.frames, cell.unit);
    !one.model.is_empty()
        && one.model == other.model
        && one.dataset == other.dataset
        && one.metric == other.metric
        && key(one) == key(other)
}

impl Library {
    /// Cells of a table that another table prints with another value. A trailing zero is no other value.
    #[must_use]
    pub fn contradictions(&self, table: &PublishedTable) -> Vec<Contradiction> {
        let mut found = Vec::new();
        for cell in table.cells().iter().filter(|cell| !cell.is_name()) {
            let Some(value) = cell.value else { continue };
            let mut elsewhere: Vec<(f64, Voice)> = Vec::new();
            for other in self.tables().iter().flat_map(PublishedTable::cells) {
                let Some(theirs) = other.value else { continue };
                if !same_claim(cell, other) || theirs.total_cmp(&value).is_eq() {
                    continue;
                }
                let known = elsewhere.iter_mut();
                match known
                    .map(|(number, voice)| (*number, voice))
                    .find(|(number, _)| number.total_cmp(&theirs).is_eq())
                {
                    Some((_, voice)) if voice.tables.contains(&other.table) => {}
                    Some((_, voice)) => voice.tables.push(other.table.clone()),
                    None => elsewhere.push((
                        theirs,
                        Voice {
                            printed: other.printed.clone(),
                            tables: vec![other.table.clone()],
                        },
                    )),
                }
            }
            if !elsewhere.is_empty() {
                found.push(Contradiction {
                    row: cell.row,
                    metric: cell.metric.clone(),
                    heading: cell.heading.clone(),
                    model: cell.model.clone(),
                    printed: cell.printed.clone(),
                    elsewhere: elsewhere.into_iter().map(|(_, voice)| voice).collect(),
                });
            }
        }
        found
    }
}
