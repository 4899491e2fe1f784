//! The rows of a table, brought to the frames of a run.

use super::error::ColumnError;
use super::key::Field;
use crate::card::ColumnCard;
use crate::format::{RowFile, UserRow};
use crate::record::{FrameIndex, Per, StoryId};
use std::collections::{BTreeSet, HashMap, HashSet};

/// Columns that say of which run a row is. Rows of other runs are passed over.
const RUN_KEYS: [&str; 3] = ["run", "model", "seed"];
/// Columns that are no values, where the user does not say which are: those above, and what `storyeval export` writes
/// beside them.
const NO_VALUES: [&str; 9] = [
    "story", "frame", "run", "model", "seed", "folder", "dataset", "protocol", "clip",
];

/// What a run says to a table.
pub(super) struct RunFrames<'a> {
    pub(super) name: String,
    pub(super) model: String,
    pub(super) seed: String,
    /// One per observation.
    pub(super) places: Vec<(&'a StoryId, FrameIndex)>,
    /// Frames without an image.
    pub(super) absent: Vec<(StoryId, FrameIndex)>,
}

/// A table on the frames of a run.
#[derive(Debug)]
pub(super) struct Joined {
    pub(super) per: Per,
    /// Name of the values.
    pub(super) column: String,
    /// One per observation.
    pub(super) values: Vec<Option<f64>>,
    pub(super) notes: Vec<String>,
}

pub(super) fn join(
    card: &ColumnCard,
    table: &RowFile,
    frames: &RunFrames<'_>,
) -> Result<Joined, ColumnError> {
    let column = name_of_values(card, table)?;
    let field = |name: &str| {
        Field::find(table, name).ok_or_else(|| ColumnError::NoColumn {
            path: table.path.clone(),
            name: name.to_owned(),
            columns: table.names.clone(),
        })
    };
    let values = field(&column)?;
    let (story, frame) = (Field::find(table, "story"), Field::find(table, "frame"));
    let per = match (story, frame) {
        (Some(_), Some(_)) => Per::Frame,
        (Some(_), None) => Per::Story,
        (None, None) => Per::Run,
        (None, Some(_)) => {
            field("story")?;
            Per::Run
        }
    };
    let mut notes = Vec::new();
    let rows = of_run(table, frames, &mut notes)?;
    let mut found: HashMap<Key, Found> = HashMap::new();
    let mut strangers = Strangers::default();
    let known = Known::of(frames);
    for row in rows {
        let value = values.value(row)?;
        check_range(card, value, || values.fault(row, out_of_range(card)))?;
        let Some(key) = known.key(row, story, frame, &mut strangers)? else {
            continue;
        };
        if let Some(first) = found.get(&key) {
            let keyed = frame.or(story).unwrap_or(values);
            let (place, first) = (keyed.place(row), first.line);
            return Err(ColumnError::Twice { place, first });
        }
        let line = row.line;
        found.insert(key, Found { line, value });
    }
    if found.is_empty() {
        return Err(ColumnError::OtherRun {
            path: table.path.clone(),
            found: strangers.sentence(frames),
        });
    }
    notes.extend(strangers.note(table));
    let absent: HashSet<(&StoryId, FrameIndex)> =
        frames.absent.iter().map(|(s, f)| (s, *f)).collect();
    let mut left_out = 0;
    let on_rows = frames.places.iter().map(|(story, frame)| {
        let value = found.get(&per_key(per, story, *frame))?.value;
        let drawn = per != Per::Frame || !absent.contains(&(*story, *frame));
        left_out += usize::from(!drawn && value.is_some());
        value.filter(|_| drawn)
    });
    let values = on_rows.collect();
    if left_out > 0 {
        notes.push(format!(
            "{left_out} values are of frames that have no image, and are left out"
        ));
    }
    Ok(Joined {
        per,
        column,
        values,
        notes,
    })
}

/// What a value is of: a frame, a story, or the run.
type Key = (Option<StoryId>, Option<FrameIndex>);

fn per_key(per: Per, story: &StoryId, frame: FrameIndex) -> Key {
    match per {
        Per::Frame => (Some(story.clone()), Some(frame)),
        Per::Story => (Some(story.clone()), None),
        Per::Run => (None, None),
    }
}

struct Found {
    line: u64,
    value: Option<f64>,
}

/// The name of the column with the values.
fn name_of_values(card: &ColumnCard, table: &RowFile) -> Result<String, ColumnError> {
    if let Some(name) = &card.column {
        return Ok(name.clone());
    }
    let values = table.names.iter().filter(|name| {
        // pandas writes its row numbers under these names.
        let index = name.is_empty() || name.starts_with("Unnamed:") || name.starts_with("__index");
        !index && !NO_VALUES.contains(&name.as_str())
    });
    let mut columns: Vec<String> = values.cloned().collect();
    match columns.len() {
        1 => Ok(columns.remove(0)),
        _ => Err(ColumnError::WhichColumn {
            path: table.path.clone(),
            columns,
        }),
    }
}

/// The rows of this run: all, or those whose `run`, `model` and `seed` are its own.
fn of_run<'a>(
    table: &'a RowFile,
    frames: &RunFrames<'_>,
    notes: &mut Vec<String>,
) -> Result<Vec<&'a UserRow>, ColumnError> {
    let own = [&frames.name, &frames.model, &frames.seed];
    let keys: Vec<_> = RUN_KEYS
        .iter()
        .zip(own)
        .filter_map(|(key, own)| Some((Field::find(table, key)?, *key, own)))
        .collect();
    let mut rows = Vec::new();
    let mut others: BTreeSet<String> = BTreeSet::new();
    'rows: for row in &table.rows {
        for (field, key, own) in &keys {
            let id = field.id(row)?;
            if id != **own {
                others.insert(format!("{key} {id}"));
                continue 'rows;
            }
        }
        rows.push(row);
    }
    let passed = table.rows.len() - rows.len();
    let listed: Vec<String> = others.into_iter().take(5).collect();
    if rows.is_empty() {
        let of: Vec<String> = keys
            .iter()
            .map(|(_, key, own)| format!("{key} {own}"))
            .collect();
        let found = if table.rows.is_empty() {
            "it has no rows".to_owned()
        } else {
            format!(
                "its rows are of {}; the run is {}",
                listed.join(", "),
                of.join(", ")
            )
        };
        return Err(ColumnError::OtherRun {
            path: table.path.clone(),
            found,
        });
    }
    if passed > 0 {
        let listed = listed.join(", ");
        notes.push(format!("{passed} rows are of other runs ({listed})"));
    }
    Ok(rows)
}

/// The stories and frames of a run, for looking them up.
struct Known<'a>(HashMap<&'a str, (&'a StoryId, HashSet<FrameIndex>)>);

impl<'a> Known<'a> {
    fn of(frames: &RunFrames<'a>) -> Self {
        let mut known: HashMap<&str, (&StoryId, HashSet<FrameIndex>)> = HashMap::new();
        for (story, frame) in &frames.places {
            let entry = known.entry(story.as_str());
            entry
                .or_insert_with(|| (story, HashSet::new()))
                .1
                .insert(*frame);
        }
        Self(known)
    }

    /// What a row is of; `None` for one of a story that the run does not have.
    fn key(
        &self,
        row: &UserRow,
        story: Option<Field<'_>>,
        frame: Option<Field<'_>>,
        strangers: &mut Strangers,
    ) -> Result<Option<Key>, ColumnError> {
        let Some(story) = story else {
            return Ok(Some((None, None)));
        };
        let id = story.id(row)?;
        // `storyeval export` writes a quote before what a spreadsheet would run as a formula.
        let plain = id.strip_prefix('\'').unwrap_or(&id);
        let Some((known, frames)) = self.0.get(id.as_str()).or_else(|| self.0.get(plain)) else {
            strangers.add(id, row.line);
            return Ok(None);
        };
        let Some(field) = frame else {
            return Ok(Some((Some((*known).clone()), None)));
        };
        let frame = FrameIndex(field.frame(row)?);
        if !frames.contains(&frame) {
            let count = frames.len();
            let fault = format!("no frame of story {known}, which has {count} in this run");
            return Err(field.fault(row, fault));
        }
        Ok(Some((Some((*known).clone()), Some(frame))))
    }
}

/// Rows of stories that the run does not have.
#[derive(Default)]
struct Strangers {
    rows: usize,
    first: Option<(String, u64)>,
}

impl Strangers {
    fn add(&mut self, story: String, line: u64) {
        self.rows += 1;
        self.first.get_or_insert((story, line));
    }

    fn note(&self, table: &RowFile) -> Option<String> {
        let (story, line) = self.first.as_ref()?;
        let (rows, counted) = (self.rows, table.counted);
        Some(format!(
            "{rows} rows are of stories that the run does not have (first: {counted} {line}, story {story})"
        ))
    }

    fn sentence(&self, frames: &RunFrames<'_>) -> String {
        let of_run = frames.places.first().map(|(story, _)| story.as_str());
        let of_file = self.first.as_ref().map(|(story, _)| story.as_str());
        format!(
            "its stories are called like {:?}, those of the run like {:?}",
            of_file.unwrap_or_default(),
            of_run.unwrap_or_default()
        )
    }
}

fn check_range(
    card: &ColumnCard,
    value: Option<f64>,
    error: impl FnOnce() -> ColumnError,
) -> Result<(), ColumnError> {
    let [low, high] = card.ends();
    match value {
        Some(value) if value < low || value > high => Err(error()),
        _ => Ok(()),
    }
}

fn out_of_range(card: &ColumnCard) -> String {
    let [low, high] = card.ends();
    let id = &card.id;
    if high.is_finite() {
        format!("not between {low} and {high}, as `{id}` is")
    } else {
        format!("below {low}, the smallest value of `{id}`")
    }
}

#[cfg(test)]
#[path = "join_tests.rs"]
mod tests;
