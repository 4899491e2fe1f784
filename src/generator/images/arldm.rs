//! AR-LDM: one numbered list of all frames (`main.py:443-444` of the released code).

use super::{FramePlace, Layout, LayoutKind, Place};
use crate::record::Story;

/// `%04d.png`, counting the drawn frames of story after story from 0. Visualisation draws all frames of
/// a story, continuation all but the first. Lists with numbers of another width, or from 1, are read too.
#[derive(Clone, Debug)]
pub(super) struct Arldm {
    skipped: usize,
    /// Number of the first drawn frame of each story.
    first: Vec<usize>,
    /// Digits that a number has at least.
    width: usize,
}

impl Arldm {
    /// The numbering of `stories`, each without its first `skipped` frames, that begins at `from`.
    pub(super) fn new(stories: &[Story], skipped: usize, from: usize, width: usize) -> Self {
        let mut next = from;
        let first = stories
            .iter()
            .map(|story| {
                let first = next;
                next += story.frames.len().saturating_sub(skipped);
                first
            })
            .collect();
        Self {
            skipped,
            first,
            width,
        }
    }
}

impl Layout for Arldm {
    fn kind(&self) -> LayoutKind {
        LayoutKind::Arldm
    }

    fn place(&self, frame: &FramePlace<'_>) -> Place {
        let drawn = frame.position.checked_sub(self.skipped);
        match (self.first.get(frame.story), drawn) {
            (Some(first), Some(k)) => {
                Place::Stem(format!("{:0width$}", first + k, width = self.width))
            }
            _ => Place::NotDrawn,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::images::testing::{borrowed, stems, windows};

    #[test]
    fn visualisation_numbers_every_frame() {
        let stories = windows(2, 3);
        assert_eq!(
            borrowed(&stems(&Arldm::new(&stories, 0, 0, 4), &stories)),
            ["0000", "0001", "0002", "0003", "0004", "0005"].map(Some)
        );
    }

    #[test]
    fn continuation_leaves_out_the_first_frame() {
        let stories = windows(2, 3);
        assert_eq!(
            borrowed(&stems(&Arldm::new(&stories, 1, 0, 4), &stories)),
            [
                None,
                Some("0000"),
                Some("0001"),
                None,
                Some("0002"),
                Some("0003")
            ]
        );
    }

    #[test]
    fn numbers_grow_beyond_four_digits() {
        let stories = windows(6000, 2);
        assert_eq!(
            borrowed(&stems(&Arldm::new(&stories, 0, 0, 4), &stories))[11_999],
            Some("11999")
        );
    }
}
