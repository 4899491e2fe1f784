//! The room of files that other programs write or read: arrays, statistics, captions, folders of
//! images. Nothing here is executed or trusted; sizes are checked before memory is taken.

mod captions;
mod coco;
mod error;
mod fault;
mod images;
mod latents;
mod lines;
mod npy;
mod npz;
mod tensors;

pub use captions::{
    CaptionFault, CaptionFile, CaptionId, CaptionItem, CaptionSet, pair_captions, text_of,
};
pub use coco::read_coco;
pub use error::ExchangeError;
pub use images::{Depth, ImageFiles};
pub use latents::{FolderName, LatentFiles, LatentFolder};
pub use lines::{read_caption_lines, read_lines};
pub use npy::{HeaderFault, NpyArray, NpyHeader, Numbers, Writable, read_npy, write_npy};
pub use npz::{Statistics, read_statistics, write_statistics};
pub use tensors::{Tensor, TensorArchive};
