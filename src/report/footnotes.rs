//! Signatures as footnotes: a letter for each way in which a number of the table was computed.

use crate::record::without_count;
use crate::table::Line;

/// The signatures of a document, in the order in which they appear in it.
#[derive(Clone, Debug, Default)]
pub(super) struct Footnotes {
    signatures: Vec<String>,
}

impl Footnotes {
    /// The letter of a signature, which is noted if it is new. The model and the number of frames make no
    /// difference.
    pub(super) fn mark(&mut self, signature: &str) -> String {
        let signature = without_count(signature);
        let known = self.signatures.iter().position(|known| *known == signature);
        let at = known.unwrap_or_else(|| {
            self.signatures.push(signature);
            self.signatures.len() - 1
        });
        letters(at)
    }

    /// A line a signature.
    pub(super) fn lines(&self) -> Vec<Line> {
        let signatures = self.signatures.iter().enumerate();
        signatures
            .map(|(at, signature)| Line::Signature(format!("{} {signature}", letters(at))))
            .collect()
    }
}

/// `a`, `b`, .. `z`, `aa`, .. without `q`, which has no raised form.
fn letters(mut at: usize) -> String {
    const LETTERS: &[u8; 25] = b"abcdefghijklmnoprstuvwxyz";
    let mut letters = Vec::new();
    loop {
        letters.push(char::from(LETTERS[at % LETTERS.len()]));
        if at < LETTERS.len() {
            return letters.iter().rev().collect();
        }
        at = at / LETTERS.len() - 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_letter_a_way_of_counting() {
        let mut notes = Footnotes::default();
        assert_eq!(notes.mark("fid|gt:middle|n:4|v:1"), "a");
        assert_eq!(notes.mark("fid|gt:random|n:4|v:1"), "b");
        assert_eq!(notes.mark("fid|gt:middle|n:9|v:1"), "a");
        assert_eq!(
            notes.lines()[1],
            Line::Signature("b fid|gt:random|v:1".to_owned())
        );
        assert_eq!(letters(24), "z");
        assert_eq!(letters(25), "aa");
        assert_eq!(letters(26), "ab");
        assert_eq!(letters(25 + 625), "aaa");
    }
}
