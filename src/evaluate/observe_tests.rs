//! A panel without any network: frames are decoded once, and what is known of real ones is not asked for again.

use super::*;
use crate::evaluator::{EvaluatorError, TruthColumn};
use crate::inference::Device;
use crate::metric::ExtractorName;
use crate::record::{Column, ColumnKind, FrameIndex, Role, SizedColumn, StoryId};
use std::cell::RefCell;

const DIFFERENCE: Column = Column::new("difference", ColumnKind::Number, Of::Pair);
const RED: Column = Column::new("red", ColumnKind::Vector, Of::Generated);
const REAL_RED: Column = Column::new("real_red", ColumnKind::Feature, Of::GroundTruth);

fn red(frame: &RgbImage) -> f32 {
    f32::from(frame[(0, 0)][0])
}

/// Compares each frame with its ground truth: arithmetic, as PSNR is.
struct Difference(ExtractorName);

impl Evaluator for Difference {
    fn role(&self) -> Role {
        Role::new("difference")
    }

    fn name(&self) -> &ExtractorName {
        &self.0
    }

    fn columns(&self) -> Vec<SizedColumn> {
        vec![DIFFERENCE.into()]
    }

    fn observe(&mut self, chunk: &Chunk<'_>, rows: &mut Rows) -> Result<(), EvaluatorError> {
        let pairs = chunk.frames.iter().zip(chunk.truth);
        rows.write(DIFFERENCE, pairs.map(|(a, b)| f64::from(red(a) - red(b))));
        Ok(())
    }
}

/// Writes of both sides, and remembers which real frames it was shown.
#[derive(Default)]
struct Reds {
    name: ExtractorName,
    shown: Vec<f32>,
}

impl Evaluator for Reds {
    fn role(&self) -> Role {
        Role::new("reds")
    }

    fn name(&self) -> &ExtractorName {
        &self.name
    }

    fn columns(&self) -> Vec<SizedColumn> {
        vec![RED.into(), REAL_RED.sized(1)]
    }

    fn observe(&mut self, chunk: &Chunk<'_>, rows: &mut Rows) -> Result<(), EvaluatorError> {
        rows.write(RED, chunk.frames.iter().map(|frame| vec![red(frame)]));
        Ok(())
    }

    fn truth(&self) -> Option<TruthColumn> {
        Some(TruthColumn {
            column: REAL_RED,
            what: "reds".to_owned(),
            bundle: String::new(),
            pixels: String::new(),
        })
    }

    fn observe_truth(&mut self, chunk: &Chunk<'_>) -> Result<Vec<Value>, EvaluatorError> {
        let reds: Vec<f32> = chunk.frames.iter().map(red).collect();
        self.shown.extend(&reds);
        Ok(reds.into_iter().map(|it| vec![it].into()).collect())
    }
}

fn rows(clips: &[u8]) -> Vec<Observation> {
    let row = |clip: &u8| {
        let clip = ClipId::new(clip.to_string());
        Observation::unseen(StoryId::new("s"), FrameIndex(1), clip)
    };
    clips.iter().map(row).collect()
}

fn truth(root: &Path) -> GroundTruthCache {
    let panel = Panel {
        evaluators: vec![Box::new(Reds::default())],
        device: Device::Cpu,
        arithmetic: String::new(),
    };
    let mut all = GroundTruthCache::open(root, "d", "middle", &panel).unwrap();
    all.remove(0).unwrap()
}

#[test]
fn real_frames_are_decoded_once_per_chunk_and_observed_once_per_data_set() {
    let folder = tempfile::tempdir().unwrap();
    let decoded = RefCell::new(Vec::new());
    let load = |clip: &ClipId| {
        decoded.borrow_mut().push(clip.as_str().to_owned());
        let red = clip.as_str().parse().unwrap();
        Ok(RgbImage::from_pixel(2, 2, image::Rgb([red, 0, 0])))
    };
    let mut reds = Reds::default();
    let frames = vec![RgbImage::from_pixel(2, 2, image::Rgb([9, 0, 0])); 4];
    let mut truth_of_reds = truth(folder.path());
    for clips in [[3, 5, 3, 4], [5, 6, 6, 3]] {
        let rows = rows(&clips);
        let mut real = Frames::new(&load);
        let found = seen(
            &mut reds,
            Some(&mut truth_of_reds),
            &frames,
            &rows,
            &mut real,
        )
        .unwrap();
        assert_eq!(found[0], ("red", vec![vec![9.0_f32].into(); 4]));
        let values = clips.map(|it| vec![f32::from(it)].into()).to_vec();
        assert_eq!(found[1], ("real_red", values));
        // An evaluator of pairs has every partner; the frames are still there.
        let mut difference = Difference(ExtractorName::default());
        let found = seen(&mut difference, None, &frames, &rows, &mut real).unwrap();
        let values = clips.map(|it| (9.0 - f64::from(it)).into()).to_vec();
        assert_eq!(found, [("difference", values)]);
    }
    assert_eq!(reds.shown, [3.0, 5.0, 4.0, 6.0]);
    assert_eq!(*decoded.borrow(), ["3", "5", "4", "6", "5", "3"]);
    // Another process knows them too.
    truth_of_reds.flush().unwrap();
    let rows = rows(&[4, 6]);
    let mut real = Frames::new(&load);
    let mut later = truth(folder.path());
    let found = seen(&mut reds, Some(&mut later), &frames[..2], &rows, &mut real).unwrap();
    assert_eq!(found[1].1, [vec![4.0_f32].into(), vec![6.0_f32].into()]);
    assert_eq!((reds.shown.len(), decoded.borrow().len()), (4, 6));
}
