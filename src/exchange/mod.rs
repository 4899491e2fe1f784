//! The room of files that other programs write or read: arrays, statistics, captions, folders of
//! images. Nothing here is executed or trusted; sizes are checked before memory is taken.

mod error;
mod images;
mod npy;
mod npz;

pub use error::ExchangeError;
pub use images::{Depth, ImageFiles};
pub use npy::{HeaderFault, NpyArray, NpyHeader, Numbers, Writable, read_npy, write_npy};
pub use npz::{Statistics, read_statistics, write_statistics};
