//! The columns of each table, of some of a run's observations or scores.

use crate::evaluate::Similarities;
use crate::metric::OwnColumn;
use crate::record::{Absence, Observation, Score};
use crate::run::{Absences, frame_file};
use polars::prelude::{Column, NamedFrom, Series};
use std::borrow::Cow;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// A column of one value per item.
fn column<'a, I: 'a, V>(
    name: &str,
    items: impl IntoIterator<Item = &'a I>,
    value: impl Fn(&'a I) -> V,
) -> Column
where
    Series: NamedFrom<Vec<V>, [V]>,
{
    let values: Vec<V> = items.into_iter().map(value).collect();
    Column::new(name.into(), values)
}

/// A value that is not a number is none: CSV and JSON have no word for it.
fn number(value: Option<f64>) -> Option<f64> {
    value.filter(|number| !number.is_nan())
}

/// Which frame each row is of.
fn frames(rows: &[&Observation]) -> Vec<Column> {
    let each = || rows.iter().copied();
    vec![
        column("story", each(), |o| o.story.as_str()),
        column("frame", each(), |o| u64::from(o.frame.0)),
        column("clip", each(), |o| o.clip.as_str()),
    ]
}

/// Where the frames of a run lie, and those of a run of real frames beside it.
pub(super) struct FramePaths {
    /// The run's folder.
    pub(super) run: PathBuf,
    /// A run of the ground truth.
    pub(super) truth: Option<PathBuf>,
}

impl FramePaths {
    fn of(root: &Path, row: &Observation) -> String {
        let file = frame_file(&row.story, row.frame);
        root.join(file).to_string_lossy().into_owned()
    }

    fn truth(&self, row: &Observation) -> Option<String> {
        let path = Self::of(self.truth.as_deref()?, row);
        Path::new(&path).is_file().then_some(path)
    }
}

/// Of the observations in `range`; similarities are those of all rows.
pub(super) fn observations(
    all: &[Observation],
    range: Range<usize>,
    similarities: &Similarities,
    absences: &Absences,
    paths: &FramePaths,
) -> Vec<Column> {
    let clip: Vec<[Option<f64>; 2]> = range.clone().map(|at| similarities.of(at)).collect();
    let rows = &all[range];
    let absent = |o: &Observation| {
        let absence = absences.get(&(o.story.clone(), o.frame))?;
        Some(match absence {
            Absence::Missing => "missing",
            Absence::NotDrawn => "not-drawn",
            Absence::Refused => "refused",
            Absence::Failed => "failed",
        })
    };
    let mut columns = frames(&rows.iter().collect::<Vec<_>>());
    columns.extend([
        column("text", rows, |o| o.text.as_str()),
        column("caption", rows, |o| o.caption.as_str()),
        column("pronoun", rows, |o| o.pronoun),
        column("absent", rows, absent),
        column("clip_ti", &clip, |[text, _]| number(*text)),
        column("clip_ii", &clip, |[_, image]| number(*image)),
        column("lpips", rows, |o| number(o.number("lpips"))),
        column("path", rows, |o| {
            absent(o).is_none().then(|| FramePaths::of(&paths.run, o))
        }),
        column("truth_path", rows, |o| paths.truth(o)),
    ]);
    columns
}

/// Names of a data set's labels: characters, then backgrounds. Some data sets are published without them.
pub(super) struct Labels([Vec<String>; 2]);

/// What is known of the labels of one kind on a frame.
struct OfKind<'a> {
    kind: &'static str,
    names: &'a [String],
    truth: &'a [bool],
    seen: &'a [f32],
}

impl OfKind<'_> {
    fn count(&self) -> usize {
        self.names.len().max(self.truth.len()).max(self.seen.len())
    }
}

impl Labels {
    pub(super) fn new(characters: Vec<String>, backgrounds: Vec<String>) -> Self {
        Self([characters, backgrounds])
    }

    fn of<'a>(&'a self, row: &'a Observation) -> [OfKind<'a>; 2] {
        let [characters, backgrounds] = &self.0;
        [
            OfKind {
                kind: "character",
                names: characters,
                truth: &row.character_labels,
                seen: row.vector("character_probabilities").unwrap_or_default(),
            },
            OfKind {
                kind: "background",
                names: backgrounds,
                truth: row.background_labels.as_deref().unwrap_or_default(),
                seen: row.vector("background_probabilities").unwrap_or_default(),
            },
        ]
    }

    /// Rows of an observation.
    pub(super) fn count(&self, row: &Observation) -> usize {
        self.of(row).iter().map(OfKind::count).sum()
    }
}

pub(super) fn labels(rows: &[Observation], names: &Labels) -> Vec<Column> {
    let mut of = Vec::new();
    let (mut kinds, mut labels) = (Vec::new(), Vec::new());
    let (mut truths, mut probabilities) = (Vec::new(), Vec::new());
    for row in rows {
        for side in names.of(row) {
            for at in 0..side.count() {
                of.push(row);
                kinds.push(side.kind);
                labels.push(match side.names.get(at) {
                    Some(name) => Cow::Borrowed(name.as_str()),
                    None => Cow::Owned(at.to_string()),
                });
                truths.push(side.truth.get(at).copied());
                probabilities.push(number(side.seen.get(at).copied().map(f64::from)));
            }
        }
    }
    let mut columns = frames(&of);
    columns.extend([
        Column::new("kind".into(), kinds),
        column("label", &labels, Cow::as_ref),
        Column::new("truth".into(), truths),
        Column::new("probability".into(), probabilities),
    ]);
    columns
}

fn captions_of(row: &Observation) -> impl Iterator<Item = (&'static str, u64, &str)> {
    let sources = [
        ("generated", row.texts("generated_captions")),
        ("ground_truth", row.texts("ground_truth_captions")),
    ];
    sources.into_iter().flat_map(|(of, captions)| {
        let ranked = captions.into_iter().flatten().zip(1..);
        ranked.map(move |(caption, rank)| (of, rank, caption.as_str()))
    })
}

/// Rows of an observation in the table of captions.
pub(super) fn caption_count(row: &Observation) -> usize {
    captions_of(row).count()
}

pub(super) fn captions(rows: &[Observation]) -> Vec<Column> {
    let all = || {
        rows.iter()
            .flat_map(|row| captions_of(row).map(move |it| (row, it)))
    };
    let each: Vec<(&Observation, (&'static str, u64, &str))> = all().collect();
    let mut columns = frames(&each.iter().map(|(row, _)| *row).collect::<Vec<_>>());
    columns.extend([
        column("of", &each, |(_, (of, ..))| *of),
        column("rank", &each, |(_, (_, rank, _))| *rank),
        column("text", &each, |(_, (.., text))| *text),
    ]);
    columns
}

/// The metrics that the user brought, of the observations in `range`.
pub(super) fn brought(
    all: &[Observation],
    range: Range<usize>,
    columns: &[OwnColumn],
) -> Vec<Column> {
    let each: Vec<(usize, &OwnColumn)> = range
        .flat_map(|row| columns.iter().map(move |own| (row, own)))
        .collect();
    let rows: Vec<&Observation> = each.iter().map(|(row, _)| &all[*row]).collect();
    let mut found = frames(&rows);
    found.extend([
        column("metric", &each, |(_, own)| own.id.as_str()),
        column("per", &each, |(_, own)| own.about.per.name()),
        column("value", &each, |(row, own)| own.values[*row]),
    ]);
    found
}

pub(super) fn scores(scores: &[Score]) -> Vec<Column> {
    let warnings = |score: &Score| (!score.warnings.is_empty()).then(|| score.warnings.join("; "));
    vec![
        column("metric", scores, |it| it.metric.as_str()),
        column("slice", scores, |it| it.slice.as_str()),
        column("value", scores, |it| number(it.value)),
        column("low", scores, |it| number(it.interval.map(|[low, _]| low))),
        column("high", scores, |it| {
            number(it.interval.map(|[_, high]| high))
        }),
        column("unit", scores, |it| it.unit.name()),
        column("higher_is_better", scores, |it| it.higher_is_better),
        column("n", scores, |it| it.n as u64),
        column("planned", scores, |it| it.planned as u64),
        column("stories", scores, |it| it.stories as u64),
        column("true_positives", scores, |it| {
            it.counts.map(|of| of.true_positives)
        }),
        column("false_positives", scores, |it| {
            it.counts.map(|of| of.false_positives)
        }),
        column("false_negatives", scores, |it| {
            it.counts.map(|of| of.false_negatives)
        }),
        column("true_negatives", scores, |it| {
            it.counts.map(|of| of.true_negatives)
        }),
        column("unscored", scores, |it| it.unscored.as_deref()),
        column("warnings", scores, warnings),
        column("signature", scores, |it| it.signature.as_str()),
    ]
}
