//! How long distances between sets of features take, with the sizes of a small published test.
//!
//! `cargo bench --bench distances`; `tools/bench/distances.py` times the Python tools on files.
#![allow(missing_docs, clippy::unwrap_used)]

use criterion::{Criterion, criterion_group, criterion_main};
use ndarray::Array2;
use std::hint::black_box;
use storyeval::metric::{
    KidOptions, PrdcOptions, frechet, frechet_influence, kid, prdc, prdc_by_groups,
};

/// A bell-like number that depends on `index` alone.
fn noise(index: u64) -> f32 {
    let mut sum = 0.0;
    for draw in 0..4 {
        let mut mixed = (4 * index + draw + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        sum += (mixed >> 40) as f32 / 16_777_216.0;
    }
    sum
}

fn features(rows: usize, dim: usize, start: u64) -> Array2<f32> {
    Array2::from_shape_fn((rows, dim), |(i, j)| noise(start + (i * dim + j) as u64))
}

fn distances(criterion: &mut Criterion) {
    let (rows, dim) = (5000, 2048);
    let (first, second) = (features(rows, dim, 0), features(rows, dim, 1 << 40));
    criterion.bench_function("frechet 5000x2048", |bencher| {
        bencher.iter(|| frechet(black_box(&first.view()), &second.view()).unwrap());
    });
    criterion.bench_function("frechet 5000x2048, influence of every frame", |bencher| {
        bencher.iter(|| frechet_influence(black_box(&first.view()), &second.view()).unwrap());
    });
    criterion.bench_function("kid 5000x2048, 100 subsets of 1000", |bencher| {
        let options = KidOptions::default();
        bencher.iter(|| kid(black_box(&first.view()), &second.view(), &options).unwrap());
    });
    criterion.bench_function("prdc 5000x2048", |bencher| {
        let options = PrdcOptions::default();
        bencher.iter(|| prdc(black_box(&first.view()), &second.view(), &options).unwrap());
    });
    criterion.bench_function("prdc 5000x2048 with its jackknife", |bencher| {
        let options = PrdcOptions::default();
        let groups: Vec<u8> = (0..rows).map(|row| (row * 64 / rows) as u8).collect();
        bencher.iter(|| {
            let sets = (first.view(), second.view());
            prdc_by_groups(black_box(&sets.0), &sets.1, &options, [&groups, &groups]).unwrap()
        });
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10);
    targets = distances
}
criterion_main!(benches);
