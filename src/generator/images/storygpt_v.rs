//! StoryGPT-V: one folder per story, named by its first clip (`eval_llm.py:202-210` of the released code).

use super::{FramePlace, Layout, LayoutKind, Place};

/// `<first clip id>/<clip id>.png`.
#[derive(Clone, Copy, Debug)]
pub(super) struct StoryGptV;

impl Layout for StoryGptV {
    fn kind(&self) -> LayoutKind {
        LayoutKind::StorygptV
    }

    fn place(&self, frame: &FramePlace<'_>) -> Place {
        Place::Stem(format!(
            "{}/{}",
            frame.of.frames[0].clip.as_str(),
            frame.clip()
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::images::testing::{borrowed, stems, windows};

    #[test]
    fn a_folder_is_a_story() {
        assert_eq!(
            borrowed(&stems(&StoryGptV, &windows(2, 2))),
            ["c0/c0", "c0/c1", "c1/c1", "c1/c2"].map(Some)
        );
    }
}
