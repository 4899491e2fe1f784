//! How the gate judges a metric where a user's rules leave it open: a field of the metric's row.

/// How chance is asked about the difference of two runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GateTest {
    /// As `compare` tests it: Student's t on what the difference is without each story, where the baseline keeps that of
    /// the same stories; both standard errors elsewhere.
    Stories,
    /// The difference is compared with both intervals.
    Intervals,
}

/// What a difference is that no test can be made of: one of the values has no interval, for example at the edge of
/// the metric's range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Untested {
    /// A failure, unless there are too few stories for any interval.
    Fails,
    /// A note. A difference from a value without an interval is then not tested at all: at the edge of its range a
    /// statistic of neighbours has an error that its own stories do not show.
    Noted,
}

/// The family of the headline metrics on all frames.
pub const HEADLINE: u8 = 1;
/// The family of everything else.
pub const FURTHER: u8 = 2;

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
    /// Tested beside the headline metrics, on both sides, by this test.
    #[must_use]
    pub const fn by(test: GateTest) -> Self {
        Self {
            test,
            families: [FURTHER, FURTHER],
            two_sided: true,
            untested: Untested::Fails,
        }
    }

    /// On all frames in the family of the headline metrics.
    #[must_use]
    pub const fn headline(mut self) -> Self {
        self.families = [HEADLINE, FURTHER];
        self
    }

    /// The family of tests of a score on a slice.
    #[must_use]
    pub fn family(&self, slice: &str) -> u8 {
        self.families[usize::from(slice != "all")]
    }
}
