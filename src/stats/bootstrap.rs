//! The percentile bootstrap over clusters.
//!
//! Frames of one story depend on each other, so whole clusters (stories) are drawn with replacement.
//! A resample is given as multiplicities: how often each cluster was drawn. A statistic that is a sum
//! over clusters then costs one pass over the clusters and no copy of the data.

use super::percentile;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// How often and from which seed to resample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resampling {
    /// Number of resamples.
    pub resamples: usize,
    /// Seed of the draws.
    pub seed: u64,
}

/// The values of a statistic over all resamples.
#[derive(Clone, Debug, PartialEq)]
pub struct Distribution {
    sorted: Vec<f64>,
    undefined: usize,
}

impl Distribution {
    /// The percentile interval that holds `level` (in `(0, 1)`, usually 0.95) of the resamples, low
    /// then high; `None` when the statistic was defined on no resample.
    #[must_use]
    pub fn interval(&self, level: f64) -> Option<[f64; 2]> {
        let tail = (1.0 - level) / 2.0 * 100.0;
        Some([
            percentile(&self.sorted, tail)?,
            percentile(&self.sorted, 100.0 - tail)?,
        ])
    }

    /// Defined values, ascending.
    #[must_use]
    pub fn sorted(&self) -> &[f64] {
        &self.sorted
    }

    /// Resamples on which the statistic was not defined. They are not in the interval.
    #[must_use]
    pub fn undefined(&self) -> usize {
        self.undefined
    }
}

/// Draws `clusters` clusters with replacement, `plan.resamples` times, and evaluates `statistic` on
/// the multiplicities (one count a cluster; they sum to `clusters`).
///
/// Resample `r` reads stream `r` of the generator: it is the same whatever the number of resamples.
/// A statistic that gives `None` or NaN is counted as undefined. Without clusters nothing is drawn.
pub fn bootstrap<F>(clusters: usize, plan: Resampling, mut statistic: F) -> Distribution
where
    F: FnMut(&[u32]) -> Option<f64>,
{
    let mut distribution = Distribution {
        sorted: Vec::with_capacity(plan.resamples),
        undefined: 0,
    };
    if clusters == 0 {
        return distribution;
    }
    let mut multiplicities = vec![0_u32; clusters];
    for resample in 0..plan.resamples {
        draw(plan, resample, &mut multiplicities);
        match statistic(&multiplicities).filter(|value| !value.is_nan()) {
            Some(value) => distribution.sorted.push(value),
            None => distribution.undefined += 1,
        }
    }
    distribution.sorted.sort_by(f64::total_cmp);
    distribution
}

/// The distribution of the mean of `values`, whole clusters drawn. `clusters[i]` is the number of the
/// cluster of value `i`; numbers run from 0. Without values the mean is not defined.
///
/// # Panics
/// When there are not as many cluster numbers as values.
#[must_use]
pub fn bootstrap_mean(values: &[f64], clusters: &[usize], plan: Resampling) -> Distribution {
    assert_eq!(values.len(), clusters.len(), "each value has a cluster");
    let count = clusters.iter().max().map_or(0, |last| last + 1);
    let mut parts = vec![Vec::new(); count];
    for (value, cluster) in values.iter().zip(clusters) {
        parts[*cluster].push(*value);
    }
    // The order of the values of a cluster does not show.
    let sums: Vec<(f64, u64)> = parts
        .into_iter()
        .map(|mut part| {
            part.sort_by(f64::total_cmp);
            (part.iter().sum(), part.len() as u64)
        })
        .collect();
    bootstrap(count, plan, |multiplicities| {
        let (mut sum, mut n) = (0.0, 0_u64);
        for ((part, size), times) in sums.iter().zip(multiplicities) {
            sum += f64::from(*times) * part;
            n += u64::from(*times) * size;
        }
        (n > 0).then(|| sum / n as f64)
    })
}

/// Draws with replacement: how often each cluster is in resample number `resample`.
fn draw(plan: Resampling, resample: usize, multiplicities: &mut [u32]) {
    let mut random = ChaCha8Rng::seed_from_u64(plan.seed);
    random.set_stream(resample as u64);
    multiplicities.fill(0);
    for _ in 0..multiplicities.len() {
        let drawn = below(&mut random, multiplicities.len());
        multiplicities[drawn] += 1;
    }
}

/// A draw from `0..bound`. Spelled out because `rand` may change its mapping between versions; the
/// bias of the plain multiplication is below `bound / 2^64`.
fn below(random: &mut ChaCha8Rng, bound: usize) -> usize {
    ((u128::from(random.next_u64()) * bound as u128) >> 64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Deserialize)]
    struct Golden {
        x: Vec<f64>,
        se: f64,
        percentile95: [f64; 2],
    }

    const PLAN: Resampling = Resampling {
        resamples: 2000,
        seed: 0,
    };

    fn mean(values: &[f64], multiplicities: &[u32]) -> f64 {
        let sum: f64 = values
            .iter()
            .zip(multiplicities)
            .map(|(x, m)| x * f64::from(*m))
            .sum();
        sum / values.len() as f64
    }

    #[test]
    fn the_interval_of_a_mean_is_near_numpys() {
        let text = std::fs::read_to_string("reference-data/golden/stats/percentile.json").unwrap();
        let golden: Golden = serde_json::from_str(&text).unwrap();
        let distribution = bootstrap(golden.x.len(), PLAN, |m| Some(mean(&golden.x, m)));
        let interval = distribution.interval(0.95).unwrap();
        // Other draws than numpy's: the ends agree to the noise of 2,000 resamples.
        for (end, expected) in interval.into_iter().zip(golden.percentile95) {
            assert!(
                (end - expected).abs() < 0.15 * golden.se * 2.0,
                "{end} {expected}"
            );
        }
        let values = distribution.sorted();
        let centre = values.iter().sum::<f64>() / values.len() as f64;
        let spread = values.iter().map(|v| (v - centre).powi(2)).sum::<f64>() / 1999.0;
        assert!((spread.sqrt() - golden.se).abs() < 0.05 * golden.se);
    }

    #[test]
    fn multiplicities_sum_to_the_clusters_and_reach_all_of_them() {
        let mut seen = [0_u32; 7];
        bootstrap(7, PLAN, |multiplicities| {
            assert_eq!(multiplicities.iter().sum::<u32>(), 7);
            for (total, m) in seen.iter_mut().zip(multiplicities) {
                *total += m;
            }
            None
        });
        // 2,000 expected each, standard deviation about 41.
        assert!(
            seen.iter().all(|count| (1_800..2_200).contains(count)),
            "{seen:?}"
        );
    }

    #[test]
    fn a_resample_depends_on_its_number_only() {
        let gather = |resamples| {
            let mut all = Vec::new();
            bootstrap(5, Resampling { resamples, seed: 9 }, |m| {
                all.push(m.to_vec());
                Some(0.0)
            });
            all
        };
        assert_eq!(gather(3), gather(10)[..3]);
        assert_ne!(gather(2)[0], gather(2)[1]);
    }

    #[test]
    fn clusters_are_drawn_whole() {
        // Two clusters of one value each: half of the resamples hold both.
        let values = [0.0, 0.0, 0.0, 1.0];
        let distribution = bootstrap_mean(&values, &[0, 0, 0, 1], PLAN);
        let mut seen = distribution.sorted().to_vec();
        seen.dedup();
        assert_eq!(seen, [0.0, 0.25, 1.0]);
        assert!(bootstrap_mean(&[], &[], PLAN).sorted().is_empty());
    }

    #[test]
    fn undefined_resamples_are_counted() {
        let distribution = bootstrap(2, PLAN, |m| (m[0] > 0).then_some(1.0));
        assert_eq!(distribution.undefined() + distribution.sorted().len(), 2000);
        assert!((400..600).contains(&distribution.undefined()));
        assert_eq!(distribution.interval(0.95), Some([1.0, 1.0]));
        assert_eq!(bootstrap(0, PLAN, |_| Some(1.0)).interval(0.95), None);
    }

    #[test]
    fn the_order_of_the_values_of_a_cluster_does_not_show() {
        let values: Vec<f64> = (0..60).map(|i| f64::from(i * 37 % 61) / 7.0).collect();
        let clusters: Vec<usize> = (0..60).map(|i| i % 9).collect();
        let turned = |list: &[f64]| list.iter().rev().copied().collect::<Vec<f64>>();
        let numbers: Vec<usize> = clusters.iter().rev().copied().collect();
        assert_eq!(
            bootstrap_mean(&values, &clusters, PLAN),
            bootstrap_mean(&turned(&values), &numbers, PLAN)
        );
    }
}
