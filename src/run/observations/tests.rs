//! Rows through the disk.

use super::*;
use crate::record::{ClipId, Column, ColumnKind, FrameIndex, Hint as _, Observation, Of, StoryId};
use crate::run::error::RunError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use std::fs;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

const COLUMNS: [Column; 7] = [
    Column::new("characters", ColumnKind::Vector, Of::Generated),
    Column::new("backgrounds", ColumnKind::Vector, Of::Generated),
    Column::new("generated", ColumnKind::Texts, Of::Generated),
    Column::new("real", ColumnKind::Texts, Of::GroundTruth),
    Column::new("psnr", ColumnKind::Number, Of::Pair),
    Column::new("never", ColumnKind::Number, Of::Pair),
    Column::new("distance", ColumnKind::Number, Of::Pair),
];

fn all() -> Vec<&'static str> {
    let own = COLUMNS.iter().map(|column| column.name);
    PLANNED_COLUMNS.into_iter().chain(own).collect()
}

fn row(index: usize) -> Observation {
    let mut row = Observation::unseen(
        StoryId::new(format!("s{}", index / 4)),
        FrameIndex(index as u32 % 4 + 1),
        ClipId::new(format!("c{index}")),
    );
    row.text = format!("Élodie waves, \"{index}\"\nand leaves.");
    row.caption = format!("Élodie waves, {index}");
    row.pronoun = index.is_multiple_of(3);
    row.character_labels = vec![index.is_multiple_of(2), true, false];
    row.background_labels =
        (!index.is_multiple_of(5)).then(|| vec![false, index.is_multiple_of(2)]);
    row.set(
        "characters",
        (index % 7 != 1).then(|| vec![0.25, index as f32 / 3.0, 1.0]),
    );
    row.set(
        "backgrounds",
        match index % 4 {
            0 => None,
            1 => Some(Vec::new()),
            _ => Some(vec![f32::MIN_POSITIVE]),
        },
    );
    row.set(
        "generated",
        match index % 3 {
            0 => None,
            1 => Some(Vec::new()),
            _ => Some(vec![String::new(), "a \u{1f600} \"waves\"".to_owned()]),
        },
    );
    row.set(
        "real",
        index.is_multiple_of(2).then(|| vec!["é".to_owned(); 5]),
    );
    row.set("psnr", (index % 4 != 2).then_some(index as f64 / 7.0));
    row.with("distance", f64::MIN_POSITIVE)
}

fn write(path: &Path, count: usize) -> Vec<Observation> {
    let rows: Vec<_> = (0..count).map(row).collect();
    let mut writer = ObservationWriter::create(path, &COLUMNS).expect("create");
    for row in &rows {
        writer.push(row.clone()).expect("push");
    }
    assert_eq!(writer.commit().expect("commit"), count);
    rows
}

/// A file with another schema and no rows.
fn foreign(path: &Path, schema: &str, format: Option<&str>) {
    let schema = parse_message_type(schema).expect("schema");
    let pairs = format.map(|it| vec![KeyValue::new(FORMAT_KEY.to_owned(), it.to_owned())]);
    let properties = WriterProperties::builder().set_key_value_metadata(pairs);
    let file = File::create(path).expect("create");
    let writer = SerializedFileWriter::new(file, Arc::new(schema), Arc::new(properties.build()));
    writer.expect("writer").close().expect("close");
}

#[test]
fn rows_survive_the_disk_with_absent_and_empty_lists() {
    let folder = tempfile::tempdir().expect("tempdir");
    let path = folder.path().join("o.parquet");
    for count in [0, 1, 40, GROUP, GROUP + 3] {
        let rows = write(&path, count);
        assert!(
            read_columns(&path, &all()).expect("read") == rows,
            "{count} rows"
        );
    }
}

#[test]
fn columns_that_are_not_wanted_are_not_decoded() {
    let folder = tempfile::tempdir().expect("tempdir");
    let path = folder.path().join("o.parquet");
    let rows = write(&path, 30);
    let wanted = ["distance", "story", "frame", "clip", "background_labels"];
    let found = read_columns(&path, &wanted).expect("read");
    for (row, found) in rows.into_iter().zip(found) {
        let distance = row.number("distance").expect("every row has one");
        let mut expected = Observation::unseen(row.story, row.frame, row.clip);
        expected.background_labels = row.background_labels;
        assert_eq!(found, expected.with("distance", distance));
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
        let error = read_columns(&path, &all()).expect_err("cut");
        assert!(matches!(error, RunError::Observations { .. }), "{error:?}");
    }
}

#[test]
fn a_missing_or_foreign_column_is_named() {
    let folder = tempfile::tempdir().expect("tempdir");
    let path = folder.path().join("o.parquet");
    let named = |wanted: &[&'static str]| match read_columns(&path, wanted) {
        Err(RunError::Column { column, .. }) => column,
        other => panic!("{other:?}"),
    };
    let other = "message m { required binary story (STRING); required int64 frame; }";
    foreign(&path, other, None);
    assert_eq!(named(&[]), "frame");
    write(&path, 3);
    assert_eq!(named(&["distance", "ssim"]), "ssim");
    let changed = PLANNED.replace(
        "required boolean pronoun;",
        "required boolean pronoun; required double ssim;",
    );
    foreign(&path, &changed, Some("2"));
    assert_eq!(named(&["ssim"]), "ssim");
    // A column that nothing asks for is passed over, wherever it is.
    assert_eq!(read_columns(&path, &PLANNED_COLUMNS).expect("read"), []);
}

#[test]
fn a_file_of_another_version_is_refused_by_its_name() {
    let folder = tempfile::tempdir().expect("tempdir");
    let path = folder.path().join("o.parquet");
    foreign(&path, PLANNED, Some("1"));
    let error = read_columns(&path, &PLANNED_COLUMNS).expect_err("old");
    assert!(
        error
            .to_string()
            .ends_with("has format 1, this program reads 2"),
        "{error}"
    );
    assert!(
        error
            .hint()
            .is_some_and(|hint| hint.contains("storyeval observe"))
    );
}

#[test]
fn column_names_are_those_of_the_schema() {
    let schema = planned();
    let names: Vec<_> = schema
        .get_fields()
        .iter()
        .map(|field| field.name())
        .collect();
    assert_eq!(names, PLANNED_COLUMNS);
}

#[test]
fn the_types_of_columns_are_read_as_they_were_written() {
    for column in COLUMNS {
        let written = column::parquet_type(&column)
            .expect("type")
            .expect("of the table");
        assert_eq!(column::kind_of(&written), Some(column.kind));
    }
}
