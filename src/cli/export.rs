//! `storyeval export`: runs as one long table.

use super::Outcome;
use super::common::runs;
use super::failure::Failure;
use super::talk::say;
use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use storyeval::export::{self, ExportError, Format, FrameValue, TableWriter, What};
use storyeval::run::{DurableFile, RunError, runs_in};

/// A long table, or runs joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    Table(What),
    SideBySide,
}

impl ValueEnum for Asked {
    fn value_variants<'a>() -> &'a [Self] {
        &[
            Self::Table(What::Observations),
            Self::Table(What::Labels),
            Self::Table(What::Captions),
            Self::Table(What::Scores),
            Self::Table(What::Columns),
            Self::SideBySide,
        ]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        match self {
            Self::Table(what) => what.to_possible_value(),
            Self::SideBySide => Some(
                PossibleValue::new("side-by-side")
                    .help("One value of every frame, one column per run (CSV)"),
            ),
        }
    }
}

#[derive(Clone, Debug, Args)]
pub(crate) struct ExportArguments {
    /// Run folders, or folders of the runs of several seeds
    #[arg(required = true)]
    runs: Vec<PathBuf>,
    /// Which table; docs/exports.md describes every column
    #[arg(long, value_enum)]
    what: Asked,
    /// Which value, of runs side by side
    #[arg(long, value_enum, required_if_eq("what", "side-by-side"))]
    value: Option<FrameValue>,
    /// How to write it [default: csv, or what the ending of FILE says]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// File to write [default: stdout, except for Parquet]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// A run of `ground-truth`, whose frames' files are named beside those of the observations
    #[arg(long, value_name = "RUN")]
    truth: Option<PathBuf>,
}

impl ExportArguments {
    /// An option of another table would change nothing.
    fn refuse_unused(&self) -> Outcome {
        let unused = |option: &str, table: &str| {
            Err(Failure::Arguments {
                what: format!("`{option}` is for `--what {table}`"),
                hint: format!("leave `{option}` out, or ask for `--what {table}`"),
            })
        };
        if self.value.is_some() && self.what != Asked::SideBySide {
            return unused("--value", "side-by-side");
        }
        if self.truth.is_some() && self.what != Asked::Table(What::Observations) {
            return unused("--truth", "observations");
        }
        Ok(())
    }

    fn format(&self) -> Result<Format, Failure> {
        if let Some(format) = self.format {
            return Ok(format);
        }
        let ending = self.out.as_ref().and_then(|path| path.extension());
        let ending = ending.map(|ending| ending.to_string_lossy().to_lowercase());
        match ending.as_deref() {
            Some("parquet") => Ok(Format::Parquet),
            Some("jsonl" | "ndjson") => Ok(Format::JsonLines),
            None | Some("csv") => Ok(Format::Csv),
            Some(other) => Err(Failure::Arguments {
                what: format!("`.{other}` is the ending of no format"),
                hint: "call the file .csv, .jsonl or .parquet, or say which with `--format`"
                    .to_owned(),
            }),
        }
    }
}

/// Writes the table. A file appears whole or not at all.
pub(crate) fn export(arguments: &ExportArguments) -> Outcome {
    arguments.refuse_unused()?;
    let folders = runs(&arguments.runs)?;
    let runs = folders.iter().map(|run| runs_in(run));
    let runs = runs.collect::<Result<Vec<_>, _>>()?.concat();
    let format = arguments.format()?;
    let what = match arguments.what {
        Asked::Table(what) => what,
        Asked::SideBySide => return side_by_side(arguments, &runs, format),
    };
    let Some(path) = &arguments.out else {
        return to_stdout(arguments, &runs, what, format);
    };
    let failed = |error| in_file(error, path);
    let mut file = DurableFile::create(path)?;
    let table = TableWriter::new(&mut file, what, format)
        .map_err(|error| failed(ExportError::Write(error)))?;
    let exported =
        export::export(&runs, what, arguments.truth.as_deref(), table).map_err(failed)?;
    file.commit()?;
    say(&format!(
        "{}: {} rows of {} runs",
        path.display(),
        exported.rows,
        exported.runs
    ));
    Ok(())
}

fn in_file(error: ExportError, path: &Path) -> Failure {
    match error {
        ExportError::Write(source) => RunError::write(path, source).into(),
        other => other.into(),
    }
}

fn on_stdout(error: ExportError) -> Failure {
    match error {
        ExportError::Write(source) => Failure::Stdout(source),
        other => other.into(),
    }
}

fn to_stdout(arguments: &ExportArguments, runs: &[PathBuf], what: What, format: Format) -> Outcome {
    if format == Format::Parquet {
        return Err(Failure::Arguments {
            what: "Parquet is no text, and needs a file".to_owned(),
            hint: "write it with `--out FILE.parquet`".to_owned(),
        });
    }
    let table = TableWriter::new(BufWriter::new(std::io::stdout()), what, format)
        .map_err(|error| on_stdout(ExportError::Write(error)))?;
    export::export(runs, what, arguments.truth.as_deref(), table).map_err(on_stdout)?;
    Ok(())
}

/// Runs joined by story and frame.
fn side_by_side(arguments: &ExportArguments, runs: &[PathBuf], format: Format) -> Outcome {
    if format != Format::Csv {
        return Err(Failure::Arguments {
            what: "runs side by side are written as CSV only".to_owned(),
            hint: "give `--format csv`".to_owned(),
        });
    }
    // clap asks for the value.
    let value = arguments.value.unwrap_or(FrameValue::Lpips);
    let frame = export::side_by_side(runs, value)?;
    let Some(path) = &arguments.out else {
        let stdout = BufWriter::new(std::io::stdout());
        export::write_side_by_side(&frame, stdout).map_err(on_stdout)?;
        return Ok(());
    };
    let mut file = DurableFile::create(path)?;
    export::write_side_by_side(&frame, &mut file).map_err(|error| in_file(error, path))?;
    file.commit()?;
    Ok(())
}
