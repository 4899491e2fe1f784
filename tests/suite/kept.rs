//! What was seen of frames is neither lost nor changed without a word.

use crate::runs::group;
use crate::support::{copy, fails, ground_truth, printed, storyeval};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use storyeval::record::sha256_file;

/// The hash of every file but that of the times.
fn content(folder: &Path) -> BTreeMap<&'static str, String> {
    let hash = |name| (name, sha256_file(&folder.join(name)).unwrap());
    [
        "observations.parquet",
        "observed.json",
        "scores.json",
        "features/generated.npy",
        "features/ground_truth.npy",
    ]
    .map(hash)
    .into()
}

#[test]
fn one_changed_byte_is_refused_by_all_that_read_it_and_looking_again_mends_it() {
    let folder = tempfile::tempdir().unwrap();
    // Scores name the folder.
    let run = folder.path().join("shuffled");
    copy(&group().join("shuffled"), &run);
    let before = content(&run);
    let other = group().join("ground-truth");
    for file in ["observations.parquet", "features/generated.npy"] {
        let path = run.join(file);
        let mut bytes = fs::read(&path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(&path, bytes).unwrap();
        let name = path.to_str().unwrap();
        let words = [name, "not as it was written", "storyeval observe"];
        fails(storyeval().arg("score").arg(&run)).says(97, &words);
        fails(storyeval().arg("compare").args([&other, &run])).says(97, &words);
        if file == "observations.parquet" {
            fails(
                storyeval()
                    .arg("export")
                    .arg(&run)
                    .args(["--what", "labels"]),
            )
            .says(97, &words);
        }
        printed(storyeval().arg("observe").arg(&run).args(crate::runs::SKIP));
        printed(storyeval().arg("score").arg(&run));
        assert_eq!(content(&run), before, "{file}");
    }
}

#[test]
fn fewer_networks_do_not_throw_away_what_more_have_seen() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("run");
    copy(&group().join("ground-truth"), &run);
    let before = content(&run);
    let fewer = [
        "--skip",
        "captioner,lpips,clip,locator,features,backgrounds",
    ];
    let words = ["backgrounds, features", "would be lost", "observed.json"];
    fails(&mut ground_truth(&run, &fewer)).says(98, &words);
    fails(storyeval().arg("observe").arg(&run).args(fewer)).says(98, &words);
    assert_eq!(content(&run), before);
    // Who really wants to says so.
    fs::remove_file(run.join("observed.json")).unwrap();
    printed(storyeval().arg("observe").arg(&run).args(fewer));
    let table = printed(storyeval().arg("score").arg(&run));
    assert!(!table.is_empty());
}
