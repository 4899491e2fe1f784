//! `storyeval dataset`: draw MiniSV, and print referential text.

mod referential;
mod synth;

pub(crate) use referential::Variant;

use super::Outcome;
use clap::Subcommand;
use referential::ReferentialArguments;
use synth::SynthArguments;

#[derive(Debug, Subcommand)]
pub(crate) enum DatasetCommand {
    /// Draw MiniSV in the FlintstonesSV layout
    Synth(SynthArguments),
    /// Print the captions of a split as generators read them, a JSON line a story
    Referential(ReferentialArguments),
}

/// The `dataset` verbs.
pub(crate) fn dataset(command: &DatasetCommand) -> Outcome {
    match command {
        DatasetCommand::Synth(arguments) => synth::synth(arguments),
        DatasetCommand::Referential(arguments) => referential::text(arguments),
    }
}
