//! Holm's correction for several tests.

/// p values adjusted so that the chance of *any* false finding among them is at most the level, whatever
/// their dependence (Holm, 1979). In the order given; at least as large as the p values, at most 1.
///
/// A NaN is adjusted to NaN and counts as a test.
#[must_use]
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|a, b| p_values[*a].total_cmp(&p_values[*b]));
    let mut adjusted = vec![f64::NAN; p_values.len()];
    let mut least = 0.0_f64;
    for (rank, at) in order.into_iter().enumerate() {
        if !p_values[at].is_nan() {
            least = least.max(p_values[at] * (p_values.len() - rank) as f64);
            adjusted[at] = least.min(1.0);
        }
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::super::golden::{close, paired};
    use super::*;

    #[test]
    fn equals_statsmodels() {
        for case in paired().holm {
            for (found, expected) in holm(&case.p).into_iter().zip(case.adjusted) {
                close(found, expected, 1e-12);
            }
        }
    }

    #[test]
    fn the_edges_are_defined() {
        assert!(holm(&[]).is_empty());
        let adjusted = holm(&[0.01, f64::NAN]);
        close(adjusted[0], 0.02, 1e-15);
        assert!(adjusted[1].is_nan());
    }
}
