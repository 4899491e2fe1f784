//! `storyeval model`: models are begun, bundles are fetched, made, completed and checked.

mod fetch;
mod import;
mod new;
mod pack;
mod rehearse;
mod verify;

use super::Outcome;
use super::card::{self, CardArguments};
use clap::Subcommand;
use fetch::FetchArguments;
use import::ImportArguments;
use new::NewArguments;
use pack::PackArguments;
use storyeval::card::{CardKind, model as model_card};
use verify::VerifyArguments;

#[derive(Debug, Subcommand)]
pub(crate) enum ModelCommand {
    /// Fetch the authors' files and make the bundle of them, from their server or from a file at hand
    Fetch(FetchArguments),
    /// Make a bundle of a published checkpoint, without Python
    Import(ImportArguments),
    /// Begin a model of your own: write a card, and check it by drawing one story
    New(NewArguments),
    /// Complete a bundle made by hand: write hashes and what the graphs tell, and list what is missing
    Pack(PackArguments),
    /// Print a model's card
    Show(CardArguments),
    /// Check a bundle: hashes, then ports, one pass and parity of every graph
    Verify(VerifyArguments),
}

/// The `model` verbs.
pub(crate) fn model(command: &ModelCommand) -> Outcome {
    match command {
        ModelCommand::Fetch(arguments) => fetch::fetch(arguments),
        ModelCommand::Import(arguments) => import::run(arguments),
        ModelCommand::New(arguments) => new::new(arguments),
        ModelCommand::Pack(arguments) => pack::pack(arguments),
        ModelCommand::Show(arguments) => card::show(arguments, CardKind::Model, model_card),
        ModelCommand::Verify(arguments) => verify::verify(arguments),
    }
}
