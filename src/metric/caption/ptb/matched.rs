//! What a rule found.

/// A token that a rule proposes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Match {
    /// End of the token.
    pub(super) end: usize,
    /// How far the rule had to look. Of all rules the one that looked farthest wins; this, not the
    /// length of the token, is how the reference decides.
    pub(super) reach: usize,
    /// What is written instead of the text.
    pub(super) written: Option<&'static str>,
}

impl Match {
    /// The text up to `end`.
    pub(super) fn text(end: usize) -> Self {
        Self {
            end,
            reach: end,
            written: None,
        }
    }

    /// The text up to `end`, after a look up to `reach`.
    pub(super) fn ahead(end: usize, reach: usize) -> Self {
        Self {
            end,
            reach,
            written: None,
        }
    }

    /// Something else for the text up to `end`.
    pub(super) fn written(end: usize, written: &'static str) -> Self {
        Self {
            end,
            reach: end,
            written: Some(written),
        }
    }

    /// The better of two proposals; the first where they looked equally far.
    pub(super) fn or(self, other: Option<Self>) -> Self {
        match other {
            Some(other) if other.reach > self.reach => other,
            _ => self,
        }
    }
}
