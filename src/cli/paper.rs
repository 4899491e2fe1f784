//! `storyeval paper`: published tables, alone or compared with runs.

use super::Outcome;
use super::failure::Failure;
use super::format::{IN_SCORES, SignatureArguments, TableFormat};
use super::talk::{print, say};
use clap::Args;
use std::path::{Path, PathBuf};
use storyeval::paper::{Claim, Library, MeasuredRun, PublishedTable, Reply, RowChoice};
use storyeval::run::{RunError, runs_in, write_durably};

/// Folder of the tables below `--out`.
const FOLDER: &str = "papers";

#[derive(Clone, Debug, Args)]
pub(crate) struct PaperArguments {
    /// A table of `storyeval paper ls`, or `all`
    #[arg(default_value = "ls")]
    table: String,
    /// Runs to hold against it: folders, each with the number or the model of its row if need be
    #[arg(long, value_name = "[ROW=]RUN", num_args = 1..)]
    with: Vec<String>,
    /// How to print
    #[arg(long, value_enum, default_value_t = TableFormat::Md)]
    format: TableFormat,
    #[command(flatten)]
    signatures: SignatureArguments,
    /// Write to DIR/papers/ instead of printing [default with `all`: reports]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// Prints the list, a table, or all of them.
pub(crate) fn paper(arguments: &PaperArguments) -> Outcome {
    let library = Library::open()?;
    if arguments.table == "ls" {
        return list(&library, arguments);
    }
    let chosen: Vec<&PublishedTable> = if arguments.table == "all" {
        library.tables().iter().collect()
    } else {
        vec![library.find(&arguments.table)?]
    };
    let claims = arguments
        .with
        .iter()
        .map(|with| claims(with))
        .collect::<Result<Vec<_>, _>>()?
        .concat();
    if arguments.table == "all" && claims.iter().any(|claim| claim.row.is_some()) {
        return Err(Failure::Arguments {
            what: "a row is one of a single table".to_owned(),
            hint: "name the runs without ROW=, or one table".to_owned(),
        });
    }
    let replies = chosen
        .iter()
        .map(|table| Reply::new(&library, table, &claims))
        .collect::<Result<Vec<_>, _>>()?;
    warn(&replies, claims.len());
    let all = arguments.table == "all";
    let out = match &arguments.out {
        Some(out) => out.clone(),
        None if all => PathBuf::from("reports"),
        None => return show(&replies[0], arguments),
    };
    let folder = out.join(FOLDER);
    std::fs::create_dir_all(&folder).map_err(|source| RunError::write(&folder, source))?;
    let name = |id: &str| format!("{id}.{}", extension(arguments.format));
    for (table, reply) in chosen.iter().zip(&replies) {
        let path = folder.join(name(&table.about().id));
        write_durably(&path, text(reply, arguments)?.as_bytes())?;
        print(&format!("{}\n", path.display()))?;
    }
    if all {
        let path = folder.join(name("index"));
        let text = match arguments.format {
            TableFormat::Json => library.listing_json()?,
            other => library.listing(Some(&name)).render(other.of_document())?,
        };
        write_durably(&path, text.as_bytes())?;
        print(&format!("{}\n", path.display()))?;
    }
    Ok(())
}

fn list(library: &Library, arguments: &PaperArguments) -> Outcome {
    if !arguments.with.is_empty() || arguments.out.is_some() {
        return Err(Failure::Arguments {
            what: "no table is named".to_owned(),
            hint: "name one of `storyeval paper ls`, or `all`".to_owned(),
        });
    }
    match arguments.format {
        TableFormat::Json => print(&library.listing_json()?),
        other => print(&library.listing(None).render(other.of_document())?),
    }
}

/// Says of every run that is in no row of any table why; with one table the document says it too, but
/// whoever redirects it should know.
fn warn(replies: &[Reply<'_>], runs: usize) {
    let tables = replies.len();
    let mut lost: Vec<(String, String, usize)> = Vec::new();
    for reply in replies {
        for (run, _, why) in reply.nowhere() {
            match lost.iter_mut().find(|(known, ..)| known == run) {
                Some((_, _, times)) => *times += 1,
                None => lost.push((run.to_owned(), why.to_owned(), 1)),
            }
        }
    }
    lost.retain(|(_, _, times)| *times == tables);
    for (run, why, _) in &lost {
        say(&format!("warning: {run} is in no row: {why}"));
    }
    if !lost.is_empty() && lost.len() == runs {
        say("hint: say which row a run is of: --with ROW=RUN, with the row's number or model");
    }
}

/// Prints a table with its runs.
fn show(reply: &Reply<'_>, arguments: &PaperArguments) -> Outcome {
    match arguments.format {
        TableFormat::Json | TableFormat::Csv => print(&text(reply, arguments)?),
        other => arguments
            .signatures
            .print(&reply.document(), other, IN_SCORES),
    }
}

/// A table with its runs, for a file.
fn text(reply: &Reply<'_>, arguments: &PaperArguments) -> Result<String, Failure> {
    match arguments.format {
        TableFormat::Json => Ok(reply.json()?),
        TableFormat::Csv => Ok(reply.csv()?),
        other => arguments.signatures.text(&reply.document(), other, None),
    }
}

fn extension(format: TableFormat) -> &'static str {
    match format {
        TableFormat::Md => "md",
        TableFormat::Latex => "tex",
        TableFormat::Html => "html",
        TableFormat::Csv => "csv",
        TableFormat::Json => "json",
    }
}

/// `RUN`, or `ROW=RUN` where the whole is no folder. A folder of several seeds counts as one run per seed.
fn claims(with: &str) -> Result<Vec<Claim>, Failure> {
    let row = |row: &str| match row.parse() {
        Ok(number) => RowChoice::Number(number),
        Err(_) => RowChoice::Model(row.to_owned()),
    };
    let (row, folder) = match with.split_once('=') {
        Some((name, run)) if !Path::new(with).exists() => (Some(row(name)), run),
        _ => (None, with),
    };
    let claim = |run: &PathBuf| {
        Ok(Claim {
            row: row.clone(),
            run: MeasuredRun::read(run)?,
        })
    };
    runs_in(Path::new(folder))?.iter().map(claim).collect()
}
