//! What a feature may be stored as.

/// A real number of a feature vector, `f32` or `f64`. All arithmetic is in `f64`.
pub trait Feature: Copy + Into<f64> + Send + Sync + 'static {
    /// Whether the numbers have single precision, so that a reference that works in the precision of
    /// its input rounds.
    const SINGLE: bool;
}

impl Feature for f32 {
    const SINGLE: bool = true;
}

impl Feature for f64 {
    const SINGLE: bool = false;
}
