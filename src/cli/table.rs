//! `storyeval table`: runs side by side.

use super::Outcome;
use super::common::runs;
use super::failure::Failure;
use super::format::{IN_SCORES, SignatureArguments, TableFormat};
use super::talk::print;
use clap::Args;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use storyeval::record::Scores;
use storyeval::report::{self, ColumnChoice, Comparison, TableOptions};
use storyeval::run::{Manifest, SCORES, read_scores, runs_in};
use storyeval::table::{Block, Document, Format};

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
    /// A table per run with a row per position in the story, for long stories; csv and json have the slices frame_1..
    #[arg(long, conflicts_with = "slices")]
    by_position: bool,
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
    #[command(flatten)]
    signatures: SignatureArguments,
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
    if arguments.by_position {
        return positions(&results, arguments);
    }
    let comparison = Comparison::new(&results, &arguments.options())?;
    if arguments.format.in_full() || arguments.no_bold || results.len() < 2 {
        return show(
            &comparison,
            &comparison.document(&[], None),
            arguments.format,
            arguments.signatures,
        );
    }
    let (significant, claim) = report::significant(&comparison, &folders, &results)?;
    let document = comparison.document(&significant, Some(&claim));
    show(
        &comparison,
        &document,
        arguments.format,
        arguments.signatures,
    )
}

/// Prints each run by the position of its frames.
fn positions(results: &[Scores], arguments: &TableArguments) -> Outcome {
    if arguments.format.in_full() {
        let frames = results.iter().flat_map(|run| &run.scores);
        let slices: Vec<String> = frames
            .filter(|score| score.slice.starts_with("frame_"))
            .map(|score| score.slice.clone())
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect();
        let options = TableOptions {
            slices: Some(slices),
            ..arguments.options()
        };
        let comparison = Comparison::new(results, &options)?;
        let document = comparison.document(&[], None);
        return show(
            &comparison,
            &document,
            arguments.format,
            arguments.signatures,
        );
    }
    let columns = arguments.columns.iter().map(|column| column.metric.clone());
    let columns: Vec<String> = columns.collect();
    let mut document = Document::default();
    for (number, run) in results.iter().enumerate() {
        let name = arguments.labels.get(number).unwrap_or(&run.model);
        let table = report::by_position(run, name, &columns, !arguments.no_intervals);
        document.blocks.push(match table {
            Some(table) => Block::Table(table),
            None => Block::Text(format!("{name} has no values of single positions.")),
        });
    }
    arguments
        .signatures
        .print(&document, arguments.format, IN_SCORES)
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

/// The table of runs, as verbs that make runs print it and keep it in `table.md`.
pub(crate) fn of_runs(results: &[Scores]) -> Result<Document, Failure> {
    Ok(Comparison::new(results, &TableOptions::default())?.document(&[], None))
}

/// What is kept beside runs: with signatures, since it outlives them.
pub(crate) fn keep(document: &Document, folder: &Path) -> Outcome {
    let text = document.render(Format::Markdown)?;
    storyeval::run::write_durably(&folder.join("table.md"), text.as_bytes())?;
    Ok(())
}

/// Prints runs in any format.
pub(crate) fn show(
    comparison: &Comparison,
    document: &Document,
    format: TableFormat,
    signatures: SignatureArguments,
) -> Outcome {
    match format {
        TableFormat::Csv => print(&report::csv(comparison)?),
        TableFormat::Json => print(&report::json(comparison)?),
        other => signatures.print(document, other, IN_SCORES),
    }
}
