use super::*;
use crate::dataset::cast::FoundNames;
use crate::dataset::catalog::{Entry, Episode, Fixed, Shot};
use crate::dataset::pixels::NpyFolder;
use crate::record::{ClipId, StoryFrame};
use std::path::PathBuf;

/// Clips `a0`, `a1`, ... of episode a and so on; `lengths` says how many each has. Clips whose
/// number is in `val` are of that split, all others of `test`.
fn catalog(lengths: &[usize], val: &[u32]) -> Catalog {
    let mut shots = Vec::new();
    let mut episodes = Vec::new();
    for (episode, length) in lengths.iter().enumerate() {
        let name = char::from(b'a' + episode as u8);
        let mut members = Vec::new();
        for number in 0..*length {
            let clip = ClipId::new(format!("{name}{number}"));
            members.push(shots.len() as u32);
            shots.push(Shot {
                frame: Ok(StoryFrame {
                    clip: clip.clone(),
                    caption: "x".into(),
                    characters: Vec::new().into(),
                    character_labels: None,
                    background_labels: None,
                }),
                clip,
            });
        }
        episodes.push(Episode {
            story: None,
            shots: members,
        });
    }
    let all = 0..shots.len() as u32;
    let list = |keep: &dyn Fn(&u32) -> bool| {
        let shots: Vec<u32> = all.clone().filter(|shot| keep(shot)).collect();
        let entries = shots.len();
        SplitList { shots, entries }
    };
    let splits = [
        ("test", list(&|shot| !val.contains(shot))),
        ("val", list(&|shot| val.contains(shot))),
    ];
    Catalog {
        metadata: Vec::new(),
        shots,
        episodes,
        splits: splits.map(|(name, list)| (name.to_owned(), list)).into(),
        entry: Entry::Clips,
        split_path: PathBuf::from("split.json"),
        fixed: Vec::new(),
        found: FoundNames::default(),
        remarks: Vec::new(),
        pixels: Box::new(NpyFolder { folder: "frames" }),
    }
}

fn cut(catalog: &Catalog, length: usize, rule: WindowRule) -> Vec<String> {
    let cut = stories(catalog, "test", Some(length), rule).unwrap();
    let words = |story: &Story| {
        let clips: Vec<&str> = story.frames.iter().map(|f| f.clip.as_str()).collect();
        clips.join(" ")
    };
    cut.made.iter().map(words).collect()
}

const SLIDING: WindowRule = WindowRule {
    overlap: Overlap::Sliding,
    episodes: EpisodeRule::Within,
    clips: ClipScope::AnySplit,
};

#[test]
fn windows_slide_and_end_with_their_episode() {
    let catalog = catalog(&[4, 2, 3], &[]);
    assert_eq!(
        cut(&catalog, 3, SLIDING),
        ["a0 a1 a2", "a1 a2 a3", "c0 c1 c2"]
    );
    assert_eq!(cut(&catalog, 1, SLIDING).len(), 9);
    assert!(cut(&catalog, 5, SLIDING).is_empty());
}

#[test]
fn windows_may_cross_episodes() {
    let catalog = catalog(&[2, 2, 1], &[]);
    let across = WindowRule {
        episodes: EpisodeRule::Across,
        ..SLIDING
    };
    assert_eq!(cut(&catalog, 4, across), ["a0 a1 b0 b1", "a1 b0 b1 c0"]);
    assert_eq!(cut(&catalog, 5, across), ["a0 a1 b0 b1 c0"]);
    assert!(cut(&catalog, 6, across).is_empty());
}

#[test]
fn disjoint_windows_share_no_clip() {
    let catalog = catalog(&[5, 3], &[]);
    let disjoint = WindowRule {
        overlap: Overlap::Disjoint,
        ..SLIDING
    };
    assert_eq!(cut(&catalog, 2, disjoint), ["a0 a1", "a2 a3", "b0 b1"]);
    let across = WindowRule {
        episodes: EpisodeRule::Across,
        ..disjoint
    };
    assert_eq!(
        cut(&catalog, 2, across),
        ["a0 a1", "a2 a3", "a4 b0", "b1 b2"]
    );
}

#[test]
fn later_frames_may_be_of_another_split_unless_the_rule_forbids_it() {
    // a1 is of the val split.
    let catalog = catalog(&[4], &[1]);
    assert_eq!(cut(&catalog, 2, SLIDING), ["a0 a1", "a2 a3"]);
    let own = WindowRule {
        clips: ClipScope::OwnSplit,
        ..SLIDING
    };
    assert_eq!(cut(&catalog, 2, own), ["a0 a2", "a2 a3"]);
}

#[test]
fn what_the_publishers_fixed_is_taken_as_it_is_for_its_length_and_the_published_rule() {
    let mut catalog = catalog(&[4], &[]);
    catalog.fixed.push(Fixed {
        length: 2,
        followers: [(0, vec![3]), (2, vec![1])].into(),
    });
    assert_eq!(cut(&catalog, 2, SLIDING), ["a0 a3", "a2 a1"]);
    assert_eq!(cut(&catalog, 3, SLIDING), ["a0 a1 a2", "a1 a2 a3"]);
    let disjoint = WindowRule {
        overlap: Overlap::Disjoint,
        ..SLIDING
    };
    assert_eq!(cut(&catalog, 2, disjoint), ["a0 a1", "a2 a3"]);
}

#[test]
fn a_listed_story_keeps_its_name_and_its_parts_say_where_they_start() {
    let mut catalog = catalog(&[3, 3], &[]);
    catalog.episodes[0].story = Some(StoryId::new("first"));
    catalog.episodes[1].story = Some(StoryId::new("second"));
    let names = |length: Option<usize>| -> Vec<String> {
        let cut = stories(&catalog, "test", length, SLIDING).unwrap();
        cut.made.iter().map(|story| story.id.to_string()).collect()
    };
    assert_eq!(names(None), ["first", "second"]);
    assert_eq!(names(Some(3)), ["first", "second"]);
    assert_eq!(names(Some(2)), ["first", "first+1", "second", "second+1"]);
}

#[test]
fn an_absent_split_is_named_with_those_there_are() {
    let error = stories(&catalog(&[1], &[]), "tset", Some(1), SLIDING).unwrap_err();
    assert!(error.to_string().contains("it has test, val"), "{error}");
}
