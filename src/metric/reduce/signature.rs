//! The signature of a score: every choice behind the number, in one line (after sacreBLEU).

use super::chosen::Chosen;
use super::input::ExtractorName;
use crate::record::Signature;

/// Characters of a hash that a signature shows.
const HASH_LENGTH: usize = 12;

/// Builds `metric|dataset:..|..` up to how the interval was made. `own` are the parts of the metric itself
/// (threshold, averaging).
pub(super) fn signature(
    metric: &str,
    chosen: &Chosen<'_>,
    extractor: Option<&ExtractorName>,
    own: &[(&str, &str)],
) -> Signature {
    let name = extractor.map(|name| format!("{}@{}", name.graph, short(&name.hash)));
    let pixels = extractor.map(|name| name.preprocessing.as_str());
    let common = frames_of(metric, chosen)
        .with("gt", chosen.input.protocol.ground_truth)
        .with("pixels", pixels.unwrap_or("none"))
        .with("extractor", name.as_deref().unwrap_or("none"));
    own.iter()
        .fold(common, |line, (key, value)| line.with(key, value))
}

/// Builds `metric|dataset:..|subset:..|text:..|frames:1-4`: which frames of which text a score is of.
pub(super) fn frames_of(metric: &str, chosen: &Chosen<'_>) -> Signature {
    let context = chosen.input.context;
    let dataset = format!("{}@{}", context.dataset, short(&context.dataset_hash));
    let text = context
        .reads
        .iter()
        .fold(context.text.name().to_owned(), |text, reading| {
            format!("{text}+{reading}")
        });
    let whole = Signature::of(metric)
        .with("dataset", dataset)
        .with("subset", chosen.subset())
        .with("text", text);
    let protocol = chosen.input.protocol;
    let whole = match protocol.task.signed(protocol.given) {
        Some(task) => whole.with("task", task),
        None => whole,
    };
    whole.with("frames", chosen.frames())
}

fn short(hash: &str) -> &str {
    hash.get(..HASH_LENGTH).unwrap_or(hash)
}
