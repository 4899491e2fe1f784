//! The stories behind a difference: those that changed most.

use super::finding::Finding;
use crate::record::{Observation, StoryId};
use serde::Serialize;
use std::collections::BTreeMap;

/// A story that changed much. Field names are a public contract of `compare --format json`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ChangedStory {
    /// Its id.
    pub story: String,
    /// Its difference: the mean over the metrics of all frames, each in standard deviations over stories;
    /// positive is better in the candidate.
    pub change: f64,
    /// The metrics that differ most on it, with the difference in each: largest first, at most three.
    pub metrics: Vec<(String, f64)>,
    /// Captions of its frames, in order.
    pub captions: Vec<String>,
}

/// The `top` stories that became better and the `top` that became worse, in order of their change.
pub(super) fn changed(
    findings: &[Finding],
    observations: &[Observation],
    top: usize,
) -> Vec<ChangedStory> {
    let mut captions: BTreeMap<&StoryId, Vec<(u32, &String)>> = BTreeMap::new();
    for o in observations {
        captions
            .entry(&o.story)
            .or_default()
            .push((o.frame.0, &o.caption));
    }
    // Better is positive.
    let tested: Vec<(&Finding, f64)> = findings
        .iter()
        .filter(|finding| finding.slice == "all" && finding.on_stories.len() == captions.len())
        .map(|finding| (finding, if finding.higher_is_better { 1.0 } else { -1.0 }))
        .collect();
    let mut stories: Vec<ChangedStory> = captions
        .iter()
        .enumerate()
        .map(|(at, (story, captions))| {
            let mut metrics: Vec<(String, f64)> = tested
                .iter()
                .map(|(finding, sign)| (finding.metric.clone(), sign * finding.on_stories[at]))
                .collect();
            let change =
                metrics.iter().map(|(_, change)| change).sum::<f64>() / metrics.len().max(1) as f64;
            metrics.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()));
            metrics.truncate(3);
            let mut captions = captions.clone();
            captions.sort_by_key(|(frame, _)| *frame);
            ChangedStory {
                story: story.to_string(),
                change,
                metrics,
                captions: captions.into_iter().map(|(_, text)| text.clone()).collect(),
            }
        })
        .filter(|story| story.change != 0.0)
        .collect();
    stories.sort_by(|a, b| b.change.total_cmp(&a.change).then(a.story.cmp(&b.story)));
    let (better, worse): (Vec<_>, Vec<_>) = stories.into_iter().partition(|s| s.change > 0.0);
    let skip = worse.len().saturating_sub(top);
    better
        .into_iter()
        .take(top)
        .chain(worse.into_iter().skip(skip))
        .collect()
}
