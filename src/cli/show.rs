//! `storyeval show` and `storyeval diff`: one run, and in what two differ.

use super::Outcome;
use super::common::runs;
use super::failure::Failure;
use super::format::{TableFormat, among};
use super::talk::{print, print_json};
use clap::Args;
use std::path::{Path, PathBuf};
use storyeval::evaluate;
use storyeval::report::runs::{RunDifference, RunPage};
use storyeval::run::{RunError, RunSummary, read_times};

#[derive(Clone, Debug, Args)]
pub(crate) struct ShowArguments {
    /// Run folder, or the folder of several models' runs
    run: PathBuf,
    /// Print the scores of every slice, not only of all frames
    #[arg(long)]
    slices: bool,
    /// How to print; JSON has everything
    #[arg(long, default_value = "md", value_parser = among(&[TableFormat::Md, TableFormat::Json]))]
    format: TableFormat,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct DiffArguments {
    /// One run folder
    first: PathBuf,
    /// The other
    second: PathBuf,
    /// How to print
    #[arg(long, default_value = "md", value_parser = among(&[TableFormat::Md, TableFormat::Json]))]
    format: TableFormat,
}

/// Prints what a run is.
pub(crate) fn show(arguments: &ShowArguments) -> Outcome {
    let runs = runs(std::slice::from_ref(&arguments.run))?;
    let pages = runs.iter().map(|run| page(run));
    let pages = pages.collect::<Result<Vec<_>, _>>()?;
    match (arguments.format, &pages[..]) {
        (TableFormat::Json, [page]) => print_json(page),
        (TableFormat::Json, pages) => print_json(&pages),
        (format, pages) => {
            for page in pages {
                print(
                    &page
                        .document(arguments.slices)
                        .render(format.of_document())?,
                )?;
            }
            Ok(())
        }
    }
}

fn page(root: &Path) -> Result<RunPage, Failure> {
    let glance = RunSummary::read(root)?;
    let networks = match evaluate::coverage(root) {
        Ok(networks) => Some(networks),
        Err(evaluate::EvaluateError::Run(RunError::NotObserved { .. })) => None,
        Err(error) => return Err(error.into()),
    };
    Ok(RunPage::new(glance, networks, &read_times(root)?))
}

/// Prints in what two runs differ. That they do is no failure: the exit code is 0.
pub(crate) fn diff(arguments: &DiffArguments) -> Outcome {
    let (first, second) = (
        RunSummary::read(&arguments.first)?,
        RunSummary::read(&arguments.second)?,
    );
    let difference = RunDifference::new(&first, &second);
    match arguments.format {
        TableFormat::Json => print_json(&difference),
        other => print(&difference.document().render(other.of_document())?),
    }
}
