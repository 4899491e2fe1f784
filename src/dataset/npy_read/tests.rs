use super::*;
use crate::format::NpyTableError;
use crate::format::pickle::Ref;
use serde::Deserialize;
use std::path::PathBuf;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("reference-data/fixtures")
        .join(name)
}

#[derive(Deserialize)]
struct Expected {
    unicode: Vec<Vec<String>>,
    bytes: Vec<Vec<String>>,
    ints: Vec<Vec<i64>>,
}

fn expected() -> Expected {
    serde_json::from_slice(&std::fs::read(fixture("npy-text/expected.json")).unwrap()).unwrap()
}

fn rows<T: Clone>(table: &Table<T>) -> Vec<Vec<T>> {
    table.rows().map(<[T]>::to_vec).collect()
}

fn text(name: &str) -> Table<String> {
    read_npy_text(&fixture(&format!("npy-text/{name}.npy")))
        .unwrap_or_else(|error| panic!("{name}: {error}"))
}

#[test]
fn text_of_every_version_order_and_byte_order() {
    let expected = expected();
    for name in [
        "unicode",
        "unicode-big",
        "unicode-fortran",
        "unicode-v1",
        "unicode-v2",
        "unicode-v3",
    ] {
        let table = text(name);
        assert_eq!(rows(&table), expected.unicode, "{name}");
        assert_eq!((table.len(), table.columns()), (2, 3), "{name}");
        assert_eq!(table.row(1), Some(expected.unicode[1].as_slice()));
        assert_eq!(table.row(2), None);
    }
    assert_eq!(rows(&text("bytes")), expected.bytes);
    let column: Vec<Vec<String>> = expected.unicode[1]
        .iter()
        .map(|cell| vec![cell.clone()])
        .collect();
    assert_eq!(rows(&text("unicode-1d")), column);
    assert_eq!(text("bytes-1d").len(), 3);
    assert_eq!(rows(&text("scalar")), [["one"]]);
    assert_eq!(text("empty").len(), 0);
}

#[test]
fn whole_numbers_of_every_width() {
    let expected = expected();
    let ints = |name: &str| {
        let content = read_npy(&fixture(&format!("npy-text/ints-{name}.npy")))?;
        let NpyContent::Integers(table) = content else {
            panic!("{name} holds {content:?}");
        };
        Ok::<_, DatasetError>(table)
    };
    for name in ["i1", "i2-big", "i4-fortran", "i8"] {
        assert_eq!(rows(&ints(name).unwrap()), expected.ints, "{name}");
    }
    assert_eq!(rows(&ints("u1").unwrap()), [[0], [200], [255]]);
    assert_eq!(rows(&ints("u8").unwrap()), [[i64::MAX], [0]]);
    assert_eq!(rows(&ints("bool").unwrap()), [[1], [0]]);
    assert!(matches!(
        ints("u8-huge").unwrap_err(),
        DatasetError::Npy {
            source: NpyTableError::BadCell { cell: 0, .. },
            ..
        }
    ));
    assert!(matches!(
        read_npy(&fixture("npy-text/floats.npy")).unwrap_err(),
        DatasetError::Npy {
            source: NpyTableError::WrongType { .. },
            ..
        }
    ));
}

#[test]
fn objects_with_and_without_a_header() {
    let objects = |name: &str| {
        read_npy_objects(&fixture(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    };
    for name in [
        "npy-text/object-dict.npy",
        "npy-text/object-dict-python2.npy",
    ] {
        let dict = objects(name);
        assert_eq!(
            dict.root().get("a").unwrap().integers(),
            Some(vec![1, 2]),
            "{name}"
        );
    }
    let ragged = objects("npy-text/object-ragged.npy");
    let parts: Vec<_> = ragged.root().items().unwrap().collect();
    assert_eq!(parts[0].integers(), Some(vec![0, 1, 2]));
    assert_eq!(
        parts[1]
            .items()
            .unwrap()
            .filter_map(Ref::as_str)
            .collect::<Vec<_>>(),
        ["x", "y"]
    );
    for name in ["object-table", "object-table-fortran"] {
        let table = objects(&format!("npy-text/{name}.npy"));
        assert_eq!(table.root().shape(), Some(&[2, 2][..]), "{name}");
        let cells: Vec<_> = table.root().items().unwrap().collect();
        assert_eq!(cells[0].as_str(), Some("a"), "{name}");
        assert_eq!(cells[1].type_name(), "None", "{name}");
        assert_eq!(cells[2].as_integer(), Some(1), "{name}");
        assert_eq!(cells[3].as_number(), Some(2.5), "{name}");
    }
}

#[derive(Deserialize)]
struct Pororo {
    stories: std::collections::BTreeMap<String, Vec<Story>>,
    clips: std::collections::BTreeMap<String, Clip>,
    frames_counter: std::collections::BTreeMap<String, i64>,
}

#[derive(Deserialize)]
struct Story {
    clips: Vec<String>,
}

#[derive(Deserialize)]
struct Clip {
    captions: Vec<String>,
    labels: Vec<i64>,
}

#[test]
fn the_files_of_pororosv_say_what_python_put_in() {
    for (folder, cache, window) in [("pororo-original", 4, 5), ("pororo-make-a-story", 3, 4)] {
        let file = |name: &str| fixture(&format!("{folder}/{name}"));
        let expected: Pororo =
            serde_json::from_slice(&std::fs::read(file("expected.json")).unwrap()).unwrap();
        let images = read_npy_text(&file(&format!("img_cache{cache}.npy"))).unwrap();
        let followers = read_npy_text(&file(&format!("following_cache{cache}.npy"))).unwrap();
        assert_eq!((images.columns(), followers.columns()), (1, window - 1));
        assert_eq!(images.len(), followers.len());
        let splits = read_npy_objects(&file("train_seen_unseen_ids.npy")).unwrap();
        let plain = |path: &String| {
            path.strip_prefix('/')
                .unwrap_or(path)
                .strip_suffix(".png")
                .unwrap()
                .to_owned()
        };
        for (name, ids) in ["train", "val", "test"]
            .iter()
            .zip(splits.root().items().unwrap())
        {
            let mut ids = ids.integers().unwrap();
            ids.sort_unstable();
            let stories: Vec<Vec<String>> = ids
                .iter()
                .map(|id| {
                    let row = followers.row(*id as usize).unwrap();
                    images
                        .row(*id as usize)
                        .unwrap()
                        .iter()
                        .chain(row)
                        .map(plain)
                        .collect()
                })
                .collect();
            let wanted: Vec<_> = expected.stories[*name]
                .iter()
                .map(|story| story.clips.clone())
                .collect();
            assert_eq!(stories, wanted, "{folder} {name}");
        }
        let descriptions = read_npy_objects(&file("descriptions.npy")).unwrap();
        let labels = read_npy_objects(&file("labels.npy")).unwrap();
        for (id, clip) in &expected.clips {
            let captions = descriptions.root().get(id).unwrap();
            let captions: Vec<_> = captions
                .items()
                .unwrap()
                .map(|c| c.text().unwrap())
                .collect();
            assert_eq!(captions, clip.captions, "{folder} {id}");
            assert_eq!(
                labels.root().get(id).unwrap().integers().unwrap(),
                clip.labels
            );
        }
        let counter = read_npy_objects(&file("frames_counter.npy")).unwrap();
        for (name, count) in expected.frames_counter {
            assert_eq!(counter.root().get(&name).unwrap().as_integer(), Some(count));
        }
    }
}

#[test]
fn what_is_of_another_kind_is_named() {
    let error = read_npy_text(&fixture("npy-text/ints-i8.npy")).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("is an array of integers, not an array of text"),
        "{error}"
    );
    let error = read_npy_text(&fixture("npy-text/object-dict.npy")).unwrap_err();
    assert!(error.to_string().contains("is a dict"), "{error}");
    let error = read_npy_objects(&fixture("npy-text/unicode.npy")).unwrap_err();
    assert!(error.to_string().contains("is an array of text"), "{error}");
    let error = read_npy_objects(&fixture("hostile/call.p4.pkl")).unwrap_err();
    assert!(error.to_string().contains(".print"), "{error}");
}
