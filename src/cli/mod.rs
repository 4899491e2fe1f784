//! The command line: one file per verb. Composes the library's rooms; computes nothing itself.
//!
//! Data go to stdout, talk goes to stderr. Errors say what failed and end with a hint.

mod common;
mod compare;
mod completions;
mod data;
mod dataset;
mod doctor;
mod exit;
mod export;
mod failure;
mod format;
mod gate;
mod latents;
mod list;
mod metric;
mod model_import;
mod models;
mod numbers;
mod observe;
mod paper;
mod protocol;
mod run;
mod score;
mod score_images;
mod show;
mod suite;
mod table;
mod talk;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use failure::Failure;
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
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Generate, observe and score a test split, and print a table
    Run(run::RunArguments),
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
    /// Make and check model bundles
    #[command(subcommand)]
    Model(models::ModelCommand),
    /// Everything about a run: what it is, coverage, timing, scores
    Show(show::ShowArguments),
    /// In what two runs differ, and which of their scores are comparable
    Diff(show::DiffArguments),
    /// Write what is in runs as one long table, for notebooks and spreadsheets
    Export(export::ExportArguments),
    /// List data sets, models, protocols, suites or runs
    Ls(list::ListArguments),
    /// Say what is in place: ONNX Runtime, device, cache, bundles
    Doctor(doctor::DoctorArguments),
    /// Print a completion script for a shell, or a manual page
    Completions(completions::CompletionsArguments),
}

/// Runs the program.
pub(crate) fn main() -> ExitCode {
    let matches = Cli::command().get_matches();
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let result = match &cli.command {
        Command::Run(arguments) => run::run(arguments),
        Command::Generate(arguments) => run::generate(arguments),
        Command::Observe(arguments) => observe::observe(arguments),
        Command::Score(arguments) => score::score(
            arguments,
            &score::typed(matches.subcommand_matches("score")),
        ),
        Command::Table(arguments) => table::table(arguments),
        Command::Compare(arguments) => compare::compare(arguments),
        Command::Gate(arguments) => gate::gate(arguments),
        Command::Paper(arguments) => paper::paper(arguments),
        Command::Metric(command) => metric::metric(command),
        Command::Protocol(command) => protocol::protocol(command),
        Command::Dataset(command) => dataset::dataset(command),
        Command::Model(command) => models::model(command),
        Command::Show(arguments) => show::show(arguments),
        Command::Diff(arguments) => show::diff(arguments),
        Command::Export(arguments) => export::export(arguments),
        Command::Ls(arguments) => list::list(arguments),
        Command::Doctor(arguments) => doctor::doctor(arguments),
        Command::Completions(arguments) => completions::completions(arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            talk::failure(&failure);
            ExitCode::from(exit::ExitCode::from(failure.fault_kind()) as u8)
        }
    }
}

/// What a verb returns.
type Outcome = Result<(), Failure>;
