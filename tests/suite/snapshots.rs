//! Texts that people read, as they are printed: help, tables, errors.
//!
//! After a change that is meant, `INSTA_UPDATE=always cargo test --test suite snapshots` writes them again; the
//! difference in `tests/suite/snapshots/` is then part of the review.

use crate::support::{cache, ground_truth, printed, storyeval};
use assert_cmd::Command;
use std::fmt::Write;
use std::path::Path;

/// Verbs, as `--help` of a command lists them.
fn verbs(help: &str) -> Vec<String> {
    let list = help.split("\nCommands:\n").nth(1).unwrap_or_default();
    list.lines()
        .take_while(|line| line.starts_with("  "))
        .filter_map(|line| line.strip_prefix("  ")?.split(' ').next())
        .filter(|verb| !verb.is_empty() && *verb != "help")
        .map(str::to_owned)
        .collect()
}

/// `--help` does not print the environment's own values.
fn help(verb: &[String]) -> String {
    let mut command = storyeval();
    for name in [
        "STORYEVAL_CACHE",
        "STORYEVAL_THREADS",
        "STORYEVAL_PYTHON",
        "STORYEVAL_ORT",
        "COLUMNS",
    ] {
        command.env_remove(name);
    }
    String::from_utf8(printed(command.args(verb).arg("--help"))).unwrap()
}

/// The help of a verb, and below it that of its own verbs.
fn help_below(verb: &[String]) -> String {
    let own = help(verb);
    let mut text = format!("$ storyeval {} --help\n{own}", verb.join(" "));
    for below in verbs(&own) {
        let longer: Vec<String> = verb.iter().cloned().chain([below]).collect();
        let _ = write!(text, "\n{}", help_below(&longer));
    }
    text
}

#[test]
fn help_of_every_verb() {
    let top = help(&[]);
    let verbs = verbs(&top);
    assert!(verbs.len() >= 18, "{verbs:?}");
    insta::assert_snapshot!("help", top);
    for verb in verbs {
        insta::assert_snapshot!(format!("help-{verb}"), help_below(&[verb]));
    }
}

#[test]
fn tables_of_a_run_in_every_format() {
    let folder = tempfile::tempdir().unwrap();
    let run = folder.path().join("real");
    ground_truth(&run, &["--skip", "clip,captioner"])
        .assert()
        .success();
    for format in ["md", "latex", "html", "csv"] {
        let mut command = storyeval();
        let text = printed(command.args(["table", "--format", format]).arg(&run));
        insta::assert_snapshot!(format!("table-{format}"), String::from_utf8(text).unwrap());
    }
}

#[test]
fn a_published_table_in_every_format() {
    for format in ["md", "latex", "html", "csv", "json"] {
        let text = printed(storyeval().args(["paper", "cvpr-supp-table-3", "--format", format]));
        insta::assert_snapshot!(format!("paper-{format}"), String::from_utf8(text).unwrap());
    }
}

/// What a failed command prints, with the folders of this machine left out.
fn failure(command: &mut Command, folder: &Path) -> String {
    let output = command.output().unwrap();
    assert!(!output.status.success());
    assert!(
        output.stdout.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
    let text = String::from_utf8(output.stderr).unwrap();
    let text = text
        .replace(&folder.display().to_string(), "FOLDER")
        .replace(&cache().display().to_string(), "CACHE");
    format!("{text}exit code {}\n", output.status.code().unwrap())
}

#[test]
fn errors() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("empty")).unwrap();
    std::fs::write(
        folder.path().join("rules.toml"),
        "format = 1\nalhpa = 0.05\n",
    )
    .unwrap();
    std::fs::write(folder.path().join("captions.json"), "{\"a\": ").unwrap();
    let mut text = String::new();
    for line in [
        "run --dataset nowhere --model ground-truth",
        "run --dataset minisv --model nothing",
        "run --dataset minisv --model ground-truth --protocol nothing",
        "run --dataset minisv --model ground-truth --limit none",
        "run --dataset flintstones --model ground-truth",
        "run --suite nothing",
        "score --images nowhere --layout vlc --dataset minisv",
        "score --images empty --layout vlc --dataset minisv --limit 1",
        "observe empty",
        "score empty",
        "table nowhere",
        "table empty",
        "compare empty nowhere",
        "show nowhere",
        "diff empty nowhere",
        "export nowhere --what scores",
        "gate empty --baseline nowhere.json",
        "gate empty --baseline nowhere.json --rules rules.toml",
        "paper cvpr-table-3",
        "protocol show nothing",
        "dataset verify --dataset nowhere",
        "dataset convert --dataset minisv --to vist --out empty/x --split nothing",
        "model verify nowhere",
        "metric fid empty nowhere",
        "metric bleu --refs captions.json --hyps captions.json",
        "metric accuracy --predictions p.npy --labels l.npy",
        "completions bash run",
        "completions man nothing",
        "completions tcsh",
    ] {
        let mut command = storyeval();
        command.args(line.split(' ')).current_dir(folder.path());
        let _ = writeln!(
            text,
            "$ storyeval {line}\n{}",
            failure(&mut command, folder.path())
        );
    }
    insta::assert_snapshot!("errors", text);
}

#[test]
fn completions_and_manual_pages() {
    for (shell, has) in [
        ("bash", "_storyeval()"),
        ("zsh", "#compdef storyeval"),
        ("fish", "complete -c storyeval"),
        ("elvish", "edit:completion:arg-completer[storyeval]"),
        ("powershell", "Register-ArgumentCompleter"),
    ] {
        let script = String::from_utf8(printed(storyeval().args(["completions", shell]))).unwrap();
        assert!(script.contains(has), "{shell}: {script}");
        assert!(
            script.contains("referential"),
            "{shell} lacks verbs of verbs"
        );
    }
    let page = |verb: &[&str]| {
        let text = printed(storyeval().args(["completions", "man"]).args(verb));
        String::from_utf8(text).unwrap()
    };
    assert!(page(&[]).contains(".SH SUBCOMMANDS") && page(&[]).contains("storyeval\\-run"));
    assert!(page(&["dataset", "verify"]).contains("\\-\\-strict"));
}
