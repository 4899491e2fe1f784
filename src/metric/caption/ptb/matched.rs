//! What a rule found.

/// How a token is written: in lower case, and spaces in it do not break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Writing {
    /// Without soft hyphens, round brackets escaped.
    Plain,
    /// With everything in it: tags, addresses, files.
    Whole,
    /// `'s`, `n't`: with a straight apostrophe.
    ShortForm,
    /// `A&amp;B`: with a bare `&`.
    And,
    /// Two quotation marks: each as on its own.
    Quotes,
    /// This instead of the text.
    Instead(&'static str),
}

/// A token that a rule proposes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Match {
    /// End of the token.
    pub(super) end: usize,
    /// How far the rule had to look. Of all rules the one that looked farthest wins; this, not the
    /// length of the token, is how the reference decides.
    pub(super) reach: usize,
    pub(super) writing: Writing,
}

impl Match {
    /// The text up to `end`.
    pub(super) fn text(end: usize) -> Self {
        Self::ahead(end, end)
    }

    /// The text up to `end`, after a look up to `reach`.
    pub(super) fn ahead(end: usize, reach: usize) -> Self {
        Self {
            end,
            reach,
            writing: Writing::Plain,
        }
    }

    /// Something else for the text up to `end`.
    pub(super) fn written(end: usize, written: &'static str) -> Self {
        Self::text(end).to_be(Writing::Instead(written))
    }

    /// The same token, written like this.
    pub(super) fn to_be(self, writing: Writing) -> Self {
        Self { writing, ..self }
    }

    /// The better of two proposals; the first where they looked equally far.
    pub(super) fn or(self, other: Option<Self>) -> Self {
        match other {
            Some(other) if other.reach > self.reach => other,
            _ => self,
        }
    }
}
