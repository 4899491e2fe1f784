//! CIDEr of captions, alone and with BLEU.

use super::bleu::of_corpus;
use super::captions::Captions;
use super::{Answer, CaptionFiles, Host, IntervalPlan, Item, Measure, MeasureError};
use crate::metric::caption::{CaptionUnscored, Cider, CiderOptions, bleu_and_cider, cider};
use crate::stats::bootstrap_mean;
use serde::Serialize;

/// Asks for CIDEr, in `[0, 10]`, with document frequencies from all references.
#[derive(Clone, Debug)]
pub struct CiderRequest {
    /// The captions.
    pub captions: CaptionFiles,
    /// The penalty for a difference in length.
    pub options: CiderOptions,
    /// How to resample items.
    pub interval: IntervalPlan,
}

impl Measure for CiderRequest {
    fn measure(&self, _: &dyn Host) -> Result<Answer, MeasureError> {
        let sigma = self.options.sigma;
        if !(sigma.is_finite() && sigma > 0.0) {
            return Err(MeasureError::request(
                format!("--sigma {sigma} is not a positive number"),
                "pycocoevalcap's value is 6",
            ));
        }
        let captions = self.captions.read()?;
        let found = captions.corpus().map(|corpus| cider(&corpus, self.options));
        answer(&captions, found, self.options, &self.interval)
    }
}

fn answer(
    captions: &Captions,
    found: Result<Cider, CaptionUnscored>,
    options: CiderOptions,
    plan: &IntervalPlan,
) -> Result<Answer, MeasureError> {
    let (mut answer, groups) = captions.blank("cider", plan, |parts| {
        parts
            .with("variant", "cider-d-pycocoevalcap")
            .with("sigma", options.sigma)
            .with("idf", "references-of-items")
    })?;
    let found = match found {
        Ok(found) => found,
        Err(reason) => return Ok(captions.answer(answer, Err(reason))),
    };
    answer.value = Some(found.value);
    let items = captions.items(|at, id| Item::new(id, found.items[at]));
    answer.items = Some(items);
    if plan.resamples(&groups) {
        let distribution = bootstrap_mean(&found.items, &groups.numbers, plan.resampling);
        answer.interval = distribution.interval(0.95);
    }
    Ok(captions.answer(answer, Ok(found.warnings)))
}

/// Asks for BLEU and CIDEr of the same captions, read and tokenised once.
#[derive(Clone, Debug)]
pub struct CocoevalRequest {
    /// The captions.
    pub captions: CaptionFiles,
    /// How to resample items.
    pub interval: IntervalPlan,
}

/// Both answers, each as its own request gives it.
#[derive(Clone, Debug, Serialize)]
pub struct CocoevalAnswer {
    metric: &'static str,
    /// BLEU.
    pub bleu: Answer,
    /// CIDEr.
    pub cider: Answer,
}

impl CocoevalRequest {
    /// Reads the captions and computes both.
    ///
    /// # Errors
    /// Files that cannot be read or do not go together.
    pub fn measure(&self) -> Result<CocoevalAnswer, MeasureError> {
        let captions = self.captions.read()?;
        let options = CiderOptions::default();
        let found = captions
            .corpus()
            .map(|corpus| bleu_and_cider(&corpus, options));
        let (bleu, cider) = match found {
            Ok((bleu, cider)) => (Ok(bleu), Ok(cider)),
            Err(reason) => (Err(reason.clone()), Err(reason)),
        };
        let (bleu, cider) = rayon::join(
            || of_corpus(&captions, bleu, &self.interval),
            || answer(&captions, cider, options, &self.interval),
        );
        Ok(CocoevalAnswer {
            metric: "cocoeval",
            bleu: bleu?,
            cider: cider?,
        })
    }
}
