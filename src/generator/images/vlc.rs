//! VLCStoryGAN and StoryViz: every frame of a story is drawn.

use super::{FramePlace, Layout, LayoutKind, Numbers, Place};

/// `img-<item>-<k>.png`: item counts stories and k the drawn frames, both from 0.
#[derive(Clone, Copy, Debug)]
pub(super) struct Vlc {
    /// Frames at the beginning of a story that were not drawn; 0 in the published program.
    pub(super) skipped: usize,
    /// What the numbers begin at; both 0 in the published program.
    pub(super) from: Numbers,
}

impl Layout for Vlc {
    fn kind(&self) -> LayoutKind {
        LayoutKind::Vlc
    }

    fn place(&self, frame: &FramePlace<'_>) -> Place {
        match frame.position.checked_sub(self.skipped) {
            Some(k) => {
                let (story, k) = (frame.story + self.from.story, k + self.from.frame);
                Place::Stem(format!("img-{story}-{k}"))
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
    fn every_frame_is_numbered_from_nought() {
        let vlc = |skipped, story, frame| Vlc {
            skipped,
            from: Numbers { story, frame },
        };
        assert_eq!(
            borrowed(&stems(&vlc(0, 1, 0), &windows(2, 1))),
            ["img-1-0", "img-2-0"].map(Some)
        );
        assert_eq!(
            borrowed(&stems(&vlc(0, 0, 0), &windows(2, 2))),
            ["img-0-0", "img-0-1", "img-1-0", "img-1-1"].map(Some)
        );
        assert_eq!(
            borrowed(&stems(&vlc(1, 0, 0), &windows(1, 2))),
            [None, Some("img-0-0")]
        );
    }
}
