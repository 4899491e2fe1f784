//! `storyeval run --suite`: the runs that a table is made of, one after another.
//!
//! A suite may be partly impossible where it is run: weights that were never published, data that are not
//! there. What can be run is run, what cannot is named, and the exit code says which it was.

mod job;
mod outlook;
mod results;

use super::Outcome;
use super::failure::Failure;
use super::run::{RunArguments, measure};
use super::talk::{print, say};
use job::{Job, State};
use std::path::{Path, PathBuf};
use storyeval::ExitCode;
use storyeval::paper::Library;
use storyeval::spec::{self, Suite};

/// Plans a suite, runs what can be run, and prints its table.
pub(crate) fn run(id: &str, arguments: &RunArguments) -> Outcome {
    let suite = spec::suite(id)?;
    let library = Library::open()?;
    check_rows(&suite, &library)?;
    let root = folder(&suite, arguments);
    let mut jobs = Job::of(&suite, &root, arguments)?;
    let outlook = outlook::render(&suite, &root, &jobs)?;
    if arguments.dry_run {
        return print(&outlook);
    }
    say(&outlook);
    for job in &mut jobs {
        if matches!(job.state, State::Runnable) {
            say(&format!("\n{}: {}", suite.id, job.name()));
            job.state = match measure(&job.arguments) {
                Ok(_) => State::Done,
                Err(failure) if is_local(&failure) => {
                    super::talk::failure(&failure);
                    State::Failed(failure.to_string())
                }
                Err(failure) => return Err(failure),
            };
        }
    }
    let done = jobs.iter().filter(|job| job.is_done()).count();
    if done == 0 {
        return Err(Failure::Suite {
            what: format!("nothing of suite {} could be run here", suite.id),
            code: ExitCode::Setup,
            hint: format!(
                "what is missing stands above; `storyeval run --suite {id} --dry-run` lists it again"
            ),
        });
    }
    let text = results::render(&suite, &library, &jobs)?;
    storyeval::run::write_durably(&root.join("table.md"), text.as_bytes())?;
    print(&text)?;
    say(&format!("\nsuite: {}", root.display()));
    if done < jobs.len() {
        return Err(Failure::Suite {
            what: format!("{done} of {} runs of suite {} are done", jobs.len(), suite.id),
            code: ExitCode::Partial,
            hint: "run the same command again when what is missing is there; what is done is not done again"
                .to_owned(),
        });
    }
    Ok(())
}

/// Whether a failure is of this run alone, so that the next one may still succeed.
fn is_local(failure: &Failure) -> bool {
    matches!(
        failure.exit_code(),
        ExitCode::Setup | ExitCode::DataVerification | ExitCode::NothingSelected
    )
}

/// Every row of a suite is one of its table.
fn check_rows(suite: &Suite, library: &Library) -> Outcome {
    let Some(id) = &suite.table else {
        return Ok(());
    };
    let rows = library.find(id)?.rows().len();
    match suite
        .runs
        .iter()
        .filter_map(|run| run.row)
        .find(|row| *row > rows)
    {
        None => Ok(()),
        Some(row) => Err(Failure::Arguments {
            what: format!(
                "suite {} fills row {row} of {id}, which has {rows}",
                suite.id
            ),
            hint: format!("see `storyeval paper {id}`"),
        }),
    }
}

/// `--out`, or a folder below `runs/suites/`.
fn folder(suite: &Suite, arguments: &RunArguments) -> PathBuf {
    if let Some(out) = &arguments.out {
        return out.clone();
    }
    let name = match arguments.limit {
        Some(limit) => format!("{}-first{limit}", suite.id),
        None => suite.id.clone(),
    };
    Path::new("runs").join("suites").join(name)
}
