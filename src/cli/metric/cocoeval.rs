//! `storyeval metric cocoeval`: BLEU and CIDEr of the same captions, read and tokenised once.

use super::answer::{Answer, Format};
use super::captions::{CAPTIONS_HINT, CaptionArguments};
use super::interval::IntervalArguments;
use super::{bleu, cider};
use crate::cli::Outcome;
use crate::cli::talk::print_json;
use clap::Args;
use serde::Serialize;
use storyeval::metric::caption::{CiderOptions, bleu_and_cider};

#[derive(Clone, Debug, Args)]
pub(crate) struct CocoevalArguments {
    #[command(flatten)]
    captions: CaptionArguments,
    #[command(flatten)]
    interval: IntervalArguments,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// What is printed as JSON.
#[derive(Serialize)]
struct Both<'a> {
    metric: &'static str,
    bleu: &'a Answer,
    cider: &'a Answer,
}

/// Both, each with the answer that its own command gives.
pub(crate) fn cocoeval(arguments: &CocoevalArguments) -> Outcome {
    let captions = arguments.captions.read()?;
    let options = CiderOptions::default();
    let found = captions.corpus().map(|it| bleu_and_cider(&it, options));
    let (bleu, cider) = match found {
        Ok((bleu, cider)) => (Ok(bleu), Ok(cider)),
        Err(reason) => (Err(reason.clone()), Err(reason)),
    };
    let interval = &arguments.interval;
    let (bleu, cider) = rayon::join(
        || bleu::answer(&captions, bleu, interval),
        || cider::answer(&captions, cider, options, interval),
    );
    let (bleu, cider) = (bleu?, cider?);
    match arguments.format {
        Format::Json => {
            let both = Both {
                metric: "cocoeval",
                bleu: &bleu,
                cider: &cider,
            };
            print_json(&both)?;
        }
        Format::Text => {
            bleu.print(Format::Text)?;
            // The warnings of the reading are the same; they were said.
            cider.without(&bleu.warnings).print(Format::Text)?;
        }
    }
    bleu.scored(CAPTIONS_HINT)
}
