use super::*;
use crate::card::{Character, DatasetCard, ExpectedCounts, Gender, ImageSize, Layout, LayoutCard};
use crate::vision::encode_png;
use image::{Rgb, RgbImage};
use serde_json::{Value, json};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("reference-data/fixtures")
        .join(name)
}

fn expected(name: &str) -> Value {
    let text = fs::read_to_string(fixture(name).join("expected.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn strings(value: &Value) -> Vec<String> {
    let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
    items
        .iter()
        .map(|item| item.as_str().unwrap().to_owned())
        .collect()
}

/// A card for a fixture: its cast, and the one layout.
fn card(name: &str, layout: Layout) -> DatasetCard {
    let expected = expected(name);
    let characters = strings(&expected["cast"])
        .into_iter()
        .map(|name| Character {
            name,
            gender: Gender::Male,
            aliases: Vec::new(),
        });
    DatasetCard {
        characters: characters.collect(),
        background_count: None,
        backgrounds: strings(&expected["backgrounds"]),
        story_length: expected["window"].as_u64().unwrap_or(4) as usize,
        layouts: vec![LayoutCard {
            layout,
            ..LayoutCard::folder()
        }],
        ..DatasetCard::of_folder("fixture")
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// A fixture that a test may damage, and what to open.
struct Damaged {
    folder: tempfile::TempDir,
    options: OpenOptions,
}

impl Damaged {
    fn new(name: &str, layout: Layout) -> Self {
        let folder = tempfile::tempdir().unwrap();
        copy(&fixture(name), folder.path());
        let options = OpenOptions {
            split: ALL_SPLITS.to_owned(),
            ..OpenOptions::new(card(name, layout), folder.path())
        };
        Self { folder, options }
    }

    fn flintstones() -> Self {
        Self::new("flintstones-storydalle", Layout::Flintstones)
    }

    fn path(&self, file: &str) -> PathBuf {
        self.folder.path().join(file)
    }

    fn report(&self) -> Report {
        verify(&self.options, None, &|_, _| {}).unwrap().report
    }

    fn edit_json(&self, file: &str, edit: impl FnOnce(&mut Value)) {
        let text = fs::read_to_string(self.path(file)).unwrap();
        let mut value = serde_json::from_str(&text).unwrap();
        edit(&mut value);
        fs::write(self.path(file), value.to_string()).unwrap();
    }

    fn edit(&self, file: &str, from: &str, to: &str) {
        let text = fs::read_to_string(self.path(file)).unwrap();
        assert!(text.contains(from), "{from}");
        fs::write(self.path(file), text.replacen(from, to, 1)).unwrap();
    }
}

#[track_caller]
fn finding<'a>(report: &'a Report, kind: Kind, split: Option<&str>) -> &'a Finding {
    let mut all = report.findings.iter();
    all.find(|finding| finding.kind == kind && finding.split.as_deref() == split)
        .unwrap_or_else(|| panic!("no {kind} in {split:?}: {:#?}", report.findings))
}

fn errors(report: &Report) -> Vec<Kind> {
    let findings = report.findings.iter();
    findings
        .filter(|finding| finding.severity == Severity::Error)
        .map(|finding| finding.kind)
        .collect()
}

const FRAMES: &str = "video_frames_sampled";
const SPLIT: &str = "train-val-test_split.json";
const ANNOTATIONS: &str = "flintstones_annotations_v1-0.json";

#[test]
fn every_layout_is_sound_as_it_was_made() {
    for (name, layout) in [
        ("flintstones-storydalle", Layout::Flintstones),
        ("flintstones-full", Layout::FlintstonesFull),
        ("storygpt-v-flintstones", Layout::StorygptV),
        ("storygpt-v-pororo", Layout::StorygptV),
        ("pororo-original", Layout::Pororo),
        ("pororo-make-a-story", Layout::Pororo),
        ("vist-arldm", Layout::Vist),
        ("arldm-flintstones", Layout::ArldmH5),
        ("arldm-pororo", Layout::ArldmH5),
        ("arldm-vist", Layout::ArldmH5),
        ("mugen", Layout::Mugen),
        ("folder", Layout::Folder),
    ] {
        let mut data = Damaged::new(name, layout);
        if layout == Layout::Mugen {
            data.options.card.backgrounds = crate::card::dataset("mugen").unwrap().backgrounds;
        }
        let report = data.report();
        assert!(report.passed, "{name}: {:#?}", report.findings);
        assert!(report.clips > 4 && report.frames >= report.clips, "{name}");
        let content = report.content.unwrap();
        assert_eq!((content.split.as_str(), content.sha256.len()), ("test", 64));
        assert_eq!(
            content.signature,
            format!("fixture@{}", &content.sha256[..12])
        );
    }
}

#[test]
fn stories_that_leave_their_split_are_counted() {
    let data = Damaged::flintstones();
    let report = data.report();
    let expected = expected("flintstones-storydalle");
    let test = strings(&expected["splits"]["test"]);
    let stories = expected["stories"]["test"].as_array().unwrap();
    let leaving = stories.iter().filter(|story| {
        let clips = strings(&story["clips"]);
        clips.iter().any(|clip| !test.contains(clip))
    });
    let found = finding(&report, Kind::StoryLeavesSplit, Some("test"));
    assert_eq!(found.count, leaving.count());
    assert!(found.count > 0);
    finding(&report, Kind::ClipInStoriesOfTwoSplits, Some("test"));
    assert!(report.sound(false) && !report.sound(true));
    assert!(
        !report
            .findings
            .iter()
            .any(|finding| finding.kind == Kind::FollowersDiffer)
    );
}

#[test]
fn a_clip_that_is_without_metadata_is_missing_in_its_split_and_in_the_stories_of_others() {
    let data = Damaged::flintstones();
    let gone = "s_01_e_02_shot_000226_000300";
    data.edit_json(ANNOTATIONS, |all| {
        all.as_array_mut()
            .unwrap()
            .retain(|entry| entry["globalID"] != gone);
    });
    let report = data.report();
    assert_eq!(errors(&report)[0], Kind::CaptionMissing);
    assert_eq!(
        finding(&report, Kind::CaptionMissing, Some("val")).examples,
        [gone]
    );
    let follower = finding(&report, Kind::FollowerMissing, Some("test"));
    assert_eq!((follower.count, follower.examples[0].as_str()), (1, gone));
    // What cannot be opened has no hash, and everything else is checked all the same.
    assert_eq!(report.content, None);
    assert_eq!(report.clips, 15);
}

#[test]
fn all_damaged_files_are_named_and_not_only_the_first() {
    let data = Damaged::flintstones();
    let file = |clip: &str| data.path(&format!("{FRAMES}/{clip}.npy"));
    let cut = file("s_01_e_02_shot_000001_000075");
    let bytes = fs::read(&cut).unwrap();
    fs::write(&cut, &bytes[..bytes.len() - 1]).unwrap();
    fs::write(file("s_01_e_02_shot_000151_000225"), "not numpy").unwrap();
    fs::remove_file(file("s_01_e_02_shot_000076_000150")).unwrap();
    let report = data.report();
    let damaged = finding(&report, Kind::FramesUndecodable, Some("test"));
    assert_eq!(damaged.count, 2);
    assert!(damaged.message.contains("cut off"), "{}", damaged.message);
    let missing = finding(&report, Kind::FramesMissing, Some("train"));
    assert_eq!(missing.examples, ["s_01_e_02_shot_000076_000150"]);
    assert_eq!(errors(&report).len(), 2);
    assert_eq!(report.clips, 12);
}

#[test]
fn the_card_is_compared_with_sizes_counts_labels_and_content() {
    let mut data = Damaged::flintstones();
    let clean = data.report();
    let content = clean.content.unwrap();
    let card = &mut data.options.card;
    card.content_sha256 = Some(content.sha256.to_uppercase());
    card.layouts[0].expected = Some(ExpectedCounts {
        train: Some(4),
        val: Some(2),
        test: Some(9),
    });
    assert!(data.report().passed);

    let card = &mut data.options.card;
    card.content_sha256 = Some("0".repeat(64));
    card.layouts[0].expected = Some(ExpectedCounts {
        test: Some(2309),
        ..ExpectedCounts::default()
    });
    card.layouts[0].image = Some(ImageSize {
        width: 128,
        height: 128,
    });
    card.layouts[0].frames_per_clip = Some(75);
    let report = data.report();
    assert_eq!(
        errors(&report),
        [
            Kind::CountDiffers,
            Kind::ContentDiffers,
            Kind::FrameSize,
            Kind::FrameSize,
            Kind::FrameSize
        ]
    );
    let count = finding(&report, Kind::CountDiffers, Some("test"));
    assert!(count.message.contains("has 9 clips, the card says 2309"));
    assert_eq!(report.splits["test"].expected, Some(2309));
    assert_eq!(finding(&report, Kind::FrameCount, Some("train")).count, 4);

    data.options.card.characters.pop();
    let report = data.report();
    let arity = finding(&report, Kind::LabelArity, Some("test"));
    assert!(arity.count >= 9 && arity.message.contains("has 7 labels, the card says 6"));
}

#[test]
fn a_data_set_that_cannot_be_opened_is_one_finding() {
    let data = Damaged::flintstones();
    data.edit_json(SPLIT, |splits| {
        let first = splits["test"][0].clone();
        splits["train"].as_array_mut().unwrap().push(first);
    });
    let report = data.report();
    assert_eq!(report.layout, None);
    assert_eq!(errors(&report), [Kind::IdTwice]);
    assert_eq!(
        report.findings[0].examples,
        ["s_02_e_11_shot_000376_000450"]
    );

    fs::write(data.path(SPLIT), "{").unwrap();
    assert_eq!(errors(&data.report()), [Kind::FileMalformed]);
    fs::remove_file(data.path(SPLIT)).unwrap();
    let report = data.report();
    assert_eq!(errors(&report), [Kind::FilesMissing]);
    assert!(report.findings[0].message.contains(SPLIT));
    fs::remove_dir_all(data.folder.path()).unwrap();
    let error = verify(&data.options, None, &|_, _| {}).unwrap_err();
    assert!(matches!(error, DatasetError::MissingFolder { .. }));
}

#[test]
fn two_entries_of_one_clip_are_noticed() {
    let data = Damaged::flintstones();
    let mut id = String::new();
    data.edit_json(ANNOTATIONS, |all| {
        let first = all[0].clone();
        id = first["globalID"].as_str().unwrap().to_owned();
        all.as_array_mut().unwrap().push(first);
    });
    let report = data.report();
    assert_eq!(finding(&report, Kind::EntryTwice, None).examples, [id]);
    assert!(report.passed);
}

#[cfg(unix)]
#[test]
fn a_link_out_of_the_data_set_is_not_followed() {
    let data = Damaged::flintstones();
    let outside = tempfile::tempdir().unwrap();
    let clip = "s_01_e_02_shot_000001_000075";
    let (inside, target) = (
        data.path(&format!("{FRAMES}/{clip}.npy")),
        outside.path().join("x"),
    );
    fs::rename(&inside, &target).unwrap();
    std::os::unix::fs::symlink(&target, &inside).unwrap();
    let report = data.report();
    assert_eq!(
        finding(&report, Kind::LinkOutside, Some("test")).examples,
        [clip]
    );
    assert_eq!(errors(&report), [Kind::LinkOutside]);
}

#[test]
fn damaged_pictures_are_found_without_what_they_announce_being_allocated() {
    let data = Damaged::new("folder", Layout::Folder);
    let whole = fs::read(data.path("images/0_0a.png")).unwrap();
    fs::write(data.path("images/0_0a.png"), &whole[..whole.len() / 2]).unwrap();
    let mut huge = whole.clone();
    huge[16..24].copy_from_slice(&[0, 1, 0x86, 0xA0, 0, 1, 0x86, 0xA0]);
    fs::write(data.path("images/0_2a.png"), huge).unwrap();
    data.edit(
        "stories.jsonl",
        "\"characters\": [\"otto\"]",
        "\"character_labels\": [1, 0]",
    );
    data.edit("stories.jsonl", "Step 2 of story 1: mira.", "...");
    let report = data.report();
    let damaged = finding(&report, Kind::FramesUndecodable, Some("test"));
    assert_eq!(damaged.examples, ["s1_0", "s1_2"]);
    assert_eq!(
        finding(&report, Kind::LabelArity, Some("test")).examples,
        ["s1_3"]
    );
    assert_eq!(
        finding(&report, Kind::CaptionEmpty, Some("test")).examples,
        ["s1_1"]
    );
}

#[test]
fn labels_that_contradict_the_names_are_found() {
    let data = Damaged::new("folder", Layout::Folder);
    data.edit(
        "stories.jsonl",
        "\"characters\": [\"mira\"], \"background\": \"garden\"",
        "\"characters\": [\"mira\"], \"character_labels\": [1, 0, 0], \"background_labels\": [1, 1]",
    );
    let report = data.report();
    let found = finding(&report, Kind::LabelsContradict, Some("test"));
    assert!(
        found.message.ends_with("about otto, mira"),
        "{}",
        found.message
    );
    assert_eq!(
        finding(&report, Kind::BackgroundNotOneHot, Some("test")).count,
        1
    );
}

/// A picture of its own for each number.
fn scene(number: u32) -> RgbImage {
    let mut state = number.wrapping_mul(2_654_435_761).wrapping_add(1);
    let blocks: Vec<[u8; 3]> = (0..64)
        .map(|_| {
            std::array::from_fn(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                20 + (state >> 25) as u8
            })
        })
        .collect();
    RgbImage::from_fn(64, 64, |x, y| Rgb(blocks[(y / 8 * 8 + x / 8) as usize]))
}

/// A data set in the folder layout: of each picture a clip, two a story.
fn listed(folder: &Path, splits: &[(&str, &[(&str, RgbImage)])]) -> OpenOptions {
    let mut lines = String::new();
    for (split, pictures) in splits {
        for (number, pair) in pictures.chunks(2).enumerate() {
            let frames: Vec<Value> = pair
                .iter()
                .map(|(name, picture)| {
                    let file = format!("{name}.png");
                    fs::write(folder.join(&file), encode_png(picture).unwrap()).unwrap();
                    json!({"image": file, "caption": format!("the picture {name}")})
                })
                .collect();
            let line = json!({"id": format!("{split}{number}"), "split": split, "frames": frames});
            writeln!(lines, "{line}").unwrap();
        }
    }
    fs::write(folder.join("stories.jsonl"), lines).unwrap();
    OpenOptions {
        split: ALL_SPLITS.to_owned(),
        ..OpenOptions::new(DatasetCard::of_folder("own"), folder)
    }
}

#[test]
fn pictures_of_the_test_split_are_found_again_in_the_training_split() {
    let folder = tempfile::tempdir().unwrap();
    let mut brighter = scene(3);
    for value in brighter.iter_mut() {
        *value += 2;
    }
    let black = RgbImage::new(64, 64);
    let options = listed(
        folder.path(),
        &[
            (
                "train",
                &[
                    ("a", scene(1)),
                    ("b", scene(2)),
                    ("c", brighter),
                    ("night", black.clone()),
                ],
            ),
            (
                "test",
                &[
                    ("x", scene(4)),
                    ("b2", scene(2)),
                    ("c2", scene(3)),
                    ("dark", black),
                ],
            ),
        ],
    );
    let report = verify(&options, None, &|_, _| {}).unwrap().report;
    let equal = finding(&report, Kind::FramesDuplicate, Some("test"));
    assert_eq!(equal.examples, ["b2 ~ b (train)"]);
    let alike = finding(&report, Kind::FramesAlike, Some("test"));
    assert_eq!(
        (alike.count, alike.examples[0].as_str()),
        (1, "c2 ~ c (train)")
    );
    // Frames of one colour are like everything dark, and are not compared.
    assert_eq!(
        finding(&report, Kind::FrameConstant, Some("test")).examples,
        ["dark"]
    );
    assert!(report.passed);

    // Of one split alone nothing is known of the others.
    let alone = OpenOptions {
        split: "test".to_owned(),
        ..options
    };
    let report = verify(&alone, None, &|_, _| {}).unwrap().report;
    assert_eq!(report.clips, 4);
    assert!(
        !report
            .findings
            .iter()
            .any(|finding| finding.kind == Kind::FramesAlike)
    );
}

#[test]
fn an_interrupted_pass_goes_on_and_says_the_same() {
    let data = Damaged::flintstones();
    let cache = tempfile::tempdir().unwrap();
    let path = Journal::path_in(cache.path(), "fixture", data.folder.path());
    let pass = |fresh: bool| {
        let journal = Journal::open(&path, fresh).unwrap();
        let verified = verify(&data.options, Some(&journal), &|_, _| {}).unwrap();
        journal.finish().unwrap();
        verified
    };
    let first = pass(false);
    assert_eq!((first.known, first.report.clips), (0, 15));
    let again = pass(false);
    assert_eq!((again.known, &again.report), (15, &first.report));
    // A kill in the middle leaves half of the journal and a torn line.
    let lines = fs::read(&path).unwrap();
    fs::write(&path, &lines[..lines.len() / 2]).unwrap();
    let resumed = pass(false);
    assert!((5..10).contains(&resumed.known), "{}", resumed.known);
    assert_eq!(resumed.report, first.report);
    assert_eq!(pass(false).known, 15);
    assert_eq!(pass(true).known, 0);
    // A file that changed is checked again, and a damaged one is checked every time.
    let clip = "s_01_e_02_shot_000001_000075";
    fs::write(data.path(&format!("{FRAMES}/{clip}.npy")), "torn").unwrap();
    for _ in 0..2 {
        let changed = pass(false);
        assert_eq!(changed.known, 14);
        let damaged = finding(&changed.report, Kind::FramesUndecodable, Some("test"));
        assert_eq!(damaged.examples, [clip]);
    }
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let data = Damaged::new("arldm-flintstones", Layout::ArldmH5);
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        pool.unwrap().install(|| data.report())
    };
    let one = with(1);
    assert_eq!(one, with(3));
    assert!(one.clips >= 10);
}

#[test]
fn an_unknown_split_is_a_mistake_of_the_user() {
    let mut data = Damaged::flintstones();
    data.options.split = "tset".to_owned();
    let error = verify(&data.options, None, &|_, _| {}).unwrap_err();
    assert!(matches!(error, DatasetError::UnknownSplit { .. }));
}
