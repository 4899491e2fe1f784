//! Metrics that are a mean over frames: CLIP similarities and LPIPS.

use super::chosen::{Chosen, Clusters};
use super::draft::{Draft, Metric};
use super::parts::{Parts, Reduced, StorySums};
use super::slice::Slice;
use crate::record::{Observation, Unit};
use crate::spec::{ClipRule, LpipsRule, MeanOver, Repeats};
use crate::stats::{ClusterSums, LeftOut, Range};

const TEXT_IMAGE: Metric = Metric {
    id: "clip_ti",
    unit: Unit::Cosine,
    higher_is_better: true,
};
const IMAGE_IMAGE: Metric = Metric {
    id: "clip_ii",
    unit: Unit::Cosine,
    higher_is_better: true,
};
const LPIPS: Metric = Metric {
    id: "lpips",
    unit: Unit::Distance,
    higher_is_better: false,
};

/// Text-image and image-image similarity of a slice.
pub(super) fn clip(chosen: &Chosen<'_>, rule: &ClipRule, slice: &Slice) -> Vec<Reduced> {
    let extractor = chosen.input.context.extractors.clip.as_ref();
    let mean = rule.mean.to_string();
    let mut scores = Vec::new();
    if let Some(text) = rule.text {
        let draft = means(
            chosen,
            TEXT_IMAGE,
            slice,
            rule.mean,
            Repeats::EveryFrame,
            |o| o.clip_ti,
        );
        let text = text.to_string();
        scores.push(draft.sign(extractor, &[("caption", &text), ("avg", &mean)]));
    }
    let draft = means(
        chosen,
        IMAGE_IMAGE,
        slice,
        rule.mean,
        Repeats::EveryFrame,
        |o| o.clip_ii,
    );
    scores.push(draft.sign(extractor, &[("avg", &mean)]));
    scores
}

/// The perceptual distance of a slice.
pub(super) fn lpips(chosen: &Chosen<'_>, rule: &LpipsRule, slice: &Slice) -> Reduced {
    let extractor = chosen.input.context.extractors.lpips.as_ref();
    let draft = means(chosen, LPIPS, slice, MeanOver::Frames, rule.repeats, |o| {
        o.lpips
    });
    let repeats = rule.repeats.to_string();
    draft.sign(extractor, &[("avg", "mean"), ("repeats", &repeats)])
}

fn means<'c, 'a>(
    chosen: &'c Chosen<'a>,
    metric: Metric,
    slice: &Slice,
    mean: MeanOver,
    repeats: Repeats,
    value: impl Fn(&Observation) -> Option<f64>,
) -> Draft<'c, 'a> {
    let of_slice: Vec<usize> = chosen
        .observations()
        .filter(|(_, o)| slice.holds(o))
        .map(|(row, _)| row)
        .collect();
    let mut rows = chosen.without_repeats(&of_slice, repeats);
    if matches!(mean, MeanOver::Batches(_)) {
        rows = Chosen::in_plan_order(&rows);
    }
    let mut clusters = Clusters::default();
    let mut stories: Vec<Vec<f64>> = Vec::new();
    let mut sums = ClusterSums::new(chosen.stories(), 2);
    let mut n = 0;
    for row in &rows {
        let Some(value) = value(&chosen.input.observations[*row]).filter(|v| v.is_finite()) else {
            continue;
        };
        sums.add(chosen.story(*row), &[value, 1.0]);
        let cluster = clusters.number(chosen.story(*row));
        stories.resize(clusters.len(), Vec::new());
        stories[cluster].push(value);
        n += 1;
    }
    let mut draft = Draft::new(chosen, metric, slice.name(), rows.len());
    draft.entered(n, stories.len());
    let range = match metric.unit {
        Unit::Cosine => Range::Between(-1.0, 1.0),
        _ => Range::AtLeast(0.0),
    };
    let reason = if rows.is_empty() {
        "no frame in this slice"
    } else {
        "no frame of this slice was looked at with this network"
    };
    draft.value(average(stories.iter(), mean).ok_or_else(|| reason.to_owned()));
    match mean {
        MeanOver::Frames => draft.made_of(StorySums::of_mean(sums), range),
        MeanOver::Batches(_) => {
            draft.without_stories(&without_each(&stories, mean), range);
            draft.parts(Parts::None(
                "it is a mean of the batches of the plan, which no story has a share of".to_owned(),
            ));
        }
    }
    draft
}

/// The mean without each story in turn; the batches close up.
fn without_each(stories: &[Vec<f64>], mean: MeanOver) -> Vec<LeftOut> {
    let without = |gap: usize| {
        let others = stories.iter().enumerate().filter(|(at, _)| *at != gap);
        LeftOut {
            value: average(others.map(|(_, values)| values), mean),
            size: 1,
        }
    };
    (0..stories.len()).map(without).collect()
}

/// The mean of the stories' values, in order.
fn average<'a>(stories: impl Iterator<Item = &'a Vec<f64>>, mean: MeanOver) -> Option<f64> {
    let size = match mean {
        MeanOver::Frames => usize::MAX,
        MeanOver::Batches(size) => size,
    };
    let (mut means, mut batches) = (0.0, 0_u64);
    let (mut sum, mut count) = (0.0, 0_usize);
    for value in stories.flatten() {
        sum += value;
        count += 1;
        if count == size {
            means += sum / count as f64;
            batches += 1;
            (sum, count) = (0.0, 0);
        }
    }
    if count > 0 {
        means += sum / count as f64;
        batches += 1;
    }
    (batches > 0).then(|| means / batches as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_last_batch_weighs_too_much() {
        let stories = [vec![1.0, 1.0], vec![0.0]];
        let close = |found: Option<f64>, value: f64| (found.unwrap() - value).abs() < 1e-15;
        let of = |stories: &[Vec<f64>], mean| average(stories.iter(), mean);
        assert!(close(of(&stories, MeanOver::Frames), 2.0 / 3.0));
        assert!(close(of(&stories, MeanOver::Batches(2)), 0.5));
        assert!(close(of(&stories[1..], MeanOver::Batches(2)), 0.0));
        assert_eq!(of(&[], MeanOver::Frames), None);
        let without = without_each(&stories, MeanOver::Batches(2));
        assert!(close(without[0].value, 0.0) && close(without[1].value, 1.0));
    }
}
