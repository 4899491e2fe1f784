//! What a layout does not keep.

use super::footage::Common;
use super::{Job, Written};
use crate::card::Layout;
use crate::record::StoryFrame;

/// What the data set has and the new folder lacks, one sentence each.
pub(super) fn of(job: &Job<'_>, written: &Written) -> Vec<String> {
    let to = job.to;
    let mut lost = Vec::new();
    let mut say = |what: &str| lost.push(what.to_owned());
    let has = |what: fn(&StoryFrame) -> bool| {
        let mut shots = job.source.catalog.shots.iter();
        shots.any(|shot| shot.frame.as_ref().is_ok_and(what))
    };
    let unlabelled = matches!(to, Layout::Vist | Layout::ArldmH5);
    if unlabelled && has(|frame| frame.character_labels.is_some()) {
        say("labels of characters: the layout has none");
    }
    if (unlabelled || to == Layout::Pororo) && has(|frame| frame.background_labels.is_some()) {
        say("labels of backgrounds: the layout has none");
    }
    if to == Layout::Pororo && has(|frame| !frame.characters.is_empty()) {
        say("the order and spelling of annotated characters: they are read from the labels");
    }
    if matches!(to, Layout::Vist | Layout::Mugen) && job.footage.frames() != Common::All(1) {
        say("all frames of a clip but the middle one");
    }
    if written.renamed {
        say("ids of clips: the layout names them its own way");
    }
    lost
}
