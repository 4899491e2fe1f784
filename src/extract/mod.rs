//! The room of networks that look at a frame.

mod beam;
mod captioner;
mod classifier;
mod clip;
mod clip_text;
mod error;
mod eye;
mod features;
mod kind;
mod labels;
mod lpips;
mod network;
mod writer;

pub use captioner::Captioner;
pub use classifier::{Classifier, ClassifierKind};
pub use clip::Clip;
pub use error::ExtractError;
pub use features::FeatureNet;
pub use lpips::Lpips;
pub use network::BATCH;
