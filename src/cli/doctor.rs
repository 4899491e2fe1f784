//! `storyeval doctor`: what is in place, and what would be missing.

use super::Outcome;
use super::common::DeviceArguments;
use super::talk::print;
use clap::Args;
use std::collections::BTreeSet;
use std::fmt::Write;
use storyeval::Hint;
use storyeval::card::{self, CardKind};
use storyeval::inference::Bundle;
use storyeval::pipeline::{locate_bundle, next_step, truth_cache};
use storyeval::run::{MOST_CACHED, cached_bytes};

#[derive(Clone, Debug, Args)]
pub(crate) struct DoctorArguments {
    #[command(flatten)]
    device: DeviceArguments,
}

/// Opens the runtime and verifies every bundle that a shipped card names. Fails as opening fails.
pub(crate) fn doctor(arguments: &DoctorArguments) -> Outcome {
    let cache = arguments.device.cache.folder();
    let truth = truth_cache(&cache);
    print(&format!(
        "storyeval    {}\ncache        {}\nreal frames  {} of at most {} MB in {} (what networks saw on them; delete it at any time)\n",
        env!("CARGO_PKG_VERSION"),
        cache.display(),
        megabytes(cached_bytes(&truth)),
        megabytes(MOST_CACHED),
        truth.display()
    ))?;
    // Bundles need no runtime: they are listed also where it is missing.
    let runtime = arguments.device.open();
    if let Ok(runtime) = &runtime {
        print(&format!(
            "ONNX Runtime {} ({})\ndevice       {}{}\n",
            runtime.version(),
            runtime.library().display(),
            runtime.device(),
            runtime
                .gpu()
                .map_or_else(String::new, |gpu| format!(" ({gpu})"))
        ))?;
    }
    let mut ids = BTreeSet::new();
    for id in card::ids(CardKind::Model) {
        ids.extend(card::model(&id)?.bundle);
    }
    for id in card::ids(CardKind::Dataset) {
        let card = card::dataset(&id)?;
        ids.extend(card.evaluators.ids().into_iter().map(ToOwned::to_owned));
    }
    ids.extend(card::ids(CardKind::Weight));
    let mut text = String::new();
    for id in ids {
        let state = match locate_bundle(&id, &cache) {
            Err(error) => error.to_string(),
            Ok(None) => {
                let next = next_step(&id, &cache);
                let none = "no card names published weights for it (docs/export.md)";
                format!("not installed; {}", next.as_deref().unwrap_or(none))
            }
            Ok(Some(dir)) => match Bundle::open(&dir).and_then(|bundle| bundle.verify()) {
                Ok(_) => format!("ok ({})", dir.display()),
                Err(error) => format!("{error}; hint: {}", error.hint().unwrap_or_default()),
            },
        };
        let _ = writeln!(text, "bundle       {id}: {state}");
    }
    print(&text)?;
    runtime.map(|_| ())
}

/// Millions of bytes, rounded up: what is there is never 0.
fn megabytes(bytes: u64) -> u64 {
    bytes.div_ceil(1_000_000)
}
