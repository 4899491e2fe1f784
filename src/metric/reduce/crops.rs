//! Whether a character stays the same: its crops, embedded by CLIP, compared with each other.
//!
//! `consistency` compares whole frames, which also agree because they share a place. Here the character
//! is cut out first. A character that was not found enters no cosine, so these means are read
//! together with `char_found`.

use super::chosen::Chosen;
use super::draft::Draft;
use super::features::present;
use super::input::{CLIP, CROPS, ExtractorName, FeaturePair};
use super::parts::{Reduced, StorySums};
use super::slice::Slice;
use crate::metric::{Family, MetricId, Reduction, SimilarityUnscored, cosine};
use crate::record::{Role, Unit};
use crate::stats::{ClusterSums, Range};
use ndarray::{ArrayView2, s};
use std::collections::{BTreeMap, BTreeSet};

/// Single characters, cut out of their frames.
pub(in crate::metric) static CHARACTER_CROPS: Family = Family {
    roles: &[Role::LOCATOR, Role::CLIP],
    choices: &["crops", "ground_truth"],
    reduction: Reduction::StorySums,
    large: false,
    asked: |protocol| protocol.crops.is_some(),
    drop: |protocol| protocol.crops = None,
    leaves_out: |_| false,
    reduce: scores,
};
/// Characters of the hash of each network that a signature shows.
const HASH_LENGTH: usize = 12;

/// Why there is no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum CropsUnscored {
    #[error("no locator looked at this run, so no character was cut out")]
    NoLocator,
    #[error("no CLIP looked at this run, so no crop has an embedding")]
    NoClip,
    #[error("the run has no crops of characters that were cut by this rule; observe it again")]
    NoCrops,
    #[error(
        "crops of {rows} frames with {columns} columns do not fit {planned} observations with {characters} labels"
    )]
    Shape {
        rows: usize,
        columns: usize,
        planned: usize,
        characters: usize,
    },
    #[error("no frame has a labelled character")]
    NoLabel,
    #[error("no character was found on two frames of a story")]
    NoPair,
    #[error("no character was found both on a frame and on its real one")]
    NoCouple,
    #[error("{name} on frame {row}: {source}", row = row + 1)]
    Embedding {
        name: String,
        row: usize,
        source: SimilarityUnscored,
    },
}

/// Whose frames.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Generated,
    GroundTruth,
}

impl Side {
    fn of<'a>(self, pair: &FeaturePair<'a>) -> ArrayView2<'a, f32> {
        match self {
            Self::Generated => pair.generated,
            Self::GroundTruth => pair.ground_truth,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Generated => "generated",
            Self::GroundTruth => "ground-truth",
        }
    }
}

/// `char_consistency`, `char_found`, the same of the real frames, and `char_likeness`.
fn scores(chosen: &Chosen<'_>, _: &Slice) -> Vec<Reduced> {
    let Some(cut) = &chosen.input.protocol.cut() else {
        return Vec::new();
    };
    let crops = Crops::new(chosen);
    let crops = || crops.as_ref().map_err(Clone::clone);
    let of_sides = [
        (
            MetricId::CharConsistency,
            MetricId::CharFound,
            Side::Generated,
        ),
        (
            MetricId::CharConsistencyGt,
            MetricId::CharFoundGt,
            Side::GroundTruth,
        ),
    ];
    let mut scores = Vec::new();
    for (id, _, side) in of_sides {
        let own = parts(cut, side.name(), "mean-over-pairs");
        let tally = crops().and_then(|it| it.consistency(side));
        scores.push(one(chosen, id, &own, tally));
    }
    let own = parts(cut, "generated-and-ground-truth", "mean-over-characters");
    let tally = crops().and_then(Crops::likeness);
    scores.push(one(chosen, MetricId::CharLikeness, &own, tally));
    for (_, id, side) in of_sides {
        let own = parts(cut, side.name(), "share-of-labels");
        let tally = crops().map(|it| it.found(side));
        scores.push(one(chosen, id, &own, tally));
    }
    scores
}

/// What a signature says beyond the networks.
fn parts<'a>(cut: &'a str, of: &'a str, average: &'a str) -> [(&'a str, &'a str); 3] {
    [("crop", cut), ("of", of), ("avg", average)]
}

fn one(
    chosen: &Chosen<'_>,
    metric: MetricId,
    own: &[(&str, &str)],
    tally: Result<Tally, CropsUnscored>,
) -> Reduced {
    let mut draft = Draft::new(chosen, metric, "all".to_owned(), chosen.rows.len());
    match tally {
        Err(reason) => draft.value(Err(reason.to_string())),
        Ok(tally) => {
            draft.entered(tally.rows.len(), tally.stories.len());
            let mut sums = ClusterSums::new(chosen.stories(), 2);
            for (story, (sum, terms)) in tally.stories {
                sums.add(story, &[sum, terms]);
            }
            let made = StorySums::of_mean(sums);
            let value = made.value(&made.sums.total());
            draft.value(value.ok_or_else(|| tally.empty.to_string()));
            let range = match metric.metric().unit {
                Unit::Percent => Range::Percent,
                _ => Range::Between(-1.0, 1.0),
            };
            draft.made_of(made, range);
        }
    }
    draft.sign(extractor(chosen).as_ref(), own)
}

/// Locator and CLIP as a signature names them: `locator@..+clip@..`.
fn extractor(chosen: &Chosen<'_>) -> Option<ExtractorName> {
    let names = &chosen.input.context.extractors;
    let (locator, clip) = (names.get(Role::LOCATOR)?, names.get(Role::CLIP)?);
    let hash = locator.hash.get(..HASH_LENGTH).unwrap_or(&locator.hash);
    Some(ExtractorName {
        graph: format!("{}@{hash}+{}", locator.graph, clip.graph),
        hash: clip.hash.clone(),
        preprocessing: format!("{};crops={}", locator.preprocessing, clip.preprocessing),
    })
}

/// Sums a story, so that stories can be left out.
struct Tally {
    /// Sum and number of terms of each story that has one.
    stories: BTreeMap<usize, (f64, f64)>,
    /// Frames behind them.
    rows: BTreeSet<usize>,
    /// Why there is no value where there is no term.
    empty: CropsUnscored,
}

impl Tally {
    fn new(empty: CropsUnscored) -> Self {
        Self {
            stories: BTreeMap::new(),
            rows: BTreeSet::new(),
            empty,
        }
    }

    fn add(&mut self, story: usize, rows: &[usize], value: f64) {
        let (sum, count) = self.stories.entry(story).or_default();
        *sum += value;
        *count += 1.0;
        self.rows.extend(rows);
    }
}

/// A character that was found on a frame.
struct Seen {
    row: usize,
    embedding: Vec<f32>,
}

/// The embeddings of a run's crops.
struct Crops<'c, 'a> {
    chosen: &'c Chosen<'a>,
    pair: FeaturePair<'a>,
    /// Number of labels.
    characters: usize,
    /// Length of an embedding.
    dim: usize,
}

impl<'c, 'a> Crops<'c, 'a> {
    fn new(chosen: &'c Chosen<'a>) -> Result<Self, CropsUnscored> {
        let context = chosen.input.context;
        if context.extractors.get(Role::LOCATOR).is_none() {
            return Err(CropsUnscored::NoLocator);
        }
        if context.extractors.get(Role::CLIP).is_none() {
            return Err(CropsUnscored::NoClip);
        }
        let pair = chosen.input.pair(CROPS).ok_or(CropsUnscored::NoCrops)?;
        let (planned, characters) = (chosen.input.observations.len(), context.characters.len());
        for set in [pair.generated, pair.ground_truth] {
            let (rows, columns) = set.dim();
            let fits = columns.checked_rem(characters) == Some(0) && columns > 0;
            if rows != planned || !fits || columns != pair.generated.ncols() {
                return Err(CropsUnscored::Shape {
                    rows,
                    columns,
                    planned,
                    characters,
                });
            }
        }
        Ok(Self {
            chosen,
            pair,
            characters,
            dim: pair.generated.ncols() / characters,
        })
    }

    /// Row and character of each label of the scored frames. A frame whose own CLIP embedding is absent
    /// was not looked at, and says nothing of its characters.
    fn labelled(&self, side: Side) -> impl Iterator<Item = (usize, usize)> + '_ {
        let planned = self.chosen.input.observations.len();
        let whole = self.chosen.input.pair(CLIP).map(|pair| side.of(&pair));
        let whole = whole.filter(|set| set.nrows() == planned);
        self.chosen
            .observations()
            .filter(move |(row, _)| whole.is_none_or(|set| present(&set, *row)))
            .flat_map(|(row, observation)| {
                let labels = observation.character_labels.iter().take(self.characters);
                labels
                    .enumerate()
                    .filter(|(_, label)| **label)
                    .map(move |(character, _)| (row, character))
            })
    }

    /// The embedding of a character on a frame, where it was found.
    fn embedding(&self, side: Side, row: usize, character: usize) -> Option<Vec<f32>> {
        let start = character * self.dim;
        let set = side.of(&self.pair);
        let block = set.slice(s![row, start..start + self.dim]);
        (!block.iter().all(|value| value.is_nan())).then(|| block.to_vec())
    }

    fn cosine(
        &self,
        row: usize,
        character: usize,
        [first, second]: [&[f32]; 2],
    ) -> Result<f64, CropsUnscored> {
        cosine(first, second).map_err(|source| CropsUnscored::Embedding {
            name: self.chosen.input.context.characters[character].clone(),
            row,
            source,
        })
    }

    /// Pairs of frames of a story that show the same character.
    fn consistency(&self, side: Side) -> Result<Tally, CropsUnscored> {
        let mut seen: BTreeMap<(usize, usize), Vec<Seen>> = BTreeMap::new();
        for (row, character) in self.labelled(side) {
            if let Some(embedding) = self.embedding(side, row, character) {
                let of_story = seen.entry((self.chosen.story(row), character));
                of_story.or_default().push(Seen { row, embedding });
            }
        }
        let mut tally = Tally::new(CropsUnscored::NoPair);
        for ((story, character), frames) in seen {
            for (at, first) in frames.iter().enumerate() {
                for second in &frames[at + 1..] {
                    let pair = [&first.embedding[..], &second.embedding];
                    let value = self.cosine(second.row, character, pair)?;
                    tally.add(story, &[first.row, second.row], value);
                }
            }
        }
        Ok(tally)
    }

    /// A character beside itself on the real frame of the same clip.
    fn likeness(&self) -> Result<Tally, CropsUnscored> {
        let mut tally = Tally::new(CropsUnscored::NoCouple);
        for (row, character) in self.labelled(Side::Generated) {
            let generated = self.embedding(Side::Generated, row, character);
            let real = self.embedding(Side::GroundTruth, row, character);
            if let (Some(generated), Some(real)) = (generated, real) {
                let value = self.cosine(row, character, [&generated, &real])?;
                tally.add(self.chosen.story(row), &[row], value);
            }
        }
        Ok(tally)
    }

    /// Labels whose character was found, in percent.
    fn found(&self, side: Side) -> Tally {
        let mut tally = Tally::new(CropsUnscored::NoLabel);
        for (row, character) in self.labelled(side) {
            let found = self.embedding(side, row, character).is_some();
            let value = if found { 100.0 } else { 0.0 };
            tally.add(self.chosen.story(row), &[row], value);
        }
        tally
    }
}

#[cfg(test)]
#[path = "crops_tests.rs"]
mod tests;
