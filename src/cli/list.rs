//! `storyeval ls`.

use super::Outcome;
use super::failure::Failure;
use super::format::{TableFormat, among};
use super::talk::{print, print_json, say};
use clap::{Args, ValueEnum};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use storyeval::card::{self, CardKind, WeightsCard};
use storyeval::fetch::megabytes;
use storyeval::inference::default_cache;
use storyeval::pipeline::is_installed;
use storyeval::report;
use storyeval::report::runs::Listing;
use storyeval::table::{Column, Document, Table};

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Kind {
    Datasets,
    Models,
    Weights,
    Protocols,
    Suites,
    Subsets,
    Metrics,
    Runs,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct ListArguments {
    /// What to list
    #[arg(value_enum)]
    kind: Kind,
    /// Folders to look for runs in, and below [default: runs]
    folders: Vec<PathBuf>,
    /// How to print [default: md for runs, plain lines otherwise]
    #[arg(long, value_parser = among(&[TableFormat::Md, TableFormat::Json, TableFormat::Csv]))]
    format: Option<TableFormat>,
}

/// A line a card or a run.
pub(crate) fn list(arguments: &ListArguments) -> Outcome {
    let kind = match arguments.kind {
        Kind::Datasets => CardKind::Dataset,
        Kind::Models => CardKind::Model,
        Kind::Weights => CardKind::Weight,
        Kind::Protocols => CardKind::Protocol,
        Kind::Suites => CardKind::Suite,
        Kind::Subsets => CardKind::Subset,
        Kind::Metrics => return metrics(arguments.format.unwrap_or(TableFormat::Md)),
        Kind::Runs => return runs(arguments),
    };
    if let Some(folder) = arguments.folders.first() {
        return Err(Failure::Arguments {
            what: format!(
                "{} cannot be looked in: only runs lie in folders of yours",
                folder.display()
            ),
            hint: "list runs with `storyeval ls runs DIR`; cards are read from ./eval-configs"
                .to_owned(),
        });
    }
    let mut cards = card::summaries(kind);
    if kind == CardKind::Weight {
        for summary in &mut cards {
            if let Ok(card) = card::weights(&summary.id) {
                summary.about = weights(&card);
            }
        }
    }
    match arguments.format {
        None => {
            let mut text = String::new();
            let width = cards.iter().map(|card| card.id.len()).max().unwrap_or(0);
            for card in cards {
                let _ = writeln!(text, "{:width$} {}", card.id, card.about);
            }
            print(&text)
        }
        Some(TableFormat::Json) => print_json(&cards),
        Some(format) => {
            let columns = ["id", "about"].map(Column::text).to_vec();
            let rows = cards
                .into_iter()
                .map(|it| vec![it.id.into(), it.about.into()]);
            let document = Document::from(Table::of(columns, rows));
            print(&document.render(format.of_document())?)
        }
    }
}

/// Weights in a line: size, licence, whether their bundle is installed.
fn weights(card: &WeightsCard) -> String {
    let size = card
        .bytes()
        .map_or("size not published".to_owned(), megabytes);
    let state = if is_installed(&card.id, &default_cache()) {
        "installed"
    } else {
        "not installed"
    };
    format!("{} ({size}; {}; {state})", card.title, card.licence)
}

/// Every metric of runs.
fn metrics(format: TableFormat) -> Outcome {
    match format {
        TableFormat::Json => print_json(&report::metrics_json()),
        other => print(&report::metrics().render(other.of_document())?),
    }
}

/// Every run below the folders. One that cannot be read is listed with the reason.
fn runs(arguments: &ListArguments) -> Outcome {
    let usual = [PathBuf::from("runs")];
    let folders: &[PathBuf] = match arguments.folders.as_slice() {
        [] if !Path::new("runs").exists() => &[],
        [] => &usual,
        given => given,
    };
    let listing = Listing::find(folders)?;
    if listing.is_empty() {
        let places: Vec<String> = folders
            .iter()
            .map(|folder| folder.display().to_string())
            .collect();
        say(&format!(
            "there is no run in {}",
            if places.is_empty() {
                "./runs".to_owned()
            } else {
                places.join(", ")
            }
        ));
    }
    match arguments.format.unwrap_or(TableFormat::Md) {
        TableFormat::Json => print_json(&listing),
        _ if listing.is_empty() => Ok(()),
        format => print(&listing.document().render(format.of_document())?),
    }
}
