//! MiniSV: a drawn cartoon world, in the FlintstonesSV layout or another one.
//!
//! Seven characters of our own invention live in twelve places. A clip is a pure function of the seed,
//! the season, the episode and the clip number, so that any part of the world can be drawn on demand
//! and always has the same bytes. Only integer and IEEE-754 basic operations and `libm` are used, never
//! the platform's trigonometry.

mod cast;
mod draw;
mod layout;
mod layouts;
mod pen;
mod prop;
mod scene;
mod script;
mod stage;
mod starter;
mod verify;

pub use cast::Character;
pub use layout::{MinisvError, MinisvReport, SplitSizes, WORLD_VERSION, World, write};
pub use layouts::{Step, write_in};
pub use scene::{FRAMES, Footage, SIZE, portrait, render};
pub use script::{Clip, Episode, episode};
pub use stage::Place;
pub use starter::starter;
pub use verify::{CheckError, check, remove};
