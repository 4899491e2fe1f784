//! MiniSV in any layout: drawn into a draft, and converted.

use super::layout::{MinisvError, MinisvReport, World, write, write_counted};
use crate::card::{DatasetCard, Layout, WindowRule, shipped_dataset};
use crate::convert::{ConvertOptions, Draft, convert, story_length};
use crate::dataset::{ALL_SPLITS, Dataset, OpenOptions, open};
use std::path::Path;

/// What is being done to MiniSV.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Clips are drawn.
    Draw,
    /// They are written in another layout.
    Convert,
}

/// As [`write()`], in any layout. Where a layout holds stories of five frames, [`World::sizes`] counts those.
/// The hash of the report is that of the FlintstonesSV layout's files, or in another layout of the opened
/// data set ([`Dataset::content_hash`], all splits).
///
/// # Errors
/// As [`write()`], and those of [`convert`].
pub fn write_in(
    dir: &Path,
    world: World,
    layout: Layout,
    progress: &(dyn Fn(Step, usize, usize) + Sync),
) -> Result<MinisvReport, MinisvError> {
    let draw = |done, total| progress(Step::Draw, done, total);
    if layout == Layout::Flintstones {
        return write(dir, world, &draw);
    }
    // A hidden folder beside the target, that is gone when this is done.
    let draft = Draft::begin(dir)?;
    let folder = draft.folder().join("drawn");
    let card = shipped_dataset("minisv").unwrap_or_else(|| DatasetCard::of_folder("minisv"));
    let length = story_length(layout, None);
    let report = write_counted(&folder, world, length.unwrap_or(card.story_length), &draw)?;
    let options = OpenOptions {
        split: ALL_SPLITS.to_owned(),
        story_length: length,
        ..OpenOptions::new(card.clone(), folder)
    };
    let drawn = open(&options)?;
    let options = ConvertOptions {
        to: layout,
        out: dir,
        split: ALL_SPLITS,
        story_length: length,
        windows: WindowRule::default(),
        first: None,
    };
    convert(&drawn, &options, &|done, total| {
        progress(Step::Convert, done, total);
    })?;
    let options = OpenOptions {
        split: ALL_SPLITS.to_owned(),
        layout: Some(layout),
        ..OpenOptions::new(card, dir)
    };
    Ok(MinisvReport {
        dir: dir.to_owned(),
        content_sha256: open(&options)?.content_hash().to_owned(),
        ..report
    })
}
