//! How the gate judges a metric where a user's rules leave it open: a field of the metric's row.

/// How chance is asked about the difference of two runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GateTest {
    /// Whole stories change places between the runs, where both have the same sums of the same stories; the intervals
    /// elsewhere.
    Stories,
    /// The difference is compared with both intervals.
    Intervals,
}

/// What a difference is that no test can be made of: one of the values has no interval, for example at the edge of
/// the metric's range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Untested {
    /// A failure.
    Fails,
    /// A note.
    Noted,
}

/// How the gate judges a metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GateRule {
    /// How chance is asked.
    pub test: GateTest,
    /// Number of the family of tests that a score belongs to on all frames, and on other slices. Chances are adjusted
    /// within a family.
    pub families: [u8; 2],
    /// Whether what chance does not explain fails on the good side too.
    pub two_sided: bool,
    /// What a difference is that cannot be tested.
    pub untested: Untested,
}

impl GateRule {
    /// Everything is tested in one family, on both sides, by this test.
    #[must_use]
    pub const fn by(test: GateTest) -> Self {
        Self {
            test,
            families: [1, 1],
            two_sided: true,
            untested: Untested::Fails,
        }
    }

    /// The family of tests of a score on a slice.
    #[must_use]
    pub fn family(&self, slice: &str) -> u8 {
        self.families[usize::from(slice != "all")]
    }
}
