//! Intervals of shares of things that are right, when they come in clusters.

use super::influence::Influence;
use super::student_quantile;

/// Prior weight on how errors fall into clusters: as much as this part of a cluster says. Chosen by
/// simulation (`docs/statistics.md`): with less, few clusters with errors give intervals that are too narrow.
const PRIOR: f64 = 0.2;

/// A 95 % interval of a share in `[0, 1]` over `clusters` clusters: Wilson's with Student's quantile, at the number of
/// independent things that the clusters are worth (survey statistics call it the effective sample size).
///
/// That number is between the clusters, where the things of a cluster are right or wrong together, and all things,
/// where they do not depend on each other; `influence` tells which. It is drawn towards the clusters by what `PRIOR` of a
/// cluster says, which matters when only a handful of clusters have an error. Where none has one, or all
/// have the same share, nothing is known of how errors fall, and the clusters are what counts.
pub(super) fn share_interval(
    share: f64,
    influence: Option<Influence>,
    clusters: usize,
) -> Option<[f64; 2]> {
    let n = clusters as f64;
    let quantile = student_quantile(0.975, n - 1.0)?;
    let independent = share * (1.0 - share);
    // Variance of a cluster as a part of the largest one, that of clusters that are right or wrong as a whole.
    let inflation = match influence {
        Some(known) if independent > 0.0 => {
            let found = n * known.error * known.error / independent;
            (known.carriers * found + PRIOR) / (known.carriers + PRIOR)
        }
        _ => 1.0,
    };
    let worth = n / inflation;
    let squared = quantile * quantile;
    let centre = (share + squared / (2.0 * worth)) / (1.0 + squared / worth);
    let half = quantile / (1.0 + squared / worth)
        * (independent / worth + squared / (4.0 * worth * worth)).sqrt();
    Some([centre - half, centre + half].map(|end| end.clamp(0.0, 1.0)))
}

/// How large a difference of two shares may be though none of `clusters` clusters differs: where the score test of a
/// paired difference (Tango, 1998) without a discordant pair is at 5 %, with Student's quantile.
#[must_use]
pub fn largest_unseen(clusters: usize) -> Option<f64> {
    let n = clusters as f64;
    let squared = student_quantile(0.975, n - 1.0)?.powi(2);
    Some(squared / (n + squared))
}
