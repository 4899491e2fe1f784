//! What the published tables are compared with: our transcription of the printed text, one file per table.

use super::*;
use std::fs;
use std::path::{Path, PathBuf};

fn printed_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("reference-data/papers/printed")
}

/// A table as lines of fields with tabs between them, groups on lines of their own.
fn reprint(table: &PublishedTable) -> String {
    let mut lines = vec![table.headings().join("\t")];
    let mut group = "";
    for row in table.rows() {
        if row.group != group {
            group = row.group;
            lines.push(group.to_owned());
        }
        let fields = row
            .cells
            .iter()
            .map(|cell| cell.map_or("", |cell| &cell.printed));
        lines.push(fields.collect::<Vec<_>>().join("\t"));
    }
    lines.join("\n") + "\n"
}

#[test]
fn every_table_is_printed_as_in_its_paper() {
    let library = Library::open().unwrap();
    for table in library.tables() {
        let path = printed_folder().join(format!("{}.tsv", table.about().id));
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(reprint(table), text, "{}", path.display());
    }
    let files = fs::read_dir(printed_folder()).unwrap().count();
    assert_eq!(files, library.tables().len());
}

#[test]
fn the_documented_ids_are_there() {
    let library = Library::open().unwrap();
    let tables = (1..=6).map(|number| format!("cvpr-supp-table-{number}"));
    let arxiv = (1..=5).map(|number| format!("arxiv-table-{number}"));
    let others = ["charldm", "long", "mugen"].map(|name| format!("cvpr-supp-{name}"));
    for id in tables.chain(arxiv).chain(others) {
        assert_eq!(library.find(&id).unwrap().about().id, id);
    }
}

#[test]
fn every_value_is_the_printed_number() {
    let library = Library::open().unwrap();
    let mut numbers = 0;
    for cell in library.tables().iter().flat_map(PublishedTable::cells) {
        let Some(value) = cell.value else {
            let digits = cell
                .printed
                .starts_with(|c: char| c.is_ascii_digit() || c == '.');
            assert!(cell.is_name() || !digits, "{cell:?}");
            continue;
        };
        numbers += 1;
        let plain = cell
            .printed
            .replace("GB", "")
            .replace(['%', ','], "")
            .replace("20k", "20000");
        let first = plain.split_whitespace().next().unwrap().to_owned();
        let number: f64 = first.parse().unwrap();
        assert!(number.total_cmp(&value).is_eq(), "{cell:?}");
    }
    assert_eq!(numbers, NUMBERS);
}

/// Numbers in all tables.
const NUMBERS: usize = 297;

#[test]
fn units_directions_and_protocols_are_those_of_the_metrics() {
    for cell in Library::open()
        .unwrap()
        .tables()
        .iter()
        .flat_map(PublishedTable::cells)
    {
        if !cell.protocol.is_empty() {
            crate::card::protocol(&cell.protocol).unwrap();
            assert!(cell.confidence.is_some(), "{cell:?}");
        }
        let Some(value) = cell.value else { continue };
        let range = match cell.metric.as_str() {
            "char_acc" | "char_f1" | "bg_acc" | "bg_f1" => 20.0..100.0,
            "fid" => 15.0..160.0,
            "bleu4" | "clip_ti" | "clip_ii" | "lpips" => 0.2..1.0,
            "cider" => 0.3..2.0,
            _ => continue,
        };
        assert!(range.contains(&value), "{cell:?}");
        let upward = !matches!(cell.metric.as_str(), "fid" | "lpips");
        let trend = if upward {
            crate::paper::Trend::Up
        } else {
            crate::paper::Trend::Down
        };
        assert_eq!(cell.direction, Some(trend), "{cell:?}");
    }
}

#[test]
fn known_contradictions_are_found() {
    let library = Library::open().unwrap();
    let of = |id: &str| -> Vec<String> {
        let found = library.contradictions(library.find(id).unwrap());
        found.iter().map(ToString::to_string).collect()
    };
    let supp = of("cvpr-supp-table-4");
    assert_eq!(
        supp,
        [
            "BLEU4 of storygpt-v (row 4): 0.5070 here, 0.5037 in cvpr-supp-table-3.",
            "CIDEr of storygpt-v (row 4): 1.6607 here, 1.6718 in cvpr-supp-table-3."
        ]
    );
    let ours = of("cvpr-supp-charldm");
    assert!(
        ours[0]
            .contains("88.45 here, 87.96 in arxiv-table-1, arxiv-table-4, 85.44 in arxiv-table-5"),
        "{ours:?}"
    );
    assert!(
        of("arxiv-table-5")
            .iter()
            .any(|line| line.contains("27.08 here, 21.71 in"))
    );
    // Story-LDM's row of 4 frames is the same everywhere.
    assert!(
        !of("arxiv-table-5")
            .iter()
            .any(|line| line.contains("story-ldm"))
    );
    assert!(of("cvpr-supp-table-5").is_empty());
}

/// A suite's run has the model, data set, split, text and length of the row that it fills, and the row's
/// protocol but for its text.
#[test]
fn suites_fill_the_rows_that_they_say() {
    use crate::card::{self, CardKind};
    let library = Library::open().unwrap();
    let mut rows = 0;
    for id in card::ids(CardKind::Suite) {
        let suite = card::suite(&id).unwrap();
        let Some(table) = &suite.table else { continue };
        let table = library.find(table).unwrap();
        for run in &suite.runs {
            let all = table.rows();
            let row = &all[run.row.unwrap() - 1];
            let cell = row
                .numbers()
                .find(|cell| !cell.protocol.is_empty())
                .unwrap();
            assert_eq!(run.model, cell.model, "{id} {}", row.number);
            assert_eq!(run.dataset, cell.dataset, "{id} {}", row.number);
            assert_eq!(run.split, cell.split, "{id} {}", row.number);
            let protocol = card::protocol(&run.protocol).unwrap();
            let original = protocol.text == crate::record::TextVariant::Original;
            assert_eq!(
                original,
                cell.text == Some(crate::paper::Text::Original),
                "{id}"
            );
            assert_eq!(
                run.protocol.trim_end_matches("-original"),
                cell.protocol,
                "{id}"
            );
            let length = run.story_length.map(std::num::NonZeroUsize::get);
            let length = length.or(protocol.stories.length).unwrap_or(4);
            assert_eq!(length, cell.frames.unwrap().last, "{id} {}", row.number);
            rows += 1;
        }
        // A row without a run has no number.
        for row in table.rows() {
            let filled = suite.runs.iter().any(|run| run.row == Some(row.number));
            assert!(
                filled || row.numbers().next().is_none(),
                "{id} {}",
                row.number
            );
        }
    }
    assert_eq!(rows, 55);
}

#[test]
fn a_slip_of_the_hand_is_recognised() {
    let library = Library::open().unwrap();
    let suggestion = |id: &str| match library.find(id) {
        Err(PaperError::UnknownTable { suggestion, .. }) => suggestion,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        suggestion("cvpr-table-3").as_deref(),
        Some("cvpr-supp-table-3")
    );
    assert_eq!(suggestion("arxiv-table1").as_deref(), Some("arxiv-table-1"));
    assert_eq!(suggestion("zzz"), None);
}
