//! Intervals: the story-clustered bootstrap. Seeded; knows clusters, not stories.

mod bootstrap;
mod percentile;

pub use bootstrap::{Distribution, Resampling, bootstrap, bootstrap_mean, bootstrap_two};
pub use percentile::percentile;
