//! `storyeval metric cider`.

use super::answer::{Answer, Format};
use super::captions::CaptionArguments;
use super::interval::IntervalArguments;
use crate::cli::Outcome;
use crate::cli::failure::Failure;
use clap::Args;
use serde_json::json;
use storyeval::metric::caption::{CiderOptions, Corpus, cider as compute};
use storyeval::stats::bootstrap_mean;

#[derive(Clone, Debug, Args)]
pub(crate) struct CiderArguments {
    #[command(flatten)]
    captions: CaptionArguments,
    /// Standard deviation of the penalty for a difference in length
    #[arg(long, default_value_t = CiderOptions::default().sigma)]
    sigma: f64,
    #[command(flatten)]
    interval: IntervalArguments,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// CIDEr of captions, in `[0, 10]`.
pub(crate) fn cider(arguments: &CiderArguments) -> Outcome {
    if !(arguments.sigma.is_finite() && arguments.sigma > 0.0) {
        return Err(Failure::Arguments {
            what: format!("--sigma {} is not a positive number", arguments.sigma),
            hint: "pycocoevalcap's value is 6".to_owned(),
        });
    }
    let captions = arguments.captions.read()?;
    let groups = captions.groups(arguments.interval.groups.as_deref())?;
    let (resamples, seed) = (arguments.interval.resamples, arguments.interval.seed);
    let interval = groups.interval(resamples, seed);
    let mut answer = Answer {
        metric: "cider".to_owned(),
        n: captions.set.items.len(),
        ..Answer::default()
    };
    answer.signature = format!(
        "cider|{}|variant:cider-d-pycocoevalcap|sigma:{}|idf:references-of-items|ci:{}|n:{}|v:1",
        captions.signature(),
        arguments.sigma,
        interval.as_deref().unwrap_or("none"),
        answer.n,
    );
    match Corpus::from_captions(&captions.pairs(), captions.tokeniser) {
        Err(reason) => {
            answer.unscored = Some(reason.to_string());
            answer.warnings = captions.warnings(&[]);
        }
        Ok(corpus) => {
            let found = compute(
                &corpus,
                CiderOptions {
                    sigma: arguments.sigma,
                },
            );
            answer.value = Some(found.value);
            answer.items = Some(captions.entries(|at| json!({ "value": found.items[at] })));
            if interval.is_some() {
                let plan = arguments.interval.plan();
                let distribution = bootstrap_mean(&found.items, &groups.numbers, plan);
                answer.interval = distribution.interval(0.95);
            }
            answer.warnings = captions.warnings(&found.warnings);
        }
    }
    answer.finish(
        arguments.format,
        "give at least one hypothesis and a reference for each",
    )
}
