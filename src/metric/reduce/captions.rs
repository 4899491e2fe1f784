//! BLEU and CIDEr of what a captioner writes of generated frames, against what it writes of real ones.

use super::chosen::{Chosen, Clusters};
use super::draft::{Draft, Metric};
use crate::metric::caption::{
    CaptionUnscored, CiderOptions, Corpus, ORDERS, Tokeniser, bleu, cider, released_bleu,
};
use crate::record::{Score, Unit};
use crate::spec::{BleuRule, CaptionRule, Words};

const BLEU: [&str; ORDERS] = ["bleu1", "bleu2", "bleu3", "bleu4"];

/// What one story adds.
type PerStory = Box<dyn Fn(&[u32]) -> Option<f64>>;

/// The captions of the scored frames.
struct Captions {
    /// The generated frame's caption and the real frame's captions.
    items: Vec<(String, Vec<String>)>,
    /// Story of each item, from 0.
    stories: Vec<usize>,
    count: usize,
}

/// BLEU-1 to BLEU-4 and CIDEr over all scored frames.
pub(super) fn scores(chosen: &Chosen<'_>, rule: &CaptionRule) -> Vec<Score> {
    let captions = collect(chosen, rule);
    let tokeniser = match rule.words {
        Words::Ptb => Tokeniser::Ptb,
        Words::Whitespace => Tokeniser::Whitespace,
    };
    let corpus = Corpus::from_captions(&captions.items, tokeniser);
    let bleus = bleu_values(rule, &captions, tokeniser, &corpus);
    let mut scores: Vec<Score> = BLEU
        .into_iter()
        .zip(bleus)
        .map(|(id, (value, warnings, resampled))| {
            let made = rule.bleu.to_string();
            let own = [("avg", made.as_str())];
            one(
                chosen, rule, &captions, id, value, warnings, resampled, &own,
            )
        })
        .collect();
    let (value, warnings, items) = match &corpus {
        Err(reason) => (Err(reason.to_string()), Vec::new(), Vec::new()),
        Ok(corpus) => {
            let found = cider(corpus, CiderOptions::default());
            let warnings = found.warnings.iter().map(ToString::to_string).collect();
            (Ok(found.value), warnings, found.items)
        }
    };
    let stories = captions.stories.clone();
    let resampled: PerStory = Box::new(move |multiplicities| {
        let times: Vec<u32> = stories.iter().map(|story| multiplicities[*story]).collect();
        crate::metric::caption::weighted_mean(&items, &times)
    });
    // Resamples keep the document frequencies of all frames: the signature says so.
    let own = [
        ("avg", "mean"),
        ("variant", "cider-d"),
        ("df", "scored-frames"),
    ];
    scores.push(one(
        chosen, rule, &captions, "cider", value, warnings, resampled, &own,
    ));
    scores
}

fn collect(chosen: &Chosen<'_>, rule: &CaptionRule) -> Captions {
    let mut clusters = Clusters::default();
    let mut captions = Captions {
        items: Vec::new(),
        stories: Vec::new(),
        count: 0,
    };
    for (row, observation) in chosen.observations() {
        let (Some(generated), Some(truth)) = (
            observation
                .generated_captions
                .as_ref()
                .and_then(|captions| captions.first()),
            &observation.ground_truth_captions,
        ) else {
            continue;
        };
        let truth = truth.iter().take(rule.references).cloned().collect();
        captions.items.push((generated.clone(), truth));
        captions.stories.push(clusters.number(chosen.story(row)));
    }
    captions.count = clusters.len();
    captions
}

type Value = (Result<f64, String>, Vec<String>, PerStory);

/// BLEU-1 to BLEU-4 and how to compute each on resampled stories.
fn bleu_values(
    rule: &CaptionRule,
    captions: &Captions,
    tokeniser: Tokeniser,
    corpus: &Result<Corpus, CaptionUnscored>,
) -> [Value; ORDERS] {
    let failed = |reason: String| -> [Value; ORDERS] {
        std::array::from_fn(|_| -> Value {
            (Err(reason.clone()), Vec::new(), Box::new(|_: &[u32]| None))
        })
    };
    match rule.bleu {
        BleuRule::Corpus => match corpus {
            Err(reason) => failed(reason.to_string()),
            Ok(corpus) => {
                let found = bleu(corpus);
                std::array::from_fn(|order| -> Value {
                    let (found, stories) = (found.clone(), captions.stories.clone());
                    let warnings = found.warnings.iter().map(ToString::to_string).collect();
                    let value = found.value[order];
                    let resampled: PerStory = Box::new(move |multiplicities| {
                        let times: Vec<u32> =
                            stories.iter().map(|story| multiplicities[*story]).collect();
                        found.resampled(&times).map(|scores| scores[order])
                    });
                    (Ok(value), warnings, resampled)
                })
            }
        },
        BleuRule::StorygptvReleased => match released_bleu(&captions.items, tokeniser) {
            Err(reason) => failed(reason.to_string()),
            Ok(found) => std::array::from_fn(|order| -> Value {
                let items: Vec<f64> = found.items.iter().map(|item| item[order]).collect();
                let stories = captions.stories.clone();
                let resampled: PerStory = Box::new(move |multiplicities| {
                    let times: Vec<u32> =
                        stories.iter().map(|story| multiplicities[*story]).collect();
                    crate::metric::caption::weighted_mean(&items, &times)
                });
                (Ok(found.value[order]), Vec::new(), resampled)
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
    resampled: PerStory,
    own: &[(&str, &str)],
) -> Score {
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
    draft.resample(chosen.input.protocol.bootstrap.resamples, resampled);
    let (words, references) = (rule.words.to_string(), rule.references.to_string());
    let mut parts = vec![("words", words.as_str()), ("refs", references.as_str())];
    parts.extend(own);
    draft.sign(chosen.input.context.extractors.captioner.as_ref(), &parts)
}
