//! What is found out about the frames of one clip. Whether it is right is decided elsewhere: facts can be
//! kept, cards change.

use super::likeness::Likeness;
use crate::dataset::DatasetError;
use crate::dataset::open::Metadata;
use crate::dataset::pixels::frames_error;
use crate::record::ClipId;
use serde::{Deserialize, Serialize};
use twox_hash::XxHash3_128;

/// What is found out about the frames of one clip.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Facts {
    /// Number of frames, all of them decoded.
    pub(super) frames: usize,
    /// Width and height of each in pixels.
    pub(super) size: (u32, u32),
    /// Frames of a single colour.
    pub(super) constant: usize,
    /// JPEG files of four channels.
    pub(super) four_channels: usize,
    /// JPEG files with damaged data, PNG files without their end.
    pub(super) damaged: usize,
    /// XXH3, 128 bits, over sizes and pixels of all frames, in hexadecimal: equal for equal clips.
    pub(super) pixels: String,
    /// What the middle frame looks like, in hexadecimal; `None` where it has a single colour.
    pub(super) likeness: Option<String>,
}

impl Facts {
    /// What the middle frame looks like.
    pub(super) fn likeness(&self) -> Option<Likeness> {
        let bits = u64::from_str_radix(self.likeness.as_deref()?, 16);
        bits.ok().map(Likeness)
    }
}

/// Decodes every frame of a clip, one at a time.
///
/// # Errors
/// A file that is absent, leads out of the data set, or cannot be decoded.
pub(super) fn look(data: &Metadata, clip: &ClipId) -> Result<Facts, DatasetError> {
    let mut frames = data.catalog.pixels.open(&data.root, clip)?;
    let (count, size) = (frames.frames(), frames.size());
    let mut pixels = XxHash3_128::new();
    pixels.write(&size.0.to_le_bytes());
    pixels.write(&size.1.to_le_bytes());
    let (mut constant, mut likeness) = (0, None);
    for index in 0..count {
        let image = frames.frame(index).map_err(|source| {
            let file = data.catalog.pixels.files(clip).into_iter().nth(index);
            let file = file.or_else(|| data.catalog.pixels.files(clip).into_iter().next());
            let path = data.root.folder().join(file.unwrap_or_default());
            frames_error(clip, &path, source)
        })?;
        pixels.write(image.as_raw());
        let mut all = image.pixels();
        let first = all.next();
        let single = all.all(|pixel| Some(pixel) == first);
        constant += usize::from(single);
        if index == count / 2 && !single {
            likeness = Some(format!("{:016x}", Likeness::of(&image).0));
        }
    }
    let doubts = frames.doubts();
    Ok(Facts {
        frames: count,
        size,
        constant,
        four_channels: doubts.four_channels,
        damaged: doubts.damaged,
        pixels: format!("{:032x}", pixels.finish_128()),
        likeness,
    })
}
