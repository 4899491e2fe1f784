//! The room of pixels: decode, resize, lay out.

mod error;
mod filter;
mod input;
mod layout;
mod png;
mod recipe;
mod resize;

pub use error::VisionError;
pub use filter::Filter;
pub use input::{InputScale, prepare};
pub use layout::to_chw;
pub use png::{MAX_BYTES, MAX_SIDE, decode_png, encode_png, read_png};
pub use recipe::{Geometry, Recipe, Resizer, ValueScale};
pub use resize::resize;
