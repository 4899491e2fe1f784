use super::*;
use crate::record::{FaultKind, Hint as _};
use std::fs;

/// Words, lower-cased and with accents stripped, so that normalised and original offsets differ. It
/// asks for a begin token, truncation and padding, none of which [`Tokenizer::encode`] may do.
const WORDS: &str = r#"{
  "version": "1.0",
  "truncation": {"direction": "Right", "max_length": 2, "strategy": "LongestFirst", "stride": 0},
  "padding": {"strategy": {"Fixed": 9}, "direction": "Right", "pad_to_multiple_of": null, "pad_id": 0, "pad_type_id": 0, "pad_token": "[PAD]"},
  "added_tokens": [
    {"id": 1, "content": "[BOS]", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}
  ],
  "normalizer": {"type": "Sequence", "normalizers": [{"type": "NFD"}, {"type": "StripAccents"}, {"type": "Lowercase"}]},
  "pre_tokenizer": {"type": "Whitespace"},
  "post_processor": {"type": "TemplateProcessing",
    "single": [{"SpecialToken": {"id": "[BOS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
    "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 0}}],
    "special_tokens": {"[BOS]": {"id": "[BOS]", "ids": [1], "tokens": ["[BOS]"]}}},
  "decoder": null,
  "model": {"type": "WordLevel", "unk_token": "[UNK]",
    "vocab": {"[PAD]": 0, "[BOS]": 1, "[UNK]": 2, "zoe": 3, "eats": 4, "cafe": 5, ".": 6}}
}"#;

fn tokenizer(text: &str) -> (tempfile::TempDir, Result<Tokenizer, InferenceError>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tokenizer.json");
    fs::write(&path, text).unwrap();
    let tokenizer = Tokenizer::open(&path);
    (folder, tokenizer)
}

#[test]
fn offsets_are_bytes_of_the_text_as_given() {
    let (_folder, tokenizer) = tokenizer(WORDS);
    let text = "Zoë  eats CAFÉ.";
    let tokens = tokenizer.unwrap().encode(text).unwrap();
    let pieces: Vec<_> = tokens
        .iter()
        .map(|it| (it.id, &text[it.start..it.end]))
        .collect();
    assert_eq!(pieces, [(3, "Zoë"), (4, "eats"), (5, "CAFÉ"), (6, ".")]);
}

#[test]
fn nothing_is_added_padded_or_cut() {
    let (_folder, tokenizer) = tokenizer(WORDS);
    let tokenizer = tokenizer.unwrap();
    assert_eq!(tokenizer.encode("").unwrap(), []);
    let ids: Vec<_> = tokenizer
        .encode("eats eats eats wild")
        .unwrap()
        .iter()
        .map(|it| it.id)
        .collect();
    assert_eq!(ids, [4, 4, 4, 2]);
}

#[test]
fn another_file_is_an_error_with_its_path() {
    let (folder, broken) = tokenizer(&WORDS[..300]);
    let error = broken.unwrap_err();
    let path = folder.path().join("tokenizer.json");
    assert_eq!(
        error.to_string(),
        format!("{} is not a tokenizer.json", path.display())
    );
    assert_eq!(error.fault_kind(), FaultKind::Setup);
    assert!(std::error::Error::source(&error).is_some());
    assert!(error.hint().is_some());
    assert!(Tokenizer::open(&folder.path().join("absent.json")).is_err());
}

#[test]
fn a_text_outside_the_vocabulary_is_an_error_with_the_text() {
    let (_folder, tokenizer) = tokenizer(&WORDS.replace("\"[UNK]\": 2, ", ""));
    let error = tokenizer.unwrap().encode("eats wild").unwrap_err();
    assert!(
        error.to_string().ends_with("failed on \"eats wild\""),
        "{error}"
    );
}

/// What the slow tokenisers of transformers 4.31 said (`tools/golden/tokens.py`).
#[derive(serde::Deserialize)]
struct Golden {
    texts: Vec<GoldenText>,
    #[serde(default)]
    without_legacy: Vec<GoldenText>,
}

#[derive(serde::Deserialize)]
struct GoldenText {
    text: String,
    ids: Vec<u32>,
}

fn golden(class: &str) -> (Tokenizer, Golden) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("reference-data/golden/tokens")
        .join(class);
    let text = fs::read_to_string(folder.join("golden.json")).unwrap();
    let tokenizer = Tokenizer::open(&folder.join("tokenizer.json")).unwrap();
    (tokenizer, serde_json::from_str(&text).unwrap())
}

/// Panics with the first texts whose ids differ.
fn same_ids(tokenizer: &Tokenizer, texts: &[GoldenText]) {
    assert!(texts.len() > 300);
    let ids = |text: &GoldenText| -> Vec<u32> {
        let tokens = tokenizer.encode(&text.text).unwrap();
        for token in &tokens {
            assert!(token.start <= token.end && token.end <= text.text.len());
        }
        tokens.iter().map(|token| token.id).collect()
    };
    let other: Vec<_> = texts
        .iter()
        .map(|text| (&text.text, ids(text), &text.ids))
        .filter(|(_, found, wanted)| found != *wanted)
        .collect();
    assert!(
        other.is_empty(),
        "{} of {}: {:?}",
        other.len(),
        texts.len(),
        &other[..other.len().min(5)]
    );
}

#[test]
fn opt_s_tokeniser_gives_the_published_ids() {
    let (tokenizer, golden) = golden("opt");
    same_ids(&tokenizer, &golden.texts);
}

#[test]
fn clip_s_tokeniser_gives_the_published_ids() {
    let (tokenizer, golden) = golden("clip");
    same_ids(&tokenizer, &golden.texts);
}

#[test]
fn llama_s_tokeniser_gives_the_published_ids_in_both_of_its_ways() {
    let (tokenizer, golden) = golden("llama");
    same_ids(&tokenizer, &golden.texts);
    same_ids(&tokenizer.without_legacy(), &golden.without_legacy);
    let differ = golden
        .texts
        .iter()
        .zip(&golden.without_legacy)
        .filter(|(legacy, other)| legacy.ids != other.ids);
    assert!(differ.count() > 20, "the two ways do not differ");
}

#[test]
fn offsets_of_clip_s_tokens_are_bytes_of_the_caption_as_given() {
    let (tokenizer, _) = golden("clip");
    let text = "A\u{200d}  FRED\u{2019}s 漢字 ΟΔΟΣ e\u{301} Otto";
    let tokens = tokenizer.encode(text).unwrap();
    let spans = |word: &str| {
        let from = text.find(word).unwrap();
        let inside: Vec<_> = tokens
            .iter()
            .filter(|token| token.start < from + word.len() && token.end > from)
            .collect();
        assert_eq!(inside[0].start, from, "{word}");
        assert_eq!(inside[inside.len() - 1].end, from + word.len(), "{word}");
    };
    for word in ["FRED", "漢", "字", "ΟΔΟΣ", "Otto"] {
        spans(word);
    }
}
