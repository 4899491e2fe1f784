//! Where things lie in a run folder, and how ids become names of files.

pub use crate::record::one_folder;
use crate::record::{FrameIndex, StoryId};
use serde::Serialize;

/// Name of the manifest.
pub const MANIFEST: &str = "manifest.json";
/// Name of the plan.
pub const PLAN: &str = "plan.jsonl";
/// Name of the journal.
pub const JOURNAL: &str = "journal.jsonl";
/// Name of the journal of requests to a paid service.
pub const CALLS: &str = "calls.jsonl";
/// Folder of the frames.
pub const FRAMES: &str = "frames";
/// Name of the observations.
pub const OBSERVATIONS: &str = "observations.parquet";
/// Folder of the features.
pub const FEATURES: &str = "features";
/// Name of the record that says which observations are complete.
pub const OBSERVED: &str = "observed.json";
/// Name of the record of imported frames.
pub const IMPORT: &str = "import.json";
/// Name of the scores.
pub const SCORES: &str = "scores.json";
/// Name of the list of metrics that the user brought.
pub const COLUMNS: &str = "columns.json";
/// Folder of their values.
pub(super) const COLUMNS_FOLDER: &str = "columns";
/// Name of the times of the stages.
pub const TIMING: &str = "timing.jsonl";
/// Folder of what workers write on stderr.
pub const WORKERS: &str = "workers";
/// Name of the lock.
pub(super) const LOCK: &str = ".lock";

/// Folder name of a story: one path component, whatever the id holds.
///
/// [`one_folder`] of its id.
#[must_use]
pub fn folder_name(story: &StoryId) -> String {
    one_folder(story.as_str())
}

/// Path of a frame below the run folder, with `/` on every system: `frames/<story>/<k>.png`, k from 1.
#[must_use]
pub fn frame_file(story: &StoryId, frame: FrameIndex) -> String {
    format!("{FRAMES}/{}/{frame}.png", folder_name(story))
}

/// A line of JSON without its newline.
pub(super) fn json_line(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("what is persisted has only text keys")
}

/// A JSON file for people to read, with a last newline.
pub(super) fn json_file(value: &impl Serialize) -> Vec<u8> {
    let mut bytes = serde_json::to_vec_pretty(value).expect("what is persisted has only text keys");
    bytes.push(b'\n');
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::path::{Component, Path};

    #[test]
    fn ordinary_ids_stay_as_they_are() {
        let id = StoryId::new("s_01_e_25_shot_004015_004089");
        assert_eq!(folder_name(&id), "s_01_e_25_shot_004015_004089");
        assert_eq!(
            frame_file(&id, FrameIndex(2)),
            "frames/s_01_e_25_shot_004015_004089/2.png"
        );
    }

    #[test]
    fn hostile_ids_stay_in_their_folder() {
        for (id, name) in [
            ("..", "%2E."),
            (".", "%2E"),
            ("", "%"),
            ("../../etc", "%2E.%2F..%2Fetc"),
            ("a\\b", "a%5Cb"),
            ("C:x", "C%3Ax"),
            ("%2F", "%252F"),
            ("\0", "%00"),
        ] {
            assert_eq!(folder_name(&StoryId::new(id)), name);
        }
    }

    #[test]
    fn long_ids_are_cut_and_stay_different() {
        let a = folder_name(&StoryId::new("x".repeat(400)));
        let b = folder_name(&StoryId::new("x".repeat(401)));
        assert!(a.len() < 200 && b.len() < 200);
        assert_ne!(a, b);
    }

    proptest! {
        #[test]
        fn every_id_is_one_component_and_none_collide(a in ".{0,40}", b in ".{0,40}") {
            let name = folder_name(&StoryId::new(a.clone()));
            let components: Vec<_> = Path::new(&name).components().collect();
            prop_assert!(matches!(components.as_slice(), [Component::Normal(_)]));
            if a != b {
                prop_assert_ne!(name, folder_name(&StoryId::new(b)));
            }
        }
    }
}
