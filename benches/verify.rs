//! `dataset verify` over PNG files, against the bare loop that only decodes them, on all cores.
//!
//! `STORYEVAL_BENCH_CLIPS` says how many files of 128 x 128 pixels are written (1,000 without it; 10,000 for the number
//! in `docs/evidence/performance.md`). They are drawn MiniSV frames in the folder layout, nine tenths in `train`.
//! Both sides read the same files from the page cache; the pass begins with an empty journal each time.
#![allow(missing_docs, clippy::unwrap_used)]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use rayon::prelude::*;
use std::fmt::Write;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Duration;
use storyeval::card::{self, DatasetCard};
use storyeval::dataset::{ALL_SPLITS, Dataset, OpenOptions, open};
use storyeval::minisv::{SplitSizes, World, write};
use storyeval::verify::{Journal, verify};
use storyeval::vision::{encode_png, read_image};

/// Writes `count` different pictures and the list of them; gives their paths.
fn draw(folder: &Path, count: usize) -> Vec<PathBuf> {
    let world = folder.join("world");
    let sizes = SplitSizes {
        test_stories: 40,
        val_stories: 0,
        train_clips: 0,
    };
    write(&world, World { seed: 3, sizes }, &|_, _| {}).unwrap();
    let drawn = open(&OpenOptions::new(card::dataset("minisv").unwrap(), &world)).unwrap();
    let frames: Vec<_> = drawn
        .stories()
        .iter()
        .flat_map(|story| &story.frames)
        .flat_map(|frame| drawn.clip_frames(&frame.clip).unwrap().frames().to_vec())
        .collect();
    let (mut lines, mut paths) = (String::new(), Vec::new());
    for number in 0..count {
        let mut image = frames[number % frames.len()].clone();
        // No two are equal.
        let pixels = image.as_mut();
        pixels[number % 49_152] ^= 1 + (number / 49_152) as u8;
        pixels[(number * 7 + 1) % 49_152] ^= (number / frames.len()) as u8;
        let name = format!("{number}.png");
        let path = folder.join(&name);
        std::fs::write(&path, encode_png(&image).unwrap()).unwrap();
        paths.push(path);
        let split = if number % 10 == 0 { "test" } else { "train" };
        let frame = serde_json::json!({"image": name, "caption": "a drawn scene"});
        let line =
            serde_json::json!({"id": format!("s{number}"), "split": split, "frames": [frame]});
        writeln!(lines, "{line}").unwrap();
    }
    std::fs::write(folder.join("stories.jsonl"), lines).unwrap();
    paths
}

fn passes(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let count = std::env::var("STORYEVAL_BENCH_CLIPS");
    let count: usize = count.map_or(1_000, |count| count.parse().unwrap());
    let paths = draw(folder.path(), count);
    let options = OpenOptions {
        split: ALL_SPLITS.to_owned(),
        ..OpenOptions::new(DatasetCard::of_folder("bench"), folder.path())
    };
    let mut group = criterion.benchmark_group("verify");
    group.throughput(Throughput::Elements(count as u64));
    group.bench_function("decode", |bencher| {
        bencher.iter(|| {
            paths.par_iter().for_each(|path| {
                black_box(read_image(path).unwrap());
            });
        });
    });
    let journal = folder.path().join("journal.jsonl");
    group.bench_function("verify", |bencher| {
        bencher.iter(|| {
            let journal = Journal::open(&journal, true).unwrap();
            let verified = verify(&options, Some(&journal), &|_, _| {}).unwrap();
            assert_eq!(verified.report.clips, count);
            journal.finish().unwrap();
        });
    });
    group.bench_function("again", |bencher| {
        bencher.iter(|| {
            let journal = Journal::open(&journal, false).unwrap();
            let verified = verify(&options, Some(&journal), &|_, _| {}).unwrap();
            assert_eq!(verified.known, count);
        });
    });
    group.finish();
}

criterion_group! {
    name = group;
    config = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(4));
    targets = passes
}
criterion_main!(group);
