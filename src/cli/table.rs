//! `storyeval table`: runs side by side.

use super::Outcome;
use super::failure::Failure;
use super::talk::print;
use clap::{Args, ValueEnum};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use storyeval::record::Scores;
use storyeval::report::{self, ColumnChoice, Comparison, TableOptions};
use storyeval::run::{Manifest, RunError, SCORES, runs_in};
use storyeval::table;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// GitHub's Markdown
    Md,
    /// LaTeX with booktabs
    Latex,
    /// A page for browsers
    Html,
    /// Comma-separated values of all scores, or of the columns and slices asked for, numbers in full
    Csv,
    /// The same as JSON
    Json,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct TableArguments {
    /// Run folders
    #[arg(required = true)]
    runs: Vec<PathBuf>,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Md)]
    format: Format,
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
    let runs = arguments.runs.iter();
    let results = runs
        .map(|run| read_scores(run))
        .collect::<Result<Vec<_>, _>>()?;
    print(&render(&results, arguments.format, &arguments.options())?)
}

/// The scores of a run folder; of a folder with several seeds their mean.
pub(crate) fn read_scores(run: &Path) -> Result<Scores, Failure> {
    let path = run.join(SCORES);
    if !path.is_file()
        && let Ok(seeds) = runs_in(run)
        && seeds.first().is_some_and(|first| first != run)
    {
        let read = |folder: &PathBuf| -> Result<_, Failure> {
            let seed = Manifest::read(folder)?.identity.seed;
            Ok((seed, read_scores(folder)?))
        };
        let scores = seeds.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        return Ok(report::over_seeds(&scores)?);
    }
    let text = std::fs::read_to_string(&path).map_err(|source| match source.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => Failure::Arguments {
            what: format!("there are no scores in {}", run.display()),
            hint: format!("compute them with `storyeval score {}`", run.display()),
        },
        _ => RunError::read(&path, source).into(),
    })?;
    serde_json::from_str(&text).map_err(|source| {
        RunError::Json {
            path: path.clone(),
            line: source.line(),
            source,
        }
        .into()
    })
}

/// The table that `run` prints.
pub(crate) fn markdown(results: &[Scores]) -> Result<String, Failure> {
    render(results, Format::Md, &TableOptions::default())
}

/// A table in any format.
pub(crate) fn render(
    results: &[Scores],
    format: Format,
    options: &TableOptions,
) -> Result<String, Failure> {
    let comparison = Comparison::new(results, options)?;
    let document =
        |format| -> Result<String, Failure> { Ok(comparison.document(&[], None).render(format)?) };
    match format {
        Format::Md => document(table::Format::Markdown),
        Format::Latex => document(table::Format::Latex),
        Format::Html => document(table::Format::Html),
        Format::Csv => Ok(report::csv(&comparison)?),
        Format::Json => Ok(report::json(&comparison)?),
    }
}
