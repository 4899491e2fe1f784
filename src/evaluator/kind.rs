//! What a bundle is for.

use super::EvaluatorError;
use crate::inference::{Bundle, BundleKind};

/// Refuses a bundle that is for something else.
pub(super) fn check(bundle: &Bundle, needed: BundleKind) -> Result<(), EvaluatorError> {
    let manifest = bundle.manifest();
    if manifest.kind == needed {
        return Ok(());
    }
    Err(EvaluatorError::WrongKind {
        bundle: bundle.dir().to_owned(),
        id: manifest.id.clone(),
        found: manifest.kind.name(),
        needed: needed.name(),
    })
}
