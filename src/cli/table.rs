//! `storyeval table`: runs side by side.

use super::Outcome;
use super::failure::Failure;
use super::talk::print;
use clap::{Args, ValueEnum};
use std::io::ErrorKind;
use std::path::PathBuf;
use storyeval::record::Scores;
use storyeval::report::{self, Comparison, TableOptions};
use storyeval::run::{RunError, SCORES};

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Markdown
    Md,
    /// LaTeX with booktabs
    Latex,
    /// Comma-separated values
    Csv,
    /// JSON
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
    /// Show every metric, not only the columns of papers
    #[arg(long)]
    detail: bool,
    /// Put numbers with different signatures into one column all the same
    #[arg(long)]
    force: bool,
}

/// Reads the scores of each run and prints them.
pub(crate) fn table(arguments: &TableArguments) -> Outcome {
    let mut results = Vec::new();
    for run in &arguments.runs {
        let path = run.join(SCORES);
        let text = std::fs::read_to_string(&path).map_err(|source| match source.kind() {
            ErrorKind::NotFound => Failure::Arguments {
                what: format!("there are no scores in {}", run.display()),
                hint: format!("compute them with `storyeval score {}`", run.display()),
            },
            _ => RunError::read(&path, source).into(),
        })?;
        let scores: Scores = serde_json::from_str(&text).map_err(|source| RunError::Json {
            path: path.clone(),
            line: source.line(),
            source,
        })?;
        results.push(scores);
    }
    let options = TableOptions {
        detail: arguments.detail,
        force: arguments.force,
        ..TableOptions::default()
    };
    print(&render(&results, arguments.format, &options)?)
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
    Ok(match format {
        Format::Md => report::markdown(&comparison),
        Format::Latex => report::latex(&comparison),
        Format::Csv => report::csv(&comparison)?,
        Format::Json => report::json(&comparison)?,
    })
}
