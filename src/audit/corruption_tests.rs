use super::*;
use crate::record::StoryId;
use std::collections::BTreeMap;

/// Forty stories of four frames: 160 clips, four characters, three places.
fn split() -> Vec<Story> {
    let frame = |clip: usize| StoryFrame {
        clip: ClipId::new(format!("c{clip:03}")),
        caption: "".into(),
        characters: [].into(),
        character_labels: Some(
            (0..4)
                .map(|c| c == clip % 4 || (clip.is_multiple_of(5) && c == 0))
                .collect(),
        ),
        background_labels: Some((0..3).map(|p| p == (clip / 2) % 3).collect()),
    };
    (0..40)
        .map(|story| Story {
            id: StoryId::new(format!("s{story:02}")),
            frames: (0..4).map(|k| frame(story * 4 + k)).collect(),
        })
        .collect()
}

fn plan(fault: Fault, strength: Strength, seed: u64) -> Corruption {
    let split = split();
    let stories: Vec<&Story> = split[..10].iter().collect();
    Corruption::new(&stories, &split, fault, strength, Seed(seed))
}

fn differ(a: &Corruption, b: &Corruption) -> Vec<(usize, usize)> {
    let mut places = Vec::new();
    for (story, (a, b)) in a.frames().iter().zip(b.frames()).enumerate() {
        for (frame, (a, b)) in a.iter().zip(b).enumerate() {
            if a != b {
                places.push((story, frame));
            }
        }
    }
    places
}

#[test]
fn strength_0_is_the_ground_truth() {
    for fault in Fault::ALL {
        let clean = plan(fault, Strength::NONE, 1);
        assert_eq!(clean.extent().hit, 0);
        for (story, frames) in split().iter().zip(clean.frames()) {
            for (own, shown) in story.frames.iter().zip(frames) {
                assert_eq!((&own.clip, shown.touch), (&shown.clip, Touch::Untouched));
            }
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_frames_and_another_seed_others() {
    let image = RgbImage::from_pixel(6, 6, image::Rgb([90, 100, 110]));
    for fault in Fault::ALL {
        let strength = Strength::ALL[1];
        assert_eq!(plan(fault, strength, 3), plan(fault, strength, 3));
        if !matches!(fault.grain(), Grain::Pixels) {
            assert_ne!(
                plan(fault, strength, 3).frames(),
                plan(fault, strength, 4).frames()
            );
        }
        let drawn = |seed, story: usize| {
            let plan = plan(fault, strength, seed);
            plan.apply(&split()[story], 2, &plan.frames()[story][2], image.clone())
        };
        assert_eq!(drawn(3, 0), drawn(3, 0));
        if fault == Fault::Noise {
            assert_ne!(drawn(3, 0), drawn(4, 0));
            assert_ne!(drawn(3, 0), drawn(3, 1));
        }
    }
}

#[test]
fn shares_are_exact_and_grow_by_adding() {
    for fault in Fault::ALL {
        let clean = plan(fault, Strength::NONE, 7);
        let mut before = Vec::new();
        for strength in Strength::ALL {
            let faulty = plan(fault, strength, 7);
            let (hit, extent) = (differ(&clean, &faulty), faulty.extent());
            let amount = fault.amount(strength);
            match fault.grain() {
                Grain::Pixels => assert_eq!((hit.len(), extent.hit), (40, 40)),
                Grain::Frames => {
                    let wanted = (amount * extent.possible as f64).round() as usize;
                    assert_eq!((hit.len(), extent.hit, extent.all), (wanted, wanted, 40));
                }
                Grain::Stories => {
                    let wanted = (amount * 10.0).round() as usize;
                    let of_a_story = if fault == Fault::RepeatedFrame { 3 } else { 4 };
                    assert_eq!((extent.hit, extent.possible, extent.all), (wanted, 10, 10));
                    assert_eq!(hit.len(), wanted * of_a_story);
                }
            }
            assert!(before.iter().all(|place| hit.contains(place)));
            before = hit;
        }
    }
}

#[test]
fn donors_differ_in_one_thing() {
    let split = split();
    let by_clip: BTreeMap<&ClipId, &StoryFrame> = split
        .iter()
        .flat_map(|s| &s.frames)
        .map(|f| (&f.clip, f))
        .collect();
    for fault in [Fault::SwappedCharacter, Fault::WrongBackground] {
        let faulty = plan(fault, Strength::ALL[4], 2);
        assert!(faulty.extent().possible > 20);
        for (story, frames) in split.iter().zip(faulty.frames()) {
            for (own, shown) in story.frames.iter().zip(frames) {
                let donor = by_clip[&shown.clip];
                if donor.clip == own.clip {
                    continue;
                }
                let same = [
                    donor.character_labels == own.character_labels,
                    donor.background_labels == own.background_labels,
                ];
                let swapped = fault == Fault::SwappedCharacter;
                assert_eq!(same, [!swapped, swapped]);
                let labels = |frame: &StoryFrame| frame.character_labels.clone().unwrap();
                let (donor, own) = (labels(donor), labels(own));
                let mut shared = donor.iter().zip(own.iter());
                assert!(!swapped || !shared.any(|(a, b)| *a && *b));
            }
        }
    }
}

#[test]
fn faults_of_stories_move_frames_as_they_say() {
    let clips = |fault| -> Vec<String> {
        let plan = plan(fault, Strength::ALL[4], 2);
        plan.frames()[1]
            .iter()
            .map(|shown| shown.clip.to_string())
            .collect()
    };
    assert_eq!(
        clips(Fault::ShiftedCaptions),
        ["c005", "c006", "c007", "c004"]
    );
    assert_eq!(clips(Fault::RepeatedFrame), ["c004"; 4]);
}

#[test]
fn where_there_is_no_donor_nothing_happens() {
    let mut split = split();
    split.truncate(3);
    for frame in split.iter_mut().flat_map(|story| &mut story.frames) {
        frame.background_labels = None;
    }
    let stories: Vec<&Story> = split.iter().collect();
    for fault in [Fault::SwappedCharacter, Fault::WrongBackground] {
        let plan = Corruption::new(&stories, &split, fault, Strength::ALL[4], Seed(0));
        let extent = plan.extent();
        assert_eq!((extent.hit, extent.possible, extent.all), (0, 0, 12));
    }
}
