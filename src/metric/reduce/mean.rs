//! Metrics that are a mean over frames: CLIP similarities and LPIPS.

use super::chosen::{Chosen, Clusters};
use super::draft::Draft;
use super::parts::{Parts, Reduced, StorySums};
use super::slice::Slice;
use crate::card::{MeanOver, Repeats};
use crate::metric::{Family, MetricId, Reduction};
use crate::record::{Role, Unit};
use crate::stats::{ClusterSums, LeftOut, Range};

/// CLIP similarities.
pub(in crate::metric) static CLIP_SIMILARITY: Family = Family {
    roles: &[Role::CLIP],
    choices: &["clip", "ground_truth"],
    reduction: Reduction::StorySums,
    large: false,
    asked: |protocol| protocol.clip.is_some(),
    // Consistency and crops read the same section.
    drop: |_| (),
    leaves_out: |protocol| {
        protocol
            .clip
            .is_some_and(|rule| rule.repeats != Repeats::EveryFrame)
    },
    reduce: clip,
};
/// LPIPS.
pub(in crate::metric) static LPIPS: Family = Family {
    roles: &[Role::LPIPS],
    choices: &["lpips", "ground_truth"],
    reduction: Reduction::StorySums,
    large: false,
    asked: |protocol| protocol.lpips.is_some(),
    drop: |protocol| protocol.lpips = None,
    leaves_out: |protocol| {
        protocol
            .lpips
            .is_some_and(|rule| rule.repeats != Repeats::EveryFrame)
    },
    reduce: lpips,
};

/// Text-image and image-image similarity of a slice.
fn clip(chosen: &Chosen<'_>, slice: &Slice) -> Vec<Reduced> {
    let Some(rule) = &chosen.input.protocol.clip else {
        return Vec::new();
    };
    let extractor = chosen.input.context.extractors.get(Role::CLIP);
    let (mean, repeats) = (rule.mean.to_string(), rule.repeats.to_string());
    let average = Average {
        mean: rule.mean,
        repeats: rule.repeats,
    };
    // What is left at its default is not named, so that a new choice changes no old signature.
    let mut own = vec![("avg", mean.as_str())];
    if rule.repeats != Repeats::EveryFrame {
        own.push(("repeats", &repeats));
    }
    if matches!(rule.mean, MeanOver::Batches(_)) {
        own.push(("order", chosen.listed(&[], rule.repeats).1));
    }
    let mut scores = Vec::new();
    if let Some(text) = rule.text {
        let cosines = chosen.similarities.text_image(&chosen.input);
        let draft = means(chosen, MetricId::ClipTi, slice, average, |row| cosines[row]);
        let text = text.to_string();
        let own: Vec<_> = [("caption", text.as_str())]
            .into_iter()
            .chain(own.clone())
            .collect();
        scores.push(draft.sign(extractor, &own));
    }
    let cosines = chosen.similarities.image_image(&chosen.input);
    let draft = means(chosen, MetricId::ClipIi, slice, average, |row| cosines[row]);
    scores.push(draft.sign(extractor, &own));
    scores
}

/// The perceptual distance of a slice.
fn lpips(chosen: &Chosen<'_>, slice: &Slice) -> Vec<Reduced> {
    let Some(rule) = &chosen.input.protocol.lpips else {
        return Vec::new();
    };
    let extractor = chosen.input.context.extractors.get(Role::LPIPS);
    let average = Average {
        mean: MeanOver::Frames,
        repeats: rule.repeats,
    };
    let of_pair = |row: usize| chosen.input.observations[row].number("lpips");
    let draft = means(chosen, MetricId::Lpips, slice, average, of_pair);
    let repeats = rule.repeats.to_string();
    vec![draft.sign(extractor, &[("avg", "mean"), ("repeats", &repeats)])]
}

/// How values of frames become one number.
#[derive(Clone, Copy)]
struct Average {
    mean: MeanOver,
    repeats: Repeats,
}

/// Values of frames that follow each other and are of one story.
struct Run {
    /// The story's number among those that have a value.
    cluster: usize,
    values: Vec<f64>,
}

fn means<'c, 'a>(
    chosen: &'c Chosen<'a>,
    metric: MetricId,
    slice: &Slice,
    rule: Average,
    value: impl Fn(usize) -> Option<f64>,
) -> Draft<'c, 'a> {
    let Average { mean, repeats } = rule;
    let of_slice: Vec<usize> = chosen
        .observations()
        .filter(|(_, o)| slice.holds(o))
        .map(|(row, _)| row)
        .collect();
    let mut rows = chosen.without_repeats(&of_slice, repeats);
    if matches!(mean, MeanOver::Batches(_)) {
        rows = chosen.listed(&rows, repeats).0;
    }
    let mut clusters = Clusters::default();
    let mut runs: Vec<Run> = Vec::new();
    let mut sums = ClusterSums::new(chosen.stories(), 2);
    let mut n = 0;
    for (row, shown) in rows.iter().zip(chosen.shown(&rows, repeats)) {
        let Some(value) = value(shown).filter(|v| v.is_finite()) else {
            continue;
        };
        sums.add(chosen.story(*row), &[value, 1.0]);
        let cluster = clusters.number(chosen.story(*row));
        match runs.last_mut().filter(|run| run.cluster == cluster) {
            Some(run) => run.values.push(value),
            None => runs.push(Run {
                cluster,
                values: vec![value],
            }),
        }
        n += 1;
    }
    let mut draft = Draft::new(chosen, metric, slice.name(), rows.len());
    draft.entered(n, clusters.len());
    let range = match metric.metric().unit {
        Unit::Cosine => Range::Between(-1.0, 1.0),
        _ => Range::AtLeast(0.0),
    };
    let reason = if rows.is_empty() {
        "no frame in this slice"
    } else {
        "no frame of this slice was looked at with this network"
    };
    draft.value(average(&runs, None, mean).ok_or_else(|| reason.to_owned()));
    match mean {
        MeanOver::Frames => draft.made_of(StorySums::of_mean(sums), range),
        MeanOver::Batches(_) => {
            draft.without_stories(&without_each(&runs, clusters.len(), mean), range);
            draft.parts(Parts::None(
                "it is a mean of batches, of which no story has a share".to_owned(),
            ));
        }
    }
    draft
}

/// The mean without each story in turn; the batches close up.
fn without_each(runs: &[Run], stories: usize, mean: MeanOver) -> Vec<LeftOut> {
    let without = |story| LeftOut {
        value: average(runs, Some(story), mean),
        size: 1,
    };
    (0..stories).map(without).collect()
}

/// The mean of the values in order, without those of one story.
fn average(runs: &[Run], without: Option<usize>, mean: MeanOver) -> Option<f64> {
    let size = match mean {
        MeanOver::Frames => usize::MAX,
        MeanOver::Batches(size) => size,
    };
    let (mut means, mut batches) = (0.0, 0_u64);
    let (mut sum, mut count) = (0.0, 0_usize);
    let kept = runs.iter().filter(|run| Some(run.cluster) != without);
    for value in kept.flat_map(|run| &run.values) {
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
        let run = |cluster, values: &[f64]| Run {
            cluster,
            values: values.to_vec(),
        };
        let stories = [run(0, &[1.0, 1.0]), run(1, &[0.0])];
        let close = |found: Option<f64>, value: f64| (found.unwrap() - value).abs() < 1e-15;
        let batches = MeanOver::Batches(2);
        assert!(close(average(&stories, None, MeanOver::Frames), 2.0 / 3.0));
        assert!(close(average(&stories, None, batches), 0.5));
        assert!(close(average(&stories, Some(0), batches), 0.0));
        assert_eq!(average(&[], None, MeanOver::Frames), None);
        let without = without_each(&stories, 2, batches);
        assert!(close(without[0].value, 0.0) && close(without[1].value, 1.0));
        // A flat folder lists a story's images in several places.
        let folder = [run(0, &[1.0]), run(1, &[0.0]), run(0, &[0.5])];
        assert!(close(average(&folder, None, batches), 0.5));
        assert!(close(average(&folder, Some(1), batches), 0.75));
    }
}
