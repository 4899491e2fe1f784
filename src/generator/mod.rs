//! The room of models that draw a story.
//!
//! A [`Generator`] takes a batch of [`Prompt`]s and gives every frame of every story. [`StoryGptV`] and
//! [`CharLdm`] are networks, [`command::Workers`] programs of the user's, [`HttpGenerator`] asks a service;
//! [`GroundTruth`] and [`Shuffled`] say what the best and the worst possible model would score.

pub mod command;
mod error;
mod frame_source;
#[cfg(test)]
mod golden;
mod ground_truth;
mod http;
pub mod images;
mod noise;
mod pndm;
mod prompt;
mod scheduler;
mod shuffled;
mod storygpt_v;

pub use error::{Fault, GeneratorError, Place};
pub use frame_source::FrameSource;
pub use ground_truth::GroundTruth;
pub use http::{Budget, HttpContext, HttpGenerator, Paid, ServiceFault};
pub use noise::{Latents, NOISE_VERSION, Noise, latents};
pub use pndm::{Multistep, Pndm};
pub use prompt::{Generator, Prompt, Writing};
pub use scheduler::{Schedule, SchedulerError};
pub use shuffled::Shuffled;
pub use storygpt_v::{
    Cache, CharLdm, DiffusionNetworks, DiffusionSettings, LanguageNetworks, OnnxDiffusion,
    OnnxLanguage, ResidentSampler, StoryGptV, Tokenize, signatures,
};
