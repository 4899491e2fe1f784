//! The strip sheet: captions, ground truth and what each model drew.

use super::PipelineError;
use crate::card::Protocol;
use crate::dataset::{Dataset, OpenDataset, referential};
use crate::record::{ClipId, Story};
use crate::report::{SheetCaption, SheetRow, SheetStory, sheet};
use crate::run::Store;
use crate::vision;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Stories that the sheet shows.
const SHEET_STORIES: usize = 3;

/// Writes `sheet.png` into `group`. `runs` are model names and their folders.
pub(super) fn write_sheet(
    dataset: &OpenDataset,
    protocol: &Protocol,
    stories: &[Story],
    group: &Path,
    runs: &[(String, Store)],
) -> Result<PathBuf, PipelineError> {
    let rule = protocol.ground_truth;
    let mut blocks = Vec::new();
    for (index, story) in sheet_stories(stories) {
        let mut rows = Vec::new();
        let truth = story
            .frames
            .iter()
            .map(|frame| Ok(Some(dataset.ground_truth(&frame.clip, rule)?)))
            .collect::<Result<Vec<_>, PipelineError>>()?;
        rows.push(SheetRow {
            label: "ground truth".to_owned(),
            images: truth,
        });
        for (name, store) in runs {
            // The upper bound is the row above; drawing it twice tells nothing.
            if store.manifest().identity.model == "ground-truth" {
                continue;
            }
            let unit = &store.plan().units()[index];
            let frames = unit
                .frames()
                .map(|frame| store.frame_if_any(unit, frame))
                .collect::<Result<_, _>>()?;
            rows.push(SheetRow {
                label: name.clone(),
                images: frames,
            });
        }
        let captions = referential(story, protocol.text, dataset.card())?;
        let captions: Vec<SheetCaption> = captions.iter().map(SheetCaption::from).collect();
        blocks.push(SheetStory {
            title: story.id.to_string(),
            captions: captions.clone(),
            rows,
        });
        blocks.extend(told(story, index, &captions, runs)?);
    }
    let path = group.join("sheet.png");
    crate::run::write_durably(&path, &vision::encode_png(&sheet(&blocks)?)?)?;
    Ok(path)
}

/// A story once more for each model that wrote captions, under what it wrote.
fn told(
    story: &Story,
    index: usize,
    captions: &[SheetCaption],
    runs: &[(String, Store)],
) -> Result<Vec<SheetStory>, PipelineError> {
    let mut blocks = Vec::new();
    for (name, store) in runs {
        let unit = &store.plan().units()[index];
        let entry = store.journal().entry(index);
        let written = entry.map_or(&[][..], |entry| &entry.written);
        if written.is_empty() || store.manifest().identity.model == "ground-truth" {
            continue;
        }
        let captions = captions.iter().zip(written);
        let captions = captions.map(|(given, written)| match written {
            None => given.clone(),
            Some(text) => SheetCaption {
                text: text.clone(),
                highlights: Vec::new(),
            },
        });
        let images = unit
            .frames()
            .map(|frame| store.frame_if_any(unit, frame))
            .collect::<Result<_, _>>()?;
        blocks.push(SheetStory {
            title: format!("{}, as {name} wrote it", story.id),
            captions: captions.collect(),
            rows: vec![SheetRow {
                label: name.clone(),
                images,
            }],
        });
    }
    Ok(blocks)
}

/// The first stories that share no clip, with their positions in the plan. Windows overlap, and a sheet
/// that shows the same clip three times tells less.
fn sheet_stories(stories: &[Story]) -> Vec<(usize, &Story)> {
    let mut shown: BTreeSet<&ClipId> = BTreeSet::new();
    let mut chosen = Vec::new();
    for (index, story) in stories.iter().enumerate() {
        if chosen.len() < SHEET_STORIES
            && story
                .frames
                .iter()
                .all(|frame| !shown.contains(&frame.clip))
        {
            shown.extend(story.frames.iter().map(|frame| &frame.clip));
            chosen.push((index, story));
        }
    }
    chosen
}
