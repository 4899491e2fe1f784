//! Which pass of a resize comes first: the one thing in which versions of Pillow resize differently.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

/// Which pass of Pillow's resize comes first. It matters because the image between the passes is
/// rounded: on noise up to a dozen grey levels for 8-bit pixels. Where the height does not shrink, and
/// for square to square, both versions go horizontal first.
///
/// Cards call it by the version, `pillow = "13"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, ValueEnum)]
pub enum PassOrder {
    /// Horizontal first, always: Pillow up to 12.1. (12.2 and 12.3 go vertical first for images that
    /// are more than 100 times as tall as wide and lose height.)
    #[default]
    #[serde(rename = "12")]
    #[value(name = "12", help = "Horizontal first, always: Pillow 12 and before")]
    Pillow12,
    /// Vertical first where the height loses more than twice the pixels that the width loses: Pillow 13.0.
    #[serde(rename = "13")]
    #[value(
        name = "13",
        help = "Vertical first where a picture loses more than twice as many rows as columns"
    )]
    Pillow13,
}

impl PassOrder {
    /// Whether it is the one that cards and signatures do not name.
    #[must_use]
    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// What signatures put behind `pillow`: nothing, or the version.
    pub(super) fn suffix(self) -> &'static str {
        match self {
            Self::Pillow12 => "",
            Self::Pillow13 => "13",
        }
    }

    /// Whether the vertical pass comes first for sizes of (width, height).
    ///
    /// Pillow 13's rule is that of `ImagingResampleInner` in 13.0.0's `Resample.c`, whose differences may
    /// be negative: where the width grows, any loss of height is enough, as it is here.
    pub(super) fn vertical_first(self, from: (u32, u32), to: (u32, u32)) -> bool {
        let width_lost = u64::from(from.0.saturating_sub(to.0));
        let height_lost = u64::from(from.1.saturating_sub(to.1));
        self == Self::Pillow13 && height_lost > 2 * width_lost
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_clear_loss_of_height_changes_the_order() {
        let order = |from, to| PassOrder::Pillow13.vertical_first(from, to);
        assert!(order((480, 640), (299, 224)));
        assert!(order((10, 10), (20, 9)));
        assert!(order((10, 10), (9, 7)));
        assert!(!order((10, 10), (9, 8)));
        assert!(!order((10, 10), (5, 5)));
        assert!(!order((10, 10), (20, 10)));
        assert!(!order((10, 10), (5, 20)));
        assert!(!PassOrder::Pillow12.vertical_first((480, 640), (299, 224)));
    }
}
