//! Tests of comparisons and of the formats that show them.

use super::*;
use crate::record::Unit;
use crate::report::{csv, json, latex, markdown};
use crate::{ExitCode, Hint};

fn score(metric: &str, slice: &str, value: Option<f64>, unit: Unit, gt: &str) -> Score {
    Score {
        metric: metric.to_owned(),
        slice: slice.to_owned(),
        value,
        unscored: value.is_none().then(|| "no frame in this slice".to_owned()),
        interval: value.map(|v| [v - 2.25, v + 2.0]),
        unit,
        higher_is_better: unit == Unit::Percent,
        n: 400,
        planned: 400,
        stories: 100,
        counts: None,
        signature: format!("{metric}|dataset:minisv@0123|gt:{gt}|n:400|v:1"),
        warnings: Vec::new(),
    }
}

fn run(model: &str, shift: f64, gt: &str) -> Scores {
    let mut fid = score("fid", "all", Some(12.345 - shift), Unit::Distance, gt);
    fid.warnings
        .push("the interval is biased upward".to_owned());
    Scores {
        notes: Vec::new(),
        format: 1,
        run: format!("runs/{model}"),
        model: model.to_owned(),
        protocol: "strict".to_owned(),
        scores: vec![
            score("char_acc", "all", Some(88.44 + shift), Unit::Percent, gt),
            fid,
            score("bg_acc", "all", Some(70.0 + shift), Unit::Percent, gt),
            score("char_acc", "pronoun", None, Unit::Percent, gt),
            score("char_acc", "frame_1", Some(1.0), Unit::Percent, gt),
        ],
    }
}

fn comparison() -> Comparison {
    let mut second = run("shuffled", -30.0, "middle");
    second.scores[0].n = 396;
    Comparison::new(
        &[run("ground-truth", 0.0, "middle"), second],
        &TableOptions::default(),
    )
    .unwrap()
}

#[test]
fn the_markdown_table_is_as_expected() {
    let expected = "\
### All frames

| model        |      Char-Acc % ↑ |        BG-Acc % ↑ | scored / planned |
|--------------|------------------:|------------------:|-----------------:|
| ground-truth | 88.4 [86.2, 90.4] | 70.0 [67.8, 72.0] |        400 / 400 |
| shuffled     | 58.4 [56.2, 60.4] | 40.0 [37.8, 42.0] |    396–400 / 400 |

### All frames: images and captions

| model        |                FID ↓ | scored / planned |
|--------------|---------------------:|-----------------:|
| ground-truth | 12.35 [10.10, 14.35] |        400 / 400 |
| shuffled     | 42.34 [40.09, 44.34] |        400 / 400 |

### Frames whose text has a pronoun in place of a name

| model        | Char-Acc % ↑ | scored / planned |
|--------------|-------------:|-----------------:|
| ground-truth |            – |        400 / 400 |
| shuffled     |            – |        400 / 400 |

95 % intervals by resampling stories, in brackets.

Notes:

- fid on all: the interval is biased upward (ground-truth, shuffled)
- char_acc on pronoun: no value: no frame in this slice (ground-truth, shuffled)

Signatures:

- `char_acc|dataset:minisv@0123|gt:middle|v:1`
- `fid|dataset:minisv@0123|gt:middle|v:1`
- `bg_acc|dataset:minisv@0123|gt:middle|v:1`
";
    let found = markdown(&comparison());
    // Widths are the formatter's affair; what stands in the cells is not.
    let squeeze = |text: &str| {
        text.replace('-', "")
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(squeeze(&found), squeeze(expected), "{found}");
    let widths: BTreeSet<usize> = found
        .lines()
        .skip(2)
        .take(4)
        .map(|line| line.chars().count())
        .collect();
    assert_eq!(widths.len(), 1, "{found}");
}

#[test]
fn signatures_that_differ_do_not_share_a_column() {
    let runs = [run("a", 0.0, "middle"), run("b", 0.0, "random")];
    let error = Comparison::new(&runs, &TableOptions::default()).unwrap_err();
    assert_eq!(error.exit_code(), ExitCode::Incomparable);
    assert_eq!(
        error.to_string(),
        "`char_acc` of run `runs/a` and of run `runs/b` are not comparable: gt: middle / random"
    );
    let forced = TableOptions {
        force: true,
        ..TableOptions::default()
    };
    let text = markdown(&Comparison::new(&runs, &forced).unwrap());
    assert!(text.contains("Forced together although not comparable"));
    assert!(text.contains("gt:middle|v:1") && text.contains("gt:random|v:1"));
}

#[test]
fn no_run_and_double_scores_are_errors() {
    let none = Comparison::new(&[], &TableOptions::default()).unwrap_err();
    assert!(matches!(none, ReportError::NoRuns));
    let mut twice = run("a", 0.0, "middle");
    twice.scores.push(twice.scores[0].clone());
    let error = Comparison::new(&[twice], &TableOptions::default()).unwrap_err();
    assert!(matches!(error, ReportError::DuplicateScore { .. }));
}

#[test]
fn one_model_in_two_runs_is_told_apart() {
    let mut second = run("a", 1.0, "middle");
    second.run = "runs/again".to_owned();
    let both =
        Comparison::new(&[run("a", 0.0, "middle"), second], &TableOptions::default()).unwrap();
    let text = markdown(&both);
    assert!(text.contains("a (runs/a)") && text.contains("a (runs/again)"));
}

#[test]
fn csv_and_json_hold_every_score() {
    let comparison = comparison();
    let text = csv(&comparison).unwrap();
    assert_eq!(text.lines().count(), 11);
    assert!(text.contains(
        "runs/shuffled,shuffled,char_acc,all,58.44,56.19,60.44,percent,true,396,400,100,,,"
    ));
    let value: serde_json::Value = serde_json::from_str(&json(&comparison).unwrap()).unwrap();
    assert_eq!(value[1]["scores"][0]["metric"], "char_acc");
    let one = Comparison::new(&[run("a", 0.0, "middle")], &TableOptions::default()).unwrap();
    let value: serde_json::Value = serde_json::from_str(&json(&one).unwrap()).unwrap();
    assert_eq!(value["scores"][1]["unit"], "distance");
}

#[test]
fn the_latex_table_is_escaped() {
    let text = latex(&comparison());
    assert!(text.contains("Char-Acc \\% $\\uparrow$ & BG-Acc \\% $\\uparrow$ & scored"));
    assert!(text.contains("model & FID $\\downarrow$ & & scored"));
    assert!(text.contains("ground-truth & 88.4 {\\scriptsize [86.2, 90.4]}"));
    assert!(text.contains("shuffled & -- & & 400 / 400 \\\\"));
}

#[test]
fn rounded_minus_zero_is_zero() {
    assert_eq!(number(-1e-9, 2), "0.00");
    assert_eq!(number(-0.25, 2), "-0.25");
    assert_eq!(number(99.96, 1), "100.0");
}

#[test]
fn a_slice_without_a_planned_frame_has_no_section() {
    let mut original = run("char-ldm-mini", 0.0, "middle");
    original.scores[3].planned = 0;
    let comparison = Comparison::new(&[original], &TableOptions::default()).unwrap();
    let text = markdown(&comparison);
    assert!(!text.contains("pronoun"), "{text}");
    assert!(text.contains("All frames"), "{text}");
}

#[test]
fn notes_of_a_run_stand_below_the_table() {
    let mut run = run("a", 0.0, "middle");
    run.notes.push("4 of 400 files are JPEG".to_owned());
    let comparison = Comparison::new(&[run], &TableOptions::default()).unwrap();
    let text = crate::report::markdown(&comparison);
    assert!(text.contains("- 4 of 400 files are JPEG (a)"), "{text}");
}
