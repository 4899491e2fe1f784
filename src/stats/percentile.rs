//! Percentiles as numpy's default method has them.

/// The `q`-th percentile, `q` in `[0, 100]`, of values sorted in ascending order.
///
/// Linear interpolation between the closest ranks, in the order of operations of `numpy.percentile`.
/// `None` without values or with `q` outside its range.
#[must_use]
pub fn percentile(sorted: &[f64], q: f64) -> Option<f64> {
    if !(0.0..=100.0).contains(&q) {
        return None;
    }
    let last = sorted.len().checked_sub(1)?;
    let position = q / 100.0 * last as f64;
    let low = (position.floor() as usize).min(last);
    let (below, above) = (sorted[low], sorted[(low + 1).min(last)]);
    let share = position - low as f64;
    // numpy interpolates from the nearer end, which is more exact there.
    Some(if share < 0.5 {
        below + (above - below) * share
    } else {
        above - (above - below) * (1.0 - share)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(serde::Deserialize)]
    struct Golden {
        all_means: Vec<f64>,
        percentile95: [f64; 2],
        exact: Vec<Exact>,
    }

    #[derive(serde::Deserialize)]
    struct Exact {
        values: Vec<f64>,
        q: Vec<f64>,
        percentiles: Vec<f64>,
    }

    fn golden() -> Golden {
        let path = "reference-data/golden/stats/percentile.json";
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    }

    #[test]
    fn equals_numpy() {
        for case in golden().exact {
            let mut sorted = case.values;
            sorted.sort_by(f64::total_cmp);
            for (q, expected) in case.q.iter().zip(case.percentiles) {
                let value = percentile(&sorted, *q).unwrap();
                // Reading JSON may cost the last bit of an input.
                assert!(
                    (value - expected).abs() < 1e-15 * value.abs().max(1.0),
                    "q {q}: {value} {expected}"
                );
            }
        }
    }

    #[test]
    fn the_interval_of_two_thousand_means_is_numpys() {
        let mut golden = golden();
        golden.all_means.sort_by(f64::total_cmp);
        for (q, expected) in [2.5, 97.5].into_iter().zip(golden.percentile95) {
            // The stored means are rounded to 12 digits.
            assert!((percentile(&golden.all_means, q).unwrap() - expected).abs() < 1e-11);
        }
    }

    #[test]
    fn the_edges_are_defined() {
        assert_eq!(percentile(&[], 50.0), None);
        assert_eq!(percentile(&[1.0], 101.0), None);
        assert_eq!(percentile(&[4.0], 97.5), Some(4.0));
        assert_eq!(percentile(&[1.0, 2.0], 100.0), Some(2.0));
    }
}
