//! The room of pixels: decode, resize, normalise, lay out.

mod axis;
mod error;
mod filter;
mod geometry;
mod input_scale;
mod layout;
mod planes;
mod png;
mod prepare;
mod recipe;
mod resize;
mod taps;

pub use error::VisionError;
pub use filter::Filter;
pub use geometry::{center_crop, short_side_size};
pub use input_scale::InputScale;
pub use layout::to_chw;
pub use png::{MAX_BYTES, MAX_SIDE, decode_png, encode_png, read_png};
pub use prepare::prepare;
pub use recipe::{Geometry, Recipe, Resizer, ValueScale};
pub use resize::resize;
