use super::*;
use crate::card::{Gender, ImageSize};
use crate::dataset::FramesError;
use crate::record::{FaultKind, Hint, Seed};

const ANNOTATIONS: &str = "flintstones_annotations_v1-0.json";
const LABELS: &str = "labels.pkl";
const BACKGROUND_LABELS: &str = "labels_bg.pkl";
const FRAMES: &str = "video_frames_sampled";

fn frame_file(clip: &str) -> String {
    format!("{FRAMES}/{clip}.npy")
}

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("reference-data/golden/flintstones/world")
}

/// The published card for the fixture's smaller frames and fewer backgrounds.
fn card() -> DatasetCard {
    let mut card = crate::card::dataset("flintstones").unwrap();
    card.layouts[0].image = Some(ImageSize {
        width: 8,
        height: 6,
    });
    card.background_count = Some(3);
    card
}

fn options(folder: impl Into<PathBuf>) -> OpenOptions {
    OpenOptions::new(card(), folder)
}

/// A copy of the fixture that a test may damage.
fn copy() -> tempfile::TempDir {
    let target = tempfile::tempdir().unwrap();
    std::fs::create_dir(target.path().join(FRAMES)).unwrap();
    for folder in ["", FRAMES] {
        for entry in std::fs::read_dir(golden().join(folder)).unwrap() {
            let entry = entry.unwrap();
            if entry.path().is_file() {
                let to = target.path().join(folder).join(entry.file_name());
                std::fs::copy(entry.path(), to).unwrap();
            }
        }
    }
    target
}

fn edit(folder: &Path, file: &str, from: &str, to: &str) {
    let path = folder.join(file);
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{from}");
    std::fs::write(path, text.replacen(from, to, 1)).unwrap();
}

fn refused(folder: &Path) -> DatasetError {
    let error = open(&options(folder)).unwrap_err();
    assert!(error.hint().is_some());
    error
}

fn ids(dataset: &OpenDataset) -> Vec<&str> {
    dataset
        .stories()
        .iter()
        .map(|story| story.id.as_str())
        .collect()
}

const FIRST: &str = "s_01_e_01_shot_000020_000025";
const SECOND: &str = "s_01_e_01_shot_000030_000035";

#[test]
fn stories_are_windows_in_the_order_of_the_split() {
    let dataset = open(&options(golden())).unwrap();
    assert_eq!(ids(&dataset), [SECOND, FIRST]);
    let story = &dataset.stories()[1];
    let clips: Vec<&str> = story
        .frames
        .iter()
        .map(|frame| frame.clip.as_str())
        .collect();
    assert_eq!(
        clips,
        [
            FIRST,
            SECOND,
            "s_01_e_01_shot_000040_000045",
            "s_01_e_01_shot_000050_000055"
        ]
    );
    let third = &story.frames[2];
    assert_eq!(
        &*third.caption,
        "Barney and Fred laugh. Barney's hat is red."
    );
    // Annotation order, white space stripped.
    assert_eq!(*third.characters, ["barney", "fred"]);
    assert_eq!(
        third.character_labels.as_deref(),
        Some([false, true, false, true, false, false, false].as_slice())
    );
    assert_eq!(
        third.background_labels.as_deref(),
        Some([true, false, false].as_slice())
    );
}

#[test]
fn a_character_without_a_label_is_kept_in_an_open_cast_and_refused_in_a_closed_one() {
    let dataset = open(&options(golden())).unwrap();
    assert_eq!(*dataset.stories()[0].frames[3].characters, ["policeman"]);
    let mut closed = options(golden());
    closed.card.closed_cast = true;
    let error = open(&closed).unwrap_err();
    assert!(matches!(&error, DatasetError::UnknownCharacter { name, .. } if name == "policeman"));
    assert_eq!(error.fault_kind(), FaultKind::DataVerification);
}

#[test]
fn computed_followers_equal_the_cached_ones() {
    let folder = copy();
    let cached = open(&options(folder.path())).unwrap();
    std::fs::remove_file(folder.path().join("following_cache3.pkl")).unwrap();
    let computed = open(&options(folder.path())).unwrap();
    assert_eq!(cached.stories(), computed.stories());
}

#[test]
fn any_story_length_is_read() {
    let stories = |length| {
        let mut options = options(golden());
        options.story_length = Some(length);
        open(&options).unwrap()
    };
    assert_eq!(stories(1).stories().len(), 4);
    // Episode 2 has two clips: one more story.
    assert_eq!(
        ids(&stories(2)),
        ["s_01_e_02_shot_000010_000015", SECOND, FIRST]
    );
    assert_eq!(ids(&stories(5)), [FIRST]);
    assert!(stories(50).stories().is_empty());
    assert!(
        stories(3)
            .stories()
            .iter()
            .all(|story| story.frames.len() == 3)
    );
}

#[test]
fn frames_are_rgb_and_the_rule_chooses_one() {
    let dataset = open(&options(golden())).unwrap();
    let clip = ClipId::new(FIRST);
    let stack = dataset.clip_frames(&clip).unwrap();
    assert_eq!(stack.len(), 5);
    // Red is the clip's number times 20, green the frame's times 40, blue the column.
    let middle = dataset
        .ground_truth(&clip, GroundTruthRule::Middle)
        .unwrap();
    assert_eq!(middle.get_pixel(7, 5).0, [20, 80, 7]);
    assert_eq!(stack.frames()[2], middle);
    let fixed = dataset
        .ground_truth(&clip, GroundTruthRule::Fixed(4))
        .unwrap();
    assert_eq!(fixed.get_pixel(0, 0).0, [20, 160, 0]);
    let rule = GroundTruthRule::Random(Seed(3));
    let random = dataset.ground_truth(&clip, rule).unwrap();
    assert_eq!(
        random,
        stack.frames()[ground_truth_index(rule, &clip, 5).unwrap()]
    );
    assert!(matches!(
        dataset.ground_truth(&clip, GroundTruthRule::Fixed(5)),
        Err(DatasetError::Frames {
            source: FramesError::NoSuchFrame { .. },
            ..
        })
    ));
    let outside = ClipId::new("../../labels");
    assert!(matches!(
        dataset.clip_frames(&outside),
        Err(DatasetError::UnsafeId { .. })
    ));
}

#[test]
fn the_content_hash_follows_every_file_that_counts() {
    let folder = copy();
    let hash = || {
        open(&options(folder.path()))
            .unwrap()
            .content_hash()
            .to_owned()
    };
    let before = hash();
    assert_eq!(before, hash());
    std::fs::write(folder.path().join("readme.txt"), "not part of it").unwrap();
    assert_eq!(before, hash());
    let path = folder.path().join(frame_file(FIRST));
    let mut bytes = std::fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&path, bytes).unwrap();
    let pixel = hash();
    assert_ne!(before, pixel);
    edit(folder.path(), ANNOTATIONS, "phone", "floor");
    assert_ne!(pixel, hash());
}

#[test]
fn the_card_is_compared_with_the_data() {
    let mut options = options(golden());
    options.card.expected = crate::card::ExpectedCounts {
        train: Some(3),
        val: Some(1),
        test: Some(4),
    };
    let dataset = open(&options).unwrap();
    dataset.check_card().unwrap();
    options.card.content_sha256 = Some(dataset.content_hash().to_uppercase());
    open(&options).unwrap().check_card().unwrap();
    options.card.content_sha256 = Some("0".repeat(64));
    assert!(matches!(
        open(&options).unwrap().check_card(),
        Err(DatasetError::ContentHash { .. })
    ));
    options.card.expected.val = Some(7);
    let error = open(&options).unwrap().check_card().unwrap_err();
    assert!(matches!(
        error,
        DatasetError::SplitSize {
            found: 1,
            wanted: 7,
            ..
        }
    ));
    assert_eq!(error.fault_kind(), FaultKind::DataVerification);
}

#[test]
fn the_other_name_of_the_split_file_is_read() {
    let folder = copy();
    std::fs::rename(
        folder.path().join("train-val-test_split.json"),
        folder.path().join("split.json"),
    )
    .unwrap();
    let dataset = open(&options(folder.path())).unwrap();
    assert!(dataset.files().contains(&"split.json".to_owned()));
}

#[test]
fn every_missing_file_is_named_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let error = refused(folder.path());
    let text = error.to_string();
    for file in [
        ANNOTATIONS,
        "train-val-test_split.json",
        LABELS,
        "video_frames_sampled/",
    ] {
        assert!(text.contains(file), "{text}");
    }
    assert!(text.contains("published at"), "{text}");
    assert_eq!(error.fault_kind(), FaultKind::Setup);
    let error = refused(&folder.path().join("absent"));
    assert!(matches!(error, DatasetError::MissingFolder { .. }));
    assert_eq!(error.fault_kind(), FaultKind::Setup);
}

#[test]
fn missing_frames_are_named_at_once() {
    let folder = copy();
    for clip in [FIRST, SECOND] {
        std::fs::remove_file(folder.path().join(frame_file(clip))).unwrap();
    }
    match refused(folder.path()) {
        DatasetError::MissingFiles { files, .. } => assert_eq!(files.len(), 2),
        other => panic!("{other:?}"),
    }
}

#[test]
fn truncated_frames_are_an_error_with_path_and_clip() {
    let folder = copy();
    let path = folder.path().join(frame_file(FIRST));
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
    let dataset = open(&options(folder.path())).unwrap();
    let error = dataset.clip_frames(&ClipId::new(FIRST)).unwrap_err();
    assert!(matches!(
        error,
        DatasetError::Frames {
            source: FramesError::Truncated { .. },
            ..
        }
    ));
    assert!(error.to_string().contains(FIRST));
    assert_eq!(error.fault_kind(), FaultKind::DataVerification);
    let mut other = options(folder.path());
    other.card.layouts[0].image = Some(ImageSize {
        width: 9,
        height: 6,
    });
    let dataset = open(&other).unwrap();
    assert!(matches!(
        dataset.ground_truth(&ClipId::new(SECOND), GroundTruthRule::Middle),
        Err(DatasetError::WrongFrameSize { .. })
    ));
}

#[test]
fn malformed_annotations_have_line_and_clip() {
    let folder = copy();
    edit(
        folder.path(),
        ANNOTATIONS,
        "\"description\": \"Fred is on the phone.\"",
        "\"description\": 7",
    );
    match refused(folder.path()) {
        DatasetError::Json { line, clip, .. } => {
            let text = std::fs::read_to_string(folder.path().join(ANNOTATIONS)).unwrap();
            let wanted = text
                .lines()
                .position(|line| line.contains("\"description\": 7"))
                .unwrap();
            assert_eq!(line, wanted + 1);
            assert_eq!(clip.as_deref(), Some(FIRST));
        }
        other => panic!("{other:?}"),
    }
    std::fs::write(folder.path().join(ANNOTATIONS), "[{]").unwrap();
    assert!(matches!(
        refused(folder.path()),
        DatasetError::Json {
            line: 1,
            clip: None,
            ..
        }
    ));
    std::fs::write(
        folder.path().join("train-val-test_split.json"),
        "{\"test\": 3}",
    )
    .unwrap();
    assert!(matches!(refused(folder.path()), DatasetError::Json { .. }));
}

#[test]
fn a_clip_of_the_split_needs_an_annotation() {
    let folder = copy();
    edit(
        folder.path(),
        ANNOTATIONS,
        FIRST,
        "s_01_e_01_shot_000021_000025",
    );
    assert!(matches!(
        refused(folder.path()),
        DatasetError::MissingAnnotation { .. }
    ));
}

#[test]
fn a_follower_needs_an_annotation() {
    let folder = copy();
    let follower = "s_01_e_01_shot_000040_000045";
    edit(
        folder.path(),
        ANNOTATIONS,
        follower,
        "s_01_e_01_shot_000041_000045",
    );
    match refused(folder.path()) {
        DatasetError::MissingFollower {
            follower: found, ..
        } => {
            assert_eq!(found.as_str(), follower);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn ids_that_lead_elsewhere_are_refused() {
    for file in ["train-val-test_split.json", ANNOTATIONS] {
        let folder = copy();
        edit(folder.path(), file, FIRST, "../../etc/s_01_e_01");
        assert!(
            matches!(refused(folder.path()), DatasetError::UnsafeId { .. }),
            "{file}"
        );
    }
    let folder = copy();
    // {"s_01_e_01_x": ["../a", "b", "c"]}
    let pickle = b"}X\x0b\x00\x00\x00s_01_e_01_x](X\x04\x00\x00\x00../aX\x01\x00\x00\x00bX\x01\x00\x00\x00ces.";
    std::fs::write(folder.path().join("following_cache3.pkl"), pickle).unwrap();
    assert!(matches!(
        refused(folder.path()),
        DatasetError::UnsafeId { .. }
    ));
}

#[test]
fn ids_must_be_unique_and_split_names_known() {
    let folder = copy();
    edit(folder.path(), "train-val-test_split.json", FIRST, SECOND);
    assert!(matches!(
        refused(folder.path()),
        DatasetError::DuplicateId { .. }
    ));
    let mut other = options(golden());
    other.split = "tset".to_owned();
    let error = open(&other).unwrap_err();
    assert_eq!(error.fault_kind(), FaultKind::Usage);
    assert!(error.to_string().contains("test, train, val"));
}

#[test]
fn hostile_and_wrong_pickles_are_refused() {
    let folder = copy();
    let labels = folder.path().join(LABELS);
    std::fs::write(&labels, b"cos\nsystem\n(S'true'\ntR.").unwrap();
    let error = refused(folder.path());
    assert!(error.to_string().contains("os.system"), "{error}");
    assert_eq!(error.fault_kind(), FaultKind::DataVerification);
    std::fs::write(&labels, b"]K\x01a.").unwrap();
    assert!(matches!(
        refused(folder.path()),
        DatasetError::WrongContent { .. }
    ));
    let of = |vector: &[u8]| {
        // Every clip has the vector: which one is complained about first does not matter.
        let split = std::fs::read(folder.path().join("train-val-test_split.json")).unwrap();
        let lists: std::collections::BTreeMap<String, Vec<String>> =
            serde_json::from_slice(&split).unwrap();
        let mut bytes = b"}".to_vec();
        for id in lists.values().flatten() {
            bytes.push(b'X');
            bytes.extend((id.len() as u32).to_le_bytes());
            bytes.extend(id.as_bytes());
            bytes.extend(vector);
            bytes.push(b's');
        }
        bytes.push(b'.');
        std::fs::write(&labels, bytes).unwrap();
        refused(folder.path())
    };
    assert!(matches!(
        of(b"](K\x00K\x01e"),
        DatasetError::LabelArity {
            found: 2,
            wanted: 7,
            ..
        }
    ));
    assert!(matches!(
        of(b"](K\x00K\x01K\x02K\x00K\x00K\x00K\x00e"),
        DatasetError::WrongContent { clip: Some(_), .. }
    ));
    assert!(matches!(of(b"N"), DatasetError::WrongContent { .. }));
    std::fs::write(&labels, b"}.").unwrap();
    assert!(matches!(
        refused(folder.path()),
        DatasetError::MissingLabels { .. }
    ));
}

#[test]
fn background_labels_are_optional_and_checked() {
    let folder = copy();
    std::fs::remove_file(folder.path().join(BACKGROUND_LABELS)).unwrap();
    let dataset = open(&options(folder.path())).unwrap();
    assert_eq!(dataset.stories()[0].frames[0].background_labels, None);
    let mut other = options(golden());
    other.card.background_count = Some(323);
    assert!(matches!(
        open(&other).unwrap_err(),
        DatasetError::LabelArity {
            found: 3,
            wanted: 323,
            ..
        }
    ));
}

#[test]
fn the_published_genders_are_on_the_card() {
    let female: Vec<String> = card()
        .characters
        .into_iter()
        .filter(|character| character.gender == Gender::Female)
        .map(|character| character.name)
        .collect();
    assert_eq!(female, ["wilma", "betty", "pebbles"]);
}

#[test]
fn a_drawn_minisv_is_read_as_it_was_meant() {
    use crate::minisv::{SplitSizes, World, write};
    let folder = tempfile::tempdir().unwrap();
    let target = folder.path().join("minisv");
    let sizes = SplitSizes {
        test_stories: 3,
        val_stories: 0,
        train_clips: 0,
    };
    write(&target, World { seed: 1, sizes }, &|_, _| {}).unwrap();
    let card = crate::card::dataset("minisv").unwrap();
    let dataset = open(&OpenOptions::new(card, &target)).unwrap();
    assert_eq!(dataset.stories().len(), 3);
    dataset.check_card().unwrap();
    for frame in dataset.stories().iter().flat_map(|story| &story.frames) {
        assert!(!frame.characters.is_empty());
        for (character, label) in dataset
            .card()
            .characters
            .iter()
            .zip(frame.character_labels.as_deref().unwrap())
        {
            assert_eq!(frame.characters.contains(&character.name), *label);
        }
        let places = frame.background_labels.as_ref().unwrap();
        assert_eq!(places.iter().filter(|place| **place).count(), 1);
        assert_eq!(dataset.clip_frames(&frame.clip).unwrap().len(), 5);
    }
    // Whatever followers are asked for, cached or computed, they are those of the same world.
    let cached = dataset.stories().to_vec();
    std::fs::remove_file(target.join("following_cache3.pkl")).unwrap();
    let computed = open(&OpenOptions::new(dataset.card().clone(), &target)).unwrap();
    assert_eq!(cached, computed.stories());
}
