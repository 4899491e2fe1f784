//! The cosine of two embeddings.

/// Cosine of two vectors, summed in f64 and without an epsilon, in [-1, 1]; `None` when one of them
/// has no length or is not finite.
#[must_use]
pub fn cosine(a: &[f32], b: &[f32]) -> Option<f64> {
    let (mut dot, mut left, mut right) = (0.0, 0.0, 0.0);
    for (a, b) in a.iter().zip(b) {
        let (a, b) = (f64::from(*a), f64::from(*b));
        dot += a * b;
        left += a * a;
        right += b * b;
    }
    let length = f64::sqrt(left) * f64::sqrt(right);
    (length > 0.0 && dot.is_finite() && length.is_finite()).then(|| dot / length)
}
