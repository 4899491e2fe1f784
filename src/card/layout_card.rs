//! A form in which a data set lies on disk.

use super::{ExpectedCounts, ImageSize, NeededFile};
use serde::{Deserialize, Serialize};

/// Which loader reads the files.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    clap::ValueEnum,
    strum::Display,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[strum(serialize_all = "kebab-case")]
#[serde(rename_all = "kebab-case")]
pub enum Layout {
    /// FlintstonesSV as StoryDALL-E, Make-A-Story and ARLDM read it: five frames per clip.
    #[serde(alias = "flintstones-sv")]
    Flintstones,
    /// FlintstonesSV with every frame of a clip, as VLCStoryGan reads it.
    FlintstonesFull,
    /// StoryGPT-V's repack of FlintstonesSV and PororoSV.
    StorygptV,
    /// PororoSV as StoryGAN's successors read it.
    Pororo,
    /// VIST: stories in sequence, an image a photo.
    Vist,
    /// ARLDM's HDF5 file.
    ArldmH5,
    /// A frozen export of MUGEN: `mugen.json` and PNG files.
    Mugen,
    /// `stories.jsonl` and image files.
    Folder,
}

impl Layout {
    /// All of them.
    pub const ALL: &[Self] = <Self as strum::VariantArray>::VARIANTS;

    /// The name on cards and on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// Which text of a VIST photo is its caption.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CaptionSource {
    /// The sentence of the story: story in sequence.
    #[default]
    Stories,
    /// The description of the photo alone: description in isolation.
    Descriptions,
}

impl CaptionSource {
    // By reference, as serde asks for it.
    #[allow(clippy::trivially_copy_pass_by_ref)]
    fn is_stories(&self) -> bool {
        *self == Self::Stories
    }
}

/// A layout in which a data set is published, and what it looks like there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LayoutCard {
    /// Which loader reads it.
    pub layout: Layout,
    /// Size of the frames on disk; absent where they differ.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<ImageSize>,
    /// Frames in a clip, as published; absent where clips differ.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frames_per_clip: Option<usize>,
    /// Which text of a photo is its caption, in a layout that has two.
    #[serde(default, skip_serializing_if = "CaptionSource::is_stories")]
    pub captions: CaptionSource,
    /// What each split is said to hold, where it is not what the data set's card says: clips, or
    /// stories in a layout that lists stories.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<ExpectedCounts>,
    /// Where this form is published, when that is not where the data set is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published_at: Option<String>,
    /// The files of the layout.
    #[serde(default)]
    pub files: Vec<NeededFile>,
}

impl LayoutCard {
    /// The folder layout, which every data set may be converted to.
    #[must_use]
    pub fn folder() -> Self {
        let file = |path: &str, meaning: &str| NeededFile {
            path: path.to_owned(),
            meaning: meaning.to_owned(),
            published_at: None,
            optional: false,
        };
        Self {
            layout: Layout::Folder,
            image: None,
            frames_per_clip: None,
            captions: CaptionSource::default(),
            expected: Some(ExpectedCounts::default()),
            published_at: None,
            files: vec![file(
                "stories.jsonl",
                "one story per line, with the paths of its images (docs/bring-my-data.md)",
            )],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_cards_say() {
        for &layout in Layout::ALL {
            let text = serde_json::to_string(&layout).unwrap();
            assert_eq!(text, format!("\"{}\"", layout.name()));
            assert_eq!(serde_json::from_str::<Layout>(&text).unwrap(), layout);
        }
        let old: Layout = serde_json::from_str("\"flintstones-sv\"").unwrap();
        assert_eq!(old, Layout::Flintstones);
    }
}
