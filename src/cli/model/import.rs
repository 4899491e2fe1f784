//! `storyeval model import`: a published checkpoint becomes a bundle.

use crate::cli::Outcome;
use crate::cli::common::CacheArguments;
use crate::cli::format::Format;
use crate::cli::talk::{print, say};
use clap::Args;
use std::fmt::Write;
use std::path::PathBuf;
use storyeval::weights::{ImportRequest, Imported, import, templates};

#[derive(Clone, Debug, Args)]
pub(crate) struct ImportArguments {
    #[arg(help = known())]
    template: String,
    /// Checkpoint as its publisher gives it (.pth, .pt, .safetensors, .npz, .ckpt), or a folder that holds it; one --from per
    /// file
    #[arg(long, value_name = "PATH", required = true)]
    from: Vec<PathBuf>,
    /// Folder of the bundle, which must not exist [default: bundles/ID in the cache folder]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Id of the bundle [default: the template's]
    #[arg(long)]
    id: Option<String>,
    /// How to print what was made
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    cache: CacheArguments,
}

fn known() -> String {
    let ids: Vec<&str> = templates().into_iter().collect();
    format!(
        "The template of the network, which is also the id that data sets' cards know it by: {}",
        ids.join(", ")
    )
}

/// The verb.
pub(crate) fn run(arguments: &ImportArguments) -> Outcome {
    let id = arguments.id.as_deref().unwrap_or(&arguments.template);
    let usual = || arguments.cache.folder().join("bundles").join(id);
    let made = import(&ImportRequest {
        template: &arguments.template,
        from: &arguments.from,
        id: arguments.id.as_deref(),
        out: &arguments.out.clone().unwrap_or_else(usual),
    })?;
    for note in &made.notes {
        say(note);
    }
    match arguments.format {
        Format::Text => print(&text(&made)),
        Format::Json => print(&format!("{:#}\n", serde_json::json!(made))),
    }
}

fn text(made: &Imported) -> String {
    let mut text = format!(
        "{}\n  folder  {}\n  content {}\n",
        made.bundle,
        made.folder.display(),
        made.content
    );
    for (name, hash) in &made.inputs {
        let _ = writeln!(text, "  from    {name} {hash}");
    }
    text
}
