//! Pairs of many sizes, against the package lpips (`tools/golden/lpips_sizes.py`), alone and in company.

use super::*;
use crate::inference::{DeviceRequest, RuntimeOptions, default_cache};
use image::Rgb;
use std::path::Path;

#[derive(serde::Deserialize)]
struct Golden {
    tolerance: f32,
    sizes: Vec<[u32; 2]>,
    distances: Vec<f32>,
}

fn golden() -> Golden {
    let path = "reference-data/golden/networks/lpips_sizes.json";
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn network() -> Lpips {
    let options = RuntimeOptions {
        device: DeviceRequest::Cpu,
        threads: Some(2),
        offline: false,
        cache: default_cache(),
    };
    let runtime = Runtime::open(&options, &mut |_| {}).unwrap();
    let bundle = Bundle::open(Path::new("reference-data/bundles/minisv-lpips")).unwrap();
    Lpips::open(&runtime, &bundle).unwrap()
}

fn image(seed: u32, [width, height]: [u32; 2]) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        let common = 7 * seed + x * (3 + seed) + x * y / (11 + seed);
        Rgb([0, 1, 2].map(|c| ((common + y * (5 + 2 * c) + 40 * c) % 256) as u8))
    })
}

#[test]
fn distances_of_every_size_are_those_of_the_package_alone_and_in_company() {
    let golden = golden();
    let mut network = network();
    let pair = |size: &[u32; 2]| [1, 2].map(|seed| image(seed, *size));
    let (first, second): (Vec<RgbImage>, Vec<RgbImage>) =
        golden.sizes.iter().map(|size| pair(size).into()).unzip();
    let mixed = network.distances(&first, &second, None).unwrap();
    for (at, size) in golden.sizes.iter().enumerate() {
        let expected = golden.distances[at];
        assert!(
            (mixed[at] - expected).abs() <= golden.tolerance,
            "{size:?}: {} {expected}",
            mixed[at]
        );
        let (one, other) = (&first[at..=at], &second[at..=at]);
        assert_eq!(
            network.distances(one, other, None).unwrap(),
            mixed[at..=at],
            "{size:?}"
        );
        // Among others of its size, first, last and beyond a full pass.
        let others: Vec<RgbImage> = (3..13).map(|seed| image(seed, *size)).collect();
        for count in [1, 3, 7, 10] {
            let whole = [one, &others[..count], one].concat();
            let against = [other, &others[10 - count..], other].concat();
            let found = network.distances(&whole, &against, None).unwrap();
            let bits = [found[0], found[count + 1]].map(f32::to_bits);
            assert_eq!(bits, [mixed[at].to_bits(); 2], "{size:?} {count}");
        }
    }
}
