//! Replays the fuzzer's corpus (`fuzz/`), and damages it in 20,000 ways for each target: no panic, no
//! long wait, and no more memory than the input accounts for.

use super::npy_table::{NpyContent, decode_npy};
use super::pickle::{Pickle, weight};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::path::Path;
use std::time::{Duration, Instant};

const MUTATIONS: usize = 20_000;
/// For one input, on a machine under load.
const LONGEST: Duration = Duration::from_secs(2);

/// Files of a corpus in the order of their names.
fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(target);
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    assert!(paths.len() > 10, "{target}");
    paths
        .iter()
        .map(|path| std::fs::read(path).unwrap())
        .collect()
}

/// Damages bytes as a fuzzer does: bits, numbers at their limits, pieces left out, doubled or taken
/// from another file.
fn mutate(random: &mut ChaCha8Rng, bytes: &mut Vec<u8>, other: &[u8]) {
    for _ in 0..random.random_range(1..6) {
        let at = random.random_range(0..=bytes.len());
        let end = (at + random.random_range(0..20)).min(bytes.len());
        match random.random_range(0..8) {
            0 => bytes.insert(at, random.random()),
            1 => bytes[at..end].iter_mut().for_each(|byte| *byte = 0xff),
            2 => bytes[at..end].iter_mut().for_each(|byte| *byte = 0),
            3 => drop(bytes.drain(at..end)),
            4 => {
                let piece = bytes[at..end].to_vec();
                for _ in 0..random.random_range(1..30) {
                    bytes.splice(at..at, piece.iter().copied());
                }
            }
            5 if !other.is_empty() => {
                let from = random.random_range(0..other.len());
                let to = (from + random.random_range(0..60)).min(other.len());
                bytes.splice(at..end, other[from..to].iter().copied());
            }
            6 => bytes.truncate(at),
            _ if at < bytes.len() => bytes[at] ^= 1 << random.random_range(0..8),
            _ => {}
        }
    }
}

/// Runs `read`, which gives the bytes that it holds, on the corpus and on damaged files of it. Gives the
/// number of damaged files that were read all the same.
fn replay(target: &str, read: impl Fn(&[u8]) -> Option<usize>) -> usize {
    let corpus = corpus(target);
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let check = |bytes: &[u8]| {
        let start = Instant::now();
        let held = read(bytes);
        assert!(
            start.elapsed() < LONGEST,
            "{:?}: {bytes:?}",
            start.elapsed()
        );
        // A table of text of one byte an element may be made four times, and of 64 KiB more.
        let limit = 200 * bytes.len() + (4 << 20);
        assert!(held.is_none_or(|held| held <= limit), "{held:?}: {bytes:?}");
        held.is_some()
    };
    let whole: Vec<&Vec<u8>> = corpus.iter().filter(|bytes| check(bytes)).collect();
    // Most of what the fuzzer kept is damaged in some way.
    assert!(
        whole.len() >= 20,
        "{} of {} are read",
        whole.len(),
        corpus.len()
    );
    (0..MUTATIONS)
        .filter(|round| {
            // Every other time a file that was read, whose damage goes deeper.
            let mut bytes = if round % 2 == 0 {
                corpus[round / 2 % corpus.len()].clone()
            } else {
                whole[round / 2 % whole.len()].clone()
            };
            let other = &corpus[random.random_range(0..corpus.len())];
            mutate(&mut random, &mut bytes, other);
            check(&bytes)
        })
        .count()
}

#[test]
fn pickles() {
    let read = replay("pickle", |bytes| {
        let pickle = Pickle::decode(bytes).ok()?;
        // What a loader does next.
        if pickle.root().len().is_some_and(|len| len < 1000) {
            let _ = (pickle.root().numbers(), pickle.root().integers());
        }
        Some(weight(&pickle))
    });
    // Damage that goes unseen is in texts and numbers.
    assert!((200..MUTATIONS).contains(&read), "{read}");
}

#[test]
fn npy_files() {
    let read = replay("npy", |bytes| {
        match decode_npy(&mut &bytes[..], bytes.len() as u64).ok()? {
            NpyContent::Objects(pickle) => Some(weight(&pickle)),
            NpyContent::Integers(table) => Some(table.rows().flatten().count() * 8),
            NpyContent::Text(table) => Some(
                table
                    .rows()
                    .flatten()
                    .map(|cell| 24 + cell.capacity())
                    .sum(),
            ),
        }
    });
    assert!((200..MUTATIONS).contains(&read), "{read}");
}
