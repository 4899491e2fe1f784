//! One value of every frame, one column per run: what paired tests and scatter plots start from.
//!
//! Runs of one plan have the same frames, but a run may hold a part, or have been made with another limit: they
//! are joined by story and frame, and a frame that a run does not have is empty there.

use super::csv_lines::CsvLines;
use super::error::ExportError;
use crate::evaluate::Similarities;
use crate::record::Observation;
use crate::run::{RunError, StoredObservations};
use crate::table::join_all;
use clap::ValueEnum;
use polars::prelude::{Column, DataFrame};
use rayon::prelude::*;
use std::io::Write;
use std::path::{Path, PathBuf};

const KEYS: [&str; 2] = ["story", "frame"];

/// A value of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, strum::IntoStaticStr)]
#[value(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum FrameValue {
    /// CLIP similarity of frame and caption
    ClipTi,
    /// CLIP similarity of frame and ground-truth frame
    ClipIi,
    /// LPIPS between frame and ground-truth frame
    Lpips,
}

impl FrameValue {
    fn of(
        self,
        seen: &StoredObservations,
        rows: &[Observation],
    ) -> Result<Vec<Option<f64>>, RunError> {
        let clip = match self {
            Self::ClipTi => Similarities::read(seen)?.text_image,
            Self::ClipIi => Similarities::read(seen)?.image_image,
            Self::Lpips => return Ok(rows.iter().map(|row| row.number("lpips")).collect()),
        };
        let of_rows = (0..rows.len()).map(|at| clip.get(at).copied().flatten());
        Ok(of_rows.collect())
    }
}

/// Columns `story`, `frame`, and one per run under the path of its folder. Frames come in the order of the
/// first run; those that only later runs have follow.
///
/// # Errors
/// [`ExportError::Twice`], what is wrong with a run, and [`ExportError::Frame`].
pub fn side_by_side(runs: &[PathBuf], value: FrameValue) -> Result<DataFrame, ExportError> {
    super::rows::check_distinct(runs)?;
    let frames = runs.par_iter().map(|run| read(run, value));
    // As a list: of several errors, the one of the first run is returned.
    let frames: Vec<Result<DataFrame, ExportError>> = frames.collect();
    let frames = frames.into_iter().collect::<Result<Vec<_>, _>>()?;
    Ok(join_all(frames, &KEYS)?)
}

fn read(root: &Path, value: FrameValue) -> Result<DataFrame, ExportError> {
    let seen = StoredObservations::open(root)?;
    let rows = seen.observations(&["story", "frame", "lpips"])?;
    let stories: Vec<&str> = rows.iter().map(|row| row.story.as_str()).collect();
    let frames: Vec<u64> = rows.iter().map(|row| u64::from(row.frame.0)).collect();
    let values: Vec<Option<f64>> = value.of(&seen, &rows)?;
    let name = root.display().to_string();
    if KEYS.contains(&name.as_str()) {
        // A column of that name is there already.
        let path = root.to_path_buf();
        return Err(RunError::NoRun { path }.into());
    }
    let columns = vec![
        Column::new(KEYS[0].into(), stories),
        Column::new(KEYS[1].into(), frames),
        Column::new(name.as_str().into(), values),
    ];
    Ok(DataFrame::new(rows.len(), columns)?)
}

/// Writes such a table as CSV, numbers in full and what is not there empty. Gives the number of rows.
///
/// # Errors
/// [`ExportError::Write`].
pub fn write_side_by_side(frame: &DataFrame, out: impl Write) -> Result<u64, ExportError> {
    let names = frame.columns().iter().map(|column| column.name().as_str());
    let write = || {
        let mut lines = CsvLines::new(out, names)?;
        lines.write(frame)?;
        lines.finish()
    };
    write().map_err(ExportError::Write)?;
    Ok(frame.height() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{ClipId, Column, ColumnKind, FrameIndex, Of, StoryId, sha256_file};
    use crate::run::{OBSERVATIONS, OBSERVED, ObservationWriter};

    const LPIPS: Column = Column::new("lpips", ColumnKind::Number, Of::Pair);

    fn run(root: &Path, frames: &[(&str, u32, Option<f64>)]) -> PathBuf {
        std::fs::create_dir_all(root).expect("folder");
        let mut writer =
            ObservationWriter::create(&root.join(OBSERVATIONS), &[LPIPS]).expect("create");
        for (story, frame, lpips) in frames {
            let (story, clip) = (StoryId::new(*story), ClipId::new("c"));
            let mut row = Observation::unseen(story, FrameIndex(*frame), clip);
            row.set("lpips", *lpips);
            writer.push(row).expect("push");
        }
        let rows = writer.commit().expect("commit");
        let hash = sha256_file(&root.join(OBSERVATIONS)).expect("hash");
        let record = serde_json::json!({
            "format": 2, "key": "", "chunk": 1, "journal": "", "rows": rows, "columns": ["lpips"], "files": {OBSERVATIONS: hash},
        });
        std::fs::write(root.join(OBSERVED), record.to_string()).expect("record");
        root.to_path_buf()
    }

    #[test]
    fn runs_of_other_parts_and_orders_are_joined_by_story_and_frame() {
        let folder = tempfile::tempdir().expect("tempdir");
        let root = folder.path();
        let a = run(
            &root.join("a"),
            &[("s", 1, Some(0.5)), ("s", 2, None), ("=t", 1, Some(0.25))],
        );
        let b = run(
            &root.join("b"),
            &[
                ("=t", 1, Some(1.0)),
                ("u", 1, Some(2.0)),
                ("s", 1, Some(3.0)),
            ],
        );
        let runs = [a.clone(), b];
        let frame = side_by_side(&runs, FrameValue::Lpips).expect("joined");
        let mut bytes = Vec::new();
        assert_eq!(write_side_by_side(&frame, &mut bytes).expect("written"), 4);
        let text = String::from_utf8(bytes).expect("text");
        let lines: Vec<&str> = text.lines().skip(1).collect();
        assert_eq!(lines, ["s,1,0.5,3", "s,2,,", "'=t,1,0.25,1", "u,1,,2"]);
        let twice = side_by_side(&[a.clone(), a], FrameValue::Lpips);
        assert!(matches!(twice, Err(ExportError::Twice { .. })));
        let nothing = side_by_side(&[root.join("c")], FrameValue::ClipTi);
        assert!(matches!(
            nothing,
            Err(ExportError::Run(RunError::NotObserved { .. }))
        ));
    }
}
