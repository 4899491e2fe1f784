//! Frames of another program: every layout gives the scores of the run that the frames came from.

use crate::support::{Said, fails, shared, storyeval};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

const STORIES: usize = 4;
const FRAMES: usize = 4;
/// Networks of these tests: enough to observe every frame, and fast.
const SKIP: &str = "captioner,lpips,clip";

/// A run of the data set's own frames, and its stories as (id, clips).
struct Truth {
    run: PathBuf,
    stories: Vec<(String, Vec<String>)>,
}

/// Made once for all tests of this module.
fn truth() -> &'static Truth {
    static TRUTH: OnceLock<Truth> = OnceLock::new();
    TRUTH.get_or_init(|| {
        let run = shared("import").join("truth");
        storyeval()
            .args(["run", "-d", "minisv", "-m", "ground-truth", "--limit"])
            .arg(STORIES.to_string())
            .args(["--skip", SKIP, "--out"])
            .arg(&run)
            .assert()
            .success();
        let stories = fs::read_to_string(run.join("plan.jsonl"))
            .unwrap()
            .lines()
            .map(|line| {
                let unit: Value = serde_json::from_str(line).unwrap();
                let clips = unit["clips"].as_array().unwrap().iter();
                (
                    unit["story"].as_str().unwrap().to_owned(),
                    clips
                        .map(|clip| clip.as_str().unwrap().to_owned())
                        .collect(),
                )
            })
            .collect();
        Truth { run, stories }
    })
}

/// Copies the run's frames into `folder`, by the name that `name(story, frame)` gives; both from 0.
fn export(folder: &Path, name: impl Fn(usize, usize) -> Option<String>) {
    for (index, (story, _)) in truth().stories.iter().enumerate() {
        for frame in 0..FRAMES {
            let Some(name) = name(index, frame) else {
                continue;
            };
            let target = folder.join(name);
            fs::create_dir_all(target.parent().unwrap()).unwrap();
            let source = truth()
                .run
                .join(format!("frames/{story}/{}.png", frame + 1));
            fs::copy(source, target).unwrap();
        }
    }
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "the shape of every layout's names"
)]
fn vlc(story: usize, frame: usize) -> Option<String> {
    Some(format!("img-{story}-{frame}.png"))
}

fn command(images: &Path, layout: &str, out: &Path) -> assert_cmd::Command {
    let mut command = storyeval();
    command
        .args(["score", "-d", "minisv", "--limit"])
        .arg(STORIES.to_string())
        .args(["--skip", SKIP, "--layout", layout, "--images"])
        .arg(images)
        .arg("--out")
        .arg(out);
    command
}

fn json(path: PathBuf) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// Everything that is scored, without the names of run and model.
fn scores(run: &Path) -> Value {
    json(run.join("scores.json"))["scores"].take()
}

fn refused(images: &Path, layout: &str, more: &[&str]) -> Said {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run");
    let said = fails(command(images, layout, &out).args(more));
    assert!(!out.exists(), "something was written: {}", said.stderr);
    said
}

#[test]
fn every_layout_gives_the_scores_of_the_run() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let stories = &truth().stories;
    export(&at("a"), |s, k| {
        Some(format!("{}/{}.png", stories[s].1[0], stories[s].1[k]))
    });
    export(&at("b"), vlc);
    export(&at("c"), |s, k| Some(format!("{:04}.PNG", s * FRAMES + k)));
    export(&at("d"), |s, k| Some(format!("deep/er/x{s}y{k}.png")));
    let lines: Vec<String> = (stories.iter().enumerate())
        .flat_map(|(s, (id, _))| (0..FRAMES).map(move |k| (s, id, k)))
        .map(|(s, id, k)| format!("{id},{},deep/er/x{s}y{k}.png\n", k + 1))
        .collect();
    let lines = lines.concat();
    fs::write(
        at("d").join("manifest.csv"),
        format!("story,frame,path\n{lines}"),
    )
    .unwrap();
    for (name, layout) in [
        ("a", "storygpt-v"),
        ("b", "vlc"),
        ("c", "arldm"),
        ("d", "manifest"),
    ] {
        let run = at(&format!("run-{name}"));
        let output = command(&at(name), layout, &run).assert().success();
        let stderr = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
        assert!(
            stderr.contains("matched 16 of 16 frames (0 missing, 0 extra)"),
            "{stderr}"
        );
        assert_eq!(scores(&run), scores(&truth().run), "{layout}");
        for file in ["observations.parquet", "features/generated.npy"] {
            let bytes = |run: &Path| fs::read(run.join(file)).unwrap();
            assert_eq!(bytes(&run), bytes(&truth().run), "{layout}: {file}");
        }
        let import = json(run.join("import.json"));
        assert_eq!(import["layout"], layout);
        assert_eq!(import["frames"].as_array().unwrap().len(), STORIES * FRAMES);
        assert!(run.join("table.md").is_file() && run.join("sheet.png").is_file());
    }
    // One table: nothing in the signatures tells the runs apart.
    let table = storyeval()
        .arg("table")
        .args([&truth().run, &at("run-a"), &at("run-d")])
        .assert()
        .success();
    let table = String::from_utf8_lossy(&table.get_output().stdout).into_owned();
    assert!(table.contains("| a "), "{table}");
}

#[test]
fn frames_that_a_layout_never_has_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let stories = &truth().stories;
    export(&at("a"), |s, k| {
        (k > 0).then(|| format!("gen_sample_{s}_{}.png", k.max(1) - 1))
    });
    export(&at("b"), |s, k| {
        (k > 0).then(|| format!("{:04}.png", s * 3 + k.max(1) - 1))
    });
    export(&at("c"), |s, k| {
        (k == 3).then(|| format!("{}.png", stories[s].1[3]))
    });
    for (name, layout, more, n) in [
        ("a", "storydalle", None, 12),
        ("b", "arldm", Some("--first-frame=2"), 12),
        ("c", "gill", None, 4),
    ] {
        let run = at(&format!("run-{name}"));
        let output = command(&at(name), layout, &run)
            .args(more)
            .assert()
            .success();
        let stderr = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
        let expected = format!(
            "matched {n} of {n} frames (0 missing, 0 extra); {} further",
            16 - n
        );
        assert!(stderr.contains(&expected), "{stderr}");
        let scores = scores(&run);
        let accuracy = &scores[0];
        assert_eq!(
            (&accuracy["metric"], &accuracy["n"]),
            (&"char_acc".into(), &n.into())
        );
        assert_eq!(accuracy["planned"], 16);
        let journal = fs::read_to_string(run.join("journal.jsonl")).unwrap();
        assert_eq!(
            journal.matches("{\"absent\":\"not-drawn\"}").count(),
            16 - n
        );
        let note = format!(
            "layout {layout} does not have {} of the 16 frames that protocol strict scores",
            16 - n
        );
        assert!(note_of(&run).starts_with(&note), "{}", note_of(&run));
    }
}

/// The first thing that every reader of a run's scores must know; it is in the manifest too, and
/// survives another reduction.
fn note_of(run: &Path) -> String {
    storyeval().arg("score").arg(run).assert().success();
    let notes = json(run.join("scores.json"))["notes"].take();
    let manifest = json(run.join("manifest.json"));
    assert_eq!(manifest["cards"]["images"]["notes"], notes);
    assert_eq!(json(run.join("import.json"))["notes"], notes);
    let note = notes[0].as_str().unwrap().to_owned();
    storyeval()
        .arg("table")
        .arg(&truth().run)
        .arg(run)
        .assert()
        .success()
        .stdout(predicates::str::contains(note.as_str()));
    note
}

#[test]
fn a_protocol_without_the_first_frame_lacks_nothing_of_a_continuation() {
    let folder = tempfile::tempdir().unwrap();
    let (images, out) = (folder.path().join("images"), folder.path().join("run"));
    export(&images, |s, k| {
        (k > 0).then(|| format!("gen_sample_{s}_{}.png", k.max(1) - 1))
    });
    command(&images, "storydalle", &out)
        .args(["--protocol", "storydalle-64", "--story-length", "4"])
        .assert()
        .success();
    let accuracy = &scores(&out)[0];
    assert_eq!(
        (&accuracy["n"], &accuracy["planned"]),
        (&12.into(), &12.into())
    );
    assert!(json(out.join("scores.json")).get("notes").is_none());
}

/// Numbers say nothing about stories: read with the wrong length or first frame they give wrong pairs
/// of frame and caption, and only what is left over shows it.
#[test]
fn a_numbered_list_that_fits_something_else_whole_is_doubted() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    export(&at("continuation"), |s, k| {
        (k > 0).then(|| format!("{:04}.png", s * 3 + k.max(1) - 1))
    });
    export(&at("four"), |s, k| Some(format!("{:04}.png", s * 4 + k)));
    let dry = |images: &Path, more: &[&str]| {
        let output = command(images, "arldm", &at("run"))
            .args(more)
            .arg("--dry-run")
            .assert()
            .success();
        String::from_utf8_lossy(&output.get_output().stderr).into_owned()
    };
    let doubt = "may mean other frames";
    let said = dry(&at("continuation"), &["--allow-missing"]);
    assert!(
        said.contains(doubt) && said.contains("--first-frame 2` fits"),
        "{said}"
    );
    let said = dry(&at("four"), &["--story-length", "5", "--allow-missing"]);
    assert!(
        said.contains(doubt) && said.contains("`--story-length 4 --first-frame 1`"),
        "{said}"
    );
    // The right reading, also of a part of the stories or with a hole, is not doubted.
    assert!(!dry(&at("continuation"), &["--first-frame=2"]).contains(doubt));
    assert!(!dry(&at("four"), &["--story-length=4"]).contains(doubt));
    // Four stories have 16 numbers as four frames each, and as the continuation of five frames each.
    let said = dry(&at("four"), &[]);
    assert!(
        said.contains(doubt)
            && said.contains("`--story-length 5 --first-frame 2` fits them as well as"),
        "{said}"
    );
    fs::remove_file(at("four").join("0005.png")).unwrap();
    assert!(!dry(&at("four"), &["--allow-missing"]).contains(doubt));
}

#[test]
fn stories_that_are_whole_are_proposed_as_a_limit() {
    let folder = tempfile::tempdir().unwrap();
    export(folder.path(), |s, k| {
        (s < 3).then(|| format!("img-{s}-{k}.png"))
    });
    refused(folder.path(), "vlc", &[]).says(97, &["`--limit 3` scores those", "--allow-missing"]);
}

#[test]
fn what_does_not_fit_is_one_report_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let images = folder.path().join("images");
    export(&images, vlc);
    fs::remove_file(images.join("img-3-3.png")).unwrap();
    fs::rename(images.join("img-3-2.png"), images.join("img-9999-0.png")).unwrap();
    fs::write(images.join("img-0-0.png"), b"no image").unwrap();
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("reference-data/golden/images");
    fs::copy(golden.join("rgb8.png"), images.join("img-0-1.png")).unwrap();
    fs::copy(images.join("img-0-2.png"), images.join("img-0-2.JPG")).unwrap();
    let said = refused(&images, "vlc", &[]);
    assert_eq!(said.code, 97);
    for part in [
        "matched 13 of 16 frames (2 missing, 1 extra)",
        "missing: 2\n    img-3-2 (frame 3 of story",
        "extra: 1\n    img-9999-0.png",
        "several files for one frame: 1\n    img-0-2.JPG and img-0-2.png",
        "unreadable: 1\n    img-0-0.png: it is neither a PNG nor a JPEG file",
        "img-0-1.png is 13x7",
    ] {
        assert!(
            said.stderr.contains(part),
            "{part:?} is not in {}",
            said.stderr
        );
    }
}

#[test]
fn the_hint_names_the_right_layout_and_size_is_obeyed() {
    let folder = tempfile::tempdir().unwrap();
    let images = folder.path().join("images");
    export(&images, vlc);
    let said = refused(&images, "storygpt-v", &[]);
    assert_eq!(said.code, 97);
    assert!(
        said.stderr
            .contains("`--layout vlc` would match 16 of 16 frames"),
        "{}",
        said.stderr
    );
    let said = refused(folder.path(), "vlc", &[]);
    assert!(
        said.stderr.contains("on its folder \"images\" would match"),
        "{}",
        said.stderr
    );
    let said = refused(&images, "vlc", &["--size", "9x9"]);
    assert_eq!(said.code, 97);
    assert!(said.stderr.contains("not 9x9: 16"), "{}", said.stderr);
}

#[test]
fn usage_errors_and_folders_that_are_none() {
    let folder = tempfile::tempdir().unwrap();
    let images = folder.path().join("images");
    export(&images, vlc);
    assert_eq!(refused(&images, "vlc", &["some/run"]).code, 2);
    assert_eq!(refused(&images, "gill", &["--first-frame", "2"]).code, 2);
    assert_eq!(refused(&images, "vlc", &["--size", "big"]).code, 2);
    assert_eq!(refused(&images, "manifest", &[]).code, 97);
    assert_eq!(refused(&folder.path().join("absent"), "vlc", &[]).code, 96);
    assert_eq!(refused(&images.join("img-0-0.png"), "vlc", &[]).code, 96);
    let empty = folder.path().join("empty");
    fs::create_dir(&empty).unwrap();
    assert_eq!(refused(&empty, "vlc", &["--allow-missing"]).code, 97);
    let inside = fails(&mut command(&images, "vlc", &images.join("run")));
    assert_eq!(inside.code, 2);
    assert!(!images.join("run").exists());
    // Images and their options belong together, and a run needs no images.
    assert_eq!(
        fails(storyeval().args(["score", "x", "--layout", "vlc"])).code,
        2
    );
    assert_eq!(fails(storyeval().arg("score")).code, 2);
}

#[test]
fn missing_frames_can_be_allowed_and_stay_counted() {
    let folder = tempfile::tempdir().unwrap();
    let (images, out) = (folder.path().join("images"), folder.path().join("run"));
    export(&images, vlc);
    fs::remove_file(images.join("img-1-1.png")).unwrap();
    fs::copy(images.join("img-0-0.png"), images.join("other.png")).unwrap();
    let dry = command(&images, "vlc", &out)
        .args(["--allow-missing", "--allow-extra", "--dry-run"])
        .assert()
        .success();
    let stdout = String::from_utf8_lossy(&dry.get_output().stdout).into_owned();
    assert!(
        stdout.contains("matched 15 of 16 frames (1 missing, 1 extra)"),
        "{stdout}"
    );
    assert!(!out.exists());
    command(&images, "vlc", &out)
        .args(["--allow-missing", "--allow-extra", "--name", "my model"])
        .assert()
        .success();
    let found = scores(&out);
    let fid = found
        .as_array()
        .unwrap()
        .iter()
        .find(|score| score["metric"] == "fid")
        .unwrap();
    for score in [&found[0], fid] {
        assert_eq!((&score["n"], &score["planned"]), (&15.into(), &16.into()));
    }
    let import = json(out.join("import.json"));
    assert_eq!(import["counts"]["missing"], 1);
    assert_eq!(import["frames"][5]["absent"], "missing");
    assert_eq!(json(out.join("scores.json"))["model"], "my model");
    assert!(
        note_of(&out).starts_with("1 of the 16 frames that protocol strict scores are missing")
    );
    let second = truth().stories[1].0.as_str();
    assert!(!out.join(format!("frames/{second}/2.png")).exists());
    // The later stages alone work on the run as on any other.
    storyeval()
        .args(["observe", "--skip", SKIP])
        .arg(&out)
        .assert()
        .success();
    storyeval().arg("score").arg(&out).assert().success();
    assert_eq!(scores(&out), found);
}

#[test]
fn the_same_command_does_nothing_and_changed_images_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (images, out) = (folder.path().join("images"), folder.path().join("run"));
    export(&images, vlc);
    command(&images, "vlc", &out).assert().success();
    let keep = [
        "journal.jsonl",
        "observations.parquet",
        "import.json",
        "scores.json",
    ];
    let state = || {
        keep.map(|file| {
            let path = out.join(file);
            (
                fs::read(&path).unwrap(),
                fs::metadata(&path).unwrap().modified().unwrap(),
            )
        })
    };
    let before = state();
    command(&images, "vlc", &out).assert().success();
    let after = state();
    assert_eq!(before[..3], after[..3]);
    assert_eq!(before[3].0, after[3].0);
    // A frame and the end of the journal are lost: both come back.
    let journal = String::from_utf8(before[0].0.clone()).unwrap();
    let cut: Vec<&str> = journal.lines().take(STORIES - 1).collect();
    fs::write(out.join("journal.jsonl"), cut.join("\n") + "\n").unwrap();
    fs::remove_file(out.join(format!("frames/{}/1.png", truth().stories[0].0))).unwrap();
    command(&images, "vlc", &out).assert().success();
    assert_eq!(scores(&out), scores(&truth().run));

    fs::copy(images.join("img-0-0.png"), images.join("img-2-1.png")).unwrap();
    let said = fails(&mut command(&images, "vlc", &out));
    assert_eq!(said.code, 98);
    assert!(
        said.stderr.contains("frames that differ: 1") && said.stderr.contains("frame 2"),
        "{}",
        said.stderr
    );
    assert_eq!(scores(&out), scores(&truth().run));
}

#[test]
fn jpeg_is_taken_with_a_warning_that_stays() {
    let folder = tempfile::tempdir().unwrap();
    let (images, out) = (folder.path().join("images"), folder.path().join("run"));
    fs::create_dir(&images).unwrap();
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("reference-data/golden/images");
    for (k, ending) in ["jpg", "JPeG", "jpeg", "png"].iter().enumerate() {
        let target = images.join(format!("img-0-{k}.{ending}"));
        fs::copy(golden.join("q95-444.jpg"), target).unwrap();
    }
    let mut command = storyeval();
    let output = command
        .args([
            "score", "-d", "minisv", "--limit", "1", "--skip", SKIP, "--layout", "vlc", "--images",
        ])
        .arg(&images)
        .arg("--out")
        .arg(&out)
        .assert()
        .success();
    let stderr = String::from_utf8_lossy(&output.get_output().stderr).into_owned();
    assert!(
        stderr.contains("warning: 4 of 4 files are JPEG"),
        "{stderr}"
    );
    let import = json(out.join("import.json"));
    assert!(
        import["notes"][0]
            .as_str()
            .unwrap()
            .starts_with("4 of 4 files are JPEG")
    );
    let notes = &json(out.join("scores.json"))["notes"];
    assert_eq!(*notes, import["notes"]);
    assert_eq!(
        notes[1],
        "the images have 45x37 pixels, the frames of the data set 128x128"
    );
    let table = String::from_utf8_lossy(&output.get_output().stdout).into_owned();
    assert!(table.contains("4 of 4 files are JPEG"), "{table}");
    assert_eq!(import["frames"][3]["kind"], "jpeg");
    assert_eq!(import["frames"][3]["source"], "img-0-3.png");
    let stored = fs::read(out.join(format!("frames/{}/2.png", truth().stories[0].0))).unwrap();
    assert!(stored.starts_with(b"\x89PNG"));
}

#[cfg(unix)]
#[test]
fn hostile_folders_are_reported_and_never_followed() {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().unwrap();
    let images = folder.path().join("images");
    export(&images, vlc);
    fs::write(
        folder.path().join("secret.png"),
        fs::read(images.join("img-0-0.png")).unwrap(),
    )
    .unwrap();
    fs::remove_file(images.join("img-0-0.png")).unwrap();
    symlink("../secret.png", images.join("img-0-0.png")).unwrap();
    fs::remove_file(images.join("img-0-1.png")).unwrap();
    symlink("img-0-1.png", images.join("img-0-1.png")).unwrap();
    symlink(".", images.join("circle")).unwrap();
    fs::write(images.join("new\nline \u{1b}[31m.png"), b"").unwrap();
    let mut huge = fs::read(images.join("img-0-2.png")).unwrap();
    huge[16..24].copy_from_slice(&[0x7f, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff]);
    fs::write(images.join("img-0-2.png"), huge).unwrap();
    let said = refused(&images, "vlc", &[]);
    assert_eq!(said.code, 97);
    for part in [
        "img-0-0.png: it is a link that leads out of the folder",
        "img-0-1.png: it is a link that cannot be followed",
        "img-0-2.png: ",
        "circle/: it is a link to a folder",
        "new\\nline \\u{1b}[31m.png",
    ] {
        assert!(
            said.stderr.contains(part),
            "{part:?} is not in {}",
            said.stderr
        );
    }
    assert!(!said.stderr.contains('\u{1b}'));
}
