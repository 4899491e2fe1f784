//! BLEU-1 to BLEU-4 of captions.

use super::captions::Captions;
use super::interval::Groups;
use super::{Answer, CaptionFiles, Host, IntervalPlan, Item, Measure, MeasureError};
use crate::metric::caption::{
    Bleu, BleuCounts, BleuMode, CaptionUnscored, ORDERS, bleu, released_bleu,
};
use crate::stats::{bootstrap, percentile};
use serde_json::{Map, Value, json};

/// Asks for BLEU; the value is BLEU-4, in `[0, 1]`. Papers print 100 times it.
#[derive(Clone, Debug)]
pub struct BleuRequest {
    /// The captions.
    pub captions: CaptionFiles,
    /// How it is put together.
    pub mode: BleuMode,
    /// How to resample items.
    pub interval: IntervalPlan,
}

impl BleuRequest {
    /// As pycocoevalcap has it.
    #[must_use]
    pub fn new(captions: CaptionFiles) -> Self {
        Self {
            captions,
            mode: BleuMode::default(),
            interval: IntervalPlan::default(),
        }
    }
}

impl Measure for BleuRequest {
    fn measure(&self, _: &dyn Host) -> Result<Answer, MeasureError> {
        let captions = self.captions.read()?;
        match self.mode {
            BleuMode::Corpus => {
                let found = captions.corpus().map(|corpus| bleu(&corpus));
                of_corpus(&captions, found, &self.interval)
            }
            BleuMode::StorygptvReleased => released(&captions, &self.interval),
        }
    }
}

/// BLEU with counts summed over the corpus.
pub(super) fn of_corpus(
    captions: &Captions,
    found: Result<Bleu, CaptionUnscored>,
    plan: &IntervalPlan,
) -> Result<Answer, MeasureError> {
    let (mut answer, groups) = blank(captions, BleuMode::Corpus, plan)?;
    let found = match found {
        Ok(found) => found,
        Err(reason) => return Ok(captions.answer(answer, Err(reason))),
    };
    // Counts of whole groups: a resample is then a sum over groups.
    let mut sums = vec![BleuCounts::default(); groups.count];
    for (item, group) in found.items.iter().zip(&groups.numbers) {
        sums[*group].add(item, 1);
    }
    let item = |at: usize| found.items[at].scores();
    fill(&mut answer, found.value, item, captions);
    intervals(&mut answer, plan, &groups, |multiplicities| {
        let mut counts = BleuCounts::default();
        for (group, times) in sums.iter().zip(multiplicities) {
            counts.add(group, *times);
        }
        counts.scores()
    });
    let counts = &found.counts;
    answer.detail(
        "counts",
        json!({
            "testlen": counts.hypothesis,
            "reflen": counts.reference,
            "guess": counts.guess,
            "correct": counts.correct,
        }),
    );
    Ok(captions.answer(answer, Ok(found.warnings)))
}

/// BLEU as StoryGPT-V's released script prints it.
fn released(captions: &Captions, plan: &IntervalPlan) -> Result<Answer, MeasureError> {
    let (mut answer, groups) = blank(captions, BleuMode::StorygptvReleased, plan)?;
    let found = match released_bleu(&captions.pairs(), captions.tokeniser) {
        Ok(found) => found,
        Err(reason) => return Ok(captions.answer(answer, Err(reason))),
    };
    fill(&mut answer, found.value, |at| found.items[at], captions);
    // Sums of whole groups, whose items are added in the order of their values.
    let mut sums = vec![([0.0; ORDERS], 0_u64); groups.count];
    for order in 0..ORDERS {
        let items = found.items.iter().zip(&groups.numbers);
        let mut items: Vec<(f64, usize)> =
            items.map(|(item, group)| (item[order], *group)).collect();
        items.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        for (value, group) in items {
            sums[group].0[order] += value;
        }
    }
    for group in &groups.numbers {
        sums[*group].1 += 1;
    }
    intervals(&mut answer, plan, &groups, |multiplicities| {
        let drawn = || sums.iter().zip(multiplicities);
        let n: u64 = drawn().map(|((_, n), times)| n * u64::from(*times)).sum();
        std::array::from_fn(|order| {
            let each = drawn().map(|((sum, _), times)| sum[order] * f64::from(*times));
            each.sum::<f64>() / n as f64
        })
    });
    Ok(captions.answer(answer, Ok(Vec::new())))
}

/// An answer without values yet, and the groups of its interval.
fn blank(
    captions: &Captions,
    mode: BleuMode,
    plan: &IntervalPlan,
) -> Result<(Answer, Groups), MeasureError> {
    captions.blank("bleu", plan, |parts| {
        parts
            .with("mode", mode.name())
            .with("reference-length", "closest")
            .with("smoothing", "pycocoevalcap")
    })
}

/// `bleu1` to `bleu4` of something.
fn named(values: [impl Into<Value>; ORDERS]) -> Map<String, Value> {
    let named = (1..).zip(values);
    named
        .map(|(n, value)| (format!("bleu{n}"), value.into()))
        .collect()
}

/// The value, and `bleu1` to `bleu4` of the corpus and of every item.
fn fill(
    answer: &mut Answer,
    value: [f64; ORDERS],
    item: impl Fn(usize) -> [f64; ORDERS] + Sync,
    captions: &Captions,
) {
    answer.value = Some(value[ORDERS - 1]);
    answer.details.extend(named(value));
    let items = captions.items(|at, id| {
        let scores = item(at);
        Item {
            id,
            details: named(scores),
            value: scores[ORDERS - 1],
        }
    });
    answer.items = Some(items);
}

/// 95 % intervals of all four.
fn intervals(
    answer: &mut Answer,
    plan: &IntervalPlan,
    groups: &Groups,
    scores: impl Fn(&[u32]) -> [f64; ORDERS],
) {
    if !plan.resamples(groups) {
        return;
    }
    let mut each: [Vec<f64>; ORDERS] = std::array::from_fn(|_| Vec::new());
    let distribution = bootstrap(groups.count, plan.resampling, |multiplicities| {
        let scores = scores(multiplicities);
        for (values, score) in each.iter_mut().zip(scores) {
            values.push(score);
        }
        Some(scores[ORDERS - 1])
    });
    answer.interval = distribution.interval(0.95);
    let ends = each.map(|mut values| {
        values.sort_by(f64::total_cmp);
        json!([2.5, 97.5].map(|q| percentile(&values, q)))
    });
    answer.detail("intervals", named(ends));
}
