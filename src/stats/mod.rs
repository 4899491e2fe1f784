//! Intervals: the story-clustered bootstrap. Seeded; knows clusters, not stories.

mod bootstrap;
mod percentile;

pub use bootstrap::{Distribution, Resampling, bootstrap};
pub use percentile::percentile;
