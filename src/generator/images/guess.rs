//! Which layout a folder has, when it is not the one that was named.

use super::{Folder, LayoutKind, Matching, Numbers, open_numbered};
use crate::record::Story;
use std::fmt;
use std::fmt::Write as _;

/// A layout that fits at least in part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guess {
    /// The layout.
    pub kind: LayoutKind,
    /// `--first-frame`, where it helps.
    pub first_frame: Option<usize>,
    /// What the numbers of the files begin at.
    pub numbers: Numbers,
    /// The folder below the one given that has it, where all images are in one.
    pub below: Option<String>,
    /// Frames that have a file.
    pub matched: usize,
    /// Frames that should have one.
    pub wanted: usize,
    /// Files that fit no frame.
    pub extra: usize,
}

impl Guess {
    /// The options to be typed.
    #[must_use]
    pub fn options(&self) -> String {
        let mut text = format!("--layout {}", self.kind);
        if let Some(first) = self.first_frame {
            let _ = write!(text, " --first-frame {first}");
        }
        if let Some(numbers) = self.kind.option_for(self.numbers) {
            let _ = write!(text, " --numbers-from {numbers}");
        }
        text
    }
}

impl fmt::Display for Guess {
    /// `--layout vlc would match 400 of 400 frames`, with everything to be typed.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{}`", self.options())?;
        if let Some(below) = &self.below {
            write!(formatter, " with `--images` on its folder {below:?}")?;
        }
        write!(
            formatter,
            " would match {} of {} frames",
            self.matched, self.wanted
        )
    }
}

/// Every layout that matches something, the best first: most of the frames that it wants, then the fewest
/// left over.
#[must_use]
pub fn guesses(folder: &Folder, stories: &[Story], selected: usize) -> Vec<Guess> {
    let mut found = Vec::new();
    let lower = folder.only_child().map(|name| (folder.below(&name), name));
    for &kind in LayoutKind::ALL {
        // A list has paths, so that it cannot be right by chance; and it lies in the folder itself.
        let firsts: &[Option<usize>] = match kind {
            LayoutKind::Arldm | LayoutKind::Vlc => &[None, Some(2)],
            _ => &[None],
        };
        let least = kind.least(folder);
        let least = least.filter(|least| least.story > 1 || least.frame > 1);
        let ways = firsts.iter().flat_map(|first| {
            let numbers = kind.beginnings().iter().copied().chain(least);
            numbers.map(move |numbers| (*first, numbers))
        });
        for (first_frame, numbers) in ways {
            let places = std::iter::once((folder, None))
                .chain(lower.iter().map(|(below, name)| (below, Some(name))));
            for (place, name) in places {
                let Ok(layout) = open_numbered(kind, place, stories, first_frame, numbers) else {
                    continue;
                };
                let matching = Matching::new(layout.as_ref(), place, stories, selected);
                if matching.matched() > 0 {
                    found.push(Guess {
                        kind,
                        first_frame,
                        numbers,
                        below: name.cloned(),
                        matched: matching.matched(),
                        wanted: matching.wanted(),
                        extra: matching.extra.len(),
                    });
                }
            }
        }
    }
    // Stable, so that the simpler of equals stays first.
    found.sort_by(|a, b| {
        let share = (b.matched * a.wanted).cmp(&(a.matched * b.wanted));
        share.then(a.extra.cmp(&b.extra))
    });
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::images::testing::{put, windows};

    fn best(files: &[String]) -> Option<String> {
        let root = tempfile::tempdir().unwrap();
        for file in files {
            put(root.path(), file, b"");
        }
        let folder = Folder::list(root.path()).unwrap();
        let found = guesses(&folder, &windows(2, 3), 2);
        found.first().map(ToString::to_string)
    }

    fn names(
        format: impl Fn(usize, usize) -> String,
        frames: std::ops::Range<usize>,
    ) -> Vec<String> {
        (0..2)
            .flat_map(|story| frames.clone().map(move |k| (story, k)))
            .map(|(s, k)| format(s, k))
            .collect()
    }

    #[test]
    fn each_layout_is_recognised() {
        for (files, expected) in [
            (
                names(|s, k| format!("c{s}/c{}.png", s + k), 0..3),
                "`--layout storygpt-v` would match 6 of 6 frames",
            ),
            (
                names(|s, k| format!("gen_sample_{s}_{k}.png"), 0..2),
                "`--layout storydalle` would match 4 of 4 frames",
            ),
            (
                names(|s, k| format!("img-{s}-{k}.jpg"), 0..3),
                "`--layout vlc` would match 6 of 6 frames",
            ),
            (
                names(|s, k| format!("img-{s}-{k}.jpg"), 0..2),
                "`--layout vlc --first-frame 2` would match 4 of 4 frames",
            ),
            (
                names(|s, k| format!("{:04}.png", 3 * s + k), 0..3),
                "`--layout arldm` would match 6 of 6 frames",
            ),
            (
                names(|s, k| format!("{:04}.png", 2 * s + k), 0..2),
                "`--layout arldm --first-frame 2` would match 4 of 4 frames",
            ),
            (
                names(|s, _| format!("c{}.png", s + 2), 0..1),
                "`--layout gill` would match 2 of 2 frames",
            ),
            (
                names(|s, k| format!("out/img-{s}-{k}.png"), 0..3),
                "`--layout vlc` with `--images` on its folder \"out\" would match 6 of 6 frames",
            ),
        ] {
            assert_eq!(best(&files).as_deref(), Some(expected), "{files:?}");
        }
        let from_one = names(|s, k| format!("img-{}-{}.png", s + 1, k + 1), 0..3);
        assert_eq!(
            best(&from_one).as_deref(),
            Some("`--layout vlc --numbers-from 1` would match 6 of 6 frames")
        );
        assert_eq!(best(&["nothing.png".to_owned()]), None);
    }
}
