//! A protocol's `pillow` through the networks that score runs: values of `tools/golden/pass_order.py`.

use super::crops::at_one_size;
use super::{Chunk, EVALUATORS, Evaluator, Rows, open};
use crate::card::{self, Protocol};
use crate::inference::{Bundle, DeviceRequest, Runtime, RuntimeOptions, default_cache};
use crate::record::{ClipId, FrameIndex, Observation, Role, StoryId};
use crate::vision::PassOrder;
use image::RgbImage;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

#[derive(Deserialize)]
struct Golden {
    pillow12: Vec<Seen>,
    pillow13: Vec<Seen>,
}

#[derive(Deserialize)]
struct Seen {
    size: [u32; 2],
    characters: Vec<f32>,
    features: Vec<f32>,
    clip: Vec<f32>,
    lpips: f32,
    crop: String,
}

/// The generator of the script.
fn noise(width: u32, height: u32) -> RgbImage {
    let mut state = 12_345_u32;
    RgbImage::from_fn(width, height, |_, _| {
        image::Rgb(std::array::from_fn(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        }))
    })
}

/// `strict` at the script's sizes, with a line for the version of Pillow or without.
fn protocol(pillow: &str) -> Protocol {
    let strict = serde_json::to_value(card::protocol("strict").unwrap()).unwrap();
    let mut card = strict;
    card["lpips"]["resize"] = 48.into();
    card["crops"]["size"] = 16.into();
    if !pillow.is_empty() {
        card["pillow"] = pillow.into();
    }
    serde_json::from_value(card).unwrap()
}

fn close(found: &[f32], expected: &[f32], what: &str) {
    assert_eq!(found.len(), expected.len());
    for (a, b) in found.iter().zip(expected) {
        assert!((a - b).abs() <= 2e-6 * b.abs().max(1.0), "{what}: {a} {b}");
    }
}

fn check(panel: &mut [Box<dyn Evaluator>], protocol: &Protocol, cases: &[Seen]) {
    let real = noise(64, 64);
    let row = Observation::unseen(StoryId::new("s"), FrameIndex(1), ClipId::new("c"));
    for case in cases {
        let [width, height] = case.size;
        let frame = [noise(width, height)];
        let what = format!("{:?} {:?}", protocol.pillow, case.size);
        let mut seen = row.clone();
        for evaluator in panel.iter_mut() {
            let mut rows = Rows::default();
            let chunk = Chunk {
                frames: &frame,
                truth: &[&real],
                rows: &[&row],
            };
            evaluator.observe(&chunk, &mut rows).unwrap();
            for (column, values) in rows.into_columns() {
                seen.set(column, values.into_iter().next());
            }
        }
        let vector = |column: &str| seen.vector(column).unwrap();
        close(vector("character_probabilities"), &case.characters, &what);
        close(vector("generated"), &case.features, &what);
        close(vector("clip_generated"), &case.clip, &what);
        let distance = seen.number("lpips").unwrap();
        close(&[distance as f32], &[case.lpips], &what);
        let cut = at_one_size(&frame, protocol.crops.unwrap(), protocol.pillow).unwrap();
        let digest = format!("{:x}", Sha256::digest(cut[0].as_raw()));
        assert_eq!(digest, case.crop, "{what}");
    }
}

#[test]
fn a_protocols_pillow_reaches_every_network() {
    let path = "reference-data/golden/resize/pass_order.json";
    let golden: Golden = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let options = RuntimeOptions {
        device: DeviceRequest::Cpu,
        threads: Some(1),
        offline: false,
        cache: default_cache(),
    };
    let runtime = Runtime::open(&options, &mut |_| {}).unwrap();
    let card = card::dataset("minisv").unwrap();
    let bundle = |id: &str| Bundle::open(&Path::new("reference-data/bundles").join(id)).unwrap();
    let bundles: BTreeMap<Role, Bundle> = EVALUATORS
        .iter()
        .filter(|row| row.is_network() && row.role != Role::CAPTIONER)
        .map(|row| (row.role, bundle(row.bundle(&card.evaluators).unwrap())))
        .collect();
    let bundles: BTreeMap<Role, &Bundle> = bundles.iter().map(|(role, it)| (*role, it)).collect();
    let mut signatures = Vec::new();
    for (pillow, cases) in [
        ("", &golden.pillow12),
        ("12", &golden.pillow12),
        ("13", &golden.pillow13),
    ] {
        let protocol = protocol(pillow);
        let mut panel = open(&runtime, &bundles, &BTreeSet::new(), &card, &protocol).unwrap();
        check(&mut panel, &protocol, cases);
        let names = panel.iter().map(|it| it.name().preprocessing.clone());
        let kept = panel.iter().filter_map(|it| Some(it.truth()?.what));
        let text = names.chain(kept).collect::<Vec<_>>().join("\n");
        signatures.push((protocol.hash(), text));
    }
    // Nothing of Pillow 12 changes by the choice, and nothing of 13 is taken for 12.
    assert_eq!(signatures[0], signatures[1]);
    assert!(signatures[0].0 != signatures[2].0);
    assert!(!signatures[0].1.contains("pillow13"));
    let told = |text: &str| {
        assert!(
            signatures[2].1.contains(text),
            "{text}: {}",
            signatures[2].1
        );
    };
    told("pillow13-bilinear-64+squash");
    told("pillow13-f32-bicubic-64+squash");
    told("pillow13-bilinear-48+squash");
    told("pillow13-bicubic-16+min8+margin0.1");
}

#[test]
fn cards_say_12_by_saying_nothing() {
    let strict = card::protocol("strict").unwrap();
    assert_eq!(strict.pillow, PassOrder::Pillow12);
    let card = serde_json::to_value(&strict).unwrap();
    assert!(card.get("pillow").is_none());
    let mut other = card.clone();
    other["pillow"] = "13".into();
    let other: Protocol = serde_json::from_value(other).unwrap();
    assert_eq!(other.pillow, PassOrder::Pillow13);
    assert_eq!(serde_json::to_value(&other).unwrap()["pillow"], "13");
    let mut wrong = card;
    wrong["pillow"] = "11".into();
    assert!(serde_json::from_value::<Protocol>(wrong).is_err());
}
