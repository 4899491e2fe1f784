//! StoryDALL-E, a continuation model: it is given frame 1 and draws the others
//! (`flintstones_dataloader.py:146-173` of the released code reads its files so).

use super::{FramePlace, Layout, LayoutKind, Place};

/// `gen_sample_<item>_<k>.png`: item counts stories and k the drawn frames, both from 0, so that k = 0
/// is frame 2.
#[derive(Clone, Copy, Debug)]
pub(super) struct StoryDalle;

impl Layout for StoryDalle {
    fn kind(&self) -> LayoutKind {
        LayoutKind::Storydalle
    }

    fn place(&self, frame: &FramePlace<'_>) -> Place {
        match frame.position.checked_sub(1) {
            Some(k) => Place::Stem(format!("gen_sample_{}_{k}", frame.story)),
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
            borrowed(&stems(&StoryDalle, &windows(2, 5)))[..6],
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
