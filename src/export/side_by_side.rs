//! One value of every frame, one column per run: what paired tests and scatter plots start from.
//!
//! Runs of one plan have the same frames, but a run may hold a part, or have been made with another limit: they
//! are joined by story and frame, and a frame that a run does not have is empty there. polars does the joining;
//! it costs minutes of building, so the feature of its name brings it.

use super::error::ExportError;
use crate::record::Observation;
use crate::run::{RunError, Seen};
use polars::prelude::{
    Column, DataFrame, DataFrameJoinOps, JoinArgs, JoinCoalesce, JoinType, MaintainOrderJoin,
    PolarsError,
};
use rayon::prelude::*;
use std::io::Write;
use std::path::{Path, PathBuf};

const KEYS: [&str; 2] = ["story", "frame"];

/// A value of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameValue {
    /// CLIP similarity of frame and caption.
    ClipTi,
    /// CLIP similarity of frame and ground-truth frame.
    ClipIi,
    /// LPIPS between frame and ground-truth frame.
    Lpips,
}

impl FrameValue {
    fn column(self) -> &'static str {
        match self {
            Self::ClipTi => "clip_ti",
            Self::ClipIi => "clip_ii",
            Self::Lpips => "lpips",
        }
    }

    fn of(self, row: &Observation) -> Option<f64> {
        match self {
            Self::ClipTi => row.clip_ti,
            Self::ClipIi => row.clip_ii,
            Self::Lpips => row.lpips,
        }
    }
}

/// Columns `story`, `frame`, and one a run under the path of its folder. Frames come in the order of the first
/// run; those that only later runs have follow.
///
/// # Errors
/// [`ExportError::Twice`], what is wrong with a run, and [`ExportError::Join`].
pub fn side_by_side(runs: &[PathBuf], value: FrameValue) -> Result<DataFrame, ExportError> {
    super::rows::check_distinct(runs)?;
    let mut joined = DataFrame::default();
    for some in runs.chunks(rayon::current_num_threads()) {
        let frames: Vec<Result<DataFrame, ExportError>> =
            some.par_iter().map(|run| read(run, value)).collect();
        for frame in frames {
            let frame = frame?;
            joined = if joined.width() == 0 {
                frame
            } else {
                let mut how =
                    JoinArgs::new(JoinType::Full).with_coalesce(JoinCoalesce::CoalesceColumns);
                how.maintain_order = MaintainOrderJoin::LeftRight;
                joined
                    .join(&frame, KEYS, KEYS, how, None)
                    .map_err(|error| failed(&error))?
            };
        }
    }
    Ok(joined)
}

fn read(root: &Path, value: FrameValue) -> Result<DataFrame, ExportError> {
    let wanted = ["story", "frame", value.column()];
    let rows = Seen::open(root)?.observations(&wanted)?;
    let stories: Vec<&str> = rows.iter().map(|row| row.story.as_str()).collect();
    let frames: Vec<u32> = rows.iter().map(|row| row.frame.0).collect();
    let values: Vec<Option<f64>> = rows.iter().map(|row| value.of(row)).collect();
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
    DataFrame::new(rows.len(), columns).map_err(|error| failed(&error))
}

fn failed(error: &PolarsError) -> ExportError {
    ExportError::Join {
        reason: error.to_string(),
    }
}

/// Writes such a table as CSV, numbers in full and what is not there empty. Gives the number of rows.
///
/// # Errors
/// [`ExportError::Write`].
pub fn write_side_by_side(frame: &DataFrame, out: impl Write) -> Result<u64, ExportError> {
    let mut writer = csv::Writer::from_writer(out);
    let failed = |error: csv::Error| ExportError::Write(error.into());
    let names = frame.columns().iter().map(|column| column.name().as_str());
    writer
        .write_record(names.map(|name| super::csv_lines::tamed(name).into_owned()))
        .map_err(failed)?;
    for row in 0..frame.height() {
        for column in frame.columns() {
            let value = column.get(row).map_err(|error| failed(&error))?;
            let field = match (value.get_str(), value.extract::<f64>()) {
                (Some(text), _) => super::csv_lines::tamed(text).into_owned(),
                (None, Some(number)) => number.to_string(),
                (None, None) => String::new(),
            };
            writer.write_field(field).map_err(failed)?;
        }
        writer.write_record(None::<&[u8]>).map_err(failed)?;
    }
    writer.flush().map_err(ExportError::Write)?;
    Ok(frame.height() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{ClipId, FrameIndex, StoryId, sha256_file};
    use crate::run::{OBSERVATIONS, OBSERVED, ObservationWriter};

    fn run(root: &Path, frames: &[(&str, u32, Option<f64>)]) -> PathBuf {
        std::fs::create_dir_all(root).expect("folder");
        let mut writer = ObservationWriter::create(&root.join(OBSERVATIONS)).expect("create");
        for (story, frame, lpips) in frames {
            let (story, clip) = (StoryId::new(*story), ClipId::new("c"));
            let mut row = Observation::unseen(story, FrameIndex(*frame), clip);
            row.lpips = *lpips;
            writer.push(row).expect("push");
        }
        let rows = writer.commit().expect("commit");
        let hash = sha256_file(&root.join(OBSERVATIONS)).expect("hash");
        let record = serde_json::json!({
            "format": 1, "key": "", "chunk": 1, "journal": "", "rows": rows, "files": {OBSERVATIONS: hash},
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
