//! `storyeval compare`: runs against each other, story by story.

use super::Outcome;
use super::common::runs;
use super::format::{IN_SCORES, SignatureArguments, TableFormat};
use super::talk::print;
use clap::Args;
use std::path::PathBuf;
use storyeval::compare::{CompareOptions, Side, compare as study};
use storyeval::stats::Resampling;

#[derive(Clone, Debug, Args)]
pub(crate) struct CompareArguments {
    /// Run folder to compare with, or a folder of `seed-<k>` runs of one model
    base: PathBuf,
    /// Run folders to compare, or folders of seeds
    #[arg(required = true)]
    candidates: Vec<PathBuf>,
    /// How to print
    #[arg(long, value_enum, default_value_t = TableFormat::Md)]
    format: TableFormat,
    /// Metrics, or `all` [default: the columns of papers]
    #[arg(long, value_delimiter = ',', value_name = "METRIC,..")]
    metrics: Vec<String>,
    /// Slices: all, pronoun, no_pronoun, frame_1, character:NAME, length_4.. [default: every one]
    #[arg(long, value_delimiter = ',', value_name = "SLICE,..")]
    slices: Vec<String>,
    /// Arrangements of a test that swaps stories and is not exact: where a difference has no standard error
    #[arg(long, default_value_t = 10_000, value_name = "N", value_parser = clap::value_parser!(u32).range(100..=1_000_000))]
    resamples: u32,
    /// Seed of the arrangements
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Stories to name in each direction
    #[arg(long, default_value_t = 5, value_name = "N")]
    top: usize,
    /// Compare numbers with different signatures all the same, marked
    #[arg(long)]
    force_incomparable: bool,
    #[command(flatten)]
    signatures: SignatureArguments,
}

/// Compares, and prints.
pub(crate) fn compare(arguments: &CompareArguments) -> Outcome {
    let candidates = runs(&arguments.candidates)?;
    // The folder of several models may hold the run that they are compared with.
    let named = arguments.candidates.contains(&arguments.base);
    let others = candidates
        .iter()
        .filter(|run| named || **run != arguments.base);
    let folders = std::iter::once(&arguments.base).chain(others);
    let options = CompareOptions {
        metrics: arguments.metrics.clone(),
        slices: arguments.slices.clone(),
        plan: Resampling {
            resamples: arguments.resamples as usize,
            seed: arguments.seed,
        },
        top: arguments.top,
        force: arguments.force_incomparable,
    };
    let study = study(Side::read_all(folders)?, &options)?;
    match arguments.format {
        TableFormat::Csv => print(&study.csv()?),
        TableFormat::Json => print(&study.json()?),
        other => arguments
            .signatures
            .print(&study.document(), other, IN_SCORES),
    }
}
