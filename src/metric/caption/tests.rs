//! Against pycocoevalcap, and what must hold for any captions.

use super::*;
use proptest::prelude::*;
use serde::Deserialize;
use std::collections::BTreeMap;

const FOLDER: &str = "reference-data/golden/captions";

fn read<T: for<'de> Deserialize<'de>>(name: &str) -> T {
    serde_json::from_str(&std::fs::read_to_string(format!("{FOLDER}/{name}")).unwrap()).unwrap()
}

#[derive(Deserialize)]
struct Cases {
    hand_written: usize,
    cases: Vec<(String, String)>,
}

#[derive(Deserialize)]
struct Scores {
    bleu: [f64; 4],
    testlen: u64,
    reflen: u64,
    guess: [u64; 4],
    correct: [u64; 4],
    cider: f64,
    items: Vec<[f64; 5]>,
}

#[derive(Deserialize)]
struct Released {
    bleu: [f64; 4],
    items: Vec<[f64; 4]>,
    cider: f64,
}

#[derive(Deserialize)]
struct Example {
    tokeniser: String,
    captions: Vec<(String, Vec<String>)>,
    #[serde(flatten)]
    scores: Scores,
    released: Option<Released>,
}

#[derive(Deserialize)]
struct Golden {
    fakecap_ptb: Scores,
    fakecap_whitespace: Scores,
    fakecap_released: Released,
    examples: BTreeMap<String, Example>,
}

fn golden() -> Golden {
    read("scores.json")
}

fn fakecap() -> Vec<(String, Vec<String>)> {
    let text = std::fs::read_to_string(format!("{FOLDER}/fakecap.tsv")).unwrap();
    text.lines()
        .map(|line| {
            let mut fields = line.split('\t').skip(1).map(str::to_owned);
            (fields.next().unwrap(), fields.collect())
        })
        .collect()
}

fn near(found: f64, expected: f64, relative: f64, what: &str) {
    let allowed = relative * expected.abs();
    assert!(
        (found - expected).abs() <= allowed,
        "{what}: {found:e} {expected:e}"
    );
}

/// Compares everything; `every` says which items were stored.
fn check(
    name: &str,
    captions: &[(String, Vec<String>)],
    tokeniser: Tokeniser,
    expected: &Scores,
    every: usize,
) {
    let corpus = Corpus::from_captions(captions, tokeniser).unwrap();
    let found = bleu(&corpus);
    let counts = BleuCounts {
        hypothesis: expected.testlen,
        reference: expected.reflen,
        guess: expected.guess,
        correct: expected.correct,
    };
    assert_eq!(found.counts, counts, "{name}");
    let ciders = cider(&corpus, CiderOptions::default());
    near(ciders.value, expected.cider, 1e-9, name);
    for n in 0..4 {
        near(found.value[n], expected.bleu[n], 1e-12, name);
    }
    let items: Vec<usize> = (0..corpus.len()).step_by(every).collect();
    assert_eq!(items.len(), expected.items.len());
    for (at, item) in items.into_iter().zip(&expected.items) {
        let scores = found.items[at].scores();
        for n in 0..4 {
            near(
                scores[n],
                item[n],
                1e-12,
                &format!("{name}, item {at}, BLEU-{}", n + 1),
            );
        }
        near(
            ciders.items[at],
            item[4],
            1e-9,
            &format!("{name}, item {at}, CIDEr"),
        );
    }
}

#[test]
fn tokens_are_the_references() {
    let golden: Cases = read("ptb.json");
    assert!(golden.hand_written > 0 && golden.cases.len() > 600);
    for (caption, tokens) in golden.cases {
        assert_eq!(tokenize(&caption).join(" "), tokens, "{caption:?}");
    }
}

#[test]
fn coco_fakecap_is_scored_as_pycocoevalcap_does() {
    let (captions, golden) = (fakecap(), golden());
    // The counts that the coco-caption notebook publishes.
    assert_eq!(golden.fakecap_ptb.correct, [5732, 2510, 1043, 423]);
    check("ptb", &captions, Tokeniser::Ptb, &golden.fakecap_ptb, 10);
    check(
        "whitespace",
        &captions,
        Tokeniser::Whitespace,
        &golden.fakecap_whitespace,
        50,
    );
}

#[test]
fn examples_and_small_corpora_are_scored_as_pycocoevalcap_does() {
    for (name, example) in golden().examples {
        let tokeniser = match example.tokeniser.as_str() {
            "ptb" => Tokeniser::Ptb,
            _ => Tokeniser::Whitespace,
        };
        check(&name, &example.captions, tokeniser, &example.scores, 1);
    }
}

#[test]
fn the_released_script_is_reproduced() {
    let golden = golden();
    let compare = |name: &str, captions: &[(String, Vec<String>)], expected: &Released, every| {
        let found = released_bleu(captions, Tokeniser::Whitespace).unwrap();
        for n in 0..4 {
            near(found.value[n], expected.bleu[n], 1e-12, name);
        }
        for (found, expected) in found.items.iter().step_by(every).zip(&expected.items) {
            for n in 0..4 {
                near(found[n], expected[n], 1e-12, name);
            }
        }
        let corpus = Corpus::from_captions(captions, Tokeniser::Whitespace).unwrap();
        let cider = cider(&corpus, CiderOptions::default());
        near(cider.value, expected.cider, 1e-9, name);
    };
    compare("fakecap", &fakecap(), &golden.fakecap_released, 20);
    let mut compared = 0;
    for (name, example) in &golden.examples {
        if let Some(released) = &example.released {
            compare(name, &example.captions, released, 1);
            compared += 1;
        }
    }
    assert!(compared > 5);
    // It is another number than BLEU-4, and a larger one.
    assert!(golden.fakecap_released.items[0][3] > golden.fakecap_released.items[0][0] / 4.0);
}

#[test]
fn what_cannot_be_scored_has_a_reason() {
    let none: [(&str, Vec<&str>); 0] = [];
    let reason = Corpus::from_captions(&none, Tokeniser::Ptb).unwrap_err();
    assert_eq!(reason, CaptionUnscored::Empty);
    let reason =
        Corpus::from_captions(&[("a", vec!["a"]), ("b", vec![])], Tokeniser::Ptb).unwrap_err();
    assert_eq!(reason, CaptionUnscored::NoReference { item: 1 });
    assert!(released_bleu(&none, Tokeniser::Ptb).is_err());
    assert!(released_bleu(&[("a", Vec::<&str>::new())], Tokeniser::Ptb).is_err());
}

#[test]
fn what_a_reader_must_know_is_said() {
    let one = Corpus::from_captions(&[("a dog", vec!["a dog"])], Tokeniser::Ptb).unwrap();
    let found = cider(&one, CiderOptions::default());
    assert_eq!(
        (found.value, found.warnings),
        (0.0, vec![CaptionWarning::SingleItem])
    );
    let items = [
        ("...", vec!["a cat"]),
        ("a dog", vec!["?", "a dog"]),
        ("", vec!["x"]),
    ];
    let corpus = Corpus::from_captions(&items, Tokeniser::Ptb).unwrap();
    let expected = [
        CaptionWarning::EmptyHypotheses { count: 2, first: 0 },
        CaptionWarning::EmptyReferences { count: 1 },
    ];
    assert_eq!(corpus.warnings(), expected);
    let found = bleu(&corpus);
    assert_eq!(found.items[0].scores().map(f64::to_bits), [0; 4]);
    assert_eq!(
        found.warnings.last(),
        Some(&CaptionWarning::NoMatch { order: 3 })
    );
}

#[test]
fn order_and_company_of_items_do_not_move_a_bit() {
    let mut captions = fakecap();
    let score = |captions: &[(String, Vec<String>)]| {
        let corpus = Corpus::from_captions(captions, Tokeniser::Ptb).unwrap();
        (bleu(&corpus), cider(&corpus, CiderOptions::default()))
    };
    let (bleu_before, cider_before) = score(&captions);
    captions.reverse();
    captions.rotate_left(137);
    let (bleu_after, mut cider_after) = score(&captions);
    assert_eq!(
        bleu_before.value.map(f64::to_bits),
        bleu_after.value.map(f64::to_bits)
    );
    assert_eq!(cider_before.value.to_bits(), cider_after.value.to_bits());
    cider_after.items.rotate_right(137);
    cider_after.items.reverse();
    assert_eq!(cider_before.items, cider_after.items);
}

#[test]
fn threads_do_not_move_a_bit() {
    let captions = fakecap();
    let score = |threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| {
            let corpus = Corpus::from_captions(&captions, Tokeniser::Ptb).unwrap();
            (bleu(&corpus), cider(&corpus, CiderOptions::default()))
        })
    };
    assert_eq!(score(1), score(3));
}

#[test]
fn both_at_once_are_each_on_its_own() {
    let captions: Vec<_> = fakecap().into_iter().take(50).collect();
    let corpus = Corpus::from_captions(&captions, Tokeniser::Ptb).unwrap();
    let options = CiderOptions::default();
    let (together, apart) = (
        bleu_and_cider(&corpus, options),
        (bleu(&corpus), cider(&corpus, options)),
    );
    assert!(together == apart);
    assert!(apart.0.counts.correct.iter().all(|matches| *matches > 0));
}

#[test]
fn resampling_is_scoring_the_drawn_items() {
    let captions: Vec<_> = fakecap().into_iter().take(20).collect();
    let corpus = Corpus::from_captions(&captions, Tokeniser::Ptb).unwrap();
    let found = bleu(&corpus);
    assert_eq!(found.resampled(&[1; 20]), Some(found.value));
    assert_eq!(found.resampled(&[0; 20]), None);
    let mut drawn = captions[..5].to_vec();
    drawn.extend_from_slice(&captions[2..5]);
    let mut times = [0; 20];
    times[..5].copy_from_slice(&[1, 1, 2, 2, 2]);
    let again = bleu(&Corpus::from_captions(&drawn, Tokeniser::Ptb).unwrap());
    assert_eq!(found.resampled(&times), Some(again.value));
}

#[test]
fn long_hostile_lines_take_time_in_proportion() {
    // Patterns that make rules look far ahead; a quadratic one would take minutes.
    for pattern in [
        "a", "a%", "a%@.", "5,a,", "<a ", "<!a", "www.1", "a.", "a-", "a/", "'", "(", "1 ", "&lt;",
        ". ", "@", "a'", "é", "12-", "\u{ad}", "A&", "a_",
    ] {
        let line = pattern.repeat(400_000 / pattern.len());
        let start = std::time::Instant::now();
        assert!(tokenize(&line).len() <= line.len());
        assert!(
            start.elapsed().as_secs() < 20,
            "{pattern:?}: {:?}",
            start.elapsed()
        );
    }
}

proptest! {
    #[test]
    fn any_text_gives_tokens_without_spaces(text in "\\PC{0,60}") {
        for token in tokenize(&text) {
            prop_assert!(!token.is_empty() && !token.contains([' ', '\n', '\t']), "{token:?}");
            prop_assert!(!is_punctuation(&token));
        }
    }

    #[test]
    fn scores_stay_in_their_ranges(items in prop::collection::vec(("[ab .]{0,12}", prop::collection::vec("[ab .]{0,12}", 1..4)), 1..6)) {
        let corpus = Corpus::from_captions(&items, Tokeniser::Ptb).unwrap();
        let found = bleu(&corpus);
        for scores in found.items.iter().map(BleuCounts::scores).chain([found.value]) {
            prop_assert!(scores.iter().all(|s| (0.0..=1.0).contains(s)), "{scores:?}");
        }
        let found = cider(&corpus, CiderOptions::default());
        for value in found.items.iter().chain([&found.value]) {
            prop_assert!((0.0..=10.0 + 1e-9).contains(value), "{value}");
        }
    }
}
