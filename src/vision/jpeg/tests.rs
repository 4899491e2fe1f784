//! Files that `tools/golden/jpeg.py` makes, against the pixels that Pillow reads in them; and hostile
//! files.

use super::super::{VisionError, decode_image};
use super::decode_jpeg;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

#[derive(Deserialize)]
struct Golden {
    files: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    file: String,
    size: (u32, u32),
    mode: String,
    sha256: String,
}

fn golden(folder: &Path) -> Golden {
    let text = std::fs::read_to_string(folder.join("jpeg.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn folder() -> PathBuf {
    PathBuf::from("reference-data/golden/jpeg")
}

fn bytes(name: &str) -> Vec<u8> {
    std::fs::read(folder().join(name)).unwrap()
}

/// Names of files whose pixels are not Pillow's.
fn differing(folder: &Path) -> (usize, Vec<String>) {
    let cases = golden(folder).files;
    let count = cases.len();
    let differs = |case: &Case| {
        let bytes = std::fs::read(folder.join(&case.file)).unwrap();
        let Ok(found) = decode_jpeg(&bytes, Path::new(&case.file)) else {
            return true;
        };
        let digest = format!("{:x}", Sha256::digest(found.image.as_raw()));
        found.image.dimensions() != case.size
            || digest != case.sha256
            || found.four_channels != (case.mode == "CMYK")
    };
    let wrong = cases.into_iter().filter(differs).map(|case| case.file);
    (count, wrong.collect())
}

#[test]
fn every_kind_of_jpeg_has_the_pixels_of_pillow() {
    let (count, wrong) = differing(&folder());
    assert_eq!(wrong, Vec::<String>::new());
    assert!(count >= 50, "{count}");
}

/// `tools/slow/pixels_against_pillow.sh` makes the folder and runs this.
#[test]
#[ignore = "needs a folder that tools/slow/pixels_against_pillow.sh makes"]
fn slow_thousands_of_files_have_the_pixels_of_pillow() {
    let folder = std::env::var_os("STORYEVAL_JPEG_FOLDER").expect("the folder of files");
    let (count, wrong) = differing(Path::new(&folder));
    println!("{count} files, {} differ", wrong.len());
    assert_eq!(wrong, Vec::<String>::new());
    assert!(count >= 3000, "{count}");
}

#[test]
fn damaged_data_is_told_and_odd_headers_are_not() {
    for case in golden(&folder()).files {
        let found = decode_image(&bytes(&case.file), Path::new(&case.file)).unwrap();
        assert!(found.lossy_source);
        let damaged = case.file == "data-missing-before-the-end.jpg";
        assert_eq!(found.damaged, damaged, "{}", case.file);
    }
}

/// A header of `size` and as many scans.
fn scans(width: u16, height: u16, count: usize) -> Vec<u8> {
    let mut file = bytes("progressive-first-scan-only.jpg");
    let frame = position(&file, [0xFF, 0xC2]);
    file[frame + 5..frame + 7].copy_from_slice(&height.to_be_bytes());
    file[frame + 7..frame + 9].copy_from_slice(&width.to_be_bytes());
    let start = position(&file, [0xFF, 0xDA]);
    let scan: Vec<u8> = file[start..file.len() - 2].to_vec();
    file.truncate(start);
    for _ in 0..count {
        file.extend(&scan);
    }
    file.extend([0xFF, 0xD9]);
    file
}

fn position(bytes: &[u8], marker: [u8; 2]) -> usize {
    bytes.windows(2).position(|pair| pair == marker).unwrap()
}

fn refused(bytes: &[u8]) -> String {
    let error = decode_jpeg(bytes, Path::new("hostile.jpg")).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("hostile.jpg"), "{text}");
    text
}

#[test]
fn scans_are_bounded_by_number_and_by_the_pixels_that_they_touch() {
    assert!(decode_jpeg(&scans(45, 37, 1000), Path::new("a")).is_ok());
    assert!(refused(&scans(45, 37, 1001)).contains("1001 scans"));
    let begin = Instant::now();
    assert!(refused(&scans(9000, 9000, 200)).contains("200 scans"));
    assert!(begin.elapsed() < Duration::from_secs(1));
}

#[test]
fn kinds_that_are_not_read_are_named() {
    let plain = bytes("444-8x8.jpg");
    let progressive = plain.windows(2).any(|pair| pair == [0xFF, 0xC2]);
    let frame = position(&plain, [0xFF, if progressive { 0xC2 } else { 0xC0 }]);
    let changed = |at: usize, value: u8| {
        let mut file = plain.clone();
        file[frame + at] = value;
        file
    };
    assert!(refused(&changed(1, 0xC3)).contains("lossless"));
    assert!(refused(&changed(4, 12)).contains("12 bits"));
    assert!(refused(&changed(9, 2)).contains("2 channels"));
    // Differential (hierarchical) JPEG: the library says so.
    refused(&changed(1, 0xC5));
    // A second frame header, a table of quantisers that is not there, sampling factors of nothing.
    refused(&changed(11, 0));
    refused(&changed(12, 9));
    assert!(refused(&[0xFF, 0xD8, 0xFF]).contains("no frame header"));
    for (at, size) in [(5, [0, 0]), (7, [0, 0]), (5, [0xFF, 0xFF])] {
        let mut file = plain.clone();
        file[frame + at..frame + at + 2].copy_from_slice(&size);
        let error = decode_jpeg(&file, Path::new("a")).unwrap_err();
        assert!(matches!(
            error,
            VisionError::TooLarge { .. } | VisionError::DecodeJpeg { .. }
        ));
    }
}

#[test]
fn changed_bytes_neither_panic_nor_hang() {
    let mut state = 1_u32;
    let mut random = |below: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as usize % below
    };
    for case in golden(&folder()).files {
        let whole = bytes(&case.file);
        for _ in 0..40 {
            let mut file = whole.clone();
            for _ in 0..=random(4) {
                let at = 2 + random(file.len() - 2);
                file[at] = random(256) as u8;
            }
            file.truncate(3 + random(file.len() - 2));
            let begin = Instant::now();
            let _ = decode_jpeg(&file, Path::new("a"));
            assert!(begin.elapsed() < Duration::from_secs(20), "{}", case.file);
        }
    }
}
