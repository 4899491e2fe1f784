//! One side of a resize, and which part of it is wanted.

/// One side of a resize: `from` positions become `to`, of which `len` from `start` on are wanted.
///
/// A resize that is cropped afterwards computes only what remains; every value is the one that the
/// whole resize would have there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Axis {
    /// Positions before, at least 1.
    pub(super) from: u32,
    /// Positions after, at least 1.
    pub(super) to: u32,
    /// First wanted position.
    pub(super) start: u32,
    /// Number of wanted positions; `start + len <= to`.
    pub(super) len: u32,
}

impl Axis {
    /// An axis of which everything is wanted.
    pub(super) fn whole(from: u32, to: u32) -> Self {
        Self {
            from,
            to,
            start: 0,
            len: to,
        }
    }

    /// Whether no pass is needed along this axis.
    pub(super) fn is_identity(self) -> bool {
        self.from == self.to
    }

    /// The wanted positions.
    pub(super) fn wanted(self) -> std::ops::Range<u32> {
        self.start..self.start + self.len
    }
}
