//! Resizing, geometry and recipes against Pillow, torch, torchvision, torch-fidelity and clean-fid:
//! values made by `tools/golden/resize*.py`.

use super::planes::float_window;
use super::resize::resize_window;
use super::scaler::Scaler;
use super::{
    Filter, FloatResizer, Geometry, InputScale, PassOrder, Recipe, Resizer, ValueScale, prepare,
    resize_float, resize_ordered, short_side_size,
};
use image::RgbImage;
use ndarray::Array3;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

fn stored<T: DeserializeOwned>(name: &str) -> T {
    let path = format!("reference-data/golden/resize/{name}.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The generator of the scripts.
struct Lcg(u32);

impl Lcg {
    fn byte(&mut self) -> u8 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 24) as u8
    }

    fn word(&mut self) -> usize {
        usize::from(self.byte()) * 256 + usize::from(self.byte())
    }
}

fn noise([width, height]: [u32; 2]) -> RgbImage {
    let mut values = Lcg(12_345);
    RgbImage::from_fn(width, height, |_, _| {
        image::Rgb(std::array::from_fn(|_| values.byte()))
    })
}

fn digest(bytes: &[u8]) -> String {
    let mut digest = format!("{:x}", Sha256::digest(bytes));
    digest.truncate(16);
    digest
}

fn digest_f32<'a>(values: impl IntoIterator<Item = &'a f32>) -> String {
    let bytes: Vec<u8> = values.into_iter().flat_map(|v| v.to_le_bytes()).collect();
    digest(&bytes)
}

/// Channel, row and column of the stored values.
fn places(planes: &Array3<f32>) -> Vec<f32> {
    let (_, height, width) = planes.dim();
    let mut values = Lcg(7);
    let mut places = vec![
        [0, 0, 0],
        [1, 0, width - 1],
        [2, height - 1, 0],
        [0, height - 1, width - 1],
    ];
    places.extend((0..44).map(|_| {
        let channel = usize::from(values.byte()) % 3;
        let row = values.word() % height;
        [channel, row, values.word() % width]
    }));
    places.iter().map(|place| planes[*place]).collect()
}

fn floats(text: &str) -> Vec<f32> {
    let bytes = base64::decode(text).unwrap();
    let (values, _) = bytes.as_chunks::<4>();
    values.iter().map(|v| f32::from_le_bytes(*v)).collect()
}

fn furthest(found: &[f32], expected: &[f32]) -> f32 {
    assert_eq!(found.len(), expected.len());
    let differences = found.iter().zip(expected).map(|(a, b)| (a - b).abs());
    differences.fold(0.0, f32::max)
}

const FILTERS: [Filter; 4] = [
    Filter::Box,
    Filter::Bilinear,
    Filter::Bicubic,
    Filter::Lanczos,
];

#[derive(Deserialize)]
struct Pillow {
    cases: Vec<PillowCase>,
}

#[derive(Deserialize)]
struct PillowCase {
    from: [u32; 2],
    to: [u32; 2],
    u8: [String; 4],
    f32: [String; 4],
}

fn equals_pillow(cases: Vec<PillowCase>, order: PassOrder) -> usize {
    let count = cases.len();
    for case in cases {
        let input = noise(case.from);
        let [width, height] = case.to;
        for (at, filter) in FILTERS.into_iter().enumerate() {
            let place = format!("{filter} {:?} -> {:?}", case.from, case.to);
            let bytes = resize_ordered(&input, width, height, filter, order).unwrap();
            assert_eq!(digest(bytes.as_raw()), case.u8[at], "{place}");
            let resizer = FloatResizer::Pillow(filter);
            let planes = resize_float(&input, width, height, resizer, order).unwrap();
            assert_eq!(digest_f32(&planes), case.f32[at], "mode F, {place}");
        }
    }
    count
}

#[test]
fn pillow_12_is_equalled_bit_for_bit() {
    assert!(equals_pillow(stored::<Pillow>("pillow12").cases, PassOrder::Pillow12) > 200);
}

#[test]
fn pillow_13_is_equalled_bit_for_bit_where_it_differs() {
    let cases = stored::<Pillow>("pillow13").cases;
    assert!(equals_pillow(cases, PassOrder::Pillow13) > 40);
}

/// `tools/slow/pixels_against_pillow.sh` makes the file and runs this.
#[test]
#[ignore = "needs a file that tools/slow/pixels_against_pillow.sh makes"]
fn slow_pillow_13_is_equalled_on_random_shapes() {
    let file = std::env::var_os("STORYEVAL_RESIZE_CASES").expect("the file of cases");
    let found: Pillow = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let count = equals_pillow(found.cases, PassOrder::Pillow13);
    println!("{count} shapes, four filters, 8 bits and mode F: no byte differs");
    assert!(count >= 1000);
}

#[test]
fn pillow_13_equals_pillow_12_elsewhere() {
    let differ: Vec<_> = stored::<Pillow>("pillow13").cases;
    let mut same = 0;
    for case in stored::<Pillow>("pillow12").cases {
        if differ
            .iter()
            .any(|d| (d.from, d.to) == (case.from, case.to))
        {
            continue;
        }
        let [width, height] = case.to;
        let filter = Filter::Bicubic;
        let bytes = resize_ordered(
            &noise(case.from),
            width,
            height,
            filter,
            PassOrder::Pillow13,
        );
        assert_eq!(digest(bytes.unwrap().as_raw()), case.u8[2]);
        same += 1;
    }
    assert!(same > 150);
}

#[derive(Deserialize)]
struct Torch {
    cases: Vec<TorchCase>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct TorchCase {
    from: [u32; 2],
    to: [u32; 2],
    bilinear: String,
    bilinear_antialias: String,
    bicubic: String,
    bicubic_antialias: String,
    tf1: String,
}

#[test]
fn torch_and_tensorflow_are_equalled() {
    // Grey levels. Measured: 3.1e-5 (1.2e-7 of 255) and 3.6e-4; the bicubic kernels fuse more than we do.
    const BILINEAR: f32 = 6.0e-5;
    const BICUBIC: f32 = 6.0e-4;
    for case in stored::<Torch>("torch").cases {
        let input = noise(case.from);
        let [width, height] = case.to;
        let resized =
            |resizer| resize_float(&input, width, height, resizer, PassOrder::default()).unwrap();
        for (resizer, expected, tolerance) in [
            (FloatResizer::TorchBilinear, &case.bilinear, BILINEAR),
            (
                FloatResizer::TorchBilinearAntialias,
                &case.bilinear_antialias,
                BILINEAR,
            ),
            (FloatResizer::TorchBicubic, &case.bicubic, BICUBIC),
            (
                FloatResizer::TorchBicubicAntialias,
                &case.bicubic_antialias,
                BICUBIC,
            ),
        ] {
            let difference = furthest(&places(&resized(resizer)), &floats(expected));
            let place = format!("{resizer:?} {:?} -> {:?}", case.from, case.to);
            assert!(difference < tolerance, "{place}: {difference}");
        }
        let tf1 = resized(FloatResizer::Tf1Bilinear);
        assert_eq!(
            digest_f32(&tf1),
            case.tf1,
            "{:?} -> {:?}",
            case.from,
            case.to
        );
    }
}

#[derive(Deserialize)]
struct Stored {
    origin: Origin,
    resized: Vec<Whittled>,
    recipes: Vec<Whole>,
}

#[derive(Deserialize)]
struct Origin {
    scales: std::collections::BTreeMap<String, String>,
}

#[derive(Deserialize)]
struct Whittled {
    size: [u32; 2],
    n: u32,
    filter: String,
    resized: (u32, u32),
    sha256: String,
}

#[derive(Deserialize)]
struct Whole {
    recipe: String,
    size: [u32; 2],
    to: u32,
    values: String,
}

fn recipes() -> Stored {
    stored("recipes")
}

#[test]
fn geometry_equals_torchvision_bit_for_bit() {
    let cases = recipes().resized;
    assert!(cases.len() >= 100);
    for case in cases {
        let [width, height] = case.size;
        assert_eq!(short_side_size((width, height), case.n), case.resized);
        let axes = Geometry::CenterCrop.axes((width, height), (case.n, case.n));
        let (x, y) = axes.unwrap();
        let filter = FILTERS.into_iter().find(|f| f.to_string() == case.filter);
        // The values were made with Pillow 13.
        let order = PassOrder::Pillow13;
        let found = resize_window(&noise(case.size), x, y, filter.unwrap(), order);
        let place = format!("{:?} to {} {}", case.size, case.n, case.filter);
        assert_eq!(digest(found.as_raw()), case.sha256, "{place}");
    }
}

#[test]
fn scales_equal_torchvision_and_torch_fidelity_bit_for_bit() {
    let scales = recipes().origin.scales;
    for (name, scale, input) in [
        ("unit", ValueScale::Symmetric, InputScale::Unit),
        ("symmetric", ValueScale::Symmetric, InputScale::Symmetric),
        ("centred128", ValueScale::Centred128, InputScale::Symmetric),
        ("imagenet", ValueScale::Symmetric, InputScale::IMAGENET),
        ("clip", ValueScale::Symmetric, InputScale::CLIP),
        (
            "imagenet",
            ValueScale::ImagenetStandardised,
            InputScale::Symmetric,
        ),
        ("unit", ValueScale::UpperHalf, InputScale::Symmetric),
    ] {
        let tables: Vec<f32> = (0..3)
            .flat_map(|channel| Scaler::new(scale, &input, channel).table())
            .collect();
        assert_eq!(digest_f32(&tables), scales[name], "{name}");
    }
}

#[test]
fn whole_recipes_equal_the_published_ones() {
    let cases = recipes().recipes;
    assert!(cases.len() >= 20);
    for case in cases {
        let (resizer, scale) = match case.recipe.as_str() {
            "clip" => (Resizer::PillowBicubic, ValueScale::Symmetric),
            "clean_fid" => (Resizer::PillowF32Bicubic, ValueScale::Centred128),
            "torchmetrics" => (Resizer::TorchBilinearAntialias, ValueScale::Centred128),
            _ => (Resizer::TorchBilinear, ValueScale::Symmetric),
        };
        let clip = case.recipe == "clip";
        let recipe = Recipe {
            // torchvision's `Resize((64, 64))` squashes.
            first: (case.recipe == "storydalle").then_some(64),
            resizer,
            geometry: if clip {
                Geometry::CenterCrop
            } else {
                Geometry::Squash
            },
            scale,
        };
        let input = if clip {
            InputScale::CLIP
        } else {
            InputScale::Symmetric
        };
        let found = prepare(&noise(case.size), &recipe, case.to, case.to, &input).unwrap();
        let difference = furthest(&places(&found), &floats(&case.values));
        let exact = ["clip", "clean_fid"].contains(&case.recipe.as_str());
        // Measured: 3e-7.
        let tolerance = if exact { 0.0 } else { 5e-7 };
        assert!(
            difference <= tolerance,
            "{} {:?}: {difference}",
            case.recipe,
            case.size
        );
    }
}

#[test]
fn a_window_is_a_part_of_the_whole() {
    let input = noise([61, 47]);
    for geometry in [(70, 33), (20, 47), (61, 90), (61, 47)] {
        let (x, y) = (
            super::axis::Axis::whole(61, geometry.0),
            super::axis::Axis::whole(47, geometry.1),
        );
        let part = |axis: super::axis::Axis| super::axis::Axis {
            start: 3,
            len: axis.to - 9,
            ..axis
        };
        for order in [PassOrder::Pillow12, PassOrder::Pillow13] {
            for filter in FILTERS {
                let whole = resize_window(&input, x, y, filter, order);
                let found = resize_window(&input, part(x), part(y), filter, order);
                let view = image::imageops::crop_imm(&whole, 3, 3, x.to - 9, y.to - 9);
                assert_eq!(found, view.to_image(), "{filter} {geometry:?}");
                let resizer = FloatResizer::Pillow(filter);
                let whole = float_window(&input, x, y, resizer, order);
                let found = float_window(&input, part(x), part(y), resizer, order);
                for (row, line) in found.values.chunks_exact(found.width).enumerate() {
                    let at = (row + 3) * whole.width + 3;
                    assert_eq!(line, &whole.values[at..at + line.len()]);
                }
            }
        }
    }
}
