//! The room of networks that look at a frame.

mod beam;
mod captioner;
mod classifier;
mod clip;
mod clip_text;
mod component;
mod error;
mod eye;
mod features;
mod html;
mod kind;
mod labels;
mod locator;
mod lpips;
mod network;
mod passes;
mod pixel_box;
mod signatures;
mod whitespace;
mod writer;

#[cfg(test)]
mod golden_tests;

pub use captioner::Captioner;
pub use classifier::{Classifier, ClassifierKind};
pub use clip::Clip;
pub use error::ExtractError;
pub use features::FeatureNet;
pub use locator::Locator;
pub use lpips::Lpips;
pub use network::BATCH;
pub use pixel_box::PixelBox;
pub use signatures::signatures;
