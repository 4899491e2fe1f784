//! The room of files that other programs write or read: arrays, statistics, captions, folders of
//! images. Nothing here is executed or trusted; sizes are checked before memory is taken.

mod caption_ids;
mod caption_list;
mod captions;
mod checkpoint;
mod coco;
mod error;
mod fault;
mod hdf5;
mod image_pairs;
mod images;
mod latents;
mod lines;
#[cfg(test)]
mod mutation_tests;
mod names;
mod npy;
pub(crate) mod npy_dump;
mod npy_table;
mod npz;
pub mod pickle;
pub(crate) mod pickle_dump;
mod rows;
mod tensors;

pub use caption_list::CaptionList;
pub use captions::{
    CaptionFault, CaptionFile, CaptionId, CaptionItem, CaptionSet, pair_captions, text_of,
};
pub use checkpoint::{Checkpoint, Number, StoredTensor};
pub use coco::read_coco;
pub use error::FormatError;
pub use hdf5::{StoryFile, StoryFileError, StoryFileWriter};
pub use image_pairs::{ImagePair, image_pairs};
pub use images::ImageFiles;
pub use latents::{FolderName, LatentFiles, LatentFolder, latents_file};
pub use lines::{Lines, caption_lines, read_lines};
pub use names::{image_key, natural_order};
pub use npy::{HeaderFault, NpyArray, NpyHeader, Numbers, Writable, read_npy};
pub use npy_table::{NpyContent, NpyTableError, Table, decode_npy};
pub use npz::{Statistics, read_statistics, write_statistics};
pub use rows::{RowCell, RowFile, UserRow, read_rows};
pub use tensors::{Tensor, TensorArchive};
