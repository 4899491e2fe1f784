//! What a baseline keeps of a score, story by story, so that a run can be paired with it.

use crate::metric::{Parts, StorySums};
use crate::stats::{ClusterSums, LeftOut, standard_error};

/// Most sums per story of a score that is kept with them: accuracies, micro F1, means. Macro F1 has three per label and
/// BLEU ten, and one value without each story says as much to a test.
const WIDEST: usize = 4;

/// The sums of every story, where there are few of them.
pub(super) fn rows(parts: &Parts) -> Vec<Vec<f64>> {
    match parts {
        Parts::Sums(made) if made.sums.width() <= WIDEST => {
            rounded(&made.sums).rows().map(<[f64]>::to_vec).collect()
        }
        _ => Vec::new(),
    }
}

/// The score without each story, or each group of stories, in turn, where its sums are not kept.
pub(super) fn without(parts: &Parts) -> Vec<Option<f64>> {
    if let Parts::Sums(made) = parts
        && made.sums.width() <= WIDEST
    {
        return Vec::new();
    }
    let left_out = left_out(parts).into_iter();
    left_out.map(|it| it.value.map(significant)).collect()
}

/// What the score is without each story or group; empty where that is not known.
pub(super) fn left_out(parts: &Parts) -> Vec<LeftOut> {
    match parts {
        Parts::Sums(made) => made.sums.left_out(|sums| made.value(sums)),
        Parts::LeftOut { left_out, .. } => left_out.clone(),
        Parts::None(_) => Vec::new(),
    }
}

/// The standard error of a score over its stories.
pub(super) fn error_of(value: f64, parts: &Parts) -> Option<f64> {
    match parts {
        Parts::Sums(made) => error_of_sums(value, made, &made.sums),
        _ => standard_error(value, &left_out(parts)).ok(),
    }
}

/// The same of other sums of the same score.
pub(super) fn error_of_sums(value: f64, made: &StorySums, sums: &ClusterSums) -> Option<f64> {
    let kept = made.with_sums(sums.clone()).with_a_part();
    standard_error(value, &kept.left_out(|sums| made.value(sums))).ok()
}

/// Nine decimals: more than any number is printed with, and a third of the bytes. Both sides of a test are
/// rounded, so that what did not move is equal.
pub(super) fn rounded(sums: &ClusterSums) -> ClusterSums {
    let mut out = ClusterSums::new(sums.clusters(), sums.width());
    for (story, row) in sums.rows().enumerate() {
        let row: Vec<f64> = row.iter().map(|sum| (sum * 1e9).round() / 1e9).collect();
        out.add(story, &row);
    }
    out
}

/// Nine digits, as values without a story are kept: they may be as small as KID's or as large as FID's.
pub(super) fn significant(value: f64) -> f64 {
    format!("{value:.8e}").parse().unwrap_or(value)
}
