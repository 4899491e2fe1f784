//! Intervals, tests and what a test could have shown, over clusters. Knows clusters, not stories.

mod bootstrap;
mod distributions;
#[cfg(test)]
mod golden;
mod holm;
mod influence;
mod interval;
mod jackknife;
mod pair;
mod paired_test;
mod percentile;
mod power;
mod range;
mod share;
mod sums;

pub use bootstrap::{Distribution, Resampling, bootstrap, bootstrap_mean};
pub use distributions::{normal_cdf, student_p, student_quantile};
pub use holm::holm;
pub use interval::cluster_interval;
pub use jackknife::{
    LEAST_GROUPS, LeftOut, NoInterval, jackknife_error, jackknife_interval, standard_error,
    story_interval,
};
pub use pair::{MOST_EXACT, Pair, Randomised};
pub use paired_test::PairedTest;
pub use percentile::percentile;
pub use power::{LEVEL, POWER, minimum_detectable};
pub use range::Range;
pub use share::largest_unseen;
pub use sums::ClusterSums;
