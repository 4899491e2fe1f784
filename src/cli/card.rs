//! `dataset show` and `model show`: a card as it is, to read or to copy.

use super::Outcome;
use super::talk::{print, print_json};
use clap::{Args, ValueEnum};
use serde::Serialize;
use storyeval::card::{self, CardError, CardKind};

#[derive(Clone, Debug, Args)]
pub(crate) struct CardArguments {
    /// An id of `storyeval ls`, or a card's path
    card: String,
    /// How to print: the card's own text, which can be copied, or every choice with its default
    #[arg(long, value_enum, default_value_t = CardFormat::Toml)]
    format: CardFormat,
}

/// Forms of a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum CardFormat {
    Toml,
    Json,
}

/// Prints a card of a kind.
pub(crate) fn show<C: Serialize>(
    arguments: &CardArguments,
    kind: CardKind,
    read: fn(&str) -> Result<C, CardError>,
) -> Outcome {
    let card = read(&arguments.card)?;
    match arguments.format {
        CardFormat::Toml => print(&card::text(kind, &arguments.card)?),
        CardFormat::Json => print_json(&card),
    }
}
