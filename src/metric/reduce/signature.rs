//! The signature of a score: every choice behind the number, in one line (after sacreBLEU).

use super::chosen::Chosen;
use super::input::ExtractorName;
use std::fmt::Write as _;

/// Version of the definitions. It changes when the same inputs would give another number or interval.
const VERSION: &str = "4";
/// Characters of a hash that a signature shows.
const HASH_LENGTH: usize = 12;

/// Builds `metric|dataset:..|..|n:400|v:4`. `own` are the parts of the metric itself (threshold,
/// averaging) and `interval` how the interval was made.
pub(super) fn signature(
    metric: &str,
    chosen: &Chosen<'_>,
    extractor: Option<&ExtractorName>,
    own: &[(&str, &str)],
    interval: &str,
    n: usize,
) -> String {
    let (context, protocol) = (chosen.input.context, chosen.input.protocol);
    let dataset = format!("{}@{}", context.dataset, short(&context.dataset_hash));
    let subset = chosen.subset();
    let (frames, n) = (chosen.frames(), n.to_string());
    let ground_truth = protocol.ground_truth.to_string();
    let name = extractor.map(|name| format!("{}@{}", name.graph, short(&name.hash)));
    let pixels = extractor.map(|name| name.preprocessing.as_str());
    let common = [
        ("dataset", dataset.as_str()),
        ("subset", &subset),
        ("text", context.text.name()),
        ("frames", &frames),
        ("gt", &ground_truth),
        ("pixels", pixels.unwrap_or("none")),
        ("extractor", name.as_deref().unwrap_or("none")),
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
