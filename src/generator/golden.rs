//! Reads the scheduler's golden files in tests.

use crate::inference::Scheduler;
use serde_json::Value;
use std::path::Path;

/// A file of `reference-data/golden/scheduler/`.
pub(crate) fn read(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("reference-data/golden/scheduler")
        .join(name)
        .with_extension("json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// The configuration that a golden file was made with.
pub(crate) fn scheduler_config(value: &Value) -> Scheduler {
    serde_json::from_value(value.clone()).unwrap()
}
