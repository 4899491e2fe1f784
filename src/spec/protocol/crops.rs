//! How characters are cut out of frames.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Crops of single characters: which boxes are used, and how they are cut.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CropRule {
    /// Boxes with a side of fewer pixels of their image are left out, as if nothing had been found.
    pub min_side: u32,
    /// What a box is widened by on each side before it is cut, as a share of its width or height;
    /// between 0 and 1.
    pub margin: f64,
}

impl fmt::Display for CropRule {
    /// As signatures and cache keys print it: `min8+margin0.1`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "min{}+margin{}", self.min_side, self.margin)
    }
}
