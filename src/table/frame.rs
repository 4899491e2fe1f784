//! Rows of several runs beside each other, joined by polars.
//!
//! Only rows go through polars. Metric arithmetic does not: the order of its sums is part of every score.

use polars::prelude::{
    DataFrame, DataFrameJoinOps, JoinArgs, JoinCoalesce, JoinType, MaintainOrderJoin, PolarsResult,
};

/// Joins frames by the columns `keys`, which all of them have; their other columns have names of their own.
///
/// Rows come in the order of the first frame, then those that only later frames have. A row that a frame does
/// not have is null in its columns.
///
/// # Errors
/// Frames without the keys, or with keys of another type.
pub fn join_all(
    frames: impl IntoIterator<Item = DataFrame>,
    keys: &[&str],
) -> PolarsResult<DataFrame> {
    let mut how = JoinArgs::new(JoinType::Full).with_coalesce(JoinCoalesce::CoalesceColumns);
    how.maintain_order = MaintainOrderJoin::LeftRight;
    let mut frames = frames.into_iter();
    let first = frames.next().unwrap_or_default();
    frames.try_fold(first, |joined, frame| {
        joined.join(&frame, keys, keys, how.clone(), None)
    })
}
