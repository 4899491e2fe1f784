//! `storyeval export`: runs as one long table.

use super::Outcome;
use super::failure::Failure;
use super::talk::say;
use clap::{Args, ValueEnum};
use std::io::BufWriter;
use std::path::PathBuf;
use storyeval::export::{self, ExportError, TableWriter};
use storyeval::run::{DurableFile, RunError, runs_in};

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum What {
    /// One row per frame: text, CLIP similarities, LPIPS
    Observations,
    /// One row per frame and label: truth and probability
    Labels,
    /// One row per caption that the captioner wrote
    Captions,
    /// One row per score, of every slice
    Scores,
    /// One value of every frame, one column per run (CSV)
    #[cfg(feature = "polars")]
    SideBySide,
}

/// The value that runs are laid side by side by.
#[cfg(feature = "polars")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
enum Value {
    /// CLIP similarity of frame and caption
    ClipTi,
    /// CLIP similarity of frame and ground-truth frame
    ClipIi,
    /// LPIPS between frame and ground-truth frame
    Lpips,
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
    /// Run folders, or folders of the runs of several seeds
    #[arg(required = true)]
    runs: Vec<PathBuf>,
    /// Which table; docs/exports.md describes every column
    #[arg(long, value_enum)]
    what: What,
    /// Which value, of runs side by side
    #[cfg(feature = "polars")]
    #[arg(long, value_enum, required_if_eq("what", "side-by-side"))]
    value: Option<Value>,
    /// How to write it [default: csv, or what the ending of FILE says]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// File to write [default: stdout, except for Parquet]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl ExportArguments {
    fn format(&self) -> Result<Format, Failure> {
        if let Some(format) = self.format {
            return Ok(format);
        }
        let ending = self.out.as_ref().and_then(|path| path.extension());
        let ending = ending.map(|ending| ending.to_string_lossy().to_lowercase());
        match ending.as_deref() {
            Some("parquet") => Ok(Format::Parquet),
            Some("jsonl" | "ndjson") => Ok(Format::Jsonl),
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
    let folders = arguments.runs.iter().map(|run| runs_in(run));
    let runs = folders.collect::<Result<Vec<_>, _>>()?.concat();
    let what = match arguments.what {
        What::Observations => export::What::Observations,
        What::Labels => export::What::Labels,
        What::Captions => export::What::Captions,
        What::Scores => export::What::Scores,
        #[cfg(feature = "polars")]
        What::SideBySide => return side_by_side(arguments, &runs),
    };
    let format = match arguments.format()? {
        Format::Csv => export::Format::Csv,
        Format::Jsonl => export::Format::JsonLines,
        Format::Parquet => export::Format::Parquet,
    };
    let Some(path) = &arguments.out else {
        return to_stdout(&runs, what, format);
    };
    let failed = |error| match error {
        ExportError::Write(source) => RunError::write(path, source).into(),
        other => Failure::from(other),
    };
    let mut file = DurableFile::create(path)?;
    let table = TableWriter::new(&mut file, what, format)
        .map_err(|error| failed(ExportError::Write(error)))?;
    let exported = export::export(&runs, what, table).map_err(failed)?;
    file.commit()?;
    say(&format!(
        "{}: {} rows of {} runs",
        path.display(),
        exported.rows,
        exported.runs
    ));
    Ok(())
}

fn to_stdout(runs: &[PathBuf], what: export::What, format: export::Format) -> Outcome {
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
    export::export(runs, what, table).map_err(failed)?;
    Ok(())
}

/// Runs joined by story and frame.
#[cfg(feature = "polars")]
fn side_by_side(arguments: &ExportArguments, runs: &[PathBuf]) -> Outcome {
    use storyeval::export::FrameValue;
    if arguments.format()? != Format::Csv {
        return Err(Failure::Arguments {
            what: "runs side by side are written as CSV only".to_owned(),
            hint: "give `--format csv`".to_owned(),
        });
    }
    let value = match arguments.value {
        Some(Value::ClipTi) => FrameValue::ClipTi,
        Some(Value::ClipIi) => FrameValue::ClipIi,
        Some(Value::Lpips) | None => FrameValue::Lpips,
    };
    let frame = export::side_by_side(runs, value)?;
    let Some(path) = &arguments.out else {
        let written = export::write_side_by_side(&frame, BufWriter::new(std::io::stdout()));
        return match written {
            Err(ExportError::Write(source)) => Err(Failure::Stdout(source)),
            other => Ok(other.map(drop)?),
        };
    };
    let mut file = DurableFile::create(path)?;
    export::write_side_by_side(&frame, &mut file).map_err(|error| match error {
        ExportError::Write(source) => RunError::write(path, source).into(),
        other => Failure::from(other),
    })?;
    file.commit()?;
    Ok(())
}
