//! Which layout a folder has, and what its numbers begin at, where the user left it open.

use super::guess::Guess;
use super::manifest::lists;
use super::{Folder, ImagesError, LayoutKind, Matching, Numbers, guesses, open_numbered};
use crate::record::Story;

/// What the user said about the names of the files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// First frame that was drawn, from 1.
    pub first_frame: Option<usize>,
    /// What the numbers begin at; found out where absent.
    pub numbers: Option<Numbers>,
    /// Whether files of no frame are left alone.
    pub allow_extra: bool,
    /// Whether frames without a file are left out.
    pub allow_missing: bool,
}

/// A layout with the numbers that fit best.
#[derive(Clone, Debug)]
pub struct Fitted {
    /// What the numbers begin at.
    pub numbers: Numbers,
    /// Files and frames.
    pub matching: Matching,
    /// Other numbers that fit at least as well where these do not fit whole: the files may mean other frames.
    pub rival: Option<Guess>,
}

impl Fitted {
    /// Whether every frame of the layout has a file, and no file is left over.
    fn is_whole(&self, asked: Asked) -> bool {
        let matching = &self.matching;
        matching.matched() > 0
            && matching.matched() == matching.wanted()
            && (matching.extra.is_empty() || asked.allow_extra)
    }

    /// Whether the layout has every planned frame.
    fn draws_all(&self) -> bool {
        let planned: usize = self.matching.frames.iter().map(Vec::len).sum();
        planned == self.matching.wanted()
    }
}

/// Matches a folder with stories in one layout. The layout's own numbers are taken unless they do not fit whole and
/// exactly one other beginning does.
///
/// # Errors
/// As [`open_numbered`].
pub fn fit(
    kind: LayoutKind,
    folder: &Folder,
    stories: &[Story],
    selected: usize,
    asked: Asked,
) -> Result<Fitted, ImagesError> {
    if let Some(numbers) = asked.numbers
        && !kind.takes(numbers)
    {
        return Err(ImagesError::Numbers {
            layout: kind,
            asked: numbers,
        });
    }
    let beginnings = match &asked.numbers {
        Some(numbers) => std::slice::from_ref(numbers),
        None => kind.beginnings(),
    };
    let mut all = Vec::with_capacity(beginnings.len());
    for numbers in beginnings {
        let layout = open_numbered(kind, folder, stories, asked.first_frame, *numbers)?;
        let fitted = Fitted {
            numbers: *numbers,
            matching: Matching::new(layout.as_ref(), folder, stories, selected),
            rival: None,
        };
        // The usual case, in which nothing else is tried.
        if all.is_empty() && fitted.is_whole(asked) {
            return Ok(fitted);
        }
        all.push(fitted);
    }
    let whole: Vec<usize> = (0..all.len())
        .filter(|at| all[*at].is_whole(asked))
        .collect();
    if let [only] = whole[..] {
        return Ok(all.swap_remove(only));
    }
    let mut own = all.swap_remove(0);
    if let Some(rival) = shifted(kind, folder, stories, selected, asked) {
        own.rival = Some(rival);
        return Ok(own);
    }
    let (matched, extra) = (own.matching.matched(), own.matching.extra.len());
    let as_good = |other: &&Fitted| {
        let matching = &other.matching;
        matching.matched() > 0 && matching.matched() >= matched && matching.extra.len() <= extra
    };
    let best = all
        .iter()
        .filter(as_good)
        .max_by_key(|other| other.matching.matched());
    own.rival = best.map(|other| Guess {
        kind,
        first_frame: asked.first_frame,
        numbers: other.numbers,
        below: None,
        matched: other.matching.matched(),
        wanted: other.matching.wanted(),
        extra: other.matching.extra.len(),
    });
    Ok(own)
}

/// Files whose numbers begin elsewhere than programs do, at 2 say, where every frame then has a file and none is left
/// over. Any other beginning would give each frame its neighbour's picture.
fn shifted(
    kind: LayoutKind,
    folder: &Folder,
    stories: &[Story],
    selected: usize,
    asked: Asked,
) -> Option<Guess> {
    let numbers = kind.least(folder)?;
    let layout = open_numbered(kind, folder, stories, asked.first_frame, numbers).ok()?;
    let matching = Matching::new(layout.as_ref(), folder, stories, selected);
    let fitted = Fitted {
        numbers,
        matching,
        rival: None,
    };
    let exactly = Asked {
        allow_extra: false,
        ..asked
    };
    (fitted.is_whole(exactly) && fitted.draws_all()).then(|| Guess {
        kind,
        first_frame: asked.first_frame,
        numbers,
        below: None,
        matched: fitted.matching.matched(),
        wanted: fitted.matching.wanted(),
        extra: 0,
    })
}

/// The layout that has a file for every planned frame and leaves none over; a list decides where there is one.
///
/// Where no layout fits and nothing may be missing, the nearest is given, so that a report says what does not fit.
///
/// # Errors
/// [`ImagesError::NoLayout`] and [`ImagesError::SeveralLayouts`].
pub fn choose(
    folder: &Folder,
    stories: &[Story],
    selected: usize,
    asked: Asked,
) -> Result<LayoutKind, ImagesError> {
    if !lists(folder.root()).is_empty() {
        return Ok(LayoutKind::Manifest);
    }
    let mut found: Vec<(LayoutKind, Fitted)> = Vec::new();
    for &kind in LayoutKind::ALL {
        // An option that a layout does not take speaks against it.
        let Ok(fitted) = fit(kind, folder, stories, selected, asked) else {
            continue;
        };
        // Two names for the same frames are no choice.
        let same =
            |(_, other): &(LayoutKind, Fitted)| other.matching.frames == fitted.matching.frames;
        if fitted.is_whole(asked) && fitted.draws_all() && !found.iter().any(same) {
            found.push((kind, fitted));
        }
    }
    match &found[..] {
        [(only, _)] => return Ok(*only),
        [] => {}
        several => {
            return Err(ImagesError::SeveralLayouts {
                path: folder.root().to_owned(),
                kinds: several.iter().map(|(kind, _)| *kind).collect(),
            });
        }
    }
    let nearest = guesses(folder, stories, selected);
    let planned: usize = stories
        .iter()
        .take(selected)
        .map(|story| story.frames.len())
        .sum();
    let reportable = |guess: &&Guess| {
        guess.below.is_none()
            && guess.first_frame == asked.first_frame
            && guess.wanted == planned
            && guess.matched * 2 >= planned
    };
    match nearest.iter().find(reportable) {
        Some(best) if !asked.allow_missing => Ok(best.kind),
        _ => Err(ImagesError::NoLayout {
            path: folder.root().to_owned(),
            images: folder.files().len(),
            unread: folder.unread(),
            nearest: nearest.into_iter().next().map(Box::new),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::images::testing::{put, windows};

    /// A folder with these files; it is gone afterwards, which names do not mind.
    fn folder(files: impl IntoIterator<Item = String>) -> Folder {
        let root = tempfile::tempdir().unwrap();
        for file in files {
            put(root.path(), &file, b"");
        }
        Folder::list(root.path()).unwrap()
    }

    fn numbers(story: usize, frame: usize) -> Numbers {
        Numbers { story, frame }
    }

    fn list(numbers: std::ops::RangeInclusive<usize>) -> Folder {
        folder(numbers.map(|number| format!("{number:04}.png")))
    }

    #[test]
    fn numbers_from_one_are_taken_where_they_fit_whole() {
        let stories = windows(3, 2);
        let asked = Asked::default();
        let found = |kind, folder: &Folder| fit(kind, folder, &stories, 3, asked).unwrap();
        assert_eq!(
            found(LayoutKind::Arldm, &list(0..=5)).numbers,
            numbers(0, 0)
        );
        let one = found(LayoutKind::Arldm, &list(1..=6));
        assert_eq!((one.numbers, one.matching.matched()), (numbers(0, 1), 6));
        // Whatever the width of the numbers.
        let bare = folder((1..=6).map(|number| format!("{number}.png")));
        assert_eq!(found(LayoutKind::Arldm, &bare).numbers, numbers(0, 1));
        for (story, frame) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            let files = (0..6).map(|at| format!("img-{}-{}.png", at / 2 + story, at % 2 + frame));
            let fitted = found(LayoutKind::Vlc, &folder(files));
            assert_eq!(fitted.numbers, numbers(story, frame));
            assert_eq!(fitted.matching.matched(), 6);
        }
    }

    #[test]
    fn numbers_that_begin_elsewhere_are_named_and_not_taken_for_others() {
        let stories = windows(3, 2);
        let every = Asked {
            allow_missing: true,
            allow_extra: true,
            ..Asked::default()
        };
        let asked = |from| Asked {
            numbers: Some(numbers(from, from)),
            ..every
        };
        for (kind, folder, from) in [
            (LayoutKind::Arldm, list(2..=7), 2),
            (
                LayoutKind::Vlc,
                folder((0..6).map(|at| format!("img-{}-{}.png", at / 2 + 5, at % 2 + 5))),
                5,
            ),
        ] {
            for other in [every, asked(0), asked(1)] {
                let fitted = fit(kind, &folder, &stories, 3, other).unwrap();
                let rival = fitted.rival.unwrap();
                assert_eq!((rival.numbers, rival.matched), (numbers(from, from), 6));
            }
            let told = fit(kind, &folder, &stories, 3, asked(from)).unwrap();
            assert_eq!((told.matching.matched(), told.rival), (6, None));
            let nearest = guesses(&folder, &stories, 3).remove(0);
            assert_eq!(nearest.numbers, numbers(from, from));
        }
    }

    #[test]
    fn numbers_that_a_layout_does_not_have_are_refused() {
        let stories = windows(3, 2);
        for (kind, text) in [
            (LayoutKind::Arldm, "0,1"),
            (LayoutKind::Stories, "1,0"),
            (LayoutKind::Gill, "1"),
            (LayoutKind::StorygptV, "0"),
        ] {
            let asked = Asked {
                numbers: Some(text.parse().unwrap()),
                ..Asked::default()
            };
            let error = fit(kind, &list(0..=5), &stories, 3, asked).unwrap_err();
            assert!(matches!(error, ImagesError::Numbers { .. }), "{error}");
        }
        for wrong in ["", "a", "-1", "1,", "1,2,3"] {
            assert!(wrong.parse::<Numbers>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn pictures_that_are_not_read_are_counted_in_the_hint() {
        use crate::record::Hint;
        let webp = folder((0..6).map(|at| format!("{at:04}.webp")));
        let error = choose(&webp, &windows(3, 2), 3, Asked::default()).unwrap_err();
        let hint = error.hint().unwrap();
        assert!(hint.contains("6 images are .webp files"), "{hint}");
        assert!(hint.contains("PNG"), "{hint}");
    }

    #[test]
    fn what_may_be_either_has_a_rival() {
        let stories = windows(3, 2);
        let asked = Asked {
            allow_missing: true,
            ..Asked::default()
        };
        // The first is missing, or the last of a list from 1.
        let fitted = fit(LayoutKind::Arldm, &list(1..=5), &stories, 3, asked).unwrap();
        assert_eq!(fitted.numbers, numbers(0, 0));
        let rival = fitted.rival.unwrap();
        assert_eq!(
            rival.to_string(),
            "`--layout arldm --numbers-from 1` would match 5 of 6 frames"
        );
        let told = Asked {
            numbers: Some(numbers(0, 0)),
            ..asked
        };
        let fitted = fit(LayoutKind::Arldm, &list(1..=5), &stories, 3, told).unwrap();
        assert_eq!(fitted.rival, None);
        // A gap in the middle is no doubt.
        let gap = folder([0, 1, 3, 4, 5].map(|number| format!("{number:04}.png")));
        assert_eq!(
            fit(LayoutKind::Arldm, &gap, &stories, 3, asked)
                .unwrap()
                .rival,
            None
        );
    }

    #[test]
    fn the_layout_is_found_out() {
        let stories = windows(2, 2);
        let asked = Asked::default();
        let chosen = |files: &[&str]| {
            let files = files.iter().map(|file| (*file).to_owned());
            choose(&folder(files), &stories, 2, asked)
        };
        let vlc = ["img-0-0.png", "img-0-1.png", "img-1-0.png", "img-1-1.png"];
        assert_eq!(chosen(&vlc).unwrap(), LayoutKind::Vlc);
        assert_eq!(
            chosen(&["c0/1.png", "c0/2.png", "c1/1.png", "c1/2.png"]).unwrap(),
            LayoutKind::Stories
        );
        // One is missing: the report is to say so.
        assert_eq!(chosen(&vlc[..3]).unwrap(), LayoutKind::Vlc);
        assert!(matches!(
            chosen(&["a.png"]),
            Err(ImagesError::NoLayout { .. })
        ));
        // Which has only last frames, so that it is not taken unasked.
        let gill = chosen(&["c1.png", "c2.png"]).unwrap_err();
        assert!(gill.to_string().contains("no layout"), "{gill}");
    }

    #[test]
    fn two_layouts_that_fit_are_both_named() {
        let mut stories = windows(1, 2);
        stories[0].id = crate::record::StoryId::new("c0");
        // `<first clip>/<clip>.png` and `<story>/<k>.png` at once.
        for (at, frame) in stories[0].frames.iter_mut().enumerate() {
            frame.clip = crate::record::ClipId::new((2 - at).to_string());
        }
        stories[0].id = crate::record::StoryId::new("2");
        let both = folder(["2/1.png", "2/2.png"].map(str::to_owned));
        let error = choose(&both, &stories, 1, Asked::default()).unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("storygpt-v") && text.contains("stories"),
            "{text}"
        );
    }
}
