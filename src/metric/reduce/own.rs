//! Metrics that the user brings: values per frame, per story, or one of the whole run.
//!
//! A mean over frames is that of the built-in means over frames, in the same order, so that a built-in metric that
//! is brought back as a column has the same bits.

use super::chosen::{Chosen, Clusters};
use super::draft::Draft;
use super::parts::{Parts, Reduced, StorySums};
use super::selection::Selection;
use super::signature::frames_of;
use super::slice::Slice;
use crate::record::{Observation, OwnMetric, Per};
use crate::stats::{ClusterSums, Range};

/// A metric that the user brings, with its values on a run.
#[derive(Clone, Debug, PartialEq)]
pub struct OwnColumn {
    /// Id of the metric.
    pub id: String,
    /// What tables say of it.
    pub about: OwnMetric,
    /// Whether a larger value is better.
    pub higher_is_better: bool,
    /// Which values it can take.
    pub range: Range,
    /// Version of its definition, which the user counts.
    pub version: u32,
    /// The file and its hash, as the signature has them: `aesthetic.csv@1f0c..`.
    pub source: String,
    /// A value per row of the observations. A row of a story has the story's, a row of a run the run's.
    pub values: Vec<Option<f64>>,
    /// What a reader of its scores must know.
    pub warnings: Vec<String>,
}

/// Why there is no value.
const NO_FRAME: &str = "no frame in this slice";
const NO_VALUE: &str = "the column has no value on these frames";

/// The scores of every metric that the user brought, on a slice.
pub(super) fn own(chosen: &Chosen<'_>, slice: &Slice, wanted: &Selection) -> Vec<Reduced> {
    let columns = chosen.input.own.iter();
    columns
        .filter(|column| wanted.metric(&column.id))
        .filter(|column| column.about.per == Per::Frame || *slice == Slice::All)
        .map(|column| column.score(chosen, slice))
        .collect()
}

impl OwnColumn {
    /// The same on these rows, in this order.
    ///
    /// # Panics
    /// When there is no such row.
    #[must_use]
    pub fn of_rows(&self, rows: &[usize]) -> Self {
        Self {
            values: rows.iter().map(|row| self.values[*row]).collect(),
            ..self.clone()
        }
    }

    fn score(&self, chosen: &Chosen<'_>, slice: &Slice) -> Reduced {
        let rows: Vec<usize> = chosen
            .observations()
            .filter(|(_, observation)| shows(slice, observation))
            .map(|(row, _)| row)
            .collect();
        let mut draft = Draft::of_own(chosen, self, slice.name(), rows.len());
        let mut sums = ClusterSums::new(chosen.stories(), 2);
        let mut clusters = Clusters::default();
        let (mut sum, mut count, mut n) = (0.0, 0_usize, 0);
        let mut last = None;
        for row in &rows {
            let Some(value) = self.values.get(*row).copied().flatten() else {
                continue;
            };
            n += 1;
            let story = chosen.story(*row);
            clusters.number(story);
            let counts = match self.about.per {
                Per::Frame => true,
                // Rows of a story follow each other.
                Per::Story => last.replace(story) != Some(story),
                Per::Run => count == 0,
            };
            if counts {
                sums.add(story, &[value, 1.0]);
                sum += value;
                count += 1;
            }
        }
        draft.entered(n, clusters.len());
        let reason = if rows.is_empty() { NO_FRAME } else { NO_VALUE };
        let mean = (count > 0).then(|| sum / count as f64);
        draft.value(mean.ok_or_else(|| reason.to_owned()));
        match self.about.per {
            Per::Run => draft.parts(Parts::None(
                "it is one value per run, of which no story has a share".to_owned(),
            )),
            Per::Frame | Per::Story => draft.made_of(StorySums::of_mean(sums), self.range),
        }
        for warning in &self.warnings {
            draft.warn(warning);
        }
        self.signed(draft)
    }

    /// The signature has nothing of the protocol but which frames: what else the values depend on, their file knows.
    fn signed(&self, draft: Draft<'_, '_>) -> Reduced {
        let better = if self.higher_is_better {
            "higher"
        } else {
            "lower"
        };
        let mut line = frames_of(&self.id, draft.chosen())
            .with("per", self.about.per.name())
            .with("unit", &self.about.unit)
            .with("better", better);
        if self.about.per != Per::Run {
            line = line.with("avg", "mean");
        }
        draft.sign_as(line.with("values", &self.source))
    }
}

/// Whether a slice has a frame. One of a character has the frames that show it by their labels: a value of a frame is
/// of no single character.
fn shows(slice: &Slice, observation: &Observation) -> bool {
    match slice {
        Slice::Character { index, .. } => {
            observation.character_labels.get(*index).copied() == Some(true)
        }
        other => other.holds(observation),
    }
}
