//! The Inception Score: `exp` of the mean divergence of class probabilities from their marginal
//! (Salimans et al. 2016), over splits.

use super::features::{not_finite, sort_by_value};
use super::pairwise::{deviation, mean};
use super::{Feature, RandomState};
use crate::stats::LeftOut;
use ndarray::{ArrayView1, ArrayView2};

/// How images are split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Splitting {
    /// Split `i` of `k` is `i * n / k .. (i + 1) * n / k`: torch-fidelity.
    Even,
    /// Splits of `ceil(n / k)`, the last one shorter, and perhaps fewer than `k`: `torch.chunk`,
    /// torchmetrics.
    Chunks,
}

/// How the score is computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InceptionScoreOptions {
    /// Number of splits.
    pub splits: usize,
    /// How images are split.
    pub splitting: Splitting,
    /// Seed of numpy's `RandomState`, which permutes the images first; absent, they keep their order.
    pub seed: Option<u32>,
    /// What is taken from the number of splits in the standard deviation (`ddof`).
    pub freedom: usize,
}

impl InceptionScoreOptions {
    /// torch-fidelity: 10 even splits after a permutation with seed 2020, `ddof` 0.
    pub const TORCH_FIDELITY: Self = Self {
        splits: 10,
        splitting: Splitting::Even,
        seed: Some(2020),
        freedom: 0,
    };
    /// torchmetrics: 10 chunks, `ddof` 1. Its permutation is unseeded and cannot be repeated; here the
    /// images keep their order. It works in single precision.
    pub const TORCHMETRICS: Self = Self {
        splits: 10,
        splitting: Splitting::Chunks,
        seed: None,
        freedom: 1,
    };
}

impl InceptionScoreOptions {
    /// Whether so many images can be split so. It needs no logits, so that it can be asked before a network
    /// reads images.
    ///
    /// # Errors
    /// [`InceptionScoreUnscored::Splits`].
    pub fn fit(&self, n: usize) -> Result<(), InceptionScoreUnscored> {
        let splits = self.splits;
        if splits == 0 || n < splits {
            return Err(InceptionScoreUnscored::Splits { n, splits });
        }
        Ok(())
    }
}

/// An Inception Score.
#[derive(Clone, Debug, PartialEq)]
pub struct InceptionScore {
    /// Mean over splits, from 1 to the number of classes.
    pub mean: f64,
    /// Standard deviation over splits; `None` with a single split and `ddof` 1.
    pub std: Option<f64>,
    /// Score of each split.
    pub splits: Vec<f64>,
}

/// Why there is no Inception Score.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InceptionScoreUnscored {
    /// A split would be empty.
    #[error("{n} images cannot be cut into {splits} splits; take at most {n} and at least 1")]
    Splits {
        /// Number of images.
        n: usize,
        /// Number of splits.
        splits: usize,
    },
    /// There are no classes.
    #[error("the logits have no classes")]
    NoClasses,
    /// Groups are not one an image.
    #[error("{n} group numbers are needed, one an image")]
    Groups {
        /// Number of images.
        n: usize,
    },
    /// A logit is NaN or infinite.
    #[error("logits of image {row} are not finite")]
    NonFinite {
        /// Position, from 0.
        row: usize,
    },
}

/// The Inception Score of logits, `[n, classes]`, in f64.
///
/// The published scores take the logits of the 2015 graph *without* their bias (1,008 classes).
///
/// # Errors
/// See [`InceptionScoreUnscored`].
pub fn inception_score<T: Feature>(
    logits: &ArrayView2<'_, T>,
    options: &InceptionScoreOptions,
) -> Result<InceptionScore, InceptionScoreUnscored> {
    computed(logits, options, None).map(|(score, _)| score)
}

/// The same, and the mean without each group of images in turn, for a jackknife. `groups` gives the group
/// of each image, from 0. The others stay in their splits: a new permutation would add its own spread.
///
/// # Errors
/// See [`InceptionScoreUnscored`].
pub fn inception_score_by_groups<T: Feature>(
    logits: &ArrayView2<'_, T>,
    options: &InceptionScoreOptions,
    groups: &[u8],
) -> Result<(InceptionScore, Vec<LeftOut>), InceptionScoreUnscored> {
    computed(logits, options, Some(groups))
}

fn computed<T: Feature>(
    logits: &ArrayView2<'_, T>,
    options: &InceptionScoreOptions,
    groups: Option<&[u8]>,
) -> Result<(InceptionScore, Vec<LeftOut>), InceptionScoreUnscored> {
    let (n, classes) = logits.dim();
    let splits = options.splits;
    options.fit(n)?;
    if classes == 0 {
        return Err(InceptionScoreUnscored::NoClasses);
    }
    if let Some(row) = not_finite(logits) {
        return Err(InceptionScoreUnscored::NonFinite { row });
    }
    let groups = groups.unwrap_or_default();
    if !groups.is_empty() && groups.len() != n {
        return Err(InceptionScoreUnscored::Groups { n });
    }
    let mut order = match options.seed {
        Some(seed) => RandomState::new(seed).permutation(n),
        None => (0..n).collect(),
    };
    let cut = |split: usize| match options.splitting {
        Splitting::Even => split * n / splits..(split + 1) * n / splits,
        Splitting::Chunks => {
            let size = n.div_ceil(splits);
            (split * size).min(n)..((split + 1) * size).min(n)
        }
    };
    let count = groups.iter().max().map_or(0, |last| usize::from(*last) + 1);
    let (mut scores, mut without) = (Vec::new(), vec![Vec::new(); count]);
    for range in (0..splits).map(cut).filter(|range| !range.is_empty()) {
        // Within a split the order of the images does not show.
        let rows = &mut order[range];
        sort_by_value(logits, rows);
        let mut whole = Part::new(classes);
        let mut parts = vec![Part::new(if count > 0 { classes } else { 0 }); count];
        for row in rows {
            whole.add(&logits.row(*row));
            if let Some(group) = groups.get(*row) {
                parts[usize::from(*group)].add(&logits.row(*row));
            }
        }
        scores.extend(whole.score());
        for (values, part) in without.iter_mut().zip(&parts) {
            values.push(whole.less(part).score());
        }
    }
    let mut sizes = vec![0; count];
    for group in groups {
        sizes[usize::from(*group)] += 1;
    }
    let without = without
        .into_iter()
        .zip(sizes)
        .map(|(values, size)| LeftOut {
            // A split that goes with the group has no score, and then there is no mean of the splits.
            value: values
                .into_iter()
                .collect::<Option<Vec<f64>>>()
                .and_then(|values| mean(&values)),
            size,
        })
        .collect();
    let score = InceptionScore {
        mean: mean(&scores).ok_or(InceptionScoreUnscored::Splits { n, splits })?,
        std: deviation(&scores, options.freedom),
        splits: scores,
    };
    Ok((score, without))
}

/// Sums over some images.
#[derive(Clone)]
struct Part {
    n: usize,
    /// Of p ln p.
    entropies: f64,
    /// Of the probabilities.
    marginal: Vec<f64>,
}

impl Part {
    fn new(classes: usize) -> Self {
        Self {
            n: 0,
            entropies: 0.0,
            marginal: vec![0.0; classes],
        }
    }

    fn add<T: Feature>(&mut self, logits: &ArrayView1<'_, T>) {
        let largest = logits
            .iter()
            .fold(f64::NEG_INFINITY, |m, v| m.max((*v).into()));
        let shifted = |value: &T| {
            let value: f64 = (*value).into();
            value - largest
        };
        let total: f64 = logits.iter().map(|value| shifted(value).exp()).sum();
        let log_total = total.ln();
        self.n += 1;
        for (sum, value) in self.marginal.iter_mut().zip(logits) {
            let log = shifted(value) - log_total;
            let probability = log.exp();
            *sum += probability;
            // A probability that underflows adds nothing, as the limit of p ln p does.
            if probability > 0.0 {
                self.entropies += probability * log;
            }
        }
    }

    fn less(&self, part: &Self) -> Self {
        let pairs = self.marginal.iter().zip(&part.marginal);
        Self {
            n: self.n - part.n,
            entropies: self.entropies - part.entropies,
            marginal: pairs.map(|(whole, part)| whole - part).collect(),
        }
    }

    /// `None` without images.
    fn score(&self) -> Option<f64> {
        // The mean divergence is the mean of p ln p less the marginal's own.
        let n = self.n as f64;
        let cross: f64 = self
            .marginal
            .iter()
            .map(|sum| sum / n)
            .filter(|q| *q > 0.0)
            .map(|q| q * q.ln())
            .sum();
        (self.n > 0).then(|| (self.entropies / n - cross).exp())
    }
}

#[cfg(test)]
mod tests {
    use super::super::golden::{generated, numbers};
    use super::*;
    use ndarray::{Array2, array};

    #[test]
    fn equals_torch_fidelity_and_torchmetrics() {
        for case in numbers("inception_score.json") {
            let logits = generated(&case["logits"]);
            for (name, preset) in [
                ("torch_fidelity", InceptionScoreOptions::TORCH_FIDELITY),
                ("torchmetrics", InceptionScoreOptions::TORCHMETRICS),
            ] {
                let splits = case["splits"].as_u64().unwrap() as usize;
                let options = InceptionScoreOptions { splits, ..preset };
                let found = inception_score(&logits.view(), &options).unwrap();
                let expected = &case[name];
                let near = |found: f64, field: &str| {
                    let expected = expected[field].as_f64().unwrap();
                    assert!((found - expected).abs() < 1e-9 * expected, "{name} {field}");
                };
                near(found.mean, "mean");
                near(found.std.unwrap(), "std");
            }
        }
    }

    #[test]
    fn equal_rows_score_one_and_certain_distinct_rows_the_classes() {
        let options = InceptionScoreOptions {
            splits: 1,
            ..InceptionScoreOptions::TORCH_FIDELITY
        };
        let same = Array2::<f32>::ones((7, 3));
        assert!((inception_score(&same.view(), &options).unwrap().mean - 1.0).abs() < 1e-12);
        let certain = Array2::from_shape_fn((4, 4), |(i, j)| if i == j { 1e4_f32 } else { 0.0 });
        let score = inception_score(&certain.view(), &options).unwrap();
        assert!((score.mean - 4.0).abs() < 1e-12);
        assert_eq!(score.std, Some(0.0));
    }

    #[test]
    fn what_has_no_score_says_why() {
        let options = InceptionScoreOptions::TORCH_FIDELITY;
        let few = Array2::<f32>::ones((9, 3));
        assert_eq!(
            inception_score(&few.view(), &options),
            Err(InceptionScoreUnscored::Splits { n: 9, splits: 10 })
        );
        let none = Array2::<f32>::ones((10, 0));
        assert_eq!(
            inception_score(&none.view(), &options),
            Err(InceptionScoreUnscored::NoClasses)
        );
        let broken = array![[1.0_f32, 2.0], [f32::NAN, 1.0]];
        let one = InceptionScoreOptions {
            splits: 1,
            ..options
        };
        assert_eq!(
            inception_score(&broken.view(), &one),
            Err(InceptionScoreUnscored::NonFinite { row: 1 })
        );
        // One split has no spread with ddof 1.
        let chunk = InceptionScoreOptions {
            splits: 1,
            ..InceptionScoreOptions::TORCHMETRICS
        };
        assert_eq!(inception_score(&few.view(), &chunk).unwrap().std, None);
    }

    #[test]
    fn leaving_out_equals_the_same_splits_without_the_group() {
        let logits = super::super::golden::fill(60, 5, 3) * 4.0;
        let groups: Vec<u8> = (0..60).map(|row| (row * 7 % 11) as u8).collect();
        let options = InceptionScoreOptions {
            splits: 3,
            seed: None,
            ..InceptionScoreOptions::TORCH_FIDELITY
        };
        let (whole, left) = inception_score_by_groups(&logits.view(), &options, &groups).unwrap();
        assert_eq!(whole, inception_score(&logits.view(), &options).unwrap());
        let one = InceptionScoreOptions {
            splits: 1,
            ..options
        };
        for (group, left) in left.iter().enumerate() {
            let scores: Vec<f64> = (0..3)
                .map(|split| {
                    let rows: Vec<usize> = (split * 20..split * 20 + 20)
                        .filter(|row| usize::from(groups[*row]) != group)
                        .collect();
                    let kept = logits.select(ndarray::Axis(0), &rows);
                    inception_score(&kept.view(), &one).unwrap().mean
                })
                .collect();
            let expected = scores.iter().sum::<f64>() / 3.0;
            assert!((left.value.unwrap() - expected).abs() < 1e-12);
        }
        assert_eq!(left.iter().map(|l| l.size).sum::<usize>(), 60);
        // A group that is a whole split leaves no mean of the splits.
        let whole_split: Vec<u8> = (0..60).map(|row| row / 20).collect();
        let (_, left) = inception_score_by_groups(&logits.view(), &options, &whole_split).unwrap();
        assert!(left.iter().all(|left| left.value.is_none()));
    }

    #[test]
    fn the_order_shows_in_the_splits_alone() {
        let logits = super::super::golden::fill(50, 5, 3) * 4.0;
        let mut turned = logits.clone();
        turned.invert_axis(ndarray::Axis(0));
        let score = |set: &Array2<f32>, splits| {
            let options = InceptionScoreOptions {
                splits,
                ..InceptionScoreOptions::TORCH_FIDELITY
            };
            inception_score(&set.view(), &options)
                .unwrap()
                .mean
                .to_bits()
        };
        assert_eq!(score(&logits, 1), score(&turned, 1));
        assert_ne!(score(&logits, 5), score(&turned, 5));
    }
}
