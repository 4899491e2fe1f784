//! Whole comparisons of made-up runs.

use super::*;
use crate::card;
use crate::evaluate::StoredRun;
use crate::metric::golden::of_cosines;
use crate::metric::{ExtractorName, Extractors, ScoreContext, reduce};
use crate::record::{ClipId, FrameIndex, Role, Scores, TextVariant};

/// Stories of three and of four frames in turn, whose CLIP is `value(story, frame)`.
fn side(label: &str, stories: usize, value: impl Fn(usize, u32) -> f64) -> Side {
    let (mut observations, mut cosines) = (Vec::new(), Vec::new());
    for story in 0..stories {
        for frame in 1..=(3 + story as u32 % 2) {
            let mut o = Observation::unseen(
                StoryId::new(format!("story {story:02}")),
                FrameIndex(frame),
                ClipId::new(format!("clip {story} {frame}")),
            );
            o.caption = format!("caption {frame}");
            o.character_labels = vec![true];
            o.pronoun = frame > 1;
            cosines.push([None, Some(value(story, frame))]);
            observations.push(o);
        }
    }
    let protocol = card::protocol("strict").unwrap();
    let extractors = Extractors::from_iter([(Role::CLIP, ExtractorName::default())]);
    let context = ScoreContext {
        dataset: "made-up".to_owned(),
        dataset_hash: String::new(),
        subset: "test/listed".parse().unwrap(),
        text: TextVariant::Original,
        reads: Vec::new(),
        characters: vec!["otto".to_owned()],
        refused: None,
        extractors: extractors.clone(),
    };
    let stored = StoredRun::of_observations(observations, of_cosines(&cosines), extractors);
    let scores = Scores {
        format: 2,
        run: label.to_owned(),
        model: label.to_owned(),
        protocol: "strict".to_owned(),
        notes: Vec::new(),
        scores: reduce(&stored.input(&protocol, &context)),
    };
    let run = ComparedRun {
        scores,
        stored,
        protocol,
        context,
        characters: Vec::new(),
    };
    Side {
        label: label.to_owned(),
        runs: vec![run],
    }
}

/// Something that differs from story to story and frame to frame.
fn wobble(story: usize, frame: u32) -> f64 {
    ((story * 7 + frame as usize * 3) % 11) as f64 / 100.0
}

fn options() -> CompareOptions {
    CompareOptions {
        plan: crate::stats::Resampling {
            resamples: 500,
            seed: 0,
        },
        top: 2,
        ..CompareOptions::default()
    }
}

fn finding<'a>(study: &'a Study, slice: &str) -> &'a Finding {
    let findings = study.candidates[0].findings.iter();
    let mut of_slice = findings.filter(|f| f.slice == slice && f.metric == "clip_ii");
    of_slice.next().unwrap()
}

#[test]
fn lengths_are_a_section_where_they_differ() {
    let base = side("base", 12, wobble);
    // Better on short stories only.
    let better = side("better", 12, |story, frame| {
        let gain = if story % 2 == 0 { 0.1 } else { 0.0 };
        wobble(story, frame) + gain + 0.001 * wobble(frame as usize, story as u32)
    });
    let study = compare(vec![base.clone(), better], &options()).unwrap();
    let (short, long) = (finding(&study, "length_3"), finding(&study, "length_4"));
    assert_eq!((short.stories, short.frames), (6, [18, 18]));
    assert_eq!((long.stories, long.frames), (6, [24, 24]));
    assert!(short.difference.unwrap() > 0.09 && long.difference.unwrap() < 0.01);
    let changed = &study.candidates[0].changed;
    assert!(
        changed[0].captions == ["caption 1", "caption 2", "caption 3"],
        "{changed:?}"
    );
    let text = study
        .document()
        .render(crate::table::Format::Markdown)
        .unwrap();
    assert!(
        text.contains("by length of the story") && text.contains("length_4"),
        "{text}"
    );
    let only = CompareOptions {
        slices: vec!["length_4".to_owned()],
        ..options()
    };
    let study = compare(vec![base.clone(), base], &only).unwrap();
    assert!(
        study.candidates[0]
            .findings
            .iter()
            .all(|f| f.slice == "length_4")
    );
    assert_eq!(
        study.candidates[0].verdict.word,
        super::super::Word::Untested
    );
}

#[test]
fn a_frame_that_one_side_lacks_is_left_out_of_both() {
    let base = side("base", 12, wobble);
    let mut absent = side("absent", 12, |story, frame| wobble(story, frame) + 0.05);
    // Without the frame that it is worst on, it would look better than it is.
    absent.runs[0].stored.forget(4);
    let mut turned = absent.clone();
    let rows: Vec<usize> = (0..turned.runs[0].stored.observations().len())
        .rev()
        .collect();
    turned.runs[0].stored = turned.runs[0].stored.select(&rows);
    let studies =
        [absent, turned].map(|side| compare(vec![base.clone(), side], &options()).unwrap());
    let [study, again] = &studies;
    assert_eq!((study.frames, study.stories), (41, 12));
    assert_eq!(finding(study, "all").frames, [41, 41]);
    assert!((finding(study, "all").difference.unwrap() - 0.05).abs() < 1e-12);
    assert!(
        study.notes[0].contains("1 frames that are planned are absent from absent"),
        "{:?}",
        study.notes
    );
    // The order of rows does not show.
    assert_eq!(study.candidates[0].findings, again.candidates[0].findings);
}

#[test]
fn the_order_of_sides_turns_the_sign_and_nothing_else() {
    let sides = [
        side("a", 20, wobble),
        side("b", 20, |s, f| wobble(s + 3, f + 1)),
    ];
    let [a, b] = sides;
    let one = compare(vec![a.clone(), b.clone()], &options()).unwrap();
    let other = compare(vec![b, a], &options()).unwrap();
    let (one, other) = (finding(&one, "all"), finding(&other, "all"));
    assert!((one.difference.unwrap() + other.difference.unwrap()).abs() < 1e-12);
    assert_eq!(one.p, other.p);
    assert!((one.detectable.unwrap() - other.detectable.unwrap()).abs() < 1e-12);
}

#[test]
fn holm_goes_over_candidates_too() {
    let base = side("base", 12, wobble);
    let better = |label: &str| {
        side(label, 12, |s, f| {
            wobble(s, f) + 0.02 + wobble(f as usize, s as u32) / 10.0
        })
    };
    let alone = compare(vec![base.clone(), better("one")], &options()).unwrap();
    let three = vec![base, better("one"), better("two"), better("three")];
    let three = compare(three, &options()).unwrap();
    let p = finding(&alone, "all").p.unwrap();
    assert_eq!(finding(&alone, "all").p_holm, Some(p));
    let adjusted = finding(&three, "all").p_holm.unwrap();
    assert!((adjusted - 3.0 * p).abs() < 1e-12, "{adjusted} {p}");
}

#[test]
fn what_cannot_be_compared_is_an_error() {
    let base = side("base", 4, wobble);
    let run = |sides| compare(sides, &options()).unwrap_err();
    assert!(matches!(run(vec![base.clone()]), CompareError::NoCandidate));
    let mut other = side("other", 4, wobble);
    for score in &mut other.runs[0].scores.scores {
        score.signature = score.signature.replace("gt:middle", "gt:random");
    }
    let error = run(vec![base.clone(), other]);
    assert!(
        matches!(error, CompareError::Incomparable { .. }),
        "{error}"
    );
    let mut nothing = side("nothing", 4, wobble);
    for row in 0..nothing.runs[0].stored.observations().len() {
        nothing.runs[0].stored.forget(row);
    }
    let error = run(vec![base.clone(), nothing]);
    assert!(
        matches!(error, CompareError::NothingShared { .. }),
        "{error}"
    );
    let mut twice = base.clone();
    twice.runs[0].stored = twice.runs[0].stored.select(&[0, 0, 1]);
    let error = run(vec![base, twice]);
    assert!(
        matches!(error, CompareError::Repeated { frame: 1, .. }),
        "{error}"
    );
}
