//! MiniSV and the fixtures through every layout: the same stories, labels and pixels.

use super::*;
use crate::card::{Character, DatasetCard, Gender, LayoutCard, TextProcedure, dataset as card_of};
use crate::dataset::{OpenOptions, open};
use crate::minisv::{SplitSizes, World, write, write_in};
use crate::record::{ClipId, Hint, StoryFrame};
use image::RgbImage;
use serde_json::{Value, json};
use std::fs;

const WORLD: World = World {
    seed: 5,
    sizes: SplitSizes {
        test_stories: 5,
        val_stories: 2,
        train_clips: 12,
    },
};

fn minisv() -> DatasetCard {
    card_of("minisv").unwrap()
}

/// A small MiniSV with all three splits.
fn drawn(root: &Path) -> OpenDataset {
    let folder = root.join("drawn");
    write(&folder, WORLD, &|_, _| {}).unwrap();
    opened(&folder, minisv(), None)
}

fn opened(folder: &Path, card: DatasetCard, length: Option<usize>) -> OpenDataset {
    let options = OpenOptions {
        split: ALL_SPLITS.to_owned(),
        story_length: length,
        ..OpenOptions::new(card, folder)
    };
    open(&options).unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
}

fn options(to: Layout, out: &Path) -> ConvertOptions<'_> {
    ConvertOptions {
        to,
        out,
        split: ALL_SPLITS,
        story_length: None,
        windows: WindowRule::default(),
        first: None,
    }
}

/// Converts everything, and opens the result with the card beside it.
fn converted(source: &OpenDataset, to: Layout, out: &Path) -> OpenDataset {
    convert(source, &options(to, out), &|_, _| {}).unwrap_or_else(|error| panic!("{to}: {error}"));
    let card = card_of(&out.display().to_string()).unwrap();
    let data = opened(out, card, story_length(to, None));
    data.check_card().unwrap();
    assert_eq!(data.layout().layout, to);
    data
}

fn stories(data: &OpenDataset, split: &str, length: usize) -> Vec<Story> {
    data.stories_of(split, Some(length), WindowRule::default())
        .unwrap()
}

fn frames(data: &OpenDataset, clip: &ClipId) -> Vec<RgbImage> {
    data.clip_frames(clip).unwrap().frames().to_vec()
}

/// What a layout keeps of a frame.
#[derive(Clone, Copy)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "one bool a property of a layout, in a test"
)]
struct Keeps {
    ids: bool,
    labels: bool,
    backgrounds: bool,
    characters: bool,
    all_frames: bool,
}

const ALL: Keeps = Keeps {
    ids: true,
    labels: true,
    backgrounds: true,
    characters: true,
    all_frames: true,
};

fn keeps(layout: Layout) -> Keeps {
    match layout {
        Layout::Flintstones | Layout::FlintstonesFull | Layout::StorygptV | Layout::Folder => ALL,
        Layout::Pororo => Keeps {
            ids: false,
            backgrounds: false,
            characters: false,
            ..ALL
        },
        Layout::Mugen => Keeps {
            all_frames: false,
            ..ALL
        },
        Layout::Vist => Keeps {
            labels: false,
            backgrounds: false,
            characters: false,
            all_frames: false,
            ..ALL
        },
        Layout::ArldmH5 => Keeps {
            ids: false,
            labels: false,
            backgrounds: false,
            characters: false,
            ..ALL
        },
    }
}

fn same_frame(
    (one, other): (&OpenDataset, &OpenDataset),
    (frame, read): (&StoryFrame, &StoryFrame),
    keeps: Keeps,
) {
    assert_eq!(frame.caption, read.caption);
    if keeps.ids {
        assert_eq!(frame.clip, read.clip);
    }
    let labels = frame.character_labels.as_ref().filter(|_| keeps.labels);
    assert_eq!(labels, read.character_labels.as_ref());
    let backgrounds = frame.background_labels.as_ref();
    let backgrounds = backgrounds.filter(|_| keeps.backgrounds);
    assert_eq!(backgrounds, read.background_labels.as_ref());
    if keeps.characters {
        assert_eq!(frame.characters, read.characters);
    }
    let (wanted, found) = (frames(one, &frame.clip), frames(other, &read.clip));
    if keeps.all_frames {
        assert_eq!(wanted, found, "{}", frame.clip);
    } else {
        assert_eq!(wanted[wanted.len() / 2..=wanted.len() / 2], found);
    }
}

/// The stories of one length in every split, in their order. Gives how many there are.
fn same(one: &OpenDataset, other: &OpenDataset, length: usize, keeps: Keeps) -> usize {
    let mut count = 0;
    for split in one.splits() {
        let (wanted, found) = (stories(one, split, length), stories(other, split, length));
        assert_eq!(wanted.len(), found.len(), "{split}");
        for (story, read) in wanted.iter().zip(&found) {
            assert_eq!(read.frames.len(), story.frames.len());
            for pair in story.frames.iter().zip(&read.frames) {
                same_frame((one, other), pair, keeps);
            }
        }
        count += wanted.len();
    }
    count
}

#[test]
fn minisv_is_the_same_through_every_layout() {
    let root = tempfile::tempdir().unwrap();
    let source = drawn(root.path());
    for to in Layout::ALL {
        let out = root.path().join(to.name());
        let data = converted(&source, to, &out);
        let length = story_length(to, None).unwrap_or(4);
        let count = same(&source, &data, length, keeps(to));
        assert!(count >= 5, "{to}: {count} stories");
        // The card of MiniSV reads it too.
        let by_card = opened(&out, minisv(), story_length(to, None));
        assert_eq!(by_card.layout().layout, to);
        assert_eq!(by_card.stories(), data.stories());
    }
    // Nothing but the folders: drafts are gone.
    assert_eq!(
        fs::read_dir(root.path()).unwrap().count(),
        1 + Layout::ALL.len()
    );
}

#[test]
fn clips_in_sequence_give_stories_of_any_length_again() {
    let root = tempfile::tempdir().unwrap();
    let source = drawn(root.path());
    for to in [
        Layout::Flintstones,
        Layout::FlintstonesFull,
        Layout::StorygptV,
    ] {
        let data = converted(&source, to, &root.path().join(to.name()));
        for length in [1, 2, 3, 5, 6] {
            assert!(same(&source, &data, length, ALL) > 0);
        }
    }
    // Starts of fewer than 4 clips are not listed there.
    let data = converted(&source, Layout::Pororo, &root.path().join("pororo"));
    for length in [5, 6] {
        assert!(same(&source, &data, length, keeps(Layout::Pororo)) > 0);
    }
}

#[test]
fn settings_and_boxes_of_the_annotations_are_carried_over() {
    let root = tempfile::tempdir().unwrap();
    let source = drawn(root.path());
    let by_id = |folder: &Path| -> BTreeMap<String, Value> {
        let text = fs::read_to_string(folder.join(flintstones::ANNOTATIONS)).unwrap();
        let entries: Vec<Value> = serde_json::from_str(&text).unwrap();
        let id = |entry: &Value| entry["globalID"].as_str().unwrap().to_owned();
        entries
            .into_iter()
            .map(|entry| (id(&entry), entry))
            .collect()
    };
    let wanted = by_id(source.folder());
    assert!(
        wanted
            .values()
            .any(|entry| entry["characters"][0]["rectangles"].is_array())
    );
    let (first, second) = (root.path().join("one"), root.path().join("two"));
    let between = converted(&source, Layout::StorygptV, &first);
    converted(&between, Layout::Flintstones, &second);
    assert_eq!(by_id(&first), wanted);
    assert_eq!(by_id(&second), wanted);
}

#[test]
fn there_and_back_gives_the_same_stories() {
    let root = tempfile::tempdir().unwrap();
    let source = drawn(root.path());
    for between in [Layout::Folder, Layout::StorygptV, Layout::Mugen] {
        let there = converted(&source, between, &root.path().join(between.name()));
        let back = root.path().join(format!("back-{between}"));
        let back = converted(&there, Layout::Flintstones, &back);
        assert!(same(&source, &back, 4, keeps(between)) > 5);
        for split in source.splits() {
            let ids = |data| stories(data, split, 4).into_iter().map(|story| story.id);
            assert!(ids(&source).eq(ids(&back)));
        }
    }
    let there = converted(&source, Layout::Pororo, &root.path().join("pororo"));
    let back = converted(&there, Layout::Folder, &root.path().join("back-pororo"));
    assert!(same(&source, &back, 4, keeps(Layout::Pororo)) > 5);
}

#[test]
fn synth_draws_in_every_layout() {
    let root = tempfile::tempdir().unwrap();
    let world = World {
        seed: 1,
        sizes: SplitSizes {
            test_stories: 2,
            val_stories: 1,
            train_clips: 0,
        },
    };
    for layout in Layout::ALL {
        let out = root.path().join(layout.name());
        let report = write_in(&out, world, layout, &|_, _, _| {}).unwrap();
        assert_eq!(report.dir, out);
        let options = OpenOptions::new(minisv(), &out);
        let data = open(&options).unwrap();
        assert_eq!(data.layout().layout, layout);
        assert_eq!(data.stories().len(), 2, "{layout}");
        let length = story_length(layout, None).unwrap_or(4);
        assert!(
            data.stories()
                .iter()
                .all(|story| story.frames.len() == length)
        );
        let again = root.path().join(format!("{layout}-again"));
        let again = write_in(&again, world, layout, &|_, _, _| {}).unwrap();
        assert_eq!(again.content_sha256, report.content_sha256);
    }
}

fn fixture(name: &str, layout: Layout) -> OpenDataset {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("reference-data/fixtures")
        .join(name);
    let text = fs::read_to_string(folder.join("expected.json")).unwrap();
    let expected: Value = serde_json::from_str(&text).unwrap();
    let names = |key: &str| -> Vec<String> {
        let names = expected[key].as_array().cloned().unwrap_or_default();
        names
            .iter()
            .map(|name| name.as_str().unwrap().to_owned())
            .collect()
    };
    let character = |name| Character {
        name,
        gender: Gender::Male,
        aliases: Vec::new(),
    };
    let mut card = match layout {
        Layout::Mugen => card_of("mugen").unwrap(),
        _ => DatasetCard {
            characters: names("cast").into_iter().map(character).collect(),
            backgrounds: names("backgrounds"),
            layouts: vec![LayoutCard {
                layout,
                ..LayoutCard::folder()
            }],
            ..DatasetCard::of_folder(name)
        },
    };
    if let Some(window) = expected["window"].as_u64() {
        card.story_length = window as usize;
    }
    opened(&folder, card, None)
}

const FIXTURES: [(&str, Layout); 13] = [
    ("flintstones-storydalle", Layout::Flintstones),
    ("flintstones-full", Layout::FlintstonesFull),
    ("storygpt-v-flintstones", Layout::StorygptV),
    ("storygpt-v-pororo", Layout::StorygptV),
    ("pororo-original", Layout::Pororo),
    ("pororo-make-a-story", Layout::Pororo),
    ("vist-gill", Layout::Vist),
    ("vist-arldm", Layout::Vist),
    ("arldm-flintstones", Layout::ArldmH5),
    ("arldm-pororo", Layout::ArldmH5),
    ("arldm-vist", Layout::ArldmH5),
    ("mugen", Layout::Mugen),
    ("folder", Layout::Folder),
];

#[test]
fn every_fixture_becomes_a_folder_that_reads_back_equal() {
    let root = tempfile::tempdir().unwrap();
    for (name, layout) in FIXTURES {
        let source = fixture(name, layout);
        let data = converted(&source, Layout::Folder, &root.path().join(name));
        let mut clips = 0;
        for split in source.splits() {
            let of = |data: &OpenDataset| data.stories_of(split, None, WindowRule::default());
            let wanted = of(&source).unwrap();
            if wanted.is_empty() {
                continue;
            }
            assert_eq!(wanted, of(&data).unwrap(), "{name}, {split}");
            for frame in wanted.iter().flat_map(|story| &story.frames) {
                assert_eq!(frames(&source, &frame.clip), frames(&data, &frame.clip));
                clips += 1;
            }
        }
        assert!(clips > 3, "{name}");
    }
}

#[test]
fn fixtures_go_back_into_their_own_layout() {
    let root = tempfile::tempdir().unwrap();
    for (name, layout) in FIXTURES {
        let source = fixture(name, layout);
        let data = converted(&source, layout, &root.path().join(name));
        let length = source.stories()[0].frames.len();
        let keeps = Keeps {
            ids: layout != Layout::ArldmH5,
            ..ALL
        };
        let keeps = match layout {
            // The pictures of ARLDM's VIST are single frames, so nothing is lost there.
            Layout::Vist | Layout::Mugen => Keeps {
                all_frames: false,
                ..keeps
            },
            _ => keeps,
        };
        assert!(same(&source, &data, length, keeps) > 0, "{name}");
    }
}

#[test]
fn clips_of_a_test_story_stay_in_their_own_splits() {
    let root = tempfile::tempdir().unwrap();
    let source = fixture("flintstones-storydalle", Layout::Flintstones);
    let out = root.path().join("test");
    let options = ConvertOptions {
        split: "test",
        ..options(Layout::Flintstones, &out)
    };
    convert(&source, &options, &|_, _| {}).unwrap();
    let data = opened(&out, source.card().clone(), None);
    for length in [2, 3, 4, 5] {
        let (wanted, found) = (
            stories(&source, "test", length),
            stories(&data, "test", length),
        );
        assert_eq!(wanted, found);
    }
    assert!(data.split_sizes()["train"] > 0);
    // And through a list of windows, whose test stories show clips of train.
    let folder = converted(&source, Layout::Folder, &root.path().join("folder"));
    let back = converted(&folder, Layout::Flintstones, &root.path().join("back"));
    for split in ["train", "val", "test"] {
        assert_eq!(stories(&source, split, 5), stories(&back, split, 5));
    }
}

#[test]
fn pororo_becomes_storygpt_v_as_in_the_published_repack() {
    let root = tempfile::tempdir().unwrap();
    let folder = fixture("pororo-make-a-story", Layout::Pororo);
    let mut card = folder.card().clone();
    card.text_procedure = Some(TextProcedure::Pororo);
    let source = opened(folder.folder(), card, None);
    let out = root.path().join("out");
    let data = converted(&source, Layout::StorygptV, &out);
    let keeps = Keeps { ids: false, ..ALL };
    assert!(same(&source, &data, 4, keeps) > 5);
    let cleaned = fs::read_to_string(out.join("cleaned_annotations.json")).unwrap();
    let cleaned: Value = serde_json::from_str(&cleaned).unwrap();
    assert!(cleaned["Episode_A_1_A_1_ep1_1"]["captions"][0].is_string());
    assert!(!out.join(flintstones::ANNOTATIONS).exists());
}

#[test]
fn stories_of_five_frames_in_pororo_have_both_caches() {
    let root = tempfile::tempdir().unwrap();
    let source = drawn(root.path());
    let out = root.path().join("pororo");
    let options = ConvertOptions {
        story_length: Some(5),
        ..options(Layout::Pororo, &out)
    };
    convert(&source, &options, &|_, _| {}).unwrap();
    let data = opened(&out, minisv(), Some(5));
    assert!(data.files().contains(&"img_cache4.npy".to_owned()));
    assert!(same(&source, &data, 5, keeps(Layout::Pororo)) > 3);
    let data = opened(&out, minisv(), Some(4));
    assert!(data.files().contains(&"img_cache3.npy".to_owned()));
    let four = stories(&data, "test", 4);
    let five = stories(&source, "test", 5);
    assert_eq!(four.len(), five.len());
    for (four, five) in four.iter().zip(&five) {
        let captions = |story: &Story| {
            story.frames[..4]
                .iter()
                .map(|f| f.caption.clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(captions(four), captions(five));
    }
}

/// A folder of one's own: stories, and for each frame its picture's size.
fn own(folder: &Path, lines: &[Value], sizes: &[(&str, u32, u32)]) -> OpenDataset {
    fs::create_dir_all(folder).unwrap();
    let lines: Vec<String> = lines.iter().map(Value::to_string).collect();
    fs::write(folder.join("stories.jsonl"), lines.join("\n")).unwrap();
    for (name, width, height) in sizes {
        RgbImage::new(*width, *height)
            .save(folder.join(name))
            .unwrap();
    }
    let mut card = DatasetCard::of_folder("own");
    card.characters = vec![Character {
        name: "otto".to_owned(),
        gender: Gender::Male,
        aliases: Vec::new(),
    }];
    opened(folder, card, None)
}

fn frame(image: &str, clip: &str, caption: &str) -> Value {
    json!({ "image": image, "clip": clip, "caption": caption, "characters": ["otto"] })
}

/// Converts, and must fail: the error, and nothing is left.
fn refused(source: &OpenDataset, to: Layout) -> ConvertError {
    let root = tempfile::tempdir().unwrap();
    let out = root.path().join("out");
    let error = convert(source, &options(to, &out), &|_, _| {}).unwrap_err();
    assert!(error.hint().is_some());
    assert_eq!(fs::read_dir(root.path()).unwrap().count(), 0, "{error}");
    error
}

macro_rules! refuses {
    ($source:expr, $to:expr, $error:pat) => {{
        let error = refused(&$source, $to);
        if false {
            panic!("another error")
        };
        assert!(matches!(error, $error), "{error}");
    }};
}

#[test]
fn what_a_layout_cannot_express_is_refused_and_nothing_is_left() {
    let root = tempfile::tempdir().unwrap();
    let at = |name: &str| root.path().join(name);
    let vist = fixture("vist-gill", Layout::Vist);
    for to in [Layout::Flintstones, Layout::StorygptV] {
        refuses!(
            vist,
            to,
            ConvertError::SeveralTexts { .. } | ConvertError::ManyOrders { .. }
        );
    }
    let vist = fixture("arldm-flintstones", Layout::ArldmH5);
    for to in [Layout::Flintstones, Layout::Pororo] {
        refuses!(
            vist,
            to,
            ConvertError::Name { .. } | ConvertError::NoLabels { .. }
        );
    }

    let square = [("a.png", 8, 8), ("b.png", 8, 8)];
    let story = |id: &str, frames: &[Value]| json!({ "id": id, "frames": frames });
    let plain = own(
        &at("plain"),
        &[story(
            "s",
            &[frame("a.png", "a", "One."), frame("b.png", "b", "Two.")],
        )],
        &square,
    );
    refuses!(plain, Layout::Flintstones, ConvertError::Name { .. });
    refuses!(plain, Layout::ArldmH5, ConvertError::NoStory { .. });
    refuses!(plain, Layout::Vist, ConvertError::NoStory { .. });

    let sizes = [("a.png", 8, 8), ("b.png", 6, 6)];
    let mixed = own(
        &at("sizes"),
        &[story(
            "s",
            &[frame("a.png", "a", "One."), frame("b.png", "b", "Two.")],
        )],
        &sizes,
    );
    refuses!(mixed, Layout::StorygptV, ConvertError::SizesDiffer { .. });

    let five = |bar: &str| -> Vec<Value> {
        (0..5)
            .map(|k| frame("a.png", &format!("c{k}"), bar))
            .collect()
    };
    let bar = own(&at("bar"), &[story("s", &five("Otto | Mira."))], &square);
    refuses!(
        bar,
        Layout::ArldmH5,
        ConvertError::Caption { mark: '|', .. }
    );

    let wide = own(
        &at("wide"),
        &[story("s", &five("Otto."))],
        &[("a.png", 8, 4)],
    );
    refuses!(wide, Layout::ArldmH5, ConvertError::NotSquare { .. });
    refuses!(wide, Layout::Pororo, ConvertError::NotSquare { .. });

    let orders = own(
        &at("orders"),
        &[
            story(
                "s",
                &[frame("a.png", "a", "One."), frame("b.png", "b", "Two.")],
            ),
            story(
                "t",
                &[frame("b.png", "b", "Two."), frame("a.png", "a", "One.")],
            ),
        ],
        &square,
    );
    refuses!(orders, Layout::StorygptV, ConvertError::ManyOrders { .. });

    // Ids that say one sequence, stories that say another.
    let (first, second) = ("s_01_e_01_shot_000001", "s_01_e_01_shot_000002");
    let backwards = own(
        &at("backwards"),
        &[story(
            "s",
            &[
                frame("b.png", second, "Two."),
                frame("a.png", first, "One."),
            ],
        )],
        &square,
    );
    refuses!(
        backwards,
        Layout::Flintstones,
        ConvertError::Sequence { .. }
    );
    let mut other = story(
        "s",
        &[frame("a.png", "a", "One."), frame("b.png", "b", "Two.")],
    );
    other["split"] = json!("dev");
    let dev = own(&at("dev"), &[other], &square);
    refuses!(dev, Layout::StorygptV, ConvertError::Split { .. });
}

#[test]
fn an_occupied_folder_is_left_alone() {
    let root = tempfile::tempdir().unwrap();
    let source = fixture("mugen", Layout::Mugen);
    let out = root.path().join("out");
    fs::create_dir(&out).unwrap();
    fs::write(out.join("thesis.tex"), "chapter 1").unwrap();
    let error = convert(&source, &options(Layout::Folder, &out), &|_, _| {}).unwrap_err();
    assert!(error.to_string().contains("not an empty folder"), "{error}");
    assert_eq!(
        fs::read_to_string(out.join("thesis.tex")).unwrap(),
        "chapter 1"
    );
}

#[test]
fn ids_that_are_no_file_names_become_some() {
    let root = tempfile::tempdir().unwrap();
    let clips = ["../up", "a:b", "a/b", ".hidden"];
    let frames: Vec<Value> = clips
        .iter()
        .map(|clip| frame("a.png", clip, "Otto."))
        .collect();
    let source = own(
        &root.path().join("own"),
        &[json!({ "id": "s", "frames": frames })],
        &[("a.png", 8, 8)],
    );
    for to in [Layout::Folder, Layout::Mugen] {
        let data = converted(&source, to, &root.path().join(to.name()));
        assert_eq!(data.stories(), source.stories());
    }
}

#[test]
fn progress_ends_where_it_said() {
    let root = tempfile::tempdir().unwrap();
    let source = drawn(root.path());
    for to in Layout::ALL {
        let reports = std::sync::Mutex::new(Vec::new());
        convert(
            &source,
            &options(to, &root.path().join(to.name())),
            &|done, total| {
                reports.lock().unwrap().push((done, total));
            },
        )
        .unwrap();
        let reports = reports.into_inner().unwrap();
        let (done, total) = *reports.last().unwrap();
        assert_eq!(done, total, "{to}");
        assert_eq!(reports.len(), total, "{to}");
    }
}
