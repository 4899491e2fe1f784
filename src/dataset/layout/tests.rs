//! Every layout against files that numpy, pickle, h5py, OpenCV and Pillow wrote
//! (`tools/fixtures/make.py`), and what Python says is in them.

use crate::card::{
    CaptionSource, Character, DatasetCard, Gender, GroundTruthRule, Layout, LayoutCard, WindowRule,
    dataset,
};
use crate::dataset::{Dataset, OpenDataset, OpenOptions, open};
use crate::record::Story;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

fn fixture(name: &str) -> (PathBuf, Value) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("reference-data/fixtures");
    let text = std::fs::read_to_string(root.join(name).join("expected.json")).unwrap();
    (root.join(name), serde_json::from_str(&text).unwrap())
}

fn strings(value: &Value) -> Vec<String> {
    let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
    items
        .iter()
        .map(|item| item.as_str().unwrap().to_owned())
        .collect()
}

/// A card for a fixture: its cast, and the one layout.
fn card(expected: &Value, layout: Layout) -> DatasetCard {
    let cast = strings(&expected["cast"]);
    let characters = cast.into_iter().map(|name| Character {
        name,
        gender: Gender::Male,
        aliases: Vec::new(),
    });
    DatasetCard {
        characters: characters.collect(),
        background_count: None,
        backgrounds: strings(&expected["backgrounds"]),
        layouts: vec![LayoutCard {
            layout,
            ..LayoutCard::folder()
        }],
        ..DatasetCard::of_folder("fixture")
    }
}

fn opened(folder: &Path, card: DatasetCard, split: &str, length: Option<usize>) -> OpenDataset {
    let options = OpenOptions {
        split: split.to_owned(),
        story_length: length,
        ..OpenOptions::new(card, folder)
    };
    open(&options).unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
}

fn hashes(data: &OpenDataset, clip: &crate::record::ClipId) -> Vec<String> {
    let stack = data.clip_frames(clip).unwrap();
    let frames = stack.frames().iter();
    frames
        .map(|frame| crate::record::hex(&Sha256::digest(frame.as_raw())))
        .collect()
}

fn ids(story: &Story) -> Vec<&str> {
    story
        .frames
        .iter()
        .map(|frame| frame.clip.as_str())
        .collect()
}

fn captions(story: &Story) -> Vec<&str> {
    story.frames.iter().map(|frame| &*frame.caption).collect()
}

/// Stories of one split: ids, clips, captions, in the order that Python has them.
fn same_stories(stories: &[Story], wanted: &Value) {
    let wanted = wanted.as_array().unwrap();
    assert_eq!(stories.len(), wanted.len());
    for (story, wanted) in stories.iter().zip(wanted) {
        assert_eq!(wanted["id"], story.id.as_str());
        assert_eq!(strings(&wanted["clips"]), ids(story));
        assert_eq!(strings(&wanted["captions"]), captions(story));
    }
}

/// Characters, labels and pixels of every clip in a story. Gives how many clips were checked.
fn same_clips(data: &OpenDataset, clips: &Value) -> usize {
    let mut seen = std::collections::BTreeSet::new();
    for frame in data.stories().iter().flat_map(|story| &story.frames) {
        if !seen.insert(frame.clip.as_str()) {
            continue;
        }
        let wanted = &clips[frame.clip.as_str()];
        if let Some(labels) = wanted["labels"].as_array() {
            let labels: Vec<bool> = labels.iter().map(|label| label == 1).collect();
            assert_eq!(frame.character_labels.as_deref(), Some(labels.as_slice()));
            // The order is that of the annotation or of the labels, and so is the spelling.
            let sorted = |names: &[String]| {
                let mut names: Vec<String> = names.iter().map(|name| name.to_lowercase()).collect();
                names.sort_unstable();
                names
            };
            let names = strings(&wanted["characters"]);
            assert_eq!(sorted(&names), sorted(&frame.characters));
        } else {
            assert_eq!(frame.character_labels, None);
        }
        if let Some(place) = wanted["background"].as_u64() {
            let labels = frame.background_labels.as_deref().unwrap();
            assert_eq!(labels.iter().position(|label| *label), Some(place as usize));
            assert_eq!(labels.iter().filter(|label| **label).count(), 1);
        }
        if !wanted["lossy"].as_bool().unwrap_or(false) {
            assert_eq!(
                strings(&wanted["frames"]),
                hashes(data, &frame.clip),
                "{}",
                frame.clip
            );
        }
    }
    seen.len()
}

fn splits(expected: &Value) -> Vec<String> {
    expected["stories"]
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect()
}

/// A fixture as a whole: every split in stories of the published length.
fn agrees(name: &str, layout: Layout) -> usize {
    let (folder, expected) = fixture(name);
    let window = expected["window"].as_u64().map(|window| window as usize);
    let mut clips = 0;
    for split in splits(&expected) {
        let data = opened(&folder, card(&expected, layout), &split, window);
        assert_eq!(data.layout().layout, layout);
        same_stories(data.stories(), &expected["stories"][&split]);
        clips += same_clips(&data, &expected["clips"]);
    }
    clips
}

#[test]
fn flintstones_as_storydalle_has_it() {
    let name = "flintstones-storydalle";
    assert!(agrees(name, Layout::Flintstones) > 10);
    let (folder, expected) = fixture(name);
    let of = |split: &str, length| {
        let card = card(&expected, Layout::Flintstones);
        opened(&folder, card, split, Some(length))
    };
    for split in splits(&expected) {
        same_stories(of(&split, 4).stories(), &expected["stories_of_4"][&split]);
        // A length without a cache is cut from the sorted ids, and agrees with the cache where both are.
        let computed = of(&split, 3);
        for story in of(&split, 4).stories() {
            let shorter = computed.stories().iter().find(|other| other.id == story.id);
            assert_eq!(shorter.unwrap().frames, story.frames[..3]);
        }
    }
}

#[test]
fn flintstones_with_all_frames() {
    assert!(agrees("flintstones-full", Layout::FlintstonesFull) > 5);
}

#[test]
fn storygpt_v_repack_of_both_data_sets() {
    assert!(agrees("storygpt-v-flintstones", Layout::StorygptV) > 5);
    assert!(agrees("storygpt-v-pororo", Layout::StorygptV) > 5);
}

#[test]
fn pororo_with_byte_strings_and_with_text() {
    assert!(agrees("pororo-original", Layout::Pororo) > 10);
    assert!(agrees("pororo-make-a-story", Layout::Pororo) > 10);
}

fn copy_tree(from: &Path, to: &Path) {
    for file in std::fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        let to = to.join(file.file_name());
        if file.file_type().unwrap().is_dir() {
            std::fs::create_dir(&to).unwrap();
            copy_tree(&file.path(), &to);
        } else {
            std::fs::copy(file.path(), to).unwrap();
        }
    }
}

#[test]
fn pororo_with_captions_in_the_older_spreadsheet() {
    let (folder, expected) = fixture("pororo-original");
    let copy = tempfile::tempdir().unwrap();
    copy_tree(&folder, copy.path());
    std::fs::remove_file(copy.path().join("descriptions.npy")).unwrap();
    let mut stories = 0;
    for split in splits(&expected) {
        let data = opened(
            copy.path(),
            card(&expected, Layout::Pororo),
            &split,
            Some(5),
        );
        same_stories(data.stories(), &expected["stories"][&split]);
        stories += data.stories().len();
    }
    assert!(stories > 10);
}

#[test]
fn pororo_in_stories_of_a_length_without_a_cache() {
    let (folder, expected) = fixture("pororo-original");
    let long = opened(&folder, card(&expected, Layout::Pororo), "test", Some(3));
    let five = opened(&folder, card(&expected, Layout::Pororo), "test", Some(5));
    assert!(!five.stories().is_empty());
    for story in five.stories() {
        let other = long.stories().iter().find(|other| other.id == story.id);
        assert_eq!(other.unwrap().frames, story.frames[..3]);
    }
}

#[test]
fn vist_in_both_namings_leaves_out_and_counts_what_lacks_a_photo() {
    for name in ["vist-gill", "vist-arldm"] {
        assert!(agrees(name, Layout::Vist) > 5);
        let (folder, expected) = fixture(name);
        for left_out in expected["left_out"].as_array().unwrap() {
            let split = left_out["split"].as_str().unwrap();
            let data = opened(&folder, card(&expected, Layout::Vist), split, None);
            let id = left_out["id"].as_str().unwrap();
            assert!(data.remarks().any(|remark| remark.contains(id)), "{id}");
            assert!(data.stories().iter().all(|story| story.id.as_str() != id));
        }
    }
}

#[test]
fn vist_descriptions_are_captions_where_the_card_says_so() {
    let (folder, expected) = fixture("vist-arldm");
    for split in splits(&expected) {
        let mut card = card(&expected, Layout::Vist);
        card.layouts[0].captions = CaptionSource::Descriptions;
        let data = opened(&folder, card, &split, Some(5));
        let wanted = expected["stories"][&split].as_array().unwrap();
        assert_eq!(data.stories().len(), wanted.len());
        for (story, wanted) in data.stories().iter().zip(wanted) {
            assert_eq!(strings(&wanted["descriptions"]), captions(story));
        }
    }
}

#[test]
fn vist_photos_of_arldm_are_decoded() {
    let (folder, expected) = fixture("vist-arldm");
    let data = opened(&folder, card(&expected, Layout::Vist), "val", None);
    let mut looked = 0;
    for frame in data.stories().iter().flat_map(|story| &story.frames) {
        let wanted = &expected["clips"][frame.clip.as_str()]["mean"];
        let image = &data.clip_frames(&frame.clip).unwrap().frames()[0].clone();
        let pixels = f64::from(image.width() * image.height());
        for channel in 0..3 {
            let sum: f64 = image.pixels().map(|pixel| f64::from(pixel[channel])).sum();
            // The fixture has three decimals.
            assert!((sum / pixels - wanted[channel].as_f64().unwrap()).abs() < 6e-4);
        }
        looked += 1;
    }
    assert!(looked >= 5);
}

#[test]
fn photos_of_four_channels_and_damaged_ones_are_reported() {
    let (folder, expected) = fixture("vist-arldm");
    let copy = tempfile::tempdir().unwrap();
    copied(&folder, copy.path());
    let data = opened(copy.path(), card(&expected, Layout::Vist), "val", None);
    let clip = data.stories()[0].frames[0].clip.clone();
    data.ground_truth(&clip, GroundTruthRule::Middle).unwrap();
    assert_eq!(data.doubts(), Vec::<String>::new());
    let photo = data
        .files()
        .into_iter()
        .find(|file| file.contains(clip.as_str()));
    let photo = copy.path().join(photo.unwrap());
    for (file, defect) in [
        ("cmyk", "CMYK"),
        ("data-missing-before-the-end", "damaged files"),
    ] {
        let golden = format!("reference-data/golden/jpeg/{file}.jpg");
        std::fs::copy(golden, &photo).unwrap();
        data.ground_truth(&clip, GroundTruthRule::Middle).unwrap();
        let doubts = data.doubts().join("\n");
        assert!(
            doubts.contains(defect) && doubts.contains(clip.as_str()),
            "{doubts}"
        );
    }
}

fn copied(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copied(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// ARLDM's files: text by `|`, frames from pictures with red and blue exchanged.
fn arldm(name: &str, text: &str, captions_of: CaptionSource) {
    let (folder, expected) = fixture(name);
    for split in splits(&expected) {
        let mut card = card(&expected, Layout::ArldmH5);
        card.layouts[0].captions = captions_of;
        let data = opened(&folder, card, &split, None);
        let wanted = expected["stories"][&split].as_array().unwrap();
        let whole = wanted
            .iter()
            .filter(|story| story[text].as_array().unwrap().len() == 5);
        assert_eq!(data.stories().len(), whole.clone().count());
        assert_eq!(
            data.remarks().count(),
            usize::from(whole.clone().count() < wanted.len())
        );
        for (story, wanted) in data.stories().iter().zip(whole) {
            assert_eq!(wanted["id"], story.id.as_str());
            assert_eq!(strings(&wanted[text]), captions(story));
            for (frame, wanted) in story
                .frames
                .iter()
                .zip(wanted["frames"].as_array().unwrap())
            {
                assert_eq!(
                    strings(wanted),
                    hashes(&data, &frame.clip),
                    "{}",
                    frame.clip
                );
                assert_eq!(frame.character_labels, None);
            }
        }
    }
}

#[test]
fn arldm_files_of_all_three_data_sets() {
    arldm("arldm-flintstones", "text", CaptionSource::Stories);
    arldm("arldm-pororo", "text", CaptionSource::Stories);
    arldm("arldm-vist", "sis", CaptionSource::Stories);
    arldm("arldm-vist", "dii", CaptionSource::Descriptions);
}

#[test]
fn arldms_red_square_decodes_red() {
    let (folder, expected) = fixture("arldm-flintstones");
    let red = splits(&expected).iter().any(|split| {
        let data = opened(&folder, card(&expected, Layout::ArldmH5), split, None);
        let frames = data.stories().iter().flat_map(|story| &story.frames);
        frames.into_iter().any(|frame| {
            let stack = data.clip_frames(&frame.clip).unwrap();
            stack
                .frames()
                .iter()
                .any(|image| image.pixels().all(|pixel| pixel.0 == [255, 0, 0]))
        })
    });
    assert!(red);
}

#[test]
fn a_file_may_be_named_instead_of_its_folder() {
    let (folder, expected) = fixture("arldm-flintstones");
    let by_folder = opened(&folder, card(&expected, Layout::ArldmH5), "test", None);
    let file = folder.join("flintstones.h5");
    let by_file = opened(&file, card(&expected, Layout::ArldmH5), "test", None);
    assert_eq!(by_folder.stories(), by_file.stories());
    assert_eq!(by_folder.content_hash(), by_file.content_hash());
}

#[test]
fn mugen_export() {
    let (folder, expected) = fixture("mugen");
    let card = dataset("mugen").unwrap();
    for split in splits(&expected) {
        let data = opened(&folder, card.clone(), &split, None);
        same_stories(data.stories(), &expected["stories"][&split]);
        assert!(same_clips(&data, &expected["clips"]) >= 4);
    }
}

#[test]
fn folder_with_labels_by_name_by_number_and_without() {
    let (folder, expected) = fixture("folder");
    for split in splits(&expected) {
        let data = opened(&folder, card(&expected, Layout::Folder), &split, None);
        let wanted = expected["stories"][&split].as_array().unwrap();
        assert_eq!(data.stories().len(), wanted.len());
        for (story, wanted) in data.stories().iter().zip(wanted) {
            assert_eq!(wanted["id"], story.id.as_str());
            assert_eq!(strings(&wanted["captions"]), captions(story));
            let clips = wanted["clips"].as_array().unwrap();
            for (frame, clip) in story.frames.iter().zip(clips) {
                let wanted = &expected["clips"][clip.as_str().unwrap()];
                assert_eq!(strings(&wanted["frames"]), hashes(&data, &frame.clip));
                let labels = wanted["labels"]
                    .as_array()
                    .map(|labels| labels.iter().map(|label| label == 1).collect::<Vec<bool>>());
                assert_eq!(frame.character_labels.as_deref(), labels.as_deref());
            }
        }
    }
}

#[test]
fn listed_stories_can_be_cut_and_joined() {
    let (folder, _) = fixture("mugen");
    let data = opened(&folder, dataset("mugen").unwrap(), "test", None);
    let count = data.stories().len();
    let pairs = data
        .stories_of("test", Some(2), WindowRule::default())
        .unwrap();
    assert_eq!(pairs.len(), 3 * count);
    let across = WindowRule {
        episodes: crate::card::EpisodeRule::Across,
        overlap: crate::card::Overlap::Disjoint,
        ..WindowRule::default()
    };
    let long = data.stories_of("test", Some(8), across).unwrap();
    assert_eq!(long.len(), count / 2);
    assert_eq!(long[0].frames[..4], data.stories()[0].frames);
    assert_eq!(long[0].frames[4..], data.stories()[1].frames);
}

#[test]
fn a_folder_is_read_in_the_first_layout_of_the_card_that_it_fits() {
    let (folder, expected) = fixture("storygpt-v-flintstones");
    let mut several = card(&expected, Layout::Flintstones);
    several.layouts.push(LayoutCard {
        layout: Layout::StorygptV,
        ..LayoutCard::folder()
    });
    let data = opened(&folder, several.clone(), "test", Some(4));
    assert_eq!(data.layout().layout, Layout::StorygptV);
    let options = OpenOptions {
        layout: Some(Layout::Flintstones),
        ..OpenOptions::new(several.clone(), &folder)
    };
    let error = open(&options).unwrap_err().to_string();
    assert!(error.contains("video_frames_sampled"), "{error}");
    let options = OpenOptions {
        layout: Some(Layout::Vist),
        ..OpenOptions::new(several, &folder)
    };
    let error = open(&options).unwrap_err().to_string();
    assert!(
        error.contains("has no layout vist; it has flintstones, storygpt-v, folder"),
        "{error}"
    );
}
