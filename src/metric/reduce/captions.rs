//! BLEU and CIDEr of what a captioner writes of generated frames, against what it writes of real ones.

use super::chosen::{Chosen, Clusters};
use super::draft::Draft;
use super::parts::{Reduced, StorySums};
use super::slice::Slice;
use crate::card::{BleuRule, CaptionRule, Words};
use crate::metric::caption::{
    BLEU_SUMS, BleuCounts, CaptionUnscored, CiderOptions, Corpus, ORDERS, Tokeniser, bleu,
    bleu_of_sums, cider, released_bleu,
};
use crate::metric::{Family, MetricId, Reduction};
use crate::record::{Observation, Role};
use crate::stats::{ClusterSums, Range};

/// BLEU and CIDEr of a captioner's captions.
pub(in crate::metric) static CAPTIONS: Family = Family {
    roles: &[Role::CAPTIONER],
    choices: &["captions", "ground_truth"],
    reduction: Reduction::StorySums,
    large: true,
    asked: |protocol| protocol.captions.is_some(),
    drop: |protocol| protocol.captions = None,
    leaves_out: |_| false,
    reduce: scores,
};
const BLEU: [MetricId; ORDERS] = [
    MetricId::Bleu1,
    MetricId::Bleu2,
    MetricId::Bleu3,
    MetricId::Bleu4,
];

/// The captions of the scored frames.
pub(super) struct Captions {
    /// The generated frame's caption and the real frame's captions.
    pub(super) items: Vec<(String, Vec<String>)>,
    /// Story of each item, and how many there are in the plan.
    pub(super) stories: Vec<usize>,
    pub(super) planned: usize,
    /// Stories with an item.
    pub(super) count: usize,
}

impl Captions {
    /// A text and its references, of the scored frames that have them.
    pub(super) fn of(
        chosen: &Chosen<'_>,
        item: impl Fn(&Observation) -> Option<(String, Vec<String>)>,
    ) -> Self {
        let mut clusters = Clusters::default();
        let mut captions = Self {
            items: Vec::new(),
            stories: Vec::new(),
            planned: chosen.stories(),
            count: 0,
        };
        for (row, observation) in chosen.observations() {
            let Some(item) = item(observation) else {
                continue;
            };
            captions.items.push(item);
            clusters.number(chosen.story(row));
            captions.stories.push(chosen.story(row));
        }
        captions.count = clusters.len();
        captions
    }

    /// Means of a number an item.
    pub(super) fn mean(&self, items: &[f64]) -> StorySums {
        let mut sums = ClusterSums::new(self.planned, 2);
        for (story, item) in self.stories.iter().zip(items) {
            sums.add(*story, &[*item, 1.0]);
        }
        StorySums::of_mean(sums)
    }

    /// Corpus BLEU of an order, of counts an item.
    pub(super) fn bleu(&self, items: &[BleuCounts], order: usize) -> StorySums {
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

    /// A score, whose largest value and own parts of the signature are given.
    fn score(
        &self,
        mut draft: Draft<'_, '_>,
        rule: &CaptionRule,
        (value, warnings, made): Value,
        (most, own): (f64, &[(&str, &str)]),
    ) -> Reduced {
        draft.entered(self.items.len(), self.count);
        draft.value(if self.items.is_empty() {
            Err("no frame was captioned".to_owned())
        } else {
            value
        });
        for warning in warnings {
            draft.warn(warning);
        }
        if let Some(made) = made {
            draft.made_of(made, Range::Between(0.0, most));
        }
        let (words, references) = (rule.words.to_string(), rule.references.to_string());
        let mut parts = vec![("words", words.as_str()), ("refs", references.as_str())];
        parts.extend(own);
        let captioner = draft.chosen().input.context.extractors.get(Role::CAPTIONER);
        draft.sign(captioner, &parts)
    }
}

/// BLEU-1 to BLEU-4 and CIDEr over all scored frames.
fn scores(chosen: &Chosen<'_>, _: &Slice) -> Vec<Reduced> {
    let Some(rule) = &chosen.input.protocol.captions else {
        return Vec::new();
    };
    let captions = collect(chosen, rule);
    let tokeniser = match rule.words {
        Words::Ptb => Tokeniser::Ptb,
        Words::Whitespace => Tokeniser::Whitespace,
    };
    let corpus = Corpus::from_captions(&captions.items, tokeniser);
    let bleus = bleu_values(rule, &captions, tokeniser, &corpus);
    let average = rule.bleu.to_string();
    let mut scores: Vec<Reduced> = BLEU
        .into_iter()
        .zip(bleus)
        .map(|(metric, value)| {
            let draft = Draft::new(chosen, metric, "all".to_owned(), chosen.rows.len());
            captions.score(draft, rule, value, (1.0, &[("avg", average.as_str())]))
        })
        .collect();
    let value = match &corpus {
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
    let draft = Draft::new(chosen, MetricId::Cider, "all".to_owned(), chosen.rows.len());
    scores.push(captions.score(draft, rule, value, (10.0, &own)));
    scores
}

fn collect(chosen: &Chosen<'_>, rule: &CaptionRule) -> Captions {
    Captions::of(chosen, |observation| {
        let generated = observation.texts("generated_captions")?.first()?;
        let truth = observation.texts("ground_truth_captions")?;
        let truth = truth.iter().take(rule.references).cloned().collect();
        Some((generated.clone(), truth))
    })
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
