//! Accuracy of label vectors.

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

/// Percent of rows, in `[0, 100]`, whose whole label vector is predicted: the Char-Acc of papers
/// (StoryDALL-E, StoryGPT-V). `None` without rows.
///
/// Each row is `(predicted, true)`. Rows of different lengths are a mistake of the caller and do not
/// match.
pub fn exact_match<'a>(rows: impl IntoIterator<Item = (&'a [bool], &'a [bool])>) -> Option<f64> {
    let (mut right, mut all) = (0_u64, 0_u64);
    for (predicted, labels) in rows {
        right += u64::from(predicted == labels);
        all += 1;
    }
    percent(right, all)
}

/// Percent of single labels, in `[0, 100]`, that are predicted. `None` without labels.
///
/// This is the "accuracy" of the manual line in StoryDALL-E's script; it is much higher than
/// [`exact_match`] and not to be confused with it.
pub fn label_accuracy<'a>(rows: impl IntoIterator<Item = (&'a [bool], &'a [bool])>) -> Option<f64> {
    let (mut right, mut all) = (0_u64, 0_u64);
    for (predicted, labels) in rows {
        right += predicted.iter().zip(labels).filter(|(p, y)| p == y).count() as u64;
        all += labels.len() as u64;
    }
    percent(right, all)
}

/// `part / whole`; `None` when the whole is nothing.
pub(super) fn fraction(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// `100 * part / whole`; `None` when the whole is nothing.
pub(super) fn percent(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| 100.0 * part as f64 / whole as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::f1::tests::golden;

    #[test]
    fn exactly_one_half_is_negative() {
        assert!(!positive(0.5));
        assert!(positive(0.500_000_06));
        assert!(!positive(f32::NAN));
    }

    #[test]
    fn equals_scikit_learn() {
        let golden = golden();
        let value = exact_match(golden.rows()).unwrap();
        assert!((value - 100.0 * golden.exact_match).abs() < 1e-12);
        let value = label_accuracy(golden.rows()).unwrap();
        assert!((value - 100.0 * golden.label_accuracy).abs() < 1e-12);
    }

    #[test]
    fn nothing_has_no_accuracy() {
        assert_eq!(exact_match([]), None);
        assert_eq!(label_accuracy([]), None);
    }
}
