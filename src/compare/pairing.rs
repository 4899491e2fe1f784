//! The frames that every run has: what is paired.

use super::{CompareError, ComparedRun, Side};
use crate::record::Per;
use crate::table::join_all;
use polars::prelude::{BooleanChunked, ChunkFull, Column, DataFrame, IdxSize, PolarsResult};
use std::ops::Range;

const KEYS: [&str; 2] = ["story", "frame"];

/// What was paired, and what was not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Paired {
    /// Frames that were seen in every run.
    pub(super) frames: usize,
    /// Stories of these frames.
    pub(super) stories: usize,
    /// Frames that some run plans, and another does not have or has not seen: `(label, how many)`.
    pub(super) missing: Vec<(String, usize)>,
}

/// Brings all runs to the frames that all of them plan, in the order of the first run's plan, and makes absent
/// in all of them what is absent in one.
pub(super) fn pair(sides: &mut [Side]) -> Result<Paired, CompareError> {
    let runs = sides.iter().flat_map(|side| &side.runs).enumerate();
    let frames: Vec<DataFrame> = runs
        .map(|(at, run)| places(run, at))
        .collect::<Result<_, _>>()?;
    let planned = join_all(frames, &KEYS)?;
    let shared = planned.drop_nulls::<String>(None)?;
    let mut missing = Vec::new();
    let mut first = 0;
    for side in sides.iter() {
        let of_side = first..first + side.runs.len();
        first = of_side.end;
        let rows: Vec<String> = of_side.clone().map(row_of).collect();
        let unplanned = planned.height() - planned.drop_nulls(Some(&rows))?.height();
        let lost = unplanned + shared.height() - count(&seen_in_all(&shared, of_side)?);
        if lost > 0 {
            missing.push((side.label.clone(), lost));
        }
    }
    let seen = seen_in_all(&shared, 0..first)?;
    for (at, run) in sides.iter_mut().flat_map(|side| &mut side.runs).enumerate() {
        let rows: Vec<usize> = shared
            .column(&row_of(at))?
            .idx()?
            .into_no_null_iter()
            .map(|row| row as usize)
            .collect();
        let same = rows.len() == run.stored.observations().len();
        if !(same && rows.iter().enumerate().all(|(a, b)| a == *b)) {
            run.stored = run.stored.select(&rows);
        }
        for row in (0..rows.len()).filter(|row| seen.get(*row) != Some(true)) {
            run.stored.forget(row);
        }
    }
    pair_own(sides);
    let left = shared.filter(&seen)?;
    Ok(Paired {
        frames: left.height(),
        stories: left.column(KEYS[0])?.n_unique()?,
        missing,
    })
}

/// Makes absent in all runs what a metric that the user brought lacks in one, where all of them have it: files of
/// several runs rarely have the same gaps. All runs have the same rows by now.
fn pair_own(sides: &mut [Side]) {
    let mut runs: Vec<&mut ComparedRun> =
        sides.iter_mut().flat_map(|side| &mut side.runs).collect();
    let Some(first) = runs.first() else {
        return;
    };
    let ids: Vec<String> = first
        .stored
        .own()
        .iter()
        .map(|own| own.id.clone())
        .collect();
    for id in ids {
        let values = |run: &&mut ComparedRun| {
            let mut own = run.stored.own().iter();
            own.find(|own| own.id == id && own.about.per != Per::Run)
                .map(|own| own.values.clone())
        };
        let Some(all) = runs.iter().map(values).collect::<Option<Vec<_>>>() else {
            continue;
        };
        for row in (0..all[0].len()).filter(|row| all.iter().any(|of| of[*row].is_none())) {
            for run in &mut runs {
                run.stored.forget_own(&id, row);
            }
        }
    }
}

fn row_of(run: usize) -> String {
    format!("row {run}")
}

fn seen_by(run: usize) -> String {
    format!("seen {run}")
}

/// Every planned frame of a run: its row, and whether a network saw it.
fn places(run: &ComparedRun, at: usize) -> Result<DataFrame, CompareError> {
    let (stories, frames): (Vec<&str>, Vec<u32>) = run
        .stored
        .places()
        .map(|(story, frame)| (story.as_str(), frame.0))
        .unzip();
    let rows = stories.len();
    let mut seen = vec![true; rows];
    for row in run.stored.unseen() {
        seen[row] = false;
    }
    let keys = vec![
        Column::new(KEYS[0].into(), &stories),
        Column::new(KEYS[1].into(), &frames),
    ];
    let mut places = DataFrame::new(rows, keys)?;
    if let Some(row) = places.is_duplicated()?.first_true_idx() {
        return Err(CompareError::Repeated {
            run: run.scores.run.clone(),
            story: stories[row].to_owned(),
            frame: frames[row],
        });
    }
    let numbers: Vec<IdxSize> = (0..rows as IdxSize).collect();
    places.with_column(Column::new(row_of(at).into(), numbers))?;
    places.with_column(Column::new(seen_by(at).into(), seen))?;
    Ok(places)
}

/// Which frames were seen in each of these runs.
fn seen_in_all(shared: &DataFrame, runs: Range<usize>) -> PolarsResult<BooleanChunked> {
    let everywhere = BooleanChunked::full("seen".into(), true, shared.height());
    runs.into_iter().try_fold(everywhere, |all, run| {
        Ok(&all & shared.column(&seen_by(run))?.bool()?)
    })
}

fn count(seen: &BooleanChunked) -> usize {
    seen.sum().unwrap_or(0) as usize
}
