use super::*;
use crate::format::StoryFile;
use crate::record::sha256_hex;
use crate::vision::VisionError;
use image::ImageFormat;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::io::Cursor;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("reference-data/fixtures")
        .join(name)
}

#[derive(Deserialize)]
struct Clips {
    clips: BTreeMap<String, Clip>,
}

#[derive(Deserialize)]
struct Clip {
    #[serde(default)]
    frames: Vec<String>,
    #[serde(default)]
    mean: Vec<f64>,
}

fn clips(folder: &str) -> BTreeMap<String, Clip> {
    let text = std::fs::read(fixture(&format!("{folder}/expected.json"))).unwrap();
    serde_json::from_slice::<Clips>(&text).unwrap().clips
}

fn hashes(frames: &mut dyn ClipFrames) -> Vec<String> {
    let all = frames.all().unwrap();
    assert_eq!(all.len(), frames.frames());
    all.frames()
        .iter()
        .enumerate()
        .map(|(index, frame)| {
            assert_eq!(frame.dimensions(), frames.size());
            assert_eq!(&frames.frame(index).unwrap(), frame);
            sha256_hex(frame.as_raw())
        })
        .collect()
}

#[test]
fn columns_of_frames_are_the_ones_that_pillow_wrote() {
    for folder in ["pororo-original", "pororo-make-a-story"] {
        let clips = clips(folder);
        assert!(clips.len() > 20);
        for (id, clip) in clips {
            let path = fixture(&format!("{folder}/{id}.png"));
            let mut strip = Strip::open(&path, Channels::Rgb).unwrap();
            assert_eq!(hashes(&mut strip), clip.frames, "{id}");
            let (frames, found) = (strip.frames(), strip.frame(strip.frames()));
            assert!(
                matches!(found, Err(FramesError::NoSuchFrame { index, frames: f }) if index == f && f == frames)
            );
        }
    }
}

#[test]
fn a_file_a_frame() {
    for (folder, pictures) in [("vist-gill", "sis/val_images"), ("vist-arldm", "images")] {
        for (id, clip) in clips(folder) {
            let end = if clip.mean.is_empty() { "png" } else { "jpg" };
            let path = fixture(&format!("{folder}/{pictures}/{id}.{end}"));
            let mut opened = Pictures::open(vec![path]).unwrap();
            assert_eq!(opened.size(), (32, 32));
            if clip.mean.is_empty() {
                assert_eq!(hashes(&mut opened), clip.frames, "{id}");
                continue;
            }
            let frame = opened.frame(0).unwrap();
            for channel in 0..3 {
                let sum: f64 = frame
                    .pixels()
                    .map(|pixel| f64::from(pixel.0[channel]))
                    .sum();
                let mean = sum / f64::from(frame.width() * frame.height());
                assert!(
                    (mean - clip.mean[channel]).abs() < 2.0,
                    "{id} {channel}: {mean}"
                );
            }
        }
    }
}

#[derive(Deserialize)]
struct Arldm {
    stories: BTreeMap<String, Vec<ArldmStory>>,
}

#[derive(Deserialize)]
struct ArldmStory {
    frames: Vec<Vec<String>>,
}

#[test]
fn what_opencv_wrote_has_its_colours_back() {
    for (folder, file, strips) in [
        ("arldm-flintstones", "flintstones.h5", true),
        ("arldm-pororo", "pororo.h5", true),
        ("arldm-vist", "vist.h5", false),
    ] {
        let text = std::fs::read(fixture(&format!("{folder}/expected.json"))).unwrap();
        let expected: Arldm = serde_json::from_slice(&text).unwrap();
        let path = fixture(&format!("{folder}/{file}"));
        let stories = StoryFile::open(&path).unwrap();
        let mut red = 0;
        for (split, rows) in &expected.stories {
            for (index, story) in rows.iter().enumerate() {
                for (k, wanted) in story.frames.iter().enumerate() {
                    let bytes = stories.image(split, k, index as u64).unwrap();
                    let mut frames: Box<dyn ClipFrames> = if strips {
                        Box::new(Strip::decode(&bytes, &path, Channels::Swapped).unwrap())
                    } else {
                        Box::new(Picture::decode(&bytes, &path, Channels::Swapped).unwrap())
                    };
                    assert_eq!(
                        &hashes(frames.as_mut()),
                        wanted,
                        "{folder} {split} {index} {k}"
                    );
                    let first = frames.frame(0).unwrap();
                    red += usize::from(first.pixels().all(|pixel| pixel.0 == [255, 0, 0]));
                }
            }
        }
        assert!(red > 0 || !strips, "{folder} has no red frame");
    }
}

fn png(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    RgbImage::new(width, height)
        .write_to(&mut bytes, ImageFormat::Png)
        .unwrap();
    bytes.into_inner()
}

#[test]
fn pictures_that_are_no_column_are_refused() {
    let path = Path::new("a.png");
    for (width, height) in [(4, 6), (8, 4), (5, 4)] {
        let found = Strip::decode(&png(width, height), path, Channels::Rgb);
        assert!(matches!(
            found,
            Err(FramesError::NotStrip { width: w, height: h }) if (w, h) == (width, height)
        ));
    }
    assert_eq!(
        Strip::decode(&png(4, 12), path, Channels::Rgb)
            .unwrap()
            .frames(),
        3
    );
}

#[test]
fn a_header_of_ten_billion_pixels_is_refused_at_once() {
    let mut bytes = png(4, 4);
    bytes[16..24].copy_from_slice(&[0, 1, 0x86, 0xA0, 0, 1, 0x86, 0xA0]);
    let path = Path::new("big.png");
    for found in [
        Strip::decode(&bytes, path, Channels::Swapped).err(),
        Picture::decode(&bytes, path, Channels::Rgb).err(),
    ] {
        let Some(FramesError::Picture(error)) = found else {
            panic!("{found:?}");
        };
        assert!(matches!(
            *error,
            VisionError::TooLarge {
                width: 100_000,
                height: 100_000,
                ..
            }
        ));
    }
}

#[test]
fn pictures_of_a_clip_have_one_size() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (folder.path().join("0.png"), folder.path().join("1.png"));
    std::fs::write(&first, png(4, 4)).unwrap();
    std::fs::write(&second, png(4, 5)).unwrap();
    let mut pictures = Pictures::open(vec![first.clone(), second]).unwrap();
    assert!(pictures.frame(0).is_ok());
    let error = pictures.all().unwrap_err();
    assert!(
        error
            .to_string()
            .contains("4 x 5 pixels, the first is 4 x 4"),
        "{error}"
    );
    assert!(matches!(
        Pictures::open(Vec::new()),
        Err(FramesError::NoPicture)
    ));
    std::fs::write(&first, b"GIF89a").unwrap();
    let error = Pictures::open(vec![first]).unwrap_err();
    assert!(
        matches!(error, FramesError::Picture(error) if matches!(*error, VisionError::NotImage { .. }))
    );
}
