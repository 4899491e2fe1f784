//! Files that hold something else than what they are given as: read rightly, or refused with the reason; never scored in
//! silence.

use crate::support::{storyeval, write_npy};
use image::{Rgb, RgbImage};
use ndarray::Array2;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

/// The JSON answer, and what was said.
fn metric(folder: &Path, line: &str) -> (Value, String, i32) {
    let output = storyeval()
        .current_dir(folder)
        .arg("metric")
        .args(line.split_whitespace())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let value = serde_json::from_str(&text).unwrap_or(Value::Null);
    (value, said, output.status.code().unwrap())
}

fn value(folder: &Path, line: &str) -> f64 {
    let (value, said, code) = metric(folder, &format!("{line} --format json"));
    assert_eq!(code, 0, "{line}: {said}");
    value["value"].as_f64().unwrap()
}

fn refused(folder: &Path, line: &str, says: &[&str]) {
    let (_, said, code) = metric(folder, line);
    assert!(code != 0, "{line}");
    for part in says {
        assert!(said.contains(part), "{line}: {said}");
    }
}

/// Softmax rows and their logarithms.
fn probabilities() -> (Array2<f32>, Array2<f32>) {
    let mut rows = Array2::from_shape_fn((40, 6), |(i, j)| {
        (((i * 7 + j * 5) % 11) as f32 / 2.0).exp()
    });
    for mut row in rows.rows_mut() {
        let sum = row.sum();
        row.mapv_inplace(|value| value / sum);
    }
    let logs = rows.mapv(f32::ln);
    (rows, logs)
}

#[test]
fn probabilities_are_no_logits_and_logits_no_probabilities() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let (rows, logs) = probabilities();
    write_npy(&at("p.npy"), &rows);
    write_npy(&at("percent.npy"), &rows.mapv(|value| value * 100.0));
    write_npy(&at("logs.npy"), &logs);
    refused(folder.path(), "is p.npy", &["sums to 1", "numpy.log"]);
    refused(folder.path(), "is percent.npy", &["sums to 100"]);
    assert!(value(folder.path(), "is logs.npy") > 1.0);

    let labels = rows.mapv(|value| f32::from(u8::from(value > 0.5)));
    write_npy(&at("y.npy"), &labels);
    write_npy(&at("logits.npy"), &rows.mapv(|value| (value - 0.5) * 3.0));
    let accuracy =
        |predictions: &str| format!("accuracy --labels y.npy --predictions {predictions}");
    let of = |predictions: &str| value(folder.path(), &accuracy(predictions));
    assert!((of("p.npy") - 1.0).abs() < 1e-12);
    refused(
        folder.path(),
        &accuracy("logits.npy"),
        &["below 0", "--threshold 0"],
    );
    refused(folder.path(), &accuracy("percent.npy"), &["--threshold 50"]);
    assert!((of("logits.npy --threshold 0") - 1.0).abs() < 1e-12);
    assert!((of("percent.npy --threshold 50") - 1.0).abs() < 1e-12);
    for line in ["p.npy --threshold 0", "logits.npy --threshold 0.5"] {
        let (_, said, _) = metric(folder.path(), &accuracy(line));
        assert!(said.contains("warning: "), "{line}: {said}");
    }
    let (answer, _, _) = metric(folder.path(), "fid p.npy p.npy --format json --resamples 0");
    assert!(
        answer["warnings"].to_string().contains("sum to 1"),
        "{answer}"
    );
}

fn write_shaped(path: &Path, descr: &str, shape: &str, data: &[u8]) {
    let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    fs::write(path, bytes).unwrap();
}

#[test]
fn pooled_features_keep_their_value_and_images_are_no_features() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let features = Array2::from_shape_fn((30, 4), |(i, j)| {
        ((i * 13 + j * 7 + i * j) % 17) as f32 / 3.0
    });
    write_npy(&at("a.npy"), &features);
    let data: Vec<u8> = features
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect();
    write_shaped(&at("pooled.npy"), "<f4", "(30, 4, 1, 1)", &data);
    write_npy(&at("b.npy"), &features.mapv(|value| value * 1.2 + 0.1));
    let same = |name: &str| value(folder.path(), &format!("fid {name} b.npy --resamples 0"));
    assert_eq!(same("pooled.npy").to_bits(), same("a.npy").to_bits());
    write_shaped(&at("images.npy"), "|u1", "(2, 4, 4, 3)", &[7; 96]);
    refused(
        folder.path(),
        "fid images.npy b.npy",
        &["images, by their shape", "PNG"],
    );
    write_shaped(&at("flat.npy"), "|u1", "(2, 48)", &[7; 96]);
    refused(folder.path(), "fid flat.npy flat.npy", &["bytes (uint8)"]);
    write_shaped(&at("dict.npy"), "|O", "()", b"");
    refused(
        folder.path(),
        "fid dict.npy b.npy",
        &["numpy.savez(", "allow_pickle=True).item()"],
    );
    refused(
        folder.path(),
        "kid a.npy b.npy",
        &["`--kid-subset-size 30`"],
    );
}

/// A folder with frames that all differ.
fn frames(folder: &Path, name: &str, names: impl IntoIterator<Item = String>) -> PathBuf {
    let path = folder.join(name);
    for (at, name) in names.into_iter().enumerate() {
        let file = path.join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        let level = |x: u32, y: u32| ((at as u32 * 37 + x * 5 + y * 3) % 256) as u8;
        RgbImage::from_fn(64, 64, |x, y| Rgb([level(x, y), level(y, x), level(x, 7)]))
            .save(file)
            .unwrap();
    }
    path
}

const BLEU: &str = "bleu --refs refs.txt --resamples 0 --hyps";
const CLIP: &str = "clip --bundle minisv-clip --resamples 0";

#[test]
fn captions_with_names_go_to_their_images() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let write = |name: &str, text: &str| fs::write(root.join(name), text).unwrap();
    frames(
        root,
        "images",
        ["a.png", "b.png", "c.png"].map(str::to_owned),
    );
    write(
        "plain.txt",
        "otto walks\nmira waits in a house\nmira sits\n",
    );
    write(
        "refs.txt",
        "otto walks away\nmira waits in the house\nmira sits on a chair\n",
    );
    write(
        "lines.jsonl",
        "{\"id\":\"c.png\",\"captions\":[\"mira sits\",\"x\"]}\n{\"id\":\"a.png\",\"captions\":[\"otto walks\"]}\n\
         {\"id\":\"b.png\",\"captions\":[\"mira waits in a house\"]}\n",
    );
    write(
        "table.csv",
        "image,caption\nb.png,mira waits in a house\na.png,otto walks\nc.png,mira sits\n",
    );
    fs::create_dir(root.join("texts")).unwrap();
    for (name, text) in [
        ("a", "otto walks"),
        ("b", "mira waits in a house"),
        ("c", "mira sits\n"),
    ] {
        write(&format!("texts/{name}.txt"), text);
    }
    let clip = |texts: &str| value(root, &format!("{CLIP} --images images --texts {texts}"));
    let expected = clip("plain.txt");
    for texts in ["lines.jsonl", "table.csv", "texts"] {
        assert_eq!(clip(texts).to_bits(), expected.to_bits(), "{texts}");
    }
    write("other.jsonl", "{\"id\":\"z.png\",\"caption\":\"x\"}\n");
    refused(
        root,
        &format!("{CLIP} --images images --texts other.jsonl"),
        &["3 images without", "(z)"],
    );
    write("empty.txt", "otto walks\n\nmira sits\n");
    let (_, said, _) = metric(root, &format!("{CLIP} --images images --texts empty.txt"));
    assert!(
        said.contains("1 captions are empty, first that of b.png"),
        "{said}"
    );

    // What `metric caption` prints, beside plain references: line by line, with a word about it.
    write(
        "captioned.jsonl",
        "{\"id\":\"a.png\",\"captions\":[\"otto walks\",\"y\"]}\n{\"id\":\"b.png\",\"captions\":[\"mira waits in a house\"]}\n\
         {\"id\":\"c.png\",\"captions\":[\"mira sits\"]}\n",
    );
    let bleu = |hyps: &str| value(root, &format!("{BLEU} {hyps}"));
    assert_eq!(
        bleu("captioned.jsonl").to_bits(),
        bleu("plain.txt").to_bits()
    );
    let (_, said, _) = metric(root, &format!("{BLEU} captioned.jsonl"));
    assert!(said.contains("taken line by line"), "{said}");
    write("broken.jsonl", "{\"id\":\"a.png\",\"score\":1}\n{}\n{}\n");
    refused(
        root,
        &format!("{BLEU} broken.jsonl"),
        &["line 1: it has no `caption`"],
    );
    // Both with names: by name.
    write(
        "named.txt",
        "b.png\tmira waits in the house\nc.png\tmira sits on a chair\na.png\totto walks away\n",
    );
    let named = value(
        root,
        "bleu --refs named.txt --hyps lines.jsonl --resamples 0",
    );
    assert!((named - bleu("plain.txt")).abs() < 1e-12);
}

#[test]
fn object_keys_are_numbers_and_the_empty_hypothesis_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    write(
        "r.json",
        r#"{"annotations": [{"image_id": 5, "caption": "a red fox runs fast"}, {"image_id": 2, "caption": "two kids play chess"}]}"#,
    );
    let list = r#"[{"image_id": 5, "caption": "a red fox runs", "score": NaN}, {"image_id": 2, "caption": "two kids play"}]"#;
    write("list.json", list);
    write(
        "object.json",
        r#"{"5": "a red fox runs", "2": "two kids play"}"#,
    );
    write("text.json", &list.replace("_id\": 5", "_id\": \"5\""));
    write("empty.json", &list.replace("two kids play", " . "));
    let bleu = "bleu --refs r.json --resamples 0 --hyps";
    let of = |name: &str| value(folder.path(), &format!("{bleu} {name}"));
    assert_eq!(of("object.json").to_bits(), of("list.json").to_bits());
    refused(
        folder.path(),
        &format!("{bleu} text.json"),
        &["references: \"5\"", "hypothesis: 5"],
    );
    let (_, said, _) = metric(folder.path(), &format!("{bleu} empty.json"));
    assert!(said.contains("the first is that of 2"), "{said}");
}

#[test]
fn names_with_two_orders_need_a_word_where_a_list_has_none() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    frames(root, "num", (0..12).map(|k| format!("img_{k}.png")));
    frames(root, "pad", (0..12).map(|k| format!("img_{k:02}.png")));
    let caption = |k| {
        if k < 6 {
            "otto walks in the house"
        } else {
            "mira waits"
        }
    };
    let captions: Vec<&str> = (0..12).map(caption).collect();
    fs::write(root.join("caps.txt"), captions.join("\n")).unwrap();
    let line = |images: &str| format!("{CLIP} --images {images} --texts caps.txt");
    refused(root, &line("num"), &["--order natural", "img_10.png"]);
    let natural = value(root, &format!("{} --order natural", line("num")));
    assert!((natural - value(root, &line("pad"))).abs() < 1e-9);
    let bytes = value(root, &format!("{} --order bytes", line("num")));
    assert!((natural - bytes).abs() > 1e-6);
    fs::write(root.join("groups.txt"), "a\n".repeat(6) + &"b\n".repeat(6)).unwrap();
    refused(
        root,
        "psnr num pad --groups groups.txt",
        &["without a partner"],
    );
    refused(
        root,
        "ssim num num --groups groups.txt",
        &["--order natural"],
    );
    value(root, "ssim num num --groups groups.txt --order natural");
    let group = |k: u32| format!("img_{k}.png,{}\n", if k < 6 { "a" } else { "b" });
    let table: String = (0..12).rev().map(group).collect();
    fs::write(root.join("groups.csv"), format!("image,group\n{table}")).unwrap();
    let ends = |groups: &str| {
        metric(
            root,
            &format!("ssim num pad2 --format json --groups {groups}"),
        )
        .0
    };
    frames(
        root,
        "pad2",
        (0..12).map(|k| format!("img_{}.png", (k + 1) % 12)),
    );
    assert_eq!(ends("groups.csv"), ends("groups.txt --order natural"));
    assert!(ends("groups.csv")["value"].is_number());
}

#[test]
fn folders_below_are_read_and_a_file_is_no_folder() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let names = || {
        [
            "s1/1.png",
            "s1/2.png",
            "s2/1.png",
            ".x/1.png",
            "__MACOSX/s1/1.png",
        ]
    };
    frames(root, "run", names().map(str::to_owned));
    let (answer, said, code) = metric(root, "ssim run run --format json --resamples 0");
    assert_eq!((code, answer["n"].as_u64()), (0, Some(3)), "{said}");
    assert_eq!(answer["items"][2]["id"], "s2/1");
    refused(
        root,
        "lpips run run/s1/1.png",
        &["run is a folder", "is a single file"],
    );
    fs::copy(root.join("run/s1/1.png"), root.join("run/top.png")).unwrap();
    let (_, said, _) = metric(root, &format!("{CLIP} --images run --other-images run"));
    assert!(said.contains("3 of 4 images"), "{said}");
}

#[test]
fn fidelity_gives_what_the_single_verbs_give() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    frames(root, "a", (0..8).map(|k| format!("{k}.png")));
    frames(root, "b", (3..10).map(|k| format!("{k}.png")));
    let common = "--bundle minisv-evaluators --format json";
    let (all, said, code) = metric(
        root,
        &format!("fidelity a b {common} --kid-subset-size 5 --kid-subsets 6 --splits 2"),
    );
    assert_eq!(code, 0, "{said}");
    for (verb, line) in [
        ("fid", "fid a b".to_owned()),
        (
            "kid",
            "kid a b --kid-subset-size 5 --kid-subsets 6".to_owned(),
        ),
        ("prdc", "prdc a b".to_owned()),
        ("is", "is a --splits 2".to_owned()),
    ] {
        let (single, said, code) = metric(root, &format!("{line} {common}"));
        assert_eq!(code, 0, "{said}");
        assert_eq!(all[verb], single, "{verb}");
    }
}

#[test]
fn doubtful_numbers_of_classifiers_are_refused_or_warned_of() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let (rows, logs) = probabilities();
    write_npy(
        &at("ids.npy"),
        &Array2::from_shape_fn((40, 1), |(i, _)| (i % 6) as f32),
    );
    refused(
        folder.path(),
        "is ids.npy --splits 1",
        &["one logit per class"],
    );
    let warned = |line: &str, part: &str| {
        let (_, said, code) = metric(folder.path(), line);
        assert_eq!(code, 0, "{line}: {said}");
        assert!(said.contains(part), "{line}: {said}");
    };
    write_npy(&at("p.npy"), &rows);
    write_npy(
        &at("y.npy"),
        &rows.mapv(|value| f32::from(u8::from(value > 0.5))),
    );
    let accuracy = "accuracy --labels y.npy --predictions p.npy";
    warned(
        &format!("{accuracy} --threshold 50"),
        "no label is predicted",
    );
    warned(
        &format!("{accuracy} --threshold -1"),
        "every label is predicted",
    );
    // One step of single precision above 1.
    let mut near = rows.clone();
    (near[[0, 0]], near[[1, 1]]) = (1.000_000_1, -1e-9);
    write_npy(&at("near.npy"), &near);
    value(
        folder.path(),
        "accuracy --labels y.npy --predictions near.npy",
    );

    let levels =
        Array2::from_shape_fn((150, 12), |(i, j)| ((i * 31 + j * 57 + i * j) % 256) as f32);
    write_npy(&at("levels.npy"), &levels);
    for line in ["fid", "prdc"] {
        warned(
            &format!("{line} levels.npy levels.npy --resamples 0"),
            "as pixels are",
        );
    }
    write_shaped(&at("masks.npy"), "|b1", "(10, 4)", &[1; 40]);
    refused(
        folder.path(),
        "kid masks.npy masks.npy",
        &["true and false"],
    );
    // A batch of one, and the four of `fidelity` of files.
    let data: Vec<u8> = logs.iter().flat_map(|value| value.to_le_bytes()).collect();
    write_npy(&at("logs.npy"), &logs);
    write_shaped(&at("batch.npy"), "<f4", "(1, 40, 6)", &data);
    let of = |name: &str| value(folder.path(), &format!("fid {name} p.npy --resamples 0"));
    assert_eq!(of("batch.npy").to_bits(), of("logs.npy").to_bits());
    let line =
        "fidelity --features logs.npy p.npy --kid-subset-size 20 --resamples 0 --format json";
    let (all, said, _) = metric(folder.path(), line);
    assert_eq!(all["fid"]["value"].as_f64(), Some(of("logs.npy")), "{said}");
    assert!(
        all["kid"]["value"].is_number() && all["is"].is_null(),
        "{all}"
    );
}

#[test]
fn pairs_say_what_differs_and_which_files_are_meant() {
    let folder = tempfile::tempdir().unwrap();
    let names = || ["a.png", "b.png", "c.png"].map(str::to_owned);
    frames(folder.path(), "one", names());
    let two = frames(folder.path(), "two", names());
    RgbImage::from_pixel(32, 32, Rgb([9, 7, 5]))
        .save(two.join("c.png"))
        .unwrap();
    RgbImage::from_pixel(64, 64, Rgb([9, 7, 5]))
        .save(two.join("a.png"))
        .unwrap();
    for line in ["psnr one two --variant torchmetrics", "ssim one two"] {
        let (_, said, code) = metric(folder.path(), line);
        assert!(
            code == 0 && said.contains("1 pairs differ in size"),
            "{said}"
        );
        let (_, said, _) = metric(folder.path(), &format!("{line} --resize 16"));
        assert!(!said.contains("differ in size"), "{said}");
    }
    refused(
        folder.path(),
        "psnr one two",
        &["1 of 3 pairs are equal, first b"],
    );
    for name in ["t1.png", "t2.png"] {
        RgbImage::from_pixel(5, 5, Rgb([1, 2, 3]))
            .save(folder.path().join(name))
            .unwrap();
    }
    refused(
        folder.path(),
        "ssim t1.png t2.png",
        &["t1.png", "--resize N"],
    );
    fs::write(two.join("a.png"), "").unwrap();
    fs::write(two.join("b.png"), "<!DOCTYPE html><html>").unwrap();
    let says = [
        "2 of 6 images",
        "a.png",
        "it is empty",
        "b.png",
        "it is a web page",
    ];
    refused(folder.path(), "psnr one two", &says);
    fs::write(
        two.join("b.png"),
        "version https://git-lfs.github.com/spec/v1\noid",
    )
    .unwrap();
    fs::write(
        two.join("a.png"),
        fs::read(folder.path().join("one/a.png")).unwrap(),
    )
    .unwrap();
    refused(folder.path(), "psnr one two", &["Git LFS", "git lfs pull"]);
}

#[test]
fn captions_with_numbers_and_files_of_other_kinds_are_recognised() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    let captions = [
        "a red fox runs over the field",
        "two kids play chess at home",
        "a boat lies on the lake",
    ];
    let lines = |order: [usize; 3]| order.map(|at| format!("{at}\t{}\n", captions[at])).concat();
    write("plain.txt", captions.join("\n").as_bytes());
    write("indexed.txt", lines([0, 1, 2]).as_bytes());
    write("refs.txt", lines([2, 0, 1]).as_bytes());
    for line in [
        "bleu --refs refs.txt --hyps indexed.txt",
        "bleu --refs plain.txt --hyps refs.txt",
        "bleu --refs refs.txt --hyps plain.txt",
    ] {
        assert!(
            (value(folder.path(), &format!("{line} --resamples 0")) - 1.0).abs() < 1e-9,
            "{line}"
        );
    }
    write("list.json", br#"["a fox"]"#);
    refused(
        folder.path(),
        "bleu --refs plain.txt --hyps list.json",
        &["an object with `image_id` and `caption`", "one a line"],
    );
    write("packed.txt", b"\x1f\x8b\x08\0");
    refused(
        folder.path(),
        "bleu --refs plain.txt --hyps packed.txt",
        &["gunzip"],
    );
    write("old.pt", b"\x80\x02\x8a\x0al\xfc");
    refused(folder.path(), "fid old.pt old.pt", &["torch.load(FILE"]);
}
