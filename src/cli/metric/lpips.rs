//! `storyeval metric lpips`.

use super::answer::{Answer, Format, signed};
use super::doubts::Doubts;
use super::interval::IntervalArguments;
use super::pillow::PillowArguments;
use crate::cli::Outcome;
use crate::cli::common::DeviceArguments;
use clap::{Args, ValueEnum};
use serde_json::json;
use std::path::PathBuf;
use storyeval::evaluator::Lpips;
use storyeval::format::image_pairs;
use storyeval::metric::ordered_mean;
use storyeval::pipeline::bundle_by_name;
use storyeval::record::Signature;
use storyeval::vision::{Resizer, read_image};

/// Pairs that are decoded together, at most.
const CHUNK: usize = 32;
/// Pixels of both images after which no further pair is decoded with them.
const CHUNK_PIXELS: u64 = 1 << 22;

#[derive(Clone, Debug, Args)]
pub(crate) struct LpipsArguments {
    /// An image, or a folder of images
    first: PathBuf,
    /// The other image, or a folder with images of the same names
    second: PathBuf,
    /// Bundle of the network: an id or a folder
    #[arg(long, value_name = "ID|DIR", default_value = "lpips-alex")]
    bundle: String,
    /// Bring both images to a square of so many pixels
    #[arg(long, value_name = "PIXELS", value_parser = clap::value_parser!(u32).range(1..=8192))]
    resize: Option<u32>,
    /// How to bring them there; GILL has 256 and torch-bilinear-antialias
    #[arg(long, value_enum, default_value_t)]
    resizer: LpipsResizer,
    #[command(flatten)]
    pillow: PillowArguments,
    #[command(flatten)]
    interval: IntervalArguments,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    device: DeviceArguments,
}

/// How images are brought to one size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum LpipsResizer {
    /// Pillow on 8-bit pixels
    #[default]
    PillowBilinear,
    /// torch on floats, anti-aliased
    TorchBilinearAntialias,
}

impl From<LpipsResizer> for Resizer {
    fn from(resizer: LpipsResizer) -> Self {
        match resizer {
            LpipsResizer::PillowBilinear => Self::PillowBilinear,
            LpipsResizer::TorchBilinearAntialias => Self::TorchBilinearAntialias,
        }
    }
}

/// Distances between images of the same name.
pub(crate) fn lpips(arguments: &LpipsArguments) -> Outcome {
    let pairs = image_pairs(&arguments.first, &arguments.second)?;
    let cache = arguments.device.cache.folder();
    let bundle = bundle_by_name(&arguments.bundle, "LPIPS", &cache)?;
    let groups = arguments.interval.groups(pairs.len())?;
    let runtime = arguments.device.open()?;
    let network = Lpips::open(&runtime, &bundle)?;
    let mut network = network
        .with_resizer(arguments.resizer.into())
        .with_pillow(arguments.pillow.order());
    let mut values = Vec::with_capacity(pairs.len());
    let (mut doubts, mut sizes_differ) = ([Doubts::default(); 2], 0);
    let (mut first, mut second, mut pixels) = (Vec::new(), Vec::new(), 0);
    for (at, pair) in pairs.iter().enumerate() {
        let [a, b] = &pair.paths;
        let (a, b) = (read_image(a)?, read_image(b)?);
        doubts[0].see(&a);
        doubts[1].see(&b);
        sizes_differ += usize::from(a.image.dimensions() != b.image.dimensions());
        for image in [&a.image, &b.image] {
            pixels += u64::from(image.width()) * u64::from(image.height());
        }
        first.push(a.image);
        second.push(b.image);
        if first.len() == CHUNK || pixels >= CHUNK_PIXELS || at + 1 == pairs.len() {
            let distances = network.distances(&first, &second, arguments.resize)?;
            values.extend(distances.into_iter().map(f64::from));
            (first, second, pixels) = (Vec::new(), Vec::new(), 0);
        }
    }
    let [first, second] = doubts;
    let mut warnings = first.warnings(&arguments.first);
    warnings.extend(second.warnings(&arguments.second));
    if sizes_differ > 0 && arguments.resize.is_none() {
        warnings.push(format!(
            "{sizes_differ} pairs differ in size; the first image was brought to the size of the second"
        ));
    }
    let pixels = network.preprocessing(arguments.resize);
    let items = pairs
        .iter()
        .zip(&values)
        .map(|(pair, value)| json!({"id": pair.name, "value": value}));
    Answer {
        metric: "lpips".to_owned(),
        value: ordered_mean(&values),
        interval: arguments.interval.of_mean(&values, &groups),
        n: Some(values.len()),
        signature: signed(
            Signature::of("lpips")
                .with("pixels", pixels)
                .with(
                    "extractor",
                    format!("lpips@{}", &bundle.content_hash()[..12]),
                )
                .with("avg", "mean"),
            &arguments.interval.name(&groups),
            &[Some(values.len())],
        ),
        items: Some(items.collect()),
        warnings,
        ..Answer::default()
    }
    .print(arguments.format)
}
