//! Frames into the run folder: files in place first, then the line of the journal that says so.

use super::durable::{DurableFile, create_folder, fill, sync_folder};
use super::error::RunError;
use super::fault::{self, Point};
use super::generate::Drawing;
use super::journal::{Entry, FrameEntry, StoredFrame};
use super::layout::{FRAMES, folder_name, frame_file};
use super::plan::Unit;
use super::store::Store;
use crate::record::{Absence, DrawnFrame, FrameIndex, FrameReport, Likelihood, sha256_hex};
use crate::vision::encode_png;
use image::RgbImage;

impl Store {
    /// Puts a unit's frames in place and then says so in the journal.
    pub(super) fn put(
        &mut self,
        unit: &Unit,
        drawn: &[DrawnFrame],
        drawing: Drawing,
    ) -> Result<(), RunError> {
        let contents = contents(unit, drawn)?;
        self.place(unit, &contents, Said::of(drawn), drawing)
    }

    /// As [`Store::put`], of frames that are PNG files already or are absent.
    pub(super) fn put_contents(
        &mut self,
        unit: &Unit,
        contents: &[Content],
        drawing: Drawing,
    ) -> Result<(), RunError> {
        self.place(unit, contents, Said::default(), drawing)
    }

    fn place(
        &mut self,
        unit: &Unit,
        contents: &[Content],
        said: Said,
        drawing: Drawing,
    ) -> Result<(), RunError> {
        let folder = self.root.join(FRAMES).join(folder_name(&unit.story));
        create_folder(&self.root.join(FRAMES))?;
        create_folder(&folder)?;
        let mut frames = Vec::with_capacity(contents.len());
        for (frame, content) in unit.frames().zip(contents) {
            let bytes = match content {
                Ok(bytes) => bytes,
                Err(absent) => {
                    frames.push(FrameEntry::Absent { absent: *absent });
                    continue;
                }
            };
            let file = frame_file(&unit.story, frame);
            let path = self.root.join(&file);
            let mut durable = DurableFile::create(&path)?;
            fill(&mut durable, bytes)
                .and_then(|()| durable.place())
                .map_err(|error| RunError::write(&path, error))?;
            let sha256 = sha256_hex(bytes);
            frames.push(FrameEntry::Stored(StoredFrame { file, sha256 }));
        }
        sync_folder(&folder.join("."))
            .and_then(|()| fault::reached(Point::FramesStored))
            .map_err(|error| RunError::write(&folder, error))?;
        self.journal.append(Entry {
            unit: unit.unit,
            story: unit.story.clone(),
            frames,
            written: said.written,
            likelihoods: said.likelihoods,
            reports: said.reports,
            seconds: drawing.seconds,
            batch: drawing.batch,
        })
    }

    /// Whether `drawn` is what the folder holds for a unit that is done.
    pub(super) fn holds(&self, unit: &Unit, drawn: &[DrawnFrame]) -> Result<bool, RunError> {
        let Some(entry) = self.journal.entry(unit.unit) else {
            return Ok(false);
        };
        let contents = contents(unit, drawn)?;
        let same = contents.iter().zip(&entry.frames).all(|pair| match pair {
            (Ok(bytes), FrameEntry::Stored(stored)) => sha256_hex(bytes) == stored.sha256,
            (Err(absence), FrameEntry::Absent { absent }) => absence == absent,
            _ => false,
        });
        let wrote = drawn.iter().map(|frame| &frame.written);
        let same_words = if entry.written.is_empty() {
            wrote.into_iter().all(Option::is_none)
        } else {
            wrote.eq(&entry.written)
        };
        Ok(same && same_words)
    }
}

/// What a generator gave of a unit's frames beside images; lists without anything in them are empty.
#[derive(Default)]
struct Said {
    written: Vec<Option<String>>,
    likelihoods: Vec<Option<Likelihood>>,
    reports: Vec<FrameReport>,
}

impl Said {
    fn of(drawn: &[DrawnFrame]) -> Self {
        let mut said = Self {
            written: drawn.iter().map(|frame| frame.written.clone()).collect(),
            likelihoods: drawn.iter().map(|frame| frame.likelihood).collect(),
            reports: drawn.iter().map(|frame| frame.report.clone()).collect(),
        };
        if said.written.iter().all(Option::is_none) {
            said.written.clear();
        }
        if said.likelihoods.iter().all(Option::is_none) {
            said.likelihoods.clear();
        }
        if said.reports.iter().all(FrameReport::is_empty) {
            said.reports.clear();
        }
        said
    }
}

/// A frame as a PNG file, or why there is none.
type Content = Result<Vec<u8>, Absence>;

fn contents(unit: &Unit, drawn: &[DrawnFrame]) -> Result<Vec<Content>, RunError> {
    let frames = unit.frames().zip(drawn);
    frames
        .map(|(frame, drawn)| match &drawn.image {
            Ok(image) => encode(unit, frame, image).map(Ok),
            Err(absence) => Ok(Err(*absence)),
        })
        .collect()
}

fn encode(unit: &Unit, frame: FrameIndex, image: &RgbImage) -> Result<Vec<u8>, RunError> {
    encode_png(image).map_err(|source| RunError::Encode {
        story: unit.story.clone(),
        frame,
        source: Box::new(source),
    })
}
