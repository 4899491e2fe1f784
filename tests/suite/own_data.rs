//! Data of the user's own: labels without a card, slips in `stories.jsonl`, a first data set, photos that are none,
//! data that change under a run.

use crate::support::{fails, printed, storyeval};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

/// A folder with `lines` as its `stories.jsonl` and one picture, `a.png`.
fn folder(root: &Path, lines: &[String]) -> PathBuf {
    let folder = root.join("mine");
    fs::create_dir_all(&folder).unwrap();
    let picture = image::RgbImage::from_fn(64, 64, |x, y| image::Rgb([x as u8, y as u8, 128]));
    picture.save(folder.join("a.png")).unwrap();
    fs::write(folder.join("stories.jsonl"), lines.join("\n")).unwrap();
    folder
}

/// A line of one frame per list of names.
fn story(id: &str, frames: &[&[&str]]) -> String {
    let frames: Vec<Value> = frames
        .iter()
        .map(|names| json!({"image": "a.png", "caption": "They walk.", "characters": names, "background": "park"}))
        .collect();
    json!({"id": id, "split": "test", "frames": frames}).to_string()
}

fn card(folder: &Path, more: &str) {
    let card = format!(
        "id = \"mine\"\nname = \"Mine\"\npublished_at = \"nowhere\"\nlicence = \"none\"\n{more}\n\
         characters = [{{ name = \"ann\", gender = \"female\" }}, {{ name = \"bob\", gender = \"male\" }}]\n"
    );
    fs::write(folder.join("dataset.toml"), card).unwrap();
}

fn verified(folder: &Path) -> Value {
    let output = storyeval()
        .args(["dataset", "verify", "--format", "json", "--fresh"])
        .arg(folder)
        .output()
        .unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

fn finding<'a>(report: &'a Value, kind: &str) -> &'a Value {
    let findings = report["findings"].as_array().unwrap();
    let found = findings.iter().find(|finding| finding["kind"] == kind);
    found.unwrap_or_else(|| panic!("no {kind} in {report}"))
}

fn generate(folder: &Path, out: &Path) -> assert_cmd::Command {
    let mut command = storyeval();
    command
        .args(["generate", "-m", "ground-truth", "--dataset"])
        .arg(folder)
        .arg("--out")
        .arg(out);
    command
}

#[test]
fn labels_without_a_card_are_understood_and_shown() {
    let root = tempfile::tempdir().unwrap();
    let lines = [
        story(
            "s1",
            &[&["Ann"], &["Ann", "Bob"], &["Ann"], &["Ann"], &["Bob"]],
        ),
        story("s2", &[&["bob"], &["Bob"], &["Bobb"], &["Ann"]]),
    ];
    let folder = folder(root.path(), &lines);
    let report = verified(&folder);
    let labels = finding(&report, "labels-without-card");
    assert_eq!(labels["examples"], json!(["Ann", "Bob", "Bobb", "park"]));
    let message = labels["message"].as_str().unwrap();
    assert!(
        message.contains("3 characters (Ann 5, Bob 4, Bobb 1) and 1 place (park 9)"),
        "{message}"
    );
    let alike = finding(&report, "names-alike")["message"].as_str().unwrap();
    assert!(alike.contains("did you mean `Bob`?"), "{alike}");
    let lengths = finding(&report, "story-lengths-differ");
    assert!(
        lengths["message"].as_str().unwrap().contains("4, 5 frames"),
        "{lengths}"
    );
    assert_eq!(report["passed"], true);

    let out = root.path().join("run");
    let drawn = generate(&folder, &out).output().unwrap();
    let said = String::from_utf8(drawn.stderr).unwrap();
    assert!(
        said.contains("read from the stories") && said.contains("Ann 5"),
        "{said}"
    );
    // Genders are not known, so that no name becomes a pronoun.
    let plan = fs::read_to_string(out.join("plan.jsonl")).unwrap();
    assert!(
        plan.contains("They walk.") && !plan.contains("true"),
        "{plan}"
    );
    let mut stats = storyeval();
    stats
        .args(["dataset", "stats", "--format", "json"])
        .arg(&folder);
    let stats = String::from_utf8(printed(&mut stats)).unwrap();
    assert!(stats.contains("Bobb"), "{stats}");
}

#[test]
fn names_outside_the_card_are_findings() {
    let root = tempfile::tempdir().unwrap();
    let folder = folder(
        root.path(),
        &[story("s1", &[&["ann"], &["Bobb"], &["Bobb", "zoe"]])],
    );
    card(&folder, "");
    let report = verified(&folder);
    let names = finding(&report, "names-outside-card");
    assert_eq!(
        (&names["count"], &names["severity"]),
        (&json!(2), &json!("warning"))
    );
    let message = names["message"].as_str().unwrap();
    assert!(
        message.contains("\"Bobb\" in 2 frames; did you mean \"bob\"?"),
        "{message}"
    );
    assert!(message.contains("\"zoe\" in 1 frames"), "{message}");

    card(&folder, "closed_cast = true\nbackgrounds = [\"parc\"]");
    let report = verified(&folder);
    assert_eq!(report["passed"], false);
    let message = finding(&report, "character-unknown")["message"]
        .as_str()
        .unwrap();
    assert!(
        message.contains("line 1") && message.contains("did you mean \"bob\"?"),
        "{message}"
    );
    let message = finding(&report, "background-unknown")["message"]
        .as_str()
        .unwrap();
    assert!(
        message.contains("`background` is \"park\"") && message.contains("did you mean \"parc\"?"),
        "{message}"
    );
    let said = fails(&mut generate(&folder, &root.path().join("run")));
    said.says(
        97,
        &[
            "stories.jsonl, line 1: ",
            "hint: correct the line",
            "dataset.toml",
        ],
    );
    assert!(!said.stderr.contains("fetch"), "{}", said.stderr);
}

#[test]
fn a_slip_in_the_stories_is_named_with_line_field_value_and_form() {
    let good = story("s1", &[&["ann"]]);
    let value: Value = serde_json::from_str(&good).unwrap();
    let with = |edit: fn(&mut Value)| {
        let mut value = value.clone();
        edit(&mut value);
        format!("{}\n{value}", story("first", &[&["ann"]]))
    };
    for (text, said) in [
        (format!("{good},\n"), "line 1: a comma follows the story"),
        (
            format!("[{good}]"),
            "line 1: the file is a JSON array; it has to be one story per line",
        ),
        (
            serde_json::to_string_pretty(&value).unwrap(),
            "line 1: the story goes over several lines",
        ),
        (
            format!("\n\n{}", serde_json::to_string_pretty(&value).unwrap()),
            "line 3: the story goes over",
        ),
        (
            with(|it| it["id"] = json!(7)),
            "line 2: `id` is 7, but has to be text in quotes",
        ),
        (
            with(|it| it["frames"][0]["caption"] = Value::Null),
            "line 2: `frames[0].caption` is null, but has to be text",
        ),
        (
            with(|it| it["frames"][0]["image"] = json!(["a.png", 3])),
            "line 2: `frames[0].image` is [\"a.png\",3]",
        ),
        (
            with(|it| it["frames"] = json!([])),
            "a story without frames, but has to be a story of at least one",
        ),
        (
            with(|it| drop(it.as_object_mut().unwrap().remove("id"))),
            "line 2: `id` is missing",
        ),
        (
            with(|it| it["frames"][0]["captoin"] = json!("x")),
            "there is no field `frames[0].captoin`",
        ),
        (
            with(|it| it["frames"][0]["image"] = json!("../a.png")),
            "it holds `..`",
        ),
        (
            format!("{good}\n{good}"),
            "line 2: `id` is \"s1\", as in line 1",
        ),
    ] {
        let root = tempfile::tempdir().unwrap();
        let folder = folder(root.path(), std::slice::from_ref(&text));
        let found = fails(&mut generate(&folder, &root.path().join("run")));
        found.says(97, &["stories.jsonl", said, "hint: "]);
        assert_eq!(found.stderr.matches(said).count(), 1, "{}", found.stderr);
        assert!(!found.stderr.contains("fetch"), "{}", found.stderr);
    }
}

#[test]
fn a_new_data_set_is_sound_and_runs_as_it_is() {
    let root = tempfile::tempdir().unwrap();
    let new = |more: &[&str]| {
        let mut command = storyeval();
        command
            .current_dir(root.path())
            .args(["dataset", "new", "mine"])
            .args(more);
        command
    };
    printed(&mut new(&["--stories", "2"]));
    fails(&mut new(&[])).says(110, &["mine exists and is not an empty folder"]);
    let report = verified(&root.path().join("mine"));
    assert_eq!(report["findings"], json!([]), "{report}");
    // A folder is named it holds `..`.
    let mut run = storyeval();
    run.current_dir(root.path()).args([
        "run",
        "--dataset",
        "mine",
        "-m",
        "ground-truth",
        "--protocol",
        "pixels",
        "--out",
        "run",
    ]);
    printed(&mut run);
    let plan = fs::read_to_string(root.path().join("run/plan.jsonl")).unwrap();
    assert_eq!(plan.lines().count(), 2);
}

#[test]
fn a_folder_is_found_by_its_name_and_an_id_comes_first() {
    let root = tempfile::tempdir().unwrap();
    let from = folder(root.path(), &[story("s1", &[&["ann"]])]);
    fs::rename(&from, root.path().join("minisv")).unwrap();
    let stats = |name: &str| {
        let mut command = storyeval();
        command
            .current_dir(root.path())
            .args(["dataset", "stats", name]);
        command
    };
    let output = stats("minisv").output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("for the folder minisv write `./minisv`"),
        "{said}"
    );
    assert!(
        String::from_utf8(output.stdout)
            .unwrap()
            .contains("100 stories")
    );
    let own = String::from_utf8(printed(&mut stats("./minisv"))).unwrap();
    assert!(own.contains("1 stories"), "{own}");
    for (name, said) in [
        ("./nope", "there is no folder ./nope"),
        ("../nope/mine", "there is no folder ../nope/mine"),
    ] {
        fails(&mut stats(name)).says(2, &[said, "hint: check the path"]);
    }
    fs::create_dir(root.path().join("empty")).unwrap();
    fails(&mut stats("./empty")).says(2, &["empty holds neither dataset.toml nor stories.jsonl"]);
}

#[test]
fn changed_data_are_named_in_words_and_only_where_something_was_drawn() {
    let root = tempfile::tempdir().unwrap();
    let lines = [story("s1", &[&["ann"], &["ann"]]), story("s2", &[&["bob"]])];
    let mine = folder(root.path(), &lines);
    let out = root.path().join("run");
    printed(&mut generate(&mine, &out));
    let change =
        |lines: &[String]| fs::write(mine.join("stories.jsonl"), lines.join("\n")).unwrap();
    change(&[
        lines[0].replacen("They walk.", "They run.", 1),
        lines[1].clone(),
    ]);
    let said = fails(&mut generate(&mine, &out));
    said.says(
        98,
        &[
            "the data set's content differs",
            "captions as read differ in 1 of 3 frames (first: story s1 frame 1)",
            "hint: with the data as they were",
            "--out",
        ],
    );
    let hash = said
        .stderr
        .split(|c: char| !c.is_ascii_hexdigit())
        .any(|word| word.len() >= 32);
    assert!(!hash, "{}", said.stderr);
    // An option that differs is named, with the command that goes on.
    change(&lines);
    fails(generate(&mine, &out).args(["--batch", "3"])).says(
        98,
        &[
            "batch: the folder has 8, asked for 3 (`--batch`)",
            "`storyeval generate ",
        ],
    );

    // As if it had been stopped before the first frame.
    fs::write(out.join("journal.jsonl"), "").unwrap();
    change(&lines[..1]);
    let output = generate(&mine, &out).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    assert!(
        said.contains("nothing was drawn") && said.contains("1 story is gone (first: s2)"),
        "{said}"
    );
    assert_eq!(
        fs::read_to_string(out.join("plan.jsonl"))
            .unwrap()
            .lines()
            .count(),
        1
    );
}

#[test]
fn pictures_that_are_none_are_all_named_before_anything_is_drawn() {
    let root = tempfile::tempdir().unwrap();
    let mine = folder(root.path(), &[]);
    let mut lines = String::new();
    for number in 0..7 {
        let name = format!("{number}.jpg");
        fs::write(
            mine.join(&name),
            if number % 2 == 0 {
                "<html>gone</html>"
            } else {
                ""
            },
        )
        .unwrap();
        let line = json!({"id": format!("s{number}"), "frames": [{"image": name, "caption": "x"}]});
        lines.push_str(&line.to_string());
        lines.push('\n');
    }
    fs::write(mine.join("stories.jsonl"), lines).unwrap();
    let said = fails(&mut generate(&mine, &root.path().join("run")));
    said.says(
        97,
        &[
            "7 files",
            "0.jpg: ",
            "6.jpg: ",
            "storyeval dataset verify --dataset",
        ],
    );
    let report = verified(&mine);
    let broken = finding(&report, "frames-undecodable");
    assert_eq!(broken["examples"].as_array().unwrap().len(), 7);
    assert_eq!(broken["files"].as_array().unwrap().len(), 7);
}

#[test]
fn photos_of_vist_that_are_none_leave_their_stories_out() {
    let root = tempfile::tempdir().unwrap();
    let data = root.path().join("vist");
    printed(
        storyeval()
            .args([
                "dataset",
                "synth",
                "--layout",
                "vist",
                "--stories",
                "6",
                "--out",
            ])
            .arg(&data),
    );
    let mut photos: Vec<PathBuf> = fs::read_dir(data.join("sis/test_images"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    photos.sort();
    let run = |name: &str| {
        let mut command = storyeval();
        command
            .args([
                "generate",
                "-d",
                "vist",
                "--split",
                "test",
                "-m",
                "ground-truth",
                "--data",
            ])
            .arg(&data)
            .arg("--out")
            .arg(root.path().join(name));
        command.output().unwrap()
    };
    let plan = |name: &str| fs::read_to_string(root.path().join(name).join("plan.jsonl")).unwrap();
    assert!(run("whole").status.success());
    let whole = plan("whole").lines().count();
    let bytes = fs::read(&photos[0]).unwrap();
    fs::write(&photos[0], &bytes[..bytes.len() / 2]).unwrap();
    let cut = run("cut");
    let said = String::from_utf8(cut.stderr).unwrap();
    assert!(cut.status.success(), "{said}");
    let name = photos[0].file_name().unwrap().to_str().unwrap();
    assert!(
        said.contains("cannot be read and are left out") && said.contains(name),
        "{said}"
    );
    assert!(plan("cut").lines().count() < whole);
    for (at, content) in [(0, &b""[..]), (0, b"<!DOCTYPE html>")] {
        fs::write(&photos[at], content).unwrap();
        assert!(run("again").status.success());
        // Which stories are left does not depend on how a photo is broken.
        assert_eq!(plan("again").replace("again", "cut"), plan("cut"));
        fs::remove_dir_all(root.path().join("again")).unwrap();
    }
    for photo in &photos[..8] {
        fs::write(photo, "gone").unwrap();
    }
    let mut verify = storyeval();
    verify
        .args([
            "dataset", "verify", "vist", "--split", "test", "--format", "json", "--data",
        ])
        .arg(&data);
    let report: Value = serde_json::from_slice(&printed(&mut verify)).unwrap();
    let photos = finding(&report, "photos-unreadable");
    assert_eq!(
        (
            &photos["count"],
            photos["examples"].as_array().unwrap().len()
        ),
        (&json!(8), 8)
    );
}
