//! How numbers are spread.

use serde::Serialize;
use std::collections::BTreeMap;

/// Mean, ends and quartiles of whole numbers. Quartiles lie between neighbours as NumPy's default has
/// it. Without a number there is no spread.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// How many numbers.
    pub n: usize,
    /// Their mean.
    pub mean: f64,
    /// The smallest.
    pub min: usize,
    /// A quarter of them is below.
    pub q25: f64,
    /// Half of them is below.
    pub median: f64,
    /// Three quarters of them are below.
    pub q75: f64,
    /// The largest.
    pub max: usize,
}

/// How often each number occurs, and their mean.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Histogram {
    /// How many numbers.
    pub n: usize,
    /// Their mean; `None` without a number.
    pub mean: Option<f64>,
    /// Number to how often.
    pub counts: BTreeMap<usize, usize>,
}

impl Spread {
    /// Of some numbers.
    #[must_use]
    pub fn of(mut numbers: Vec<usize>) -> Option<Self> {
        numbers.sort_unstable();
        let (&min, &max) = (numbers.first()?, numbers.last()?);
        Some(Self {
            n: numbers.len(),
            mean: mean(&numbers)?,
            min,
            q25: quantile(&numbers, 0.25),
            median: quantile(&numbers, 0.5),
            q75: quantile(&numbers, 0.75),
            max,
        })
    }
}

impl Histogram {
    /// Of some numbers.
    #[must_use]
    pub fn of(numbers: &[usize]) -> Self {
        let mut counts = BTreeMap::new();
        for number in numbers {
            *counts.entry(*number).or_insert(0) += 1;
        }
        Self {
            n: numbers.len(),
            mean: mean(numbers),
            counts,
        }
    }
}

/// The mean; `None` without a number.
pub(super) fn mean(numbers: &[usize]) -> Option<f64> {
    (!numbers.is_empty()).then(|| numbers.iter().sum::<usize>() as f64 / numbers.len() as f64)
}

/// Of sorted numbers, at least one.
fn quantile(sorted: &[usize], share: f64) -> f64 {
    let place = share * (sorted.len() - 1) as f64;
    let (low, high) = (place.floor() as usize, place.ceil() as usize);
    let (below, above) = (sorted[low] as f64, sorted[high] as f64);
    below + (above - below) * (place - place.floor())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_is_numpys() {
        // np.quantile([7, 1, 3, 10], [.25, .5, .75]) is 2.5, 5, 7.75.
        let spread = Spread::of(vec![7, 1, 3, 10]).unwrap();
        assert_eq!((spread.q25, spread.median, spread.q75), (2.5, 5.0, 7.75));
        assert_eq!(
            (spread.n, spread.min, spread.max, spread.mean),
            (4, 1, 10, 5.25)
        );
        let one = Spread::of(vec![4]).unwrap();
        assert_eq!((one.q25, one.median, one.q75), (4.0, 4.0, 4.0));
        assert_eq!(Spread::of(Vec::new()), None);
    }

    #[test]
    fn a_histogram_counts() {
        let histogram = Histogram::of(&[2, 0, 2]);
        assert_eq!(histogram.counts, BTreeMap::from([(0, 1), (2, 2)]));
        assert_eq!(histogram.mean, Some(4.0 / 3.0));
        assert_eq!(Histogram::of(&[]).mean, None);
    }
}
