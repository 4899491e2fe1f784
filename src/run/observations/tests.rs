//! Rows through the disk.

use super::*;
use crate::record::{ClipId, FrameIndex, Observation, StoryId};
use crate::run::error::RunError;
use parquet::file::writer::SerializedFileWriter;
use std::fs;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

fn row(index: usize) -> Observation {
    Observation {
        story: StoryId::new(format!("s{}", index / 4)),
        frame: FrameIndex(index as u32 % 4 + 1),
        clip: ClipId::new(format!("c{index}")),
        text: format!("Élodie waves, \"{index}\"\nand leaves."),
        caption: format!("Élodie waves, {index}"),
        pronoun: index.is_multiple_of(3),
        character_labels: vec![index.is_multiple_of(2), true, false],
        background_labels: (!index.is_multiple_of(5)).then(|| vec![false, index.is_multiple_of(2)]),
        character_probabilities: (index % 7 != 1).then(|| vec![0.25, index as f32 / 3.0, 1.0]),
        background_probabilities: match index % 4 {
            0 => None,
            1 => Some(Vec::new()),
            _ => Some(vec![f32::MIN_POSITIVE]),
        },
        generated_captions: match index % 3 {
            0 => None,
            1 => Some(Vec::new()),
            _ => Some(vec![String::new(), "a \u{1f600} \"waves\"".to_owned()]),
        },
        ground_truth_captions: index.is_multiple_of(2).then(|| vec!["é".to_owned(); 5]),
        clip_ti: (index % 4 != 2).then_some(index as f64 / 7.0),
        clip_ii: None,
        lpips: Some(f64::MIN_POSITIVE),
    }
}

fn write(path: &Path, count: usize) -> Vec<Observation> {
    let rows: Vec<_> = (0..count).map(row).collect();
    let mut writer = ObservationWriter::create(path).expect("create");
    for row in &rows {
        writer.push(row.clone()).expect("push");
    }
    assert_eq!(writer.commit().expect("commit"), count);
    rows
}

#[test]
fn rows_survive_the_disk_with_absent_and_empty_lists() {
    let folder = tempfile::tempdir().expect("tempdir");
    let path = folder.path().join("o.parquet");
    for count in [0, 1, 40, GROUP, GROUP + 3] {
        let rows = write(&path, count);
        assert!(
            read_columns(&path, &COLUMNS).expect("read") == rows,
            "{count} rows"
        );
    }
}

#[test]
fn columns_that_are_not_wanted_are_not_decoded() {
    let folder = tempfile::tempdir().expect("tempdir");
    let path = folder.path().join("o.parquet");
    let rows = write(&path, 30);
    let wanted = ["story", "frame", "clip", "lpips", "background_labels"];
    let found = read_columns(&path, &wanted).expect("read");
    for (row, found) in rows.into_iter().zip(found) {
        let expected = Observation {
            lpips: row.lpips,
            background_labels: row.background_labels,
            ..Observation::unseen(row.story, row.frame, row.clip)
        };
        assert_eq!(found, expected);
    }
}

#[test]
fn the_same_rows_are_the_same_bytes() {
    let folder = tempfile::tempdir().expect("tempdir");
    let (a, b) = (folder.path().join("a"), folder.path().join("b"));
    write(&a, 100);
    write(&b, 100);
    assert_eq!(fs::read(a).expect("read"), fs::read(b).expect("read"));
}

#[test]
fn cut_and_foreign_files_are_refused() {
    let folder = tempfile::tempdir().expect("tempdir");
    let path = folder.path().join("o.parquet");
    write(&path, 10);
    let bytes = fs::read(&path).expect("read");
    for length in [0, 4, bytes.len() / 2, bytes.len() - 1] {
        fs::write(&path, &bytes[..length]).expect("cut");
        let error = read_columns(&path, &COLUMNS).expect_err("cut");
        assert!(matches!(error, RunError::Observations { .. }), "{error:?}");
    }
}

#[test]
fn a_missing_column_is_named() {
    let folder = tempfile::tempdir().expect("tempdir");
    let path = folder.path().join("o.parquet");
    let other =
        parse_message_type("message m { required binary story (STRING); required int64 frame; }");
    let file = File::create(&path).expect("create");
    let writer = SerializedFileWriter::new(file, Arc::new(other.expect("schema")), Arc::default());
    writer.expect("writer").close().expect("close");
    let error = read_columns(&path, &COLUMNS).expect_err("foreign");
    assert!(
        matches!(
            error,
            RunError::Column {
                column: "frame",
                ..
            }
        ),
        "{error:?}"
    );
}

#[test]
fn column_names_are_those_of_the_schema() {
    let schema = schema();
    let names: Vec<_> = schema
        .get_fields()
        .iter()
        .map(|field| field.name())
        .collect();
    assert_eq!(names, COLUMNS);
}
