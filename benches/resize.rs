//! Resizing next to `fast_image_resize`, one thread each, in one run.
//!
//! Its `F32` path equals Pillow's mode `F`; its `U8` path equals nothing we know (it follows
//! pillow-SIMD's 16-bit weights) and is here for scale.
#![allow(missing_docs, clippy::unwrap_used)]

use criterion::{Criterion, criterion_group, criterion_main};
use fast_image_resize::images::{TypedImage, TypedImageRef};
use fast_image_resize::pixels::{F32x3, InnerPixel, U8x3};
use fast_image_resize::{FilterType, ResizeAlg, ResizeOptions, Resizer};
use image::{Rgb, RgbImage};
use std::hint::black_box;
use std::time::Duration;
use storyeval::vision::{
    Filter, FloatResizer, Geometry, InputScale, PassOrder, Recipe, Resizer as Named, ValueScale,
    prepare, resize, resize_float,
};

fn noise(side: u32) -> RgbImage {
    let mut state = 12_345_u32;
    RgbImage::from_fn(side, side, |_, _| {
        Rgb(std::array::from_fn(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        }))
    })
}

fn theirs<P>(pixels: &[P], from: u32, to: u32, filter: FilterType) -> TypedImage<'static, P>
where
    P: InnerPixel + fast_image_resize::PixelTrait,
{
    let source = TypedImageRef::new(from, from, pixels).unwrap();
    let mut result = TypedImage::new(to, to);
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(filter));
    Resizer::new()
        .resize_typed(&source, &mut result, &options)
        .unwrap();
    result
}

fn resizing(criterion: &mut Criterion) {
    for (name, ours, their) in [
        ("bilinear", Filter::Bilinear, FilterType::Bilinear),
        ("bicubic", Filter::Bicubic, FilterType::CatmullRom),
    ] {
        for (from, to) in [(128, 299), (64, 299), (512, 299), (512, 224)] {
            let image = noise(from);
            let bytes: Vec<U8x3> = image.pixels().map(|pixel| U8x3::new(pixel.0)).collect();
            let floats: Vec<F32x3> = image
                .pixels()
                .map(|pixel| F32x3::new(pixel.0.map(f32::from)))
                .collect();
            let mut group = criterion.benchmark_group(format!("{name} {from} to {to}"));
            group.bench_function("u8 ours", |bencher| {
                bencher.iter(|| resize(black_box(&image), to, to, ours).unwrap());
            });
            group.bench_function("u8 theirs, inexact", |bencher| {
                bencher.iter(|| theirs(black_box(&bytes), from, to, their));
            });
            group.bench_function("f32 ours, from bytes to planes", |bencher| {
                let resizer = FloatResizer::Pillow(ours);
                let order = PassOrder::default();
                bencher.iter(|| resize_float(black_box(&image), to, to, resizer, order).unwrap());
            });
            group.bench_function("f32 theirs, exact", |bencher| {
                bencher.iter(|| theirs(black_box(&floats), from, to, their));
            });
            group.bench_function("f32 theirs, exact, from bytes to planes", |bencher| {
                bencher.iter(|| {
                    let floats: Vec<F32x3> = black_box(&image)
                        .pixels()
                        .map(|pixel| F32x3::new(pixel.0.map(f32::from)))
                        .collect();
                    let resized = theirs(&floats, from, to, their);
                    let mut planes = vec![0.0; 3 * resized.pixels().len()];
                    for (channel, plane) in
                        planes.chunks_exact_mut(resized.pixels().len()).enumerate()
                    {
                        for (value, pixel) in plane.iter_mut().zip(resized.pixels()) {
                            *value = pixel.0[channel];
                        }
                    }
                    planes
                });
            });
            group.bench_function("prepare", |bencher| {
                let recipe = Recipe {
                    first: None,
                    resizer: if ours == Filter::Bicubic {
                        Named::PillowBicubic
                    } else {
                        Named::PillowBilinear
                    },
                    geometry: Geometry::CenterCrop,
                    scale: ValueScale::Symmetric,
                };
                let input = InputScale::CLIP;
                bencher.iter(|| prepare(black_box(&image), &recipe, to, to, &input).unwrap());
            });
            group.finish();
        }
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_secs(1));
    targets = resizing
}
criterion_main!(benches);
