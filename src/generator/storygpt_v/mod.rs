//! StoryGPT-V, and the diffusion model it is built on.
//!
//! `text` and `portraits` make the context of a caption, `llm` the context of a frame that refers to earlier
//! ones, `denoise` and `decode` turn a context into pixels; `diffusion` joins the steps that both
//! models share. Every size, token and constant comes from the bundle.

mod char_ldm;
mod decode;
mod denoise;
mod diffusion;
#[cfg(test)]
mod fake;
mod llm;
mod networks;
mod onnx;
mod pipeline;
mod portraits;
mod resident;
mod sampling;
mod settings;
pub mod signatures;
mod telling;
mod text;
mod writing;

pub use char_ldm::CharLdm;
pub use networks::{Cache, DiffusionNetworks, LanguageNetworks, Tokenize};
pub use onnx::{OnnxDiffusion, OnnxLanguage};
pub use pipeline::StoryGptV;
pub use resident::ResidentSampler;
pub use settings::DiffusionSettings;
