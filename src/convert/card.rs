//! The card beside the data: with it the new folder is a data set that is named by its path.

use super::error::ConvertError;
use super::{Job, Written};
use crate::card::{ExpectedCounts, ImageSize, Layout, LayoutCard};

/// The source's card with the one layout, and with what was written.
pub(super) fn write(job: &Job<'_>, written: &Written) -> Result<(), ConvertError> {
    let mut card = job.card().clone();
    let from = job.source.layout().layout;
    let size = job.footage.size().all();
    let one = matches!(job.to, Layout::Vist | Layout::Mugen);
    card.layouts = vec![LayoutCard {
        layout: job.to,
        image: size.map(|(width, height)| ImageSize {
            width: width as usize,
            height: height as usize,
        }),
        frames_per_clip: if one {
            Some(1)
        } else {
            job.footage.frames().all()
        },
        files: Vec::new(),
        expected: None,
        ..LayoutCard::folder()
    }];
    let count = |split: &str| written.splits.get(split).copied();
    card.expected = ExpectedCounts {
        train: count("train"),
        val: count("val"),
        test: count("test"),
    };
    card.content_sha256 = None;
    if !written.splits.contains_key(&card.split)
        && let Some(split) = written.splits.keys().next()
    {
        card.split.clone_from(split);
    }
    if let Some(length) = written.length.or(job.length) {
        card.story_length = length;
    }
    card.notes.push(format!(
        "Converted from the layout {from} by `storyeval dataset convert`, version {}.",
        env!("CARGO_PKG_VERSION")
    ));
    let text = toml::to_string(&card).map_err(|source| ConvertError::Card {
        dataset: card.id.clone(),
        source,
    })?;
    let head = "# Written by `storyeval dataset convert`: `--dataset` takes this folder.\n";
    job.put("dataset.toml", format!("{head}{text}").as_bytes())
}
