//! The signature of a score: every choice behind the number, in one line (after sacreBLEU).

use super::ReduceInput;
use crate::record::TextVariant;
use std::fmt::Write as _;

/// Version of the definitions. It changes when the same inputs would give another number.
const VERSION: &str = "1";
/// Characters of a hash that a signature shows.
const HASH_LENGTH: usize = 12;

/// Builds `metric|dataset:..|..|n:400|v:1`. `own` are the parts of the metric itself (extractor,
/// threshold, averaging) and `interval` how the interval was made.
pub(super) fn signature(
    metric: &str,
    input: &ReduceInput<'_>,
    graph: &str,
    own: &[(&str, &str)],
    interval: &str,
    n: usize,
) -> String {
    let protocol = input.protocol;
    let dataset = format!("{}@{}", protocol.dataset, short(&protocol.dataset_hash));
    let extractor = format!("{graph}@{}", short(&protocol.evaluators_hash));
    let (frames, n) = (frames(input), n.to_string());
    let common = [
        ("dataset", dataset.as_str()),
        ("subset", &protocol.subset),
        ("text", text(protocol.text)),
        ("frames", &frames),
        ("gt", &protocol.ground_truth),
        ("resize", &protocol.resize),
        ("extractor", &extractor),
    ];
    let last = [("ci", interval), ("n", &n), ("v", VERSION)];
    let mut line = metric.to_owned();
    for (key, value) in common.iter().chain(own).chain(&last) {
        // A bar in a value would look like a new part.
        let _ = write!(line, "|{key}:{}", value.replace('|', "/"));
    }
    line
}

fn short(hash: &str) -> &str {
    hash.get(..HASH_LENGTH).unwrap_or(hash)
}

fn text(variant: TextVariant) -> &'static str {
    match variant {
        TextVariant::Original => "original",
        TextVariant::Algorithm1 => "algorithm1",
        TextVariant::StorygptvEval => "storygptv-eval",
    }
}

/// Positions that the plan scores, as a range.
fn frames(input: &ReduceInput<'_>) -> String {
    let positions = || input.observations.iter().map(|o| o.frame.0);
    match (positions().min(), positions().max()) {
        (Some(first), Some(last)) => format!("{first}-{last}"),
        _ => "none".to_owned(),
    }
}
