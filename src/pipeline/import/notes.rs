//! What a reader of the scores of imported images must know. It stays beside the scores for good.

use crate::card::{ImageSize, Protocol};
use crate::generator::images::{FrameMatch, Inspected, Inspection, LayoutKind, Matching, Numbers};
use crate::record::Story;
use std::collections::BTreeMap;

/// What the notes are about.
pub(super) struct ImportNotes<'a> {
    pub(super) protocol: &'a Protocol,
    /// Size of the data set's frames, where it has one.
    pub(super) frames: Option<ImageSize>,
    pub(super) layout: LayoutKind,
    /// What the numbers in the file names begin at.
    pub(super) numbers: Numbers,
    /// The planned stories.
    pub(super) stories: &'a [Story],
    pub(super) matching: &'a Matching,
    pub(super) inspection: &'a Inspection,
}

/// Whether a file is such a one.
type Such = fn(&Inspected) -> bool;

/// What a file may be besides the 8-bit RGB pixels that were drawn, and what follows from it.
const PIXELS: [(Such, &str); 5] = [
    (
        |file| file.jpeg,
        "are JPEG: what was compressed away moves every metric, FID and LPIPS most",
    ),
    (
        |file| file.clipped_grey,
        "are 16-bit grey, of which everything above 255 is white, as Pillow has it",
    ),
    (
        |file| file.four_channels,
        "are CMYK or YCCK JPEG, converted to RGB as Pillow does it, without a profile",
    ),
    (
        |file| file.damaged,
        "are damaged (data of a JPEG, the end of a PNG), decoded as far as Pillow decodes them",
    ),
    (
        |file| file.alpha,
        "have transparency, which is dropped as Pillow does it",
    ),
];

impl ImportNotes<'_> {
    /// The notes, in a fixed order.
    pub(super) fn all(&self) -> Vec<String> {
        let mut notes = self.absent();
        if self.layout.option_for(self.numbers).is_some() {
            notes.push(format!(
                "the numbers in the names of the files were counted from {}",
                self.layout.spelled(self.numbers)
            ));
        }
        notes.extend(self.pixels());
        let mut uses: BTreeMap<usize, usize> = BTreeMap::new();
        for found in self.matching.frames.iter().flatten() {
            if let FrameMatch::File(file) = found {
                *uses.entry(*file).or_default() += 1;
            }
        }
        let sharing: usize = uses.values().filter(|times| **times > 1).sum();
        if sharing > 0 {
            notes.push(format!(
                "{sharing} frames share their file with another frame"
            ));
        }
        notes
    }

    /// Frames without a file that the protocol would score.
    fn absent(&self) -> Vec<String> {
        let (mut missing, mut not_drawn, mut scored) = (0, 0, 0);
        for (story, frames) in self.stories.iter().zip(&self.matching.frames) {
            for (position, found) in (1..).zip(frames) {
                if !self.protocol.scores_frame(position, story.frames.len()) {
                    continue;
                }
                scored += 1;
                match found {
                    FrameMatch::Missing { .. } => missing += 1,
                    FrameMatch::NotDrawn => not_drawn += 1,
                    FrameMatch::File(_) | FrameMatch::Ambiguous(_) => {}
                }
            }
        }
        let id = &self.protocol.id;
        let mut notes = Vec::new();
        if missing > 0 {
            notes.push(format!(
                "{missing} of the {scored} frames that protocol {id} scores are missing; they are counted as not scored"
            ));
        }
        if not_drawn > 0 {
            notes.push(format!(
                "layout {} does not have {not_drawn} of the {scored} frames that protocol {id} scores; they are counted as not scored",
                self.layout
            ));
        }
        notes
    }

    /// Files that are not the 8-bit RGB pixels that were drawn.
    fn pixels(&self) -> Vec<String> {
        let total = self.inspection.files.len();
        let mut notes = Vec::new();
        for (is_such, what) in PIXELS {
            let such = self
                .inspection
                .files
                .values()
                .filter(|it| is_such(it))
                .count();
            if such > 0 {
                notes.push(format!("{such} of {total} files {what}"));
            }
        }
        if let (Some([width, height]), Some(own)) = (self.inspection.size, self.frames)
            && [width as usize, height as usize] != [own.width, own.height]
        {
            notes.push(format!(
                "the images have {width}x{height} pixels, the frames of the data set {}x{}",
                own.width, own.height
            ));
        }
        notes
    }
}
