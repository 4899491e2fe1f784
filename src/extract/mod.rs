//! The room of networks that look at a frame.

mod beam;
mod captioner;
mod classifier;
mod clip;
mod clip_text;
mod error;
mod eye;
mod features;
mod html;
mod kind;
mod labels;
mod lpips;
mod network;
mod whitespace;
mod writer;

#[cfg(test)]
mod golden_tests;

pub use captioner::Captioner;
pub use classifier::{Classifier, ClassifierKind};
pub use clip::Clip;
pub use error::ExtractError;
pub use features::FeatureNet;
pub use lpips::Lpips;
pub use network::BATCH;
