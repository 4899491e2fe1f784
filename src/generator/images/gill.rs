//! GILL on VIST: only the last picture of a story, named by its own id
//! (`evals/generate_vist_images.py` of the released code).

use super::{FramePlace, Layout, LayoutKind, Place};

/// `<id of the last clip>.png`. Stories that end with the same picture share a file: the program
/// overwrites it, and the last story's drawing counts for all of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gill;

impl Layout for Gill {
    fn kind(&self) -> LayoutKind {
        LayoutKind::Gill
    }

    fn place(&self, frame: &FramePlace<'_>) -> Place {
        if frame.position + 1 == frame.of.frames.len() {
            Place::Stem(frame.clip().to_owned())
        } else {
            Place::NotDrawn
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::images::testing::{borrowed, stems, windows};

    #[test]
    fn only_the_last_frame_has_a_file() {
        assert_eq!(
            borrowed(&stems(&Gill, &windows(2, 3))),
            [None, None, Some("c2"), None, None, Some("c3")]
        );
    }
}
