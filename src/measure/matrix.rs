//! Where matrices come from: `.npy` files of features, logits or labels, and `.npz` files of statistics.

use super::MeasureError;
use crate::format::{NpyArray, Numbers, read_npy, read_statistics};
use std::path::Path;

/// A matrix of a file.
pub(super) fn read_matrix(path: &Path) -> Result<Numbers, MeasureError> {
    Ok(read_array(path)?.numbers)
}

/// The same, with what the file says of its numbers.
pub(super) fn read_array(path: &Path) -> Result<NpyArray, MeasureError> {
    if is_statistics(path) {
        // What is no file of statistics learns what it holds.
        read_statistics(path)?;
        return Err(MeasureError::request(
            format!("{} holds statistics, not features", path.display()),
            "only `storyeval metric fid` takes statistics; give an .npy file or a folder of images",
        ));
    }
    Ok(read_npy(path)?)
}

/// Whether a file is one of statistics, by its name.
pub(super) fn is_statistics(path: &Path) -> bool {
    has_ending(path, "npz")
}

/// Whether a file's name ends so, in upper case too.
pub(super) fn has_ending(path: &Path, ending: &str) -> bool {
    path.extension()
        .is_some_and(|found| found.eq_ignore_ascii_case(ending))
}

/// Runs an expression on two matrices in their common precision.
macro_rules! both {
    ($first:expr, $second:expr, |$a:ident, $b:ident| $run:expr) => {
        match ($first, $second) {
            (crate::format::Numbers::F32(first), crate::format::Numbers::F32(second)) => {
                let ($a, $b) = (first.view(), second.view());
                $run
            }
            (first, second) => {
                let (first, second) = (first.to_f64(), second.to_f64());
                let ($a, $b) = (first.view(), second.view());
                $run
            }
        }
    };
}

/// Runs an expression on a matrix.
macro_rules! one {
    ($set:expr, |$a:ident| $run:expr) => {
        match $set {
            crate::format::Numbers::F32(set) => {
                let $a = set.view();
                $run
            }
            crate::format::Numbers::F64(set) => {
                let $a = set.view();
                $run
            }
        }
    };
}

pub(super) use {both, one};
