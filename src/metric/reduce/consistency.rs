//! How alike the frames of one story are, by CLIP: a story should keep its characters.
//!
//! The value is a mean over pairs of generated frames. The same mean over the real frames stands
//! beside it as `..._gt`: higher than the real stories is not better, it is repetition.

use super::chosen::{Chosen, Clusters};
use super::draft::{Draft, Metric};
use super::features::present;
use crate::metric::cosine;
use crate::record::{Observation, Score, Unit};
use ndarray::ArrayView2;

/// Which pairs of frames of a story.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pairs {
    All,
    /// Pairs that share a character label.
    Shared,
}

/// Consistency of the generated and of the real stories.
pub(super) fn scores(chosen: &Chosen<'_>) -> Vec<Score> {
    let sides = [
        ("consistency", "consistency_shared", true),
        ("consistency_gt", "consistency_shared_gt", false),
    ];
    let mut scores = Vec::new();
    for (all, shared, generated) in sides {
        for (id, pairs) in [(all, Pairs::All), (shared, Pairs::Shared)] {
            scores.push(one(chosen, id, pairs, generated));
        }
    }
    scores
}

fn one(chosen: &Chosen<'_>, id: &'static str, pairs: Pairs, generated: bool) -> Score {
    let metric = Metric {
        id,
        unit: Unit::Cosine,
        higher_is_better: true,
    };
    let mut draft = Draft::new(chosen, metric, "all".to_owned(), chosen.rows.len());
    let set = chosen.input.clip.map(|pair| {
        if generated {
            pair.generated
        } else {
            pair.ground_truth
        }
    });
    let planned = chosen.input.observations.len();
    match set.filter(|set| set.nrows() == planned) {
        None => draft.value(Err("the run has no CLIP embeddings".to_owned())),
        Some(set) => {
            let stories = stories(chosen, &set, pairs);
            let frames = stories.iter().map(|story| story.frames).sum();
            draft.entered(frames, stories.len());
            let mean = |multiplicities: &[u32]| {
                let (mut sum, mut count) = (0.0, 0.0);
                for (story, times) in stories.iter().zip(multiplicities) {
                    sum += f64::from(*times) * story.sum;
                    count += f64::from(*times) * story.pairs as f64;
                }
                (count > 0.0).then(|| sum / count)
            };
            draft.value(
                mean(&vec![1; stories.len()])
                    .ok_or_else(|| "no story has two such frames".to_owned()),
            );
            draft.resample(chosen.input.protocol.bootstrap.resamples, mean);
        }
    }
    let own = [
        (
            "pairs",
            match pairs {
                Pairs::All => "of-a-story",
                Pairs::Shared => "of-a-story-sharing-a-character",
            },
        ),
        (
            "of",
            if generated {
                "generated"
            } else {
                "ground-truth"
            },
        ),
        ("avg", "mean-over-pairs"),
    ];
    draft.sign(chosen.input.context.extractors.clip.as_ref(), &own)
}

/// Sums over the pairs of one story.
#[derive(Clone, Default)]
struct Story {
    sum: f64,
    pairs: u64,
    frames: usize,
}

fn stories(chosen: &Chosen<'_>, set: &ArrayView2<'_, f32>, pairs: Pairs) -> Vec<Story> {
    let mut clusters = Clusters::default();
    let mut stories: Vec<Story> = Vec::new();
    let mut members: Vec<Vec<(usize, &Observation)>> = Vec::new();
    for (row, observation) in chosen.observations() {
        if present(set, row) {
            let story = clusters.number(chosen.story(row));
            members.resize(clusters.len(), Vec::new());
            members[story].push((row, observation));
        }
    }
    for frames in members {
        let mut story = Story {
            frames: frames.len(),
            ..Story::default()
        };
        for (at, (first, a)) in frames.iter().enumerate() {
            for (second, b) in &frames[at + 1..] {
                if pairs == Pairs::Shared && !share(a, b) {
                    continue;
                }
                let [first, second] = [*first, *second].map(|row| set.row(row).to_vec());
                if let Some(cosine) = cosine(&first, &second) {
                    story.sum += cosine;
                    story.pairs += 1;
                }
            }
        }
        if story.pairs > 0 {
            stories.push(story);
        }
    }
    stories
}

fn share(a: &Observation, b: &Observation) -> bool {
    let both = a.character_labels.iter().zip(&b.character_labels);
    both.into_iter().any(|(a, b)| *a && *b)
}
