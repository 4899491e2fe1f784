//! `storyeval model`: is a bundle whole?

use super::Outcome;
use super::common::{CacheArguments, open_bundle};
use super::talk::print;
use clap::{Args, Subcommand};
use std::path::Path;
use storyeval::inference::Bundle;
use storyeval::spec;

#[derive(Debug, Subcommand)]
pub(crate) enum ModelCommand {
    /// Check every file of a bundle against its hash
    Verify(VerifyArguments),
}

#[derive(Clone, Debug, Args)]
pub(crate) struct VerifyArguments {
    /// Model id, bundle id, or a bundle's folder
    model: String,
    #[command(flatten)]
    cache: CacheArguments,
}

/// The `model` verbs.
pub(crate) fn model(command: &ModelCommand) -> Outcome {
    let ModelCommand::Verify(arguments) = command;
    let bundle = find(arguments)?;
    bundle.verify()?;
    let manifest = bundle.manifest();
    print(&format!(
        "{}: {} files are as stated\n  folder  {}\n  content {}\n",
        manifest.id,
        manifest.files.len(),
        bundle.dir().display(),
        bundle.content_hash()
    ))
}

fn find(arguments: &VerifyArguments) -> Result<Bundle, super::failure::Failure> {
    let name = arguments.model.as_str();
    if Path::new(name).join("bundle.toml").is_file() {
        return Ok(Bundle::open(Path::new(name))?);
    }
    let cache = arguments.cache.folder();
    match spec::model(name) {
        Ok(card) if card.bundle.is_some() => {
            let id = card.bundle.as_deref().unwrap_or(name);
            open_bundle(
                id,
                &format!("model {name}"),
                &card.files,
                card.published_at.as_deref(),
                &cache,
            )
        }
        _ => open_bundle(name, &format!("bundle {name}"), &[], None, &cache),
    }
}
