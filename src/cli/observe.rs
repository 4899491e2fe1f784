//! `storyeval observe`: the second stage alone.

use super::common::DeviceArguments;
use super::talk::{Screen, say};
use super::{Outcome, interrupt};
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use storyeval::evaluator::EVALUATORS;
use storyeval::pipeline::{self, LaterRequest};
use storyeval::record::Role;
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

/// Reads the id of an evaluator.
fn roles() -> impl TypedValueParser<Value = Role> {
    let ids = EVALUATORS.iter().map(|row| row.role.id());
    PossibleValuesParser::new(ids).map(|id| {
        let mut roles = EVALUATORS.iter().map(|row| row.role);
        let named = roles.find(|role| role.id() == id);
        named.expect("a possible value is the id of a role")
    })
}

/// Which evaluators are left out.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct SkipArguments {
    /// Networks to do without, separated by commas; their metrics are then not scored
    #[arg(long, value_parser = roles(), value_delimiter = ',', value_name = "NETWORKS")]
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
    interrupt::says(interrupt::RUN);
    let request = arguments.later.request(&arguments.run);
    pipeline::observe_run(&request, Screen::new().control())?;
    say(&format!(
        "observations: {}",
        arguments.run.join(OBSERVATIONS).display()
    ));
    Ok(())
}
