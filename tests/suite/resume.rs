//! `kill -9` at random moments: the resumed run equals an uninterrupted one, byte for byte.

use crate::support::{cache, storyeval};
use rand::{Rng, SeedableRng};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const KILLS: usize = 10;
const ARGUMENTS: [&str; 10] = [
    "run",
    "--dataset",
    "minisv",
    "--model",
    "storygpt-v-mini",
    "--limit",
    "5",
    "--batch",
    "2",
    "--out",
];

/// Everything a run computes. What holds timings is left out.
fn results(run: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut folders = vec![run.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.insert(
                    path.strip_prefix(run).unwrap().to_owned(),
                    fs::read(&path).unwrap(),
                );
            }
        }
    }
    // These tell how the run went, not what it found.
    files.remove(Path::new("manifest.json"));
    files.remove(Path::new("timing.jsonl"));
    files.remove(Path::new("journal.jsonl"));
    files
}

#[test]
fn a_run_killed_ten_times_equals_an_uninterrupted_one() {
    let folder = tempfile::tempdir().unwrap();
    let (whole, torn) = (folder.path().join("a/run"), folder.path().join("b/run"));
    storyeval()
        .args(ARGUMENTS)
        .arg(folder.path().join("warm-up/run"))
        .assert()
        .success();
    let begin = Instant::now();
    storyeval().args(ARGUMENTS).arg(&whole).assert().success();
    let duration = begin.elapsed();

    let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(9);
    let mut kills = 0;
    let mut in_the_middle = 0;
    while kills < KILLS {
        let mut child = Command::new(env!("CARGO_BIN_EXE_storyeval"))
            .args(ARGUMENTS)
            .arg(&torn)
            .env("STORYEVAL_CACHE", cache())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(duration.mul_f64(random.random_range(0.05..0.9)));
        if child.try_wait().unwrap().is_some() {
            // It was faster than the clock: there is nothing to kill, so begin again.
            fs::remove_dir_all(&torn).unwrap();
            continue;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        kills += 1;
        in_the_middle += usize::from(torn.join("journal.jsonl").exists());
        if torn.join("scores.json").exists() {
            fs::remove_dir_all(&torn).unwrap();
        }
    }
    assert!(in_the_middle > 0, "no kill met a run that had begun");
    storyeval()
        .args(ARGUMENTS)
        .arg(&torn)
        .timeout(Duration::from_mins(5))
        .assert()
        .success();

    let (whole, torn) = (results(&whole), results(&torn));
    assert_eq!(
        whole.keys().collect::<Vec<_>>(),
        torn.keys().collect::<Vec<_>>()
    );
    for (name, bytes) in &whole {
        assert!(torn[name] == *bytes, "{} differs", name.display());
    }
}
