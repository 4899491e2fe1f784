//! `storyeval dataset`: begin a data set, draw MiniSV, write a data set in another layout, print referential text, count what is in a data set.

mod convert;
mod new;
mod referential;
mod stats;
mod synth;
mod verify;

use super::Outcome;
use super::card::{self, CardArguments};
use clap::Subcommand;
use convert::ConvertArguments;
use new::NewArguments;
use referential::ReferentialArguments;
use stats::StatsArguments;
use storyeval::card::{CardKind, dataset as dataset_card};
use synth::SynthArguments;
use verify::VerifyArguments;

#[derive(Debug, Subcommand)]
pub(crate) enum DatasetCommand {
    /// Begin a data set of your own: a card and a sample of stories, to be replaced
    New(NewArguments),
    /// Draw MiniSV, in the FlintstonesSV layout or another one
    Synth(SynthArguments),
    /// Print a data set's card
    Show(CardArguments),
    /// Write a data set in another layout
    Convert(ConvertArguments),
    /// Print the captions of a split as generators read them, a JSON line a story
    Referential(ReferentialArguments),
    /// Count what is in the stories of a split: references, characters, places, words
    Stats(StatsArguments),
    /// Check the health of a data set: counts, labels, followers, every frame, what splits share
    Verify(VerifyArguments),
}

/// The `dataset` verbs.
pub(crate) fn dataset(command: &DatasetCommand) -> Outcome {
    match command {
        DatasetCommand::New(arguments) => new::new(arguments),
        DatasetCommand::Synth(arguments) => synth::synth(arguments),
        DatasetCommand::Show(arguments) => card::show(arguments, CardKind::Dataset, dataset_card),
        DatasetCommand::Convert(arguments) => convert::convert(arguments),
        DatasetCommand::Referential(arguments) => referential::text(arguments),
        DatasetCommand::Stats(arguments) => stats::stats(arguments),
        DatasetCommand::Verify(arguments) => verify::verify(arguments),
    }
}
