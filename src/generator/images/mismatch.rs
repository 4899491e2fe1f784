//! The one report of everything that does not fit.

use super::error::unread_hint;
use super::matching::same_text;
use super::{Folder, FrameMatch, Guess, Inspection, LayoutKind, Matching, Numbers, guesses};
use crate::record::{Story, StoryId};
use std::fmt;

/// Rows of each kind that are printed.
const SHOWN: usize = 10;

/// What the caller does without.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Allowed {
    /// Frames without a file.
    pub missing: bool,
    /// Files without a frame.
    pub extra: bool,
}

/// What was tried on a folder.
#[derive(Clone, Copy, Debug)]
pub struct Tried<'a> {
    /// The layout.
    pub layout: LayoutKind,
    /// Files and frames.
    pub matching: &'a Matching,
    /// What its numbers begin at.
    pub numbers: Numbers,
    /// Numbers that fit as well or better.
    pub rival: Option<&'a Guess>,
    /// Whether the user said how long stories are.
    pub length_is_sure: bool,
    /// What the user does without.
    pub allowed: Allowed,
}

/// Files and frames that do not fit, all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// The layout that was tried.
    pub layout: LayoutKind,
    /// Frames that have a file.
    pub matched: usize,
    /// Frames that should have one.
    pub wanted: usize,
    /// Frames without a file: story, frame from 1, and where it was looked for.
    pub missing: Vec<(StoryId, usize, String)>,
    /// Files of no frame, and folders that could not be looked into.
    pub extra: Vec<String>,
    /// Frames with several files: story, frame from 1, the files.
    pub ambiguous: Vec<(StoryId, usize, Vec<String>)>,
    /// Files that cannot be used, and why.
    pub unreadable: Vec<(String, String)>,
    /// Files of another size.
    pub wrong_size: Vec<(String, [u32; 2])>,
    /// The size that they should have.
    pub size: Option<[u32; 2]>,
    /// Frames of the first story, and of the program that the layout comes from.
    pub lengths: (usize, Option<usize>),
    /// The layout that fits best, if one fits better.
    pub guess: Option<Guess>,
    /// What the numbers were taken to begin at.
    pub numbers: Numbers,
    /// Numbers of the same layout that fit as well or better.
    pub rival: Option<Guess>,
    /// What was allowed; it is still listed.
    pub allowed: Allowed,
    /// Images of endings that are not read, in words.
    pub unread: Option<String>,
    /// Number of the stories that have every frame, where they come first and no other has any.
    pub whole: Option<usize>,
}

impl Mismatch {
    /// Everything that does not fit; `None` when all that does not is allowed.
    ///
    /// A folder in which no frame is found is never right.
    #[must_use]
    pub fn find(
        folder: &Folder,
        stories: &[Story],
        tried: Tried<'_>,
        inspection: &Inspection,
    ) -> Option<Self> {
        let Tried {
            layout,
            matching,
            allowed,
            ..
        } = tried;
        let name = |file: &usize| folder.files()[*file].relative.clone();
        let mut found = Self {
            layout,
            matched: matching.matched(),
            wanted: matching.wanted(),
            missing: Vec::new(),
            extra: matching.extra.iter().map(name).collect(),
            ambiguous: Vec::new(),
            unreadable: (inspection.unreadable.iter())
                .map(|(file, why)| (name(file), why.clone()))
                .collect(),
            wrong_size: (inspection.wrong_size.iter())
                .map(|file| (name(file), inspection.files[file].size))
                .collect(),
            size: inspection.size,
            lengths: (
                stories.first().map_or(0, |story| story.frames.len()),
                layout.story_length().filter(|_| !tried.length_is_sure),
            ),
            guess: None,
            numbers: tried.numbers,
            rival: tried.rival.cloned(),
            allowed,
            unread: folder.unread(),
            whole: whole(matching),
        };
        let closed = folder.closed().iter();
        found
            .extra
            .extend(closed.map(|(path, why)| format!("{path}/: {why}")));
        for (story, frames) in stories.iter().zip(&matching.frames) {
            for (position, frame) in frames.iter().enumerate() {
                let (id, number) = (story.id.clone(), position + 1);
                match frame {
                    FrameMatch::Missing { expected } => {
                        found.missing.push((id, number, expected.clone()));
                    }
                    FrameMatch::Ambiguous(files) => {
                        let files = files.iter().map(name).collect();
                        found.ambiguous.push((id, number, files));
                    }
                    FrameMatch::File(_) | FrameMatch::NotDrawn => {}
                }
            }
        }
        let fits = (found.missing.is_empty() || allowed.missing)
            && (found.extra.is_empty() || allowed.extra)
            && found.ambiguous.is_empty()
            && found.unreadable.is_empty()
            && found.wrong_size.is_empty()
            && found.rival.is_none()
            && found.matched > 0;
        if fits {
            return None;
        }
        let selected = matching.frames.len();
        found.guess = guesses(folder, stories, selected)
            .into_iter()
            .next()
            .filter(|best| {
                // Twice as good with no more files left over, or it is chance: layouts have names in
                // common.
                let ours = (found.wanted - found.matched) * best.wanted;
                let theirs = (best.wanted - best.matched) * found.wanted;
                let extra = matching.extra.len();
                theirs * 2 <= ours && theirs < ours && best.extra <= extra
                    || theirs == ours && best.extra * 2 <= extra && best.extra < extra
            });
        Some(found)
    }

    /// The options that do without missing frames. The layout is among them: which it is, is found out only where
    /// every frame has a file.
    fn allow_missing(&self) -> String {
        let numbers = self.layout.option_for(self.numbers);
        let numbers =
            numbers.map_or_else(String::new, |numbers| format!(" --numbers-from {numbers}"));
        format!("`--layout {}{numbers} --allow-missing`", self.layout)
    }

    /// What to do next.
    #[expect(clippy::unnecessary_wraps, reason = "as every room's hint")]
    pub(super) fn hint(&self) -> Option<String> {
        let plural = |count: usize, what: &str| {
            if count == 1 {
                format!("the {what}")
            } else {
                format!("the {count} {what}s")
            }
        };
        // What else would be offered gives every frame the picture of another one.
        if let Some(rival) = &self.rival {
            let (own, other) = (self.numbers, rival.numbers);
            return Some(format!(
                "the numbers may be counted from {}: {rival}; say which it is with `--numbers-from {}` or `--numbers-from {}`",
                self.layout.spelled(other),
                self.layout.spelled(other),
                self.layout.spelled(own),
            ));
        }
        if let Some(guess) = &self.guess {
            return Some(guess.to_string());
        }
        if let Some(unread) = self.unread.as_ref().filter(|_| !self.missing.is_empty()) {
            return Some(unread_hint(unread));
        }
        if let Some([width, height]) = self.size
            && !self.wrong_size.is_empty()
        {
            return Some(format!(
                "draw {} again at {width}x{height}: images of several sizes cannot be compared",
                plural(self.wrong_size.len(), "image")
            ));
        }
        if !self.ambiguous.is_empty() {
            return Some(
                "keep one file per frame; names that differ only in case, ending or Unicode form count as one"
                    .to_owned(),
            );
        }
        if !self.unreadable.is_empty() {
            return Some(format!(
                "draw the unreadable images again, or delete them and add {}",
                self.allow_missing()
            ));
        }
        if self.matched == 0 {
            return Some(format!(
                "no layout fits this folder; list its files in a manifest.jsonl, or rename them to {}",
                self.layout.pattern()
            ));
        }
        let mut ways = Vec::new();
        if let (Some(whole), false) = (self.whole, self.allowed.missing) {
            ways.push(format!(
                "the first {whole} stories are whole and no other has a frame: `--limit {whole}` scores those"
            ));
        }
        if !self.missing.is_empty() && !self.allowed.missing {
            ways.push(format!(
                "{} scores without the missing frames and counts them",
                self.allow_missing()
            ));
        }
        if !self.extra.is_empty() && !self.allowed.extra {
            ways.push("`--allow-extra` leaves the extra files out".to_owned());
        }
        // Longer stories there leave files over; shorter ones leave frames without a file.
        if let (ours, Some(theirs)) = self.lengths
            && (ours < theirs && !self.extra.is_empty()
                || ours > theirs && !self.missing.is_empty())
        {
            ways.push(format!(
                "the program of this layout draws stories of {theirs} frames, and these have {ours}: \
                 if yours does too, `--story-length {theirs}`"
            ));
        }
        Some(ways.join("; "))
    }
}

/// How many stories are whole, where those after them are wholly missing.
fn whole(matching: &Matching) -> Option<usize> {
    let missing = |frame: &FrameMatch| matches!(frame, FrameMatch::Missing { .. });
    let found = |frame: &FrameMatch| matches!(frame, FrameMatch::File(_));
    let first = matching
        .frames
        .iter()
        .position(|frames| frames.iter().any(missing))?;
    let rest = matching.frames[first..].iter().flatten();
    (first > 0 && !rest.into_iter().any(found)).then_some(first)
}

/// At most [`SHOWN`] rows below a headline.
fn section<T>(
    formatter: &mut fmt::Formatter<'_>,
    headline: &str,
    rows: &[T],
    row: impl Fn(&T) -> String,
) -> fmt::Result {
    if rows.is_empty() {
        return Ok(());
    }
    write!(formatter, "\n  {headline}: {}", rows.len())?;
    for value in rows.iter().take(SHOWN) {
        write!(formatter, "\n    {}", row(value))?;
    }
    if rows.len() > SHOWN {
        write!(formatter, "\n    and {} more", rows.len() - SHOWN)?;
    }
    Ok(())
}

/// A name on one line, whatever it holds.
fn plain(name: &str) -> String {
    name.escape_debug().to_string()
}

impl fmt::Display for Mismatch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "the images do not fit layout {} ({}): matched {} of {} frames ({} missing, {} extra)",
            self.layout,
            self.layout.pattern(),
            self.matched,
            self.wanted,
            self.missing.len(),
            self.extra.len()
        )?;
        section(
            formatter,
            "missing",
            &self.missing,
            |(story, frame, path)| {
                format!(
                    "{} (frame {frame} of story {})",
                    plain(path),
                    plain(story.as_str())
                )
            },
        )?;
        section(formatter, "extra", &self.extra, |path| plain(path))?;
        section(
            formatter,
            "several files for one frame",
            &self.ambiguous,
            |(story, frame, files)| {
                let mut pairs = files.windows(2);
                let alike = if pairs.any(|pair| same_text(&pair[0], &pair[1])) {
                    ", one name in two Unicode forms"
                } else {
                    ""
                };
                let files: Vec<String> = files.iter().map(|file| plain(file)).collect();
                format!(
                    "{} (frame {frame} of story {}{alike})",
                    files.join(" and "),
                    plain(story.as_str())
                )
            },
        )?;
        section(formatter, "unreadable", &self.unreadable, |(path, why)| {
            format!("{}: {}", plain(path), plain(why))
        })?;
        let headline = match self.size {
            Some([width, height]) => format!("not {width}x{height}"),
            None => "wrong size".to_owned(),
        };
        section(
            formatter,
            &headline,
            &self.wrong_size,
            |(path, [width, height])| format!("{} is {width}x{height}", plain(path)),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::images::testing::{png, put, windows};
    use crate::generator::images::{ImagesError, open_layout};
    use crate::record::{FaultKind, Hint};

    fn tried(layout: LayoutKind, matching: &Matching, allowed: Allowed) -> Tried<'_> {
        Tried {
            layout,
            matching,
            numbers: layout.beginnings()[0],
            rival: None,
            length_is_sure: false,
            allowed,
        }
    }

    fn report(
        files: &[(&str, Vec<u8>)],
        kind: LayoutKind,
        allowed: Allowed,
    ) -> Option<ImagesError> {
        let root = tempfile::tempdir().unwrap();
        for (file, bytes) in files {
            put(root.path(), file, bytes);
        }
        let folder = Folder::list(root.path()).unwrap();
        let stories = windows(2, 2);
        let layout = open_layout(kind, &folder, &stories, None).unwrap();
        let matching = Matching::new(layout.as_ref(), &folder, &stories, 2);
        let inspection = Inspection::read(&folder, &matching, None, &|_, _| {});
        Mismatch::find(
            &folder,
            &stories,
            tried(kind, &matching, allowed),
            &inspection,
        )
        .map(|found| ImagesError::Mismatch(Box::new(found)))
    }

    fn four() -> Vec<(&'static str, Vec<u8>)> {
        ["img-0-0.png", "img-0-1.png", "img-1-0.png", "img-1-1.png"]
            .map(|name| (name, png(4, 4, 1)))
            .to_vec()
    }

    #[test]
    fn everything_is_one_report() {
        let mut files = four();
        files[0].1 = png(5, 4, 1);
        files[1].1 = b"no image".to_vec();
        files.push(("img-1-0.jpg", png(4, 4, 1)));
        files.push(("new\nline.png", png(4, 4, 1)));
        files.remove(3);
        let both = Allowed {
            missing: true,
            extra: true,
        };
        let error = report(&files, LayoutKind::Vlc, both).unwrap();
        let text = error.to_string();
        for part in [
            "matched 2 of 4 frames (1 missing, 1 extra)",
            "missing: 1\n    img-1-1 (frame 2 of story c1)",
            "extra: 1\n    new\\nline.png",
            "several files for one frame: 1\n    img-1-0.jpg and img-1-0.png (frame 1 of story c1)",
            "unreadable: 1\n    img-0-1.png: ",
        ] {
            assert!(text.contains(part), "{part:?} is not in {text}");
        }
        assert_eq!(error.fault_kind(), FaultKind::DataVerification);
    }

    #[test]
    fn what_is_allowed_is_no_mismatch() {
        assert!(report(&four(), LayoutKind::Vlc, Allowed::default()).is_none());
        let mut files = four();
        files.pop();
        files.push(("extra.png", png(9, 9, 1)));
        let allowed = |missing, extra| Allowed { missing, extra };
        assert!(report(&files, LayoutKind::Vlc, allowed(true, true)).is_none());
        let hint = |allowed| {
            report(&files, LayoutKind::Vlc, allowed)
                .unwrap()
                .hint()
                .unwrap()
        };
        assert!(hint(allowed(false, true)).starts_with("`--layout vlc --allow-missing`"));
        assert!(hint(allowed(true, false)).starts_with("`--allow-extra`"));
        // Nothing at all is never allowed.
        assert!(report(&[], LayoutKind::Gill, allowed(true, true)).is_some());
    }

    #[test]
    fn names_that_look_alike_are_said_to() {
        let mut matching = Matching {
            frames: vec![vec![FrameMatch::Ambiguous(vec![0, 1])]],
            extra: Vec::new(),
            not_selected: 0,
        };
        let root = tempfile::tempdir().unwrap();
        for file in ["e\u{301}.png", "\u{e9}.png", "\u{e9}.jpg"] {
            put(root.path(), file, &png(4, 4, 1));
        }
        let folder = Folder::list(root.path()).unwrap();
        let said = |matching: &Matching| {
            let tried = tried(LayoutKind::Gill, matching, Allowed::default());
            Mismatch::find(&folder, &windows(1, 1), tried, &Inspection::default())
                .unwrap()
                .to_string()
        };
        // By name: the decomposed one, then both composed ones.
        matching.frames[0][0] = FrameMatch::Ambiguous(vec![0, 2]);
        assert!(said(&matching).contains("one name in two Unicode forms"));
        matching.frames[0][0] = FrameMatch::Ambiguous(vec![1, 2]);
        assert!(!said(&matching).contains("Unicode forms"));
    }

    #[test]
    fn the_hint_names_the_right_layout() {
        let error = report(&four(), LayoutKind::Arldm, Allowed::default()).unwrap();
        assert_eq!(
            error.hint().unwrap(),
            "`--layout vlc` would match 4 of 4 frames"
        );
        let mut files = four();
        files[2].1 = png(8, 8, 1);
        let error = report(&files, LayoutKind::Vlc, Allowed::default()).unwrap();
        assert!(error.hint().unwrap().contains("4x4"), "{error}");
    }
}
