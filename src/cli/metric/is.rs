//! `storyeval metric is`.

use super::answer::{Answer, Format, signed};
use super::source::{NetworkArguments, UNSEEN, logits_of, one, size};
use crate::cli::Outcome;
use crate::cli::numbers::count;
use clap::{Args, ValueEnum};
use serde_json::json;
use std::path::PathBuf;
use storyeval::metric::{InceptionScoreOptions, inception_score};
use storyeval::record::Signature;

/// Whose rules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Rule {
    /// Permuted with a seed, even splits, spread with ddof 0
    #[default]
    TorchFidelity,
    /// Chunks in the order of the images, spread with ddof 1
    Torchmetrics,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct IsArguments {
    /// A folder of images, or an .npy file of logits
    #[arg(value_name = "A", required_unless_present = "features")]
    set: Option<PathBuf>,
    /// Logits that were computed elsewhere: an .npy file, [n, classes]
    #[arg(
        long,
        visible_alias = "logits",
        value_name = "A.npy",
        conflicts_with = "set"
    )]
    features: Option<PathBuf>,
    /// Number of splits
    #[arg(long, visible_alias = "isc-splits", default_value_t = 10, value_parser = count)]
    splits: usize,
    /// Seed of numpy's RandomState, which permutes the images [torch-fidelity's rule only]
    #[arg(long, default_value_t = 2020)]
    seed: u32,
    /// Whose rules of splitting
    #[arg(long, value_enum, default_value_t)]
    rule: Rule,
    #[command(flatten)]
    network: NetworkArguments,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Inception Score of logits.
pub(crate) fn is(arguments: &IsArguments) -> Outcome {
    let path = arguments.set.as_ref().or(arguments.features.as_ref());
    // clap asks for one of them.
    let path = path.cloned().unwrap_or_default();
    let preset = match arguments.rule {
        Rule::TorchFidelity => InceptionScoreOptions::TORCH_FIDELITY,
        Rule::Torchmetrics => InceptionScoreOptions::TORCHMETRICS,
    };
    let options = InceptionScoreOptions {
        splits: arguments.splits,
        seed: preset.seed.map(|_| arguments.seed),
        ..preset
    };
    let blank = |n: usize| Answer {
        metric: "is".to_owned(),
        n: Some(n),
        ..Answer::default()
    };
    if path.is_dir()
        && let Some(n) = size(&path)?
        && let Err(reason) = options.fit(n)
    {
        let mut answer = blank(n);
        answer.unscored = Some(reason.to_string());
        return finish(answer, arguments, &options, UNSEEN);
    }
    let logits = logits_of(&path, &arguments.network)?;
    let mut answer = blank(logits.numbers.dim().0);
    answer.warnings.clone_from(&logits.warnings);
    match one!(&logits.numbers, |set| inception_score(&set, &options)) {
        Err(reason) => answer.unscored = Some(reason.to_string()),
        Ok(found) => {
            answer.value = Some(found.mean);
            answer.more.insert("std".to_owned(), json!(found.std));
            answer.more.insert("splits".to_owned(), json!(found.splits));
        }
    }
    finish(answer, arguments, &options, &logits.origin)
}

fn finish(
    mut answer: Answer,
    arguments: &IsArguments,
    options: &InceptionScoreOptions,
    origin: &str,
) -> Outcome {
    let rule = match arguments.rule {
        Rule::TorchFidelity => "torch-fidelity",
        Rule::Torchmetrics => "torchmetrics",
    };
    let seed = options
        .seed
        .map_or("none".to_owned(), |seed| seed.to_string());
    let parts = Signature::of("is")
        .with("input", origin)
        .with("preset", arguments.network.preset.name())
        .with("splits", options.splits)
        .with("rule", rule)
        .with("seed", seed);
    answer.signature = signed(parts, "none", &[answer.n]);
    let fewer = match answer.n {
        Some(n) if n > 0 && n < options.splits => {
            format!("; for these, `--splits {n}` is the most")
        }
        _ => String::new(),
    };
    let hint = format!("give finite logits, and at most as many `--splits` as images{fewer}");
    answer.finish(arguments.format, &hint)
}
