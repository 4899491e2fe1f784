//! The room of evaluators: what observes a frame, and owns the columns that it writes.

mod beam;
mod captioner;
mod classifier;
mod clip;
mod clip_text;
mod component;
mod contract;
mod crops;
mod error;
mod features;
mod html;
mod input;
mod kind;
mod labels;
mod locator;
mod lpips;
mod network;
mod passes;
mod pixel_box;
mod pixels;
mod registry;
mod signatures;
mod whitespace;
mod writer;
mod writing;

#[cfg(test)]
mod golden_tests;
#[cfg(test)]
mod pass_order_tests;

pub use captioner::Captioner;
pub use classifier::{Classifier, ClassifierKind};
pub use clip::Clip;
pub use contract::{Chunk, Evaluator, Rows, TruthColumn};
pub use error::EvaluatorError;
pub use features::FeatureNet;
pub use locator::Locator;
pub use lpips::Lpips;
pub use network::BATCH;
pub use pixel_box::PixelBox;
pub use pixels::Pixels;
pub use registry::{EVALUATORS, EvaluatorRow, Opening, Source, open};
pub use signatures::signatures;
pub use writing::put_written;
