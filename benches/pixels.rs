//! From PNG files to what a network reads, on all cores: decode, resize, normalise.
//!
//! `tools/bench/pixels.py` writes the folder that `STORYEVAL_BENCH_IMAGES` names, times Pillow on it and
//! then runs this; without the variable a few images of noise are drawn.
#![allow(missing_docs, clippy::unwrap_used)]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use image::{Rgb, RgbImage};
use rayon::prelude::*;
use std::hint::black_box;
use std::path::PathBuf;
use std::time::Duration;
use storyeval::format::ImageFiles;
use storyeval::vision::{
    Geometry, InputScale, Recipe, Resizer, ValueScale, encode_png, prepare, read_image,
};

fn draw(folder: &std::path::Path) {
    let mut state = 12_345_u32;
    for number in 0..16 {
        let image = RgbImage::from_fn(128, 128, |_, _| {
            Rgb(std::array::from_fn(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 24) as u8
            }))
        });
        let path = folder.join(format!("{number}.png"));
        std::fs::write(path, encode_png(&image).unwrap()).unwrap();
    }
}

fn pixels(criterion: &mut Criterion) {
    let drawn = tempfile::tempdir().unwrap();
    let folder = std::env::var_os("STORYEVAL_BENCH_IMAGES").map_or_else(
        || {
            draw(drawn.path());
            drawn.path().to_owned()
        },
        PathBuf::from,
    );
    let files = ImageFiles::list(&folder).unwrap();
    let input = InputScale::Standardised {
        mean: [0.485, 0.456, 0.406],
        std: [0.229, 0.224, 0.225],
    };
    let mut group = criterion.benchmark_group("pixels");
    group.throughput(Throughput::Elements(files.len() as u64));
    group.bench_function("decode", |bencher| {
        bencher.iter(|| {
            let read = files
                .paths()
                .par_iter()
                .map(|path| read_image(path).unwrap());
            read.for_each(|image| {
                black_box(image);
            });
        });
    });
    for (name, resizer, side) in [
        ("bilinear-299", Resizer::PillowBilinear, 299),
        ("bicubic-224", Resizer::PillowBicubic, 224),
    ] {
        let recipe = Recipe {
            first: None,
            resizer,
            geometry: Geometry::Squash,
            scale: ValueScale::Symmetric,
        };
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                files.paths().par_iter().for_each(|path| {
                    let image = read_image(path).unwrap().image;
                    black_box(prepare(&image, &recipe, side, side, &input).unwrap());
                });
            });
        });
    }
    group.finish();
}

criterion_group! {
    name = group;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(4));
    targets = pixels
}
criterion_main!(group);
