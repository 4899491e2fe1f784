//! Which row of a published table a run belongs to.

use super::{MeasuredRun, PaperError, PublishedRow, PublishedTable};
use serde::Serialize;

/// A run, and the row that the user says it is of.
#[derive(Clone, Debug)]
pub struct Claim {
    /// The row; `None` to find it by model, data set, text and length.
    pub row: Option<RowChoice>,
    /// The run.
    pub run: MeasuredRun,
}

/// A row as the user names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowChoice {
    /// By its number, from 1.
    Number(usize),
    /// By its model, which must have one row only.
    Model(String),
}

/// Where a run belongs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Match {
    /// To this row, from 1.
    Row(usize),
    /// To none, for this reason.
    Nowhere(String),
}

impl PublishedTable {
    /// The row that a run belongs to: of its model or, failing that, of the published model that its model
    /// is a miniature of; among several the one whose data set, text and story length agree best.
    ///
    /// # Errors
    /// [`PaperError::Row`] for a row that the user named and that the table has not.
    pub fn place(&self, claim: &Claim) -> Result<Match, PaperError> {
        let rows = self.rows();
        if let Some(choice) = &claim.row {
            return self.chosen(&rows, choice).map(Match::Row);
        }
        let run = &claim.run;
        if self.cells().iter().all(|cell| cell.protocol.is_empty()) {
            let why = "none of its numbers is a score of a run";
            return Ok(Match::Nowhere(why.to_owned()));
        }
        let of_model = |id: &str| -> Vec<&PublishedRow<'_>> {
            let named = rows
                .iter()
                .filter(|row| !id.is_empty() && row.model() == id);
            named.collect()
        };
        let mut candidates = of_model(&run.model.id);
        if candidates.is_empty() {
            candidates = of_model(run.model.counterpart.as_deref().unwrap_or_default());
        }
        let best = candidates.iter().map(|row| agreement(row, run)).max();
        candidates.retain(|row| Some(agreement(row, run)) == best);
        Ok(match candidates.as_slice() {
            [] => Match::Nowhere(format!("no row is of model {}", run.model.id)),
            [row] => Match::Row(row.number),
            several => {
                let numbers: Vec<String> =
                    several.iter().map(|row| row.number.to_string()).collect();
                Match::Nowhere(format!(
                    "it fits rows {} equally well; say which: --with {}={}",
                    numbers.join(", "),
                    several[0].number,
                    run.folder
                ))
            }
        })
    }

    fn chosen(&self, rows: &[PublishedRow<'_>], choice: &RowChoice) -> Result<usize, PaperError> {
        let (name, named): (String, Vec<usize>) = match choice {
            RowChoice::Number(number) => {
                let named = rows.iter().filter(|row| row.number == *number);
                (number.to_string(), named.map(|row| row.number).collect())
            }
            RowChoice::Model(model) => {
                let named = rows.iter().filter(|row| row.model() == model);
                (model.clone(), named.map(|row| row.number).collect())
            }
        };
        let known = rows.iter().map(|row| match row.model() {
            "" => format!("{} ({})", row.number, row.label()),
            model => format!("{} ({}; {model})", row.number, row.label()),
        });
        match named.as_slice() {
            [row] => Ok(*row),
            other => Err(PaperError::Row {
                table: self.about().id.clone(),
                row: name,
                found: if other.is_empty() { "no" } else { "several" },
                known: known.collect(),
            }),
        }
    }
}

/// Of data set, text and length, how many agree.
fn agreement(row: &PublishedRow<'_>, run: &MeasuredRun) -> usize {
    let Some(cell) = row.numbers().next() else {
        return 0;
    };
    usize::from(cell.dataset == run.dataset.id)
        + usize::from(cell.text.is_some_and(|text| run.reads(text)))
        + usize::from(
            cell.frames
                .is_some_and(|frames| frames.last == run.story_length),
        )
}
