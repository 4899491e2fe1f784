//! `storyeval metric`: one metric on files of any program, without a run. One file a metric.

mod answer;
mod tokenize;

use super::Outcome;
use clap::Subcommand;

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum MetricCommand {
    /// PTB tokens of captions on stdin, a line each, after the COCO punctuation filter
    Tokenize,
}

/// Computes and prints.
pub(crate) fn metric(command: &MetricCommand) -> Outcome {
    match command {
        MetricCommand::Tokenize => tokenize::tokenize(),
    }
}
