//! The room that asks whether a bundle does what it should: every graph is loaded, has the ports that it
//! should have, runs once, and gives what the network gave that it was made from.
//!
//! A bundle that was made by hand is completed here too ([`pack`]).
//!
//! Graphs are loaded one at a time, so that the largest decides how much memory it takes.

mod error;
mod example;
mod graph;
mod pack;
mod parity;

pub use error::ExamineError;
pub use graph::{Examined, examine};
pub use pack::{Filled, Packed, Problem, WrittenHash, pack};
