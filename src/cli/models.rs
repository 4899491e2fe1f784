//! `storyeval model`: makes bundles of published weights; is a bundle whole, and does it do what it should?

use super::Outcome;
use super::common::DeviceArguments;
use super::failure::Failure;
use super::format::Format;
use super::model_import::{self, ImportArguments};
use super::talk::{print, say};
use clap::{Args, Subcommand};
use std::fmt::Write;
use std::path::Path;
use storyeval::card;
use storyeval::examine::{Examined, examine};
use storyeval::inference::Bundle;
use storyeval::pipeline::{find_bundle, find_bundle_by_name};

#[derive(Debug, Subcommand)]
pub(crate) enum ModelCommand {
    /// Check a bundle: hashes, then ports, one pass and parity of every graph
    Verify(VerifyArguments),
    /// Make a bundle of a published checkpoint, without Python
    Import(ImportArguments),
}

#[derive(Clone, Debug, Args)]
pub(crate) struct VerifyArguments {
    /// Model id, bundle id, or a bundle's folder
    model: String,
    /// Compare the hashes and stop there: no graph is loaded
    #[arg(long)]
    hashes_only: bool,
    /// How to print what was seen
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    device: DeviceArguments,
}

/// The `model` verbs.
pub(crate) fn model(command: &ModelCommand) -> Outcome {
    match command {
        ModelCommand::Verify(arguments) => verify(arguments),
        ModelCommand::Import(arguments) => model_import::run(arguments),
    }
}

fn verify(arguments: &VerifyArguments) -> Outcome {
    let bundle = find(arguments)?;
    let verified = bundle.verify()?;
    let graphs = if arguments.hashes_only {
        None
    } else {
        let runtime = arguments.device.open()?;
        Some(examine(&runtime, &bundle, &verified, &mut |seen| {
            say(&format!("{}: {}", seen.graph, verdict(seen)));
        })?)
    };
    match arguments.format {
        Format::Text => print(&text(&bundle, graphs.as_deref())),
        Format::Json => print(&json(&bundle, graphs.as_deref())),
    }
}

fn verdict(seen: &Examined) -> String {
    match seen.difference {
        Some(difference) => format!("agrees within {difference:.1e}"),
        None => "runs".to_owned(),
    }
}

fn text(bundle: &Bundle, graphs: Option<&[Examined]>) -> String {
    let manifest = bundle.manifest();
    let mut text = format!(
        "{}: {} files are as stated\n  folder  {}\n  content {}\n",
        manifest.id,
        manifest.files.len(),
        bundle.dir().display(),
        bundle.content_hash()
    );
    for seen in graphs.into_iter().flatten() {
        let shapes: Vec<String> = seen
            .outputs
            .iter()
            .map(|(name, shape)| format!("{name} {shape:?}"))
            .collect();
        let _ = writeln!(
            text,
            "  graph   {:<18} {:>9.1} MB  {:>9.2} ms  {:<24} {}",
            seen.graph,
            seen.bytes as f64 / 1e6,
            seen.seconds * 1e3,
            verdict(seen),
            shapes.join(", ")
        );
    }
    if graphs.is_some() {
        let _ = match &manifest.parity {
            Some(parity) => writeln!(
                text,
                "  parity  relative to the largest value of an output; {:.0e} is allowed",
                parity.tolerance
            ),
            None => writeln!(
                text,
                "  parity  the bundle has no parity file: what should come out is not known"
            ),
        };
    }
    text
}

fn json(bundle: &Bundle, graphs: Option<&[Examined]>) -> String {
    let manifest = bundle.manifest();
    let value = serde_json::json!({
        "bundle": manifest.id,
        "folder": bundle.dir(),
        "files": manifest.files.len(),
        "content": bundle.content_hash(),
        "graphs": graphs,
        "tolerance": manifest.parity.as_ref().map(|parity| parity.tolerance),
    });
    format!("{value:#}\n")
}

/// The bundle, its hashes compared.
fn find(arguments: &VerifyArguments) -> Result<Bundle, Failure> {
    let name = arguments.model.as_str();
    let cache = arguments.device.cache.folder();
    let folder = Path::new(name).join("bundle.toml").is_file();
    Ok(match card::model(name) {
        Ok(card) if card.bundle.is_some() && !folder => {
            let id = card.bundle.as_deref().unwrap_or(name);
            find_bundle(id, &format!("model {name}"), (&card).into(), &cache)?
        }
        _ => find_bundle_by_name(name, &format!("bundle {name}"), &cache)?,
    })
}
