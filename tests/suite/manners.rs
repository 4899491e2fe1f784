//! Manners of the program: pipes, environment, interruptions, folders of runs, help.

use crate::support::{fails, ground_truth, printed, shared, storyeval};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

fn text(command: &mut assert_cmd::Command) -> (Option<i32>, String, String) {
    let output = command.output().unwrap();
    let utf8 = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code(),
        utf8(output.stdout),
        utf8(output.stderr),
    )
}

/// Two models in one folder, and a run of which only the frames are drawn.
fn runs() -> std::path::PathBuf {
    let folder = shared("manners");
    let group = folder.join("group");
    printed(
        storyeval()
            .args([
                "run",
                "-d",
                "minisv",
                "-m",
                "ground-truth,shuffled",
                "--limit",
                "2",
                "--out",
            ])
            .arg(&group),
    );
    printed(
        storyeval()
            .args([
                "generate",
                "-d",
                "minisv",
                "-m",
                "ground-truth",
                "--limit",
                "2",
                "--out",
            ])
            .arg(folder.join("drawn")),
    );
    folder
}

#[test]
fn a_folder_of_runs_is_taken_or_listed() {
    let folder = runs();
    let group = folder.join("group");
    let truth = group.join("ground-truth");
    for arguments in [
        &["table"][..],
        &["show"],
        &["show", "--format", "json"],
        &["export", "--what", "scores"],
        &["compare", truth.to_str().unwrap()],
    ] {
        let (code, out, note) = text(storyeval().args(arguments).arg(&group));
        assert_eq!(code, Some(0), "{arguments:?}: {note}");
        assert!(out.contains("shuffled"), "{arguments:?}: {out}");
        assert!(
            note.contains("group/ground-truth, ") && note.contains("group/shuffled"),
            "{note}"
        );
    }
    for verb in ["observe", "compare"] {
        let said = fails(
            storyeval()
                .arg(verb)
                .arg(&group)
                .args((verb == "compare").then_some(&truth)),
        );
        assert_eq!(said.code, 2);
        assert!(
            said.stderr.contains("is not a run, but holds"),
            "{}",
            said.stderr
        );
    }
    for verb in ["table", "show", "score", "observe"] {
        let said = fails(storyeval().arg(verb).arg(folder.join("nope")));
        assert_eq!(said.code, 2, "{}", said.stderr);
        assert!(
            said.stderr.contains("there is no folder"),
            "{}",
            said.stderr
        );
        assert!(!said.stderr.contains("score nope"), "{}", said.stderr);
    }
    let drawn = folder.join("drawn");
    for arguments in [
        &["table"][..],
        &["export", "--what", "scores"],
        &["compare", truth.to_str().unwrap()],
    ] {
        let said = fails(storyeval().args(arguments).arg(&drawn));
        assert_eq!(said.code, 5, "{}", said.stderr);
        assert!(
            said.stderr.contains("goes on where it stopped"),
            "{}",
            said.stderr
        );
    }

    // A reader that closes the pipe hears nothing, and the code is that of other programs.
    let mut command = Command::new(env!("CARGO_BIN_EXE_storyeval"));
    command.args(["export", "--what", "labels"]).arg(&group);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(
        !String::from_utf8_lossy(&output.stderr).contains("error"),
        "{output:?}"
    );
    assert_eq!(output.status.code(), Some(141));
}

#[test]
fn nothing_to_do_and_quiet_and_verbose() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let (code, _, verbose) = text(&mut ground_truth(&out, &["-v"]));
    assert_eq!(code, Some(0), "{verbose}");
    assert!(
        verbose.contains("batch 0 is on the disk, 8 of 8 frames"),
        "{verbose}"
    );
    let (_, _, again) = text(&mut ground_truth(&out, &[]));
    assert!(
        again.contains("every frame is there, nothing is drawn"),
        "{again}"
    );
    assert!(!again.contains("is on the disk"), "{again}");
    let (code, table, quiet) = text(&mut ground_truth(&out, &["-q"]));
    assert_eq!((code, quiet.as_str()), (Some(0), ""));
    assert!(table.contains("Char-Acc"), "{table}");
    let (code, ..) = text(&mut ground_truth(&out, &["-q", "-v"]));
    assert_eq!(code, Some(2));
}

#[test]
fn a_run_without_any_value_is_not_done() {
    let folder = tempfile::tempdir().unwrap();
    let said = fails(&mut ground_truth(
        &folder.path().join("run"),
        &[
            "--skip",
            "characters,backgrounds,features,clip,lpips,captioner",
        ],
    ));
    assert_eq!(said.code, 5, "{}", said.stderr);
    assert!(
        said.stderr.contains("nothing could be scored"),
        "{}",
        said.stderr
    );
}

#[test]
fn variables_mean_what_they_say() {
    let doctor = |name: &str, value: &str| text(storyeval().arg("doctor").env(name, value));
    for value in ["false", "no", "0", "off", ""] {
        assert_eq!(doctor("STORYEVAL_OFFLINE", value).0, Some(0), "{value}");
    }
    let (code, _, error) = doctor("STORYEVAL_OFFLINE", "maybe");
    assert_eq!(code, Some(2));
    assert!(
        error.contains("'maybe'") && error.contains("--offline"),
        "{error}"
    );
    for name in [
        "STORYEVAL_THREADS",
        "STORYEVAL_DEVICE",
        "STORYEVAL_DATA_DIR",
    ] {
        assert_eq!(doctor(name, "").0, Some(0), "an empty {name} is not set");
    }
    assert_eq!(doctor("STORYEVAL_THREADS", "1025").0, Some(2));
    let (_, _, error) = text(storyeval().args(["ls", "models"]).env_remove("HOME"));
    assert_eq!(error, "", "no cache is needed for it");
    let (_, out, error) = text(
        storyeval()
            .args(["doctor", "--offline"])
            .env_remove("HOME")
            .env_remove("XDG_CACHE_HOME")
            .env("STORYEVAL_CACHE", ""),
    );
    assert_eq!(
        error.matches("warning: HOME is not set").count(),
        1,
        "{out}{error}"
    );
}

/// Ctrl-C in the middle of a run.
#[cfg(unix)]
#[test]
fn an_interrupted_run_says_how_to_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    // MiniSV is drawn before the clock matters.
    printed(&mut ground_truth(&folder.path().join("first"), &[]));
    let mut command = Command::new(env!("CARGO_BIN_EXE_storyeval"));
    command
        .args([
            "run",
            "-d",
            "minisv",
            "-m",
            "storygpt-v-mini",
            "--limit",
            "40",
            "--batch",
            "1",
            "--out",
        ])
        .arg(&out)
        .env("STORYEVAL_CACHE", crate::support::cache())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    let started = std::time::Instant::now();
    while !out.join("journal.jsonl").is_file()
        || fs::read(out.join("journal.jsonl")).unwrap().is_empty()
    {
        assert!(started.elapsed().as_secs() < 240, "no story was drawn");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let kill = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(kill.success());
    let output = child.wait_with_output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(130), "{error}");
    assert!(
        error.contains("stopped: finished batches are kept"),
        "{error}"
    );
}

/// The verbs below a path of verbs, from their help.
fn verbs(path: &[String], found: &mut BTreeMap<String, String>) {
    let (code, help, _) = text(storyeval().args(path).arg("--help"));
    assert_eq!(code, Some(0), "{path:?}");
    let listed: Vec<String> = help
        .split_once("Commands:\n")
        .map(|(_, rest)| rest.split("\n\n").next().unwrap_or_default())
        .into_iter()
        .flat_map(str::lines)
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next().map(ToOwned::to_owned))
        .filter(|verb| verb != "help")
        .collect();
    // `gate` and `paper` do something themselves, too.
    if listed.is_empty() || help.contains("Examples:") {
        found.insert(path.join(" "), help);
    }
    for verb in listed {
        verbs(&[path, &[verb]].concat(), found);
    }
}

#[test]
fn every_verb_has_examples_that_parse() {
    let mut found = BTreeMap::new();
    verbs(&[], &mut found);
    assert!(found.len() > 30, "{:?}", found.keys());
    for (verb, help) in found {
        let (_, examples) = help
            .split_once("Examples:\n")
            .unwrap_or_else(|| panic!("{verb} has no example"));
        for example in examples.trim().lines().map(str::trim) {
            let call = example
                .rsplit("| ")
                .next()
                .unwrap()
                .split(" > ")
                .next()
                .unwrap();
            assert!(
                call.starts_with(&format!("storyeval {verb}")),
                "{verb}: {example}"
            );
            // What clap refuses before it comes to the last word, it reports first.
            let words = call.split(' ').skip(1).chain(["--no-such-option"]);
            let (code, _, error) = text(storyeval().args(words).current_dir(Path::new("/")));
            assert_eq!(code, Some(2), "{example}: {error}");
            assert!(error.contains("--no-such-option"), "{example}: {error}");
        }
    }
}
