//! The same images in another order, in other batches, on other numbers of threads.

use crate::support::{bundles, ground_truth, printed, storyeval, write_npy};
use ndarray::{Array2, Axis};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

const ROWS: usize = 45;

fn features(columns: usize, seed: usize) -> Array2<f32> {
    Array2::from_shape_fn((ROWS, columns), |(i, j)| {
        ((i * 7919 + j * 104_729 + seed * 31 + (i * j * seed) % 13) % 1009) as f32 / 504.0 - 0.9
    })
}

fn answer(arguments: &[&str]) -> Value {
    let mut command = storyeval();
    command
        .arg("metric")
        .args(arguments)
        .args(["--format", "json", "--resamples", "100"]);
    serde_json::from_slice(&printed(&mut command)).unwrap()
}

/// Files of one set of items, in the order of `order`.
struct Files {
    folder: tempfile::TempDir,
}

impl Files {
    fn new(order: &[usize]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let save = |name: &str, set: Array2<f32>| {
            let set = set.select(Axis(0), order);
            write_npy(&folder.path().join(name), &set);
        };
        save("a.npy", features(5, 1));
        save("b.npy", features(5, 2));
        save("p.npy", features(3, 3).mapv(|v| (v.abs() / 2.0).min(1.0)));
        save(
            "y.npy",
            features(3, 4).mapv(|v| f32::from(u8::from(v > 0.0))),
        );
        let lines = |line: &dyn Fn(usize) -> String| {
            order
                .iter()
                .map(|item| line(*item) + "\n")
                .collect::<String>()
        };
        fs::write(
            folder.path().join("groups.txt"),
            lines(&|item| format!("story {}", item / 4)),
        )
        .unwrap();
        let words = ["otto", "mira", "walks", "in", "the", "kitchen"];
        let caption = |seed: usize| {
            let words = (0..4 + seed % 3).map(|at| words[(seed + at * (1 + seed % 4)) % 6]);
            words.collect::<Vec<_>>().join(" ")
        };
        let list = |captions: &dyn Fn(usize) -> String| {
            let entries = order
                .iter()
                .map(|item| json!({"image_id": item, "caption": captions(*item)}));
            Value::Array(entries.collect()).to_string()
        };
        fs::write(
            folder.path().join("h.json"),
            list(&|item| caption(item * 5)),
        )
        .unwrap();
        fs::write(
            folder.path().join("r.json"),
            list(&|item| caption(item * 5 + 1)),
        )
        .unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().unwrap().to_owned()
    }
}

/// What every metric says of the files, by name.
fn said_of(files: &Files, grouped: bool) -> Vec<(String, Value)> {
    let [a, b, p, y, h, r, groups] = [
        "a.npy",
        "b.npy",
        "p.npy",
        "y.npy",
        "h.json",
        "r.json",
        "groups.txt",
    ]
    .map(|name| files.path(name));
    let more = if grouped {
        vec!["--groups", &groups]
    } else {
        Vec::new()
    };
    let with = |arguments: &[&str]| answer(&[arguments, &more].concat());
    let mut found: Vec<(String, Value)> = Vec::new();
    for (arguments, keys) in [
        (&["fid", &a, &b][..], &["value", "interval"][..]),
        (
            &["prdc", &a, &b],
            &[
                "precision",
                "recall",
                "density",
                "coverage",
                "interval",
                "intervals",
            ],
        ),
        (&["clip", "--features", &a, &b], &["value", "interval"]),
        (
            &["clip", "--features", &a, &b, "--score", "clipscore"],
            &["value", "interval"],
        ),
        (
            &["clip", "--features", &a, &b, "--score", "torchmetrics"],
            &["value", "interval"],
        ),
        (
            &[
                "clip",
                "--features",
                &a,
                &b,
                "--score",
                "refclipscore",
                "--reference-features",
                &a,
            ],
            &["value", "interval"],
        ),
        (
            &["bleu", "--refs", &r, "--hyps", &h],
            &["bleu1", "bleu4", "interval", "intervals"],
        ),
        (
            &[
                "bleu",
                "--refs",
                &r,
                "--hyps",
                &h,
                "--mode",
                "storygptv-released",
            ],
            &["bleu1", "bleu4", "interval", "intervals"],
        ),
        (
            &["cider", "--refs", &r, "--hyps", &h],
            &["value", "interval"],
        ),
        (
            &["accuracy", "--predictions", &p, "--labels", &y],
            &[
                "value",
                "label_accuracy",
                "micro_f1",
                "macro_f1",
                "weighted_f1",
                "samples_f1",
                "interval",
            ],
        ),
    ] {
        let answer = with(arguments);
        for key in keys {
            assert!(!answer[*key].is_null(), "{} has no {key}", arguments[0]);
            found.push((format!("{} {key}", arguments[0]), answer[*key].clone()));
        }
    }
    found
}

#[test]
fn no_permutation_of_the_items_moves_a_value_or_the_interval_of_groups() {
    let order: Vec<usize> = (0..ROWS).collect();
    let turned: Vec<usize> = (0..ROWS).map(|at| (at * 17 + 5) % ROWS).collect();
    let [before, after] = [&order, &turned].map(|order| Files::new(order));
    for grouped in [false, true] {
        let (one, other) = (said_of(&before, grouped), said_of(&after, grouped));
        for ((name, one), (_, other)) in one.iter().zip(&other) {
            assert_eq!(one, other, "{name}, grouped: {grouped}");
        }
    }
}

#[test]
fn captions_are_the_same_on_one_two_and_three_threads() {
    let images =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("reference-data/golden/minisv-networks");
    let captions = |threads: &str| {
        let mut command = storyeval();
        command
            .args([
                "metric",
                "caption",
                "--bundle",
                "minisv-captioner",
                "--threads",
                threads,
            ])
            .arg(&images)
            .env("STORYEVAL_BUNDLES", bundles());
        printed(&mut command)
    };
    let one = captions("1");
    assert!(one.split(|byte| *byte == b'\n').count() > 10);
    assert!(
        one == captions("2"),
        "two threads write something else than one"
    );
    assert!(
        one == captions("3"),
        "three threads write something else than one"
    );
}

/// Metric and slice to value.
fn values(run: &Path) -> BTreeMap<String, f64> {
    let scores: Value =
        serde_json::from_slice(&fs::read(run.join("scores.json")).unwrap()).unwrap();
    let scores = scores["scores"].as_array().unwrap().iter();
    scores
        .filter_map(|score| {
            let name = format!("{} {}", score["metric"].as_str()?, score["slice"].as_str()?);
            Some((name, score["value"].as_f64()?))
        })
        .collect()
}

/// Networks may give other last bits in another batch or on another number of threads; what is
/// counted or written must not change, and no mean by more than those bits.
#[test]
fn batches_and_threads_move_nothing_but_the_last_bits_of_a_network() {
    let folder = tempfile::tempdir().unwrap();
    let run = |name: &str, more: &[&str]| {
        let out = folder.path().join(name);
        ground_truth(&out, more).assert().success();
        values(&out)
    };
    let whole = run("whole", &["--threads", "1"]);
    assert!(whole.len() > 40, "{} values", whole.len());
    for (name, more) in [
        ("ones", ["--batch", "1", "--threads", "1"]),
        ("threads", ["--batch", "8", "--threads", "3"]),
    ] {
        let found = run(name, &more);
        assert_eq!(found.len(), whole.len());
        for (metric, value) in &found {
            let before = whole[metric];
            let counted = ["acc", "f1", "bleu", "cider", "found"];
            if counted.iter().any(|part| metric.contains(part)) {
                assert_eq!(value.to_bits(), before.to_bits(), "{name}: {metric}");
            } else {
                // KID of so few frames is of the order of a thousand.
                assert!(
                    (value - before).abs() < 1e-4 * before.abs().max(1.0),
                    "{name}: {metric} {value} {before}"
                );
            }
        }
    }
}
