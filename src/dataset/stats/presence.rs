//! In how many frames, clips and stories a label is set.

use super::spread::Histogram;
use crate::record::Story;
use serde::Serialize;
use std::collections::BTreeSet;

/// How often a character or a background is there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Presence {
    /// Its name; `class 17` where none was published.
    pub name: String,
    /// Frames of stories. A clip in several stories counts in each.
    pub frames: usize,
    /// Distinct clips.
    pub clips: usize,
    /// Stories with it in at least one frame.
    pub stories: usize,
}

/// What the labels of one kind say.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LabelStatistics {
    /// Labels a frame; `n` is the number of frames that have a label vector.
    pub per_frame: Histogram,
    /// A label each, in label order.
    pub each: Vec<Presence>,
}

/// Labels of `stories`, a label vector a frame as `labels` gives them for a story. `name` names a label.
pub(super) fn label_statistics<'a>(
    stories: &'a [Story],
    labels: impl Fn(&'a Story) -> Vec<Option<&'a [bool]>>,
    name: impl Fn(usize) -> String,
) -> LabelStatistics {
    let mut per_frame = Vec::new();
    let mut frames: Vec<usize> = Vec::new();
    let mut clips: Vec<BTreeSet<&str>> = Vec::new();
    let mut of_stories: Vec<usize> = Vec::new();
    for story in stories {
        let mut here = BTreeSet::new();
        for (frame, labels) in story.frames.iter().zip(labels(story)) {
            let Some(labels) = labels else { continue };
            if labels.len() > frames.len() {
                frames.resize(labels.len(), 0);
                clips.resize(labels.len(), BTreeSet::new());
                of_stories.resize(labels.len(), 0);
            }
            let set = labels.iter().enumerate().filter(|(_, set)| **set);
            let mut count = 0;
            for (index, _) in set {
                frames[index] += 1;
                clips[index].insert(frame.clip.as_str());
                here.insert(index);
                count += 1;
            }
            per_frame.push(count);
        }
        for index in here {
            of_stories[index] += 1;
        }
    }
    let each = frames.iter().zip(&clips).zip(&of_stories).enumerate();
    LabelStatistics {
        per_frame: Histogram::of(&per_frame),
        each: each
            .map(|(index, ((frames, clips), stories))| Presence {
                name: name(index),
                frames: *frames,
                clips: clips.len(),
                stories: *stories,
            })
            .collect(),
    }
}
