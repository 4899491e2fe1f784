//! The health of a data set: metadata against the card and against each other, every frame decoded once,
//! and what the splits have in common.
//!
//! Nothing stops at the first defect. Metadata are judged from the catalog that every layout's reader gives;
//! the frames are checked in one pass on all cores, which a journal makes resumable, and judged
//! afterwards. The report is a function of the data alone: no thread, and no earlier pass, changes it.

mod alike;
mod document;
mod facts;
mod finding;
mod frames;
mod journal;
mod kind;
mod likeness;
mod metadata;
mod names;
mod pass;
mod refusal;
mod report;
mod scope;
mod sequence;
#[cfg(test)]
mod tests;

pub use finding::Finding;
pub use journal::Journal;
pub use kind::{Kind, Severity};
pub use report::{Content, Report, SplitReport};

use crate::dataset::open::{Metadata, length, opened, read_metadata, sizes_on_card};
use crate::dataset::{ALL_SPLITS, Dataset, DatasetError, OpenOptions};
use finding::Findings;
use scope::Scope;
use std::collections::BTreeMap;

/// A report, and how many clips an earlier pass had checked.
#[derive(Clone, Debug)]
pub struct Verified {
    /// The health.
    pub report: Report,
    /// Clips whose files are as they were in the journal, and that were not checked again.
    pub known: usize,
}

/// Verifies a data set. `options.split` says which clips are checked; [`ALL_SPLITS`] for all. `progress` gets how many clips of how many are done, from any thread.
///
/// # Errors
/// No folder, no such split or layout. Everything that is wrong with the data set itself is a
/// finding, also where it cannot be opened.
pub fn verify(
    options: &OpenOptions,
    journal: Option<&Journal>,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<Verified, DatasetError> {
    let data = match read_metadata(options) {
        Ok(data) => data,
        Err(error) => {
            let findings = refusal::refused(error)?;
            return Ok(Verified {
                report: report(options, None, BTreeMap::new(), findings),
                known: 0,
            });
        }
    };
    let length = length(&data.catalog, &data.card, options.story_length);
    let usual = &options.card.split;
    let scope = Scope::new(
        &data.catalog,
        &options.split,
        usual,
        length,
        options.windows,
    )?;
    let mut findings = Findings::default();
    if scope.clips.is_empty() {
        findings.put(Kind::Empty, None, 1, None, Vec::new());
    }
    metadata::check(&data, &scope, &mut findings);
    names::check(&data, &scope, length, &mut findings);
    sequence::followers(&data.catalog, &scope, options.windows, &mut findings);
    sequence::leaks(&scope, &mut findings);
    let pass = pass::pass(&data, &scope, journal, progress);
    frames::check(&data.layout, &scope, &pass, &mut findings);
    frames::across(&scope, &pass, &mut findings);

    let looked = pass
        .clips
        .iter()
        .filter_map(|(_, facts)| facts.as_ref().ok());
    let (clips, frames) = looked.fold((0, 0), |(clips, frames), facts| {
        (clips + 1, frames + facts.frames)
    });
    let splits = splits(&data, options, &scope);
    let layout = data.layout.layout.name();
    let content = scope
        .scored
        .map(|index| scope.splits[index].name.clone())
        .and_then(|split| content(options, data, split, &mut findings));
    Ok(Verified {
        known: pass.known,
        report: Report {
            clips,
            frames,
            content,
            story_length: length,
            ..report(options, Some(layout), splits, findings)
        },
    })
}

/// A report without frames and content.
fn report(
    options: &OpenOptions,
    layout: Option<&'static str>,
    splits: BTreeMap<String, SplitReport>,
    findings: Findings,
) -> Report {
    let findings = findings.finish();
    Report {
        dataset: options.card.id.clone(),
        name: options.card.name.clone(),
        layout,
        folder: options.folder.clone(),
        passed: findings
            .iter()
            .all(|finding| finding.severity != Severity::Error),
        story_length: None,
        splits,
        clips: 0,
        frames: 0,
        content: None,
        findings,
    }
}

fn splits(data: &Metadata, options: &OpenOptions, scope: &Scope) -> BTreeMap<String, SplitReport> {
    let sizes = sizes_on_card(&options.card, &data.layout);
    let catalog = &data.catalog;
    let splits = scope.chosen(catalog).map(|(split, listed)| {
        let list = catalog.splits.get(&split.name);
        let size = sizes.iter().find(|(name, _)| *name == split.name);
        let report = SplitReport {
            lists: catalog.entry.plural(),
            found: list.map_or(0, |list| list.entries),
            expected: size.and_then(|(_, size)| *size),
            stories: split.windows.len(),
            clips: scope.clips_of(split, listed),
        };
        (split.name.clone(), report)
    });
    splits.collect()
}

/// The hash that runs on `split` sign, and whether it is the card's. There is none of a split that cannot be
/// opened; why it cannot is a finding already.
fn content(
    options: &OpenOptions,
    data: Metadata,
    split: String,
    findings: &mut Findings,
) -> Option<Content> {
    let wanted = OpenOptions {
        split: split.clone(),
        ..options.clone()
    };
    let dataset = opened(&wanted, data).ok()?;
    let sha256 = dataset.content_hash().to_owned();
    let card = &options.card;
    let usual = split == card.split
        && options
            .story_length
            .is_none_or(|length| length == card.story_length);
    if let Some(pinned) = &card.content_sha256
        && usual
        && split != ALL_SPLITS
        && !pinned.eq_ignore_ascii_case(&sha256)
    {
        let detail = format!("it is {sha256}, the card says {pinned}");
        findings.put(
            Kind::ContentDiffers,
            Some(&split),
            1,
            Some(detail),
            Vec::new(),
        );
    }
    let short = sha256.get(..12).unwrap_or(&sha256);
    Some(Content {
        signature: format!("{}@{short}", card.id),
        split,
        sha256,
    })
}
