//! The jackknife over groups of clusters: how far a value moves when each group in turn is left out.
//!
//! For statistics that a bootstrap would change by repeating observations (a repeated vector is its own
//! nearest neighbour; a U-statistic would pair it with itself) and that are too expensive to be computed a
//! thousand times. Groups of unequal size are weighted as Busing, Meijer and Van der Leeden (1999) do.
//!
//! By the Efron-Stein inequality the variance is, in expectation, not too small for any symmetric
//! statistic of independent groups; how much too large it is depends on the statistic.

use super::student_quantile;

/// Fewest groups that an error is estimated from.
pub const LEAST_GROUPS: usize = 8;

/// A statistic without one group.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LeftOut {
    /// Its value; `None` where it is not defined without the group.
    pub value: Option<f64>,
    /// Observations in the group.
    pub size: usize,
}

/// Why there is no interval. Displays as what a reader of the value must know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoInterval {
    /// Too few groups for their spread to say anything.
    #[error("no interval: {groups} stories; a jackknife needs at least {least}")]
    TooFew {
        /// How many there are.
        groups: usize,
        /// How many there would have to be.
        least: usize,
    },
    /// Without a group there is no value.
    #[error("no interval: without group {group} of the stories there is no value")]
    Undefined {
        /// Number of the group, from 1.
        group: usize,
    },
    /// Leaving out any group changes nothing.
    #[error(
        "no interval: no story moves the value, which is at the end of its range or made of ties; its error is unknown, not zero"
    )]
    Still,
}

/// The values without each group, of at least `least` groups.
pub(super) fn defined(left_out: &[LeftOut], least: usize) -> Result<Vec<f64>, NoInterval> {
    let groups = left_out.len();
    if groups < least {
        return Err(NoInterval::TooFew { groups, least });
    }
    let values = left_out.iter().enumerate();
    values
        .map(|(number, group)| {
            let undefined = NoInterval::Undefined { group: number + 1 };
            let known = group.value.filter(|value| value.is_finite());
            known.ok_or(undefined)
        })
        .collect()
}

/// The standard error of `value`, from its values without each of at least [`LEAST_GROUPS`] groups: for statistics that
/// are not functions of sums, whose error is rougher.
///
/// # Errors
/// See [`NoInterval`].
pub fn jackknife_error(value: f64, left_out: &[LeftOut]) -> Result<f64, NoInterval> {
    let groups = left_out.len();
    if groups < LEAST_GROUPS {
        return Err(NoInterval::TooFew {
            groups,
            least: LEAST_GROUPS,
        });
    }
    standard_error(value, left_out)
}

/// The standard error of `value`, from its values without each group.
///
/// # Errors
/// See [`NoInterval`].
pub fn standard_error(value: f64, left_out: &[LeftOut]) -> Result<f64, NoInterval> {
    let groups = left_out.len();
    if groups < 2 {
        return Err(NoInterval::TooFew { groups, least: 2 });
    }
    let n: usize = left_out.iter().map(|group| group.size).sum();
    let mut parts = Vec::with_capacity(groups);
    for (number, group) in left_out.iter().enumerate() {
        let without = group.value.filter(|value| value.is_finite());
        let undefined = NoInterval::Undefined { group: number + 1 };
        // An empty group moves nothing and tells nothing.
        if group.size > 0 {
            parts.push((without.ok_or(undefined)?, n as f64 / group.size as f64));
        }
    }
    let groups = parts.len() as f64;
    let centre: f64 = parts
        .iter()
        .map(|(without, ratio)| value - (1.0 - 1.0 / ratio) * without)
        .sum();
    let variance: f64 = parts
        .iter()
        .map(|(without, ratio)| {
            let pseudo = ratio * value - (ratio - 1.0) * without;
            (pseudo - centre).powi(2) / (ratio - 1.0) / groups
        })
        .sum();
    // The same value to the bit: rounding in `centre` would make a tiny variance of it.
    let moved = parts
        .iter()
        .any(|(without, _)| without.to_bits() != value.to_bits());
    if moved && variance > 0.0 {
        Ok(variance.sqrt())
    } else {
        Err(NoInterval::Still)
    }
}

/// A 95 % interval around `value`, by Student's distribution with a degree of freedom less than there
/// are groups, cut to the `range` of the statistic.
///
/// # Errors
/// See [`NoInterval`].
pub fn jackknife_interval(
    value: f64,
    left_out: &[LeftOut],
    range: [f64; 2],
) -> Result<[f64; 2], NoInterval> {
    let error = jackknife_error(value, left_out)?;
    Ok(around(value, error, left_out).map(|end| end.clamp(range[0], range[1])))
}

/// The same from any number of groups, for statistics that are smooth in the share of each: a U-statistic.
///
/// # Errors
/// See [`NoInterval`].
pub fn story_interval(value: f64, left_out: &[LeftOut]) -> Result<[f64; 2], NoInterval> {
    Ok(around(value, standard_error(value, left_out)?, left_out))
}

fn around(value: f64, error: f64, left_out: &[LeftOut]) -> [f64; 2] {
    // There is an error, so there are groups, and a degree of freedom.
    let half = student_quantile(0.975, left_out.len() as f64 - 1.0).unwrap_or(f64::NAN) * error;
    [value - half, value + half]
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::{RngCore, SeedableRng};

    fn without(values: &[f64], sizes: &[usize]) -> Vec<LeftOut> {
        let size = |at: usize| sizes[at % sizes.len()];
        let values = values.iter().enumerate();
        values
            .map(|(at, value)| LeftOut {
                value: Some(*value),
                size: size(at),
            })
            .collect()
    }

    #[test]
    fn of_a_mean_it_is_the_textbook_error() {
        let x = [3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0, 5.0, 3.0];
        let mean = x.iter().sum::<f64>() / 10.0;
        let left: Vec<f64> = x.iter().map(|v| (10.0 * mean - v) / 9.0).collect();
        let variance = x.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / 9.0;
        let found = jackknife_error(mean, &without(&left, &[1])).unwrap();
        assert!((found - (variance / 10.0).sqrt()).abs() < 1e-12);
        // t of 9 degrees of freedom.
        let [low, high] =
            jackknife_interval(mean, &without(&left, &[1]), [f64::MIN, f64::MAX]).unwrap();
        assert!(((high - low) / 2.0 / found - 2.262_157_162_8).abs() < 1e-9);
        let cut = jackknife_interval(mean, &without(&left, &[1]), [3.8, 4.0]).unwrap();
        assert_eq!(cut.map(f64::to_bits), [3.8, 4.0].map(f64::to_bits));
    }

    #[test]
    fn few_groups_have_an_interval_where_it_is_asked_for() {
        let left = without(&[2.0, 3.0, 4.0], &[5]);
        let [low, high] = story_interval(3.0, &left).unwrap();
        // Student's percentile of 2 degrees of freedom times the error, the root of 2 / 3 * (1 + 0 + 1).
        let half = 4.302_652_729_911_275 * (4.0_f64 / 3.0).sqrt();
        assert!((high - 3.0 - half).abs() < 1e-9 && (3.0 - low - half).abs() < 1e-9);
        // A story of three frames weighs more than the plain jackknife, which knows no length, would have it.
        let uneven = story_interval(3.0, &without(&[2.0, 3.0, 4.0], &[3, 1, 1])).unwrap();
        assert!((uneven[1] - 3.0 - half).abs() > 0.1, "{uneven:?} {half}");
    }

    #[test]
    fn unequal_groups_are_weighted_by_their_size() {
        // Observations whose groups hold 1 and 3: the error of the mean is near that of equal groups.
        let mut random = ChaCha8Rng::seed_from_u64(7);
        let x: Vec<f64> = (0..400)
            .map(|_| f64::from(random.next_u32() % 1000))
            .collect();
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let (mut left, mut sizes, mut start) = (Vec::new(), Vec::new(), 0);
        for group in 0..200 {
            let size = if group % 2 == 0 { 1 } else { 3 };
            let kept = [&x[..start], &x[start + size..]].concat();
            left.push(mean(&kept));
            sizes.push(size);
            start += size;
        }
        let found = jackknife_error(mean(&x), &without(&left, &sizes)).unwrap();
        let centre = mean(&x);
        let variance = x.iter().map(|v| (v - centre).powi(2)).sum::<f64>() / 399.0;
        let expected = (variance / 400.0).sqrt();
        assert!((found / expected - 1.0).abs() < 0.15, "{found} {expected}");
    }

    #[test]
    fn what_has_no_interval_says_why() {
        assert_eq!(
            jackknife_error(1.0, &without(&[1.0; 7], &[1])),
            Err(NoInterval::TooFew {
                groups: 7,
                least: 8
            })
        );
        assert_eq!(
            jackknife_error(1.0, &without(&[1.0; 9], &[1])),
            Err(NoInterval::Still)
        );
        let mut left = without(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0], &[1]);
        left[2].value = None;
        assert_eq!(
            jackknife_error(4.5, &left),
            Err(NoInterval::Undefined { group: 3 })
        );
    }
}
