//! Tests of comparisons and of the formats that show them.

use super::*;
use crate::record::{FaultKind, Hint, Unit};
use crate::report::{ColumnChoice, csv, json};
use crate::table::Format;

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
        seeds: None,
        own: None,
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

fn markdown(comparison: &Comparison) -> String {
    let document = comparison.document(&[], None);
    document.render(Format::Markdown).unwrap()
}

#[test]
fn the_markdown_table_is_as_expected() {
    let expected = "\
### All frames

| model        |      Char-Acc % ↑ᵃ |        BG-Acc % ↑ᵇ | scored / planned |
|--------------|------------------:|------------------:|-----------------:|
| ground-truth | 88.4 [86.2, 90.4] | 70.0 [67.8, 72.0] |        400 / 400 |
| shuffled     | 58.4 [56.2, 60.4] | 40.0 [37.8, 42.0] |    396–400 / 400 |

### All frames: images and captions

| model        |                FID ↓ᶜ | scored / planned |
|--------------|---------------------:|-----------------:|
| ground-truth | 12.35 [10.10, 14.35] |        400 / 400 |
| shuffled     | 42.34 [40.09, 44.34] |        400 / 400 |

### Frames whose text has a pronoun in place of a name

| model        | Char-Acc % ↑ | scored / planned |
|--------------|-------------:|-----------------:|
| ground-truth |            – |        400 / 400 |
| shuffled     |            – |        400 / 400 |

95 % intervals over stories, in brackets.

Notes:

- fid on all: the interval is biased upward (ground-truth, shuffled)
- char_acc on pronoun: no value: no frame in this slice (ground-truth, shuffled)

Signatures:

- `a char_acc|dataset:minisv@0123|gt:middle|v:1`
- `b bg_acc|dataset:minisv@0123|gt:middle|v:1`
- `c fid|dataset:minisv@0123|gt:middle|v:1`
";
    let found = markdown(&comparison());
    // Widths are the formatter's affair; the content of the cells is not.
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
    assert_eq!(error.fault_kind(), FaultKind::Incomparable);
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
        "runs/shuffled,shuffled,shuffled,char_acc,all,58.44,56.19,60.44,percent,true,396,400,100,,,"
    ));
    let value: serde_json::Value = serde_json::from_str(&json(&comparison).unwrap()).unwrap();
    assert_eq!(value[1]["scores"][0]["metric"], "char_acc");
    let one = Comparison::new(&[run("a", 0.0, "middle")], &TableOptions::default()).unwrap();
    let value: serde_json::Value = serde_json::from_str(&json(&one).unwrap()).unwrap();
    assert_eq!(value["scores"][1]["unit"], "distance");
}

#[test]
fn csv_and_json_hold_what_was_asked_for() {
    let options = TableOptions {
        columns: vec!["fid".parse().unwrap()],
        slices: Some(vec!["all".to_owned()]),
        labels: vec!["=ours".to_owned()],
        ..TableOptions::default()
    };
    let comparison = Comparison::new(&[run("a", 0.0, "middle")], &options).unwrap();
    let text = csv(&comparison).unwrap();
    assert_eq!(text.lines().count(), 2, "{text}");
    assert!(text.contains("runs/a,a,'=ours,fid,all,"), "{text}");
    let value: serde_json::Value = serde_json::from_str(&json(&comparison).unwrap()).unwrap();
    assert_eq!(value["label"], "=ours");
    assert_eq!(value["run"], "runs/a");
    assert_eq!(value["scores"].as_array().unwrap().len(), 1);
}

#[test]
fn a_forced_value_carries_the_letter_of_its_own_signature() {
    let runs = [run("a", 0.0, "middle"), run("b", 1.0, "random")];
    let options = TableOptions {
        force: true,
        ..TableOptions::default()
    };
    let comparison = Comparison::new(&runs, &options).unwrap();
    let text = markdown(&comparison);
    // Columns are a (Char-Acc) and b (BG-Acc); what run b has there was computed as c and d say.
    assert!(
        text.contains("Char-Acc % ↑ᵃ |") && text.contains("89.4 [87.2, 91.4]ᶜ |"),
        "{text}"
    );
    assert!(text.contains("- `c char_acc|dataset:minisv@0123|gt:random|v:1`"));
    // A value that was computed in another way is in no ranking.
    assert!(comparison.rankings().is_empty());
}

#[test]
fn columns_are_chosen_and_renamed() {
    let runs = [run("a", 0.0, "middle"), run("b", 1.0, "middle")];
    let column = |text: &str| text.parse::<ColumnChoice>().unwrap();
    let options = TableOptions {
        columns: vec![column("fid=FID (64 px)"), column("char_acc")],
        slices: Some(vec!["all".to_owned(), "frame_1".to_owned()]),
        labels: vec!["Ours & theirs".to_owned(), "b|c".to_owned()],
        intervals: false,
        ..TableOptions::default()
    };
    let comparison = Comparison::new(&runs, &options).unwrap();
    let text = markdown(&comparison);
    assert!(
        text.contains("| FID (64 px) ↓ᵃ | Char-Acc % ↑ᵇ |"),
        "{text}"
    );
    assert!(
        text.contains(r"| b\|c ") && text.contains("### Frame 1"),
        "{text}"
    );
    assert!(!text.contains('['), "{text}");
    let asked = |change: fn(&mut TableOptions)| {
        let mut options = options.clone();
        change(&mut options);
        Comparison::new(&runs, &options).unwrap_err()
    };
    let metric = asked(|options| options.columns[1].metric = "chr_acc".to_owned());
    assert_eq!(metric.hint().as_deref(), Some("did you mean `char_acc`?"));
    let slice = asked(|options| options.slices.as_mut().unwrap()[1] = "character:otto".to_owned());
    assert_eq!(
        slice.hint().as_deref(),
        Some("there are: all, pronoun, frame_1")
    );
    let labels = asked(|options| options.labels.truncate(1));
    assert_eq!(labels.to_string(), "1 labels for 2 runs");
}

#[test]
fn the_best_of_a_ranking_that_means_something_is_bold() {
    let runs = [run("a", 0.0, "middle"), run("b", 1.0, "middle")];
    let comparison = Comparison::new(&runs, &TableOptions::default()).unwrap();
    let rankings = comparison.rankings();
    let of = |metric: &str| rankings.iter().find(|r| r.metric == metric).unwrap();
    assert_eq!(of("char_acc").runs, [1, 0]);
    // Run b has the smaller distance.
    assert_eq!(of("fid").runs, [1, 0]);
    let claimed = comparison.document(&[of("fid").clone()], Some("Bold: tested."));
    let text = claimed.render(Format::Markdown).unwrap();
    assert!(text.contains("**11.35** [9.10, 13.35]"), "{text}");
    assert!(
        !text.contains("**89.4**") && text.contains("Bold: tested."),
        "{text}"
    );
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
    let text = markdown(&comparison);
    assert!(text.contains("- 4 of 400 files are JPEG (a)"), "{text}");
}
