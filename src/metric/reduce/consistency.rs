//! How alike the frames of one story are, by CLIP: a story should keep its characters.
//!
//! The value is a mean over pairs of generated frames. The same mean over the real frames stands
//! beside it as `..._gt`: higher than the real stories is not better, it is repetition.

use super::chosen::Chosen;
use super::draft::Draft;
use super::features::present;
use super::input::CLIP;
use super::parts::{Reduced, StorySums};
use super::slice::Slice;
use crate::card::Repeats;
use crate::metric::{
    Family, FramePlace, MetricId, Pairing, Reduction, consistency, mean_consistency,
};
use crate::record::Role;
use crate::stats::{ClusterSums, Range};
use ndarray::{ArrayView2, Axis};
use std::collections::BTreeSet;

/// The mean over pairs of frames of a story.
pub(in crate::metric) static CONSISTENCY: Family = Family {
    roles: &[Role::CLIP],
    choices: &["clip", "ground_truth"],
    reduction: Reduction::StorySums,
    large: false,
    asked: |protocol| protocol.clip.is_some_and(|rule| rule.consistency),
    drop: |protocol| {
        if let Some(clip) = &mut protocol.clip {
            clip.consistency = false;
        }
    },
    leaves_out: |protocol| {
        protocol
            .clip
            .is_some_and(|rule| rule.repeats != Repeats::EveryFrame)
    },
    reduce: scores,
};

/// Which pairs of frames of a story.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pairs {
    All,
    /// Pairs that share a character label.
    Shared,
}

/// Consistency of the generated and of the real stories: of the frames that count under `repeats`.
fn scores(chosen: &Chosen<'_>, _: &Slice) -> Vec<Reduced> {
    let repeats = chosen
        .input
        .protocol
        .clip
        .map_or(Repeats::EveryFrame, |rule| rule.repeats);
    let sides = [
        (MetricId::Consistency, MetricId::ConsistencyShared, true),
        (
            MetricId::ConsistencyGt,
            MetricId::ConsistencySharedGt,
            false,
        ),
    ];
    let mut scores = Vec::new();
    for (all, shared, generated) in sides {
        for (id, pairs) in [(all, Pairs::All), (shared, Pairs::Shared)] {
            let side = Side { pairs, generated };
            scores.push(one(chosen, repeats, id, side));
        }
    }
    scores
}

/// What is compared.
#[derive(Clone, Copy)]
struct Side {
    pairs: Pairs,
    generated: bool,
}

fn one(chosen: &Chosen<'_>, repeats: Repeats, metric: MetricId, side: Side) -> Reduced {
    let Side { pairs, generated } = side;
    let rows = chosen.without_repeats(&chosen.rows, repeats);
    let mut draft = Draft::new(chosen, metric, "all".to_owned(), rows.len());
    let set = chosen.input.pair(CLIP).map(|pair| {
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
            let frames = Frames {
                shown: chosen.shown(&rows, repeats),
                rows,
            };
            fill(&mut draft, chosen, &set, &frames, pairs);
        }
    }
    let repeats = repeats.to_string();
    let mut own = vec![
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
    if repeats != Repeats::EveryFrame.to_string() {
        own.push(("repeats", &repeats));
    }
    draft.sign(chosen.input.context.extractors.get(Role::CLIP), &own)
}

/// Frames, and the row whose image stands for each.
struct Frames {
    rows: Vec<usize>,
    shown: Vec<usize>,
}

fn fill(
    draft: &mut Draft<'_, '_>,
    chosen: &Chosen<'_>,
    set: &ArrayView2<'_, f32>,
    frames: &Frames,
    pairs: Pairs,
) {
    let both = frames
        .rows
        .iter()
        .copied()
        .zip(frames.shown.iter().copied());
    let (rows, shown): (Vec<usize>, Vec<usize>) =
        both.filter(|(_, shown)| present(set, *shown)).unzip();
    let places: Vec<FramePlace> = rows
        .iter()
        .map(|row| FramePlace {
            story: chosen.story(*row),
            frame: chosen.input.observations[*row].frame.0,
        })
        .collect();
    let labels: Vec<&[bool]> = rows
        .iter()
        .map(|row| chosen.input.observations[*row].character_labels.as_slice())
        .collect();
    let pairing = match pairs {
        Pairs::All => Pairing::All,
        Pairs::Shared => Pairing::SharedCharacter(&labels),
    };
    let stories = match consistency(&set.select(Axis(0), &shown).view(), &places, pairing) {
        Ok(stories) => stories,
        Err(reason) => return draft.value(Err(reason.to_string())),
    };
    let with_pair: BTreeSet<usize> = stories.iter().map(|story| story.story).collect();
    let frames = places
        .iter()
        .filter(|place| with_pair.contains(&place.story));
    draft.entered(frames.count(), stories.len());
    let no_pair = || "no story has two such frames".to_owned();
    draft.value(mean_consistency(&stories).ok_or_else(no_pair));
    let mut sums = ClusterSums::new(chosen.stories(), 2);
    for story in &stories {
        sums.add(story.story, &[story.sum, story.pairs as f64]);
    }
    draft.made_of(StorySums::of_mean(sums), Range::Between(-1.0, 1.0));
}
