//! BLEU and CIDEr of what a captioner writes of generated frames, against what it writes of real ones.

use super::chosen::{Chosen, Clusters};
use super::draft::{Draft, Metric};
use super::parts::{Reduced, StorySums};
use crate::card::{BleuRule, CaptionRule, Words};
use crate::metric::caption::{
    BLEU_SUMS, BleuCounts, CaptionUnscored, CiderOptions, Corpus, ORDERS, Tokeniser, bleu,
    bleu_of_sums, cider, released_bleu,
};
use crate::record::{Role, Unit};
use crate::stats::{ClusterSums, Range};

/// What this file computes.
pub(super) const METRICS: [&str; ORDERS + 1] = ["bleu1", "bleu2", "bleu3", "bleu4", "cider"];
const BLEU: [&str; ORDERS] = ["bleu1", "bleu2", "bleu3", "bleu4"];

/// The captions of the scored frames.
struct Captions {
    /// The generated frame's caption and the real frame's captions.
    items: Vec<(String, Vec<String>)>,
    /// Story of each item, and how many there are in the plan.
    stories: Vec<usize>,
    planned: usize,
    /// Stories with an item.
    count: usize,
}

impl Captions {
    /// Means of a number an item.
    fn mean(&self, items: &[f64]) -> StorySums {
        let mut sums = ClusterSums::new(self.planned, 2);
        for (story, item) in self.stories.iter().zip(items) {
            sums.add(*story, &[*item, 1.0]);
        }
        StorySums::of_mean(sums)
    }

    /// Corpus BLEU of an order, of counts an item.
    fn bleu(&self, items: &[BleuCounts], order: usize) -> StorySums {
        let mut sums = ClusterSums::new(self.planned, BLEU_SUMS + 1);
        for (story, item) in self.stories.iter().zip(items) {
            let mut terms = item.sums().to_vec();
            terms.push(1.0);
            sums.add(*story, &terms);
        }
        StorySums::new(sums, move |sums| {
            let (items, counts) = sums.split_last()?;
            (*items > 0.0).then(|| bleu_of_sums(counts).map(|scores| scores[order]))?
        })
    }
}

/// BLEU-1 to BLEU-4 and CIDEr over all scored frames.
pub(super) fn scores(chosen: &Chosen<'_>, rule: &CaptionRule) -> Vec<Reduced> {
    let captions = collect(chosen, rule);
    let tokeniser = match rule.words {
        Words::Ptb => Tokeniser::Ptb,
        Words::Whitespace => Tokeniser::Whitespace,
    };
    let corpus = Corpus::from_captions(&captions.items, tokeniser);
    let bleus = bleu_values(rule, &captions, tokeniser, &corpus);
    let mut scores: Vec<Reduced> = BLEU
        .into_iter()
        .zip(bleus)
        .map(|(id, (value, warnings, made))| {
            let average = rule.bleu.to_string();
            let own = [("avg", average.as_str())];
            one(chosen, rule, &captions, id, value, warnings, made, &own)
        })
        .collect();
    let (value, warnings, made) = match &corpus {
        Err(reason) => (Err(reason.to_string()), Vec::new(), None),
        Ok(corpus) => {
            let found = cider(corpus, CiderOptions::default());
            let warnings = found.warnings.iter().map(ToString::to_string).collect();
            (Ok(found.value), warnings, Some(captions.mean(&found.items)))
        }
    };
    // Leaving out a story keeps the document frequencies of all frames: the signature says so.
    let own = [
        ("avg", "mean"),
        ("variant", "cider-d"),
        ("df", "scored-frames"),
    ];
    scores.push(one(
        chosen, rule, &captions, "cider", value, warnings, made, &own,
    ));
    scores
}

/// The largest value of a metric.
fn most(id: &str) -> f64 {
    if id == "cider" { 10.0 } else { 1.0 }
}

fn collect(chosen: &Chosen<'_>, rule: &CaptionRule) -> Captions {
    let mut clusters = Clusters::default();
    let mut captions = Captions {
        items: Vec::new(),
        stories: Vec::new(),
        planned: chosen.stories(),
        count: 0,
    };
    for (row, observation) in chosen.observations() {
        let generated = observation.texts("generated_captions");
        let (Some(generated), Some(truth)) = (
            generated.and_then(<[String]>::first),
            observation.texts("ground_truth_captions"),
        ) else {
            continue;
        };
        let truth = truth.iter().take(rule.references).cloned().collect();
        captions.items.push((generated.clone(), truth));
        clusters.number(chosen.story(row));
        captions.stories.push(chosen.story(row));
    }
    captions.count = clusters.len();
    captions
}

type Value = (Result<f64, String>, Vec<String>, Option<StorySums>);

/// BLEU-1 to BLEU-4 and what each is made of.
fn bleu_values(
    rule: &CaptionRule,
    captions: &Captions,
    tokeniser: Tokeniser,
    corpus: &Result<Corpus, CaptionUnscored>,
) -> [Value; ORDERS] {
    let failed = |reason: &CaptionUnscored| -> [Value; ORDERS] {
        std::array::from_fn(|_| (Err(reason.to_string()), Vec::new(), None))
    };
    match rule.bleu {
        BleuRule::Corpus => match corpus {
            Err(reason) => failed(reason),
            Ok(corpus) => {
                let found = bleu(corpus);
                std::array::from_fn(|order| {
                    let warnings = found.warnings.iter().map(ToString::to_string).collect();
                    let made = captions.bleu(&found.items, order);
                    (Ok(found.value[order]), warnings, Some(made))
                })
            }
        },
        BleuRule::StorygptvReleased => match released_bleu(&captions.items, tokeniser) {
            Err(reason) => failed(&reason),
            Ok(found) => std::array::from_fn(|order| {
                let items: Vec<f64> = found.items.iter().map(|item| item[order]).collect();
                let made = captions.mean(&items);
                (Ok(found.value[order]), Vec::new(), Some(made))
            }),
        },
    }
}

#[expect(
    clippy::too_many_arguments,
    reason = "the parts of one score, used at two places"
)]
fn one(
    chosen: &Chosen<'_>,
    rule: &CaptionRule,
    captions: &Captions,
    id: &'static str,
    value: Result<f64, String>,
    warnings: Vec<String>,
    made: Option<StorySums>,
    own: &[(&str, &str)],
) -> Reduced {
    let metric = Metric {
        id,
        unit: Unit::Score,
        higher_is_better: true,
    };
    let mut draft = Draft::new(chosen, metric, "all".to_owned(), chosen.rows.len());
    draft.entered(captions.items.len(), captions.count);
    draft.value(if captions.items.is_empty() {
        Err("no frame was captioned".to_owned())
    } else {
        value
    });
    for warning in warnings {
        draft.warn(warning);
    }
    if let Some(made) = made {
        draft.made_of(made, Range::Between(0.0, most(id)));
    }
    let (words, references) = (rule.words.to_string(), rule.references.to_string());
    let mut parts = vec![("words", words.as_str()), ("refs", references.as_str())];
    parts.extend(own);
    draft.sign(chosen.input.context.extractors.get(Role::CAPTIONER), &parts)
}
