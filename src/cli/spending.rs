//! What the services of a run may cost.

use clap::Args;
use storyeval::pipeline::SpendingCaps;
use storyeval::record::Money;

#[derive(Clone, Debug, Args)]
pub(crate) struct SpendingArguments {
    /// US dollars that the services of all its models may cost; the run stops before
    #[arg(long, value_name = "DOLLARS", conflicts_with = "suite")]
    max_cost: Option<Money>,
    /// Requests to services of all its models; the run stops before
    #[arg(long, value_name = "N", conflicts_with = "suite")]
    max_calls: Option<u64>,
}

impl SpendingArguments {
    /// The same for the library.
    pub(crate) fn caps(&self) -> SpendingCaps {
        SpendingCaps {
            cost: self.max_cost,
            calls: self.max_calls,
        }
    }
}
