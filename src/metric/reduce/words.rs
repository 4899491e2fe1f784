//! Captions that the generator wrote itself: how likely it holds the true ones, how much the written ones say of them, how
//! much they repeat themselves, and whether they and their frames keep the characters.

use super::captions::Captions;
use super::chosen::{Chosen, Clusters};
use super::draft::Draft;
use super::parts::{Parts, Reduced, StorySums};
use super::slice::Slice;
use crate::metric::accuracy::positive;
use crate::metric::caption::{CiderOptions, Corpus, ORDERS, Tokeniser, bleu, cider};
use crate::metric::f1::f1_of_counts;
use crate::metric::{Family, MetricId, Reduction};
use crate::record::{Observation, Role};
use crate::stats::{ClusterSums, LeftOut, Range};
use std::collections::{BTreeMap, BTreeSet};

/// What is a function of sums per story.
pub(in crate::metric) static WORDS: Family = Family {
    roles: &[Role::WRITING],
    reduce: words,
    ..WRITTEN
};
/// Distinct n-grams, which are not.
pub(in crate::metric) static DISTINCT: Family = Family {
    roles: &[Role::WRITING],
    reduction: Reduction::Sets,
    reduce: distinct,
    ..WRITTEN
};
/// The characters of a frame against the names that were written for it.
pub(in crate::metric) static WRITTEN_NAMES: Family = Family {
    roles: &[Role::WRITING, Role::CHARACTERS],
    choices: &["task", "given", "classifiers"],
    asked: |protocol| protocol.task.writes() && protocol.classifiers.is_some(),
    reduce: drawn_names,
    ..WRITTEN
};
const WRITTEN: Family = Family {
    roles: &[],
    choices: &["task", "given"],
    reduction: Reduction::StorySums,
    large: false,
    asked: |protocol| protocol.task.writes(),
    drop: |_| (),
    leaves_out: |_| false,
    reduce: |_, _| Vec::new(),
};
const BLEU: [MetricId; ORDERS] = [
    MetricId::WrittenBleu1,
    MetricId::WrittenBleu2,
    MetricId::WrittenBleu3,
    MetricId::WrittenBleu4,
];
const NOTHING: &str = "no caption was written";
/// n-grams that count as repeated.
const REPEATED: usize = 4;

fn written(observation: &Observation) -> Option<&str> {
    observation.texts("written")?.first().map(String::as_str)
}

/// Which characters a written caption names; `None` where there is no caption.
fn named(observation: &Observation) -> Option<Vec<bool>> {
    written(observation)?;
    let names = observation.vector("written_names")?;
    Some(names.iter().map(|named| *named > 0.5).collect())
}

/// Sums over the scored frames, by story, and how many frames and stories entered.
struct Tally {
    sums: ClusterSums,
    frames: usize,
    stories: Clusters,
}

impl Tally {
    /// The sums of `terms`, of frames that have them. The last term is not 0.
    fn of(
        chosen: &Chosen<'_>,
        slice: &Slice,
        width: usize,
        terms: impl Fn(&Observation) -> Option<Vec<f64>>,
    ) -> Self {
        let mut tally = Self {
            sums: ClusterSums::new(chosen.stories(), width),
            frames: 0,
            stories: Clusters::default(),
        };
        for (row, observation) in chosen.observations().filter(|(_, o)| slice.holds(o)) {
            if let Some(terms) = terms(observation) {
                tally.sums.add(chosen.story(row), &terms);
                tally.frames += 1;
                tally.stories.number(chosen.story(row));
            }
        }
        tally
    }

    /// A score of these sums.
    fn fill(
        self,
        draft: &mut Draft<'_, '_>,
        range: Range,
        none: &str,
        value: impl Fn(&[f64]) -> Option<f64> + Send + Sync + 'static,
    ) {
        draft.entered(self.frames, self.stories.len());
        let made = StorySums::new(self.sums, value);
        let total = made.value(&made.sums.total());
        draft.value(total.ok_or_else(|| none.to_owned()));
        draft.made_of(made, range);
    }
}

fn draft<'c, 'a>(chosen: &'c Chosen<'a>, metric: MetricId, slice: &Slice) -> Draft<'c, 'a> {
    let planned = chosen.observations().filter(|(_, o)| slice.holds(o));
    Draft::new(chosen, metric, slice.name(), planned.count())
}

fn words(chosen: &Chosen<'_>, slice: &Slice) -> Vec<Reduced> {
    let mut scores = vec![perplexity(chosen, slice)];
    scores.extend(against_truth(chosen, slice));
    scores.extend(repetition(chosen, slice));
    scores.push(names_kept(chosen, slice));
    scores.push(names_f1(chosen, slice));
    scores
}

/// exp of the mean negative log-likelihood of a token of the true captions.
fn perplexity(chosen: &Chosen<'_>, slice: &Slice) -> Reduced {
    let tally = Tally::of(chosen, slice, 2, |observation| {
        let [sum, tokens] = observation.vector("likelihood")? else {
            return None;
        };
        (*tokens > 0.0).then(|| vec![f64::from(*sum), f64::from(*tokens)])
    });
    let mut draft = draft(chosen, MetricId::Perplexity, slice);
    let none = "the generator does not say how likely the true captions are";
    tally.fill(&mut draft, Range::AtLeast(1.0), none, |sums| {
        (sums[1] > 0.0).then(|| (-sums[0] / sums[1]).exp())
    });
    let own = [("of", "true-captions"), ("avg", "per-token")];
    draft.sign(extractor(chosen, Role::WRITING), &own)
}

/// BLEU-1 to BLEU-4 and CIDEr of the written captions against the true ones, as they would have been read.
fn against_truth(chosen: &Chosen<'_>, slice: &Slice) -> Vec<Reduced> {
    let captions = Captions::of(chosen, |observation| {
        let text = written(observation)?.to_owned();
        Some((text, vec![observation.text.clone()]))
    });
    let corpus = Corpus::from_captions(&captions.items, Tokeniser::Ptb);
    let scored = |metric, value: Result<f64, String>, warnings: Vec<String>, made, (most, own)| {
        let mut draft = draft(chosen, metric, slice);
        draft.entered(captions.items.len(), captions.count);
        draft.value(if captions.items.is_empty() {
            Err(NOTHING.to_owned())
        } else {
            value
        });
        for warning in warnings {
            draft.warn(warning);
        }
        if let Some(made) = made {
            draft.made_of(made, Range::Between(0.0, most));
        }
        let parts: &[(&str, &str)] = own;
        let words = [("words", "ptb"), ("refs", "true-caption")];
        draft.sign(extractor(chosen, Role::WRITING), &[&words, parts].concat())
    };
    let own: &[(&str, &str)] = &[("avg", "corpus")];
    let of_cider: &[(&str, &str)] = &[
        ("avg", "mean"),
        ("variant", "cider-d"),
        ("df", "scored-frames"),
    ];
    let mut scores = Vec::new();
    match &corpus {
        Err(reason) => {
            for metric in BLEU {
                scores.push(scored(
                    metric,
                    Err(reason.to_string()),
                    Vec::new(),
                    None,
                    (1.0, own),
                ));
            }
            let metric = MetricId::WrittenCider;
            scores.push(scored(
                metric,
                Err(reason.to_string()),
                Vec::new(),
                None,
                (10.0, of_cider),
            ));
        }
        Ok(corpus) => {
            let found = bleu(corpus);
            for (order, metric) in BLEU.into_iter().enumerate() {
                let warnings = found.warnings.iter().map(ToString::to_string).collect();
                let made = captions.bleu(&found.items, order);
                scores.push(scored(
                    metric,
                    Ok(found.value[order]),
                    warnings,
                    Some(made),
                    (1.0, own),
                ));
            }
            let found = cider(corpus, CiderOptions::default());
            let warnings = found.warnings.iter().map(ToString::to_string).collect();
            let made = captions.mean(&found.items);
            let metric = MetricId::WrittenCider;
            scores.push(scored(
                metric,
                Ok(found.value),
                warnings,
                Some(made),
                (10.0, of_cider),
            ));
        }
    }
    scores
}

/// The words of the written captions, story by story in the order of their frames.
fn stories(chosen: &Chosen<'_>) -> BTreeMap<usize, Vec<Vec<String>>> {
    let mut stories: BTreeMap<usize, Vec<Vec<String>>> = BTreeMap::new();
    for (row, observation) in chosen.observations() {
        if let Some(text) = written(observation) {
            let words = Tokeniser::Ptb.tokens(text);
            stories.entry(chosen.story(row)).or_default().push(words);
        }
    }
    stories
}

fn grams(captions: &[Vec<String>], length: usize) -> impl Iterator<Item = &[String]> {
    captions.iter().flat_map(move |words| words.windows(length))
}

/// Of 4-grams, the share that the story has before (seq-rep-4), and of captions, the share that it has before.
fn repetition(chosen: &Chosen<'_>, slice: &Slice) -> [Reduced; 2] {
    let stories = stories(chosen);
    let mut of_grams = ClusterSums::new(chosen.stories(), 2);
    let mut of_captions = ClusterSums::new(chosen.stories(), 2);
    for (story, captions) in &stories {
        let (all, different) = (
            grams(captions, REPEATED).count(),
            grams(captions, REPEATED).collect::<BTreeSet<_>>().len(),
        );
        if all > 0 {
            of_grams.add(*story, &[1.0 - different as f64 / all as f64, 1.0]);
        }
        let different = captions.iter().collect::<BTreeSet<_>>().len();
        let repeats = (captions.len() - different) as f64;
        of_captions.add(*story, &[repeats, captions.len() as f64]);
    }
    let frames = stories.values().map(Vec::len).sum();
    let score = |metric, sums: ClusterSums, avg| {
        let mut draft = draft(chosen, metric, slice);
        draft.entered(frames, stories.len());
        let made = StorySums::of_mean(sums);
        let value = made.value(&made.sums.total());
        draft.value(value.ok_or_else(|| NOTHING.to_owned()));
        draft.made_of(made, Range::Between(0.0, 1.0));
        let own = [("words", "ptb"), ("avg", avg)];
        draft.sign(extractor(chosen, Role::WRITING), &own)
    };
    [
        score(MetricId::Repetition4, of_grams, "mean-over-stories"),
        score(MetricId::RepeatedCaptions, of_captions, "over-captions"),
    ]
}

/// Of the characters on the frames that were given, the share that the written captions name.
fn names_kept(chosen: &Chosen<'_>, slice: &Slice) -> Reduced {
    let given = chosen.input.protocol.given as u32;
    let mut before: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    for (row, observation) in chosen.input.observations.iter().enumerate() {
        if observation.frame.0 <= given {
            let labels = observation.character_labels.iter().enumerate();
            let there = labels.filter(|(_, there)| **there).map(|(at, _)| at);
            before.entry(chosen.story(row)).or_default().extend(there);
        }
    }
    let mut after: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    let mut frames = 0;
    for (row, observation) in chosen.observations() {
        if let Some(named) = named(observation) {
            frames += 1;
            let named = named.into_iter().enumerate().filter(|(_, named)| *named);
            let story = after.entry(chosen.story(row)).or_default();
            story.extend(named.map(|(at, _)| at));
        }
    }
    let mut sums = ClusterSums::new(chosen.stories(), 2);
    let mut stories = 0;
    for (story, names) in &after {
        let Some(before) = before.get(story).filter(|before| !before.is_empty()) else {
            continue;
        };
        let kept = before.intersection(names).count();
        sums.add(*story, &[100.0 * kept as f64, before.len() as f64]);
        stories += 1;
    }
    let mut draft = draft(chosen, MetricId::NamesKept, slice);
    draft.entered(if stories > 0 { frames } else { 0 }, stories);
    let made = StorySums::of_mean(sums);
    let value = made.value(&made.sums.total());
    draft.value(value.ok_or_else(|| {
        "no story has a character on a given frame and a written caption".to_owned()
    }));
    draft.made_of(made, Range::Percent);
    let own = [
        ("of", "characters-of-given-frames"),
        ("avg", "over-characters"),
    ];
    draft.sign(extractor(chosen, Role::WRITING), &own)
}

/// F1 of the names that were written against the true labels, over frames and characters.
fn names_f1(chosen: &Chosen<'_>, slice: &Slice) -> Reduced {
    let tally = Tally::of(chosen, slice, 4, |observation| {
        counts(&named(observation)?, &observation.character_labels)
    });
    let mut draft = draft(chosen, MetricId::NamesF1, slice);
    tally.fill(&mut draft, Range::Percent, NOTHING, f1);
    let own = [("of", "written-names"), ("avg", "micro")];
    draft.sign(extractor(chosen, Role::WRITING), &own)
}

/// F1 of the characters that the classifier sees on a frame against the names that were written for it.
fn drawn_names(chosen: &Chosen<'_>, slice: &Slice) -> Vec<Reduced> {
    let tally = Tally::of(chosen, slice, 4, |observation| {
        // A caption that names no character says nothing of who is to be drawn.
        let named = named(observation).filter(|named| named.contains(&true))?;
        let seen = observation.vector("character_probabilities")?;
        let seen: Vec<bool> = seen.iter().map(|share| positive(*share)).collect();
        counts(&seen, &named)
    });
    let mut draft = draft(chosen, MetricId::CharF1Written, slice);
    let none = "no frame of a caption that names a character was scored";
    tally.fill(&mut draft, Range::Percent, none, f1);
    let own = [
        ("threshold", "p>0.5"),
        ("labels", "written-names"),
        ("avg", "micro"),
    ];
    vec![draft.sign(extractor(chosen, Role::CHARACTERS), &own)]
}

/// True positives, false positives, false negatives, and one frame.
fn counts(found: &[bool], wanted: &[bool]) -> Option<Vec<f64>> {
    if found.len() != wanted.len() || wanted.is_empty() {
        return None;
    }
    let mut counts = vec![0.0, 0.0, 0.0, 1.0];
    for pair in found.iter().zip(wanted) {
        match pair {
            (true, true) => counts[0] += 1.0,
            (true, false) => counts[1] += 1.0,
            (false, true) => counts[2] += 1.0,
            (false, false) => {}
        }
    }
    Some(counts)
}

fn f1(sums: &[f64]) -> Option<f64> {
    f1_of_counts([sums[0], sums[1], sums[2]]).map(|share| 100.0 * share)
}

/// Different n-grams by all n-grams of the written captions.
fn distinct(chosen: &Chosen<'_>, slice: &Slice) -> Vec<Reduced> {
    let stories = stories(chosen);
    let frames = stories.values().map(Vec::len).sum();
    let all = [(MetricId::Distinct1, 1), (MetricId::Distinct2, 2)];
    let score = |(metric, length): (MetricId, usize)| {
        let mut draft = draft(chosen, metric, slice);
        draft.entered(frames, stories.len());
        match share_of_different(&stories, length) {
            None => draft.value(Err(NOTHING.to_owned())),
            Some((value, left_out)) => {
                draft.value(Ok(value));
                draft.without_stories(&left_out, Range::Between(0.0, 1.0));
                draft.parts(Parts::LeftOut { value, left_out });
            }
        }
        let length = length.to_string();
        let own = [
            ("words", "ptb"),
            ("ngram", length.as_str()),
            ("avg", "corpus"),
        ];
        draft.sign(extractor(chosen, Role::WRITING), &own)
    };
    all.into_iter().map(score).collect()
}

/// The share, and the same without each story.
fn share_of_different(
    stories: &BTreeMap<usize, Vec<Vec<String>>>,
    length: usize,
) -> Option<(f64, Vec<LeftOut>)> {
    // Of each n-gram the one story that has it; `None` where several do.
    let mut owners: BTreeMap<&[String], Option<usize>> = BTreeMap::new();
    let mut all = 0_usize;
    for (story, captions) in stories {
        for gram in grams(captions, length) {
            all += 1;
            let owner = owners.entry(gram).or_insert(Some(*story));
            if *owner != Some(*story) {
                *owner = None;
            }
        }
    }
    let share = |different: usize, all: usize| (all > 0).then(|| different as f64 / all as f64);
    let value = share(owners.len(), all)?;
    let mut alone: BTreeMap<usize, usize> = BTreeMap::new();
    for story in owners.values().flatten() {
        *alone.entry(*story).or_default() += 1;
    }
    let left_out = stories.iter().map(|(story, captions)| LeftOut {
        value: share(
            owners.len() - alone.get(story).copied().unwrap_or_default(),
            all - grams(captions, length).count(),
        ),
        size: 1,
    });
    Some((value, left_out.collect()))
}

fn extractor<'a>(chosen: &Chosen<'a>, role: Role) -> Option<&'a crate::metric::ExtractorName> {
    chosen.input.context.extractors.get(role)
}

#[cfg(test)]
#[path = "words_tests.rs"]
mod tests;
