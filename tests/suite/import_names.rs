//! How the files of another program are named: layouts and numbers that are found out, lists as other programs write
//! them, seeds.

use crate::support::{Said, fails, printed, shared, storyeval};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

const FRAMES: usize = 4;

/// A run of the data set's own frames, and the ids of its stories.
fn truth() -> &'static (PathBuf, Vec<String>) {
    static TRUTH: OnceLock<(PathBuf, Vec<String>)> = OnceLock::new();
    TRUTH.get_or_init(|| {
        let run = shared("import-names").join("truth");
        let mut generate = storyeval();
        generate.args([
            "generate",
            "-d",
            "minisv",
            "-m",
            "ground-truth",
            "--limit",
            "3",
            "--out",
        ]);
        printed(generate.arg(&run));
        let plan = fs::read_to_string(run.join("plan.jsonl")).unwrap();
        let ids = plan.lines().map(|line| {
            let unit: serde_json::Value = serde_json::from_str(line).unwrap();
            unit["story"].as_str().unwrap().to_owned()
        });
        (run, ids.collect())
    })
}

/// What a file is called, of story and frame.
type Name<'a> = Box<dyn Fn(usize, usize) -> String + 'a>;

/// A folder of the frames, by the names that `name(story, frame)` gives; both from 0.
fn named(root: &Path, name: impl Fn(usize, usize) -> String) -> PathBuf {
    let folder = root.join("mine");
    for (story, id) in truth().1.iter().enumerate() {
        for frame in 0..FRAMES {
            let target = folder.join(name(story, frame));
            fs::create_dir_all(target.parent().unwrap()).unwrap();
            fs::copy(
                truth().0.join(format!("frames/{id}/{}.png", frame + 1)),
                target,
            )
            .unwrap();
        }
    }
    folder
}

fn score(images: &Path, more: &[&str]) -> assert_cmd::Command {
    let mut command = storyeval();
    command.args(["score", "-d", "minisv", "--limit", "3", "--images"]);
    command.arg(images).args(more);
    command
}

/// What a dry run that fits says.
fn fits(images: &Path, more: &[&str]) -> String {
    let output = score(images, more).arg("--dry-run").output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    assert!(
        said.contains("matched 12 of 12 frames (0 missing, 0 extra)"),
        "{said}"
    );
    said
}

fn refused(images: &Path, more: &[&str]) -> Said {
    fails(score(images, more).arg("--dry-run"))
}

#[test]
fn the_frames_of_a_run_are_a_layout_and_layouts_are_found_out() {
    let said = fits(&truth().0.join("frames"), &[]);
    assert!(
        said.contains("layout: stories (<story id>/<k>.png"),
        "{said}"
    );
    let ids = &truth().1;
    let names: [(&str, Name<'_>); 4] = [
        ("vlc", Box::new(|s, k| format!("img-{s}-{k}.png"))),
        (
            "arldm",
            Box::new(|s, k| format!("{:04}.png", s * FRAMES + k)),
        ),
        (
            "stories",
            Box::new(|s, k| format!("{}/{:02}.png", ids[s], k + 1)),
        ),
        ("stories", Box::new(|s, k| format!("{}/{k}.png", ids[s]))),
    ];
    for (layout, name) in names {
        let root = tempfile::tempdir().unwrap();
        let said = fits(&named(root.path(), name), &[]);
        assert!(said.contains(&format!("layout: {layout} (")), "{said}");
    }
    // Where nothing fits, and where the nearest lacks a frame.
    let root = tempfile::tempdir().unwrap();
    let odd = named(root.path(), |s, k| format!("x{s}y{k}.png"));
    refused(&odd, &[]).says(2, &["no layout fits the 12 images", "hint: ", "--layout"]);
    let root = tempfile::tempdir().unwrap();
    let gap = named(root.path(), |s, k| format!("img-{s}-{k}.png"));
    fs::remove_file(gap.join("img-1-2.png")).unwrap();
    refused(&gap, &[]).says(97, &["do not fit layout vlc", "img-1-2 (frame 3 of story"]);
    refused(&gap, &["--allow-missing"]).says(2, &["no layout fits", "the nearest"]);
}

#[test]
fn numbers_from_one_are_noticed() {
    for (layout, name) in [
        (
            "arldm",
            (|s, k| format!("{:04}.png", s * FRAMES + k + 1)) as fn(usize, usize) -> String,
        ),
        ("arldm", |s, k| format!("{}.png", s * FRAMES + k + 1)),
        ("vlc", |s, k| format!("img-{s}-{}.png", k + 1)),
        ("vlc", |s, k| format!("img-{}-{}.png", s + 1, k + 1)),
    ] {
        let root = tempfile::tempdir().unwrap();
        let images = named(root.path(), name);
        let more = [
            "--layout",
            layout,
            "--story-length",
            "4",
            "--first-frame",
            "1",
        ];
        let said = fits(&images, &more);
        assert!(said.contains("were counted from"), "{said}");
    }
    // The last is missing, or the first: nothing in the names tells, and nothing that hides it is proposed.
    let root = tempfile::tempdir().unwrap();
    let images = named(root.path(), |s, k| format!("{:04}.png", s * FRAMES + k + 1));
    fs::remove_file(images.join("0012.png")).unwrap();
    let more = ["--layout", "arldm", "--story-length", "4"];
    let allowed = [&more[..], &["--allow-missing", "--allow-extra"]].concat();
    for more in [&more[..], &allowed] {
        let said = refused(&images, more);
        said.says(
            97,
            &[
                "may be counted from 1",
                "`--numbers-from 1` or `--numbers-from 0`",
            ],
        );
        assert!(!said.stderr.contains("--allow"), "{}", said.stderr);
        assert!(!said.stderr.contains("--story-length 5"), "{}", said.stderr);
    }
    let told = [&allowed[..], &["--numbers-from", "1"]].concat();
    let output = score(&images, &told).arg("--dry-run").output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("matched 11 of 12"), "{said}");
}

#[test]
fn an_option_that_was_given_is_not_proposed_again() {
    let root = tempfile::tempdir().unwrap();
    let images = named(root.path(), |s, k| format!("img-{s}-{k}.png"));
    fs::copy(images.join("img-0-0.png"), images.join("img-0-9.png")).unwrap();
    let said = refused(&images, &["--layout", "vlc", "--story-length", "4"]);
    said.says(97, &["--allow-extra"]);
    assert!(!said.stderr.contains("--story-length 5"), "{}", said.stderr);
    refused(&images, &["--layout", "vlc"]).says(97, &["`--story-length 5`"]);
}

/// Story, frame from 1, and path of every frame.
fn rows() -> Vec<(String, usize, String)> {
    let ids = truth().1.iter().enumerate();
    ids.flat_map(|(s, id)| {
        (0..FRAMES).map(move |k| (id.clone(), k + 1, format!("sub/{s}-{k}.png")))
    })
    .collect()
}

/// Writes the only list of a folder.
fn put(images: &Path, name: &str, text: &str) {
    for old in ["manifest.csv", "manifest.jsonl", "manifest.json"] {
        let _ = fs::remove_file(images.join(old));
    }
    fs::write(images.join(name), text).unwrap();
}

#[test]
fn lists_are_read_as_data_frames_write_them_and_refused_in_words() {
    let root = tempfile::tempdir().unwrap();
    let images = named(root.path(), |s, k| format!("sub/{s}-{k}.png"));
    let rows = rows();
    let lines = |line: &dyn Fn(usize, &str, usize, &str) -> String| -> String {
        let lines = rows.iter().enumerate();
        lines
            .map(|(at, (story, frame, path))| line(at, story, *frame, path))
            .collect()
    };
    let json = |line: &dyn Fn(&str, usize, &str) -> String| {
        let lines: Vec<String> = rows.iter().map(|(s, k, p)| line(s, *k, p)).collect();
        lines
    };
    let record =
        json(&|s, k, p| format!("{{\"story\":\"{s}\",\"frame\":\"{k}\",\"path\":\"{p}\"}}"));
    for (name, text) in [
        (
            "manifest.csv",
            format!(
                "story,frame,path\n{}",
                lines(&|_, s, k, p| format!("{s},{k}.0,{p}\n"))
            ),
        ),
        (
            "manifest.csv",
            format!(
                ",story,frame,path\n{}",
                lines(&|at, s, k, p| format!("{at},{s},{k},{p}\n"))
            ),
        ),
        (
            "manifest.csv",
            format!(
                "\u{feff}story;frame;path\r\n{}",
                lines(&|_, s, k, p| format!("{s};{k};{p}\r\n"))
            ),
        ),
        (
            "manifest.csv",
            format!(
                "Story\tFrame\tPath\n{}",
                lines(&|_, s, k, p| format!("{s}\t{k}\t{p}\n"))
            ),
        ),
        (
            "manifest.csv",
            format!(
                "story,frame,path\n{}",
                lines(&|_, s, k, p| format!("{s},{k},{}\n", p.replace('/', "\\")))
            ),
        ),
        ("manifest.jsonl", record.join("\n")),
        ("manifest.jsonl", format!("[{}]", record.join(","))),
        ("manifest.json", format!("[{}]", record.join(",\n"))),
    ] {
        put(&images, name, &text);
        let said = fits(&images, &[]);
        assert!(said.contains("layout: manifest"), "{said}");
    }
    for (text, said) in [
        (
            format!(
                "story,frame,path\n{}",
                lines(&|_, s, k, p| format!("{s},{},{p}\n", k - 1))
            ),
            "count from 1",
        ),
        (
            format!(
                "story,frame,path\n{}",
                lines(&|_, s, k, p| format!("{s},{k}.5,{p}\n"))
            ),
            "`frame` has to be a whole number, but is \"1.5\"",
        ),
        (
            format!(
                "id,frame,path\n{}",
                lines(&|_, s, k, p| format!("{s},{k},{p}\n"))
            ),
            "has to be story,frame,path, but it is \"id,frame,path\"",
        ),
    ] {
        put(&images, "manifest.csv", &text);
        let found = refused(&images, &[]);
        found.says(97, &[said, "hint: "]);
        assert!(
            !found.stderr.contains("u32") && !found.stderr.contains("deserialize"),
            "{}",
            found.stderr
        );
    }
}

#[test]
fn seeds_of_an_own_model_have_rows_of_their_own() {
    let root = tempfile::tempdir().unwrap();
    let images = named(root.path(), |s, k| format!("img-{s}-{k}.png"));
    for seed in ["0", "3"] {
        let mut command = score(&images, &["--seed", seed, "--skip", "captioner,lpips,clip"]);
        printed(command.current_dir(root.path()));
    }
    let group = root.path().join("runs/minisv-strict-first3/mine");
    let mut export = storyeval();
    export.args(["export", "--what", "scores"]);
    for seed in [0, 3] {
        let run = group.join(format!("seed-{seed}"));
        assert!(run.join("scores.json").is_file(), "{}", run.display());
        export.arg(run);
    }
    let rows = String::from_utf8(printed(&mut export)).unwrap();
    let header: Vec<&str> = rows.lines().next().unwrap().split(',').collect();
    let column = header.iter().position(|name| *name == "seed").unwrap();
    let seeds: std::collections::BTreeSet<&str> = rows
        .lines()
        .skip(1)
        .filter_map(|row| row.split(',').nth(column))
        .collect();
    assert!(seeds.contains("0") && seeds.contains("3"), "{seeds:?}");
    let table = String::from_utf8(printed(storyeval().arg("table").arg(&group))).unwrap();
    assert!(table.contains("2 seeds") || table.contains("±"), "{table}");
}
