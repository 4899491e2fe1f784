//! The first stage of a run whose frames are there already.

use crate::record::Absence;
use crate::run::error::RunError;
use crate::run::generate::Drawing;
use crate::run::plan::Unit;
use crate::run::progress::{Progress, Stage, begin, rate};
use crate::run::store::Store;
use std::time::Instant;

/// A frame of a unit: the bytes of a PNG file that `vision::decode_png` reads, or why there is none.
pub type Incoming = Result<Vec<u8>, Absence>;

/// What [`import`] did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Imported {
    /// Units that this call added.
    pub units: usize,
    /// Frames that this call added; absent ones are not counted.
    pub frames: usize,
    /// Wall time.
    pub seconds: f64,
}

/// Stores the frames of every unit of the store's part that is not done.
///
/// `fetch` gives the frames of a unit, first to last. A unit is stored whole: its files first, then
/// its line in the journal, so a process that is killed loses at most the unit in flight.
///
/// # Errors
/// What `fetch` gives; [`RunError::FrameCount`] when it gives another number of frames than the unit
/// has; [`RunError::Output`] and its kin. Everything stored before stays.
pub fn import<E: From<RunError>>(
    store: &mut Store,
    fetch: &mut dyn FnMut(&Unit) -> Result<Vec<Incoming>, E>,
    progress: &mut dyn FnMut(&Progress),
) -> Result<Imported, E> {
    let plan = store.shared_plan();
    let start = Instant::now();
    let (mut done, planned) = begin(store, Stage::Import, progress);
    let mut result = Imported {
        units: 0,
        frames: 0,
        seconds: 0.0,
    };
    for batch in plan.batches(store.partition()) {
        let began = Instant::now();
        let before = done;
        for unit in batch {
            if store.is_done(unit) {
                continue;
            }
            let begin = Instant::now();
            let contents = fetch(unit)?;
            unit.has(contents.len())?;
            let drawing = Drawing {
                seconds: begin.elapsed().as_secs_f64(),
                batch: None,
            };
            store.put_contents(unit, &contents, drawing)?;
            result.units += 1;
            result.frames += contents.iter().filter(|content| content.is_ok()).count();
            done += contents.len();
        }
        if done > before {
            progress(&Progress::Batch {
                stage: Stage::Import,
                batch: batch[0].batch,
                done,
                planned,
                frames_per_second: rate(done - before, began.elapsed().as_secs_f64()),
            });
        }
    }
    result.seconds = start.elapsed().as_secs_f64();
    progress(&Progress::Finished {
        stage: Stage::Import,
        frames: result.frames,
        seconds: result.seconds,
    });
    Ok(result)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{Column, ColumnKind, Observation, Of, SizedColumn};
    use crate::run::testing;
    use crate::run::{
        FrameRef, OBSERVATIONS, ObserveOptions, StoredObservations, fault, frame_file, observe,
        read_columns,
    };
    use crate::vision::{Decoding, encode_png};
    use image::RgbImage;
    use std::fs;
    use std::num::NonZeroUsize;
    use std::path::Path;

    const STORIES: usize = 3;
    const RED: Column = Column::new("red", ColumnKind::Number, Of::Generated);
    const TOY: Column = Column::new("toy", ColumnKind::Feature, Of::Generated);
    const WRITTEN: [SizedColumn; 2] = [RED.sized(0), TOY.sized(2)];

    /// The frames of a unit; the second frame of the second story is not there.
    #[expect(clippy::unnecessary_wraps, reason = "the shape of a source of frames")]
    fn fetch(unit: &Unit) -> Result<Vec<Incoming>, RunError> {
        Ok(unit
            .frames()
            .map(|frame| {
                if (unit.unit, frame.0) == (1, 2) {
                    return Err(Absence::Missing);
                }
                let colour = image::Rgb([unit.unit as u8, frame.0 as u8, 9]);
                Ok(encode_png(&RgbImage::from_pixel(3, 2, colour)).expect("png"))
            })
            .collect())
    }

    fn store(root: &Path) -> Store {
        let plan = testing::plan(STORIES, 2);
        Store::create_or_resume(root, &testing::manifest(&plan), &plan).expect("store")
    }

    fn observation(frame: FrameRef<'_>) -> Observation {
        let (story, clip) = (frame.unit.story.clone(), frame.clip().clone());
        let mut row = Observation::unseen(story, frame.frame, clip);
        row.text = frame.text().to_owned();
        row.character_labels = vec![true];
        row
    }

    #[test]
    fn an_absent_frame_stays_in_the_plan_and_has_no_value() {
        let folder = tempfile::tempdir().expect("tempdir");
        let mut store = store(folder.path());
        let done = import(&mut store, &mut fetch, &mut |_| {}).expect("import");
        assert_eq!((done.units, done.frames), (3, 5));
        drop(store);
        let store = self::store(folder.path());
        assert!(store.recovery().is_clean());
        store.require_complete().expect("complete");
        let unit = &store.plan().units()[1].clone();
        let frames: Vec<_> = unit.frames().collect();
        assert_eq!(store.absence(unit, frames[1]), Some(Absence::Missing));
        assert_eq!(store.absence(unit, frames[0]), None);
        assert!(
            !folder
                .path()
                .join(frame_file(&unit.story, frames[1]))
                .exists()
        );
        assert_eq!(store.frame_if_any(unit, frames[1]).expect("read"), None);

        let mut shown = 0;
        let mut look = |frames: &[FrameRef<'_>], images: &[RgbImage]| {
            shown += images.len();
            let rows = frames.iter().zip(images);
            Ok::<_, RunError>(
                rows.map(|(frame, image)| {
                    let value = f32::from(image[(0, 0)][0]);
                    observation(*frame)
                        .with("red", f64::from(value))
                        .with("toy", vec![value, f32::from(image[(0, 0)][1])])
                })
                .collect(),
            )
        };
        let looking = ObserveOptions {
            key: "k",
            chunk: NonZeroUsize::new(3).expect("chunk"),
            decoding: Decoding::InTurn,
            columns: &WRITTEN,
            folder: folder.path(),
        };
        observe(&store, &looking, &mut look, &mut observation, &mut |_| {}).expect("observe");
        assert_eq!(shown, 5);
        let rows = read_columns(&folder.path().join(OBSERVATIONS), &["red"]).expect("rows");
        let values: Vec<_> = rows.iter().map(|row| row.number("red")).collect();
        let there = [0.0, 0.0, 1.0, 2.0, 2.0].map(Some);
        assert_eq!([&values[..3], &values[4..]].concat(), there);
        assert_eq!(values[3], None);
        let seen = StoredObservations::open(folder.path()).expect("seen");
        let features = seen.features("toy").expect("features");
        assert!(features.row(3).iter().all(|value| value.is_nan()));
        assert_eq!(features.row(4).to_vec(), [2.0, 1.0]);
    }

    #[test]
    fn a_kill_at_any_point_loses_nothing_that_is_done() {
        let whole = tempfile::tempdir().expect("tempdir");
        let mut store = store(whole.path());
        import(&mut store, &mut fetch, &mut |_| {}).expect("import");
        let digest = store.journal().digest();
        for points in 1.. {
            let folder = tempfile::tempdir().expect("tempdir");
            let mut store = self::store(folder.path());
            fault::arm(points);
            let result = import(&mut store, &mut fetch, &mut |_| {});
            let fired = fault::disarm();
            drop(store);
            let mut store = self::store(folder.path());
            import(&mut store, &mut fetch, &mut |_| {}).expect("again");
            assert_eq!(store.journal().digest(), digest, "killed after {points}");
            if !fired {
                assert!(result.is_ok());
                return;
            }
        }
    }

    #[test]
    fn a_second_import_fetches_nothing() {
        let folder = tempfile::tempdir().expect("tempdir");
        let mut store = store(folder.path());
        import(&mut store, &mut fetch, &mut |_| {}).expect("import");
        let before = fs::read(folder.path().join("journal.jsonl")).expect("journal");
        let mut never = |unit: &Unit| -> Result<_, RunError> { panic!("{} is done", unit.story) };
        let again = import(&mut store, &mut never, &mut |_| {}).expect("nothing to do");
        assert_eq!((again.units, again.frames), (0, 0));
        assert_eq!(
            fs::read(folder.path().join("journal.jsonl")).expect("journal"),
            before
        );
    }
}
