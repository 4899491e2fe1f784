//! Which pass of a resize comes first.

/// Which pass of Pillow's resize comes first. It matters because the image between the passes is
/// rounded: on noise up to a dozen grey levels for 8-bit pixels. Where the height does not shrink, and
/// for square to square, both versions go horizontal first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum PassOrder {
    /// Horizontal first, always: Pillow up to 12.1. (12.2 and 12.3 go vertical first for images that
    /// are more than 100 times as tall as wide and lose height.)
    #[default]
    Pillow12,
    /// Vertical first where the height loses more than twice the pixels that the width loses: Pillow 13.0.
    Pillow13,
}

impl PassOrder {
    /// Whether the vertical pass comes first for sizes of (width, height).
    ///
    /// Pillow 13's rule is inferred from what 13.0.0 does: `tools/golden/resize.py` checks it.
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
