//! A folder per story, as in the `frames/` of a run.

use super::{Folder, FramePlace, Layout, LayoutKind, Place};
use crate::record::one_folder;
use std::collections::BTreeSet;

/// `<story>/<k>.png`: the story's id, spelt as a run folder spells it or as it is, and the frame.
#[derive(Clone, Debug)]
pub(super) struct Stories {
    /// Number of a story's first frame; 1 in a run folder.
    from: usize,
    /// Digits that a number has at least.
    width: usize,
    /// Names of the folders that hold images.
    folders: BTreeSet<String>,
}

impl Stories {
    pub(super) fn new(folder: &Folder, from: usize) -> Self {
        Self {
            from,
            width: folder.digits(1, |stem| Some(stem.rsplit_once('/')?.1)),
            folders: folder
                .files()
                .iter()
                .filter_map(|file| Some(file.relative.split_once('/')?.0.to_owned()))
                .collect(),
        }
    }
}

impl Layout for Stories {
    fn kind(&self) -> LayoutKind {
        LayoutKind::Stories
    }

    fn place(&self, frame: &FramePlace<'_>) -> Place {
        let id = frame.story_id().as_str();
        let spelt = one_folder(id);
        let plain = spelt != id && self.folders.contains(id);
        let story = if plain { id } else { &spelt };
        let number = frame.position + self.from;
        Place::Stem(format!("{story}/{number:0width$}", width = self.width))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::images::testing::{borrowed, put, stems, windows};
    use crate::record::StoryId;

    fn names(files: &[&str], id: &str, from: usize) -> Vec<Option<String>> {
        let root = tempfile::tempdir().unwrap();
        for file in files {
            put(root.path(), file, b"");
        }
        let mut stories = windows(1, 2);
        stories[0].id = StoryId::new(id);
        stems(
            &Stories::new(&Folder::list(root.path()).unwrap(), from),
            &stories,
        )
    }

    #[test]
    fn a_folder_is_a_story_and_a_number_a_frame() {
        let files = ["a b/1.png", "a b/2.png"];
        assert_eq!(
            borrowed(&names(&files, "a b", 1)),
            ["a b/1", "a b/2"].map(Some)
        );
        assert_eq!(
            borrowed(&names(&["x.png"], "a b", 1)),
            ["a%20b/1", "a%20b/2"].map(Some)
        );
        assert_eq!(
            borrowed(&names(&["c/000.png"], "c", 0)),
            ["c/000", "c/001"].map(Some)
        );
    }
}
