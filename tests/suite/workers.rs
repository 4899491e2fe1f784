//! Models in any language: workers that draw, misbehave, are killed and go on.

mod schema;

use crate::support::{fails, printed, storyeval};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};
use tempfile::TempDir;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A card of the fake worker; its state is in the folder of the card.
fn card(folder: &Path, mode: &str, lines: &str, options: &str) -> PathBuf {
    let script = root().join("tests/suite/workers/fake_worker.py");
    let (script, state) = (script.to_str().unwrap(), folder.to_str().unwrap());
    let text = format!(
        "id = \"fake\"\nname = \"fake\"\ndescription = \"a fake\"\ngenerator = \"command\"\n[command]\n\
         program = [\"python3\", {script:?}]\n{lines}\n[command.options]\nmode = {mode:?}\nstate = {state:?}\n{options}\n"
    );
    let path = folder.join("fake.toml");
    fs::write(&path, text).unwrap();
    path
}

fn command(verb: &str, model: &str, limit: &str, out: &Path) -> assert_cmd::Command {
    let mut command = storyeval();
    command
        .args([
            verb,
            "--dataset",
            "minisv",
            "--limit",
            limit,
            "--model",
            model,
        ])
        .arg("--out")
        .arg(out);
    command
}

fn generate(card: &Path, limit: &str, out: &Path) -> assert_cmd::Command {
    command("generate", card.to_str().unwrap(), limit, out)
}

/// Every frame of a run.
fn frames(run: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut frames = BTreeMap::new();
    for story in fs::read_dir(run.join("frames")).unwrap() {
        let story = story.unwrap();
        for frame in fs::read_dir(story.path()).unwrap() {
            let frame = frame.unwrap();
            let name = Path::new(&story.file_name()).join(frame.file_name());
            frames.insert(name, fs::read(frame.path()).unwrap());
        }
    }
    frames
}

/// The lines of a journal without what depends on time, in its order.
fn journal(run: &Path) -> Vec<Value> {
    let text = fs::read_to_string(run.join("journal.jsonl")).unwrap();
    let lines = text.lines().map(|line| {
        let mut line: Value = serde_json::from_str(line).unwrap();
        let fields = line.as_object_mut().unwrap();
        for name in ["seconds", "check", "reports"] {
            fields.remove(name);
        }
        line
    });
    lines.collect()
}

/// The ids of the first stories.
fn stories(run: &Path) -> Vec<String> {
    let text = fs::read_to_string(run.join("plan.jsonl")).unwrap();
    let ids = text.lines().map(|line| {
        let line: Value = serde_json::from_str(line).unwrap();
        line["story"].as_str().unwrap().to_owned()
    });
    ids.collect()
}

fn page(run: &Path) -> Value {
    let text = printed(storyeval().args(["show", "--format", "json"]).arg(run));
    serde_json::from_slice(&text).unwrap()
}

#[test]
fn the_toy_draws_the_same_with_one_worker_and_with_three() {
    let folder = tempfile::tempdir().unwrap();
    let toy = format!(
        "command:{}",
        root().join("examples/toy_worker.py").display()
    );
    let (one, three) = (folder.path().join("one"), folder.path().join("three"));
    command("generate", &toy, "6", &one).assert().success();
    command("generate", &toy, "6", &three)
        .args(["--workers", "3"])
        .assert()
        .success();
    assert_eq!(frames(&one).len(), 24);
    assert_eq!(frames(&one), frames(&three));
    assert_eq!(journal(&one), journal(&three));
    let page = page(&three);
    let worker = &page["identity"]["worker"];
    assert_eq!(
        (worker["name"].as_str(), worker["version"].as_str()),
        (Some("toy"), Some("1.0"))
    );
    // A complete run does not start a worker: the second call says so.
    let again = command("generate", &toy, "6", &three).output().unwrap();
    let said = String::from_utf8(again.stderr).unwrap();
    assert!(
        said.contains("nothing is drawn") && !said.contains("drawn by"),
        "{said}"
    );
}

#[test]
fn workers_are_for_models_that_have_them() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = command("generate", "ground-truth", "1", &folder.path().join("r"));
    fails(command.args(["--workers", "2"])).says(2, &["ground-truth is drawn without workers"]);
}

/// Metric, slice, value, interval and counts of all scores.
fn scores(run: &Path) -> Vec<(Value, Value, Value, Value, Value, Value)> {
    let text = fs::read_to_string(run.join("scores.json")).unwrap();
    let scores: Value = serde_json::from_str(&text).unwrap();
    // A worker may refuse a frame, and the built-in models cannot.
    let shared = scores["scores"].as_array().unwrap().iter();
    let shared = shared.filter(|score| score["metric"] != "refused");
    let scores = shared.map(|score| {
        let part = |name: &str| score[name].clone();
        (
            part("metric"),
            part("slice"),
            part("value"),
            part("interval"),
            part("n"),
            part("planned"),
        )
    });
    scores.collect()
}

fn signature(run: &Path) -> String {
    let text = fs::read_to_string(run.join("scores.json")).unwrap();
    let scores: Value = serde_json::from_str(&text).unwrap();
    scores["scores"][0]["signature"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[test]
fn the_same_frames_score_the_same_whoever_gives_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    command("run", "char-ldm-mini", "2", &path("built-in"))
        .assert()
        .success();
    let drawn = path("built-in").join("frames");
    let options = format!(
        "frames = {:?}\nready = {{ batch = 2 }}",
        drawn.to_str().unwrap()
    );
    let card = card(folder.path(), "", "", &options);
    command("run", card.to_str().unwrap(), "2", &path("worker"))
        .assert()
        .success();
    let mut images = storyeval();
    images
        .args([
            "score",
            "--dataset",
            "minisv",
            "--limit",
            "2",
            "--name",
            "images",
            "--images",
        ])
        .arg(&drawn)
        .arg("--out")
        .arg(path("images"));
    images.assert().success();
    assert_eq!(frames(&path("worker")), frames(&path("built-in")));
    let expected = scores(&path("built-in"));
    assert!(expected.len() > 50, "{}", expected.len());
    assert_eq!(scores(&path("worker")), expected);
    assert_eq!(scores(&path("images")), expected);
    assert_eq!(signature(&path("worker")), signature(&path("built-in")));
    assert!(page(&path("built-in"))["identity"].get("worker").is_none());
}

#[test]
fn a_worker_that_reads_names_is_not_comparable_in_silence() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let card = card(
        folder.path(),
        "",
        "",
        "ready = { reads = [\"original\", \"names\"] }",
    );
    let mut run = command("run", card.to_str().unwrap(), "1", &out);
    run.args(["--protocol", "pixels"]).assert().success();
    let signature = signature(&out);
    assert!(signature.contains("+original+names|"), "{signature}");
    // Another option may mean other frames, even where nothing is left to draw.
    let text = fs::read_to_string(&card).unwrap();
    fs::write(&card, text + "steps = 50\n").unwrap();
    let mut again = command("run", card.to_str().unwrap(), "1", &out);
    fails(again.args(["--protocol", "pixels"])).says(98, &["worker: the folder has fake 1.0"]);
}

/// An undisturbed run of four stories.
fn calm(folder: &TempDir) -> PathBuf {
    let out = folder.path().join("calm");
    let card = card(folder.path(), "", "", "");
    generate(&card, "4", &out).assert().success();
    out
}

#[test]
fn a_worker_that_dies_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let calm = calm(&folder);
    let third = stories(&calm)[2].clone();
    let out = folder.path().join("torn");
    let card = card(
        folder.path(),
        "crash once",
        "attempts = 1",
        &format!("at = {third:?}"),
    );
    let said = fails(&mut generate(&card, "4", &out));
    said.says(
        5,
        &[
            "failed to draw story",
            &third,
            "out of memory",
            "workers/0.log",
            "goes on",
        ],
    );
    assert_eq!(journal(&out).len(), 2, "two stories are kept");
    generate(&card, "4", &out).assert().success();
    assert_eq!(frames(&out), frames(&calm));
    assert_eq!(journal(&out), journal(&calm));
}

#[test]
fn a_story_that_always_fails_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let calm = calm(&folder);
    let third = stories(&calm)[2].clone();
    let out = folder.path().join("skipped");
    let lines = "attempts = 2\non_failure = \"skip\"\nworkers = 2";
    let card = card(folder.path(), "crash", lines, &format!("at = {third:?}"));
    generate(&card, "4", &out).assert().success();
    assert_eq!(frames(&out).len(), 12);
    let page = page(&out);
    assert_eq!(page["absences"]["failed"], 4);
    assert_eq!(page["reports"]["notes"][0][0], "it ended (exit status: 1)");
}

/// Whether a process runs.
#[cfg(target_os = "linux")]
fn runs(id: &str) -> bool {
    let state = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
    !state.is_empty() && !state.contains(") Z ")
}

#[cfg(target_os = "linux")]
#[test]
fn sigterm_ends_the_workers_and_the_run_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let calm = calm(&folder);
    let third = stories(&calm)[2].clone();
    let out = folder.path().join("torn");
    let card = card(folder.path(), "hang once", "", &format!("at = {third:?}"));
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_storyeval"))
        .args(["generate", "--dataset", "minisv", "--limit", "4", "--model"])
        .arg(&card)
        .arg("--out")
        .arg(&out)
        .env("STORYEVAL_CACHE", crate::support::cache())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let begin = Instant::now();
    let pid = loop {
        assert!(begin.elapsed() < Duration::from_mins(1));
        std::thread::sleep(Duration::from_millis(20));
        let text = fs::read_to_string(folder.path().join("pid")).unwrap_or_default();
        if let Some((pid, scratch)) = text.split_once(' ')
            && scratch.contains("storyeval-worker-")
        {
            break [pid.to_owned(), scratch.to_owned()];
        }
    };
    assert!(runs(&pid[0]) && Path::new(&pid[1]).exists());
    let killed = std::process::Command::new("kill")
        .arg(child.id().to_string())
        .status();
    assert!(killed.unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(143));
    assert!(!runs(&pid[0]), "the worker is an orphan");
    assert!(!Path::new(&pid[1]).exists(), "its scratch folder stays");
    generate(&card, "4", &out).assert().success();
    assert_eq!(frames(&out), frames(&calm));
    assert_eq!(journal(&out), journal(&calm));
}

const KEY: &str = "sk-planted-0123456789abcdef";

/// Whether any file below a folder has the bytes.
fn holds(folder: &Path, bytes: &[u8]) -> bool {
    fs::read_dir(folder).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return holds(&path, bytes);
        }
        let found = fs::read(&path).unwrap();
        found.windows(bytes.len()).any(|window| window == bytes)
    })
}

#[test]
fn a_key_of_the_environment_is_written_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    for mode in ["refuses", "reports", "garbage"] {
        let out = folder.path().join(mode);
        let options = "secret = \"TOY_API_KEY\"";
        let card = card(
            folder.path(),
            mode,
            "environment = [\"TOY_API_KEY\"]\nattempts = 1",
            options,
        );
        let output = generate(&card, "1", &out)
            .env("TOY_API_KEY", KEY)
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.success(), mode == "refuses", "{said}");
        assert_eq!(
            said.contains("CUDA out of memory [TOY_API_KEY]"),
            mode == "reports",
            "{said}"
        );
        assert!(!said.contains(KEY), "{said}");
        let log = fs::read_to_string(out.join("workers/0.log")).unwrap();
        assert!(log.contains("the key is [TOY_API_KEY]"), "{log}");
        assert!(!holds(&out, KEY.as_bytes()));
    }
    let refused = folder.path().join("refuses");
    assert!(holds(&refused, b"a brand name [TOY_API_KEY]"));
    let card = card(folder.path(), "", "environment = [\"TOY_API_KEY\"]", "");
    fails(&mut generate(&card, "1", &folder.path().join("unset")))
        .says(96, &["TOY_API_KEY, which is not set"]);
}

#[test]
fn every_message_is_what_the_schema_says() {
    let folder = tempfile::tempdir().unwrap();
    let image = folder.path().join("fred.png");
    fs::write(&image, b"an image").unwrap();
    let traffic = folder.path().join("traffic.jsonl");
    for (mode, ready) in [
        (
            "base64",
            "{ reads = [\"original\", \"names\", \"references\"], latents = [1, 2, 2], batch = 2 }",
        ),
        ("beats", "{ context = \"frame\", earlier_frames = true }"),
        ("refuses", "{}"),
        ("gives up", "{}"),
    ] {
        let out = folder.path().join(mode);
        let options = format!(
            "traffic = {:?}\nbeat_s = 0.001\nready = {ready}\n[command.references]\nFred = \"fred.png\"",
            traffic.to_str().unwrap()
        );
        let card = card(folder.path(), mode, "", &options);
        let output = generate(&card, "2", &out).output().unwrap();
        assert_eq!(output.status.success(), mode != "gives up");
    }
    let text = fs::read_to_string(root().join("docs/schemas/worker.schema.json")).unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    for line in fs::read_to_string(&traffic).unwrap().lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let message = &line["message"];
        assert!(schema::holds(&document, message, &document), "{message}");
        let kind = message["type"].as_str().unwrap();
        *seen.entry(kind.to_owned()).or_default() += 1;
        // Not every object passes: without its type, or with another one, it is no message.
        let mut other = message.clone();
        other["type"] = "hallo".into();
        assert!(!schema::holds(&document, &other, &document), "{other}");
        if kind == "frame" {
            other = message.clone();
            other["index"] = 0.into();
            assert!(!schema::holds(&document, &other, &document), "{other}");
        }
    }
    let kinds: Vec<&str> = seen.keys().map(String::as_str).collect();
    assert_eq!(
        kinds,
        [
            "bye",
            "done",
            "draw",
            "error",
            "frame",
            "heartbeat",
            "hello",
            "ready"
        ]
    );
    let all = fs::read_to_string(&traffic).unwrap();
    for field in [
        "\"original\"",
        "\"names\"",
        "\"cast\"",
        "\"references\"",
        "\"latents\"",
        "\"earlier\": [{",
    ] {
        assert!(all.contains(field), "{field}");
    }
}

#[test]
fn a_new_model_is_drawn_with_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("my-model");
    let new = |generator: &str, dir: &Path| {
        let mut command = storyeval();
        command
            .args(["model", "new", "--generator", generator])
            .arg(dir);
        command
    };
    let output = new("command", &dir).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    assert!(said.contains("checked: 4 of 4 frames of story"), "{said}");
    assert_eq!(frames(&dir.join("check")).len(), 4);
    fails(&mut new("command", &dir)).says(110, &["exists and is not an empty folder"]);
    // What it prints works.
    let out = folder.path().join("run");
    generate(&dir.join("model.toml"), "1", &out)
        .assert()
        .success();
    assert_eq!(frames(&out), frames(&dir.join("check")));
    let network = folder.path().join("network");
    new("char-ldm", &network).assert().success();
    assert_eq!(frames(&network.join("check")).len(), 4);
}
