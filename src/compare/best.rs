//! Whether the best run of a column is better than every other by more than chance.

use super::finding::Finding;
use crate::metric::{MAX_GROUPS, Reduced};
use crate::record::Score;
use crate::stats::{LEVEL, Resampling, holm, student_p, student_quantile};

/// Most rivals of a column that are read story by story: a table of hundreds of runs is there in seconds.
pub(super) const MOST_READ: usize = 16;

/// What is known of the best run of a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Best {
    /// It is better than every other by more than chance.
    Significant,
    /// It is not, or another has the same value.
    WithinChance,
    /// It could not be tested, and why.
    Untested(String),
}

/// Tests the best run of a column against every other: paired by story, with Holm's correction over the
/// rivals. `scores` are those of the column, best first; `parts` reads what the score at a position is made of,
/// and is asked as seldom as possible: never for a rival that is so far away that the two scores' own
/// intervals settle it whatever their correlation, not at all after the first rival within chance, and for
/// at most 16 rivals.
///
/// # Errors
/// What `parts` says.
pub fn best_of_column<E>(
    scores: &[&Score],
    plan: Resampling,
    mut parts: impl FnMut(usize) -> Result<Option<Reduced>, E>,
) -> Result<Best, E> {
    let Some((first, rivals)) = scores
        .split_first()
        .filter(|(_, rivals)| !rivals.is_empty())
    else {
        return Ok(Best::WithinChance);
    };
    let missing = |score: &Score| {
        Best::Untested(format!(
            "`{}` of a run cannot be read story by story",
            score.metric
        ))
    };
    let mut best = None;
    let mut read = 0;
    let mut p_values = Vec::with_capacity(rivals.len());
    for (at, rival) in rivals.iter().enumerate() {
        let far = apart(first, rival).filter(|p| *p <= LEVEL / rivals.len() as f64);
        if let Some(p) = far {
            p_values.push(p);
            continue;
        }
        if first.value == rival.value {
            return Ok(Best::WithinChance);
        }
        if read == MOST_READ {
            return Ok(Best::Untested(format!(
                "`{}` has more than {MOST_READ} rivals that their own intervals do not settle (a table of fewer runs is tested)",
                first.metric
            )));
        }
        read += 1;
        if best.is_none() {
            best = parts(0)?;
        }
        let (Some(best), Some(other)) = (&best, parts(at + 1)?) else {
            return Ok(missing(rival));
        };
        let Some(p) = Finding::test(&other, best, plan) else {
            return Ok(missing(rival));
        };
        if p > LEVEL {
            return Ok(Best::WithinChance);
        }
        p_values.push(p);
    }
    let all = holm(&p_values).into_iter().all(|p| p <= LEVEL);
    Ok(if all {
        Best::Significant
    } else {
        Best::WithinChance
    })
}

/// The largest p value that two scores can have by their own intervals: the error of a difference is at most
/// the sum of the two errors, which it reaches when they move against each other. `None` without intervals.
/// Degrees of freedom are those of the stories, or of the most groups that a jackknife leaves out.
fn apart(first: &Score, second: &Score) -> Option<f64> {
    let difference = (first.value? - second.value?).abs();
    let clusters = first.stories.min(second.stories).min(MAX_GROUPS);
    let freedom = clusters.checked_sub(1)? as f64;
    let half = |score: &Score| {
        let (value, [low, high]) = (score.value?, score.interval?);
        // An end that is cut at the edge of a range, or on the steep side of a skewed score, is shorter than the other.
        Some((value - low).max(high - value))
    };
    let error = (half(first)? + half(second)?) / student_quantile(1.0 - LEVEL / 2.0, freedom)?;
    (error > 0.0).then(|| student_p(difference / error, freedom))?
}

#[cfg(test)]
#[path = "best_tests.rs"]
mod tests;
