//! StoryDALL-E, a continuation model: it is given frame 1 and draws the others
//! (`flintstones_dataloader.py:146-173` of the released code reads its files so).

use super::{FramePlace, Layout, LayoutKind, Numbers, Place};

/// `gen_sample_<item>_<k>.png`: item counts stories and k the drawn frames, both from 0, so that k = 0
/// is frame 2.
#[derive(Clone, Copy, Debug)]
pub(super) struct StoryDalle {
    /// What the numbers begin at; both 0 in the published program.
    pub(super) from: Numbers,
}

impl Layout for StoryDalle {
    fn kind(&self) -> LayoutKind {
        LayoutKind::Storydalle
    }

    fn place(&self, frame: &FramePlace<'_>) -> Place {
        match frame.position.checked_sub(1) {
            Some(k) => {
                let (story, k) = (frame.story + self.from.story, k + self.from.frame);
                Place::Stem(format!("gen_sample_{story}_{k}"))
            }
            None => Place::NotDrawn,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::images::testing::{borrowed, stems, windows};

    #[test]
    fn the_source_frame_is_not_drawn() {
        assert_eq!(
            borrowed(&stems(
                &StoryDalle {
                    from: Numbers::default()
                },
                &windows(2, 5)
            ))[..6],
            [
                None,
                Some("gen_sample_0_0"),
                Some("gen_sample_0_1"),
                Some("gen_sample_0_2"),
                Some("gen_sample_0_3"),
                None,
            ]
        );
    }
}
