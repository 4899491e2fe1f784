//! How long drawing took, as journals remember it.

use super::journal::Entry;
use super::layout::JOURNAL;
use std::path::Path;
use std::{fs, io};

/// What the journal of a run says of its drawing so far.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Drawn {
    /// Stories that are done.
    pub stories: usize,
    /// Their frames, absent ones included.
    pub frames: usize,
    /// Seconds that drawing them took.
    pub seconds: f64,
}

impl Drawn {
    /// Reads the journal of the run in `folder` without opening the run: what is no line of a journal is
    /// passed over, and a folder without a journal has drawn nothing. For estimates only.
    #[must_use]
    pub fn of(folder: &Path) -> Self {
        let text = std::fs::read_to_string(folder.join(JOURNAL)).unwrap_or_default();
        let mut drawn = Self::default();
        for line in text.lines() {
            // Every line ends with a check that is no part of the entry.
            let Ok(entry) = serde_json::from_str::<Entry>(line) else {
                continue;
            };
            if entry.seconds.is_finite() && entry.seconds >= 0.0 {
                drawn.add(Self {
                    stories: 1,
                    frames: entry.frames.len(),
                    seconds: entry.seconds,
                });
            }
        }
        drawn
    }

    /// Adds another run's.
    pub fn add(&mut self, other: Self) {
        self.stories += other.stories;
        self.frames += other.frames;
        self.seconds += other.seconds;
    }

    /// Seconds a frame; `None` where nothing was drawn.
    #[must_use]
    pub fn seconds_a_frame(self) -> Option<f64> {
        (self.frames > 0).then(|| self.seconds / self.frames as f64)
    }
}

/// Whether the journal of a run has no line. One that is torn or damaged counts as drawn.
#[must_use]
pub fn nothing_drawn(root: &Path) -> bool {
    match fs::metadata(root.join(JOURNAL)) {
        Ok(journal) => journal.len() == 0,
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_journal_is_summed_and_what_is_none_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(Drawn::of(folder.path()), Drawn::default());
        let line = |seconds: &str| {
            format!(
                "{{\"unit\":0,\"story\":\"a\",\"frames\":[{{\"absent\":\"missing\"}},{{\"file\":\"f\",\"sha256\":\"0\"}}],\"seconds\":{seconds},\"check\":\"0123\"}}\n"
            )
        };
        let text = line("1.5") + "torn {\n" + &line("-4") + &line("0.5");
        std::fs::write(folder.path().join(JOURNAL), text).unwrap();
        let drawn = Drawn::of(folder.path());
        assert_eq!((drawn.stories, drawn.frames), (2, 4));
        assert_eq!(drawn.seconds_a_frame(), Some(0.5));
    }
}
