//! Metrics that the user brings for a run: joined by story and frame, kept in the run folder, read back for scoring.

mod error;
mod join;
mod key;

pub use error::{ColumnError, Place};

use super::EvaluateError;
use crate::card::{Better, ColumnCard};
use crate::format::read_rows;
use crate::metric::{Metric, OwnColumn};
use crate::record::{FrameIndex, Observation, StoryId, Unit, sha256_file};
use crate::run::{
    RunError, Store, StoredColumn, StoredObservations, drop_column, store_column, stored_columns,
};
use crate::stats::Range;
use join::{Joined, RunFrames, join};
use std::path::Path;

/// Characters of a file's hash that a signature shows.
const HASH_LENGTH: usize = 12;

/// What joining a column came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnJoined {
    /// Id of the metric.
    pub id: String,
    /// Frames with a value, directly or through their story or run.
    pub scored: usize,
    /// Frames of the run.
    pub planned: usize,
    /// What a reader must know.
    pub notes: Vec<String>,
}

/// Joins the tables of cards to a run that was observed, and keeps the values in the run folder. The values of an
/// earlier card of the same id go. Nothing is kept where one of them is refused.
///
/// # Errors
/// A table that cannot be read or does not fit the run, an id that a built-in metric has or that is given twice, and a
/// run that was not observed or cannot be written.
pub fn join_columns(
    store: &Store,
    cards: &[ColumnCard],
) -> Result<Vec<ColumnJoined>, EvaluateError> {
    check_ids(cards)?;
    let root = store.root();
    let seen = StoredObservations::open(root)?;
    let observations = seen.observations(&["story", "frame", "clip"])?;
    let identity = &store.manifest().identity;
    let frames = RunFrames {
        name: store.name(),
        model: identity.model.clone(),
        seed: identity.seed.0.to_string(),
        places: observations.iter().map(|o| (&o.story, o.frame)).collect(),
        absent: absent(store),
    };
    let joined = cards.iter().map(|card| one(card, &frames, seen.frames()));
    let joined = joined.collect::<Result<Vec<_>, _>>()?;
    let mut kept = Vec::new();
    for (column, values) in joined {
        kept.push(ColumnJoined {
            id: column.id.clone(),
            scored: values.iter().flatten().count(),
            planned: values.len(),
            notes: column.notes.clone(),
        });
        store_column(root, column, &observations, &values)?;
    }
    Ok(kept)
}

fn check_ids(cards: &[ColumnCard]) -> Result<(), ColumnError> {
    for (at, card) in cards.iter().enumerate() {
        let id = card.id.clone();
        if let Some(metric) = Metric::find(&id) {
            let name = metric.name;
            return Err(ColumnError::BuiltIn { id, name });
        }
        if cards[..at].iter().any(|other| other.id == id) {
            return Err(ColumnError::IdTwice { id });
        }
    }
    Ok(())
}

/// A card's metric and its values on the frames of a run.
fn one(
    card: &ColumnCard,
    frames: &RunFrames<'_>,
    journal: &str,
) -> Result<(StoredColumn, Vec<Option<f64>>), EvaluateError> {
    let table = read_rows(&card.file)?;
    let hash = sha256_file(&card.file).map_err(|error| RunError::read(&card.file, error))?;
    let Joined {
        per,
        column,
        values,
        notes,
    } = join(card, &table, frames)?;
    let file = card.file.file_name().unwrap_or(card.file.as_os_str());
    let [minimum, maximum] = card.ends().map(|end| end.is_finite().then_some(end));
    let stored = StoredColumn {
        id: card.id.clone(),
        about: card.about(per),
        higher_is_better: card.better == Better::Higher,
        minimum,
        maximum,
        version: card.version,
        file: file.to_string_lossy().into_owned(),
        column,
        sha256: hash,
        notes,
        frames: journal.to_owned(),
        values: String::new(),
    };
    Ok((stored, values))
}

/// Frames of a run that have no image.
fn absent(store: &Store) -> Vec<(StoryId, FrameIndex)> {
    let frames = store
        .units()
        .flat_map(|unit| unit.frames().map(move |frame| (unit, frame)));
    frames
        .filter(|(unit, frame)| store.absence(unit, *frame).is_some())
        .map(|(unit, frame)| (unit.story.clone(), frame))
        .collect()
}

/// Takes a metric that the user brought out of a run.
///
/// # Errors
/// [`ColumnError::NotThere`], and a run folder that cannot be read or written.
pub fn take_out_column(root: &Path, id: &str) -> Result<(), EvaluateError> {
    if drop_column(root, id)? {
        return Ok(());
    }
    let known = stored_columns(root)?.into_iter().map(|column| column.id);
    Err(ColumnError::NotThere {
        id: id.to_owned(),
        run: root.to_path_buf(),
        known: known.collect(),
    }
    .into())
}

/// The frames of the run in `root`, and the metrics that the user brought for it.
///
/// # Errors
/// A run that was not observed, and values that are not as they were written.
pub fn brought_columns(root: &Path) -> Result<(Vec<Observation>, Vec<OwnColumn>), RunError> {
    let seen = StoredObservations::open(root)?;
    let observations = seen.observations(&["story", "frame", "clip"])?;
    let places: Vec<_> = observations.iter().map(|o| (&o.story, o.frame)).collect();
    let columns = own_columns(root, &places, seen.frames())?;
    Ok((observations, columns))
}

/// The metrics that the user brought for the run in `root`, with a value per row of `places`. `frames` are those that
/// were observed, as the journal has them.
pub(super) fn own_columns(
    root: &Path,
    places: &[(&StoryId, FrameIndex)],
    frames: &str,
) -> Result<Vec<OwnColumn>, RunError> {
    let columns = stored_columns(root)?.into_iter();
    columns
        .map(|column| {
            let values = column.values(root, places.iter().copied())?;
            let mut warnings = Vec::new();
            if column.frames != frames {
                warnings.push(format!(
                    "frames were drawn or replaced after {} was joined; join it again if its values are of other frames",
                    column.file
                ));
            }
            Ok(OwnColumn {
                range: range(&column),
                source: format!(
                    "{}:{}@{}",
                    column.file,
                    column.column,
                    column.sha256.get(..HASH_LENGTH).unwrap_or(&column.sha256)
                ),
                id: column.id,
                about: column.about,
                higher_is_better: column.higher_is_better,
                version: column.version,
                values,
                warnings,
            })
        })
        .collect()
}

/// Which values a column can take. A percentage is a share of things that are right, as the built-in ones are.
fn range(column: &StoredColumn) -> Range {
    let percent = column.about.known_unit() == Unit::Percent;
    match (column.minimum, column.maximum) {
        (Some(0.0), Some(100.0)) if percent => Range::Percent,
        (Some(low), Some(high)) => Range::Between(low, high),
        (Some(low), None) => Range::AtLeast(low),
        (None, _) => Range::Anywhere,
    }
}
