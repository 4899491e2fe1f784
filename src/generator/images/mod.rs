//! Frames that another program drew, found in a folder by the names that program gives them.
//!
//! A [`Layout`] says which file a frame of a story has; [`Folder`] lists what is there; [`Matching`]
//! brings the two together and keeps what does not fit; [`Inspection`] reads every matched file once.
//! Nothing here writes, and nothing is dropped quietly: everything that does not fit is one
//! [`Mismatch`], unless the caller allowed it.

mod arldm;
mod error;
mod fitting;
mod folder;
mod gill;
mod guess;
mod inspect;
mod layout;
mod manifest;
mod matching;
mod mismatch;
mod reading;
mod rows;
mod stories;
mod storydalle;
mod storygpt_v;
#[cfg(test)]
mod testing;
mod vlc;

pub use error::{ImagesError, ManifestFault};
pub use fitting::{Asked, Fitted, choose, fit};
pub use folder::{Folder, FoundFile, MAX_FILES};
pub use guess::{Guess, guesses};
pub use inspect::{Inspected, Inspection, stored_png};
pub use layout::{FramePlace, Layout, LayoutKind, Numbers, Place, open_layout, open_numbered};
pub use manifest::MANIFEST_NAMES;
pub use matching::{FrameMatch, Matching};
pub use mismatch::{Allowed, Mismatch, Tried};
pub use reading::{Doubt, Reading, Taken, doubt};
