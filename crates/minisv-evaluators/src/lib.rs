//! The networks that judge MiniSV, compiled in, so that `storyeval` needs no checkout.
//!
//! A crate of its own, because a registry takes at most 10 MB per crate. The files are links to
//! `reference-data/bundles` of the repository; a published crate holds the files themselves.

use include_dir::{Dir, include_dir};

/// The files, below a folder per bundle.
pub static BUNDLES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/bundles");
