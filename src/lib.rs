//! `storyeval` evaluates story visualisation: a model gets the captions of a story, often with
//! pronouns instead of names, and has to draw consistent frames.
//!
//! The library follows the flow of a run: what users write ([`card`]), files of other programs ([`format`](mod@format)),
//! the data ([`dataset`], and rooms that [`convert`], [`verify`] or draw one: [`minisv`]), files from the network ([`fetch`]), the networks
//! ([`inference`]), the models that draw ([`generator`]), the pixels ([`vision`]), the evaluators
//! ([`evaluator`]), the numbers ([`metric`], [`stats`]), the run folder ([`run`]), observing and scoring
//! ([`evaluate`]), all stages as one library call ([`pipeline`]), metrics of files without a run ([`measure`]), whether a
//! bundle does what it should ([`examine`]), published checkpoints that become bundles ([`weights`]), and what people
//! read ([`report`], [`compare`], [`paper`], in [`table`]s), notebooks read
//! ([`export`]) or a build waits for ([`gate`]). What is persisted is in [`record`], and everything may
//! depend on it. `docs/architecture.md` says why.

pub mod audit;
pub mod card;
pub mod compare;
pub mod convert;
pub mod dataset;
pub mod error;
pub mod evaluate;
pub mod evaluator;
pub mod examine;
pub mod export;
pub mod fetch;
pub mod format;
pub mod gate;
pub mod generator;
pub mod inference;
pub mod measure;
pub mod metric;
pub mod minisv;
pub mod paper;
pub mod pipeline;
pub mod record;
pub mod report;
pub mod run;
pub mod stats;
pub mod table;
pub mod verify;
pub mod vision;
pub mod weights;

pub use error::Error;
pub use record::{FaultKind, Hint};
