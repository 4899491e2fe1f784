//! Distances between sets other than the Fréchet distance: KID, precision and recall, density and
//! coverage, Inception Score.

use super::chosen::{Chosen, Clusters};
use super::draft::Draft;
use super::features::{Both, both, present};
use super::input::{FEATURES, LOGITS};
use super::jackknife;
use super::parts::{Parts, Reduced};
use super::slice::Slice;
use crate::metric::{
    Family, InceptionScoreOptions, KidOptions, MAX_GROUPS, MetricId, Prdc, PrdcOptions, Reduction,
    inception_score_by_groups, kernel_distance, kid, prdc_by_groups,
};
use crate::record::Role;
use crate::stats::{jackknife_interval, story_interval};
use ndarray::Axis;

/// KID.
pub(in crate::metric) static KERNEL: Family = Family {
    choices: &["features", "kid", "ground_truth"],
    reduction: Reduction::PairsOfFrames,
    asked: |protocol| protocol.kid.is_some(),
    drop: |protocol| protocol.kid = None,
    reduce: kernel,
    ..OF_FEATURES
};
/// Precision and recall, density and coverage.
pub(in crate::metric) static NEIGHBOURS: Family = Family {
    choices: &["features", "neighbours", "ground_truth"],
    reduction: Reduction::PairsOfFrames,
    asked: |protocol| protocol.neighbours.is_some(),
    drop: |protocol| protocol.neighbours = None,
    reduce: neighbours,
    ..OF_FEATURES
};
/// Inception Score, of the generated frames alone.
pub(in crate::metric) static INCEPTION: Family = Family {
    choices: &["features", "inception_score"],
    asked: |protocol| protocol.inception_score.is_some(),
    drop: |protocol| protocol.inception_score = None,
    reduce: inception,
    ..OF_FEATURES
};
const OF_FEATURES: Family = Family {
    roles: &[Role::FEATURES],
    choices: &[],
    reduction: Reduction::Sets,
    large: false,
    asked: |_| false,
    drop: |_| (),
    leaves_out: |_| false,
    reduce: |_, _| Vec::new(),
};
/// Most frames over whose pairs the jackknife runs.
const MAX_JACKKNIFED: usize = 4000;
/// The kernel distance. With fewer frames than a subset needs, all frames are the one subset.
fn kernel(chosen: &Chosen<'_>, _: &Slice) -> Vec<Reduced> {
    let Some(rule) = &chosen.input.protocol.kid else {
        return Vec::new();
    };
    let mut draft = Draft::new(chosen, MetricId::Kid, "all".to_owned(), chosen.rows.len());
    let mut subsets = "none".to_owned();
    match both(chosen.input.pair(FEATURES), chosen, &chosen.rows) {
        Err(reason) => draft.value(Err(reason)),
        Ok(pair) => {
            let stories = stories(chosen, &pair);
            draft.entered(pair.rows.len(), stories.1);
            let (generated, truth) = (pair.generated.view(), pair.ground_truth.view());
            if rule.subset_size > pair.rows.len() {
                "all-frames".clone_into(&mut subsets);
                draft.value(kernel_distance(&generated, &truth).map_err(|r| r.to_string()));
                if pair.rows.len() <= MAX_JACKKNIFED {
                    let rule = "story-jackknife-t";
                    draft.interval(None, rule);
                    let left_out = jackknife::left_out(&generated, &truth, &stories.0, stories.1);
                    if let Some(left_out) = left_out {
                        draft.left_out(left_out, rule, story_interval);
                    }
                } else {
                    draft.parts(Parts::None(format!(
                        "its pairs of frames are not gone through for more than {MAX_JACKKNIFED} frames"
                    )));
                }
            } else {
                subsets = format!("{}x{}@{}", rule.subsets, rule.subset_size, rule.seed.0);
                let options = KidOptions {
                    subsets: rule.subsets,
                    subset_size: rule.subset_size,
                    seed: rule.seed.0 as u32,
                    ..KidOptions::default()
                };
                match kid(&generated, &truth, &options) {
                    Err(reason) => draft.value(Err(reason.to_string())),
                    Ok(found) => {
                        draft.value(Ok(found.mean));
                        draft.parts(Parts::None(
                            "it is a mean of drawn subsets, which no story has a share of"
                                .to_owned(),
                        ));
                        draft.warn(format!(
                            "standard deviation over subsets {:.6}; it is their spread, not an interval",
                            found.std
                        ));
                    }
                }
            }
        }
    }
    let own = [("kernel", "cubic"), ("subsets", subsets.as_str())];
    vec![draft.sign(chosen.input.context.extractors.get(Role::FEATURES), &own)]
}

/// Cluster of each row of a pair, and the number of clusters.
fn stories(chosen: &Chosen<'_>, pair: &Both) -> (Vec<usize>, usize) {
    clusters(chosen, &pair.rows)
}

fn clusters(chosen: &Chosen<'_>, rows: &[usize]) -> (Vec<usize>, usize) {
    let mut clusters = Clusters::default();
    let numbers = rows
        .iter()
        .map(|row| clusters.number(chosen.story(*row)))
        .collect();
    (numbers, clusters.len())
}

/// Groups of whole stories that a jackknife leaves out, and how a signature names them.
///
/// Neighbours in the order of ids stand together: in sliding-window data they share clips, which
/// groups should not.
fn groups(stories: &(Vec<usize>, usize)) -> (Vec<u8>, String) {
    let size = stories.1.div_ceil(MAX_GROUPS).max(1);
    let numbers = stories.0.iter().map(|story| (story / size) as u8);
    let name = format!("story-jackknife-{}", stories.1.div_ceil(size));
    (numbers.collect(), name)
}

/// Takes one of the values.
type Read = fn(&Prdc) -> f64;

/// Precision, recall, density and coverage.
fn neighbours(chosen: &Chosen<'_>, _: &Slice) -> Vec<Reduced> {
    let Some(rule) = &chosen.input.protocol.neighbours else {
        return Vec::new();
    };
    let options = PrdcOptions {
        precision_k: rule.precision_k,
        density_k: rule.density_k,
    };
    let pair = both(chosen.input.pair(FEATURES), chosen, &chosen.rows);
    let found = pair.as_ref().map_err(Clone::clone).and_then(|pair| {
        let (groups, name) = groups(&stories(chosen, pair));
        let sets = [&pair.generated, &pair.ground_truth].map(|set| set.view());
        prdc_by_groups(&sets[0], &sets[1], &options, [&groups, &groups])
            .map(|(found, left_out)| (found, left_out, name))
            .map_err(|r| r.to_string())
    });
    let values: [(MetricId, Read, usize, f64); 4] = [
        (
            MetricId::Precision,
            |found| found.precision,
            rule.precision_k,
            1.0,
        ),
        (
            MetricId::Recall,
            |found| found.recall,
            rule.precision_k,
            1.0,
        ),
        (
            MetricId::Density,
            |found| found.density,
            rule.density_k,
            f64::INFINITY,
        ),
        (
            MetricId::Coverage,
            |found| found.coverage,
            rule.density_k,
            1.0,
        ),
    ];
    values
        .into_iter()
        .enumerate()
        .map(|(at, (metric, read, k, most))| {
            let mut draft = Draft::new(chosen, metric, "all".to_owned(), chosen.rows.len());
            if let Ok(pair) = &pair {
                draft.entered(pair.rows.len(), stories(chosen, pair).1);
            }
            match &found {
                Err(reason) => draft.value(Err(reason.clone())),
                Ok((found, left_out, name)) => {
                    draft.value(Ok(read(found)));
                    draft.left_out(left_out[at].clone(), name, |value, left_out| {
                        jackknife_interval(value, left_out, [0.0, most])
                    });
                }
            }
            let k = k.to_string();
            draft.sign(
                chosen.input.context.extractors.get(Role::FEATURES),
                &[("k", k.as_str())],
            )
        })
        .collect()
}

/// The Inception Score of the generated frames.
fn inception(chosen: &Chosen<'_>, _: &Slice) -> Vec<Reduced> {
    let Some(rule) = &chosen.input.protocol.inception_score else {
        return Vec::new();
    };
    let mut draft = Draft::new(chosen, MetricId::Is, "all".to_owned(), chosen.rows.len());
    let planned = chosen.input.observations.len();
    match chosen
        .input
        .features
        .get(LOGITS)
        .filter(|set| set.nrows() == planned)
    {
        None => draft.value(Err("the feature network has no class logits".to_owned())),
        Some(logits) => {
            let rows: Vec<usize> = chosen
                .rows
                .iter()
                .copied()
                .filter(|row| present(&logits, *row))
                .collect();
            let stories = clusters(chosen, &rows);
            draft.entered(rows.len(), stories.1);
            let (groups, name) = groups(&stories);
            let options = InceptionScoreOptions {
                splits: rule.splits,
                seed: Some(rule.seed.0 as u32),
                ..InceptionScoreOptions::TORCH_FIDELITY
            };
            let classes = logits.ncols() as f64;
            let logits = logits.select(Axis(0), &rows);
            match inception_score_by_groups(&logits.view(), &options, &groups) {
                Err(reason) => draft.value(Err(reason.to_string())),
                Ok((found, left_out)) => {
                    draft.value(Ok(found.mean));
                    draft.left_out(left_out, &name, |value, left_out| {
                        jackknife_interval(value, left_out, [1.0, classes])
                    });
                    if let Some(std) = found.std {
                        draft.warn(format!(
                            "standard deviation over splits {std:.6}; it is their spread, not an interval"
                        ));
                    }
                }
            }
        }
    }
    let splits = format!("{}@{}", rule.splits, rule.seed.0);
    vec![draft.sign(
        chosen.input.context.extractors.get(Role::FEATURES),
        &[("splits", splits.as_str())],
    )]
}
