//! The tables as bytes, and the page that describes them.

use super::batch::{Batch, Value};
use super::schema::{Column, Kind, VERSION, What};
use super::writer::{Format, TableWriter};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use std::sync::Arc;

/// A score whose texts are hostile and whose numbers are extreme.
fn rows() -> Vec<Vec<Value>> {
    let row = |model: &str, value: Option<f64>, count: Option<u64>| -> Vec<Value> {
        vec![
            "runs/a".into(),
            "a".into(),
            "minisv".into(),
            "strict".into(),
            model.into(),
            Value::Natural(u64::MAX),
            "fid".into(),
            "all".into(),
            value.into(),
            value.map(|value| value * 0.5).into(),
            None::<f64>.into(),
            "distance".into(),
            false.into(),
            3.into(),
            4.into(),
            1.into(),
            count.into(),
            None::<u64>.into(),
            None::<u64>.into(),
            None::<u64>.into(),
            None::<&str>.into(),
            Some("a \"b\",\nc").into(),
            "fid|n:3".into(),
        ]
    };
    vec![
        row("=1+1", Some(0.1), Some(7)),
        row("é", Some(f64::MIN_POSITIVE), None),
        row("m", Some(f64::NAN), None),
    ]
}

fn written(format: Format, copies: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut table = TableWriter::new(&mut bytes, What::Scores, format).expect("begin");
    for _ in 0..copies {
        for row in rows() {
            table.batch().push(&row, []);
            table.flush_full().expect("flush");
        }
    }
    assert_eq!(table.finish().expect("finish"), copies as u64 * 3);
    bytes
}

#[test]
fn csv_is_quoted_and_tamed_and_keeps_every_digit() {
    let bytes = written(Format::Csv, 1);
    let mut reader = csv::Reader::from_reader(bytes.as_slice());
    let names: Vec<&str> = What::Scores
        .columns()
        .iter()
        .map(|column| column.name)
        .collect();
    assert_eq!(
        reader.headers().expect("header").iter().collect::<Vec<_>>(),
        names
    );
    let records: Vec<csv::StringRecord> = reader.records().map(|it| it.expect("row")).collect();
    assert_eq!(&records[0][4], "'=1+1");
    assert_eq!(&records[0][8], "0.1");
    assert_eq!(&records[0][5], "18446744073709551615");
    assert_eq!(&records[0][21], "a \"b\",\nc");
    let number: f64 = records[1][8].parse().expect("number");
    assert_eq!(number.to_bits(), f64::MIN_POSITIVE.to_bits());
    assert_eq!((&records[2][8], &records[2][16]), ("", ""));
}

#[test]
fn json_has_every_column_in_every_line() {
    let text = String::from_utf8(written(Format::JsonLines, 1)).expect("text");
    let lines: Vec<serde_json::Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("json"))
        .collect();
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[0]["model"], "=1+1");
    assert_eq!(lines[0]["seed"], u64::MAX);
    assert_eq!(lines[1]["value"], f64::MIN_POSITIVE);
    assert!(lines[2]["value"].is_null());
    for line in lines {
        assert_eq!(
            line.as_object().expect("object").len(),
            What::Scores.columns().len()
        );
    }
}

#[test]
fn parquet_holds_the_same_and_its_groups_are_bounded() {
    let copies = 30_000;
    let bytes = written(Format::Parquet, copies);
    let folder = tempfile::tempdir().expect("tempdir");
    let path = folder.path().join("t.parquet");
    std::fs::write(&path, bytes).expect("write");
    let file = std::fs::File::open(&path).expect("open");
    let reader = SerializedFileReader::new(file).expect("parquet");
    assert_eq!(reader.num_row_groups(), 2);
    let about = reader.metadata().file_metadata();
    let notes = about.key_value_metadata().expect("notes");
    assert!(
        notes
            .iter()
            .any(|note| note.key == "storyeval.schema" && note.value == Some(VERSION.to_string()))
    );
    let row = reader
        .get_row_iter(None)
        .expect("rows")
        .nth(1)
        .expect("row")
        .expect("row");
    let fields: Vec<(&String, &Field)> = row.get_column_iter().collect();
    assert_eq!(*fields[4].1, Field::Str("é".to_owned()));
    assert_eq!(*fields[5].1, Field::ULong(u64::MAX));
    assert_eq!(*fields[8].1, Field::Double(f64::MIN_POSITIVE));
    assert_eq!(*fields[16].1, Field::Null);
    assert_eq!(*fields[12].1, Field::Bool(false));
}

#[test]
#[should_panic(expected = "does not fit")]
fn a_row_of_other_types_is_a_bug() {
    let column = Column {
        name: "n",
        kind: Kind::Natural,
        optional: false,
    };
    let text: Arc<str> = "3".into();
    Batch::new(&[column]).push(&[Value::Text(text)], []);
}

/// `docs/exports.md` has a row `| name | type | ... |` for every column, in order, below the table's heading.
#[test]
fn the_page_describes_every_column() {
    let page = include_str!("../../docs/exports.md");
    assert!(page.contains(&format!("Schema version: {VERSION}")));
    let kind = |column: &Column| {
        let name = match column.kind {
            Kind::Text => "text",
            Kind::Natural => "natural",
            Kind::Number => "number",
            Kind::Flag => "flag",
        };
        format!("| `{}` | {name} |", column.name)
    };
    for what in What::ALL {
        let heading = format!("\n## `{}`", what.name());
        let section = page
            .split_once(heading.as_str())
            .expect("one section per table")
            .1;
        let section = section.split("\n## ").next().expect("its end");
        let page_rows = |text: &str| -> Vec<String> {
            let lines = text.lines().filter(|line| line.starts_with("| `"));
            lines
                .map(|line| {
                    let cells: Vec<&str> = line.splitn(4, '|').collect();
                    format!("|{}|{}|", cells[1], cells[2])
                })
                .collect()
        };
        let common = page
            .split_once("\n## Columns of every table")
            .expect("a section")
            .1;
        let common = page_rows(common.split("\n## ").next().expect("its end"));
        let columns: Vec<String> = what.columns().iter().map(kind).collect();
        let mut described: Vec<String> = common
            .into_iter()
            .filter(|row| columns.contains(row))
            .collect();
        described.extend(page_rows(section));
        assert_eq!(described, columns, "{}", what.name());
    }
}
