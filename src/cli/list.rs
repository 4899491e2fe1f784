//! `storyeval ls`.

use super::Outcome;
use super::talk::print;
use clap::{Args, ValueEnum};
use std::fmt::Write;
use storyeval::spec::{self, CardKind};

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Kind {
    Datasets,
    Models,
    Protocols,
    Suites,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct ListArguments {
    /// What to list
    #[arg(value_enum)]
    kind: Kind,
}

/// A line a card: id and what it is.
pub(crate) fn list(arguments: &ListArguments) -> Outcome {
    let kind = match arguments.kind {
        Kind::Datasets => CardKind::Dataset,
        Kind::Models => CardKind::Model,
        Kind::Protocols => CardKind::Protocol,
        Kind::Suites => CardKind::Suite,
    };
    let mut text = String::new();
    let ids = spec::ids(kind);
    let width = ids.iter().map(String::len).max().unwrap_or(0).max(18);
    for id in ids {
        let about = match kind {
            CardKind::Dataset => spec::dataset(&id).map(|card| card.name),
            CardKind::Model => spec::model(&id).map(|card| card.description),
            CardKind::Protocol => spec::protocol(&id).map(|card| card.description),
            CardKind::Suite => spec::suite(&id).map(|card| card.description),
        };
        // A broken card of the user's is listed with its error, so that the others stay visible.
        let about = about.unwrap_or_else(|error| format!("broken card: {error}"));
        let _ = writeln!(text, "{id:width$} {about}");
    }
    print(&text)
}
