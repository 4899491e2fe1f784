use super::*;
use crate::{ExitCode, Hint as _};
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
    assert_eq!(error.exit_code(), ExitCode::Setup);
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
