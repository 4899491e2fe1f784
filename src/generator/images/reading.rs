//! Which frames the numbers of a numbered list may mean.

use super::{Folder, LayoutKind, Matching, Numbers, open_numbered};
use crate::record::Story;
use std::fmt;

/// First frames that programs number from: visualisation draws all, continuation all but the first.
const FIRST_FRAMES: [usize; 2] = [1, 2];

/// A way to read a numbered list: frames per story, and the first frame that was drawn (from 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reading {
    /// `--story-length`.
    pub story_length: usize,
    /// `--first-frame`.
    pub first_frame: usize,
}

impl fmt::Display for Reading {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "`--story-length {} --first-frame {}`",
            self.story_length, self.first_frame
        )
    }
}

/// Why the numbers of a list may mean other frames than they are taken for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// Another reading fits the files whole, and the one that was taken does not.
    Better(Vec<Reading>),
    /// The reading that was taken fits whole, and others do as well.
    Equal {
        /// What was taken.
        taken: Reading,
        /// What fits as well.
        others: Vec<Reading>,
    },
}

impl fmt::Display for Doubt {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let either = |readings: &[Reading]| {
            let readings: Vec<String> = readings.iter().map(ToString::to_string).collect();
            readings.join(" or ")
        };
        formatter.write_str(
            "the numbers of the files may mean other frames than they are taken for: ",
        )?;
        match self {
            Self::Better(others) => write!(formatter, "{} fits them whole", either(others)),
            Self::Equal { taken, others } => write!(
                formatter,
                "{} fits them as well as {taken}, which was taken; say `--story-length` and `--first-frame` to settle it",
                either(others)
            ),
        }
    }
}

/// How a numbered list was read, and what else is thought of.
#[derive(Clone, Copy, Debug)]
pub struct Taken<'a> {
    /// The stories of the split at every length that is thought of, the one that was taken first.
    pub stories: &'a [&'a [Story]],
    /// How many of them are planned.
    pub planned: usize,
    /// The first frame (from 1) that was taken.
    pub first_frame: usize,
    /// Whether the user said how long stories are.
    pub length_is_sure: bool,
    /// What the numbers begin at.
    pub numbers: Numbers,
    /// Whether the user said which frame is the first.
    pub first_is_sure: bool,
}

/// Doubts how a numbered list was read, because a number says nothing about stories. `None` where
/// nothing else fits better, or as well and not against what the user said.
///
/// A reading fits when every frame of the plan, or of the split, has a file and no file is left over.
#[must_use]
pub fn doubt(folder: &Folder, taken: Taken<'_>) -> Option<Doubt> {
    let fits = |stories: &[Story], first: usize| {
        let kind = LayoutKind::Arldm;
        let layout = open_numbered(kind, folder, stories, Some(first), taken.numbers).ok();
        layout.is_some_and(|layout| {
            [taken.planned, usize::MAX].into_iter().any(|planned| {
                let found = Matching::new(layout.as_ref(), folder, stories, planned);
                found.matched() > 0
                    && found.matched() == found.wanted()
                    && found.extra.is_empty()
                    && found.not_selected == 0
            })
        })
    };
    let own = taken.stories.first()?;
    let own_fits = fits(own, taken.first_frame);
    let reading = |stories: &[Story], first_frame| Reading {
        story_length: stories.first().map_or(0, |story| story.frames.len()),
        first_frame,
    };
    let ours = reading(own, taken.first_frame);
    // What fits better is named even where the user said something else: that may be the mistake.
    let possible = |other: Reading| {
        other != ours
            && !(own_fits && taken.length_is_sure && other.story_length != ours.story_length)
            && !(own_fits && taken.first_is_sure && other.first_frame != ours.first_frame)
    };
    let others: Vec<Reading> = taken
        .stories
        .iter()
        .flat_map(|stories| FIRST_FRAMES.map(|first| (*stories, first)))
        .filter(|(stories, first)| possible(reading(stories, *first)) && fits(stories, *first))
        .map(|(stories, first)| reading(stories, first))
        .collect();
    if others.is_empty() {
        return None;
    }
    Some(if own_fits {
        Doubt::Equal {
            taken: ours,
            others,
        }
    } else {
        Doubt::Better(others)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::images::testing::{put, windows};

    /// Doubts a list of `files` numbers, read as stories of four frames from the first. `sure` are length
    /// and first frame.
    fn doubted(files: usize, planned: usize, sure: [bool; 2]) -> Option<Doubt> {
        let root = tempfile::tempdir().unwrap();
        for number in 0..files {
            put(root.path(), &format!("{number:04}.png"), b"");
        }
        let folder = Folder::list(root.path()).unwrap();
        let (four, five) = (windows(10, 4), windows(9, 5));
        let taken = Taken {
            stories: &[&four, &five],
            planned,
            first_frame: 1,
            length_is_sure: sure[0],
            numbers: Numbers::default(),
            first_is_sure: sure[1],
        };
        doubt(&folder, taken)
    }

    fn reading(story_length: usize, first_frame: usize) -> Reading {
        Reading {
            story_length,
            first_frame,
        }
    }

    #[test]
    fn a_continuation_of_longer_stories_numbers_as_many_frames() {
        // Three stories: 3 x 4 frames, or 3 x 5 without the first of each.
        let doubt = doubted(12, 3, [false, false]).unwrap();
        assert_eq!(
            doubt,
            Doubt::Equal {
                taken: reading(4, 1),
                others: vec![reading(5, 2)]
            }
        );
        let text = doubt.to_string();
        for part in [
            "`--story-length 5 --first-frame 2` fits them as well as `--story-length 4 --first-frame 1`",
            "to settle it",
        ] {
            assert!(text.contains(part), "{text}");
        }
        // Either option settles it here, as nothing else fits with it.
        assert_eq!(doubted(12, 3, [true, false]), None);
        assert_eq!(doubted(12, 3, [false, true]), None);
    }

    #[test]
    fn the_whole_split_fits_one_reading() {
        assert_eq!(doubted(40, 10, [false, false]), None);
    }

    #[test]
    fn what_fits_better_is_named() {
        // 9 stories of 5, or of 4 beyond the first frame of each.
        assert_eq!(
            doubted(45, 10, [true, true]),
            Some(Doubt::Better(vec![reading(5, 1)]))
        );
        assert_eq!(
            doubted(36, 10, [false, false]),
            Some(Doubt::Better(vec![reading(5, 2)]))
        );
        assert_eq!(doubted(37, 10, [false, false]), None);
        assert_eq!(doubted(0, 10, [false, false]), None);
    }
}
