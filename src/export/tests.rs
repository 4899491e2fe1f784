//! The tables as bytes, and the page that describes them.

use super::error::ExportError;
use super::schema::{Column, Kind, VERSION, What};
use super::tables::scores;
use super::writer::{Format, TableWriter};
use crate::record::{Counts, Score, Unit};
use clap::ValueEnum;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use polars::prelude::{Column as Values, DataFrame};

/// Scores whose texts are hostile and whose numbers are extreme.
fn rows() -> DataFrame {
    let score = |value: Option<f64>, counts: Option<Counts>| Score {
        metric: "fid".to_owned(),
        slice: "all".to_owned(),
        value,
        unscored: None,
        interval: value.map(|value| [value * 0.5, f64::NAN]),
        unit: Unit::Distance,
        higher_is_better: false,
        n: 3,
        planned: 4,
        stories: 1,
        counts,
        seeds: None,
        own: None,
        signature: "fid|n:3".to_owned(),
        warnings: vec!["a \"b\",\nc".to_owned()],
    };
    let all = [
        score(Some(0.1), Some(Counts::default())),
        score(Some(f64::MIN_POSITIVE), None),
        score(Some(f64::NAN), None),
    ];
    let text = |name: &str, values: [&str; 3]| Values::new(name.into(), values);
    let mut columns = vec![
        text("folder", ["runs/a"; 3]),
        text("run", ["a"; 3]),
        text("dataset", ["minisv"; 3]),
        text("protocol", ["strict"; 3]),
        text("model", ["=1+1", "é", "m"]),
        Values::new("seed".into(), [u64::MAX; 3]),
    ];
    columns.extend(scores(&all));
    DataFrame::new(3, columns).expect("rows")
}

fn written(format: Format, copies: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut table = TableWriter::new(&mut bytes, What::Scores, format).expect("begin");
    for _ in 0..copies {
        table.push(rows()).expect("push");
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
fn rows_of_other_columns_are_refused() {
    let mut table = TableWriter::new(Vec::new(), What::Labels, Format::Csv).expect("begin");
    assert!(matches!(table.push(rows()), Err(ExportError::Frame(_))));
    let mut table = TableWriter::new(Vec::new(), What::Scores, Format::Csv).expect("begin");
    let mut other = rows();
    let seeds = Values::new("seed".into(), ["3"; 3]);
    other.with_column(seeds).expect("another type");
    assert!(matches!(table.push(other), Err(ExportError::Frame(_))));
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
    for what in What::value_variants() {
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
