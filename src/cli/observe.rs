//! `storyeval observe`: the second stage alone.

use super::Outcome;
use super::common::DeviceArguments;
use super::talk::{Screen, say};
use clap::Args;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use storyeval::evaluate::Role;
use storyeval::pipeline::{self, LaterRequest};
use storyeval::run::OBSERVATIONS;

#[derive(Clone, Debug, Args)]
pub(crate) struct ObserveArguments {
    /// Run folder
    run: PathBuf,
    #[command(flatten)]
    later: LaterArguments,
}

/// What the later stages of a run need.
#[derive(Clone, Debug, Args)]
pub(crate) struct LaterArguments {
    /// Folder of the data set [default: where the run found it]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(flatten)]
    skip: SkipArguments,
    #[command(flatten)]
    device: DeviceArguments,
}

impl LaterArguments {
    /// The same for the library.
    pub(crate) fn request(&self, run: &Path) -> LaterRequest {
        LaterRequest {
            run: run.to_owned(),
            data: self.data.clone(),
            skip: self.skip.roles(),
            runtime: self.device.options(),
        }
    }
}

/// Which networks do not look.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct SkipArguments {
    /// Networks to do without, separated by commas; their metrics are then not scored
    #[arg(long, value_enum, value_delimiter = ',', value_name = "NETWORKS")]
    skip: Vec<Role>,
}

impl SkipArguments {
    /// The networks to do without.
    pub(crate) fn roles(&self) -> BTreeSet<Role> {
        self.skip.iter().copied().collect()
    }
}

/// The second stage alone.
pub(crate) fn observe(arguments: &ObserveArguments) -> Outcome {
    let request = arguments.later.request(&arguments.run);
    pipeline::observe_run(&request, Screen::new().control())?;
    say(&format!(
        "observations: {}",
        arguments.run.join(OBSERVATIONS).display()
    ));
    Ok(())
}
