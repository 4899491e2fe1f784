//! What the requests share: reading, refusing before a network, intervals, warnings, and what JSON holds. The values are
//! golden tests of `metric/` and of the program.

use super::*;
use crate::card::PsnrVariant;
use crate::format::{FormatError, read_statistics};
use crate::inference::{Bundle, Runtime};
use crate::metric::KidOptions;
use crate::record::{CallerError, FaultKind, Hint};
use crate::stats::Resampling;
use crate::vision::{PassOrder, encode_png};
use image::{Rgb, RgbImage};
use ndarray::Array2;
use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A host that counts how often it is asked for a network, and has none.
#[derive(Default)]
struct Asked(Cell<usize>);

impl Host for Asked {
    fn network(&self, bundle: &str, what: &str) -> Result<(Bundle, Runtime), CallerError> {
        self.0.set(self.0.get() + 1);
        FilesOnly.network(bundle, what)
    }
}

fn written(folder: &TempDir, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.path().join(name);
    fs::write(&path, bytes).unwrap();
    path
}

/// An `.npy` file of `rows` vectors of 3 numbers, all different.
fn features(folder: &TempDir, name: &str, rows: usize, shift: f64) -> PathBuf {
    let numbers = Array2::from_shape_fn((rows, 3), |(row, column)| {
        shift + ((row * 7 + column * 5) % 11) as f64 + row as f64 / 10.0
    });
    let header = format!("{{'descr': '<f8', 'fortran_order': False, 'shape': ({rows}, 3), }}");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(numbers.iter().flat_map(|value| value.to_le_bytes()));
    written(folder, name, &bytes)
}

/// A folder with images of one colour each.
fn images(folder: &TempDir, name: &str, greys: &[u8]) -> PathBuf {
    let path = folder.path().join(name);
    fs::create_dir(&path).unwrap();
    for (at, grey) in greys.iter().enumerate() {
        let png = encode_png(&RgbImage::from_pixel(12, 12, Rgb([*grey; 3]))).unwrap();
        fs::write(path.join(format!("{at}.png")), png).unwrap();
    }
    path
}

#[test]
fn what_cannot_have_a_value_is_refused_before_a_network_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (
        images(&folder, "one", &[1]),
        images(&folder, "two", &[1, 2]),
    );
    let host = Asked::default();
    let refused = |request: &dyn Measure, n: usize| {
        let answer = request.measure(&host).unwrap();
        assert_eq!((answer.value, answer.n), (None, Some(n)));
        assert!(answer.unscored.is_some() && !answer.hint.is_empty());
        assert!(
            answer.signature.contains("input:images-not-read|"),
            "{}",
            answer.signature
        );
    };
    let sets = FeatureSets::new(&one, &two);
    refused(
        &FidRequest {
            sets: sets.clone(),
            ..FidRequest::default()
        },
        1,
    );
    refused(
        &KidRequest {
            sets: sets.clone(),
            ..KidRequest::default()
        },
        1,
    );
    refused(
        &PrdcRequest {
            sets,
            ..PrdcRequest::default()
        },
        1,
    );
    refused(&IsRequest::new(&two), 2);
    let mut clip = ClipRequest {
        sides: [Embedded::Images(two.clone()), Embedded::Images(one)],
        pairs: ClipPairs::ImageImage,
        references: Vec::new(),
        bundle: "clip".to_owned(),
        score: ClipScore::Similarity,
        pillow: PassOrder::default(),
        interval: IntervalPlan::default(),
    };
    refused(&clip, 2);
    assert_eq!(host.0.get(), 0);

    // Where sets fit, the network is asked for, once, and what the host says reaches the caller.
    clip.sides[1] = Embedded::Images(two);
    let error = clip.measure(&host).unwrap_err();
    assert_eq!(host.0.get(), 1);
    assert_eq!(
        error.to_string(),
        "CLIP is needed, and there are no networks here"
    );
    assert_eq!(error.fault_kind(), FaultKind::Usage);
    clip.references = vec![Embedded::Texts("references.txt".into())];
    let error = clip.measure(&host).unwrap_err();
    assert!(error.to_string().contains("RefCLIPScore only"), "{error}");
}

#[test]
fn statistics_are_kept_and_give_the_same_distance() {
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (
        features(&folder, "a.npy", 20, 0.0),
        features(&folder, "b.npy", 30, 0.5),
    );
    let kept = folder.path().join("a.npz");
    let mut request = FidRequest {
        sets: FeatureSets::new(&a, &b),
        save_statistics: Some(kept.clone()),
        ..FidRequest::default()
    };
    let whole = request.measure(&FilesOnly).unwrap();
    assert!(whole.interval.is_some(), "{:?}", whole.warnings);
    assert_eq!(read_statistics(&kept).unwrap().mu.len(), 3);
    request = FidRequest {
        sets: FeatureSets::new(&kept, &b),
        ..FidRequest::default()
    };
    let found = request.measure(&FilesOnly).unwrap();
    assert!((found.value.unwrap() - whole.value.unwrap()).abs() < 1e-9);
    assert_eq!((found.interval, found.n), (None, None));
    assert!(
        found
            .warnings
            .contains(&Warning::NoInterval(NoInterval::Statistics))
    );
    assert!(
        found.signature.ends_with("|ci:none|n:?,30|v:2"),
        "{}",
        found.signature
    );

    // Only FID takes statistics.
    let sets = request.sets;
    let error = KidRequest {
        sets,
        ..KidRequest::default()
    }
    .measure(&FilesOnly)
    .unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("holds statistics, not features"),
        "{error}"
    );
}

#[test]
fn groups_are_drawn_whole_and_must_fit() {
    let folder = tempfile::tempdir().unwrap();
    let first = features(&folder, "a.npy", 6, 0.0);
    let names = written(&folder, "groups.txt", b"b\nb\na\na\nb\n c\n");
    let mut plan = IntervalPlan {
        groups: Some(names.clone()),
        ..IntervalPlan::default()
    };
    let groups = plan.groups(6).unwrap();
    assert_eq!(
        (groups.numbers.as_slice(), groups.count),
        ([1, 1, 0, 0, 1, 2].as_slice(), 3)
    );
    assert_eq!(plan.name(&groups), "group-bootstrap-1000@0");
    let error = plan.groups(5).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("has 6 lines, but there are 5 items"),
        "{error}"
    );
    plan.resampling = Resampling {
        resamples: 0,
        seed: 0,
    };
    assert_eq!(plan.name(&groups), "none");
    assert_eq!(plan.of_mean(&[1.0; 6], &groups), None);

    // FID's groups are of both sets.
    let request = FidRequest {
        sets: FeatureSets::new(&first, features(&folder, "b.npy", 7, 1.0)),
        interval: IntervalPlan {
            groups: Some(names),
            ..IntervalPlan::default()
        },
        ..FidRequest::default()
    };
    let error = request.measure(&FilesOnly).unwrap_err();
    assert!(error.to_string().contains("there are 7 items"), "{error}");
}

#[test]
fn the_estimate_over_all_vectors_replaces_subsets_that_do_not_fit() {
    let folder = tempfile::tempdir().unwrap();
    let sets = FeatureSets::new(
        features(&folder, "a.npy", 12, 0.0),
        features(&folder, "b.npy", 15, 0.0),
    );
    let mut request = KidRequest {
        sets,
        ..KidRequest::default()
    };
    let refused = request.measure(&FilesOnly).unwrap();
    assert!(matches!(refused.unscored, Some(Unscored::Kernel(_))));
    assert!(
        refused.hint.ends_with("`--kid-subset-size 12` is the most"),
        "{}",
        refused.hint
    );
    request.all = true;
    let all = request.measure(&FilesOnly).unwrap();
    assert_eq!(
        all.value.map(Into::into),
        Some(all.details["all_vectors"].clone())
    );
    let (subset_size, sizes) = (1000, [12, 15]);
    assert!(
        all.warnings
            .contains(&Warning::NoSubset { subset_size, sizes })
    );
    request.options = KidOptions {
        subset_size: 10,
        ..KidOptions::default()
    };
    let drawn = request.measure(&FilesOnly).unwrap();
    assert!(
        drawn
            .signature
            .contains("|subsets:100x10|order:torch-fidelity|seed:2020|")
    );
    assert_eq!(drawn.details["all_vectors"], all.details["all_vectors"]);
}

#[test]
fn equal_images_have_no_mean_ratio_and_json_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let paths = [
        images(&folder, "a", &[10, 20]),
        images(&folder, "b", &[10, 50]),
    ];
    let mut request = PsnrRequest {
        images: PairedImages { paths },
        resize: None,
        pillow: PassOrder::default(),
        interval: IntervalPlan::default(),
        of: PsnrVariant::ScikitImage,
    };
    let json = serde_json::to_value(request.measure(&FilesOnly).unwrap()).unwrap();
    assert_eq!(json["value"], serde_json::Value::Null);
    assert_eq!(
        json["unscored"],
        "PSNR is infinite: 1 of 2 pairs are equal, first 0"
    );
    assert_eq!(json["items"][1]["id"], "1");
    assert!(json.get("hint").is_none() && json.get("warnings").is_none());
    request.of = PsnrVariant::Torchmetrics;
    let answer = request.measure(&FilesOnly).unwrap();
    // Half of the values differ by 30.
    assert!((answer.value.unwrap() - 10.0 * (255.0_f64.powi(2) / 450.0).log10()).abs() < 1e-12);
}

#[test]
fn labels_that_are_none_are_refused_with_their_place() {
    let folder = tempfile::tempdir().unwrap();
    let numbers = features(&folder, "a.npy", 4, 0.25);
    let request = AccuracyRequest {
        threshold: Some(0.5),
        ..AccuracyRequest::new(&numbers, &numbers)
    };
    let error = request.measure(&FilesOnly).unwrap_err();
    assert!(matches!(
        error,
        MeasureError::Format(FormatError::Malformed { .. })
    ));
    assert!(
        error.to_string().ends_with("0.25 in row 0, column 0"),
        "{error}"
    );
    assert_eq!(error.fault_kind(), FaultKind::DataVerification);
}

#[test]
fn captions_that_are_left_out_are_counted_and_tokens_keep_their_lines() {
    let folder = tempfile::tempdir().unwrap();
    let captions = |name: &str, ids: &[u32]| {
        let each = ids
            .iter()
            .map(|id| format!(r#"{{"image_id": {id}, "caption": "a bird {id}"}}"#));
        let list = each.collect::<Vec<_>>().join(",");
        written(&folder, name, format!("[{list}]").as_bytes())
    };
    let mut files = CaptionFiles::new(
        captions("r.json", &[1, 2, 3]),
        captions("h.json", &[3, 2, 9]),
    );
    assert!(BleuRequest::new(files.clone()).measure(&FilesOnly).is_err());
    files.allow_missing = true;
    let answer = BleuRequest::new(files.clone()).measure(&FilesOnly).unwrap();
    assert_eq!(answer.n, Some(2));
    assert!(
        answer
            .warnings
            .contains(&Warning::WithoutHypothesis { count: 1 })
    );
    assert!(
        answer
            .warnings
            .contains(&Warning::WithoutReferences { count: 1 })
    );
    assert!(
        answer
            .signature
            .contains("|items:intersection|references:2|")
    );
    files
        .references
        .push(written(&folder, "r.txt", b"a bird\n"));
    let error = BleuRequest::new(files).measure(&FilesOnly).unwrap_err();
    assert_eq!(error.fault_kind(), FaultKind::Usage);

    let mut lines = Vec::new();
    let text = "A bird, red.\n\nIt\u{2028}sings!\r\n".as_bytes();
    let warning = tokenise_lines(text, Path::new("-"), |tokens| {
        lines.push(tokens.to_owned());
        Ok::<(), MeasureError>(())
    });
    assert_eq!(lines, ["a bird red", "", "it sings"]);
    assert!(
        warning
            .unwrap()
            .unwrap()
            .to_string()
            .starts_with("1 captions hold a line separator")
    );
}
