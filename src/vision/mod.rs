//! The room of pixels: decode, resize, normalise, lay out.

mod axis;
mod decode;
mod decoding;
mod error;
mod filter;
mod geometry;
#[cfg(test)]
mod golden_tests;
mod input_scale;
mod jpeg;
mod layout;
mod lines;
mod other;
mod pass_order;
mod passes;
mod planes;
mod png;
mod png_end;
mod pnm;
mod prepare;
mod recipe;
mod resize;
mod scaler;
mod taps;
mod torch;

pub use decode::{SourceImage, decode_image, read_bounded, read_image};
pub use decoding::Decoding;
pub use error::VisionError;
pub use filter::Filter;
pub use geometry::{View, short_side_size};
pub use input_scale::InputScale;
pub use layout::to_chw;
pub use other::{decode_any_image, read_any_image};
pub use pass_order::PassOrder;
pub use planes::{FloatResizer, resize_float};
pub use png::{MAX_BYTES, MAX_SIDE, decode_png, encode_png, read_png};
pub use prepare::{prepare, prepare_ordered};
pub use recipe::{Geometry, Recipe, Resizer, ValueScale};
pub use resize::{resize, resize_ordered};
