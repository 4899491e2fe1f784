//! Whole runs: stopped, damaged and resumed, they must end as if nothing had happened.

use super::testing::{self, FRAMES};
use super::{
    OBSERVATIONS, OBSERVED, ObserveOptions, Observed, Partition, Plan, Progress, RunError, Store,
    StoredObservations, fault, generate, observe, read_columns,
};
use crate::record::{
    Column, ColumnKind, DrawnFrame, FaultKind, Hint as _, Observation, Of, SizedColumn,
};
use crate::vision::Decoding;
use image::{Rgb, RgbImage};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::OnceLock;

const STORIES: usize = 5;
const BATCH: usize = 2;
const LABELS: Column = Column::new("labels", ColumnKind::Vector, Of::Generated);
const COMPANY: Column = Column::new("company", ColumnKind::Number, Of::Generated);
const TOY: Column = Column::new("toy", ColumnKind::Feature, Of::Generated);
const WRITTEN: [SizedColumn; 3] = [LABELS.sized(0), COMPANY.sized(0), TOY.sized(2)];
const COLUMNS: [&str; 10] = [
    "story",
    "frame",
    "clip",
    "text",
    "caption",
    "pronoun",
    "character_labels",
    "background_labels",
    "labels",
    "company",
];

/// An error of the closures, as the program's own error type is one.
#[derive(Debug)]
enum Stop {
    Run(RunError),
    Model,
    Memory,
}

impl super::MemoryShort for Stop {
    fn is_memory_short(&self) -> bool {
        matches!(self, Self::Memory)
    }
}

impl From<RunError> for Stop {
    fn from(error: RunError) -> Self {
        Self::Run(error)
    }
}

/// A model whose frames depend on the whole batch, as those of a network do in their last bits.
fn draw(units: &[&super::Unit]) -> Vec<Vec<DrawnFrame>> {
    let company = units.iter().fold(1, |product: usize, unit| {
        product.wrapping_mul(unit.unit + 1)
    });
    let frame = |unit: usize, frame: usize| {
        RgbImage::from_fn(6, 4, |x, y| {
            Rgb([
                (unit * 30) as u8,
                (frame * 70) as u8 ^ x as u8,
                company as u8 ^ y as u8,
            ])
        })
    };
    units
        .iter()
        .map(|unit| {
            (0..FRAMES)
                .map(|index| frame(unit.unit, index).into())
                .collect()
        })
        .collect()
}

fn looking<'a>(store: &'a Store, key: &'a str) -> ObserveOptions<'a> {
    ObserveOptions {
        key,
        folder: store.root(),
        chunk: NonZeroUsize::new(4).expect("chunk"),
        decoding: Decoding::Ahead,
        columns: &WRITTEN,
    }
}

/// Evaluators whose output depends on the company of a frame.
fn look(frames: &[super::FrameRef<'_>], images: &[RgbImage]) -> Vec<Observation> {
    let company: u32 = images.iter().map(|image| u32::from(image[(1, 1)][1])).sum();
    let one = |(frame, image): (&super::FrameRef<'_>, &RgbImage)| {
        let ids = (frame.unit.story.clone(), frame.frame, frame.clip().clone());
        let mut row = Observation::unseen(ids.0, ids.1, ids.2);
        row.text = frame.text().to_owned();
        row.pronoun = frame.position() > 0;
        row.character_labels = vec![true, false];
        row.with("labels", vec![f32::from(image[(0, 0)][0]) / 255.0, 0.5])
            .with("company", f64::from(company))
            .with("toy", vec![f32::from(image[(2, 3)][2]), company as f32])
    };
    frames.iter().zip(images).map(one).collect()
}

/// No frame of the toy model is absent.
fn unseen(frame: super::FrameRef<'_>) -> Observation {
    panic!("frame {} of {} is there", frame.frame, frame.unit.story)
}

/// Both stages, in a process of their own as it were.
fn run(
    root: &Path,
    plan: &Plan,
    partition: Partition,
    fail_after: Option<usize>,
) -> Result<Observed, Stop> {
    let mut manifest = testing::manifest(plan);
    manifest.identity.partition = partition;
    let mut store = Store::create_or_resume(root, &manifest, plan)?;
    let mut batches = 0;
    let mut generator = |units: &[&super::Unit]| {
        batches += 1;
        if fail_after.is_some_and(|most| batches > most) {
            return Err(Stop::Model);
        }
        Ok(draw(units))
    };
    let mut repeated = true;
    let mut progress = |event: &Progress| {
        repeated &= !matches!(event, Progress::NotReproduced { .. });
    };
    generate(&mut store, &mut generator, &mut progress)?;
    assert!(repeated, "the toy model draws the same twice");
    observe(
        &store,
        &looking(&store, "eyes-1"),
        &mut |frames, images| Ok::<_, Stop>(look(frames, images)),
        &mut unseen,
        &mut |_| {},
    )
}

/// Every file whose bytes may not depend on how the run went.
fn outcome(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let store = Store::open(root).expect("open");
    let mut files = BTreeMap::new();
    files.insert("journal".to_owned(), store.journal().digest().into_bytes());
    let mut names = vec![
        "plan.jsonl",
        "manifest.json",
        OBSERVATIONS,
        OBSERVED,
        "features/toy.npy",
    ]
    .into_iter()
    .map(str::to_owned)
    .collect::<Vec<_>>();
    for unit in store.units() {
        names.extend(
            unit.frames()
                .map(|frame| super::frame_file(&unit.story, frame)),
        );
    }
    for name in names {
        let bytes = fs::read(root.join(&name)).expect("file of the run");
        files.insert(name, bytes);
    }
    files
}

fn uninterrupted(plan: &Plan) -> BTreeMap<String, Vec<u8>> {
    let folder = tempfile::tempdir().expect("tempdir");
    let observed = run(folder.path(), plan, Partition::WHOLE, None).expect("run");
    assert_eq!((observed.rows, observed.reused), (STORIES * FRAMES, false));
    outcome(folder.path())
}

#[test]
fn a_run_writes_what_was_seen_in_plan_order() {
    let plan = testing::plan(STORIES, BATCH);
    let folder = tempfile::tempdir().expect("tempdir");
    run(folder.path(), &plan, Partition::WHOLE, None).expect("run");
    let rows = read_columns(&folder.path().join(OBSERVATIONS), &COLUMNS).expect("observations");
    let planned: Vec<_> = (plan.units().iter())
        .flat_map(|unit| unit.frames().map(|frame| (unit.story.clone(), frame)))
        .collect();
    let found: Vec<_> = rows
        .iter()
        .map(|row| (row.story.clone(), row.frame))
        .collect();
    assert_eq!(found, planned);
    assert!(rows.iter().all(|row| row.vector("labels").is_some()));
    assert!(rows.iter().all(|row| row.number("company").is_some()));
    let seen = StoredObservations::open(folder.path()).expect("seen");
    assert_eq!(
        seen.features("toy").expect("features").dim(),
        (STORIES * FRAMES, 2)
    );
    assert!(seen.feature_rows("other").expect("none").is_none());
    // What no evaluator of this run wrote has no value.
    let other = seen
        .observations(&["story", "lpips"])
        .expect("observations");
    assert_eq!((other.len(), other[0].is_seen()), (STORIES * FRAMES, false));
}

#[test]
fn one_changed_byte_of_what_was_seen_is_refused_and_looking_again_mends_it() {
    let plan = testing::plan(STORIES, BATCH);
    let folder = tempfile::tempdir().expect("tempdir");
    run(folder.path(), &plan, Partition::WHOLE, None).expect("run");
    for file in [OBSERVATIONS, "features/toy.npy"] {
        let path = folder.path().join(file);
        let mut bytes = std::fs::read(&path).expect("read");
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(&path, bytes).expect("write");
        let seen = StoredObservations::open(folder.path()).expect("seen");
        let error = if file == OBSERVATIONS {
            seen.observations(&["story"]).expect_err("changed")
        } else {
            seen.features("toy").expect_err("changed")
        };
        assert!(
            matches!(&error, RunError::Changed { path: found, .. } if *found == path),
            "{error:?}"
        );
        assert_eq!(error.fault_kind(), FaultKind::DataVerification);
        assert!(error.hint().expect("hint").contains("storyeval observe"));
        run(folder.path(), &plan, Partition::WHOLE, None).expect("again");
        let seen = StoredObservations::open(folder.path()).expect("seen");
        assert!(seen.observations(&["story"]).is_ok() && seen.features("toy").is_ok());
    }
}

#[test]
fn a_second_run_does_nothing() {
    let plan = testing::plan(STORIES, BATCH);
    let folder = tempfile::tempdir().expect("tempdir");
    run(folder.path(), &plan, Partition::WHOLE, None).expect("run");
    let before = outcome(folder.path());
    let again = run(folder.path(), &plan, Partition::WHOLE, Some(0)).expect("nothing to draw");
    assert!(again.reused);
    assert_eq!(outcome(folder.path()), before);
}

#[test]
fn other_eyes_look_again() {
    let plan = testing::plan(2, 2);
    let folder = tempfile::tempdir().expect("tempdir");
    run(folder.path(), &plan, Partition::WHOLE, None).expect("run");
    let store = Store::open(folder.path()).expect("open");
    let see = |key: &str| {
        let mut looker = |frames: &[super::FrameRef<'_>], images: &[RgbImage]| {
            Ok::<_, Stop>(look(frames, images))
        };
        observe(
            &store,
            &looking(&store, key),
            &mut looker,
            &mut unseen,
            &mut |_| {},
        )
        .expect("observe")
        .reused
    };
    assert!(see("eyes-1"));
    assert!(!see("eyes-2"));
    assert!(see("eyes-2"));
    fs::write(folder.path().join("features/toy.npy"), "cut").expect("damage");
    assert!(!see("eyes-2"));
}

#[test]
fn a_kill_at_every_point_is_survived() {
    let plan = testing::plan(STORIES, BATCH);
    let expected = uninterrupted(&plan);
    for points in 1.. {
        let folder = tempfile::tempdir().expect("tempdir");
        fault::arm(points);
        let result = run(folder.path(), &plan, Partition::WHOLE, None);
        if !fault::disarm() {
            assert!(points > 50, "the points were passed");
            break;
        }
        assert!(result.is_err());
        run(folder.path(), &plan, Partition::WHOLE, None).expect("resumed");
        assert_eq!(outcome(folder.path()), expected, "killed at point {points}");
    }
}

#[test]
fn truncated_frames_are_drawn_again() {
    let plan = testing::plan(STORIES, BATCH);
    let expected = uninterrupted(&plan);
    let folder = tempfile::tempdir().expect("tempdir");
    run(folder.path(), &plan, Partition::WHOLE, None).expect("run");
    let frame = folder.path().join("frames/story-4/2.png");
    let bytes = fs::read(&frame).expect("frame");
    fs::write(&frame, &bytes[..bytes.len() / 2]).expect("cut");
    fs::remove_dir_all(folder.path().join("frames/story-0")).expect("remove");
    let store = Store::open(folder.path()).expect("open");
    assert_eq!(store.recovery().lost_units, 2);
    drop(store);
    run(folder.path(), &plan, Partition::WHOLE, None).expect("resumed");
    assert_eq!(outcome(folder.path()), expected);
}

#[test]
fn parts_hold_the_same_frames_and_rows_as_the_whole() {
    let plan = testing::plan(STORIES, BATCH);
    let folder = tempfile::tempdir().expect("tempdir");
    run(folder.path(), &plan, Partition::WHOLE, None).expect("whole");
    let whole = read_columns(&folder.path().join(OBSERVATIONS), &COLUMNS).expect("observations");
    let expected = outcome(folder.path());
    let mut rows = Vec::new();
    for index in 1..=2 {
        let folder = tempfile::tempdir().expect("tempdir");
        let part = Partition::new(index, 2).expect("part");
        run(folder.path(), &plan, part, None).expect("part");
        for (name, bytes) in outcome(folder.path()) {
            if name.starts_with("frames/") {
                assert_eq!(bytes, expected[&name], "{name}");
            }
        }
        rows.extend(
            read_columns(&folder.path().join(OBSERVATIONS), &COLUMNS).expect("observations"),
        );
    }
    let place = |row: &Observation| whole.iter().position(|other| other == row);
    let mut places: Vec<_> = rows
        .iter()
        .map(|row| place(row).expect("same row"))
        .collect();
    places.sort_unstable();
    assert_eq!(places, (0..whole.len()).collect::<Vec<_>>());
}

#[test]
fn a_model_that_does_not_repeat_itself_is_noticed() {
    let plan = testing::plan(3, 3);
    let folder = tempfile::tempdir().expect("tempdir");
    run(folder.path(), &plan, Partition::WHOLE, None).expect("run");
    fs::remove_file(folder.path().join("frames/story-1/1.png")).expect("remove");
    let mut store = Store::open(folder.path()).expect("open");
    let mut noticed = Vec::new();
    let mut generator = |units: &[&super::Unit]| {
        Ok::<_, Stop>(vec![
            vec![DrawnFrame::from(RgbImage::new(6, 4)); FRAMES];
            units.len()
        ])
    };
    let generated = generate(&mut store, &mut generator, &mut |event| {
        if let Progress::NotReproduced { story } = event {
            noticed.push(story.to_string());
        }
    })
    .expect("generate");
    assert_eq!((generated.units, generated.not_reproduced), (1, 2));
    assert_eq!(noticed, ["story-0", "story-2"]);
}

#[test]
fn short_memory_halves_the_batch_once() {
    let plan = testing::plan(10, 5);
    let folder = tempfile::tempdir().expect("tempdir");
    let mut store =
        Store::create_or_resume(folder.path(), &testing::manifest(&plan), &plan).expect("begin");
    // Room for three stories, after the first batch of five.
    let mut calls = Vec::new();
    let mut generator = |units: &[&super::Unit]| {
        calls.push(units.len());
        match units.len() {
            4.. if calls.len() > 1 => Err(Stop::Memory),
            _ => Ok(draw(units)),
        }
    };
    let mut halved = Vec::new();
    generate(&mut store, &mut generator, &mut |event| {
        if let Progress::Halved { stories, half, .. } = event {
            halved.push((*stories, *half));
        }
    })
    .expect("generate");
    assert_eq!(calls, [5, 5, 3, 2]);
    assert_eq!(halved, [(5, 3)]);
    let batches: Vec<_> = (0..10)
        .map(|unit| store.journal().entry(unit).expect("done").batch)
        .collect();
    assert_eq!(batches, [[None; 5], [Some(3); 5]].concat());
    drop(store);
    let reopened = Store::open(folder.path()).expect("open");
    assert_eq!(reopened.journal().entry(9).expect("done").batch, Some(3));
    reopened.require_complete().expect("complete");
}

#[test]
fn a_half_that_is_too_large_too_and_one_story_are_errors() {
    for (stories, wanted) in [(4, vec![4, 2]), (1, vec![1])] {
        let plan = testing::plan(stories, 4);
        let folder = tempfile::tempdir().expect("tempdir");
        let manifest = testing::manifest(&plan);
        let mut store = Store::create_or_resume(folder.path(), &manifest, &plan).expect("begin");
        let mut calls = Vec::new();
        let mut generator = |units: &[&super::Unit]| {
            calls.push(units.len());
            Err(Stop::Memory)
        };
        let error = generate(&mut store, &mut generator, &mut |_| {}).expect_err("short");
        assert!(matches!(error, Stop::Memory));
        assert_eq!(calls, wanted);
        assert_eq!(store.journal().done(), 0);
    }
}

#[test]
fn closures_that_break_their_contract_are_refused() {
    let plan = testing::plan(2, 2);
    let folder = tempfile::tempdir().expect("tempdir");
    let mut store =
        Store::create_or_resume(folder.path(), &testing::manifest(&plan), &plan).expect("begin");
    let mut few = |_: &[&super::Unit]| {
        Ok::<_, Stop>(vec![vec![DrawnFrame::from(RgbImage::new(1, 1)); FRAMES]])
    };
    let error = generate(&mut store, &mut few, &mut |_| {}).expect_err("one story");
    assert!(matches!(
        error,
        Stop::Run(RunError::StoryCount {
            expected: 2,
            found: 1,
            ..
        })
    ));
    let mut short = |_: &[&super::Unit]| {
        Ok::<_, Stop>(vec![
            vec![DrawnFrame::from(RgbImage::new(1, 1)); FRAMES],
            vec![DrawnFrame::from(RgbImage::new(1, 1))],
        ])
    };
    let error = generate(&mut store, &mut short, &mut |_| {}).expect_err("one frame");
    assert!(matches!(
        error,
        Stop::Run(RunError::FrameCount { found: 1, .. })
    ));
    assert_eq!(
        store.journal().done(),
        0,
        "a bad batch is not stored in part"
    );
    let mut blind = |_: &[super::FrameRef<'_>], _: &[RgbImage]| Ok::<_, Stop>(Vec::new());
    let error = observe(
        &store,
        &looking(&store, "e"),
        &mut blind,
        &mut unseen,
        &mut |_| {},
    )
    .expect_err("outstanding");
    assert!(matches!(
        error,
        Stop::Run(RunError::Outstanding {
            done: 0,
            planned: 2,
            ..
        })
    ));
    generate(
        &mut store,
        &mut |units| Ok::<_, Stop>(draw(units)),
        &mut |_| {},
    )
    .expect("generate");
    let error = observe(
        &store,
        &looking(&store, "e"),
        &mut blind,
        &mut unseen,
        &mut |_| {},
    )
    .expect_err("no rows");
    assert!(matches!(error, Stop::Run(RunError::Row { .. })));
    assert!(!folder.path().join(OBSERVATIONS).exists());
}

#[test]
fn feature_names_stay_in_their_folder() {
    for name in ["", "..", "a/b", "a.b", "ä"] {
        assert!(super::stored::features_file(name).is_err(), "{name}");
    }
}

/// One stop of a run.
#[derive(Clone, Debug)]
enum Accident {
    /// The process is killed at the n-th point it passes.
    Kill(usize),
    /// The model fails after n batches.
    Fail(usize),
    /// The journal loses its last n bytes.
    Torn(usize),
    /// Garbage is appended to the journal.
    Garbage(Vec<u8>),
    /// A frame is cut to half.
    Cut(usize, usize),
}

fn accident() -> impl Strategy<Value = Accident> {
    prop_oneof![
        (1_usize..70).prop_map(Accident::Kill),
        (0_usize..4).prop_map(Accident::Fail),
        (1_usize..700).prop_map(Accident::Torn),
        prop::collection::vec(any::<u8>(), 1..40).prop_map(Accident::Garbage),
        (0..STORIES, 1..=FRAMES).prop_map(|(story, frame)| Accident::Cut(story, frame)),
    ]
}

fn happen(root: &Path, plan: &Plan, accident: &Accident) {
    let journal = root.join("journal.jsonl");
    match accident {
        Accident::Kill(points) => {
            fault::arm(*points);
            let _ = run(root, plan, Partition::WHOLE, None);
            fault::disarm();
        }
        Accident::Fail(batches) => {
            let _ = run(root, plan, Partition::WHOLE, Some(*batches));
        }
        Accident::Torn(bytes) => {
            if let Ok(text) = fs::read(&journal) {
                fs::write(&journal, &text[..text.len().saturating_sub(*bytes)]).expect("cut");
            }
        }
        Accident::Garbage(bytes) => {
            if let Ok(mut text) = fs::read(&journal) {
                text.extend_from_slice(bytes);
                fs::write(&journal, text).expect("garbage");
            }
        }
        Accident::Cut(story, frame) => {
            let path = root.join(format!("frames/story-{story}/{frame}.png"));
            if let Ok(bytes) = fs::read(&path) {
                fs::write(&path, &bytes[..bytes.len() / 2]).expect("cut");
            }
        }
    }
}

/// What every run of the property must end as.
static EXPECTED: OnceLock<BTreeMap<String, Vec<u8>>> = OnceLock::new();

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_the_resumed_run_is_the_same(
        accidents in prop::collection::vec(accident(), 1..7),
    ) {
        let plan = testing::plan(STORIES, BATCH);
        let folder = tempfile::tempdir().expect("tempdir");
        for accident in &accidents {
            happen(folder.path(), &plan, accident);
        }
        run(folder.path(), &plan, Partition::WHOLE, None).expect("resumed");
        let expected = EXPECTED.get_or_init(|| uninterrupted(&plan));
        prop_assert_eq!(&outcome(folder.path()), expected);
    }
}

mod refusal_tests;
