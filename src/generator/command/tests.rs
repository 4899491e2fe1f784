//! Workers that misbehave, one after the other.

use super::{WorkerFault, WorkerSetup, Workers};
use crate::card::{CommandCard, ModelCard, OnFailure, parse_toml};
use crate::generator::shuffled::tests::{prompt, story};
use crate::generator::{Generator, GeneratorError, Prompt};
use crate::inference::Device;
use crate::record::{Absence, DrawnFrame, FaultKind, Hint, Seed};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

struct Fake {
    folder: TempDir,
    setup: WorkerSetup,
}

impl Fake {
    /// A fake worker with a mode, more lines of its card, and more of its options.
    fn new(mode: &str, lines: &str, options: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let script =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/suite/workers/fake_worker.py");
        let script = script.to_str().unwrap();
        let state = folder.path().display();
        let text = format!(
            "id = \"fake\"\nname = \"fake\"\ndescription = \"\"\ngenerator = \"command\"\n[command]\n\
             program = [\"python3\", {script:?}]\n{lines}\n[command.options]\nmode = {mode:?}\nstate = \"{state}\"\n{options}\n"
        );
        let card: ModelCard = parse_toml("fake", &text).unwrap();
        let setup = WorkerSetup {
            model: "fake".to_owned(),
            card: card.command.unwrap(),
            seed: Seed(3),
            device: Device::Cpu,
            workers: None,
            logs: folder.path().join("workers"),
            cast: vec!["Fred".to_owned(), "Wilma".to_owned()],
            expected: None,
            size: None,
        };
        Self { folder, setup }
    }

    fn open(&self) -> Result<Workers, GeneratorError> {
        Workers::open(&self.setup)
    }

    fn draw(&self) -> Result<Vec<Vec<DrawnFrame>>, GeneratorError> {
        self.open()?.generate(&prompts(), Seed(3))
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("workers/0.log")).unwrap()
    }
}

/// Three stories of two frames.
fn prompts() -> Vec<Prompt> {
    ["a", "b", "c"]
        .iter()
        .map(|id| prompt(&story(id, &[id, "x"])))
        .collect()
}

fn colours(frames: &[DrawnFrame]) -> Vec<[u8; 3]> {
    let images = frames.iter().map(|frame| frame.image.as_ref().unwrap());
    images.map(|image| image.get_pixel(0, 0).0).collect()
}

#[track_caller]
fn fault(error: GeneratorError) -> WorkerFault {
    match error {
        GeneratorError::Worker(failure) => failure.fault,
        other => panic!("{other:?}"),
    }
}

#[test]
fn frames_come_by_story_and_frame_whichever_worker_drew_them() {
    let fake = Fake::new("", "", "");
    let one = fake.draw().unwrap();
    assert_eq!(one.len(), 3);
    assert_eq!(colours(&one[1])[0][1..], [1, colours(&one[1])[1][2]]);
    assert_ne!(
        colours(&one[0])[0][0],
        colours(&one[1])[0][0],
        "a seed per story"
    );
    let mut setup = fake.setup.clone();
    setup.workers = NonZeroUsize::new(3);
    let mut workers = Workers::open(&setup).unwrap();
    assert_eq!(workers.count(), 3);
    let ahead = prompts();
    workers.announce(&mut ahead.iter().map(|it| vec![it.clone()]), Seed(3));
    assert_eq!(workers.generate(&prompts(), Seed(3)).unwrap(), one);
}

#[test]
fn bytes_and_reports_are_taken() {
    let frame = Fake::new("base64", "", "")
        .draw()
        .unwrap()
        .remove(0)
        .remove(1);
    assert_eq!(frame.image.unwrap().dimensions(), (16, 16));
    assert_eq!(frame.written.as_deref(), Some("written"));
    assert_eq!(frame.report.seconds, Some(0.5));
    assert_eq!(frame.report.peak_memory_bytes, Some(1 << 30));
    assert_eq!(frame.report.note.as_deref(), Some("n"));
}

#[test]
fn one_frame_at_a_time_knows_nothing_of_what_comes() {
    let ready = "earlier = true\nready = { context = \"frame\", earlier_frames = true }";
    let fake = Fake::new("", "", ready);
    let drawn = fake.draw().unwrap();
    // Captions in the request, earlier frames, index.
    assert_eq!(colours(&drawn[2]), [[1, 0, 1], [2, 1, 2]]);
    let blind = Fake::new("", "", "earlier = true\nready = { context = \"frame\" }");
    assert_eq!(colours(&blind.draw().unwrap()[0]), [[1, 0, 1], [2, 0, 2]]);
}

#[test]
fn given_frames_are_sent_and_not_drawn() {
    let fake = Fake::new("", "", "earlier = true");
    let mut prompts = prompts();
    prompts[0].given = vec![image::RgbImage::new(16, 16)];
    let drawn = fake.open().unwrap().generate(&prompts, Seed(3)).unwrap();
    assert_eq!(drawn[0][0], DrawnFrame::absent(Absence::NotDrawn));
    assert_eq!(colours(&drawn[0][1..]), [[2, 1, 2]]);
}

#[test]
fn noise_is_that_of_the_built_in_models() {
    let fake = Fake::new("", "", "ready = { latents = [4, 2, 2] }");
    let drawn = fake.draw().unwrap();
    let prompt = &prompts()[0];
    let index = crate::record::FrameIndex(2);
    let noise = crate::generator::latents(Seed(3), &prompt.story.id, index, [4, 2, 2]);
    let file = fake.folder.path().join("noise.npy");
    std::fs::write(&file, crate::format::latents_file(&noise.view())).unwrap();
    let hash = std::process::Command::new("python3")
        .args(["-c", "import sys, zlib; print(*zlib.crc32(open(sys.argv[1], 'rb').read()).to_bytes(4, 'big')[:3])"])
        .arg(&file)
        .output()
        .unwrap();
    let expected = String::from_utf8(hash.stdout).unwrap();
    let found = colours(&drawn[0])[1].map(|it| it.to_string()).join(" ");
    assert_eq!(found, expected.trim());
}

#[test]
fn what_does_not_start_says_why() {
    let crash = Fake::new("crash at start", "", "").open().err().unwrap();
    assert_eq!(crash.to_string(), "worker 0 of model fake did not start");
    assert_eq!(crash.fault_kind(), FaultKind::Setup);
    assert!(
        crash.hint().unwrap().contains("no such checkpoint"),
        "{crash:?}"
    );
    assert_eq!(fault(crash).to_string(), "it ended (exit status: 1)");
    let hang = Fake::new("hang at start", "start_s = 1", "")
        .open()
        .err()
        .unwrap();
    assert_eq!(fault(hang).to_string(), "it was not ready after 1 s");
    let broken = Fake::new("cannot load", "", "").open().err().unwrap();
    assert_eq!(
        fault(broken).to_string(),
        "it reports: the weights are broken"
    );
    let other = Fake::new("protocol 2", "", "").open().err().unwrap();
    assert!(matches!(fault(other), WorkerFault::Protocol { found } if found == "2"));
    let reads = Fake::new("", "", "ready = { reads = [\"minds\"] }")
        .open()
        .err()
        .unwrap();
    assert!(matches!(fault(reads), WorkerFault::Garbage { why, .. } if why.contains("minds")));
    let batch = Fake::new("", "", "ready = { batch = 0 }")
        .open()
        .err()
        .unwrap();
    assert!(matches!(fault(batch), WorkerFault::Claim { .. }));
    let variable = Fake::new("", "environment = [\"NO_SUCH_VARIABLE\"]", "").open();
    let variable = variable.err().unwrap();
    assert!(
        matches!(fault(variable), WorkerFault::Variable { name } if name == "NO_SUCH_VARIABLE")
    );
}

#[test]
fn a_program_that_is_not_there_is_named() {
    let mut fake = Fake::new("", "", "");
    fake.setup.card = CommandCard::of_path(Path::new("/bin/no-such-program"));
    let error = fault(fake.open().err().unwrap());
    assert!(error.to_string().ends_with("no-such-program"), "{error}");
    assert!(!fake.setup.logs.exists(), "nothing was said");
}

#[test]
fn one_crash_is_no_harm_and_gives_the_same_frames() {
    let calm = Fake::new("", "", "").draw().unwrap();
    for batch in ["", "ready = { batch = 3 }"] {
        let fake = Fake::new("crash once", "", &format!("at = \"b\"\n{batch}"));
        assert_eq!(fake.draw().unwrap(), calm);
        assert!(fake.log().contains("out of memory"));
    }
}

#[test]
fn a_story_that_always_fails_stops_the_run_or_is_skipped() {
    let error = Fake::new("crash", "", "at = \"b\"").draw().unwrap_err();
    assert_eq!(
        error.to_string(),
        "worker 0 of model fake failed to draw story b (3 attempts)"
    );
    assert_eq!(error.fault_kind(), FaultKind::Partial);
    assert!(error.hint().unwrap().contains("the same command goes on"));
    let calm = Fake::new("", "", "").draw().unwrap();
    // Drawn alone and with others: only the one is lost.
    for batch in ["", "ready = { batch = 3 }"] {
        let options = format!("at = \"b\"\n{batch}");
        let fake = Fake::new("crash", "on_failure = \"skip\"\nattempts = 2", &options);
        assert_eq!(fake.setup.card.on_failure, OnFailure::Skip);
        let drawn = fake.draw().unwrap();
        assert_eq!((&drawn[0], &drawn[2]), (&calm[0], &calm[2]));
        assert_eq!(drawn[1][0].image, Err(Absence::Failed));
        let note = drawn[1][1].report.note.as_deref();
        assert_eq!(note, Some("it ended (exit status: 1)"));
    }
}

/// A mode, and the fault after the last attempt.
#[track_caller]
fn fails(mode: &str, lines: &str, expected: &str) -> Fake {
    let fake = Fake::new(mode, &format!("attempts = 1\n{lines}"), "at = \"b\"");
    let error = fault(fake.draw().unwrap_err()).to_string();
    assert!(error.contains(expected), "{mode}: {error}");
    fake
}

#[test]
fn what_breaks_the_protocol_is_named() {
    fails("hang", "silence_s = 1", "it wrote nothing for 1 s");
    fails("garbage", "", "Loading pipeline: 100%");
    fails("long line", "", "a line of more than 67108864 bytes");
    fails("twice", "", "frame 1 of story b came twice");
    fails(
        "foreign",
        "",
        "a frame of story another, which was not asked for",
    );
    fails(
        "wrong index",
        "",
        "frame 41 of story b, which was not asked for",
    );
    fails("wrong id", "", "request 2 is at work");
    fails("unfinished", "", "did not send frame 2 of story b");
    fails("half an image", "", "frame 1 of story b cannot be used");
    fails("a pipe", "", "frame 1 of story b cannot be used");
    fails("reports", "", "it reports: CUDA out of memory");
    fails("gives up", "", "it reports: no such character");
}

#[test]
fn a_sign_of_life_is_enough() {
    // Eight heartbeats take longer than the limit.
    assert!(
        Fake::new("beats", "silence_s = 1", "at = \"b\"")
            .draw()
            .is_ok()
    );
}

#[test]
fn a_refusal_is_no_failure() {
    let drawn = Fake::new("refuses", "", "").draw().unwrap();
    assert!(drawn[0][0].image.is_ok());
    assert_eq!(drawn[0][1].image, Err(Absence::Refused));
    assert_eq!(drawn[0][1].report.note.as_deref(), Some("a brand name "));
}

#[test]
fn frames_of_another_size_are_refused_with_both() {
    let error = Fake::new("other size", "", "at = \"c\"")
        .draw()
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "model fake gave frame 2 of story c with 8x8 pixels, but frames before it with 16x16"
    );
    assert_eq!(error.fault_kind(), FaultKind::DataVerification);
}

#[test]
fn a_worker_that_changes_its_version_is_refused() {
    let fake = Fake::new("lies", "", "");
    let mut setup = fake.setup.clone();
    setup.workers = NonZeroUsize::new(2);
    let error = Workers::open(&setup)
        .unwrap()
        .generate(&prompts(), Seed(3))
        .unwrap_err();
    let error = fault(error).to_string();
    assert!(
        error.contains("fake 1.1") && error.contains("fake 1.0"),
        "{error}"
    );
    setup.expected = Some(Fake::new("", "", "").open().unwrap().facts().clone());
    assert!(matches!(
        fault(Workers::open(&setup).err().unwrap()),
        WorkerFault::Changed { .. }
    ));
}

#[test]
fn a_flood_on_stderr_is_bounded() {
    let fake = Fake::new("flood", "", "");
    let before = peak_kilobytes();
    fake.draw().unwrap();
    let log = fake.log();
    assert!(log.len() < 600_000, "{}", log.len());
    assert!(log.contains("storyeval left out 104") && log.ends_with("\nthe end\n"));
    if let (Some(before), Some(after)) = (before, peak_kilobytes()) {
        assert!(after < before + 80_000, "{before} to {after} kB");
    }
}

/// The most memory that this process has had, where the system tells it.
fn peak_kilobytes() -> Option<u64> {
    let text = std::fs::read_to_string(PathBuf::from("/proc/self/status")).ok()?;
    let line = text.lines().find(|line| line.starts_with("VmHWM"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[test]
fn what_a_worker_started_ends_with_it() {
    let fake = Fake::new("child", "", "");
    let begin = std::time::Instant::now();
    fake.draw().unwrap();
    // The child holds the pipes open, which must not be waited for.
    assert!(begin.elapsed().as_secs() < 20, "{:?}", begin.elapsed());
}

#[test]
fn workers_at_work_end_when_they_are_not_wanted_any_more() {
    let fake = Fake::new("hang", "", "");
    let mut workers = fake.open().unwrap();
    let next = vec![prompts()];
    workers.announce(&mut next.into_iter(), Seed(3));
    std::thread::sleep(std::time::Duration::from_millis(300));
    let begin = std::time::Instant::now();
    drop(workers);
    assert!(begin.elapsed().as_secs() < 5, "{:?}", begin.elapsed());
}
