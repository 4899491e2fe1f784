//! Writing over a fake language model, and over exported ones against `generate` of transformers.

use super::super::fake::{END, Fakes, WRITTEN, WordTokenizer, llm_settings, writing_settings};
use super::super::networks::Tokenize;
use super::super::onnx::OnnxLanguage;
use super::*;
use crate::card::StoryReading;
use crate::inference::{Bundle, Llm, Runtime, RuntimeOptions, Tokenizer};
use rand_chacha::rand_core::SeedableRng;
use std::path::Path;

fn reading<'a>(llm: &'a Llm, tokenizer: &'a dyn Tokenize) -> Reading<'a> {
    Reading {
        llm,
        tokenizer,
        reads: StoryReading::Captions,
    }
}

fn randoms(count: usize) -> Vec<ChaCha12Rng> {
    (0..count).map(|_| ChaCha12Rng::seed_from_u64(1)).collect()
}

fn write(fakes: &mut Fakes, writing: &Writing, stories: &[&[&str]]) -> Vec<String> {
    let llm = llm_settings();
    let pasts: Vec<Past<'_>> = stories
        .iter()
        .map(|captions| Past {
            captions,
            visual: &[],
        })
        .collect();
    let reading = reading(&llm, &WordTokenizer);
    let mut randoms = randoms(stories.len());
    Writer::new(writing, None)
        .write(fakes, &reading, &pasts, 1, &mut randoms)
        .unwrap()
}

const STORIES: [&[&str]; 3] = [
    &["Otto waves"],
    &["Mira runs in the garden"],
    &["They sit and sing"],
];

#[test]
fn remembering_changes_no_word_and_reads_every_token_once() {
    let writing = writing_settings();
    let (mut whole, mut step) = (Fakes::default(), Fakes::default());
    step.remembers = true;
    let written = write(&mut whole, &writing, &STORIES);
    assert_eq!(write(&mut step, &writing, &STORIES), written);
    assert!(whole.step_calls.is_empty() && step.hidden_calls.is_empty());
    assert!(step.step_calls[0] > 1);
    assert!(step.step_calls[1..].iter().all(|places| *places == 1));
    // Each alone writes what it writes in company.
    for (story, text) in STORIES.iter().zip(&written) {
        assert_eq!(
            write(&mut Fakes::default(), &writing, &[story]),
            *std::slice::from_ref(text)
        );
    }
}

#[test]
fn a_caption_ends_at_the_end_token_a_stop_text_or_when_it_is_long_enough() {
    let mut writing = writing_settings();
    let whole = write(&mut Fakes::default(), &writing, &STORIES[..1]);
    let words: Vec<&str> = whole[0].split(' ').collect();
    assert_eq!(words.len(), 5, "{whole:?}");
    writing.sampling.stop = Some(vec![words[2].to_owned()]);
    let cut = words[..words.iter().position(|it| *it == words[2]).unwrap()].join(" ");
    assert_eq!(write(&mut Fakes::default(), &writing, &STORIES[..1]), [cut]);
    writing.sampling.stop = None;
    writing.eos_id = Some(words[1][1..].parse().unwrap());
    let first = write(&mut Fakes::default(), &writing, &STORIES[..1]);
    assert!(words[0] == first[0] || words[0] == words[1], "{first:?}");
    writing.sampling.max_tokens = Some(2);
    writing.eos_id = Some(END);
    let short = write(&mut Fakes::default(), &writing, &STORIES[..1]);
    assert_eq!(short, [words[..2].join(" ")]);
}

#[test]
fn what_no_network_gives_is_an_error() {
    let mut writing = writing_settings();
    writing.vocab_size = WRITTEN + 1;
    let llm = llm_settings();
    let past = Past {
        captions: STORIES[0],
        visual: &[],
    };
    let reading = reading(&llm, &WordTokenizer);
    let writer = Writer::new(&writing, None);
    let failed = writer.write(&mut Fakes::default(), &reading, &[past], 1, &mut randoms(1));
    assert!(matches!(
        failed,
        Err(Fault::Shape {
            graph: LLM_LOGITS,
            ..
        })
    ));
}

#[test]
fn spaces_before_punctuation_go() {
    assert_eq!(tidy("otto waves . mira , too !"), "otto waves. mira, too!");
    assert_eq!(tidy("otto ' s hat"), "otto's hat");
}

#[derive(serde::Deserialize)]
struct Golden {
    cases: Vec<Case>,
}

#[derive(serde::Deserialize)]
struct Case {
    captions: Vec<String>,
    text: String,
    #[serde(rename = "true")]
    real: String,
    log_probability: f64,
    tokens: usize,
}

#[test]
fn exported_models_write_greedily_what_transformers_generates() {
    let options = RuntimeOptions {
        device: crate::inference::DeviceRequest::Cpu,
        threads: Some(1),
        offline: false,
        cache: crate::inference::default_cache(),
    };
    let runtime = Runtime::open(&options, &mut |_| {}).unwrap();
    for variant in ["opt", "llama2"] {
        let folder = Path::new("reference-data/golden/written").join(variant);
        let bundle = Bundle::open(&folder).unwrap();
        bundle.verify().unwrap();
        let llm = bundle.manifest().llm().unwrap().clone();
        let mut writing = bundle.manifest().writing().unwrap().clone();
        writing.sampling.max_tokens = Some(24);
        let mut language = OnnxLanguage::of_writer(&runtime, &bundle, &llm, &writing).unwrap();
        let mut tokenizer = Tokenizer::open(&bundle.file(&llm.tokenizer)).unwrap();
        if !llm.legacy {
            tokenizer = tokenizer.without_legacy();
        }
        let reading = reading(&llm, &tokenizer);
        let writer = Writer::new(&writing, None);
        let text = std::fs::read_to_string(folder.join("golden.json")).unwrap();
        let golden: Golden = serde_json::from_str(&text).unwrap();
        for case in &golden.cases {
            let captions: Vec<&str> = case.captions.iter().map(String::as_str).collect();
            let past = Past {
                captions: &captions,
                visual: &[],
            };
            let frame = captions.len();
            let written = writer.write(&mut language, &reading, &[past], frame, &mut randoms(1));
            assert_eq!(written.unwrap(), [case.text.trim()], "{variant}");
            let real = [case.real.as_str()];
            let past = Past {
                captions: &real,
                visual: &[],
            };
            let found = writer
                .likelihoods(&mut language, &reading, &[past], 0)
                .unwrap()[0];
            assert_eq!(found.tokens, case.tokens);
            let difference = (found.log_probability - case.log_probability).abs();
            assert!(difference < 1e-3, "{variant}: {difference}");
        }
    }
}
