//! Latents and contexts that stay on the device: the same pictures as with the arithmetic of the host. The
//! device is the CPU here; the lines are those that a GPU runs.

use crate::support::{copy, printed, storyeval};
use std::fs;
use std::path::{Path, PathBuf};

fn drawn(out: &Path, model: &str, resident: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let mut command = storyeval();
    command
        .args(["generate", "-d", "minisv", "-m", model, "--limit", "3"])
        .args(["--batch", "2", "--device", "cpu", "--threads", "1", "--out"])
        .arg(out)
        .env("STORYEVAL_RESIDENT", resident);
    printed(&mut command);
    let mut frames = Vec::new();
    for story in fs::read_dir(out.join("frames")).unwrap() {
        let story = story.unwrap().path();
        for frame in fs::read_dir(&story).unwrap() {
            let frame = frame.unwrap().path();
            let image = image::open(&frame).unwrap().into_rgb8();
            let name = frame.strip_prefix(out).unwrap().to_owned();
            frames.push((name, image.into_raw()));
        }
    }
    frames.sort();
    frames
}

#[test]
fn a_sampler_on_the_device_draws_what_the_host_s_draws() {
    for model in ["storygpt-v-mini", "char-ldm-mini"] {
        let folder = tempfile::tempdir().unwrap();
        let host = drawn(&folder.path().join("host"), model, "0");
        let device = drawn(&folder.path().join("device"), model, "1");
        assert_eq!(host.len(), 12);
        let (mut apart, mut all) = (0, 0);
        for ((name, host), (other, device)) in host.iter().zip(&device) {
            assert_eq!(name, other);
            all += host.len();
            apart += host
                .iter()
                .zip(device)
                .filter(|(a, b)| a.abs_diff(**b) > 1)
                .count();
        }
        assert!(apart * 1000 <= all, "{model}: {apart} of {all} values");
        // A run that was begun one way goes on the other.
        let resumed = folder.path().join("resumed");
        copy(&folder.path().join("host"), &resumed);
        let last = host.last().unwrap();
        fs::remove_file(resumed.join(&last.0)).unwrap();
        assert_eq!(drawn(&resumed, model, "1").len(), 12);
    }
}
