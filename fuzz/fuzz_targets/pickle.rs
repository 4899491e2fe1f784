//! Any bytes as a pickle.
#![no_main]

use libfuzzer_sys::fuzz_target;
use storyeval_fuzz::format::pickle::Pickle;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(pickle) = Pickle::decode(bytes) {
        let root = pickle.root();
        // As a loader does: the length first.
        if root.len().is_some_and(|len| len < 10_000) {
            let _ = (root.numbers(), root.integers(), root.shape());
            if let Some(entries) = root.entries() {
                for (key, value) in entries {
                    let _ = (key.text(), value.as_number(), value.as_integer());
                }
            }
        }
        let _ = pickle.unwrapped().root().type_name();
    }
});
