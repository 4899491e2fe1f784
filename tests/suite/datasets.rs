//! Data sets as people have them: every layout from the command line, a folder of the user's own, story
//! subsets, and files that were made to do harm.

use crate::support::{Said, copy, fails, printed, storyeval};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("reference-data/fixtures")
        .join(name)
}

/// A folder with stories of `lengths` frames, each frame a picture of one colour.
fn own(root: &Path, lengths: &[usize]) -> PathBuf {
    let folder = root.join("mine");
    fs::create_dir_all(folder.join("images")).unwrap();
    let mut lines = String::new();
    for (story, length) in lengths.iter().enumerate() {
        let frames: Vec<_> = (0..*length)
            .map(|frame| {
                let name = format!("images/{story}-{frame}.png");
                let colour = image::Rgb([story as u8 * 60, frame as u8 * 40, 128]);
                let picture = image::RgbImage::from_pixel(64, 64, colour);
                picture.save(folder.join(&name)).unwrap();
                serde_json::json!({ "image": name, "caption": format!("Ann walks, step {frame}."), "characters": ["Ann"] })
            })
            .collect();
        let line = serde_json::json!({ "id": format!("story {story}"), "frames": frames });
        lines.push_str(&line.to_string());
        lines.push('\n');
    }
    fs::write(folder.join("stories.jsonl"), lines).unwrap();
    folder
}

/// Captions of a data set, as one text per story.
fn stories(arguments: &[&str], data: &Path) -> Vec<Vec<String>> {
    let mut command = storyeval();
    command
        .args([
            "dataset",
            "referential",
            "--variant",
            "original",
            "--dataset",
        ])
        .args(arguments)
        .arg("--data")
        .arg(data);
    let text = String::from_utf8(printed(&mut command)).unwrap();
    text.lines()
        .map(|line| {
            let story: serde_json::Value = serde_json::from_str(line).unwrap();
            let frames = story["frames"].as_array().unwrap();
            frames
                .iter()
                .map(|frame| frame["original"].as_str().unwrap().to_owned())
                .collect()
        })
        .collect()
}

#[test]
fn a_folder_of_the_users_own_is_a_data_set() {
    let root = tempfile::tempdir().unwrap();
    let folder = own(root.path(), &[3, 4, 5]);
    let out = root.path().join("run");
    let mut command = storyeval();
    command
        .args(["run", "--model", "ground-truth", "--dataset"])
        .arg(&folder)
        .arg("--out")
        .arg(&out);
    // No card names a network, so that nothing has a value: a page of dashes is not done.
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(5));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("--protocol pixels"), "{said}");
    let notes = said
        .lines()
        .filter(|line| line.starts_with("note: the card"));
    assert_eq!(notes.count(), 1, "{said}");
    let table = String::from_utf8(output.stdout).unwrap();
    // Stories are taken as they are, whatever their length.
    assert!(table.contains("0 / 12"), "{table}");
    assert!(
        table.contains("the data set has no labels for it"),
        "{table}"
    );
    let drawn = image::open(out.join("frames/story 1/2.png"));
    let drawn = drawn.or_else(|_| {
        // Names of folders are made safe; whatever the name, the frame is there.
        let stories = fs::read_dir(out.join("frames")).unwrap();
        let mut folders: Vec<PathBuf> = stories.map(|entry| entry.unwrap().path()).collect();
        folders.sort();
        image::open(folders[1].join("2.png"))
    });
    assert_eq!(drawn.unwrap().to_rgb8().get_pixel(5, 5).0, [60, 40, 128]);

    let mut command = storyeval();
    command
        .args([
            "run",
            "--model",
            "ground-truth",
            "--protocol",
            "pixels",
            "--dataset",
        ])
        .arg(&folder)
        .arg("--out")
        .arg(root.path().join("pixels"));
    let table = String::from_utf8(printed(&mut command)).unwrap();
    assert!(
        table.contains("SSIM") && table.contains("12 / 12"),
        "{table}"
    );
}

#[test]
fn a_card_beside_the_stories_gives_the_cast() {
    let root = tempfile::tempdir().unwrap();
    let folder = own(root.path(), &[4, 4]);
    let card = r#"
id = "mine"
name = "My stories"
published_at = "nowhere"
licence = "none"
characters = [{ name = "ann", gender = "female" }]
"#;
    fs::write(folder.join("dataset.toml"), card).unwrap();
    let mut command = storyeval();
    command
        .args(["dataset", "referential", "--dataset"])
        .arg(&folder);
    let text = String::from_utf8(printed(&mut command)).unwrap();
    assert!(text.contains("She walks, step 1."), "{text}");
    let mut command = storyeval();
    command
        .args(["dataset", "stats", "--format", "json", "--dataset"])
        .arg(&folder);
    let stats: serde_json::Value = serde_json::from_slice(&printed(&mut command)).unwrap();
    assert_eq!(stats["stories"], 2);
    assert_eq!(stats["layout"], "folder");
}

#[test]
fn subsets_say_which_stories_and_enter_the_signature() {
    let root = tempfile::tempdir().unwrap();
    let folder = own(root.path(), &[4, 4]);
    let count = |more: &[&str]| {
        let arguments: Vec<&str> = std::iter::once(folder.to_str().unwrap())
            .chain(more.iter().copied())
            .collect();
        stories(&arguments, &folder).len()
    };
    assert_eq!(count(&[]), 2);
    assert_eq!(count(&["--story-length", "2"]), 6);
    let own = root.path().join("pairs.toml");
    let card = "id = \"pairs\"\ndescription = \"pairs\"\n[stories]\nsubset = \"followers\"\nlength = 2\noverlap = \"disjoint\"\n";
    fs::write(&own, card).unwrap();
    let pairs = own.to_str().unwrap();
    assert_eq!(count(&["--subset", pairs]), 4);
    let out = root.path().join("run");
    let mut command = storyeval();
    command
        .args([
            "run",
            "--model",
            "ground-truth",
            "--protocol",
            "pixels",
            "--subset",
            pairs,
            "--dataset",
        ])
        .arg(&folder)
        .arg("--out")
        .arg(&out);
    printed(&mut command);
    let scores = fs::read_to_string(out.join("scores.json")).unwrap();
    assert!(
        scores.contains("|subset:test/followers-1+disjoint|"),
        "{scores}"
    );
    let mut unknown = storyeval();
    unknown.args([
        "dataset",
        "stats",
        "--dataset",
        "minisv",
        "--subset",
        "folowers-3",
    ]);
    fails(&mut unknown).says(2, &["folowers-3", "followers-3"]);
}

#[test]
fn minisv_in_long_stories() {
    let mut command = storyeval();
    command.args([
        "dataset",
        "referential",
        "--variant",
        "original",
        "--dataset",
        "minisv",
        "--subset",
        "long-20",
    ]);
    let text = String::from_utf8(printed(&mut command)).unwrap();
    let mut clips = std::collections::BTreeSet::new();
    let mut count = 0;
    for line in text.lines() {
        let story: serde_json::Value = serde_json::from_str(line).unwrap();
        let frames = story["frames"].as_array().unwrap();
        assert_eq!(frames.len(), 20);
        for frame in frames {
            assert!(clips.insert(frame["clip"].as_str().unwrap().to_owned()));
        }
        count += 1;
    }
    assert!(count >= 5, "{count}");
}

#[test]
fn an_hdf5_file_is_named_or_found() {
    let folder = fixture("arldm-flintstones");
    let by_folder = stories(&["flintstones", "--data-layout", "arldm-h5"], &folder);
    let by_file = stories(&["flintstones"], &folder.join("flintstones.h5"));
    assert!(!by_folder.is_empty());
    assert_eq!(by_folder, by_file);
    assert_eq!(by_folder[0].len(), 5);
}

#[test]
fn what_vist_leaves_out_is_said() {
    let mut command = storyeval();
    command
        .args(["dataset", "stats", "--dataset", "vist", "--data"])
        .arg(fixture("vist-gill"));
    let output = command.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    assert!(said.contains("of split `val` lack a photo"), "{said}");
    assert!(said.contains("40472"), "{said}");
}

/// Copies a fixture, damages it, and asks for its stories.
fn harmed(name: &str, dataset: &str, damage: impl FnOnce(&Path)) -> Said {
    let root = tempfile::tempdir().unwrap();
    let data = root.path().join("data");
    copy(&fixture(name), &data);
    damage(&data);
    let begin = Instant::now();
    let mut command = storyeval();
    command
        .args([
            "dataset",
            "referential",
            "--variant",
            "original",
            "--dataset",
        ])
        .arg(dataset)
        .arg("--data")
        .arg(&data);
    let said = fails(&mut command);
    // Refused, not worked off: generous, because other tests run beside this one.
    assert!(begin.elapsed() < Duration::from_secs(20));
    said
}

#[test]
fn ids_cannot_lead_out_of_any_layout() {
    let escape = |path: &Path, from: &str, to: &str| {
        let text = fs::read_to_string(path).unwrap();
        assert!(text.contains(from), "{from}");
        fs::write(path, text.replacen(from, to, 1)).unwrap();
    };
    harmed("folder", fixture("folder").to_str().unwrap(), |data| {
        escape(
            &data.join("stories.jsonl"),
            "images/0_0a.png",
            "../../etc/passwd",
        );
    })
    .says(97, &["stories.jsonl", "../../etc/passwd", "hint: "]);
    harmed("mugen", "mugen", |data| {
        escape(
            &data.join("mugen.json"),
            "frames/test_0_0.png",
            "/etc/passwd",
        );
    })
    .says(97, &["hint: "]);
    harmed("vist-gill", "vist", |data| {
        let path = data.join("sis/val.story-in-sequence.json");
        escape(
            &path,
            "\"photo_flickr_id\": \"690011\"",
            "\"photo_flickr_id\": \"../690011\"",
        );
    })
    .says(97, &["val.story-in-sequence.json", "../690011"]);
    harmed("storygpt-v-flintstones", "flintstones", |data| {
        escape(&data.join("split.json"), "s_01_", "../s_01_");
    })
    .says(97, &["split.json"]);
}

#[test]
fn pickles_that_would_run_code_or_fill_the_memory_are_refused() {
    for (bomb, words) in [
        ("call.p0.pkl", "refused"),
        ("call.p2.pkl", "refused"),
        ("call.p4.pkl", "refused"),
        ("deep.pkl", "refused"),
        ("laughs.pkl", ""),
        ("cut.pkl", "refused"),
    ] {
        for (name, dataset, file) in [
            ("storygpt-v-flintstones", "flintstones", "labels.pkl"),
            ("pororo-original", "pororo", "labels.npy"),
        ] {
            let said = harmed(name, dataset, |data| {
                fs::copy(fixture("hostile").join(bomb), data.join(file)).unwrap();
            });
            said.says(97, &[file, words, "hint: "]);
        }
    }
}

#[test]
fn a_file_that_only_looks_like_an_array_is_refused() {
    // A zip archive under an NPY name, as numpy would open it.
    harmed("pororo-original", "pororo", |data| {
        fs::write(data.join("img_cache4.npy"), b"PK\x03\x04 not an array").unwrap();
    })
    .says(97, &["img_cache4.npy", "hint: "]);
    // A header that announces more than there can be.
    harmed("pororo-original", "pororo", |data| {
        let header =
            "{'descr': '<i8', 'fortran_order': False, 'shape': (4611686018427387904, 4), }\n";
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.as_bytes());
        fs::write(data.join("following_cache4.npy"), bytes).unwrap();
    })
    .says(97, &["following_cache4.npy", "hint: "]);
}

#[test]
fn a_picture_larger_than_any_is_refused_by_its_header() {
    let root = tempfile::tempdir().unwrap();
    let folder = own(root.path(), &[1, 1]);
    let picture = folder.join("images/0-0.png");
    let mut bytes = fs::read(&picture).unwrap();
    // Width and height of the header, and its checksum.
    bytes[16..20].copy_from_slice(&100_000_u32.to_be_bytes());
    bytes[20..24].copy_from_slice(&100_000_u32.to_be_bytes());
    let sum = crc32(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&sum.to_be_bytes());
    fs::write(&picture, bytes).unwrap();
    let mut command = storyeval();
    command
        .args(["run", "--model", "ground-truth", "--dataset"])
        .arg(&folder)
        .arg("--out")
        .arg(root.path().join("run"));
    let begin = Instant::now();
    fails(&mut command).says(97, &["0-0.png", "100000", "hint: "]);
    assert!(begin.elapsed() < Duration::from_secs(20));
}

/// The checksum of PNG chunks, bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    let mut sum = u32::MAX;
    for byte in bytes {
        sum ^= u32::from(*byte);
        for _ in 0..8 {
            sum = if sum & 1 == 1 {
                sum >> 1 ^ 0xedb8_8320
            } else {
                sum >> 1
            };
        }
    }
    !sum
}

#[cfg(unix)]
#[test]
fn links_out_of_the_data_set_are_refused_unless_the_user_trusts_them() {
    use std::os::unix::fs::symlink;
    let root = tempfile::tempdir().unwrap();
    let folder = own(root.path(), &[2]);
    let outside = root.path().join("outside.png");
    fs::rename(folder.join("images/0-1.png"), &outside).unwrap();
    symlink(&outside, folder.join("images/0-1.png")).unwrap();
    let run = |trust: bool| {
        let mut command = storyeval();
        command
            .args(["generate", "--model", "ground-truth", "--dataset"])
            .arg(&folder)
            .arg("--out")
            .arg(root.path().join(format!("run-{trust}")));
        if trust {
            command.env("STORYEVAL_FOLLOW_LINKS", "1");
        }
        command
    };
    fails(&mut run(false)).says(97, &["0-1.png", "STORYEVAL_FOLLOW_LINKS=1"]);
    printed(&mut run(true));
}

#[test]
fn a_folder_in_no_known_layout_says_what_it_lacks_and_what_else_is_read() {
    let root = tempfile::tempdir().unwrap();
    let mut command = storyeval();
    command
        .args(["dataset", "stats", "--dataset", "pororo", "--data"])
        .arg(root.path());
    fails(&mut command).says(
        96,
        &[
            "layout pororo",
            "img_cache4.npy",
            "storygpt-v, arldm-h5, folder",
            "hint: ",
        ],
    );
    let mut command = storyeval();
    command
        .args([
            "dataset",
            "stats",
            "--dataset",
            "pororo",
            "--data-layout",
            "vist",
            "--data",
        ])
        .arg(root.path());
    fails(&mut command).says(
        2,
        &["no layout vist", "pororo, storygpt-v, arldm-h5, folder"],
    );
}
