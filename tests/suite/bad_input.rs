//! Input that is empty, tiny, odd or damaged: a right answer, a warning beside the number, or a refusal
//! with a hint. `data_errors` and `import` have data sets and folders of layouts.

use crate::support::{Said, bundles, fails, storyeval, write_npy};
use ndarray::Array2;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("reference-data/golden/images")
        .join(name)
}

/// A folder with these files of the golden images, as `0.png`, `1.png`, ...
fn images(names: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (at, name) in names.iter().enumerate() {
        fs::copy(golden(name), folder.path().join(format!("{at}.png"))).unwrap();
    }
    folder
}

/// A folder of images of 1 x 1 pixel.
fn dots(count: u8) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for at in 0..count {
        let dot = image::RgbImage::from_pixel(1, 1, image::Rgb([at * 40, 90, 200]));
        dot.save(folder.path().join(format!("{at}.png"))).unwrap();
    }
    folder
}

fn metric(arguments: &[&str]) -> assert_cmd::Command {
    let mut command = storyeval();
    command
        .arg("metric")
        .args(arguments)
        .env("STORYEVAL_BUNDLES", bundles());
    command
}

/// The JSON answer; `None` of an exit code means success.
fn answer(arguments: &[&str], code: i32) -> Value {
    let output = metric(arguments)
        .args(["--format", "json"])
        .output()
        .unwrap();
    let talk = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{arguments:?}\n{talk}");
    if code != 0 {
        assert!(talk.contains("hint: "), "{talk}");
    }
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}\n{talk}"))
}

fn refused(arguments: &[&str], words: &[&str]) {
    let said: Said = fails(&mut metric(arguments));
    said.says(97, &[words, &["hint: "]].concat());
}

fn warned(answer: &Value, words: &str) {
    let warnings = answer["warnings"].as_array().map_or(&[][..], Vec::as_slice);
    let said = |warning: &Value| warning.as_str().unwrap().contains(words);
    assert!(
        warnings.iter().any(said),
        "`{words}` is not in {warnings:?}"
    );
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

const FEATURES: [&str; 2] = ["--bundle", "minisv-evaluators"];

#[test]
fn a_folder_without_images_is_refused_by_every_metric() {
    let (empty, one) = (tempfile::tempdir().unwrap(), images(&["rgb8.png"]));
    fs::write(empty.path().join("notes.txt"), "no image").unwrap();
    let captions = empty.path().join("captions.txt");
    fs::write(&captions, "otto walks\n").unwrap();
    let [empty, one, captions] = [empty.path(), one.path(), &captions].map(text);
    for arguments in [
        &["fid", empty, one][..],
        &["kid", one, empty],
        &["prdc", empty, one],
        &["is", empty],
    ] {
        refused(
            &[arguments, &FEATURES].concat(),
            &["no image file", "among 2 others"],
        );
    }
    refused(
        &["lpips", "--bundle", "minisv-lpips", empty, one],
        &["no image file"],
    );
    refused(
        &["caption", "--bundle", "minisv-captioner", empty],
        &["no image file"],
    );
    let clip = ["clip", "--bundle", "minisv-clip", "--images", empty];
    refused(
        &[&clip[..], &["--texts", captions]].concat(),
        &["no image file"],
    );
}

#[test]
fn one_image_is_too_few_for_a_set_and_enough_for_a_mean() {
    let (one, dots) = (images(&["rgb8.png"]), dots(3));
    let (folder, set) = (text(one.path()), text(dots.path()));
    for (arguments, reason) in [
        (&["fid", folder, set][..], "a covariance needs at least 2"),
        (
            &["kid", folder, set, "--kid-subset-size", "2"],
            "at least 2",
        ),
        (&["prdc", folder, set], "needs at least 4"),
        (&["is", folder], "cut into 10 splits"),
    ] {
        let found = answer(&[arguments, &FEATURES].concat(), 97);
        let why = found["unscored"].as_str().unwrap();
        assert!(found["value"].is_null() && why.contains(reason), "{why}");
    }
    let found = answer(&["lpips", "--bundle", "minisv-lpips", folder, folder], 0);
    assert_eq!(
        (found["value"].as_f64(), &found["interval"], &found["n"]),
        (Some(0.0), &Value::Null, &1.into())
    );
}

/// The bundle is absent, so that the answers come from counting alone.
#[test]
fn numbers_of_images_are_checked_before_a_network_is_wanted() {
    let (three, four) = (dots(3), dots(4));
    let (three, four) = (text(three.path()), text(four.path()));
    let lines = tempfile::tempdir().unwrap();
    let captions = lines.path().join("captions.txt");
    fs::write(&captions, "otto walks\nmira waits\n").unwrap();
    let captions = text(&captions);
    let one = images(&["rgb8.png"]);
    for (arguments, words) in [
        (
            &["kid", three, four][..],
            &["1000", "3 and 4", "`--all`", "`--kid-subset-size 3`"][..],
        ),
        (
            &["kid", three, four, "--subset-size", "4"],
            &["subsets of 4", "3 and 4", "`--kid-subset-size 3`"],
        ),
        (
            &["kid", three, text(one.path()), "--all"],
            &["second set has 1 vectors", "at least 2"],
        ),
        (
            &["prdc", four, three],
            &["first set has 4", "needs at least 6", "--nearest-k 2"],
        ),
        (
            &["prdc", four, four],
            &["needs at least 6", "--nearest-k 3"],
        ),
        (&["is", four], &["4 images", "10 splits", "`--splits 4`"]),
        (
            &["fid", text(one.path()), four],
            &["first set has 1 images", "at least 2"],
        ),
        (
            &["clip", "--images", three, "--texts", captions],
            &["3 vectors and the other 2", "row by row"],
        ),
        (
            &["clip", "--images", three, "--other-images", four],
            &["3 vectors and the other 4"],
        ),
    ] {
        let arguments = [arguments, &["--bundle", "no-such-bundle"]].concat();
        refused(&arguments, words);
        let found = answer(&arguments, 97);
        assert!(
            found["value"].is_null() && found["unscored"].is_string(),
            "{found}"
        );
    }
    for arguments in [
        &["fid", three, four][..],
        &["prdc", four, four, "--nearest-k", "2"],
        &["clip", "--images", three, "--other-images", three],
    ] {
        let more = ["--bundle", "no-such-bundle", "--groups", captions];
        fails(&mut metric(&[arguments, &more].concat())).says(2, &["has 2 lines"]);
    }
    // What fits gets as far as the network.
    let fits = ["kid", three, four, "--all", "--bundle", "no-such-bundle"];
    fails(&mut metric(&fits)).says(96, &["no-such-bundle"]);
}

#[test]
fn kid_over_all_vectors_is_given_where_no_subset_fits() {
    let (three, nine) = (dots(3), dots(6));
    let pair = ["kid", text(three.path()), text(nine.path())];
    for (more, value) in [
        (&["--all"][..], "all_vectors"),
        (&["--subset-size", "3"], "value"),
    ] {
        let found = answer(&[&pair[..], more, &FEATURES].concat(), 0);
        assert!(found["value"].is_number());
        assert_eq!(found["value"], found[value]);
    }
    let folder = tempfile::tempdir().unwrap();
    let [a, b] = [1, 2].map(|seed| saved(&folder, &format!("{seed}.npy"), &features(40, 5, seed)));
    let found = answer(&["kid", &a, &b, "--all"], 0);
    assert_eq!(found["value"], found["all_vectors"]);
    assert_eq!(found["interval"], found["all_vectors_interval"]);
    assert!(found["interval"].is_array() && found["std"].is_null());
    warned(&found, "no subset of 1000 fits 40 and 40 vectors");
    let signature = found["signature"].as_str().unwrap();
    assert!(
        signature.contains("|subsets:all-vectors|ci:item-jackknife-t|"),
        "{signature}"
    );
    // With subsets that fit, they are the value as before.
    let both = answer(&["kid", &a, &b, "--all", "--subset-size", "20"], 0);
    let drawn = answer(&["kid", &a, &b, "--kid-subset-size", "20"], 0);
    assert_eq!(both["value"], drawn["value"]);
    assert_eq!(both["all_vectors"], found["value"]);
    assert_eq!(both["all_vectors_interval"], found["interval"]);
    assert!(both["interval"].is_null());
}

#[test]
fn images_of_one_pixel_are_scored_with_what_is_doubtful_said() {
    let (few, more) = (dots(2), dots(5));
    let pair = ["fid", text(few.path()), text(more.path())];
    let found = answer(&[&pair[..], &FEATURES].concat(), 0);
    assert!(found["value"].as_f64().unwrap().is_finite());
    warned(&found, "rank-deficient: 2 vectors of dimension 64");
    warned(&found, "constant in the first set");
    let same = [
        "lpips",
        "--bundle",
        "minisv-lpips",
        text(few.path()),
        text(few.path()),
    ];
    assert_eq!(answer(&same, 0)["value"], 0.0);
}

#[test]
fn every_kind_of_png_is_read_as_pillow_reads_it() {
    // Colours that are equal once read are at distance 0; 16-bit grey is clipped, and that is said.
    let lpips = |a: &str, b: &str| {
        let (first, second) = (images(&[a]), images(&[b]));
        let pair = [text(first.path()), text(second.path())];
        answer(
            &[&["lpips", "--bundle", "minisv-lpips"], &pair[..]].concat(),
            0,
        )
    };
    for name in [
        "palette8.png",
        "palette1.png",
        "grey8.png",
        "grey1.png",
        "grey-alpha8.png",
        "rgba8.png",
        "rgb16.png",
        "palette8-transparent.png",
    ] {
        let found = lpips(name, "rgb8.png");
        assert!(found["value"].as_f64().unwrap() > 0.0, "{name}");
        assert!(found["warnings"].is_null(), "{name}: {}", found["warnings"]);
    }
    let decoded = storyeval::vision::read_image(&golden("palette8.png")).unwrap();
    let copy = tempfile::tempdir().unwrap();
    decoded.image.save(copy.path().join("0.png")).unwrap();
    let palette = images(&["palette8.png"]);
    let pair = [text(palette.path()), text(copy.path())];
    let found = answer(
        &[&["lpips", "--bundle", "minisv-lpips"], &pair[..]].concat(),
        0,
    );
    assert_eq!(found["value"], 0.0);
    warned(&lpips("grey16.png", "rgb8.png"), "1 of 1 images in ");
    let grey = images(&["grey16.png", "rgb8.png"]);
    let pair = ["fid", text(grey.path()), text(grey.path())];
    let found = answer(&[&pair[..], &FEATURES].concat(), 0);
    warned(
        &found,
        "are 16-bit grey, of which everything above 255 is white",
    );
    let captions = grey.path().join("captions.txt");
    fs::write(&captions, "otto walks\nmira sits\n").unwrap();
    let clip = [
        "clip",
        "--bundle",
        "minisv-clip",
        "--images",
        text(grey.path()),
    ];
    let found = answer(&[&clip[..], &["--texts", text(&captions)]].concat(), 0);
    warned(&found, "are 16-bit grey");
}

#[test]
fn cmyk_is_read_with_a_warning_and_damaged_images_are_refused_by_name() {
    let folder = images(&["rgb8.png", "cmyk.jpg"]);
    let path = text(folder.path());
    let found = answer(&["lpips", "--bundle", "minisv-lpips", path, path], 0);
    warned(&found, "1 of 2 images");
    warned(&found, "CMYK or YCCK");
    let found = answer(&[&["fid", path, path][..], &FEATURES].concat(), 0);
    warned(&found, "CMYK or YCCK");
    let bytes = fs::read(golden("rgb8.png")).unwrap();
    fs::write(folder.path().join("1.png"), &bytes[..bytes.len() / 2]).unwrap();
    refused(
        &[&["is", path, "--splits", "2"][..], &FEATURES].concat(),
        &["failed to decode", "1.png"],
    );
    refused(
        &["caption", "--bundle", "minisv-captioner", path],
        &["failed to decode", "1.png"],
    );
}

fn saved(folder: &TempDir, name: &str, values: &Array2<f32>) -> String {
    let path = folder.path().join(name);
    write_npy(&path, values);
    text(&path).to_owned()
}

fn features(rows: usize, columns: usize, seed: usize) -> Array2<f32> {
    Array2::from_shape_fn((rows, columns), |(i, j)| {
        ((i * 7919 + j * 104_729 + seed * 31 + (i * j) % 13) % 1009) as f32 / 504.0
    })
}

#[test]
fn features_that_are_not_finite_constant_or_too_few_say_so() {
    let folder = tempfile::tempdir().unwrap();
    let good = saved(&folder, "good.npy", &features(30, 5, 2));
    let mut values = features(30, 5, 1);
    values[[3, 2]] = f32::NAN;
    let broken = saved(&folder, "nan.npy", &values);
    for arguments in [
        &["fid", &broken, &good][..],
        &["kid", "--kid-subset-size", "9", &good, &broken],
        &["prdc", &broken, &good],
        &["is", &broken],
        &["clip", "--features", &good, &broken],
    ] {
        let found = answer(arguments, 97);
        let why = found["unscored"].as_str().unwrap();
        assert!(why.contains("3 ") && why.contains("not finite"), "{why}");
    }
    refused(
        &["accuracy", "--predictions", &broken, "--labels", &good],
        &["NaN in row 3, column 2"],
    );

    let mut values = features(30, 5, 1);
    values.column_mut(1).fill(2.0);
    let constant = saved(&folder, "constant.npy", &values);
    let found = answer(&["fid", &constant, &constant], 0);
    assert!(found["value"].as_f64().unwrap().abs() < 1e-6);
    warned(&found, "1 of 5 features are constant in the first set");
    let found = answer(&["prdc", &constant, &constant], 0);
    assert_eq!(
        (found["precision"].as_f64(), found["recall"].as_f64()),
        (Some(1.0), Some(1.0))
    );

    let wide = saved(&folder, "wide.npy", &features(9, 30, 1));
    let found = answer(&["fid", &wide, &wide], 0);
    assert!(found["value"].as_f64().unwrap().abs() < 1e-6);
    warned(
        &found,
        "rank-deficient: 9 vectors of dimension 30; the distance is biased upward",
    );
}

#[test]
fn files_that_are_cut_off_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let good = saved(&folder, "good.npy", &features(20, 5, 2));
    let statistics = text(&folder.path().join("s.npz")).to_owned();
    answer(&["fid", &good, &good, "--save-stats", &statistics], 0);
    let cut = |from: &str, name: &str| {
        let bytes = fs::read(from).unwrap();
        let path = folder.path().join(name);
        fs::write(&path, &bytes[..bytes.len() * 2 / 3]).unwrap();
        text(&path).to_owned()
    };
    let (npy, npz) = (cut(&good, "cut.npy"), cut(&statistics, "cut.npz"));
    for arguments in [
        &["fid", &npy, &good][..],
        &["kid", &npy, &good],
        &["prdc", &good, &npy],
        &["is", &npy],
        &["clip", "--features", &npy, &good],
        &["accuracy", "--predictions", &npy, "--labels", &good],
    ] {
        refused(arguments, &["cut.npy", "it is cut off"]);
    }
    refused(&["fid", &npz, &good], &["cut.npz", "invalid Zip archive"]);
}

#[test]
fn captions_that_are_empty_odd_or_huge_are_scored_and_others_refused() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        text(&path).to_owned()
    };
    let references = write("r.txt", b"a cat sits here\nthe sun\na dog runs\n");
    let holes = write("h.txt", b"a cat sits here\n\na dog runs\n");
    let separators = write(
        "u.txt",
        "a\u{2028}cat sits here\n\u{2028}\na dog runs\n".as_bytes(),
    );
    let none = write("none.txt", b"");
    let latin = write("latin.txt", b"a cat\na caf\xe9\nb\n");
    let huge = write(
        "huge.txt",
        &[&b"a cat sits ".repeat(950_000)[..], b"\nb\nc\n"].concat(),
    );
    for name in ["bleu", "cider"] {
        let pair = |hypotheses| [name, "--refs", &references, "--hyps", hypotheses];
        let found = answer(&pair(&holes), 0);
        assert_eq!(found["n"], 3);
        assert!(found["items"][1]["value"].as_f64().unwrap() < 1e-6);
        warned(&found, "1 hypotheses are empty after tokenisation");
        let split = answer(&pair(&separators), 0);
        assert_eq!(
            split["value"], found["value"],
            "{name}: the separator is a space"
        );
        warned(&split, "2 captions hold a line separator");
        assert!(answer(&pair(&huge), 0)["value"].as_f64().unwrap() < 0.01);
        refused(&pair(&none), &["none.txt has 0"]);
        refused(
            &pair(&latin),
            &["latin.txt is not UTF-8 text: byte 0xe9 on line 2"],
        );
    }
    let empty = write("empty.json", b"[]");
    refused(
        &["bleu", "--refs", &empty, "--hyps", &empty],
        &["bleu has no value"],
    );
    let pictures = images(&["rgb8.png", "rgba8.png", "grey8.png"]);
    let clip = [
        "clip",
        "--bundle",
        "minisv-clip",
        "--images",
        text(pictures.path()),
        "--texts",
    ];
    let with = |texts| [&clip[..], &[texts]].concat();
    refused(
        &with(&latin),
        &["latin.txt is not UTF-8 text: byte 0xe9 on line 2"],
    );
    assert_eq!(answer(&with(&separators), 0)["n"], 3);
    warned(
        &answer(&with(&huge), 0),
        "1 captions were longer than the model's context",
    );
    let found = answer(&with(&none), 97);
    assert!(
        found["unscored"]
            .as_str()
            .unwrap()
            .contains("3 vectors and the other 0")
    );
    let mut tokens = metric(&["tokenize"]);
    fails(tokens.write_stdin(&b"a\xff\n"[..])).says(97, &["<stdin> is not UTF-8 text"]);
}

/// `score --images` on one story of golden images, in the layout `vlc`.
fn scored(files: &[&Path; 4], out: &Path) -> assert_cmd::Command {
    let images = out.with_extension("images");
    fs::create_dir_all(&images).unwrap();
    for (at, file) in files.iter().enumerate() {
        fs::copy(file, images.join(format!("img-0-{at}.png"))).unwrap();
    }
    let mut command = storyeval();
    command
        .args([
            "score",
            "-d",
            "minisv",
            "--limit",
            "1",
            "--skip",
            "captioner,lpips,clip",
        ])
        .args(["--layout", "vlc", "--images"])
        .arg(&images)
        .arg("--out")
        .arg(out);
    command
}

#[test]
fn imported_images_of_every_kind_are_scored_with_notes() {
    let folder = tempfile::tempdir().unwrap();
    let kinds = ["grey16.png", "palette8.png", "grey8.png", "rgba8.png"].map(golden);
    let out = folder.path().join("run");
    scored(&kinds.each_ref().map(PathBuf::as_path), &out)
        .assert()
        .success();
    let scores: Value =
        serde_json::from_slice(&fs::read(out.join("scores.json")).unwrap()).unwrap();
    let notes = scores["notes"].to_string();
    for note in [
        "1 of 4 files are 16-bit grey",
        "1 of 4 files have transparency, which is dropped",
        "frames of the data set 128x128",
    ] {
        assert!(notes.contains(note), "{notes}");
    }
    let dots = dots(4);
    let dots: Vec<PathBuf> = (0..4)
        .map(|at| dots.path().join(format!("{at}.png")))
        .collect();
    let out = folder.path().join("dots");
    let files: [&Path; 4] = std::array::from_fn(|at| dots[at].as_path());
    scored(&files, &out).assert().success();
    let scores: Value =
        serde_json::from_slice(&fs::read(out.join("scores.json")).unwrap()).unwrap();
    assert!(
        scores["notes"]
            .to_string()
            .contains("the images have 1x1 pixels")
    );
    // One story of four frames: precision has no neighbourhood of 5, and says so.
    let density = scores["scores"]
        .as_array()
        .unwrap()
        .iter()
        .find(|s| s["metric"] == "density")
        .unwrap();
    assert!(
        density["unscored"]
            .as_str()
            .unwrap()
            .contains("needs at least 6")
    );
}

#[test]
fn imported_images_that_cannot_be_read_are_one_report() {
    let folder = tempfile::tempdir().unwrap();
    let cut = folder.path().join("cut.png");
    let bytes = fs::read(golden("rgb8.png")).unwrap();
    fs::write(&cut, &bytes[..bytes.len() / 2]).unwrap();
    let short = folder.path().join("short.jpg");
    let jpeg = fs::read(golden("q75-420.jpg")).unwrap();
    fs::write(&short, &jpeg[..jpeg.len() / 2]).unwrap();
    let good = golden("rgb8.png");
    let out = folder.path().join("run");
    let said = fails(&mut scored(&[&good, &short, &cut, &good], &out));
    said.says(97, &["img-0-1.png", "ends before", "img-0-2.png", "hint: "]);
    assert!(!out.exists());
}
