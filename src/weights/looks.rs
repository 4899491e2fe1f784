//! What a checkpoint that does not fit looks like: the usual mistake is the file of a neighbour.

use super::fit::fit;
use super::template::{Template, templates};
use crate::format::Checkpoint;

/// Share of a template's weights that a file of the same architecture has.
const MOST: f64 = 0.8;

/// A sentence for the hint.
pub(super) fn looks(checkpoint: &Checkpoint, wanted: &Template) -> String {
    let mut close = None;
    for template in templates()
        .into_iter()
        .filter_map(|id| Template::find(id).ok())
    {
        for slot in template.checkpoint.values() {
            let seen = fit(slot, checkpoint);
            if seen.faults() == 0 {
                return format!(
                    "it is the checkpoint of {} ({}): `storyeval model import {} --from {}`",
                    template.id,
                    template.network,
                    template.id,
                    checkpoint.path().display()
                );
            }
            let share = seen.found() as f64 / slot.keys.len() as f64;
            if share > MOST && close.as_ref().is_none_or(|(best, _)| share > *best) {
                close = Some((share, template.clone()));
            }
        }
    }
    let tensors = checkpoint.tensors();
    let outputs = tensors
        .get("fc.weight")
        .and_then(|it| it.shape().first().copied());
    let inception = tensors.keys().any(|name| name.starts_with("Mixed_7c."));
    let usual = wanted
        .checkpoint
        .values()
        .filter_map(|slot| slot.usual.first());
    let usual: Vec<&str> = usual.map(String::as_str).collect();
    let take = format!("it wants {}", usual.join(" and "));
    match (outputs, close) {
        (Some(1000), _) if inception => format!(
            "it looks like torchvision's Inception v3 for the 1000 classes of ImageNet; {take}"
        ),
        (Some(outputs), _) if inception => {
            format!("it looks like an Inception v3 with {outputs} outputs; {take}")
        }
        (_, Some((_, other))) => format!("it looks like {} with changes; {take}", other.network),
        _ => {
            let first = tensors.iter().next();
            let first = first.map(|(name, it)| format!("{name} {:?}", it.shape()));
            format!(
                "it holds {} tensors, the first of them {}; {take}",
                tensors.len(),
                first.unwrap_or_default()
            )
        }
    }
}
