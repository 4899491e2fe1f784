//! A service as a generator, against servers of this machine: what it draws, costs and refuses, and what it never tells.

use crate::fetch::server::{Answer, Asked, Server};
use crate::support::{Said, cache, fails, ground_truth, printed, storyeval};
use assert_cmd::Command;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const KEY: &str = "sk-planted-4f6b1c0d9e8a7b65";
const VARIABLE: &str = "HTTP_TEST_KEY";

/// The real frames of two stories, as a run of the built-in generator has them: what good servers answer with.
static TRUTH: LazyLock<PathBuf> = LazyLock::new(|| {
    let run = crate::support::shared("http").join("truth");
    printed(&mut ground_truth(&run, &[]));
    run
});

/// Frames of the run, as files below its folder.
fn frame_file(story: &str, frame: &Value) -> Vec<u8> {
    fs::read(TRUTH.join(format!("frames/{story}/{frame}.png"))).unwrap()
}

/// A folder with a model's card, and what a server's answers left in the shared cache.
struct Bench {
    folder: TempDir,
    base: String,
}

impl Bench {
    /// `section` are lines of `[http]`, `more` what follows.
    fn new(server: &Server, section: &str, more: &str) -> Self {
        // Ports come again; what an earlier server answered is none of this one's.
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos();
        let base = format!(
            "{}/{now}-{}",
            server.base,
            COUNT.fetch_add(1, Ordering::Relaxed)
        );
        let bench = Self {
            folder: tempfile::tempdir().unwrap(),
            base,
        };
        let card = format!(
            "id = \"served\"\nname = \"Served\"\ndescription = \"d\"\ngenerator = \"http\"\n\n[http]\nbase = \"{}\"\n\
             key_env = \"{VARIABLE}\"\nfirst_wait_ms = 1\nlongest_wait_s = 5\n{section}\n{more}",
            bench.base
        );
        fs::write(bench.folder.path().join("served.toml"), card).unwrap();
        bench
    }

    fn plain(server: &Server, section: &str) -> Self {
        Self::new(server, &format!("dialect = \"plain\"\n{section}"), "")
    }

    fn out(&self) -> PathBuf {
        self.folder.path().join("run")
    }

    fn command(&self, verb: &str, more: &[&str]) -> Command {
        let mut command = storyeval();
        command
            .args([verb, "-d", "minisv", "-m"])
            .arg(self.folder.path().join("served.toml"));
        command
            .args(["--limit", "2", "--out"])
            .arg(self.out())
            .args(more);
        command.env(VARIABLE, KEY);
        command
    }

    fn answers(&self) -> PathBuf {
        let name = storyeval::run::one_folder(&self.base);
        let openai = storyeval::run::one_folder(&format!("{}/images/generations", self.base));
        let all = cache().join("http");
        [name, openai]
            .map(|it| all.join(it))
            .into_iter()
            .find(|it| it.is_dir())
            .unwrap_or(all)
    }

    /// That nothing on the disk holds the key.
    fn keeps_the_key(&self) {
        for folder in [self.folder.path().to_owned(), self.answers()] {
            for file in files(&folder) {
                let bytes = fs::read(&file).unwrap();
                assert!(!holds_key(&bytes), "{}", file.display());
            }
        }
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let answers = self.answers();
        if answers != cache().join("http") {
            let _ = fs::remove_dir_all(answers);
        }
    }
}

fn holds_key(bytes: &[u8]) -> bool {
    // Half of it is enough to guess by.
    bytes
        .windows(14)
        .any(|piece| piece == &KEY.as_bytes()[..14])
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .flat_map(|entry| match entry.path() {
            path if path.is_dir() => files(&path),
            path => vec![path],
        })
        .collect()
}

fn body(asked: &Asked) -> Value {
    serde_json::from_slice(&asked.body).unwrap()
}

fn reply(status: u16, body: &Value) -> Answer {
    Answer {
        status,
        ranges: false,
        headers: vec![("Content-Type", "application/json".to_owned())],
        ..Answer::file(body.to_string().as_bytes())
    }
}

/// The real frame that a request of the plain schema asks for.
fn good(asked: &Asked) -> Answer {
    let body = body(asked);
    let file = frame_file(body["story"].as_str().unwrap(), &body["frame"]);
    reply(200, &json!({ "image": base64::encode(file) }))
}

fn scores(run: &Path) -> BTreeMap<(String, String), Value> {
    let text = fs::read(run.join("scores.json")).unwrap();
    let all: Value = serde_json::from_slice(&text).unwrap();
    let scores = all["scores"].as_array().unwrap().clone();
    let key = |it: &Value| ["metric", "slice"].map(|name| it[name].as_str().unwrap().to_owned());
    scores
        .into_iter()
        .map(|score| {
            let [metric, slice] = key(&score);
            ((metric, slice), score)
        })
        .collect()
}

#[test]
fn frames_of_a_server_score_as_those_of_the_built_in_generator() {
    let server = Server::new(|asked, _| good(asked));
    let bench = Bench::plain(&server, "earlier_frames = true\nconcurrency = 2");
    printed(&mut bench.command("run", &[]));
    let mut served = scores(&bench.out());
    let refused = served
        .remove(&("refused".to_owned(), "all".to_owned()))
        .unwrap();
    assert_eq!((&refused["value"], &refused["n"]), (&json!(0.0), &json!(8)));
    served.retain(|(metric, _), _| metric != "refused");
    let built_in = scores(&TRUTH);
    assert!(!built_in.keys().any(|(metric, _)| metric == "refused"));
    assert_eq!(served, built_in);
    let frames = files(&TRUTH.join("frames"));
    assert_eq!(frames.len(), 8);
    for frame in frames {
        let own = bench.out().join(frame.strip_prefix(&*TRUTH).unwrap());
        assert_eq!(fs::read(own).unwrap(), fs::read(frame).unwrap());
    }
    let sent = server
        .asked()
        .iter()
        .map(|it| body(it)["earlier"].as_array().map_or(0, Vec::len))
        .sum::<usize>();
    assert_eq!(sent, 2 * (1 + 2 + 3));
    // An address is a card in short. It is another request than the card's, which has a key and earlier frames.
    let out = bench.folder.path().join("short");
    let mut short = storyeval();
    short
        .args(["generate", "-d", "minisv", "--limit", "1", "-m"])
        .arg(format!("http:{}", bench.base));
    printed(short.arg("--out").arg(&out));
    assert_eq!(files(&out.join("frames")).len(), 4);
    assert_eq!(server.asked().last().unwrap().authorization, None);
}

#[test]
fn a_busy_service_is_asked_again_and_the_key_is_told_nowhere() {
    let server = Server::new(|asked, count| {
        let echo = json!({"error": {"message": format!("you sent {:?}", asked.authorization)}});
        match count {
            0 => Answer {
                headers: vec![("Retry-After", "1".to_owned())],
                ..reply(429, &echo)
            },
            1 => reply(500, &echo),
            2 => good(asked).stopped(100),
            3 => reply(
                200,
                &json!({"refused": format!("not for {:?}", asked.authorization)}),
            ),
            _ => good(asked),
        }
    });
    let bench = Bench::plain(&server, "price_per_image = 0.04");
    let output = bench.command("generate", &["-v"]).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    assert!(
        !holds_key(&output.stderr) && !holds_key(&output.stdout),
        "{stderr}"
    );
    for word in [
        "429",
        "[key]",
        "next try in",
        "spent $0.32 in 11 requests, 1 refused, 3 failed",
    ] {
        assert!(stderr.contains(word), "`{word}` is not in:\n{stderr}");
    }
    let journal = fs::read_to_string(bench.out().join("journal.jsonl")).unwrap();
    assert!(
        journal.contains("{\"absent\":\"refused\"}") && journal.contains("not for "),
        "{journal}"
    );
    bench.keeps_the_key();
    assert!(
        server
            .asked()
            .iter()
            .all(|it| it.authorization.as_deref() == Some(&format!("Bearer {KEY}")))
    );
}

/// How a server answers.
type Reply = Box<dyn Fn(&Asked) -> Answer + Send + Sync>;

#[test]
fn faults_end_with_what_to_do_and_without_the_key() {
    let elsewhere = Server::new(|_, _| reply(200, &json!({})));
    let to = elsewhere.base.clone();
    let echo = |asked: &Asked| json!({"error": {"message": format!("wrong key {:?}", asked.authorization)}});
    let cases: [(Reply, i32, &[&str]); 5] = [
        (
            Box::new(move |asked| reply(401, &echo(asked))),
            96,
            &["401", "check the key in HTTP_TEST_KEY"],
        ),
        (
            Box::new(|_| Answer::file(b"<html>a proxy's page</html>")),
            97,
            &["no JSON", "frame 1 of story"],
        ),
        (
            Box::new(|_| Answer {
                length: false,
                headers: vec![("Content-Length", (1u64 << 30).to_string())],
                ..reply(200, &json!({"image": ""}))
            }),
            97,
            &["1073741824"],
        ),
        (
            Box::new(move |_| Answer::redirect(&to)),
            96,
            &["302", "points to"],
        ),
        (
            Box::new(|_| reply(503, &json!({}))),
            96,
            &["2 tries failed", "same command"],
        ),
    ];
    for (answer, code, words) in cases {
        let server = Server::new(move |asked, _| answer(asked));
        let bench = Bench::plain(&server, "attempts = 2");
        let Said { stderr, .. } = {
            let said = fails(&mut bench.command("generate", &[]));
            said.says(code, words);
            said
        };
        assert!(!holds_key(stderr.as_bytes()), "{stderr}");
        bench.keeps_the_key();
    }
    assert!(elsewhere.asked().is_empty());
    let bench = Bench::plain(&elsewhere, "");
    for verb in [&["--dry-run"][..], &[]] {
        let mut unset = bench.command("generate", verb);
        fails(unset.env_remove(VARIABLE)).says(96, &[VARIABLE, "export HTTP_TEST_KEY="]);
    }
    fails(&mut bench.command("generate", &["--offline"])).says(96, &["offline"]);
    fails(&mut bench.command("generate", &["--max-cost", "1"])).says(2, &["price_per_image"]);
    fails(&mut ground_truth(&bench.out(), &["--max-calls", "1"])).says(2, &["--max-calls"]);
    assert!(elsewhere.asked().is_empty());
}

#[test]
fn caps_are_not_crossed_and_the_same_command_goes_on() {
    let server = Server::new(|asked, _| good(asked));
    let bench = Bench::plain(&server, "price_per_image = 0.04\nconcurrency = 3");
    let dry = String::from_utf8(printed(&mut bench.command("generate", &["--dry-run"]))).unwrap();
    assert!(
        dry.contains("8 requests, about $0.32 at $0.04 an image"),
        "{dry}"
    );
    // Twice: what was drawn costs nothing again, and the cap still holds.
    for _ in 0..2 {
        fails(&mut bench.command("generate", &["--max-cost", "0.13"])).says(
            5,
            &[
                "the cap of $0.13",
                "$0.12 in 3 requests",
                "higher `--max-cost`",
            ],
        );
        assert_eq!(server.asked().len(), 3);
    }
    fails(&mut bench.command("generate", &["--max-calls", "5"]))
        .says(5, &["the cap of 5 requests"]);
    assert_eq!(server.asked().len(), 5);
    let dry = String::from_utf8(printed(&mut bench.command("generate", &["--dry-run"]))).unwrap();
    assert!(dry.contains("spent so far: $0.20 in 5 requests"), "{dry}");
    let output = bench
        .command("generate", &["--max-cost", "0.32"])
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && stderr.contains("spent $0.32 in 8 requests"),
        "{stderr}"
    );
    assert_eq!(server.asked().len(), 8);
    // Another folder of the same request is drawn from the cache.
    let again = bench.folder.path().join("again");
    let mut command = storyeval();
    command.args([
        "generate",
        "-d",
        "minisv",
        "--limit",
        "2",
        "--max-calls",
        "0",
        "-m",
    ]);
    command
        .arg(bench.folder.path().join("served.toml"))
        .arg("--out")
        .arg(&again);
    printed(&mut command);
    assert_eq!(
        (files(&again.join("frames")).len(), server.asked().len()),
        (8, 8)
    );
}

#[test]
fn a_killed_run_asks_for_nothing_twice_that_it_has() {
    let server = Server::new(|asked, _| {
        std::thread::sleep(Duration::from_millis(150));
        good(asked)
    });
    LazyLock::force(&TRUTH);
    let bench = Bench::plain(&server, "price_per_image = 0.04");
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_storyeval"))
        .args(["generate", "-d", "minisv", "--limit", "2", "-m"])
        .arg(bench.folder.path().join("served.toml"))
        .arg("--out")
        .arg(bench.out())
        .env("STORYEVAL_CACHE", cache())
        .env(VARIABLE, KEY)
        .stderr(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let begin = Instant::now();
    while server.asked().len() < 4 {
        assert!(begin.elapsed() < Duration::from_mins(1), "nothing is asked");
        std::thread::sleep(Duration::from_millis(10));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let before = server.asked().len();
    let output = bench.command("generate", &[]).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for asked in server.asked() {
        let body = body(&asked);
        *counts
            .entry(format!("{}/{}", body["story"], body["frame"]))
            .or_default() += 1;
    }
    assert_eq!(counts.len(), 8);
    let twice = counts.values().filter(|count| **count > 1).count();
    assert!(
        twice <= 1 && before < 8,
        "more than the one in flight: {counts:?}"
    );
    // The request in flight counts as paid.
    let sent = 8 + twice;
    assert!(stderr.contains(&format!("in {sent} requests")), "{stderr}");
    assert_eq!(files(&bench.out().join("frames")).len(), 8);
}

#[test]
fn openai_draws_with_the_story_so_far_and_its_refusals_are_a_metric() {
    let server = Server::new(|asked, count| {
        if let Some(name) = asked.path.rsplit_once("/image/") {
            let (story, frame) = name.1.split_once('-').unwrap();
            return Answer::file(&frame_file(story, &json!(frame.parse::<u32>().unwrap())));
        }
        if count == 0 {
            let code = json!({"code": "content_policy_violation", "message": "Your request was rejected."});
            return reply(400, &json!({ "error": code }));
        }
        // Whatever is asked for, the first story's first frame: what is drawn is not what is tested here.
        let mut stories: Vec<_> = fs::read_dir(TRUTH.join("frames"))
            .unwrap()
            .map(|it| it.unwrap().file_name())
            .collect();
        stories.sort();
        let base = asked.path.strip_suffix("/images/generations").unwrap();
        let link = format!(
            "http://{}{base}/image/{}-1",
            asked.host.as_deref().unwrap(),
            stories[0].to_str().unwrap()
        );
        reply(
            200,
            &json!({"data": [{"url": link, "revised_prompt": "a drawn frame"}]}),
        )
    });
    LazyLock::force(&TRUTH);
    let prompt = "[http.prompt]\nfirst = \"Draw {caption}\"\nlater = \"So far:\\n{so_far}\\nDraw {index}: {caption}\"\nline = \"{index}. {caption}\"\n";
    let section = "dialect = \"openai\"\nmodel = \"dall-e-3\"\nsize = \"1024x1024\"\nresponse_format = \"url\"\nprice_per_image = 0.04";
    let bench = Bench::new(&server, section, prompt);
    let output = bench.command("run", &[]).output().unwrap();
    let (stdout, stderr) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{stderr}");
    assert!(
        stderr.contains("spent $0.28 in 8 requests, 1 refused"),
        "{stderr}"
    );
    assert!(stdout.contains("1 frames were refused"), "{stdout}");
    let scores = scores(&bench.out());
    let of = |metric: &str| scores[&(metric.to_owned(), "all".to_owned())].clone();
    let refused = of("refused");
    assert_eq!(
        (&refused["value"], &refused["planned"]),
        (&json!(12.5), &json!(8))
    );
    assert_eq!(
        (&of("char_acc")["n"], &of("char_acc")["planned"]),
        (&json!(7), &json!(8))
    );
    let (read, posted): (Vec<Asked>, Vec<Asked>) = server
        .asked()
        .into_iter()
        .partition(|it| it.body.is_empty());
    assert_eq!((read.len(), posted.len()), (7, 8));
    assert!(
        read.iter().all(|it| it.authorization.is_none()),
        "an image is read without the key"
    );
    let prompts: Vec<String> = posted
        .iter()
        .map(|it| body(it)["prompt"].as_str().unwrap().to_owned())
        .collect();
    let first = prompts[0].strip_prefix("Draw ").unwrap();
    assert!(
        prompts[1].starts_with(&format!("So far:\n1. {first}\nDraw 2: ")),
        "{}",
        prompts[1]
    );
    assert!(
        fs::read_to_string(bench.out().join("journal.jsonl"))
            .unwrap()
            .contains("a drawn frame")
    );
    bench.keeps_the_key();
    // Another template is another run.
    let path = bench.folder.path().join("served.toml");
    let other = fs::read_to_string(&path)
        .unwrap()
        .replace("Draw {caption}", "Paint {caption}");
    fs::write(&path, other).unwrap();
    fails(&mut bench.command("run", &[])).says(98, &["the template of the prompts differs"]);
}
