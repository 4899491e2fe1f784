//! `storyeval metric fid`.

use super::answer::{Answer, Format, signed};
use super::interval::IntervalArguments;
use super::preset::Preset;
use super::source::{PairArguments, Set, UNSEEN, both, one};
use crate::cli::Outcome;
use crate::cli::failure::Failure;
use clap::Args;
use ndarray::{Array2, ArrayView1};
use serde_json::json;
use std::path::PathBuf;
use storyeval::format::{Statistics, write_statistics};
use storyeval::metric::{
    Frechet, FrechetParts, FrechetUnscored, Gaussian, MeanPrecision, Route, Side, fit, frechet_fit,
    frechet_left_out, frechet_of_gaussians, frechet_with,
};
use storyeval::record::Signature;
use storyeval::stats::{NoInterval, jackknife_interval};

/// Longest features whose interval costs next to nothing.
const MOST_AT_ONCE: usize = 256;

#[derive(Clone, Debug, Args)]
pub(crate) struct FidArguments {
    #[command(flatten)]
    pair: PairArguments,
    /// Keep mean and covariance of the first set (`mu`, `sigma`; pytorch-fid reads them)
    #[arg(long, value_name = "OUT.npz")]
    save_stats: Option<PathBuf>,
    /// Compute the interval of features of more than 256 dimensions too, which takes longer than the distance
    #[arg(long)]
    wide_interval: bool,
    #[command(flatten)]
    interval: IntervalArguments,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Fréchet distance between two sets of features.
pub(crate) fn fid(arguments: &FidArguments) -> Outcome {
    let preset = arguments.pair.network.preset;
    if let Some(sizes) = arguments.pair.sizes()? {
        for n in sizes.into_iter().flatten() {
            arguments.interval.groups(n)?;
        }
        if let Err(reason) = frechet_fit(sizes) {
            let mut answer = blank(sizes);
            answer.unscored = Some(reason.to_string());
            return finish(answer, arguments, [UNSEEN, "none"], sizes);
        }
    }
    let sets = arguments.pair.sets()?;
    if let Some(path) = &arguments.save_stats {
        save(path, &sets[0], preset)?;
    }
    let (result, sizes) = distance(&sets, preset.mean());
    let mut answer = blank(sizes);
    answer.warnings = sets.iter().flat_map(Set::warnings).cloned().collect();
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
    finish(answer, arguments, [&origin(&sets), &ci], sizes)
}

/// An answer that says only how many there are.
fn blank(sizes: [Option<usize>; 2]) -> Answer {
    let mut answer = Answer {
        metric: "fid".to_owned(),
        n: sizes[0],
        ..Answer::default()
    };
    for (name, size) in [("n_generated", sizes[0]), ("n_reference", sizes[1])] {
        answer.more.insert(name.to_owned(), json!(size));
    }
    answer
}

fn finish(
    mut answer: Answer,
    arguments: &FidArguments,
    [origin, ci]: [&str; 2],
    sizes: [Option<usize>; 2],
) -> Outcome {
    let preset = arguments.pair.network.preset;
    let mean = match preset.mean() {
        MeanPrecision::F64 => "f64",
        MeanPrecision::F32 => "f32",
    };
    let parts = Signature::of("fid")
        .with("input", origin)
        .with("preset", preset.name())
        .with("mean", mean)
        .with("cov", "n-1");
    answer.signature = signed(parts, ci, &sizes);
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
    let none = || Ok("none".to_owned());
    let plan = &arguments.interval;
    let [Set::Features(a), Set::Features(b)] = sets else {
        answer
            .warnings
            .push("no interval: statistics do not say how far each image moves them".to_owned());
        return none();
    };
    let Some(value) = answer.value.filter(|_| plan.resamples > 0) else {
        return none();
    };
    let dim = a.numbers.dim().1;
    if dim > MOST_AT_ONCE && !arguments.wide_interval {
        answer.warnings.push(format!(
            "no interval: of features of {dim} dimensions it takes as long again, and some; `--wide-interval` computes it"
        ));
        return none();
    }
    let [n1, n2] = [a, b].map(|set| set.numbers.dim().0);
    let groups = plan.groups(n1)?;
    if groups.given {
        // A group is of both sets, so that they must be paired.
        plan.groups(n2)?;
    }
    let parts = if groups.given {
        FrechetParts::Clusters {
            of_row: &groups.numbers,
            count: groups.count,
        }
    } else {
        FrechetParts::Vectors
    };
    let left_out = both!(&a.numbers, &b.numbers, |x, y| frechet_left_out(
        &x, &y, value, parts
    ));
    let interval = match &left_out {
        Ok(left_out) => jackknife_interval(value, left_out, [0.0, f64::INFINITY])
            .map_err(|reason| why(reason, groups.given)),
        Err(reason) => Err(reason.to_string()),
    };
    match interval {
        Ok(ends) => {
            answer.interval = Some(ends);
            let kind = if groups.given { "group" } else { "item" };
            Ok(format!("{kind}-influence-t"))
        }
        Err(reason) => {
            answer.warnings.push(format!("no interval: {reason}"));
            none()
        }
    }
}

fn why(reason: NoInterval, grouped: bool) -> String {
    let parts = if grouped { "groups" } else { "images" };
    match reason {
        NoInterval::TooFew { groups, .. } => format!("{groups} {parts} are too few"),
        NoInterval::Undefined { .. } | NoInterval::Still => {
            format!("none of the {parts} moves the value; its error is unknown, not zero")
        }
    }
}
