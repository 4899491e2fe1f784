//! `storyeval dataset verify`: the health of a data set.

use crate::cli::Outcome;
use crate::cli::common::CacheArguments;
use crate::cli::data::{DataArguments, NamedDataset};
use crate::cli::failure::Failure;
use crate::cli::format::Format;
use crate::cli::talk::{Screen, SharedMeter, print, print_json, say};
use clap::Args;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use storyeval::card::{self, Layout};
use storyeval::dataset::{ALL_SPLITS, DatasetError, OpenOptions};
use storyeval::pipeline::to_open;
use storyeval::table;
use storyeval::verify::{Journal, Report, Severity, Verified};

#[derive(Clone, Debug, Args)]
pub(crate) struct VerifyArguments {
    #[command(flatten)]
    dataset: NamedDataset,
    /// Folder of the data set, or its file
    #[arg(long, value_name = "DIR", env = "STORYEVAL_DATA_DIR")]
    data: Option<PathBuf>,
    /// Layout of the data set [default: found out]
    #[arg(long, value_enum, value_name = "LAYOUT", hide_possible_values = true)]
    data_layout: Option<Layout>,
    /// Split whose clips are checked, or `all`. What splits share is only found with all of them
    #[arg(long, default_value = ALL_SPLITS)]
    split: String,
    /// Frames a story [default: the data set's]
    #[arg(long, value_name = "N")]
    story_length: Option<NonZeroUsize>,
    /// Let warnings fail too
    #[arg(long)]
    strict: bool,
    /// Check every file again, also those that did not change since the last time
    #[arg(long)]
    fresh: bool,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    cache: CacheArguments,
}

/// Verifies and prints. An unsound data set is printed all the same.
pub(super) fn verify(arguments: &VerifyArguments) -> Outcome {
    let card = card::dataset(arguments.dataset.name())?;
    let data = DataArguments {
        data: arguments.data.clone(),
        data_layout: arguments.data_layout,
        split: Some(arguments.split.clone()),
        story_length: arguments.story_length,
        subset: None,
    };
    let choice = data
        .request()
        .choose_alone(arguments.dataset.name(), &card)?;
    let cache = arguments.cache.folder();
    let options = to_open(card, &choice, &cache, Screen::new().control())?;
    let report = look(arguments, &options)?;
    match arguments.format {
        Format::Json => {
            print_json(&report)?;
        }
        Format::Text => print(&report.document().render(table::Format::Markdown)?)?,
    }
    if report.sound(arguments.strict) {
        return Ok(());
    }
    Err(DatasetError::Unsound {
        dataset: report.dataset.clone(),
        folder: report.folder.clone(),
        errors: report.count(Severity::Error),
        warnings: if arguments.strict {
            report.count(Severity::Warning)
        } else {
            0
        },
    }
    .into())
}

/// The pass, with a meter and the journal of earlier ones.
fn look(arguments: &VerifyArguments, options: &OpenOptions) -> Result<Report, Failure> {
    let path = Journal::path_in(&arguments.cache.folder(), &options.card.id, &options.folder);
    let journal = Journal::open(&path, arguments.fresh);
    let journal = journal.map_err(|error| no_journal(&path, &error)).ok();
    let meter = SharedMeter::new("verifying");
    let verified = storyeval::verify::verify(options, journal.as_ref(), &|done, all| {
        meter.at(done, all);
    });
    meter.finish();
    if let Some(Err(error)) = journal.map(Journal::finish) {
        no_journal(&path, &error);
    }
    let Verified { report, known } = verified?;
    if known > 0 {
        say(&format!(
            "{known} of {} clips have not changed since they were last checked ({}); `--fresh` checks them again",
            report.clips,
            path.display()
        ));
    }
    Ok(report)
}

fn no_journal(path: &std::path::Path, error: &std::io::Error) {
    say(&format!(
        "warning: {} cannot be kept ({error}); the next pass will check every file again",
        path.display()
    ));
}
