//! `storyeval model pack`: completes a bundle that was made by hand.

use crate::cli::Outcome;
use crate::cli::common::DeviceArguments;
use crate::cli::format::Format;
use crate::cli::talk::{print, print_json, say};
use clap::Args;
use serde::Serialize;
use std::fmt::Write as _;
use std::path::PathBuf;
use storyeval::examine::{ExamineError, Examined, Packed, WrittenHash, examine, pack as complete};
use storyeval::inference::Bundle;

#[derive(Clone, Debug, Args)]
pub(crate) struct PackArguments {
    /// Folder with the graphs, and with bundle.toml if there is one
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Replace hashes of files that changed; without it they are a problem
    #[arg(long)]
    update: bool,
    /// Do not load and run the graphs afterwards: no ONNX Runtime is needed
    #[arg(long)]
    no_load: bool,
    /// How to print what was done
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    device: DeviceArguments,
}

/// What is printed as JSON.
#[derive(Debug, Serialize)]
struct Answer<'a> {
    folder: &'a PathBuf,
    /// Whether bundle.toml is complete now.
    written: bool,
    #[serde(flatten)]
    packed: &'a Packed,
    /// The graphs that were loaded and run.
    graphs: &'a [Examined],
}

/// Completes, writes and checks.
pub(crate) fn pack(arguments: &PackArguments) -> Outcome {
    let hashes = if arguments.update {
        WrittenHash::Update
    } else {
        WrittenHash::Keep
    };
    let packed = complete(&arguments.folder, hashes)?;
    let written = packed.problems.is_empty();
    let graphs = if written && !arguments.no_load {
        let bundle = Bundle::open(&arguments.folder)?;
        let verified = bundle.verify()?;
        let runtime = arguments.device.open()?;
        examine(&runtime, &bundle, &verified, &mut |seen| {
            say(&format!("{}: loads and runs", seen.graph));
        })?
    } else {
        Vec::new()
    };
    match arguments.format {
        Format::Text => print(&text(&packed, written))?,
        Format::Json => print_json(&Answer {
            folder: &arguments.folder,
            written,
            packed: &packed,
            graphs: &graphs,
        })?,
    }
    if written {
        return Ok(());
    }
    Err(ExamineError::Incomplete {
        bundle: arguments.folder.clone(),
        count: packed.problems.len(),
    }
    .into())
}

fn text(packed: &Packed, written: bool) -> String {
    let mut text = String::new();
    let verb = if written { "wrote" } else { "would write" };
    for filled in &packed.filled {
        let _ = writeln!(text, "{verb} {} = {}", filled.key, filled.value);
    }
    for problem in &packed.problems {
        let _ = writeln!(
            text,
            "problem: {} {}\n  {}",
            problem.about, problem.what, problem.hint
        );
    }
    if packed.filled.is_empty() && written {
        text.push_str("bundle.toml is complete, and every hash is right\n");
    }
    text
}
