//! A controlled corruption study: which metric sees which fault.
//!
//! The ground-truth frames of some stories are taken for "generated", one fault at a time is put into
//! them at five strengths, and everything is observed and scored as a run is. A metric that moves with
//! a fault sees it; one that stays where it was is blind to it.

mod anchor;
mod chart;
mod corruption;
mod damage;
mod donors;
mod fault;
mod key;
mod listing;
mod pixels;
mod scratch;
mod seeds;
mod study;

pub use anchor::Anchor;
pub use chart::chart;
pub use corruption::{Corruption, Extent, Shown, Touch};
pub use damage::{Cell, Damage, Row};
pub use fault::{Fault, Grain, Strength};
pub use listing::listing;
pub use pixels::{blur, noise, uniform};
pub use scratch::Scratch;
pub use study::{Condition, Finding, SeedStudy, Study};
