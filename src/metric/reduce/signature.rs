//! The signature of a score: every choice behind the number, in one line (after sacreBLEU).

use super::chosen::Chosen;
use super::input::ExtractorName;
use crate::metric::Metric;
use crate::record::Signature;

/// Characters of a hash that a signature shows.
const HASH_LENGTH: usize = 12;

/// Builds `metric|dataset:..|..|n:400|v:4`. `own` are the parts of the metric itself (threshold,
/// averaging) and `interval` how the interval was made.
pub(super) fn signature(
    metric: &Metric,
    chosen: &Chosen<'_>,
    extractor: Option<&ExtractorName>,
    own: &[(&str, &str)],
    interval: &str,
    n: usize,
) -> String {
    let (context, protocol) = (chosen.input.context, chosen.input.protocol);
    let name = extractor.map(|name| format!("{}@{}", name.graph, short(&name.hash)));
    let pixels = extractor.map(|name| name.preprocessing.as_str());
    let dataset = format!("{}@{}", context.dataset, short(&context.dataset_hash));
    let mut common = Signature::of(metric.id)
        .with("dataset", dataset)
        .with("subset", chosen.subset())
        .with("text", context.text.name());
    if let Some(task) = protocol.task.signed(protocol.given) {
        common = common.with("task", task);
    }
    let common = common
        .with("frames", chosen.frames())
        .with("gt", protocol.ground_truth)
        .with("pixels", pixels.unwrap_or("none"))
        .with("extractor", name.as_deref().unwrap_or("none"));
    let whole = own
        .iter()
        .fold(common, |line, (key, value)| line.with(key, value));
    whole.end(interval, n, metric.version)
}

fn short(hash: &str) -> &str {
    hash.get(..HASH_LENGTH).unwrap_or(hash)
}
