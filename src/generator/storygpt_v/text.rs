//! Captions as the text encoder reads them, and the name tokens that get a portrait.

use super::super::Fault;
use super::networks::{Tokenize, tokens};
use crate::inference::{Text, Token};

/// A caption, padded to the text encoder's length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Encoded {
    /// `bos`, tokens, `eos`, padding: exactly `text.max_length` ids.
    pub(super) ids: Vec<i64>,
    /// Name tokens, in order of the text.
    pub(super) names: Vec<NameToken>,
}

/// A position of the text whose embedding is fused with a portrait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NameToken {
    /// Position in [`Encoded::ids`].
    pub(super) position: usize,
    /// Index of the portrait.
    pub(super) portrait: usize,
}

/// Encodes a caption. One that is too long loses its last tokens and keeps `eos`, as CLIP's does; names
/// that were cut off are fused no more.
///
/// `names` are the portraits' names in lower case.
pub(super) fn encode(
    caption: &str,
    text: &Text,
    tokenizer: &dyn Tokenize,
    names: &[String],
) -> Result<Encoded, Fault> {
    let pieces = tokens(tokenizer, caption)?;
    let room = text.max_length.saturating_sub(2);
    let mut ids = Vec::with_capacity(text.max_length);
    ids.push(i64::from(text.bos_id));
    ids.extend(pieces.iter().take(room).map(|token| i64::from(token.id)));
    ids.push(i64::from(text.eos_id));
    ids.resize(text.max_length, i64::from(text.pad_id));
    let names = named(caption, &pieces, names)
        .filter(|(piece, _)| *piece < room)
        .map(|(piece, portrait)| NameToken {
            position: piece + 1,
            portrait,
        })
        .collect();
    Ok(Encoded { ids, names })
}

/// The last token of every word that is a name, with the name's index.
///
/// This is the released rule, shortcomings included (StoryGPT-V `models/data.py:108-145,239-243`): the caption is
/// split at spaces and lower-cased, so `Otto` counts while `Otto,` and names of two words never do; of a
/// name that is several tokens only the last is fused.
fn named<'a>(
    caption: &'a str,
    pieces: &'a [Token],
    names: &'a [String],
) -> impl Iterator<Item = (usize, usize)> + 'a {
    let mut start = 0;
    caption.split(' ').filter_map(move |word| {
        let (from, to) = (start, start + word.len());
        start = to + 1;
        let lower = word.to_lowercase();
        let portrait = names.iter().position(|name| *name == lower)?;
        // Overlap, not equality: some tokenisers count the space before a word to its first token.
        let piece = pieces
            .iter()
            .rposition(|token| token.start < to && token.end > from)?;
        Some((piece, portrait))
    })
}

#[cfg(test)]
mod tests {
    use super::super::fake::{WordTokenizer, settings};
    use super::*;

    fn encoded(caption: &str) -> Encoded {
        let names = ["mira".to_owned(), "mr moss".to_owned(), "otto".to_owned()];
        encode(caption, &settings().text, &WordTokenizer, &names).unwrap()
    }

    fn positions(caption: &str) -> Vec<(usize, usize)> {
        encoded(caption)
            .names
            .iter()
            .map(|name| (name.position, name.portrait))
            .collect()
    }

    #[test]
    fn ids_start_with_bos_end_with_eos_and_are_padded() {
        let text = settings().text;
        let ids = encoded("Otto waves").ids;
        assert_eq!(ids.len(), text.max_length);
        assert_eq!(ids[0], i64::from(text.bos_id));
        // The tokeniser of the tests cuts words after three letters: ott-o wav-es.
        assert_eq!(ids[5], i64::from(text.eos_id));
        assert!(ids[6..].iter().all(|id| *id == i64::from(text.pad_id)));
    }

    #[test]
    fn the_empty_caption_has_two_tokens() {
        let text = settings().text;
        assert_eq!(
            encoded("").ids[..2],
            [i64::from(text.bos_id), i64::from(text.eos_id)]
        );
    }

    #[test]
    fn a_long_caption_keeps_eos_and_loses_late_names() {
        let text = settings().text;
        let long = format!("Mira {} Otto", "aaa ".repeat(text.max_length).trim_end());
        let encoded = encoded(&long);
        assert_eq!(encoded.ids.len(), text.max_length);
        assert_eq!(encoded.ids[text.max_length - 1], i64::from(text.eos_id));
        assert_eq!(
            encoded.names,
            [NameToken {
                position: 2,
                portrait: 0
            }]
        );
    }

    #[test]
    fn only_words_that_equal_a_name_get_its_portrait() {
        assert_eq!(
            positions("Otto waves"),
            [(2, 2)],
            "the last token of a name of two"
        );
        assert_eq!(positions("OTTO waves"), [(2, 2)]);
        assert_eq!(positions("Otto, waves"), []);
        assert_eq!(positions("Otto's hat"), []);
        assert_eq!(positions("Ottokar waves"), []);
        assert_eq!(
            positions("Mr Moss waves"),
            [],
            "a name of two words is no word"
        );
        assert_eq!(positions("He waves"), []);
        assert_eq!(
            positions("Mira and Otto and Mira"),
            [(2, 0), (5, 2), (8, 0)]
        );
    }

    #[test]
    fn more_than_one_space_does_not_shift_the_names() {
        assert_eq!(positions("The  hat of  Otto"), [(5, 2)]);
    }
}
