//! The evaluators of a data set's frames, opened as a protocol asks for them.

use super::EvaluateError;
use crate::card::{DatasetCard, Protocol};
use crate::evaluator::{self, Evaluator};
use crate::inference::{Bundle, Device, Runtime};
use crate::metric::Extractors;
use crate::record::{Role, SizedColumn};
use std::collections::{BTreeMap, BTreeSet};

/// The evaluators that observe a run, in the order of [`EVALUATORS`](evaluator::EVALUATORS).
pub struct Panel {
    pub(super) evaluators: Vec<Box<dyn Evaluator>>,
    /// Where they run.
    pub(super) device: Device,
    /// What their last float bits depend on ([`Runtime::arithmetic`]).
    pub(super) arithmetic: String,
}

impl Panel {
    /// Opens every evaluator that `protocol` has a rule for: networks that `bundles` has weights for, and
    /// arithmetic that is not to be skipped.
    ///
    /// # Errors
    /// A bundle of another kind, a graph that does not load, labels that are not the data set's.
    pub fn open(
        runtime: &Runtime,
        bundles: &BTreeMap<Role, &Bundle>,
        skip: &BTreeSet<Role>,
        card: &DatasetCard,
        protocol: &Protocol,
    ) -> Result<Self, EvaluateError> {
        Ok(Self {
            evaluators: evaluator::open(runtime, bundles, skip, card, protocol)?,
            device: runtime.device(),
            arithmetic: runtime.arithmetic(),
        })
    }

    /// What signatures call them.
    pub(super) fn names(&self) -> Extractors {
        let all = self.evaluators.iter();
        all.map(|it| (it.role(), it.name().clone())).collect()
    }

    /// What they write.
    pub(super) fn columns(&self) -> Vec<SizedColumn> {
        self.evaluators.iter().flat_map(|it| it.columns()).collect()
    }
}
