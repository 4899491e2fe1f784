//! Fréchet distance between two sets of features.

use super::images::UNSEEN;
use super::matrix::{both, one};
use super::preset::name_of;
use super::sets::{Set, groups as groups_of, origin};
use super::{Answer, FeatureSets, Host, IntervalPlan, Measure, MeasureError, NoInterval};
use crate::format::{Statistics, write_statistics};
use crate::metric::{
    Frechet, FrechetParts, FrechetUnscored, Gaussian, MeanPrecision, Route, Side, fit, frechet_fit,
    frechet_left_out, frechet_of_gaussians, frechet_with,
};
use crate::record::Signature;
use crate::stats::{self, jackknife_interval};
use ndarray::{Array2, ArrayView1};
use std::path::{Path, PathBuf};

/// Longest features whose interval costs next to nothing.
const MOST_AT_ONCE: usize = 256;

/// Asks for the Fréchet distance.
#[derive(Clone, Debug, Default)]
pub struct FidRequest {
    /// The two sets.
    pub sets: FeatureSets,
    /// Where to keep mean and covariance of the first set, as pytorch-fid reads them.
    pub save_statistics: Option<PathBuf>,
    /// Compute the interval of features of more than 256 dimensions too.
    pub wide_interval: bool,
    /// Groups of both sets, which must be paired then. Nothing is resampled: the interval is of how far each image or
    /// group moves the distance; with 0 resamples there is none.
    pub interval: IntervalPlan,
}

impl Measure for FidRequest {
    fn measure(&self, host: &dyn Host) -> Result<Answer, MeasureError> {
        if let Some(sizes) = self.sets.sizes()? {
            for (path, n) in self.sets.paths.iter().zip(sizes) {
                if let Some(n) = n {
                    groups_of(&self.interval, path, n)?;
                }
            }
            if let Err(reason) = frechet_fit(sizes) {
                let answer = Answer::of_sets("fid", sizes).without(reason);
                return Ok(self.signed(answer, [UNSEEN, "none"], sizes));
            }
        }
        self.of_sets(&self.sets.sets(host)?)
    }
}

impl FidRequest {
    /// The answer of sets that were read.
    pub(super) fn of_sets(&self, sets: &[Set; 2]) -> Result<Answer, MeasureError> {
        let precision = self.sets.network.preset.mean();
        if let Some(path) = &self.save_statistics {
            save(path, &sets[0], precision)?;
        }
        let sizes = sets.each_ref().map(|set| match set {
            Set::Features(features) => Some(features.numbers.dim().0),
            Set::Statistics(_) => None,
        });
        let mut answer = Answer::of_sets("fid", sizes);
        for set in sets {
            if let Set::Features(features) = set {
                answer.warnings.extend(features.warnings.iter().cloned());
            }
        }
        let mut ci = "none";
        match distance(sets, precision) {
            Err(reason) => answer = answer.without(reason),
            Ok(found) => {
                answer.value = Some(found.value);
                answer.detail(
                    "route",
                    match found.route {
                        Route::Nuclear => "nuclear",
                        Route::Cholesky => "cholesky",
                        Route::Eigen => "eigen",
                    },
                );
                answer
                    .warnings
                    .extend(found.warnings.into_iter().map(Into::into));
                if let Some((ends, kind)) = self.interval(sets, found.value, &mut answer)? {
                    answer.interval = Some(ends);
                    ci = kind;
                }
            }
        }
        let [first, second] = sets.each_ref().map(|set| match set {
            Set::Features(features) => features.origin.as_str(),
            Set::Statistics(_) => "statistics",
        });
        Ok(self.signed(answer, [&origin(first, second), ci], sizes))
    }
}

impl FidRequest {
    fn signed(&self, answer: Answer, [origin, ci]: [&str; 2], sizes: [Option<usize>; 2]) -> Answer {
        let preset = self.sets.network.preset;
        let mean = match preset.mean() {
            MeanPrecision::F64 => "f64",
            MeanPrecision::F32 => "f32",
        };
        let parts = Signature::of("fid")
            .with("input", origin)
            .with("preset", name_of(&preset))
            .with("mean", mean)
            .with("cov", "n-1");
        answer.signed(parts, ci, &sizes).hinted(
            "give two sets of features of the same network, finite, with at least 2 images each",
        )
    }

    /// The interval and how signatures call it; otherwise a warning says why there is none.
    fn interval(
        &self,
        sets: &[Set; 2],
        value: f64,
        answer: &mut Answer,
    ) -> Result<Option<([f64; 2], &'static str)>, MeasureError> {
        let mut none = |why: NoInterval| {
            answer.warnings.push(super::Warning::NoInterval(why));
            Ok(None)
        };
        let [Set::Features(a), Set::Features(b)] = sets else {
            return none(NoInterval::Statistics);
        };
        if self.interval.resampling.resamples == 0 {
            return Ok(None);
        }
        let ((n1, dimensions), (n2, _)) = (a.numbers.dim(), b.numbers.dim());
        if dimensions > MOST_AT_ONCE && !self.wide_interval {
            return none(NoInterval::Wide { dimensions });
        }
        let [first, second] = &self.sets.paths;
        let groups = groups_of(&self.interval, first, n1)?;
        let (parts, images, kind) = if groups.given {
            // A group is of both sets, so that they must be paired.
            groups_of(&self.interval, second, n2)?;
            let parts = FrechetParts::Clusters {
                of_row: &groups.numbers,
                count: groups.count,
            };
            (parts, "groups", "group-influence-t")
        } else {
            (FrechetParts::Vectors, "images", "item-influence-t")
        };
        let left_out = both!(&a.numbers, &b.numbers, |x, y| frechet_left_out(
            &x, &y, value, parts
        ));
        let left_out = match left_out {
            Ok(left_out) => left_out,
            Err(reason) => return none(reason.into()),
        };
        match jackknife_interval(value, &left_out, [0.0, f64::INFINITY]) {
            Ok(ends) => Ok(Some((ends, kind))),
            Err(stats::NoInterval::TooFew { groups: count, .. }) => none(NoInterval::TooFew {
                count,
                parts: images,
            }),
            Err(_) => none(NoInterval::Still { parts: images }),
        }
    }
}

fn distance(sets: &[Set; 2], precision: MeanPrecision) -> Result<Frechet, FrechetUnscored> {
    if let [Set::Features(a), Set::Features(b)] = sets {
        return both!(&a.numbers, &b.numbers, |a, b| frechet_with(
            &a, &b, precision
        ));
    }
    let [a, b] = sets;
    let a = fitted(a, precision, Side::First)?;
    frechet_of_gaussians(&a, &fitted(b, precision, Side::Second)?)
}

fn fitted(set: &Set, precision: MeanPrecision, side: Side) -> Result<Gaussian, FrechetUnscored> {
    match set {
        Set::Features(features) => one!(&features.numbers, |set| fit(side, &set, precision)),
        Set::Statistics(statistics) => Ok(gaussian(statistics)),
    }
}

fn gaussian(statistics: &Statistics) -> Gaussian {
    let precision = if statistics.mu_is_f32 {
        MeanPrecision::F32
    } else {
        MeanPrecision::F64
    };
    Gaussian::from_statistics(statistics.mu.to_vec(), precision, |i, j| {
        statistics.sigma[[i, j]]
    })
}

fn save(path: &Path, set: &Set, precision: MeanPrecision) -> Result<(), MeasureError> {
    let fitted = fitted(set, precision, Side::First).map_err(|reason| {
        MeasureError::request(
            format!("there are no statistics to save: {reason}"),
            "give features with at least 2 finite rows",
        )
    })?;
    let d = fitted.dim();
    let sigma = Array2::from_shape_fn((d, d), |(i, j)| fitted.covariance[(i, j)]);
    let single = fitted.mean_precision == MeanPrecision::F32;
    write_statistics(path, &ArrayView1::from(&fitted.mean), single, &sigma.view())?;
    Ok(())
}
