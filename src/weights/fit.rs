//! Does a checkpoint hold the weights that a template needs, and under which names?

use super::pattern::{filled, stars};
use super::template::{Layout, Slot};
use crate::format::{Checkpoint, Number, StoredTensor};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// Names that are listed of each kind of fault.
const SHOWN: usize = 10;
/// How alike two names are (Jaro-Winkler) that are shown as neighbours.
const ALIKE: f64 = 0.9;

/// The weights of a checkpoint under the exporter's names, and what is wrong with them.
#[derive(Debug, Default)]
pub(super) struct Fit {
    /// Views of the tensors in the file.
    pub(super) weights: BTreeMap<String, StoredTensor>,
    /// Of `layouts`; empty for the exporter's own names.
    pub(super) layout: String,
    missing: Vec<String>,
    unexpected: Vec<String>,
    misshapen: Vec<String>,
}

impl Fit {
    /// The best of the layouts.
    pub(super) fn of(slot: &Slot, tensors: &BTreeMap<String, StoredTensor>) -> Self {
        let own = (String::new(), Layout::default());
        let others = slot
            .layouts
            .iter()
            .map(|(name, it)| (name.clone(), it.clone()));
        let all = std::iter::once(own).chain(others);
        let fits = all.map(|(name, layout)| Self::under(slot, name, &layout, tensors));
        fits.min_by_key(Self::faults).unwrap_or_default()
    }

    fn under(
        slot: &Slot,
        name: String,
        layout: &Layout,
        tensors: &BTreeMap<String, StoredTensor>,
    ) -> Self {
        let mut fit = Self {
            layout: name,
            ..Self::default()
        };
        let mut taken = BTreeSet::new();
        for (key, shape) in &slot.keys {
            let named = entry(&layout.names, key);
            let source = named.map_or_else(|| key.clone(), |(stars, name)| filled(name, &stars));
            let Some(tensor) = tensors.get(&source) else {
                fit.missing.push(source);
                continue;
            };
            let mut view = Some(tensor.clone());
            if let Some((_, [which, of])) = entry(&layout.part, key) {
                view = view.and_then(|it| it.part(*which, *of));
            }
            if let Some((_, order)) = entry(&layout.order, key) {
                view = view.and_then(|it| it.reordered(order));
            }
            taken.insert(source.clone());
            let number = tensor.number();
            match view {
                _ if matches!(number, Number::Whole(_) | Number::Other) => {
                    fit.misshapen
                        .push(format!("{source}: {} instead of floats", number.name()));
                }
                Some(view) if view.shape() == shape.as_slice() => {
                    fit.weights.insert(key.clone(), view);
                }
                other => {
                    let found = other.as_ref().unwrap_or(tensor).shape();
                    fit.misshapen
                        .push(format!("{source}: {found:?} instead of {shape:?}"));
                }
            }
        }
        let ignored = |name: &str| slot.ignored.keys().any(|it| stars(it, name).is_some());
        let left = tensors
            .keys()
            .filter(|name| !taken.contains(*name) && !ignored(name));
        fit.unexpected = left.cloned().collect();
        fit.missing.dedup();
        fit
    }

    /// How many names are not as they should be.
    pub(super) fn faults(&self) -> usize {
        self.missing.len() + self.unexpected.len() + self.misshapen.len()
    }

    /// How many weights are where they should be.
    pub(super) fn found(&self) -> usize {
        self.weights.len()
    }

    /// The faults, for people: a line of its own each.
    pub(super) fn listing(&self) -> String {
        let mut text = String::new();
        let near = |name: &str| {
            let like = |other: &&String| strsim::jaro_winkler(name, other);
            let nearest = self
                .unexpected
                .iter()
                .max_by(|a, b| like(a).total_cmp(&like(b)));
            nearest.filter(|it| like(it) > ALIKE)
        };
        let missing = self.missing.iter().map(|name| match near(name) {
            Some(other) => format!("{name} (there is {other})"),
            None => name.clone(),
        });
        list(&mut text, "missing", missing, self.missing.len());
        list(
            &mut text,
            "of another shape",
            self.misshapen.iter().cloned(),
            self.misshapen.len(),
        );
        list(
            &mut text,
            "unexpected",
            self.unexpected.iter().cloned(),
            self.unexpected.len(),
        );
        text
    }

    /// What types of numbers the weights have, in words, where they are not all of single precision.
    pub(super) fn converted(&self) -> Option<String> {
        let numbers = self.weights.values().map(StoredTensor::number);
        let other: BTreeSet<&str> = numbers
            .filter(|it| *it != Number::F32)
            .map(Number::name)
            .collect();
        let names: Vec<&str> = other.into_iter().collect();
        (!names.is_empty()).then(|| names.join(" and "))
    }
}

/// The entry of a table whose name fits `key`, with what its stars mean.
fn entry<'t, 'k, T>(table: &'t BTreeMap<String, T>, key: &'k str) -> Option<(Vec<&'k str>, &'t T)> {
    if let Some(value) = table.get(key) {
        return Some((Vec::new(), value));
    }
    table
        .iter()
        .find_map(|(pattern, value)| stars(pattern, key).map(|found| (found, value)))
}

fn list(text: &mut String, what: &str, names: impl Iterator<Item = String>, count: usize) {
    if count == 0 {
        return;
    }
    let _ = write!(text, "\n  {count} {what}:");
    for name in names.take(SHOWN) {
        let _ = write!(text, "\n    {name}");
    }
    if count > SHOWN {
        let _ = write!(text, "\n    and {} more", count - SHOWN);
    }
}

/// The fit of a checkpoint.
pub(super) fn fit(slot: &Slot, checkpoint: &Checkpoint) -> Fit {
    Fit::of(slot, checkpoint.tensors())
}
