//! `storyeval table`: runs side by side.

use super::Outcome;
use super::common::runs;
use super::failure::Failure;
use super::format::TableFormat;
use super::talk::print;
use clap::Args;
use std::path::{Path, PathBuf};
use storyeval::record::Scores;
use storyeval::report::{self, ColumnChoice, Comparison, Ranking, TableOptions};
use storyeval::run::{Manifest, SCORES, read_scores, runs_in};

#[allow(
    clippy::struct_excessive_bools,
    reason = "flags of a command line are independent of each other"
)]
#[derive(Clone, Debug, Args)]
pub(crate) struct TableArguments {
    /// Run folders, folders of `seed-<k>` runs of a model, or the folder of several models' runs
    #[arg(required = true)]
    runs: Vec<PathBuf>,
    /// How to print
    #[arg(long, value_enum, default_value_t = TableFormat::Md)]
    format: TableFormat,
    /// Columns in this order, each with a heading of its own if wanted [default: those of papers]
    #[arg(long, value_delimiter = ',', value_name = "METRIC[=NAME],..")]
    columns: Vec<ColumnChoice>,
    /// Slices, a table each: all, pronoun, no_pronoun, frame_1, character:NAME.. [default: the first three]
    #[arg(long, value_delimiter = ',', value_name = "SLICE")]
    slices: Vec<String>,
    /// Name of a row; once a run, in their order [default: the models' ids]
    #[arg(long = "label", value_name = "NAME")]
    labels: Vec<String>,
    /// Show every metric, not only the columns of papers
    #[arg(long, conflicts_with = "columns")]
    detail: bool,
    /// Set nothing in bold; otherwise the best of a column where it is significantly better than every other
    #[arg(long)]
    no_bold: bool,
    /// Print no intervals
    #[arg(long)]
    no_intervals: bool,
    /// Put numbers with different signatures into one column all the same, marked
    #[arg(long, alias = "force")]
    force_incomparable: bool,
}

impl TableArguments {
    fn options(&self) -> TableOptions {
        TableOptions {
            slices: (!self.slices.is_empty()).then(|| self.slices.clone()),
            columns: self.columns.clone(),
            labels: self.labels.clone(),
            detail: self.detail,
            intervals: !self.no_intervals,
            force: self.force_incomparable,
        }
    }
}

/// Reads the scores of each run and prints them.
pub(crate) fn table(arguments: &TableArguments) -> Outcome {
    let folders = runs(&arguments.runs)?;
    let rows = folders.iter().map(|folder| row(folder));
    let rows = rows.collect::<Result<Vec<_>, _>>()?;
    let (folders, results): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
    let comparison = Comparison::new(&results, &arguments.options())?;
    let (significant, claim) =
        if arguments.no_bold || results.len() < 2 || arguments.format.in_full() {
            (Vec::new(), None)
        } else {
            let (significant, claim) = report::significant(&comparison, &folders, &results)?;
            (significant, Some(claim))
        };
    print(&written(
        &comparison,
        arguments.format,
        &significant,
        claim.as_deref(),
    )?)
}

/// The folder and scores of a run, or the means over the seeds of a model.
fn row(folder: &Path) -> Result<(Option<PathBuf>, Scores), Failure> {
    // A folder with scores is a row, whatever else it lacks.
    if folder.join(SCORES).is_file() {
        return Ok((Some(folder.to_path_buf()), read_scores(folder)?));
    }
    let runs = runs_in(folder)?;
    let read = |run: &PathBuf| -> Result<_, Failure> {
        Ok((Manifest::read(run)?.identity.seed, read_scores(run)?))
    };
    let scores = runs.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    Ok((None, report::over_seeds(&scores)?))
}

/// The table that `run` prints.
pub(crate) fn markdown(results: &[Scores]) -> Result<String, Failure> {
    render(results, TableFormat::Md, &TableOptions::default())
}

/// A table in any format.
pub(crate) fn render(
    results: &[Scores],
    format: TableFormat,
    options: &TableOptions,
) -> Result<String, Failure> {
    written(&Comparison::new(results, options)?, format, &[], None)
}

fn written(
    comparison: &Comparison,
    format: TableFormat,
    significant: &[Ranking],
    claim: Option<&str>,
) -> Result<String, Failure> {
    Ok(match format {
        TableFormat::Csv => report::csv(comparison)?,
        TableFormat::Json => report::json(comparison)?,
        other => {
            let document = comparison.document(significant, claim);
            document.render(other.of_document())?
        }
    })
}
