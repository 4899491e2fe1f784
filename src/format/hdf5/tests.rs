use super::*;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use std::path::PathBuf;
use std::time::Instant;

const FILES: [(&str, &[&str]); 3] = [
    ("arldm-flintstones/flintstones.h5", &["text"]),
    ("arldm-pororo/pororo.h5", &["text"]),
    ("arldm-vist/vist.h5", &["dii", "sis"]),
];

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("reference-data/fixtures")
        .join(name)
}

#[test]
fn captions_are_the_ones_that_h5py_wrote() {
    for (name, texts) in FILES {
        let path = fixture(name);
        let expected = std::fs::read(path.with_file_name("expected.json")).unwrap();
        let expected: Value = serde_json::from_slice(&expected).unwrap();
        let file = StoryFile::open(&path).unwrap();
        let mut groups: Vec<&str> = file.groups().collect();
        groups.sort_unstable();
        assert_eq!(groups, ["test", "train", "val"]);
        for group in groups {
            let stories = expected["stories"][group].as_array().unwrap();
            assert_eq!(file.len(group).unwrap(), stories.len() as u64);
            assert_eq!(file.images(group).unwrap(), 5);
            let mut found = file.texts(group).unwrap();
            found.sort_unstable();
            assert_eq!(found, texts);
            for (index, story) in stories.iter().enumerate() {
                for text in texts {
                    let wanted: Vec<&str> = story[text]
                        .as_array()
                        .unwrap()
                        .iter()
                        .map(|part| part.as_str().unwrap())
                        .collect();
                    let found = file.text(group, text, index as u64).unwrap();
                    assert_eq!(found, wanted.join("|"), "{name} {group} {index}");
                }
            }
        }
    }
}

#[test]
fn what_is_not_there_is_named() {
    let file = StoryFile::open(&fixture(FILES[0].0)).unwrap();
    let len = file.len("val").unwrap();
    let error = file.image("val", 0, len).unwrap_err();
    assert!(matches!(error, StoryFileError::NoSuchStory { index, .. } if index == len));
    let error = file.image("val", 5, 0).unwrap_err().to_string();
    assert!(error.contains("`val` has no data set `image5`"), "{error}");
    let error = file.text("val", "sis", 0).unwrap_err().to_string();
    assert!(error.contains("`sis`"), "{error}");
    let error = file.len("dev").unwrap_err().to_string();
    assert!(error.contains("no group `dev`; it has"), "{error}");
}

/// Reads everything that a file gives, and gives back how many bytes that were.
fn read_all(path: &Path) -> Result<usize, StoryFileError> {
    let file = StoryFile::open(path)?;
    let mut bytes = 0;
    for group in file.groups() {
        for index in 0..file.len(group)?.min(40) {
            for k in 0..file.images(group)? {
                bytes += file.image(group, k, index)?.len();
            }
            for text in file.texts(group)? {
                bytes += file.text(group, text, index)?.len();
            }
        }
    }
    Ok(bytes)
}

#[test]
fn files_cut_off_anywhere_are_refused() {
    let whole = std::fs::read(fixture(FILES[2].0)).unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &whole).unwrap();
    let all = read_all(file.path()).unwrap();
    assert!(all > 10_000);
    for cut in (0..whole.len()).step_by(331) {
        std::fs::write(file.path(), &whole[..cut]).unwrap();
        let found = read_all(file.path());
        assert!(found.is_err(), "cut to {cut} of {}: {found:?}", whole.len());
    }
}

#[test]
fn damaged_files_do_no_harm() {
    let mut random = ChaCha8Rng::seed_from_u64(5);
    let file = tempfile::NamedTempFile::new().unwrap();
    let start = Instant::now();
    let mut refused = 0;
    for (name, _) in FILES {
        let whole = std::fs::read(fixture(name)).unwrap();
        for _ in 0..350 {
            let mut bytes = whole.clone();
            for _ in 0..random.random_range(1..4) {
                // Half of the damage hits the first kilobytes, where the structure is.
                let reach = if random.random() { 4096 } else { bytes.len() };
                let at = random.random_range(0..reach);
                match random.random_range(0..4) {
                    0 => bytes[at] = random.random(),
                    1 => bytes[at] ^= 1 << random.random_range(0..8),
                    2 => bytes[at..(at + 8).min(reach)].fill(0xff),
                    _ => {
                        // An address that leads somewhere else, perhaps round in a circle.
                        let other = random.random_range(0..whole.len() as u64) & !7;
                        let at = at & !7;
                        bytes[at..at + 8].copy_from_slice(&other.to_le_bytes());
                    }
                }
            }
            std::fs::write(file.path(), &bytes).unwrap();
            let once = Instant::now();
            match read_all(file.path()) {
                // Damaged references may name one element many times.
                Ok(read) => assert!(read < 100 * whole.len()),
                Err(_) => refused += 1,
            }
            assert!(once.elapsed().as_secs() < 5, "{:?}", once.elapsed());
        }
    }
    println!("{refused} of 1050 refused in {:?}", start.elapsed());
    assert!(refused > 50);
}

/// Where written files are inspected by hand, or the temporary folder.
fn kept(temporary: &tempfile::TempDir) -> PathBuf {
    let kept = std::env::var_os("STORYEVAL_KEEP_WRITTEN").map(PathBuf::from);
    kept.unwrap_or_else(|| temporary.path().to_owned())
}

#[test]
fn what_is_written_is_read_again() {
    let temporary = tempfile::tempdir().unwrap();
    let path = kept(&temporary).join("stories.h5");
    // Small elements, an empty one, and one that is larger than a collection.
    let image = |index: usize, k: usize| {
        let len = match (index, k) {
            (3, 1) => 0,
            (5, 0) => 200_000,
            _ => 100 + index * 7 + k,
        };
        vec![(index * 16 + k) as u8; len]
    };
    let text = |index: usize, name: &str| format!("{name} {index} Grüße 🦊|").repeat(index % 3);
    let splits = [("test", 300), ("val", 0), ("train", 4)];
    let mut writer = StoryFileWriter::create(&path, 5, &["text", "dii"]).unwrap();
    for (split, count) in splits {
        writer.group(split).unwrap();
        for index in 0..count {
            let images: Vec<_> = (0..5).map(|k| image(index, k)).collect();
            writer
                .story(&images, &[text(index, "text"), text(index, "dii")])
                .unwrap();
        }
    }
    writer.finish().unwrap();
    let file = StoryFile::open(&path).unwrap();
    for (split, count) in splits {
        assert_eq!(file.len(split).unwrap(), count as u64);
        let mut texts = file.texts(split).unwrap();
        texts.sort_unstable();
        assert_eq!(texts, ["dii", "text"]);
        for index in 0..count {
            for k in 0..5 {
                assert_eq!(file.image(split, k, index as u64).unwrap(), image(index, k));
            }
            for name in texts.clone() {
                assert_eq!(
                    file.text(split, name, index as u64).unwrap(),
                    text(index, name)
                );
            }
        }
    }
}

#[test]
fn what_does_not_fit_is_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("stories.h5");
    let mut writer = StoryFileWriter::create(&path, 2, &["text"]).unwrap();
    let early = writer.story(&[b"a", b"b"], &["x"]);
    assert!(matches!(early, Err(StoryFileError::Misfit { .. })));
    writer.group("test").unwrap();
    for name in ["test", "", "a/b"] {
        assert!(writer.group(name).is_err(), "{name}");
    }
    let short = writer.story(&[b"a"], &["x"]);
    assert!(matches!(
        short,
        Err(StoryFileError::Misfit {
            found_images: 1,
            images: 2,
            ..
        })
    ));
    assert!(StoryFileWriter::create(&path, 40, &[]).is_err());
    drop(writer);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// Writes the fixture again. `tools/fixtures/check_written.py` found h5py to read the same in the
/// original and in the file with this hash.
#[test]
fn h5py_reads_what_is_written() {
    const CHECKED: &str = "487b88035beca9838326440a43256c29fa850c77ad2a29416b48474eb18eb57d";
    let temporary = tempfile::tempdir().unwrap();
    let kept = std::env::var_os("STORYEVAL_KEEP_WRITTEN").map(PathBuf::from);
    let path = kept
        .unwrap_or_else(|| temporary.path().to_owned())
        .join("written.h5");
    let source = StoryFile::open(&fixture(FILES[2].0)).unwrap();
    let mut writer = StoryFileWriter::create(&path, 5, &["sis", "dii"]).unwrap();
    for group in source.groups() {
        writer.group(group).unwrap();
        for index in 0..source.len(group).unwrap() {
            let images: Vec<_> = (0..5)
                .map(|k| source.image(group, k, index).unwrap())
                .collect();
            let texts = ["sis", "dii"].map(|text| source.text(group, text, index).unwrap());
            writer.story(&images, &texts).unwrap();
        }
    }
    writer.finish().unwrap();
    assert_eq!(
        crate::record::sha256_file(&path).unwrap(),
        CHECKED,
        "the writer changed: run this test with STORYEVAL_KEEP_WRITTEN=DIR, then tools/fixtures/check_written.py"
    );
}

/// The newest version of the format, chunks with compression, and a user block: see
/// `tools/fixtures/arldm.py`.
#[test]
fn other_ways_to_store_the_same_are_read() {
    let plain = StoryFile::open(&fixture("arldm-variants/plain.h5")).unwrap();
    for name in ["latest", "chunked", "user-block"] {
        let file = StoryFile::open(&fixture(&format!("arldm-variants/{name}.h5"))).unwrap();
        assert_eq!(file.len("test").unwrap(), 2, "{name}");
        for index in 0..2 {
            for k in 0..5 {
                assert_eq!(
                    file.image("test", k, index).unwrap(),
                    plain.image("test", k, index).unwrap(),
                    "{name}"
                );
            }
            assert_eq!(
                file.text("test", "text", index).unwrap(),
                plain.text("test", "text", index).unwrap(),
                "{name}"
            );
        }
    }
    assert!(matches!(
        StoryFile::open(&fixture("arldm-variants/no-stories.h5")),
        Err(StoryFileError::NoStories)
    ));
    for name in ["numbers", "lengths"] {
        let error = StoryFile::open(&fixture(&format!("arldm-variants/{name}.h5"))).err();
        assert!(
            matches!(
                error,
                Some(StoryFileError::WrongType { .. } | StoryFileError::Lengths { .. })
            ),
            "{name}: {error:?}"
        );
    }
}
