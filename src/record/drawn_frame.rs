//! One frame as a generator gave it.

use super::Absence;
use image::RgbImage;
use serde::{Deserialize, Serialize};

/// One frame as a generator gave it: an image, or why there is none.
#[derive(Clone, Debug, PartialEq)]
pub struct DrawnFrame {
    /// The image.
    pub image: Result<RgbImage, Absence>,
    /// The caption that the generator wrote itself, where it went on with the story in its own words.
    pub written: Option<String>,
    /// How likely the generator holds the true caption here, where it was to write one and has such numbers.
    pub likelihood: Option<Likelihood>,
    /// What the generator says of it. Nothing that is scored depends on it.
    pub report: FrameReport,
}

/// How likely a language model holds a text.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Likelihood {
    /// Natural logarithm of the probability of the text: a sum over its tokens.
    pub log_probability: f64,
    /// The tokens of the text.
    pub tokens: usize,
}

/// What a generator says of a frame beside the frame.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FrameReport {
    /// Seconds that it took.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<f64>,
    /// Most memory of the device that was in use, in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peak_memory_bytes: Option<u64>,
    /// A remark, such as the reason of a refusal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl FrameReport {
    /// Whether it says nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl DrawnFrame {
    /// A frame of which nothing else is known.
    #[must_use]
    pub fn new(image: Result<RgbImage, Absence>) -> Self {
        Self {
            image,
            written: None,
            likelihood: None,
            report: FrameReport::default(),
        }
    }

    /// A frame without an image.
    #[must_use]
    pub fn absent(absence: Absence) -> Self {
        Self::new(Err(absence))
    }
}

impl From<RgbImage> for DrawnFrame {
    fn from(image: RgbImage) -> Self {
        Self::new(Ok(image))
    }
}
