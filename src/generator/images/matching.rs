//! Planned frames and files brought together.

use super::{Folder, FoundFile, FramePlace, Layout, Place};
use crate::record::Story;
use std::collections::{BTreeMap, BTreeSet};
use unicode_normalization::UnicodeNormalization;

/// What a planned frame has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FrameMatch {
    /// A file: its position among [`Folder::files`].
    File(usize),
    /// None, although the layout has a place for it.
    Missing {
        /// The path where it was looked for, without ending where any will do.
        expected: String,
    },
    /// Several files that could be it.
    Ambiguous(Vec<usize>),
    /// None, as the layout never has it.
    NotDrawn,
}

/// Frames of the plan with their files, and the files that are left over.
#[derive(Clone, Debug)]
pub struct Matching {
    /// `[story][frame]` of the selected stories.
    pub frames: Vec<Vec<FrameMatch>>,
    /// Files that no frame of the whole split has in this layout: positions among [`Folder::files`].
    pub extra: Vec<usize>,
    /// Files of frames of stories that are not selected.
    pub not_selected: usize,
}

/// Files by the keys that layouts look for.
struct Index<'a> {
    files: &'a [FoundFile],
    paths: BTreeMap<&'a str, usize>,
    stems: BTreeMap<&'a str, Vec<usize>>,
    /// Stems as [`folded`] has them.
    folded: BTreeMap<String, Vec<usize>>,
}

impl<'a> Index<'a> {
    fn new(files: &'a [FoundFile]) -> Self {
        let mut index = Self {
            files,
            paths: BTreeMap::new(),
            stems: BTreeMap::new(),
            folded: BTreeMap::new(),
        };
        for (position, file) in files.iter().enumerate() {
            if let Some(stem) = file.stem() {
                index.paths.insert(&file.relative, position);
                index.stems.entry(stem).or_default().push(position);
                let folded = index.folded.entry(folded(stem)).or_default();
                folded.push(position);
            }
        }
        index
    }

    /// The match of a place. `expected` are the stems of all frames: what is another frame's own file is
    /// no candidate for this one.
    fn find(&self, place: Place, expected: &BTreeSet<String>) -> FrameMatch {
        match place {
            Place::NotDrawn => FrameMatch::NotDrawn,
            Place::Unlisted => FrameMatch::Missing {
                expected: "not in the list".to_owned(),
            },
            Place::File(path) => match self.paths.get(path.as_str()) {
                Some(file) => FrameMatch::File(*file),
                None => FrameMatch::Missing { expected: path },
            },
            Place::Stem(stem) => {
                let Some(exact) = self.stems.get(stem.as_str()) else {
                    return FrameMatch::Missing { expected: stem };
                };
                let namesakes = self.folded.get(&folded(&stem));
                let candidates: Vec<usize> = namesakes
                    .unwrap_or(exact)
                    .iter()
                    .copied()
                    .filter(|file| {
                        let own = self.files[*file].stem();
                        own == Some(&stem) || own.is_some_and(|own| !expected.contains(own))
                    })
                    .collect();
                match candidates[..] {
                    [only] => FrameMatch::File(only),
                    _ => FrameMatch::Ambiguous(candidates),
                }
            }
        }
    }
}

/// A name as a file system sees it that tells neither cases nor Unicode forms apart: macOS has the
/// letter and its accent in one or in two characters for the same file, Linux for two files.
fn folded(name: &str) -> String {
    name.nfc()
        .collect::<String>()
        .to_lowercase()
        .nfc()
        .collect()
}

/// Whether two different names are the same text in two Unicode forms, so that they look alike.
pub(super) fn same_text(first: &str, second: &str) -> bool {
    first != second && first.nfc().eq(second.nfc())
}

impl Matching {
    /// Finds the file of every frame. `stories` are all of the split, because layouts count them; the first
    /// `selected` are the plan.
    #[must_use]
    pub fn new(layout: &dyn Layout, folder: &Folder, stories: &[Story], selected: usize) -> Self {
        let index = Index::new(folder.files());
        let places: Vec<(usize, Place)> = FramePlace::all(stories)
            .map(|frame| (frame.story, layout.place(&frame)))
            .collect();
        let expected: BTreeSet<String> = places
            .iter()
            .filter_map(|(_, place)| match place {
                Place::Stem(stem) => Some(stem.clone()),
                _ => None,
            })
            .collect();
        let mut frames: Vec<Vec<FrameMatch>> = vec![Vec::new(); selected.min(stories.len())];
        let (mut used, mut others) = (BTreeSet::new(), BTreeSet::new());
        for (story, place) in places {
            let found = index.find(place, &expected);
            let files: &[usize] = match &found {
                FrameMatch::File(file) => std::slice::from_ref(file),
                FrameMatch::Ambiguous(files) => files,
                _ => &[],
            };
            match frames.get_mut(story) {
                Some(list) => {
                    used.extend(files);
                    list.push(found);
                }
                None => others.extend(files.iter().copied()),
            }
        }
        let extra = (0..folder.files().len())
            .filter(|file| !used.contains(file) && !others.contains(file))
            .collect();
        Self {
            frames,
            extra,
            not_selected: others.difference(&used).count(),
        }
    }

    /// Frames that have exactly one file.
    #[must_use]
    pub fn matched(&self) -> usize {
        let all = self.frames.iter().flatten();
        all.filter(|found| matches!(found, FrameMatch::File(_)))
            .count()
    }

    /// Frames that should have a file.
    #[must_use]
    pub fn wanted(&self) -> usize {
        let all = self.frames.iter().flatten();
        all.filter(|found| **found != FrameMatch::NotDrawn).count()
    }

    /// The files that frames have, each once, in the order of their paths.
    #[must_use]
    pub fn files(&self) -> Vec<usize> {
        let files: BTreeSet<usize> = self
            .frames
            .iter()
            .flatten()
            .filter_map(|found| match found {
                FrameMatch::File(file) => Some(*file),
                _ => None,
            })
            .collect();
        files.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::images::testing::{put, windows};
    use crate::generator::images::{LayoutKind, open_layout};

    fn matching(kind: LayoutKind, files: &[&str], selected: usize) -> (Matching, Folder) {
        let root = tempfile::tempdir().unwrap();
        for file in files {
            put(root.path(), file, b"");
        }
        let folder = Folder::list(root.path()).unwrap();
        let stories = windows(3, 2);
        let layout = open_layout(kind, &folder, &stories, None).unwrap();
        let matching = Matching::new(layout.as_ref(), &folder, &stories, selected);
        (matching, folder)
    }

    #[test]
    fn matched_missing_extra_and_not_selected() {
        let files = [
            "img-0-0.png",
            "img-0-1.JPG",
            "img-2-0.png",
            "img-1-0.png",
            "other.png",
            "a/img-1-1.png",
        ];
        let (found, folder) = matching(LayoutKind::Vlc, &files, 2);
        assert_eq!(
            (found.matched(), found.wanted(), found.not_selected),
            (3, 4, 1)
        );
        let missing = FrameMatch::Missing {
            expected: "img-1-1".to_owned(),
        };
        assert_eq!(found.frames[1][1], missing);
        let extra: Vec<_> = found
            .extra
            .iter()
            .map(|file| folder.files()[*file].relative.as_str())
            .collect();
        assert_eq!(extra, ["a/img-1-1.png", "other.png"]);
    }

    #[test]
    fn two_candidates_are_not_chosen_between() {
        for twin in ["img-0-0.jpg", "img-0-0.PNG", "IMG-0-0.png"] {
            let (found, _) = matching(LayoutKind::Vlc, &["img-0-0.png", "img-0-1.png", twin], 1);
            assert!(
                matches!(&found.frames[0][0], FrameMatch::Ambiguous(files) if files.len() == 2),
                "{twin}"
            );
            assert!(matches!(found.frames[0][1], FrameMatch::File(_)));
            assert!(found.extra.is_empty());
        }
        // Only a file of another case: not the frame's.
        let (found, _) = matching(LayoutKind::Vlc, &["IMG-0-0.png"], 1);
        assert_eq!((found.matched(), found.extra.len()), (0, 1));
    }

    #[test]
    fn one_name_in_two_unicode_forms_is_not_chosen_between() {
        let (composed, decomposed) = ("caf\u{e9}", "cafe\u{301}");
        let mut stories = windows(1, 1);
        stories[0].frames[0].clip = crate::record::ClipId::new(composed);
        let found = |files: &[&str]| {
            let root = tempfile::tempdir().unwrap();
            for file in files {
                put(root.path(), file, b"");
            }
            let folder = Folder::list(root.path()).unwrap();
            let layout = open_layout(LayoutKind::Gill, &folder, &stories, None).unwrap();
            let found = Matching::new(layout.as_ref(), &folder, &stories, 1);
            (folder.files().len(), found)
        };
        let twins = [format!("{composed}.png"), format!("{decomposed}.png")];
        let (files, both) = found(&[&twins[0], &twins[1]]);
        // A file system that has both forms for one file has no twins.
        if files == 2 {
            let expected = FrameMatch::Ambiguous(vec![0, 1]);
            assert_eq!((&both.frames[0][0], both.extra.len()), (&expected, 0));
        }
        let upper = format!("{}.PNG", decomposed.to_uppercase());
        let (_, cases) = found(&[&twins[0], &upper]);
        assert!(matches!(cases.frames[0][0], FrameMatch::Ambiguous(_)));
        assert_eq!(found(&[&twins[0]]).1.matched(), 1);
        assert!(same_text(composed, decomposed) && !same_text(composed, composed));
        assert!(!same_text(composed, "cafe"));
    }

    #[test]
    fn frames_may_share_a_file() {
        let stories = windows(1, 2);
        let twice: Vec<Story> = [&stories[0], &stories[0]].into_iter().cloned().collect();
        let root = tempfile::tempdir().unwrap();
        put(root.path(), "c1.png", b"");
        let folder = Folder::list(root.path()).unwrap();
        let layout = open_layout(LayoutKind::Gill, &folder, &twice, None).unwrap();
        let found = Matching::new(layout.as_ref(), &folder, &twice, 2);
        assert_eq!(
            (found.matched(), found.wanted(), found.files().len()),
            (2, 2, 1)
        );
        let half = Matching::new(layout.as_ref(), &folder, &twice, 1);
        assert_eq!((half.not_selected, half.extra.len()), (0, 0));
    }
}
