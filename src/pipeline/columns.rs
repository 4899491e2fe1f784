//! Metrics that the user brings for a run that lies on the disk.

use super::PipelineError;
use crate::card::ColumnCard;
use crate::evaluate::{self, ColumnJoined};
use crate::run::Store;
use std::path::Path;

/// Joins the tables of `cards` to the run in `folder`, then takes out the metrics of `dropped`. The next scoring has
/// what is there.
///
/// # Errors
/// Tables that do not fit the run, ids that are taken or not there, and a folder without an observed run.
pub fn bring_columns(
    folder: &Path,
    cards: &[ColumnCard],
    dropped: &[String],
) -> Result<Vec<ColumnJoined>, PipelineError> {
    let store = Store::open(folder)?;
    let joined = match cards {
        [] => Vec::new(),
        cards => evaluate::join_columns(&store, cards)?,
    };
    for id in dropped {
        evaluate::take_out_column(store.root(), id)?;
    }
    Ok(joined)
}
