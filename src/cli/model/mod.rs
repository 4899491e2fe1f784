//! Parts of `storyeval model` that are large enough for a file of their own.

mod pack;
mod rehearse;

pub(super) use pack::{PackArguments, pack};
pub(super) use rehearse::{RehearseArguments, near_chance, rehearsed, text};
