//! `storyeval export`: runs as one long table.

use super::Outcome;
use super::failure::Failure;
use super::talk::say;
use clap::{Args, ValueEnum};
use std::io::BufWriter;
use std::path::PathBuf;
use storyeval::export::{self, ExportError, TableWriter};
use storyeval::run::{DurableFile, RunError};

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum What {
    /// A row a frame: text, CLIP similarities, LPIPS
    Observations,
    /// A row a frame and label: truth and probability
    Labels,
    /// A row a caption that was written of a frame
    Captions,
    /// A row a score, of every slice
    Scores,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Comma-separated values, safe for spreadsheets
    Csv,
    /// A JSON object a line
    Jsonl,
    /// Parquet, for pandas and polars
    Parquet,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct ExportArguments {
    /// Run folders
    #[arg(required = true)]
    runs: Vec<PathBuf>,
    /// Which table; docs/exports.md describes every column
    #[arg(long, value_enum)]
    what: What,
    /// How to write it [default: csv, or what the ending of FILE says]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// File to write [default: stdout, except for Parquet]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl ExportArguments {
    fn format(&self) -> Format {
        let ending = self.out.as_ref().and_then(|path| path.extension());
        let ending = ending.map(|ending| ending.to_string_lossy().to_lowercase());
        self.format.unwrap_or(match ending.as_deref() {
            Some("parquet") => Format::Parquet,
            Some("jsonl" | "ndjson") => Format::Jsonl,
            _ => Format::Csv,
        })
    }
}

/// Writes the table. A file appears whole or not at all.
pub(crate) fn export(arguments: &ExportArguments) -> Outcome {
    let what = match arguments.what {
        What::Observations => export::What::Observations,
        What::Labels => export::What::Labels,
        What::Captions => export::What::Captions,
        What::Scores => export::What::Scores,
    };
    let format = match arguments.format() {
        Format::Csv => export::Format::Csv,
        Format::Jsonl => export::Format::JsonLines,
        Format::Parquet => export::Format::Parquet,
    };
    let Some(path) = &arguments.out else {
        return to_stdout(arguments, what, format);
    };
    let failed = |error| match error {
        ExportError::Write(source) => RunError::write(path, source).into(),
        other => Failure::from(other),
    };
    let mut file = DurableFile::create(path)?;
    let table = TableWriter::new(&mut file, what, format)
        .map_err(|error| failed(ExportError::Write(error)))?;
    let exported = export::export(&arguments.runs, what, table).map_err(failed)?;
    file.commit()?;
    say(&format!(
        "{}: {} rows of {} runs",
        path.display(),
        exported.rows,
        exported.runs
    ));
    Ok(())
}

fn to_stdout(arguments: &ExportArguments, what: export::What, format: export::Format) -> Outcome {
    let stdout = std::io::stdout();
    if format == export::Format::Parquet {
        return Err(Failure::Arguments {
            what: "Parquet is no text, and needs a file".to_owned(),
            hint: "write it with `--out FILE.parquet`".to_owned(),
        });
    }
    let failed = |error| match error {
        ExportError::Write(source) => Failure::Stdout(source),
        other => Failure::from(other),
    };
    let table = TableWriter::new(BufWriter::new(stdout), what, format)
        .map_err(|error| failed(ExportError::Write(error)))?;
    export::export(&arguments.runs, what, table).map_err(failed)?;
    Ok(())
}
