//! Intervals: the story-clustered bootstrap and the jackknife. Know clusters, not stories.

mod bootstrap;
mod jackknife;
mod percentile;

pub use bootstrap::{Distribution, Resampling, bootstrap, bootstrap_mean, bootstrap_two};
pub use jackknife::{LEAST_GROUPS, LeftOut, NoInterval, jackknife_error, jackknife_interval};
pub use percentile::percentile;
