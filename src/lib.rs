//! `storyeval` evaluates story visualisation: a model gets the captions of a story, often with
//! pronouns instead of names, and has to draw consistent frames.
//!
//! The library follows the flow of a run: what users write ([`spec`]), the data ([`dataset`]), the
//! files of other programs ([`exchange`]), the
//! networks ([`inference`]), the models that draw ([`generator`]), the pixels ([`vision`]), the models
//! that look ([`extract`]), the numbers ([`metric`], [`stats`]), the run folder ([`run`]), the
//! later stages put together ([`evaluate`]), all stages as one library call ([`pipeline`]), whether a bundle does what it should ([`examine`]), and what
//! people read ([`report`], [`compare`], [`paper`], in [`table`]s), notebooks read ([`export`]) or a build waits for ([`gate`]).
//! What is persisted is in [`record`], and everything may depend on it.
//! `docs/architecture.md` says why.

pub mod compare;
pub mod dataset;
pub mod error;
pub mod evaluate;
pub mod examine;
pub mod exchange;
pub mod export;
pub mod extract;
pub mod gate;
pub mod generator;
pub mod inference;
pub mod metric;
pub mod paper;
pub mod pipeline;
pub mod record;
pub mod report;
pub mod run;
pub mod spec;
pub mod stats;
pub mod table;
pub mod vision;

pub use error::Error;
pub use record::{FaultKind, Hint};
