//! Made-up stories and folders for this room's tests.

use super::{FramePlace, Layout, Place};
use crate::record::{ClipId, Story, StoryFrame, StoryId};
use crate::vision::encode_png;
use image::{Rgb, RgbImage};
use std::fs;
use std::path::Path;

/// Sliding windows of `length` clips `c0`, `c1`, ..., as data sets have them.
pub(super) fn windows(count: usize, length: usize) -> Vec<Story> {
    let frame = |clip: usize| StoryFrame {
        clip: ClipId::new(format!("c{clip}")),
        caption: "".into(),
        characters: [].into(),
        character_labels: None,
        background_labels: None,
    };
    (0..count)
        .map(|story| Story {
            id: StoryId::new(format!("c{story}")),
            frames: (story..story + length).map(frame).collect(),
        })
        .collect()
}

/// The stem of every frame; `None` where it is not drawn.
pub(super) fn stems(layout: &dyn Layout, stories: &[Story]) -> Vec<Option<String>> {
    FramePlace::all(stories)
        .map(|frame| match layout.place(&frame) {
            Place::Stem(stem) => Some(stem),
            Place::NotDrawn => None,
            other => panic!("{other:?}"),
        })
        .collect()
}

/// The same stems, to be compared with texts.
pub(super) fn borrowed(stems: &[Option<String>]) -> Vec<Option<&str>> {
    stems.iter().map(Option::as_deref).collect()
}

/// A PNG of this size.
pub(super) fn png(width: u32, height: u32, tone: u8) -> Vec<u8> {
    encode_png(&RgbImage::from_pixel(width, height, Rgb([tone, 7, 9]))).expect("png")
}

/// Writes a file below `root`, with its folders.
pub(super) fn put(root: &Path, file: &str, bytes: &[u8]) {
    let path = root.join(file);
    fs::create_dir_all(path.parent().expect("parent")).expect("folder");
    fs::write(path, bytes).expect("write");
}
