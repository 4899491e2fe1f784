//! Which values a statistic can take, and the scale on which no value lies beyond them.

/// Which values a statistic can take.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Range {
    /// Any value.
    Anywhere,
    /// A share of things that are right, in percent: its clusters have a share of 0 to 100 each.
    Percent,
    /// From a value on, without a limit above.
    AtLeast(f64),
    /// Between two values, which it may reach.
    Between(f64, f64),
}

impl Range {
    /// The smallest and the largest value.
    #[must_use]
    pub fn ends(self) -> [f64; 2] {
        match self {
            Self::Anywhere => [f64::NEG_INFINITY, f64::INFINITY],
            Self::Percent => [0.0, 100.0],
            Self::AtLeast(low) => [low, f64::INFINITY],
            Self::Between(low, high) => [low, high],
        }
    }

    /// A value on the scale that runs from minus to plus infinity: the logarithm of its distance from a single
    /// end, the logit between two. `None` at an end and beyond.
    pub(super) fn free(self, value: f64) -> Option<f64> {
        if self == Self::Anywhere {
            return Some(value);
        }
        let [low, high] = self.ends();
        let inside = value > low && value < high;
        inside.then(|| {
            if high.is_finite() {
                ((value - low) / (high - value)).ln()
            } else {
                (value - low).ln()
            }
        })
    }

    /// Back from [`Self::free`].
    pub(super) fn bound(self, free: f64) -> f64 {
        if self == Self::Anywhere {
            return free;
        }
        let [low, high] = self.ends();
        if high.is_finite() {
            low + (high - low) / (1.0 + (-free).exp())
        } else {
            low + free.exp()
        }
    }

    /// A value cut to the range.
    pub(super) fn clamp(self, value: f64) -> f64 {
        let [low, high] = self.ends();
        value.clamp(low, high)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_free_scale_leads_back() {
        for range in [
            Range::Anywhere,
            Range::Percent,
            Range::AtLeast(0.0),
            Range::Between(-1.0, 1.0),
        ] {
            for value in [0.001, 0.25, 0.999] {
                let free = range.free(value).unwrap();
                assert!((range.bound(free) - value).abs() < 1e-12, "{range:?}");
            }
            let [low, high] = range.ends();
            if range != Range::Anywhere {
                assert_eq!((range.free(low), range.free(high)), (None, None));
            }
            assert!(range.bound(-1e9) >= low && range.bound(1e9) <= high);
        }
    }
}
