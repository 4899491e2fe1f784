//! `storyeval references`: how pronouns are resolved, and what they cost.

use super::Outcome;
use super::common::CacheArguments;
use super::format::{IN_SCORES, SignatureArguments, TableFormat};
use super::talk::{Screen, print, say};
use clap::Args;
use std::path::{Path, PathBuf};
use storyeval::compare::chart;
use storyeval::pipeline::{ReferenceRequest, measure_references};
use storyeval::run::{Manifest, write_durably};

#[derive(Clone, Debug, Args)]
pub(crate) struct ReferenceArguments {
    /// Folder of a run whose captions have pronouns in place of names
    run: PathBuf,
    /// Folder of a run of the same model on the captions with names: what the pronouns cost is then measured
    restored: Option<PathBuf>,
    /// How to print
    #[arg(long, value_enum, default_value_t = TableFormat::Md)]
    format: TableFormat,
    /// Draw a chart into an SVG file
    #[arg(long, value_name = "FILE.svg")]
    plot: Option<PathBuf>,
    /// Folder of the data set [default: where the run found it]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(flatten)]
    signatures: SignatureArguments,
    #[command(flatten)]
    cache: CacheArguments,
}

/// Measures, and prints.
pub(crate) fn references(arguments: &ReferenceArguments) -> Outcome {
    let request = ReferenceRequest {
        run: arguments.run.clone(),
        restored: arguments.restored.clone(),
        data: arguments.data.clone(),
        cache: arguments.cache.folder(),
    };
    let screen = Screen::new();
    let measured = measure_references(&request, screen.control())?;
    drop(screen);
    if let Some(path) = &arguments.plot {
        write_durably(path, chart(&measured).as_bytes())?;
        say(&format!("{}: the chart", path.display()));
    }
    match arguments.format {
        TableFormat::Json => print(&measured.json()?)?,
        other => arguments
            .signatures
            .print(&measured.document(), other, IN_SCORES)?,
    }
    if arguments.restored.is_none() {
        say(&restore(&arguments.run)?);
    }
    Ok(())
}

/// How the second run is made.
fn restore(run: &Path) -> Result<String, super::failure::Failure> {
    let manifest = Manifest::read(run)?;
    let cards = manifest.cards(run)?;
    let identity = &manifest.identity;
    let mut command = format!(
        "storyeval run --dataset {} --model {} --protocol strict-original --seed {}",
        identity.dataset, identity.model, identity.seed.0
    );
    if let Some(first) = cards.subset.first {
        command = format!("{command} --limit {first}");
    }
    if cards.split != "test" {
        command = format!("{command} --split {}", cards.split);
    }
    let folder = run.display();
    Ok(format!(
        "\nwhat references cost: draw the captions with names too, `{command} --out {folder}-with-names`, then `storyeval references {folder} {folder}-with-names`"
    ))
}
