//! Intervals, tests and what a test could have shown, over clusters. Knows clusters, not stories.

mod bca;
mod bootstrap;
mod distributions;
#[cfg(test)]
mod golden;
mod holm;
mod jackknife;
mod pair;
mod percentile;
mod power;
mod sums;

pub use bootstrap::{Distribution, Resampling, bootstrap, bootstrap_mean};
pub use distributions::{normal_cdf, normal_quantile, student_p, student_quantile};
pub use holm::holm;
pub use jackknife::{LEAST_GROUPS, LeftOut, NoInterval, jackknife_error, jackknife_interval};
pub use pair::{MOST_EXACT, Pair, Randomised};
pub use percentile::percentile;
pub use power::{LEVEL, POWER, minimum_detectable};
pub use sums::ClusterSums;
