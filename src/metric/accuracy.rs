//! When a probability is a prediction.

/// Whether a probability counts as a positive prediction: `p > 0.5`.
///
/// Exactly 0.5 is negative, as in the published scripts, where rounding is half to even.
#[must_use]
pub fn positive(probability: f32) -> bool {
    probability > 0.5
}

/// Whether a probability counts as a positive prediction at another threshold: strictly above it.
#[must_use]
pub fn above(probability: f64, threshold: f64) -> bool {
    probability > threshold
}

/// `part / whole`; `None` when the whole is nothing.
pub(super) fn fraction(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_one_half_is_negative() {
        assert!(!positive(0.5));
        assert!(positive(0.500_000_06));
        assert!(!positive(f32::NAN));
    }
}
