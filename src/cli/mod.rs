//! The command line: one file per verb. Composes the library's rooms; computes nothing itself.
//!
//! Data go to stdout, talk goes to stderr. Errors say what failed and end with a hint.

mod card;
mod columns;
mod common;
mod compare;
mod completions;
mod data;
mod dataset;
mod doctor;
mod examples;
mod exit;
mod export;
mod failure;
mod format;
mod gate;
#[cfg(unix)]
mod interrupt;
#[cfg(not(unix))]
#[path = "interrupt_by_default.rs"]
mod interrupt;
mod latents;
mod list;
mod metric;
mod model;
mod numbers;
mod observe;
mod paper;
mod protocol;
mod references;
mod run;
mod score;
mod score_images;
mod show;
mod spending;
mod suite;
mod table;
mod talk;

use clap::error::{ContextKind, ContextValue};
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use failure::Failure;
use std::io::ErrorKind;
use std::process::ExitCode;

/// Evaluate story visualisation: every number with its protocol and its uncertainty.
#[derive(Debug, Parser)]
#[command(
    name = "storyeval",
    version,
    propagate_version = true,
    arg_required_else_help = true
)]
#[command(
    after_help = "Exit codes: 0 done, 1 bug, 2 usage, 4 nothing selected, 5 partial, 96 set-up, \
97 data failed verification, 98 incomparable, 100 gate failed, 110 output could not be written."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Print errors and warnings only
    #[arg(long, short, global = true, conflicts_with = "verbose")]
    quiet: bool,
    /// Print every batch, and where things are read from
    #[arg(long, short, global = true)]
    verbose: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Generate, observe and score a test split, and print a table
    Run {
        #[command(flatten)]
        arguments: run::RunArguments,
        #[command(flatten)]
        signatures: format::SignatureArguments,
    },
    /// Draw the frames of a run, and stop there
    Generate(run::RunArguments),
    /// Observe the frames of a run with the evaluators
    Observe(observe::ObserveArguments),
    /// Compute the scores of a run from its observations, or of images that another program drew
    Score(Box<score::ScoreArguments>),
    /// Show runs side by side in a table
    Table(table::TableArguments),
    /// Compare runs story by story: differences, tests, and what could have been found
    Compare(compare::CompareArguments),
    /// How pronouns are resolved, by pronoun, distance and candidates, and what they cost
    References(references::ReferenceArguments),
    /// Fail when scores are not those of a baseline, within what rules allow
    Gate(gate::GateArguments),
    /// Print a published table, and compare runs with it
    Paper(paper::PaperArguments),
    /// Compute one metric on files, without a run
    #[command(subcommand)]
    Metric(metric::MetricCommand),
    /// Show, compare and apply protocols
    #[command(subcommand)]
    Protocol(protocol::ProtocolCommand),
    /// Draw, inspect and rewrite data sets
    #[command(subcommand)]
    Dataset(dataset::DatasetCommand),
    /// Fetch, make and check the bundles of networks
    #[command(subcommand)]
    Model(model::ModelCommand),
    /// Everything about a run: what it is, coverage, timing, scores
    Show(show::ShowArguments),
    /// In what two runs differ, and which of their scores are comparable
    Diff(show::DiffArguments),
    /// Write what is in runs as one long table, for notebooks and spreadsheets
    Export(export::ExportArguments),
    /// List data sets, models, weights, protocols, suites or runs
    Ls(list::ListArguments),
    /// Say what is in place: ONNX Runtime, device, cache, bundles
    Doctor(doctor::DoctorArguments),
    /// Print a completion script for a shell, or a manual page
    Completions(completions::CompletionsArguments),
}

/// Runs the program.
pub(crate) fn main() -> ExitCode {
    let command = examples::added(without_empty_variables(Cli::command()));
    let matches = command.clone().try_get_matches();
    let matches = matches.unwrap_or_else(|error| named_variable(&command, error).exit());
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    talk::set_level(cli.quiet, cli.verbose);
    match verb(&cli.command, &matches) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads has seen enough, as `| head` does: quiet, and the code of other programs.
        Err(Failure::Stdout(error)) if is_closed_pipe(&error) => ExitCode::from(141),
        Err(failure) => {
            talk::failure(&failure);
            ExitCode::from(exit::ExitCode::from(failure.fault_kind()) as u8)
        }
    }
}

/// Writers of tables wrap the error of the pipe.
fn is_closed_pipe(error: &std::io::Error) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        let io = error.downcast_ref::<std::io::Error>();
        if io.is_some_and(|io| io.kind() == ErrorKind::BrokenPipe) {
            return true;
        }
        // `source` of a wrapping `io::Error` is that of what it wraps.
        cause = match io.and_then(std::io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    false
}

/// An empty environment variable is one that is not set.
fn without_empty_variables(command: clap::Command) -> clap::Command {
    let command = command.mut_args(|argument| {
        let empty = argument
            .get_env()
            .is_some_and(|name| std::env::var_os(name).is_some_and(|value| value.is_empty()));
        if empty {
            argument.env(None::<&'static str>)
        } else {
            argument
        }
    });
    command.mut_subcommands(without_empty_variables)
}

/// A value that is wrong in an environment variable is said to be there; clap names the option alone.
fn named_variable(command: &clap::Command, mut error: clap::Error) -> clap::Error {
    let (Some(ContextValue::String(option)), Some(ContextValue::String(value))) = (
        error.get(ContextKind::InvalidArg).cloned(),
        error.get(ContextKind::InvalidValue).cloned(),
    ) else {
        return error;
    };
    let Some(argument) = argument_of(command, &option) else {
        return error;
    };
    let variable = argument
        .get_env()
        .map(|name| name.to_string_lossy().into_owned());
    let variable = variable.filter(|name| std::env::var(name).is_ok_and(|set| set == value));
    if let Some(name) = variable {
        let takes = if argument.get_action().takes_values() {
            "what the option takes"
        } else {
            "true, false, 1 or 0"
        };
        let tip = format!(
            "the value is that of the environment variable {name}: unset it, or set it to {takes}"
        );
        error.insert(
            ContextKind::Suggested,
            ContextValue::StyledStrs(vec![tip.into()]),
        );
    }
    error
}

/// The option, as errors write it (`--threads <N>`), of a command or one below it.
fn argument_of<'a>(command: &'a clap::Command, option: &str) -> Option<&'a clap::Arg> {
    let long = option.strip_prefix("--")?.split([' ', '=']).next()?;
    let own = command
        .get_arguments()
        .find(|it| it.get_long() == Some(long));
    own.or_else(|| {
        command
            .get_subcommands()
            .find_map(|below| argument_of(below, option))
    })
}

fn verb(command: &Command, matches: &clap::ArgMatches) -> Outcome {
    match command {
        Command::Run {
            arguments,
            signatures,
        } => run::run(arguments, *signatures),
        Command::Generate(arguments) => run::generate(arguments),
        Command::Observe(arguments) => observe::observe(arguments),
        Command::Score(arguments) => score::score(
            arguments,
            &score::typed(matches.subcommand_matches("score")),
        ),
        Command::Table(arguments) => table::table(arguments),
        Command::Compare(arguments) => compare::compare(arguments),
        Command::References(arguments) => references::references(arguments),
        Command::Gate(arguments) => gate::gate(arguments),
        Command::Paper(arguments) => paper::paper(arguments),
        Command::Metric(command) => metric::metric(command),
        Command::Protocol(command) => protocol::protocol(command),
        Command::Dataset(command) => dataset::dataset(command),
        Command::Model(command) => model::model(command),
        Command::Show(arguments) => show::show(arguments),
        Command::Diff(arguments) => show::diff(arguments),
        Command::Export(arguments) => export::export(arguments),
        Command::Ls(arguments) => list::list(arguments),
        Command::Doctor(arguments) => doctor::doctor(arguments),
        Command::Completions(arguments) => completions::completions(arguments),
    }
}

/// What a verb returns.
type Outcome = Result<(), Failure>;
