//! `storyeval metric fid|kid|prdc|is|accuracy|clip` on files of numbers.

use crate::support::{storyeval, write_npy};
use ndarray::{Array2, array};
use serde_json::Value;
use std::path::{Path, PathBuf};

fn saved(folder: &Path, name: &str, values: &Array2<f32>) -> PathBuf {
    let path = folder.join(name);
    write_npy(&path, values);
    path
}

fn features(rows: usize, seed: usize) -> Array2<f32> {
    Array2::from_shape_fn((rows, 5), |(i, j)| {
        ((i * 7919 + j * 104_729 + seed * 31 + (i * j) % 13) % 1009) as f32 / 504.0
    })
}

/// The JSON answer and the exit code.
fn answer(arguments: &[&str]) -> (Value, i32) {
    let output = storyeval()
        .arg("metric")
        .args(arguments)
        .args(["--format", "json"])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let value = serde_json::from_str(&text).unwrap_or(Value::Null);
    (value, output.status.code().unwrap())
}

#[test]
fn distances_of_features_and_of_their_statistics_agree() {
    let folder = tempfile::tempdir().unwrap();
    let a = saved(folder.path(), "a.npy", &features(60, 1));
    let b = saved(folder.path(), "b.npy", &features(50, 2));
    let statistics = folder.path().join("a.npz");
    let [a, b, statistics] = [&a, &b, &statistics].map(|path| path.to_str().unwrap());
    let (direct, code) = answer(&["fid", "--features", a, b, "--save-stats", statistics]);
    assert_eq!((code, direct["metric"].as_str()), (0, Some("fid")));
    let value = direct["value"].as_f64().unwrap();
    assert!(direct["interval"][1].as_f64().unwrap() > value);
    assert_eq!(direct["n"], 60);
    let (stored, code) = answer(&["fid", statistics, b]);
    assert_eq!(code, 0);
    let difference = stored["value"].as_f64().unwrap() - value;
    assert!(difference.abs() < 1e-9 * value, "{difference}");
    assert!(stored["interval"].is_null());
    let (own, _) = answer(&["fid", a, a, "--resamples", "0"]);
    assert!(own["value"].as_f64().unwrap().abs() < 1e-6);

    let (kid, code) = answer(&["kid", a, b, "--kid-subset-size", "20", "--kid-subsets", "7"]);
    assert_eq!(code, 0);
    assert!(kid["std"].as_f64().unwrap() > 0.0);
    assert!(kid["all_vectors"].is_number());
    let (prdc, code) = answer(&["prdc", a, b]);
    assert_eq!(code, 0);
    for name in ["precision", "recall", "density", "coverage"] {
        assert!(
            prdc[name].is_number() && prdc["intervals"][name].is_array(),
            "{name}"
        );
    }
    let (is, code) = answer(&["is", "--features", a, "--splits", "3"]);
    assert_eq!((code, is["splits"].as_array().unwrap().len()), (0, 3));
}

#[test]
fn what_has_no_value_is_null_with_a_reason_and_a_failing_code() {
    let folder = tempfile::tempdir().unwrap();
    let mut broken = features(20, 1);
    broken[[4, 2]] = f32::NAN;
    let broken = saved(folder.path(), "nan.npy", &broken);
    let good = saved(folder.path(), "good.npy", &features(20, 2));
    let one = saved(folder.path(), "one.npy", &features(1, 3));
    let [broken, good, one] = [&broken, &good, &one].map(|path| path.to_str().unwrap());
    for (arguments, reason) in [
        (vec!["fid", "--features", broken, good], "not finite"),
        (vec!["fid", "--features", good, one], "at least 2"),
        (vec!["kid", "--features", good, good], "take at most 20"),
        (vec!["prdc", "--features", good, one], "needs at least 4"),
        (
            vec!["is", "--features", good, "--splits", "21"],
            "21 splits",
        ),
        (vec!["clip", "--features", good, one], "row by row"),
    ] {
        let (found, code) = answer(&arguments);
        assert!(found["value"].is_null(), "{found}");
        let why = found["unscored"].as_str().unwrap();
        assert!(why.contains(reason), "{why}");
        assert_eq!(code, 97);
    }
}

#[test]
fn one_half_is_negative_and_averages_have_their_names() {
    let folder = tempfile::tempdir().unwrap();
    let p = saved(
        folder.path(),
        "p.npy",
        &array![[0.5, 0.9], [0.6, 0.1], [0.2, 0.7]],
    );
    let y = saved(
        folder.path(),
        "y.npy",
        &array![[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]],
    );
    let [p, y] = [&p, &y].map(|path| path.to_str().unwrap());
    let (found, code) = answer(&["accuracy", "--predictions", p, "--labels", y]);
    assert_eq!(code, 0);
    assert_eq!(found["value"], 2.0 / 3.0);
    assert_eq!(found["label_accuracy"], 5.0 / 6.0);
    assert_eq!(found["f1"], found["micro_f1"]);
    assert_eq!(found["micro_f1"], 6.0 / 7.0);
    assert_eq!(found["classes"][0]["fn"], 1);
    assert_eq!(found["items"][2]["value"], 0.0);
    let (found, _) = answer(&[
        "accuracy",
        "--predictions",
        y,
        "--labels",
        y,
        "--columns",
        "1",
    ]);
    assert_eq!(
        (&found["value"], &found["macro_f1"]),
        (&1.0.into(), &1.0.into())
    );
    // Labels that are no labels.
    let (_, code) = answer(&["accuracy", "--predictions", y, "--labels", p]);
    assert_eq!(code, 97);
}

#[test]
fn similarities_take_groups() {
    let folder = tempfile::tempdir().unwrap();
    let images = saved(
        folder.path(),
        "i.npy",
        &array![[3.0, 0.0], [0.0, 1.0], [1.0, 1.0]],
    );
    let texts = saved(
        folder.path(),
        "t.npy",
        &array![[1.0, 0.0], [2.0, 0.0], [5.0, 5.0]],
    );
    let groups = folder.path().join("groups.txt");
    std::fs::write(&groups, "a\na\nb\n").unwrap();
    let [images, texts, groups] = [&images, &texts, &groups].map(|path| path.to_str().unwrap());
    let pair = [
        "clip",
        "--images-features",
        images,
        "--text-features",
        texts,
    ];
    let with = |more: &[&str]| answer(&[&pair[..], more].concat());
    let (found, code) = with(&["--groups", groups]);
    assert_eq!(code, 0);
    assert!((found["value"].as_f64().unwrap() - 2.0 / 3.0).abs() < 1e-12);
    assert!(
        found["signature"]
            .as_str()
            .unwrap()
            .contains("group-bootstrap")
    );
    let (found, _) = with(&["--score", "clipscore"]);
    assert!((found["value"].as_f64().unwrap() - 5.0 / 3.0).abs() < 1e-12);
    let (found, _) = with(&["--score", "refclipscore", "--reference-features", texts]);
    assert!((found["items"][0]["value"].as_f64().unwrap() - 5.0 / 3.5).abs() < 1e-12);
    let (_, code) = with(&["--score", "refclipscore"]);
    assert_eq!(code, 2);
    assert_eq!(with(&["--reference-features", texts]).1, 2);
    std::fs::write(groups, "a\n").unwrap();
    assert_eq!(with(&["--groups", groups]).1, 2);
    assert_eq!(answer(&["clip", "--images-features", texts]).1, 2);
}

#[test]
fn options_that_make_no_sense_are_usage_errors() {
    let folder = tempfile::tempdir().unwrap();
    let labels = Array2::from_shape_fn((4, 3), |(i, j)| ((i + j) % 2) as f32);
    let file = saved(folder.path(), "labels.npy", &labels);
    let file = file.to_str().unwrap();
    let with = |more: &[&str]| {
        let pair = ["accuracy", "--predictions", file, "--labels", file];
        answer(&[&pair[..], more].concat()).1
    };
    assert_eq!(with(&["--names", "a,b,c", "--columns", "0,2"]), 0);
    for more in [
        ["--names", "a,b"],
        ["--columns", "0,0"],
        ["--columns", "3"],
        ["--threshold", "nan"],
        ["--resamples", "100000000000"],
        ["--resamples", "1"],
    ] {
        assert_eq!(with(&more), 2, "{more:?}");
    }
}

#[test]
fn cocoeval_gives_what_bleu_and_cider_give() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let references = file(
        "refs.txt",
        "otto walks in the park\totto is in the park\nmira bakes some bread\tmira bakes\npip reads a book\tpip reads\n",
    );
    let hypotheses = file(
        "hyps.txt",
        "otto walks in a park\nmira bakes some bread\npip sits\n",
    );
    let of = |metric| {
        let (found, code) = answer(&[metric, "--refs", &references, "--hyps", &hypotheses]);
        assert_eq!(code, 0, "{metric}");
        found
    };
    let (both, bleu, cider) = (of("cocoeval"), of("bleu"), of("cider"));
    assert_eq!(both["metric"], "cocoeval");
    assert!(both["bleu"] == bleu && both["cider"] == cider);
    assert!(bleu["bleu1"].as_f64().unwrap() > 0.5 && cider["value"].as_f64().unwrap() > 1.0);
    let empty = file("none.txt", "");
    let (found, code) = answer(&["cocoeval", "--refs", &empty, "--hyps", &empty]);
    assert_ne!(code, 0);
    assert!(found["bleu"]["value"].is_null());
}
