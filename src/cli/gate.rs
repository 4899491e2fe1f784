//! `storyeval gate`: fails when scores are not those of a baseline, and writes new baselines.

use super::Outcome;
use super::common::runs;
use super::failure::Failure;
use super::talk::{print, say};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use storyeval::gate::{self, Baseline, GateError, Power, Rules, Status, Subject, Verdict};
use storyeval::run::{RunError, write_durably};
use storyeval::table;

/// Where GitHub takes the summary of a step from.
const STEP_SUMMARY: &str = "GITHUB_STEP_SUMMARY";

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A table
    Md,
    /// Every score with its verdict
    Json,
}

#[derive(Clone, Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct GateArguments {
    #[command(subcommand)]
    command: Option<GateCommand>,
    /// Run folders, one a model
    #[arg(required = true)]
    runs: Vec<PathBuf>,
    /// The baseline, written by `gate update`
    #[arg(long, value_name = "FILE", required = true)]
    baseline: Option<PathBuf>,
    /// How far each score may move [default: as far as chance explains, at 5 % over all of them]
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
    /// Write the verdict as JUnit XML
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Write the verdict as Markdown for a pull request
    #[arg(long, value_name = "FILE")]
    summary: Option<PathBuf>,
    /// On GitHub Actions: annotations, and the summary appended to that of the step
    #[arg(long)]
    github: bool,
    /// Judge only the models that runs are given of
    #[arg(long)]
    only_given: bool,
    /// Refuse (exit 98) where the baseline has too few stories for a headline test to fail
    #[arg(long)]
    require_power: bool,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Md)]
    format: Format,
}

#[derive(Clone, Debug, Subcommand)]
enum GateCommand {
    /// Make runs the new baseline, and print what that changes
    Update(UpdateArguments),
}

#[derive(Clone, Debug, Args)]
struct UpdateArguments {
    /// Run folders, one a model
    #[arg(required = true)]
    runs: Vec<PathBuf>,
    /// The baseline; rules are in a file of their own and stay as they are
    #[arg(long, value_name = "FILE")]
    baseline: PathBuf,
    /// Print what changes, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Take runs that are not whole
    #[arg(long)]
    force: bool,
}

/// Judges runs, or writes a baseline.
pub(crate) fn gate(arguments: &GateArguments) -> Outcome {
    if let Some(GateCommand::Update(arguments)) = &arguments.command {
        return update(arguments);
    }
    let rules = match &arguments.rules {
        Some(path) => Rules::read(path)?,
        None => Rules::default(),
    };
    let path = arguments.baseline.as_deref().unwrap_or(Path::new(""));
    let baseline = Baseline::read(path)?;
    let subjects = subjects(&arguments.runs)?;
    let power = gate::power(&baseline, &rules, &subjects);
    say_power(&power);
    if arguments.require_power {
        powered(&power)?;
    }
    let verdict = gate::judge(&baseline, &rules, &subjects, !arguments.only_given)?;
    // What was found is said before anything that can go wrong while it is written.
    for line in verdict.complaints() {
        say(&line);
    }
    for note in &verdict.notes {
        say(&format!("note: {note}"));
    }
    let written = arguments.write(&verdict);
    print(&match arguments.format {
        Format::Md => gate::document(&verdict).render(table::Format::Markdown)?,
        Format::Json => as_json(&verdict, &power),
    })?;
    written?;
    result(&verdict)
}

impl GateArguments {
    /// Writes the files that were asked for, all of them even if one cannot be written.
    fn write(&self, verdict: &Verdict) -> Outcome {
        let mut written = Ok(());
        let mut keep = |result: Outcome| {
            if let Err(failure) = result
                && written.is_ok()
            {
                written = Err(failure);
            }
        };
        if let Some(path) = &self.junit {
            keep(
                gate::junit(verdict, path)
                    .map_err(Failure::from)
                    .and_then(|bytes| Ok(write_durably(path, &bytes)?)),
            );
        }
        let summary = gate::summary(verdict)?;
        if let Some(path) = &self.summary {
            keep(write_durably(path, summary.as_bytes()).map_err(Failure::from));
        }
        if self.github {
            for line in gate::annotations(verdict) {
                say(&line);
            }
            if let Some(path) = std::env::var_os(STEP_SUMMARY).filter(|path| !path.is_empty()) {
                keep(append(Path::new(&path), &summary));
            }
        }
        written
    }
}

/// Adds to a file that earlier steps may have written to.
fn append(path: &Path, text: &str) -> Outcome {
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|source| RunError::write(path, source).into())
}

/// The exit of the program.
fn result(verdict: &Verdict) -> Outcome {
    let failed = verdict.count(Status::Failed);
    let incomparable = verdict.count(Status::Incomparable);
    if failed == 0 && verdict.judged() == 0 {
        let reason = if incomparable > 0 {
            ": the runs are of other data, stories or another protocol".to_owned()
        } else {
            ": the rules and the runs leave none".to_owned()
        };
        return Err(GateError::Incomparable { reason }.into());
    }
    if verdict.passes() {
        return Ok(());
    }
    Err(GateError::Failed {
        failed: failed + incomparable,
        judged: verdict.judged() + incomparable,
    }
    .into())
}

fn as_json(verdict: &Verdict, power: &[Power]) -> String {
    let scores: Vec<_> = verdict
        .outcomes
        .iter()
        .map(|it| {
            json!({
                "model": it.model,
                "metric": it.metric,
                "slice": it.slice,
                "status": it.status.name(),
                "baseline": it.baseline,
                "value": it.value,
                "difference": it.difference(),
                "allowed": it.window,
                "p": it.p,
                "p_adjusted": it.p_adjusted,
                "family": it.family,
                "test": it.test,
                "reasons": it.reasons.iter().map(|reason| json!({
                    "kind": reason.kind(),
                    "text": reason.to_string(),
                })).collect::<Vec<_>>(),
            })
        })
        .collect();
    let power: Vec<_> = power
        .iter()
        .map(|it| {
            json!({
                "model": it.model,
                "metric": it.metric,
                "stories": it.stories,
                "tests": it.tests,
                "least": it.least,
                "could_fail": it.could_fail,
            })
        })
        .collect();
    let document = json!({
        "passes": verdict.passes(),
        "judged": verdict.judged(),
        "failed": verdict.count(Status::Failed),
        "held": verdict.count(Status::Held),
        "incomparable": verdict.count(Status::Incomparable),
        "new": verdict.count(Status::New),
        "ignored": verdict.count(Status::Ignored),
        "alpha": verdict.alpha,
        "notes": verdict.notes,
        "power": power,
        "scores": scores,
    });
    format!("{document:#}\n")
}

/// Says what so many stories can show, a line per model, and which tests could not fail.
fn say_power(power: &[Power]) {
    for of_model in power.chunk_by(|a, b| a.model == b.model) {
        let (first, words) = (&of_model[0], of_model.iter().map(Power::words));
        say(&format!(
            "note: {}: of {} stories, a test could fail from about these differences on: {} (the first of {} headline tests, Holm)",
            first.model,
            first.stories,
            words.collect::<Vec<_>>().join(", "),
            first.tests
        ));
    }
    let scores = powerless(power);
    if !scores.is_empty() {
        say(&format!(
            "warning: too few stories: no difference of {scores} could fail by chance's test"
        ));
    }
}

fn powerless(power: &[Power]) -> String {
    let without = power.iter().filter(|it| !it.could_fail);
    let names: Vec<String> = without
        .map(|it| format!("{} {}", it.model, it.metric))
        .collect();
    names.join(", ")
}

fn powered(power: &[Power]) -> Outcome {
    let scores = powerless(power);
    if scores.is_empty() {
        return Ok(());
    }
    Err(GateError::Powerless { scores }.into())
}

/// Writes a new baseline.
fn update(arguments: &UpdateArguments) -> Outcome {
    let path = &arguments.baseline;
    let old = match Baseline::read(path) {
        Ok(old) => Some(old),
        Err(GateError::Read { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
            None
        }
        // A file that is no baseline is the user's, and not to be replaced unasked.
        Err(error) if !arguments.force => return Err(error.into()),
        Err(error) => {
            say(&format!("warning: {error}; it is replaced"));
            None
        }
    };
    let mut subjects = subjects(&arguments.runs)?;
    for subject in &mut subjects {
        subject.missing = gate::missing(&subject.folder)?;
    }
    let update = gate::update(old.as_ref(), &subjects, arguments.force)?;
    let mut lines: Vec<String> = update.changes.iter().map(ToString::to_string).collect();
    if update.unchanged > 0 {
        lines.push(format!("{} scores stay as they are", update.unchanged));
    }
    print(&format!("{}\n", lines.join("\n")))?;
    if arguments.dry_run {
        say(&format!("{} is not written (--dry-run)", path.display()));
        return Ok(());
    }
    update.baseline.write(path)?;
    say(&format!("baseline: {}", path.display()));
    Ok(())
}

/// Reads the runs, and says what a judgement of them lacks.
fn subjects(folders: &[PathBuf]) -> Result<Vec<Subject>, Failure> {
    let mut subjects = Vec::new();
    for run in runs(folders)? {
        let subject = Subject::read(&run)?;
        for note in &subject.notes {
            say(&format!("note: {note}"));
        }
        subjects.push(subject);
    }
    Ok(subjects)
}
