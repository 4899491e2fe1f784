//! `storyeval metric bleu`.

use super::answer::{Answer, Format, signed};
use super::captions::{CAPTIONS_HINT, CaptionArguments, Captions, Groups};
use super::interval::IntervalArguments;
use crate::cli::Outcome;
use crate::cli::failure::Failure;
use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};
use storyeval::metric::caption::{
    Bleu, BleuCounts, BleuMode, CaptionUnscored, ORDERS, bleu as compute, released_bleu,
};
use storyeval::stats::bootstrap;

/// How BLEU is put together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Mode {
    /// Counts summed over the corpus, all references: pycocoevalcap's corpus value
    #[default]
    Corpus,
    /// What StoryGPT-V's released script prints: sides swapped, first reference only, BLEU-1..n
    /// averaged, one value per image; give `--tokeniser whitespace` with it
    StorygptvReleased,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct BleuArguments {
    #[command(flatten)]
    captions: CaptionArguments,
    /// How BLEU is put together
    #[arg(long, value_enum, default_value_t)]
    mode: Mode,
    #[command(flatten)]
    interval: IntervalArguments,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// BLEU-1 to BLEU-4 of captions; `value` is BLEU-4. In `[0, 1]`; papers print 100 times it.
pub(crate) fn bleu(arguments: &BleuArguments) -> Outcome {
    let captions = arguments.captions.read()?;
    let interval = &arguments.interval;
    let answer = match arguments.mode {
        Mode::Corpus => answer(
            &captions,
            captions.corpus().map(|it| compute(&it)),
            interval,
        )?,
        Mode::StorygptvReleased => released(&captions, interval)?,
    };
    answer.finish(arguments.format, CAPTIONS_HINT)
}

/// BLEU with counts summed over the corpus.
pub(super) fn answer(
    captions: &Captions,
    found: Result<Bleu, CaptionUnscored>,
    interval: &IntervalArguments,
) -> Result<Answer, Failure> {
    let (mut answer, groups) = start(captions, BleuMode::Corpus, interval)?;
    let found = match found {
        Ok(found) => found,
        Err(reason) => return Ok(captions.unscored(answer, &reason)),
    };
    // Counts of whole groups: a resample is then a sum over groups.
    let mut sums = vec![BleuCounts::default(); groups.count];
    for (item, group) in found.items.iter().zip(&groups.numbers) {
        sums[*group].add(item, 1);
    }
    fill(
        &mut answer,
        found.value,
        |at| found.items[at].scores(),
        captions,
    );
    intervals(&mut answer, interval, groups.count, |multiplicities| {
        let mut counts = BleuCounts::default();
        for (group, times) in sums.iter().zip(multiplicities) {
            counts.add(group, *times);
        }
        counts.scores()
    });
    let counts = &found.counts;
    answer.more.insert(
        "counts".to_owned(),
        json!({
            "testlen": counts.hypothesis,
            "reflen": counts.reference,
            "guess": counts.guess,
            "correct": counts.correct,
        }),
    );
    answer.warnings = captions.warnings(&found.warnings);
    Ok(answer)
}

/// An answer without values yet, and the clusters of its interval.
fn start(
    captions: &Captions,
    mode: BleuMode,
    interval: &IntervalArguments,
) -> Result<(Answer, Groups), Failure> {
    let groups = captions.groups(interval.groups.as_deref())?;
    let n = captions.set.items.len();
    let parts = captions
        .signature("bleu")
        .with("mode", mode.name())
        .with("reference-length", "closest")
        .with("smoothing", "pycocoevalcap");
    let ci = groups.interval(interval.resamples, interval.seed);
    let signature = signed(parts, ci.as_deref().unwrap_or("none"), &[Some(n)]);
    let answer = Answer {
        metric: "bleu".to_owned(),
        n: Some(n),
        signature,
        ..Answer::default()
    };
    Ok((answer, groups))
}

/// BLEU as StoryGPT-V's released script prints it.
fn released(captions: &Captions, interval: &IntervalArguments) -> Result<Answer, Failure> {
    let (mut answer, groups) = start(captions, BleuMode::StorygptvReleased, interval)?;
    let found = match released_bleu(&captions.pairs(), captions.tokeniser) {
        Ok(found) => found,
        Err(reason) => return Ok(captions.unscored(answer, &reason)),
    };
    fill(&mut answer, found.value, |at| found.items[at], captions);
    // Sums of whole groups, whose items are added in the order of their values.
    let mut sums = vec![([0.0; ORDERS], 0_u64); groups.count];
    for order in 0..ORDERS {
        let mut items: Vec<(f64, usize)> = found
            .items
            .iter()
            .zip(&groups.numbers)
            .map(|(item, group)| (item[order], *group))
            .collect();
        items.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        for (value, group) in items {
            sums[group].0[order] += value;
        }
    }
    for group in &groups.numbers {
        sums[*group].1 += 1;
    }
    intervals(&mut answer, interval, groups.count, |multiplicities| {
        let drawn: u64 = sums
            .iter()
            .zip(multiplicities)
            .map(|((_, n), times)| n * u64::from(*times))
            .sum();
        std::array::from_fn(|order| {
            let sum: f64 = sums
                .iter()
                .zip(multiplicities)
                .map(|((sum, _), times)| sum[order] * f64::from(*times))
                .sum();
            sum / drawn as f64
        })
    });
    answer.warnings = captions.warnings(&[]);
    Ok(answer)
}

/// `value`, `bleu1`..`bleu4` of the corpus and of every item.
fn fill(
    answer: &mut Answer,
    value: [f64; ORDERS],
    item: impl Fn(usize) -> [f64; ORDERS] + Sync,
    captions: &Captions,
) {
    let all = |scores: [f64; ORDERS], map: &mut Map<String, Value>| {
        for (n, score) in (1..).zip(scores) {
            map.insert(format!("bleu{n}"), json!(score));
        }
    };
    answer.value = Some(value[ORDERS - 1]);
    all(value, &mut answer.more);
    answer.items = Some(captions.entries(|at, entry| {
        let scores = item(at);
        all(scores, entry);
        entry.insert("value".to_owned(), json!(scores[ORDERS - 1]));
    }));
}

/// 95 % intervals of all four.
fn intervals(
    answer: &mut Answer,
    interval: &IntervalArguments,
    groups: usize,
    scores: impl Fn(&[u32]) -> [f64; ORDERS],
) {
    let plan = interval.plan();
    if plan.resamples == 0 || groups < 2 {
        return;
    }
    let mut others: [Vec<f64>; ORDERS] = std::array::from_fn(|_| Vec::new());
    let distribution = bootstrap(groups, plan, |multiplicities| {
        let scores = scores(multiplicities);
        for (values, score) in others.iter_mut().zip(scores) {
            values.push(score);
        }
        Some(scores[ORDERS - 1])
    });
    answer.interval = distribution.interval(0.95);
    let mut all = Map::new();
    for (n, values) in (1..).zip(&mut others) {
        values.sort_by(f64::total_cmp);
        let ends = [2.5, 97.5].map(|q| storyeval::stats::percentile(values, q));
        all.insert(format!("bleu{n}"), json!(ends));
    }
    answer
        .more
        .insert("intervals".to_owned(), Value::Object(all));
}
