//! `storyeval metric cider`.

use super::answer::{Answer, Format, signed};
use super::captions::{CAPTIONS_HINT, CaptionArguments, Captions};
use super::interval::IntervalArguments;
use crate::cli::Outcome;
use crate::cli::failure::Failure;
use clap::Args;
use serde_json::json;
use storyeval::metric::caption::{CaptionUnscored, Cider, CiderOptions, cider as compute};
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
    let options = CiderOptions {
        sigma: arguments.sigma,
    };
    let found = captions.corpus().map(|it| compute(&it, options));
    answer(&captions, found, options, &arguments.interval)?.finish(arguments.format, CAPTIONS_HINT)
}

/// CIDEr with document frequencies from all references.
pub(super) fn answer(
    captions: &Captions,
    found: Result<Cider, CaptionUnscored>,
    options: CiderOptions,
    interval: &IntervalArguments,
) -> Result<Answer, Failure> {
    let groups = captions.groups(interval.groups.as_deref())?;
    let resampled = groups.interval(interval.resamples, interval.seed);
    let n = captions.set.items.len();
    let mut answer = Answer {
        metric: "cider".to_owned(),
        n: Some(n),
        signature: signed(
            captions
                .signature("cider")
                .with("variant", "cider-d-pycocoevalcap")
                .with("sigma", options.sigma)
                .with("idf", "references-of-items"),
            resampled.as_deref().unwrap_or("none"),
            &[Some(n)],
        ),
        ..Answer::default()
    };
    let found = match found {
        Ok(found) => found,
        Err(reason) => return Ok(captions.unscored(answer, &reason)),
    };
    answer.value = Some(found.value);
    answer.items = Some(captions.entries(|at, entry| {
        entry.insert("value".to_owned(), json!(found.items[at]));
    }));
    if resampled.is_some() {
        let distribution = bootstrap_mean(&found.items, &groups.numbers, interval.plan());
        answer.interval = distribution.interval(0.95);
    }
    answer.warnings = captions.warnings(&found.warnings);
    Ok(answer)
}
