//! How long scoring takes: resizing, the Fréchet distance, the story bootstrap.
#![allow(missing_docs, clippy::unwrap_used)]

use criterion::{Criterion, criterion_group, criterion_main};
use image::{Rgb, RgbImage};
use ndarray::Array2;
use std::hint::black_box;
use storyeval::metric::{
    CLIP, CLIP_TEXT, Extractors, FEATURES, Features, ReduceInput, ScoreContext, frechet, reduce,
};
use storyeval::record::{ClipId, FrameIndex, Observation, StoryId, TextVariant};
use storyeval::vision::{Filter, resize};

fn noise(index: usize) -> f32 {
    let mixed = (index as u64)
        .wrapping_add(1)
        .wrapping_mul(0x9E37_79B9_7F4A_7C15);
    ((mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 40) as f32 / 16_777_216.0
}

fn features(rows: usize, dim: usize, start: usize) -> Array2<f32> {
    Array2::from_shape_fn((rows, dim), |(i, j)| noise(start + i * dim + j))
}

fn resizing(criterion: &mut Criterion) {
    let image = RgbImage::from_fn(128, 128, |x, y| Rgb([x as u8, y as u8, (x * y) as u8]));
    for side in [64, 299] {
        criterion.bench_function(&format!("resize bilinear 128 to {side}"), |bencher| {
            bencher.iter(|| resize(black_box(&image), side, side, Filter::Bilinear).unwrap());
        });
    }
}

fn distance(criterion: &mut Criterion) {
    for (rows, dim) in [(1000, 64), (100, 2048)] {
        let (first, second) = (features(rows, dim, 0), features(rows, dim, rows * dim));
        criterion.bench_function(&format!("frechet {rows}x{dim}"), |bencher| {
            bencher.iter(|| frechet(black_box(&first.view()), &second.view()).unwrap());
        });
    }
}

fn scores(criterion: &mut Criterion) {
    let observations: Vec<Observation> = (0..400)
        .map(|i| {
            let mut row = Observation::unseen(
                StoryId::new(format!("story {}", i / 4)),
                FrameIndex((i % 4) as u32 + 1),
                ClipId::new(i.to_string()),
            );
            row.pronoun = i % 3 == 0;
            row.character_labels = (0..7).map(|k| noise(i * 7 + k) > 0.7).collect();
            row.background_labels = Some((0..12).map(|k| k == i % 12).collect());
            let list = |n: usize, from: usize| (0..n).map(|k| noise(from + k)).collect::<Vec<_>>();
            row.with("character_probabilities", list(7, 9000 + i * 7))
                .with("background_probabilities", list(12, i * 12))
                .with("lpips", f64::from(noise(i + 2)))
        })
        .collect();
    let (generated, ground_truth) = (features(400, 64, 0), features(400, 64, 99_999));
    let protocol = storyeval::card::protocol("strict").unwrap();
    let context = ScoreContext {
        dataset: "minisv".to_owned(),
        dataset_hash: String::new(),
        subset: "test/listed".parse().unwrap(),
        text: TextVariant::Algorithm1,
        reads: Vec::new(),
        characters: (0..7).map(|k| k.to_string()).collect(),
        refused: None,
        extractors: Extractors::default(),
    };
    let pair = [generated, ground_truth];
    let features = Features::default()
        .with(CLIP_TEXT, pair[1].clone())
        .with_pair(FEATURES, pair.clone())
        .with_pair(CLIP, pair);
    let input = ReduceInput {
        observations: &observations,
        own: &[],
        features: &features,
        protocol: &protocol,
        context: &context,
    };
    criterion.bench_function("reduce 100 stories with intervals", |bencher| {
        bencher.iter(|| reduce(black_box(&input)));
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10);
    targets = resizing, distance, scores
}
criterion_main!(benches);
