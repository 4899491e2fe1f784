//! The bundles of the networks that evaluate frames.

use super::weights::open_bundle;
use super::{Control, Gathered, PipelineError};
use crate::card::{DatasetCard, Protocol};
use crate::evaluate::Panel;
use crate::evaluator::EVALUATORS;
use crate::inference::{Bundle, Runtime};
use crate::record::Role;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The verified bundles of a data set's networks, by role. A bundle that several roles use is one.
#[derive(Debug, Default)]
pub struct EvaluatorSet {
    bundles: BTreeMap<String, Bundle>,
    roles: BTreeMap<Role, String>,
    skip: BTreeSet<Role>,
}

impl EvaluatorSet {
    /// Finds and verifies every bundle that a protocol has a use for. All that are missing go into `gathered`.
    pub fn find(
        card: &DatasetCard,
        protocol: &Protocol,
        skip: &BTreeSet<Role>,
        cache: &Path,
        gathered: &mut Gathered,
        control: Control<'_>,
    ) -> Self {
        let mut found = Self {
            skip: skip.clone(),
            ..Self::default()
        };
        let mut missing: Vec<String> = Vec::new();
        let mut unnamed: Vec<String> = Vec::new();
        for row in EVALUATORS.iter().filter(|row| row.is_network()) {
            let role = row.role;
            if !(row.wanted_by)(protocol) || skip.contains(&role) {
                continue;
            }
            let Some(id) = row.bundle(&card.evaluators) else {
                unnamed.push(role.to_string());
                continue;
            };
            if !found.bundles.contains_key(id) && !missing.iter().any(|known| known == id) {
                let what = format!(
                    "the {role} network of {} (`--skip {role}` does without it)",
                    card.name
                );
                match gathered.keep(open_bundle(id, &what, card.source_of(id).into(), cache)) {
                    Some(bundle) => drop(found.bundles.insert(id.to_owned(), bundle)),
                    None => missing.push(id.to_owned()),
                }
            }
            found.roles.insert(role, id.to_owned());
        }
        if !unnamed.is_empty() {
            control.note(&format!(
                "note: the card of {} names no network for {}; what needs one is not scored",
                card.name,
                unnamed.join(", ")
            ));
        }
        found
    }

    /// Opens the networks.
    ///
    /// # Errors
    /// A bundle of another kind, a graph that does not load, labels that are not the data set's.
    pub fn open(
        &self,
        card: &DatasetCard,
        protocol: &Protocol,
        runtime: &Runtime,
    ) -> Result<Panel, PipelineError> {
        let bundles = self
            .roles
            .iter()
            .filter_map(|(role, id)| Some((*role, self.bundles.get(id)?)))
            .collect();
        Ok(Panel::open(runtime, &bundles, &self.skip, card, protocol)?)
    }
}

/// Folder of what networks saw on real frames.
#[must_use]
pub fn truth_cache(cache: &Path) -> PathBuf {
    cache.join("ground-truth")
}
