//! Lists without names for images that have them: in which order of the names they are.

use super::MeasureError;
use crate::format::natural_order;
use clap::ValueEnum;
use std::path::Path;

/// An order of the names of images.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum NameOrder {
    /// Byte by byte, as Python's `sorted` has it: img_10 before img_2
    Bytes,
    /// Numbers as numbers: img_2 before img_10
    Natural,
}

/// Brings the entries of a list into the order in which images are read, which is that of bytes. Where natural order is
/// another one, the caller must say in which the list is.
pub(super) fn in_read_order<T>(
    list: Vec<T>,
    images: &[String],
    order: Option<NameOrder>,
    path: &Path,
) -> Result<Vec<T>, MeasureError> {
    let natural = natural_order(images);
    if natural.iter().enumerate().all(|(at, place)| at == *place) {
        return Ok(list);
    }
    match order {
        None => Err(two_orders(path, images, &natural)),
        Some(NameOrder::Bytes) => Ok(list),
        Some(NameOrder::Natural) => {
            let mut entries: Vec<(usize, T)> = natural.into_iter().zip(list).collect();
            entries.sort_by_key(|(place, _)| *place);
            Ok(entries.into_iter().map(|(_, entry)| entry).collect())
        }
    }
}

/// The error of names that have two orders.
pub(super) fn two_orders(path: &Path, names: &[String], natural: &[usize]) -> MeasureError {
    let mut sorted: Vec<&String> = names.iter().collect();
    sorted.sort();
    let other = natural
        .iter()
        .zip(&sorted)
        .find(|(place, name)| names[**place] != ***name);
    let shown = other.map_or(String::new(), |(place, name)| {
        format!(
            ": {name} comes before {} by bytes, and after it by number",
            names[*place]
        )
    });
    MeasureError::request(
        format!(
            "in which order {} goes with the images is not certain{shown}",
            path.display()
        ),
        "say `--order natural` (img_2 before img_10) or `--order bytes` (img_10 before img_2, as Python's `sorted`), \
or give names with the entries, as JSON lines {\"id\": \"img_2.png\", \"caption\": \"..\"}",
    )
}
