//! Runs that reproduce, differ, and are something else.

use super::super::cell::tests::cell;
use super::super::{About, Library, Match, MeasuredRun, PublishedTable, Reply, RowChoice};
use super::*;
use crate::card::{self, GeneratorKind};
use crate::record::{Score, Scores, TextVariant};
use crate::run::Partition;
use crate::table::Format;

/// A score of Char-Acc as the released evaluation would sign it.
fn score(value: f64, interval: [f64; 2]) -> Score {
    Score {
        metric: "char_acc".to_owned(),
        slice: "all".to_owned(),
        value: Some(value),
        unscored: None,
        interval: Some(interval),
        unit: Unit::Percent,
        higher_is_better: true,
        n: 8,
        planned: 8,
        stories: 2,
        counts: None,
        seeds: None,
        own: None,
        signature: "char_acc|dataset:flintstones@0|subset:test/followers-3|text:storygptv-eval|frames:1-4|gt:random(42)|n:8|v:3".to_owned(),
        warnings: Vec::new(),
    }
}

/// A run of StoryGPT-V on FlintstonesSV under the released protocol.
fn run(score: Score) -> MeasuredRun {
    let protocol = card::protocol("storygptv-released").unwrap();
    MeasuredRun {
        story_length: 4,
        folder: "runs/x".to_owned(),
        scores: Scores {
            format: 1,
            run: "x".to_owned(),
            model: "storygpt-v".to_owned(),
            protocol: protocol.id.clone(),
            notes: Vec::new(),
            scores: vec![score],
        },
        dataset: card::dataset("flintstones").unwrap(),
        real_width: Some(128),
        model: card::model("storygpt-v").unwrap(),
        text: protocol.text,
        protocol,
        subset: "test/followers-3".parse().unwrap(),
        partition: Partition::WHOLE,
    }
}

fn about() -> About {
    About {
        id: "t".to_owned(),
        paper: String::new(),
        version: String::new(),
        title: String::new(),
        source: String::new(),
        note: String::new(),
    }
}

/// What a run says to a cell, when the user names no row.
fn said(cell: &PublishedCell, run: MeasuredRun) -> Verdict {
    let claim = Claim { row: None, run };
    verdict(cell, claim.run.score(&cell.metric), &claim)
}

fn why(verdict: &Verdict) -> String {
    assert_eq!(verdict.name(), "not comparable", "{verdict:?}");
    verdict.reasons().join(" / ")
}

#[test]
fn reproduced_is_within_the_interval_and_the_printed_digits() {
    let at = |value, low, high| said(&cell(), run(score(value, [low, high])));
    assert_eq!(at(88.0, 87.5, 88.5), Verdict::Reproduced);
    assert_eq!(at(88.0, 87.5, 88.445), Verdict::Reproduced);
    assert_eq!(at(88.0, 87.5, 88.444), Verdict::Differs);
    assert_eq!(at(89.0, 88.456, 89.5), Verdict::Differs);
    // A bootstrap of an older version may not hold the value it is for.
    assert_eq!(at(88.0, 88.6, 90.0), Verdict::Reproduced);
    let alone = Score {
        interval: None,
        ..score(88.452, [0.0, 0.0])
    };
    assert_eq!(said(&cell(), run(alone)), Verdict::Reproduced);
}

#[test]
fn fractions_are_not_percents() {
    let fraction = PublishedCell {
        printed: "0.8845".to_owned(),
        value: Some(0.8845),
        unit: super::super::PublishedUnit::Fraction,
        ..cell()
    };
    assert_eq!(
        said(&fraction, run(score(88.45, [88.0, 89.0]))),
        Verdict::Reproduced
    );
    let nonsense = PublishedCell {
        unit: super::super::PublishedUnit::Score,
        ..cell()
    };
    assert!(why(&said(&nonsense, run(score(88.45, [88.0, 89.0])))).contains("unit"));
}

#[test]
fn every_other_measurement_is_named() {
    let right = || run(score(88.0, [87.0, 89.0]));
    let signed = |from: &str, to: &str| {
        let mut other = right();
        let line = &mut other.scores.scores[0].signature;
        assert!(line.contains(from));
        *line = line.replace(from, to);
        why(&said(&cell(), other))
    };
    assert_eq!(
        signed("storygptv-eval", "algorithm1"),
        "text: algorithm1, published storygptv-eval"
    );
    assert_eq!(
        signed("frames:1-4", "frames:2-4"),
        "frames scored: 2-4, published 1-4"
    );
    let with = |change: &dyn Fn(&mut MeasuredRun)| {
        let mut other = right();
        change(&mut other);
        why(&said(&cell(), other))
    };
    for subset in ["test/followers-3[:25]", "val/followers-3"] {
        assert_eq!(
            with(&|run| run.subset = subset.parse().unwrap()),
            format!("stories: {subset}, published on test/followers-3")
        );
    }
    // One reason, not the ten that follow from it.
    assert_eq!(
        with(&|run| run.dataset = card::dataset("minisv").unwrap()),
        "data set: minisv, published on flintstones"
    );
    assert_eq!(
        with(&|run| run.model = card::model("ground-truth").unwrap()),
        "model: ground-truth, published storygpt-v"
    );
    assert!(with(&|run| run.protocol = card::protocol("strict").unwrap()).contains(
        "protocol: strict is not storygptv-released (classifiers.recipe.geometry squash, published center-crop)"
    ));
    assert_eq!(
        with(&|run| run.scores.scores[0].n = 7),
        "frames: 7 of 8 have a value"
    );
    assert!(
        with(&|run| run.dataset.evaluators.characters = Some("mine".to_owned()))
            .contains("characters network: mine, published with flintstones-classifiers")
    );
    assert!(with(&|run| run.partition = "hash:1/8".parse().unwrap()).contains("only part"));
    let guessed = PublishedCell {
        confidence: Some(super::super::Confidence::Guessed),
        ..cell()
    };
    assert!(why(&said(&guessed, right())).contains("is a guess"));
    let never = PublishedCell {
        obstacle: "weights were never released".to_owned(),
        ..cell()
    };
    assert_eq!(why(&said(&never, right())), "weights were never released");
    let pixels = PublishedCell {
        reference_pixels: Some(512),
        ..cell()
    };
    assert_eq!(
        why(&said(&pixels, right())),
        "real frames: 128 pixels wide, published with 512"
    );
}

#[test]
fn a_protocol_that_drops_frames_is_not_short_of_them() {
    let mut fid = score(22.0, [21.0, 23.0]);
    fid.metric = "fid".to_owned();
    fid.unit = Unit::Distance;
    fid.n = 4;
    let published = PublishedCell {
        metric: "fid".to_owned(),
        printed: "21.71".to_owned(),
        value: Some(21.71),
        unit: super::super::PublishedUnit::Distance,
        ..cell()
    };
    let mut run = run(fid);
    // No other metric says that the run is whole.
    assert!(why(&said(&published, run.clone())).contains("4 of 8"));
    run.scores.scores.push(score(88.0, [87.0, 89.0]));
    assert_eq!(said(&published, run), Verdict::Reproduced);
}

#[test]
fn a_run_without_the_score_has_no_value() {
    let other = PublishedCell {
        metric: "bg_acc".to_owned(),
        ..cell()
    };
    let run = run(score(88.0, [87.0, 89.0]));
    assert_eq!(
        said(&other, run),
        Verdict::Unscored("the run has no score bg_acc".to_owned())
    );
}

#[test]
fn a_named_row_settles_the_name_of_imported_frames() {
    let mut imported = run(score(88.0, [87.0, 89.0]));
    imported.model.id = "my frames".to_owned();
    imported.model.generator = GeneratorKind::Images;
    let said = |row| {
        let claim = Claim {
            row,
            run: imported.clone(),
        };
        verdict(&cell(), claim.run.score("char_acc"), &claim)
    };
    assert!(why(&said(None)).contains("my frames"));
    assert_eq!(said(Some(RowChoice::Number(1))), Verdict::Reproduced);
}

#[test]
fn rows_are_found_by_model_text_and_length() {
    let library = Library::open().unwrap();
    let place = |table: &str, row: Option<RowChoice>, change: &dyn Fn(&mut MeasuredRun)| {
        let mut run = run(score(88.0, [87.0, 89.0]));
        change(&mut run);
        library.find(table).unwrap().place(&Claim { row, run })
    };
    let found =
        |table: &str, change: &dyn Fn(&mut MeasuredRun)| place(table, None, change).unwrap();
    assert_eq!(found("cvpr-supp-table-1", &|_| {}), Match::Row(4));
    let ldm = |text| {
        move |run: &mut MeasuredRun| {
            run.model.id = "ldm".to_owned();
            run.text = text;
        }
    };
    assert_eq!(
        found("arxiv-table-1", &ldm(TextVariant::Original)),
        Match::Row(2)
    );
    assert_eq!(
        found("arxiv-table-1", &ldm(TextVariant::StorygptvEval)),
        Match::Row(6)
    );
    let longer = |run: &mut MeasuredRun| run.story_length = 20;
    assert_eq!(found("arxiv-table-5", &longer), Match::Row(8));
    let mini = |run: &mut MeasuredRun| run.model = card::model("storygpt-v-mini").unwrap();
    assert_eq!(found("cvpr-supp-charldm", &mini), Match::Row(2));
    let no_such_length = |run: &mut MeasuredRun| run.story_length = 7;
    assert!(matches!(
        found("arxiv-table-5", &no_such_length),
        Match::Nowhere(why) if why.contains("rows 6, 7, 8, 9, 10") && why.contains("--with 6=runs/x")
    ));
    assert!(matches!(
        found("vlc-fid", &|_| {}),
        Match::Nowhere(why) if why == "no row is of model storygpt-v"
    ));
    assert!(matches!(
        found("cvpr-supp-cost", &|_| {}),
        Match::Nowhere(why) if why == "none of its numbers is a score of a run"
    ));
    let by_model = Some(RowChoice::Model("story-ldm".to_owned()));
    assert_eq!(
        place("cvpr-supp-long", by_model.clone(), &|_| {}).unwrap(),
        Match::Row(1)
    );
    let error = place("arxiv-table-1", by_model, &|_| {}).unwrap_err();
    assert!(
        error.to_string().contains("several rows `story-ldm`"),
        "{error}"
    );
    let error = place("vlc-fid", Some(RowChoice::Number(9)), &|_| {}).unwrap_err();
    assert!(error.to_string().contains("no rows `9`"), "{error}");
}

#[test]
fn runs_stand_below_the_table_and_none_is_lost() {
    let published = PublishedTable::new(about(), vec![cell_named(), cell()]).unwrap();
    let library = Library::open().unwrap();
    let mut stranger = run(score(50.0, [40.0, 60.0]));
    stranger.model.id = "somebody".to_owned();
    stranger.folder = "runs/stranger".to_owned();
    let mut mini = run(score(95.0, [93.0, 97.0]));
    mini.dataset = card::dataset("minisv").unwrap();
    mini.folder = "runs/mini".to_owned();
    let claims =
        [run(score(88.0, [87.5, 88.5])), mini, stranger].map(|run| Claim { row: None, run });
    let reply = Reply::new(&library, &published, &claims).unwrap();
    let text = reply.document().render(Format::Markdown).unwrap();
    for line in [
        "| Char-Acc |     88.45 | 88.00 [87.50, 88.50] |      -0.45 |       8 / 8 | storygptv-released | reproduced      |",
        "| Char-Acc |     88.45 | 95.00 [93.00, 97.00] |          – |       8 / 8 | storygptv-released | not comparable¹ |",
        "- 1 data set: minisv, published on flintstones",
        "- runs/stranger: no row is of model somebody",
    ] {
        let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(plain(&text).contains(&plain(line)), "{line}\n{text}");
    }
    let json: serde_json::Value = serde_json::from_str(&reply.json().unwrap()).unwrap();
    assert_eq!(json["findings"][0]["verdict"], "reproduced");
    assert_eq!(json["findings"][1]["verdict"], "not-comparable");
    assert_eq!(json["runs"][2]["row"], serde_json::Value::Null);
    let csv = reply.csv().unwrap();
    assert_eq!(csv.lines().count(), 4, "{csv}");
}

/// The cell that names the row.
fn cell_named() -> PublishedCell {
    PublishedCell {
        col: 1,
        heading: "Models".to_owned(),
        metric: String::new(),
        printed: "ours".to_owned(),
        value: None,
        unit: super::super::PublishedUnit::Text,
        direction: None,
        ..cell()
    }
}

#[test]
fn damaged_tables_are_refused() {
    let refused =
        |cells: Vec<PublishedCell>| PublishedTable::new(about(), cells).unwrap_err().to_string();
    assert!(refused(Vec::new()).contains("gaps or repeats"));
    assert!(refused(vec![cell(), cell()]).contains("gaps or repeats"));
    assert!(refused(vec![cell()]).contains("empty column"));
    let below = PublishedCell {
        row: 2,
        heading: "BG-Acc".to_owned(),
        ..cell()
    };
    assert!(refused(vec![cell_named(), cell(), below]).contains("headed `Char-Acc` and `BG-Acc`"));
}
