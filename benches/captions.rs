//! How long captions take: tokens, BLEU and CIDEr of 11,545 hypotheses with 5 references each, the size
//! of the FlintstonesSV test set.
#![allow(missing_docs, clippy::unwrap_used)]

use criterion::{Criterion, criterion_group, criterion_main};
use std::hint::black_box;
use storyeval::metric::caption::{CiderOptions, Corpus, PtbTokeniser, Tokeniser, bleu, cider};

const ITEMS: usize = 11_545;
const REFERENCES: usize = 5;

const SUBJECTS: &[&str] = &[
    "Fred",
    "Wilma",
    "Barney",
    "Betty",
    "a man",
    "two women",
    "The dog",
    "Mr. Slate",
    "a group of people",
];
const VERBS: &[&str] = &[
    "is standing",
    "isn't talking",
    "sits",
    "are riding a bus",
    "looks around",
    "holds an umbrella",
    "can't sleep",
];
const PLACES: &[&str] = &[
    "in the living-room",
    "next to a stop sign",
    "at 10:30 a.m.",
    "on the street",
    "outside",
    "in Barney's car",
];
const ENDINGS: &[&str] = &[
    ".",
    "",
    " and smiles.",
    ", with a red ball",
    " (again)!",
    " while it's raining.",
];

/// Captions that repeat words as captions do; the same in every run.
fn caption(seed: usize) -> String {
    let mut state = (seed as u64)
        .wrapping_add(1)
        .wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut pick = |list: &[&'static str]| {
        state ^= state >> 29;
        state = state.wrapping_mul(0xBF58_476D_1CE4_E5B9);
        list[(state >> 33) as usize % list.len()]
    };
    let (subject, verb, place, ending) = (pick(SUBJECTS), pick(VERBS), pick(PLACES), pick(ENDINGS));
    format!("{subject} {verb} {place}{ending}")
}

fn captions() -> Vec<(String, Vec<String>)> {
    (0..ITEMS)
        .map(|item| {
            let start = item * (REFERENCES + 1);
            let references = (1..=REFERENCES).map(|r| caption(start + r)).collect();
            (caption(start), references)
        })
        .collect()
}

fn benches(criterion: &mut Criterion) {
    let captions = captions();
    criterion.bench_function("PTB tokens of 69,270 captions, one thread", |bencher| {
        let mut tokeniser = PtbTokeniser::default();
        bencher.iter(|| {
            let mut count = 0_usize;
            for (hypothesis, references) in &captions {
                for text in std::iter::once(hypothesis).chain(references) {
                    tokeniser.each_kept(black_box(text), |_| count += 1);
                }
            }
            count
        });
    });
    let corpus = Corpus::from_captions(&captions, Tokeniser::Ptb).unwrap();
    criterion.bench_function("corpus of 11,545 x 5 captions", |bencher| {
        bencher.iter(|| Corpus::from_captions(black_box(&captions), Tokeniser::Ptb).unwrap());
    });
    criterion.bench_function("BLEU of 11,545 x 5 captions", |bencher| {
        bencher.iter(|| bleu(black_box(&corpus)));
    });
    criterion.bench_function("CIDEr of 11,545 x 5 captions", |bencher| {
        bencher.iter(|| cider(black_box(&corpus), CiderOptions::default()));
    });
}

criterion_group! {
    name = captions_group;
    config = Criterion::default().sample_size(10);
    targets = benches
}
criterion_main!(captions_group);
