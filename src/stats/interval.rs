//! The interval of a statistic of clusters, from its values without each of them.

use super::influence::Influence;
use super::jackknife::{LeftOut, NoInterval, defined};
use super::range::Range;
use super::share::share_interval;
use super::student_quantile;

impl Range {
    /// How a signature names what [`cluster_interval`] does with such a statistic.
    #[must_use]
    pub fn rule(self) -> &'static str {
        match self {
            Self::Percent => "story-wilson-t",
            Self::Anywhere | Self::AtLeast(_) | Self::Between(..) => "story-skew-t",
        }
    }
}

/// A 95 % interval of `value`, from its values without each cluster in turn.
///
/// - Shares in percent: Wilson's interval at the effective number of things.
/// - Everything else: Student's t corrected for skewness (Hall, 1992), on the statistic's own scale and on
///   the one that knows no ends; the lower of the lower ends and the higher of the higher ones.
///
/// It holds `value` and lies within `range`. Nothing is drawn: the same values give the same bits.
///
/// # Errors
/// Fewer than two clusters; no value without one of them; no cluster moves the value (but for shares, where as many
/// clusters say how far the truth may be).
pub fn cluster_interval(
    value: f64,
    left_out: &[LeftOut],
    range: Range,
) -> Result<[f64; 2], NoInterval> {
    let without = defined(left_out, 2)?;
    let few = NoInterval::TooFew {
        groups: without.len(),
        least: 2,
    };
    let influence = Influence::of(value, &without);
    if range == Range::Percent {
        // In shares: errors scale with the values.
        let known = influence.map(|known| Influence {
            error: known.error / 100.0,
            ..known
        });
        let ends = share_interval(value / 100.0, known, without.len()).ok_or(few)?;
        return Ok([(100.0 * ends[0]).min(value), (100.0 * ends[1]).max(value)]);
    }
    let influence = influence.ok_or(NoInterval::Still)?;
    let quantile = student_quantile(0.975, influence.clusters - 1.0).ok_or(few)?;
    let [mut low, mut high] = skewed(value, influence, quantile);
    if let Some([free_low, free_high]) = on_free_scale(value, &without, range, quantile) {
        low = low.min(free_low);
        high = high.max(free_high);
    }
    Ok([range.clamp(low).min(value), range.clamp(high).max(value)])
}

/// The interval on the scale without ends, brought back. `None` where a value lies at an end.
fn on_free_scale(value: f64, without: &[f64], range: Range, quantile: f64) -> Option<[f64; 2]> {
    let free = range.free(value)?;
    let without: Option<Vec<f64>> = without.iter().map(|rest| range.free(*rest)).collect();
    let influence = Influence::of(free, &without?)?;
    Some(skewed(free, influence, quantile).map(|end| range.bound(end)))
}

/// Student's t corrected for skewness by Hall's cubic: `t + s (t²/3 + 1/6) / √n + s² t³ / 27n` is
/// nearer to symmetric than t, and never turns round, so that it has one inverse.
fn skewed(value: f64, influence: Influence, quantile: f64) -> [f64; 2] {
    let bend = influence.skewness / (3.0 * influence.clusters.sqrt());
    let t = |found: f64| {
        let moved = found - bend / 2.0;
        if bend.abs() < 1e-5 {
            // The first terms of what follows, which would be a small difference divided by a small number.
            moved - bend * moved * moved
        } else {
            ((1.0 + 3.0 * bend * moved).cbrt() - 1.0) / bend
        }
    };
    [quantile, -quantile].map(|end| value - influence.error * t(end))
}

#[cfg(test)]
#[path = "interval_tests.rs"]
mod tests;
