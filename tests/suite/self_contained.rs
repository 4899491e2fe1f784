//! The program needs no checkout, and its crates fit into a registry.

use crate::support::{TWO_STORIES, cache, copy, printed, storyeval};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What a user with nothing but the program does, offline.
const DRAW: &str = "run --dataset minisv --model storygpt-v-mini --limit 2 --out";

/// ONNX Runtime as the tests fetched it, in a cache of its own.
fn cache_with_runtime(folder: &Path) {
    printed(
        storyeval()
            .args(["run", "--dataset", "minisv", "--model", "ground-truth"])
            .args([
                "--limit",
                "1",
                "--out",
                folder.join("first").to_str().unwrap(),
            ]),
    );
    copy(
        &cache().join("onnxruntime"),
        &folder.join("cache/onnxruntime"),
    );
}

/// Shared libraries that a file needs, and the loader.
fn libraries(file: &Path) -> BTreeSet<PathBuf> {
    let listed = Command::new("ldd").arg(file).output().unwrap().stdout;
    let listed = String::from_utf8(listed).unwrap();
    let words = listed.split_whitespace();
    words
        .filter(|word| word.starts_with('/'))
        .map(PathBuf::from)
        .collect()
}

/// A root with the program, the libraries of the system and a cache that holds ONNX Runtime: a container.
fn container(root: &Path) {
    let program = Path::new(env!("CARGO_BIN_EXE_storyeval"));
    fs::create_dir_all(root.join("tmp")).unwrap();
    fs::copy(program, root.join("storyeval")).unwrap();
    cache_with_runtime(root);
    fs::remove_dir_all(root.join("first")).unwrap();
    let mut needed = libraries(program);
    for entry in walk(&root.join("cache")) {
        if entry.to_string_lossy().contains(".so") {
            needed.extend(libraries(&entry));
        }
    }
    for library in needed.iter().filter(|path| !path.starts_with(root)) {
        let target = root.join(library.strip_prefix("/").unwrap());
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::copy(library, target).unwrap();
    }
}

fn walk(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| {
            if path.is_dir() {
                walk(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

/// Runs commands of the program inside the root, whose cache can be written or not.
fn inside(root: &Path, writable: bool, commands: &[&str]) -> std::process::Output {
    let enter = "cd \"$1\" && env -i PATH=\"$PATH\" HOME=/ STORYEVAL_CACHE=/cache STORYEVAL_OFFLINE=1 chroot . /storyeval ";
    let mut script = "set -e\n".to_owned();
    if !writable {
        script += "mount --bind \"$1/cache\" \"$1/cache\"\nmount -o remount,ro,bind \"$1/cache\"\n";
    }
    for command in commands {
        script += &["( ", enter, command, " )\n"].concat();
    }
    Command::new("unshare")
        .args(["--map-root-user", "--mount", "sh", "-c", &script, "sh"])
        .arg(root)
        .output()
        .unwrap()
}

#[test]
fn a_container_without_a_checkout_draws_scores_and_gates() {
    let program = fs::read(env!("CARGO_BIN_EXE_storyeval")).unwrap();
    let checkout = concat!(env!("CARGO_MANIFEST_DIR"), "/reference-data").as_bytes();
    assert!(
        !program
            .windows(checkout.len())
            .any(|bytes| bytes == checkout),
        "the program knows the folder it was built in"
    );
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    container(&root);
    let possible = Command::new("unshare")
        .args(["--map-root-user", "--mount", "chroot"])
        .arg(&root)
        .args(["/storyeval", "--version"])
        .output();
    if !possible
        .as_ref()
        .is_ok_and(|output| output.status.success())
    {
        // Not every machine lets a user make a root of his own. An empty folder comes close.
        eprintln!("no container here: {possible:?}");
        let mut command = Command::new(root.join("storyeval"));
        command
            .current_dir(&root)
            .env("STORYEVAL_CACHE", root.join("cache"));
        let output = command.args(DRAW.split(' ')).arg("run").output().unwrap();
        assert!(output.status.success(), "{output:?}");
        return;
    }
    let output = inside(
        &root,
        true,
        &[
            &format!("{DRAW} /run"),
            "gate update /run --baseline /baseline.json",
            "gate /run --baseline /baseline.json",
        ],
    );
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    let first = fs::read(root.join("run/scores.json")).unwrap();

    // The second run of a CI: the cache is restored, here read-only; the rest is new.
    fs::remove_dir_all(root.join("run")).unwrap();
    let output = inside(
        &root,
        false,
        &[
            &format!("{DRAW} /run"),
            "gate /run --baseline /baseline.json",
        ],
    );
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    assert_eq!(fs::read(root.join("run/scores.json")).unwrap(), first);
}

#[test]
fn a_damaged_bundle_in_the_cache_is_unpacked_again() {
    let folder = tempfile::tempdir().unwrap();
    cache_with_runtime(folder.path());
    let run = |out: &str| {
        let mut command = storyeval();
        command
            .args(TWO_STORIES)
            .args(["--out", out])
            .current_dir(folder.path())
            .env("STORYEVAL_CACHE", folder.path().join("cache"));
        printed(&mut command)
    };
    let whole = run("whole");
    let graph = walk(&folder.path().join("cache/shipped"))
        .into_iter()
        .find(|path| path.ends_with("features.onnx"))
        .unwrap();
    let right = fs::read(&graph).unwrap();
    fs::write(&graph, vec![0; right.len()]).unwrap();
    assert_eq!(run("after"), whole);
    assert_eq!(fs::read(&graph).unwrap(), right);
}

/// Bytes that a registry takes per crate.
const MOST_OF_A_CRATE: u64 = 10_000_000;

#[test]
fn crates_fit_into_a_registry_and_hold_what_is_compiled_in() {
    let target = tempfile::tempdir().unwrap();
    let packed = Command::new(env!("CARGO"))
        .args([
            "package",
            "--workspace",
            "--no-verify",
            "--allow-dirty",
            "--offline",
            "--target-dir",
        ])
        .arg(target.path())
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(
        packed.status.success(),
        "{}",
        String::from_utf8_lossy(&packed.stderr)
    );
    let mut crates = BTreeSet::new();
    for path in walk(&target.path().join("package")) {
        if path.extension().is_some_and(|ending| ending == "crate") {
            crates.insert(path.file_name().unwrap().to_owned());
            let bytes = fs::metadata(&path).unwrap().len();
            assert!(
                bytes <= MOST_OF_A_CRATE,
                "{} has {bytes} bytes",
                path.display()
            );
        }
    }
    assert_eq!(crates.len(), 4, "{crates:?}");

    let listed = Command::new(env!("CARGO"))
        .args(["package", "--list", "--allow-dirty", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let listed = String::from_utf8(listed.stdout).unwrap();
    let listed: BTreeSet<&str> = listed.lines().collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for folder in ["src", "eval-configs", "reference-data/papers"] {
        for path in walk(&root.join(folder)) {
            let name = path.strip_prefix(root).unwrap().to_str().unwrap();
            let compiled = !folder.ends_with("papers")
                || path.extension().is_some_and(|ending| ending == "csv");
            assert!(
                !compiled || name.contains("/printed/") || listed.contains(name),
                "{name} is not packed"
            );
        }
    }
}
