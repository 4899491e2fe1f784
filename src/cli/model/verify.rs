//! `storyeval model verify`: is a bundle whole, and does it do what it should?

use super::rehearse::{self, RehearseArguments, near_chance, rehearsed};
use crate::cli::Outcome;
use crate::cli::common::DeviceArguments;
use crate::cli::failure::Failure;
use crate::cli::format::Format;
use crate::cli::talk::{print, say};
use clap::Args;
use std::fmt::Write;
use std::path::Path;
use storyeval::card;
use storyeval::examine::{Examined, examine};
use storyeval::inference::Bundle;
use storyeval::pipeline::{Rehearsed, find_bundle, find_bundle_by_name};

#[derive(Clone, Debug, Args)]
pub(crate) struct VerifyArguments {
    /// Model id, bundle id, or a bundle's folder
    model: String,
    /// Compare the hashes and stop there: no graph is loaded
    #[arg(long, conflicts_with = "dataset")]
    hashes_only: bool,
    /// How to print what was seen
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    rehearsal: RehearseArguments,
    #[command(flatten)]
    device: DeviceArguments,
}

/// Hashes, graphs, and the classifiers on real frames.
pub(super) fn verify(arguments: &VerifyArguments) -> Outcome {
    let bundle = find(arguments)?;
    let verified = bundle.verify()?;
    if bundle.manifest().leaves_scale_open() {
        say("note: bundle.toml has no [input] scale, so the graphs get pixels from 0 to 1");
    }
    let (graphs, tried) = if arguments.hashes_only {
        (None, None)
    } else {
        let runtime = arguments.device.open()?;
        let graphs = examine(&runtime, &bundle, &verified, &mut |seen| {
            say(&format!("{}: {}", seen.graph, verdict(seen)));
        })?;
        let tried = rehearsed(&arguments.rehearsal, &arguments.device, &runtime, &bundle)?;
        (Some(graphs), tried)
    };
    let tried = tried.as_deref();
    match arguments.format {
        Format::Text => {
            let scores = tried.map(rehearse::text).unwrap_or_default();
            print(&format!("{}{scores}", text(&bundle, graphs.as_deref())))?;
        }
        Format::Json => print(&json(&bundle, graphs.as_deref(), tried))?,
    }
    near_chance(&bundle, tried.unwrap_or_default())
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

fn json(bundle: &Bundle, graphs: Option<&[Examined]>, tried: Option<&[Rehearsed]>) -> String {
    let manifest = bundle.manifest();
    let value = serde_json::json!({
        "bundle": manifest.id,
        "folder": bundle.dir(),
        "files": manifest.files.len(),
        "content": bundle.content_hash(),
        "graphs": graphs,
        "classifiers": tried,
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
