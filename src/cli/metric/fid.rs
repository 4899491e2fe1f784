//! `storyeval metric fid`.

use super::answer::{Answer, Format};
use super::interval::{IntervalArguments, undefined};
use super::preset::Preset;
use super::source::{Features, PairArguments, Set, both, one};
use crate::cli::Outcome;
use crate::cli::failure::Failure;
use clap::Args;
use ndarray::{Array2, ArrayView1};
use serde_json::json;
use std::path::PathBuf;
use storyeval::exchange::{Statistics, write_statistics};
use storyeval::metric::{
    Frechet, FrechetUnscored, Gaussian, MeanPrecision, Route, Side, fit, frechet_of_gaussians,
    frechet_with,
};
use storyeval::stats::{Distribution, bootstrap, bootstrap_two};

/// Longest features that are resampled: beyond, an eigenproblem a resample takes minutes.
const MAX_RESAMPLED_DIM: usize = 256;
/// Resamples at most: each refits both covariances.
const MAX_RESAMPLES: usize = 200;

#[derive(Clone, Debug, Args)]
pub(crate) struct FidArguments {
    #[command(flatten)]
    pair: PairArguments,
    /// Keep mean and covariance of the first set (`mu`, `sigma`; pytorch-fid reads them)
    #[arg(long, value_name = "OUT.npz")]
    save_stats: Option<PathBuf>,
    #[command(flatten)]
    interval: IntervalArguments,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Fréchet distance between two sets of features.
pub(crate) fn fid(arguments: &FidArguments) -> Outcome {
    let preset = arguments.pair.network.preset;
    let sets = arguments.pair.sets()?;
    if let Some(path) = &arguments.save_stats {
        save(path, &sets[0], preset)?;
    }
    let (result, sizes) = distance(&sets, preset.mean());
    let mut answer = Answer {
        metric: "fid".to_owned(),
        n: sizes[0],
        warnings: sets.iter().flat_map(Set::warnings).cloned().collect(),
        ..Answer::default()
    };
    for (name, size) in [("n_generated", sizes[0]), ("n_reference", sizes[1])] {
        answer.more.insert(name.to_owned(), json!(size));
    }
    let mut ci = "none".to_owned();
    match result {
        Err(reason) => answer.unscored = Some(reason.to_string()),
        Ok(found) => {
            answer.value = Some(found.value);
            let route = match found.route {
                Route::Nuclear => "nuclear",
                Route::Cholesky => "cholesky",
                Route::Eigen => "eigen",
            };
            answer.more.insert("route".to_owned(), json!(route));
            answer
                .warnings
                .extend(found.warnings.iter().map(ToString::to_string));
            ci = interval(arguments, &sets, &mut answer)?;
        }
    }
    answer.signature = format!(
        "fid|{}|preset:{}|mean:{}|cov:n-1|ci:{ci}",
        origin(&sets),
        preset.name(),
        match preset.mean() {
            MeanPrecision::F64 => "f64",
            MeanPrecision::F32 => "f32",
        }
    );
    answer.finish(
        arguments.format,
        "give two sets of features of the same network, finite, with at least 2 images each",
    )
}

/// The distance and the sizes of the sets.
fn distance(
    sets: &[Set; 2],
    precision: MeanPrecision,
) -> (Result<Frechet, FrechetUnscored>, [Option<usize>; 2]) {
    let size = |set: &Set| match set {
        Set::Features(features) => Some(features.numbers.dim().0),
        Set::Statistics(_) => None,
    };
    let sizes = [size(&sets[0]), size(&sets[1])];
    let result = match sets {
        [Set::Features(a), Set::Features(b)] => {
            both!(&a.numbers, &b.numbers, |a, b| frechet_with(
                &a, &b, precision
            ))
        }
        [a, b] => fitted(a, precision, Side::First).and_then(|a| {
            let b = fitted(b, precision, Side::Second)?;
            frechet_of_gaussians(&a, &b)
        }),
    };
    (result, sizes)
}

fn fitted(set: &Set, precision: MeanPrecision, side: Side) -> Result<Gaussian, FrechetUnscored> {
    match set {
        Set::Features(features) => one!(&features.numbers, |set| fit(side, &set, precision)),
        Set::Statistics(statistics) => Ok(gaussian(statistics)),
    }
}

fn gaussian(statistics: &Statistics) -> Gaussian {
    Gaussian::from_statistics(
        statistics.mu.to_vec(),
        if statistics.mu_is_f32 {
            MeanPrecision::F32
        } else {
            MeanPrecision::F64
        },
        |i, j| statistics.sigma[[i, j]],
    )
}

fn save(path: &std::path::Path, set: &Set, preset: Preset) -> Outcome {
    let fitted = fitted(set, preset.mean(), Side::First).map_err(|reason| Failure::Arguments {
        what: format!("there are no statistics to save: {reason}"),
        hint: "give features with at least 2 finite rows".to_owned(),
    })?;
    let d = fitted.dim();
    let sigma = Array2::from_shape_fn((d, d), |(i, j)| fitted.covariance[(i, j)]);
    let single = fitted.mean_precision == MeanPrecision::F32;
    write_statistics(path, &ArrayView1::from(&fitted.mean), single, &sigma.view())?;
    Ok(())
}

fn origin(sets: &[Set; 2]) -> String {
    let name = |set: &Set| match set {
        Set::Features(features) => features.origin.clone(),
        Set::Statistics(_) => "statistics".to_owned(),
    };
    super::source::origin(&name(&sets[0]), &name(&sets[1])).into_owned()
}

/// Fills in the interval, or says why there is none. Returns what the signature says.
fn interval(
    arguments: &FidArguments,
    sets: &[Set; 2],
    answer: &mut Answer,
) -> Result<String, Failure> {
    let plan = &arguments.interval;
    let [Set::Features(a), Set::Features(b)] = sets else {
        answer
            .warnings
            .push("no interval: statistics cannot be resampled".to_owned());
        return Ok("none".to_owned());
    };
    let dim = a.numbers.dim().1;
    if dim > MAX_RESAMPLED_DIM {
        answer.warnings.push(format!(
            "no interval: features of {dim} dimensions are not resampled (at most {MAX_RESAMPLED_DIM}); `storyeval metric kid` gives a spread"
        ));
        return Ok("none".to_owned());
    }
    if plan.resamples == 0 {
        return Ok("none".to_owned());
    }
    let resamples = plan.resamples.min(MAX_RESAMPLES);
    if resamples < plan.resamples {
        answer
            .warnings
            .push(format!("the interval is of {resamples} resamples"));
    }
    let mut plan = plan.clone();
    plan.resamples = resamples;
    let (distribution, ci) = both!(&a.numbers, &b.numbers, |x, y| {
        let value = |first: &[u32], second: &[u32]| {
            let (first, second) = (
                Gaussian::fit_weighted(&x, first)?,
                Gaussian::fit_weighted(&y, second)?,
            );
            frechet_of_gaussians(&first, &second)
                .ok()
                .map(|distance| distance.value)
        };
        drawn(&plan, [a, b], value)?
    });
    undefined(&distribution, &mut answer.warnings);
    answer.interval = distribution.interval(0.95);
    if answer.interval.is_some() {
        answer.warnings.push(
            "the interval is biased upward, because repeated images lower the rank of a resampled covariance; it may lie above the value".to_owned(),
        );
    }
    Ok(ci)
}

/// Resamples both sets on their own, or groups of paired rows together.
fn drawn(
    plan: &IntervalArguments,
    sets: [&Features; 2],
    value: impl Fn(&[u32], &[u32]) -> Option<f64>,
) -> Result<(Distribution, String), Failure> {
    let [n1, n2] = sets.map(|set| set.numbers.dim().0);
    let groups = plan.groups(n1)?;
    if !groups.given {
        let distribution = bootstrap_two(n1, n2, plan.plan(), value);
        return Ok((distribution, plan.name(&groups)));
    }
    // A group is of both sets, so that they must be paired.
    plan.groups(n2)?;
    let distribution = bootstrap(groups.count, plan.plan(), |multiplicities| {
        let rows = groups.of_items(multiplicities);
        value(&rows, &rows)
    });
    Ok((distribution, plan.name(&groups)))
}
