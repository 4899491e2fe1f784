//! `storyeval ls`.

use super::Outcome;
use super::failure::Failure;
use super::format::{TableFormat, among};
use super::talk::{print, print_json, say};
use clap::{Args, ValueEnum};
use rayon::prelude::*;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use storyeval::card::{self, CardKind, WeightsCard};
use storyeval::fetch::megabytes;
use storyeval::inference::default_cache;
use storyeval::pipeline::bundle_places;
use storyeval::report;
use storyeval::report::runs::{Listing, RunLine};
use storyeval::run::{RunError, RunSummary, find_runs, folder_bytes};
use storyeval::table;

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
    let cards: Vec<(String, String)> = card::ids(kind)
        .into_iter()
        .map(|id| {
            let about = match kind {
                CardKind::Dataset => card::dataset(&id).map(|card| card.name),
                CardKind::Model => card::model(&id).map(|card| card.description),
                CardKind::Protocol => card::protocol(&id).map(|card| card.description),
                CardKind::Suite => card::suite(&id).map(|card| card.description),
                CardKind::Subset => card::subset(&id).map(|card| card.description),
                CardKind::Weight => card::weights(&id).map(|card| weights(&card)),
            };
            // A broken card of the user's is listed with its error, so that the others stay visible.
            let about = about.unwrap_or_else(|error| format!("broken card: {error}"));
            (id, about)
        })
        .collect();
    match arguments.format {
        None => {
            let mut text = String::new();
            let width = cards.iter().map(|(id, _)| id.len()).max().unwrap_or(0);
            for (id, about) in cards {
                let _ = writeln!(text, "{id:width$} {about}");
            }
            print(&text)
        }
        Some(TableFormat::Json) => {
            let cards = cards.iter();
            let cards: Vec<_> = cards
                .map(|(id, about)| serde_json::json!({"id": id, "about": about}))
                .collect();
            print(&format!("{:#}\n", serde_json::Value::from(cards)))
        }
        Some(format) => {
            let rows = cards.iter();
            let table = table::Table {
                title: None,
                columns: vec![table::Column::text("id"), table::Column::text("about")],
                rows: rows
                    .map(|(id, about)| {
                        table::Row::Cells(vec![id.as_str().into(), about.as_str().into()])
                    })
                    .collect(),
            };
            let document = table::Document {
                blocks: vec![table::Block::Table(table)],
            };
            print(&document.render(format.of_document())?)
        }
    }
}

/// Weights in a line: size, licence, whether their bundle is installed.
fn weights(card: &WeightsCard) -> String {
    let size = card
        .bytes()
        .map_or("size not published".to_owned(), megabytes);
    let installed = bundle_places(&card.id, &default_cache())
        .iter()
        .any(|dir| dir.join("bundle.toml").is_file());
    let state = if installed {
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
    let mut listing = Listing::default();
    for folder in folders {
        let found = find_runs(folder)?;
        let lines: Vec<Result<RunLine, RunError>> = found
            .runs
            .par_iter()
            .map(|run| Ok(RunLine::new(&RunSummary::read(run)?, folder_bytes(run))))
            .collect();
        for (run, line) in found.runs.iter().zip(lines) {
            match line {
                Ok(line) => listing.runs.push(line),
                Err(error) => listing.damaged(run, &error),
            }
        }
        for (folder, why) in found.passed_over {
            listing.passed_over(folder, why);
        }
    }
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
