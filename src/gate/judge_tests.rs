//! Tests of the judgement on made-up runs.

use super::super::power::power;
use super::*;
use crate::metric::{FURTHER, GateTest, HEADLINE, Metric, Parts, StorySums, Untested};
use crate::record::{Scores, Seed, StoryId, Unit};
use crate::run::{Identity, Partition};
use crate::stats::{ClusterSums, LeftOut};
use std::path::{Path, PathBuf};

/// Stories of a made-up run.
const STORIES: usize = 20;

/// A run of one model with an accuracy that has sums and an F1 that has none. `accuracy` is percent, a story
/// each.
fn subject(accuracy: &[f64], f1: f64) -> Subject {
    let value = accuracy.iter().sum::<f64>() / STORIES as f64;
    let score = |metric: &str, value: f64| Score {
        metric: metric.to_owned(),
        slice: "all".to_owned(),
        value: Some(value),
        unscored: None,
        interval: Some([value - 4.0, value + 4.0]),
        unit: Unit::Percent,
        higher_is_better: true,
        n: 4 * STORIES,
        planned: 4 * STORIES,
        stories: STORIES,
        counts: None,
        seeds: None,
        own: None,
        signature: format!("{metric}|dataset:x@1|subset:test|frames:1-4|n:80|v:3"),
        warnings: Vec::new(),
    };
    let key = ("char_acc".to_owned(), "all".to_owned());
    let sums = StorySums::of_mean(ClusterSums::of_values(accuracy));
    Subject {
        notes: Vec::new(),
        folder: PathBuf::from("run"),
        identity: Identity {
            dataset: "x".to_owned(),
            dataset_hash: "1".to_owned(),
            model: "painter".to_owned(),
            bundle_hash: None,
            images_hash: None,
            latents_hash: None,
            worker: None,
            service_hash: None,
            prompt_hash: None,
            drawing: None,
            protocol: "strict".to_owned(),
            protocol_hash: "2".to_owned(),
            seed: Seed(0),
            batch: 8,
            stories: STORIES,
            plan_hash: "3".to_owned(),
            partition: Partition::WHOLE,
            device_kind: "cpu".to_owned(),
        },
        program: "0.1.0".to_owned(),
        command: Vec::new(),
        missing: None,
        scores: Scores {
            format: 2,
            run: "run".to_owned(),
            model: "painter".to_owned(),
            protocol: "strict".to_owned(),
            notes: Vec::new(),
            scores: vec![score("char_acc", value), score("char_f1", f1)],
        },
        stories: (0..STORIES)
            .map(|it| StoryId::new(format!("{it:02}")))
            .collect(),
        parts: BTreeMap::from([(key, Parts::Sums(sums))]),
    }
}

fn judged(rules: &Rules, subject: &Subject) -> Verdict {
    let baseline = Baseline::of(&[subject_of_baseline()]).unwrap();
    judge(&baseline, rules, std::slice::from_ref(subject), true).unwrap()
}

/// 75 or 50 in turn.
fn usual() -> Vec<f64> {
    (0..STORIES)
        .map(|it| if it % 2 == 0 { 75.0 } else { 50.0 })
        .collect()
}

fn subject_of_baseline() -> Subject {
    subject(&usual(), 80.0)
}

fn kinds(verdict: &Verdict, metric: &str) -> Vec<&'static str> {
    let outcome = verdict
        .outcomes
        .iter()
        .find(|it| it.metric == metric)
        .unwrap();
    outcome.reasons.iter().map(Reason::kind).collect()
}

#[test]
fn what_did_not_change_is_held_without_any_doubt() {
    let verdict = judged(&Rules::default(), &subject_of_baseline());
    assert!(verdict.passes());
    assert!(verdict.outcomes.iter().all(|it| it.p == Some(1.0)));
}

#[test]
fn a_small_loss_on_every_story_is_seen_by_the_stories_and_not_by_intervals() {
    // Five points on each story: the intervals of four points either way explain such a difference.
    let loss: Vec<f64> = usual().iter().map(|it| it - 5.0).collect();
    let verdict = judged(&Rules::default(), &subject(&loss, 75.0));
    assert_eq!(kinds(&verdict, "char_acc"), ["worse"]);
    assert_eq!(verdict.outcomes[0].test, Some("stories"));
    assert!(kinds(&verdict, "char_f1").is_empty());
    assert_eq!(verdict.outcomes[1].test, Some("intervals"));
}

#[test]
fn the_same_loss_on_half_of_the_stories_and_a_gain_on_the_others_is_chance() {
    let mixed: Vec<f64> = usual()
        .iter()
        .enumerate()
        .map(|(at, it)| if at % 4 < 2 { it - 6.0 } else { it + 5.0 })
        .collect();
    let verdict = judged(&Rules::default(), &subject(&mixed, 80.0));
    assert!(verdict.passes());
    assert!(verdict.outcomes[0].p.unwrap() > 0.5);
}

#[test]
fn a_gain_is_suspicious_and_a_tolerance_forgives_what_is_small() {
    let gain: Vec<f64> = usual().iter().map(|it| it + 5.0).collect();
    let gain = subject(&gain, 80.0);
    assert_eq!(
        kinds(&judged(&Rules::default(), &gain), "char_acc"),
        ["suspiciously-good"]
    );
    let rules = |text: &str| Rules::parse("gate.toml", text).unwrap();
    let tolerant = rules("format = 1\n[default]\nstatistical = true\nabsolute = 6\n");
    assert!(judged(&tolerant, &gain).passes());
    let one_sided = rules("format = 1\n[default]\nstatistical = true\ntwo_sided = false\n");
    assert!(judged(&one_sided, &gain).passes());
}

#[test]
fn a_difference_without_an_interval_is_not_explained() {
    let mut found = subject_of_baseline();
    found.scores.scores[1].value = Some(80.5);
    found.scores.scores[1].interval = None;
    assert_eq!(
        kinds(&judged(&Rules::default(), &found), "char_f1"),
        ["no-interval"]
    );
}

/// What a metric's row says decides: the test, the family, and what cannot be tested.
#[test]
fn rows_choose_the_test_the_family_and_what_is_a_note() {
    let rows = |of_metric| Rules::default().with_rows(of_metric);
    let loss: Vec<f64> = usual().iter().map(|it| it - 5.0).collect();
    let lost = subject(&loss, 80.0);
    let verdict = judged(&rows(|_| GateRule::by(GateTest::Intervals)), &lost);
    assert_eq!(verdict.outcomes[0].test, Some("intervals"));
    assert!(verdict.passes());

    // Two tests in one family double the chance of the clearer one; alone in its own it keeps it.
    let adjusted = |rules: &Rules| {
        let outcome = &judged(rules, &lost).outcomes[0];
        outcome.p_adjusted.unwrap() / outcome.p.unwrap()
    };
    assert!((adjusted(&Rules::default()) - 2.0).abs() < 1e-12);
    let apart = rows(|metric| GateRule {
        families: [u8::from(metric == "char_acc"), 2],
        ..Metric::gate_rule(metric)
    });
    assert!((adjusted(&apart) - 1.0).abs() < 1e-12);

    let mut found = subject_of_baseline();
    found.scores.scores[1].value = Some(80.5);
    found.scores.scores[1].interval = None;
    let noted = rows(|metric| GateRule {
        untested: Untested::Noted,
        ..Metric::gate_rule(metric)
    });
    let verdict = judged(&noted, &found);
    assert!(verdict.passes());
    assert!(
        verdict.notes[0].starts_with("painter char_f1 all: the value differs and has no interval")
    );

    let gain: Vec<f64> = usual().iter().map(|it| it + 5.0).collect();
    let one_sided = rows(|metric| GateRule {
        two_sided: false,
        ..Metric::gate_rule(metric)
    });
    assert!(judged(&one_sided, &subject(&gain, 80.0)).passes());
}

#[test]
fn other_stories_are_no_pairs() {
    let loss: Vec<f64> = usual().iter().map(|it| it - 5.0).collect();
    let mut found = subject(&loss, 80.0);
    found.stories[0] = StoryId::new("another");
    let verdict = judged(&Rules::default(), &found);
    assert_eq!(verdict.outcomes[0].test, Some("standard errors"));
}

#[test]
fn values_that_are_no_numbers_fail() {
    let mut found = subject_of_baseline();
    found.scores.scores[0].value = Some(f64::NAN);
    assert_eq!(
        kinds(&judged(&Rules::default(), &found), "char_acc"),
        ["not-finite"]
    );
}

#[test]
fn coverage_is_held_to_the_baseline_or_to_the_plan() {
    let mut found = subject_of_baseline();
    found.scores.scores[0].n = 79;
    assert_eq!(
        kinds(&judged(&Rules::default(), &found), "char_acc"),
        ["coverage"]
    );
    let any = Rules::parse(
        "",
        "format = 1\n[default]\nabsolute = 0\ncoverage = \"any\"\n",
    );
    assert!(judged(&any.unwrap(), &found).passes());
}

#[test]
fn incomparable_beside_held_scores_does_not_pass() {
    let mut found = subject_of_baseline();
    let signature = &mut found.scores.scores[0].signature;
    *signature = signature.replace("subset:test", "subset:val");
    let verdict = judged(&Rules::default(), &found);
    assert_eq!(verdict.count(Status::Incomparable), 1);
    assert_eq!(verdict.count(Status::Held), 1);
    assert!(!verdict.passes());
}

#[test]
fn summaries_stay_below_what_a_comment_may_have() {
    let mut verdict = judged(&Rules::default(), &subject_of_baseline());
    let one = verdict.outcomes[0].clone();
    verdict.outcomes = vec![one; 3_000];
    let held = super::super::summary(&verdict).unwrap();
    assert!(held.chars().count() <= super::super::SUMMARY_LIMIT);
    assert!(held.contains("more scores are in"));
    for outcome in &mut verdict.outcomes {
        outcome.status = Status::Failed;
        outcome.reasons = vec![Reason::Worse];
    }
    let failed = super::super::summary(&verdict).unwrap();
    assert!(failed.chars().count() <= super::super::SUMMARY_LIMIT);
    assert!(failed.contains("2900 more scores"));
}

#[test]
fn a_written_baseline_reads_as_itself() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("baseline.json");
    let baseline = Baseline::of(&[subject_of_baseline()]).unwrap();
    baseline.write(&path).unwrap();
    assert_eq!(Baseline::read(&path).unwrap(), baseline);
    let line = std::fs::read_to_string(&path).unwrap();
    assert!(
        line.lines()
            .any(|it| it.contains("\"char_f1\"") && it.contains("80.0"))
    );
}

/// A made-up run whose second score is a FID, of which each story takes away what `pull` says.
fn with_fid(fid: f64, pull: impl Fn(usize) -> f64) -> Subject {
    let mut subject = subject_of_baseline();
    let score = &mut subject.scores.scores[1];
    score.metric = "fid".to_owned();
    score.unit = Unit::Distance;
    score.higher_is_better = false;
    score.value = Some(fid);
    score.interval = Some([fid - 9.0, fid + 9.0]);
    let without = (0..STORIES).map(|story| LeftOut {
        value: Some(fid + pull(story)),
        size: 4,
    });
    let parts = Parts::LeftOut {
        value: fid,
        left_out: without.collect(),
    };
    let key = ("fid".to_owned(), "all".to_owned());
    subject.parts.insert(key, parts);
    subject
}

/// What one story pulls, in turn up and down.
fn in_turn(by: f64) -> impl Fn(usize) -> f64 {
    move |story| if story % 2 == 0 { by } else { -by }
}

/// Both runs move with the same stories, so that their intervals are wide and the difference is sure.
#[test]
fn distances_are_paired_by_what_they_are_without_each_story() {
    let before = with_fid(16.0, in_turn(0.3));
    let after = with_fid(19.0, |story| {
        in_turn(0.3)(story) + 0.02 * (story % 3) as f64
    });
    let baseline = Baseline::of(&[before]).unwrap();
    let judged = |baseline: &Baseline| {
        judge(
            baseline,
            &Rules::default(),
            std::slice::from_ref(&after),
            true,
        )
        .unwrap()
    };
    let verdict = judged(&baseline);
    assert_eq!(kinds(&verdict, "fid"), ["worse"]);
    assert_eq!(verdict.outcomes[1].test, Some("stories"));

    // A baseline of an earlier version keeps no such values: it is read, judged as it was, and a note says what to do.
    let mut earlier = baseline.clone();
    earlier.models[0].scores[1].without.clear();
    let text = earlier.to_text();
    assert!(!text.contains("without"), "{text}");
    let verdict = judged(&serde_json::from_str(&text).unwrap());
    assert!(kinds(&verdict, "fid").is_empty());
    assert_eq!(verdict.outcomes[1].test, Some("intervals"));
    assert!(
        verdict
            .notes
            .iter()
            .any(|note| note.contains("of fid: ") && note.contains("gate update")),
        "{:?}",
        verdict.notes
    );
}

#[test]
fn other_slices_and_details_do_not_weaken_the_headline() {
    let mut before = subject_of_baseline();
    let detail = before.scores.scores[1].clone();
    for at in 0..50 {
        let mut detail = detail.clone();
        detail.slice = format!("character:{at}");
        before.scores.scores.push(detail);
    }
    let baseline = Baseline::of(&[before.clone()]).unwrap();
    let verdict = judge(&baseline, &Rules::default(), &[before], true).unwrap();
    assert_eq!((verdict.tested(HEADLINE), verdict.tested(FURTHER)), (2, 50));
}

#[test]
fn a_recall_at_the_edge_of_its_range_is_a_note() {
    let recall = |value: f64, interval| {
        let mut subject = subject_of_baseline();
        let score = &mut subject.scores.scores[1];
        (score.metric, score.unit) = ("recall".to_owned(), Unit::Score);
        (score.value, score.interval) = (Some(value), interval);
        subject
    };
    let baseline = Baseline::of(&[recall(1.0, None)]).unwrap();
    let found = recall(0.925, Some([0.8, 1.0]));
    let verdict = judge(&baseline, &Rules::default(), &[found], true).unwrap();
    assert!(verdict.passes());
    assert!(verdict.notes[0].starts_with("painter recall all: the value differs"));
}

#[test]
fn what_the_stories_can_show_is_known_before() {
    let baseline = Baseline::of(&[subject_of_baseline()]).unwrap();
    let subjects = [subject_of_baseline()];
    let found = power(&baseline, &Rules::default(), &subjects);
    let accuracy = found.iter().find(|it| it.metric == "char_acc").unwrap();
    // Values of 75 and 50 in turn: an error of 2.868; t of 19 degrees of freedom at 0.05 / 4 on each side: 2.433.
    assert!(
        (accuracy.least - 2.433 * 2.868 * 2.0_f64.sqrt()).abs() < 0.02,
        "{accuracy:?}"
    );
    assert!(accuracy.could_fail);
    assert_eq!(accuracy.tests, 2);

    // One story in twenty is right at all: no loss is larger than what chance explains.
    let rare: Vec<f64> = (0..STORIES)
        .map(|it| if it == 3 { 75.0 } else { 0.0 })
        .collect();
    let rare = subject(&rare, 80.0);
    let baseline = Baseline::of(std::slice::from_ref(&rare)).unwrap();
    let found = power(&baseline, &Rules::default(), std::slice::from_ref(&rare));
    assert!(!found[0].could_fail, "{found:?}");
    // A tolerance is no test.
    let rules = Rules::parse("", "format = 1\n[default]\nabsolute = 1\n").unwrap();
    assert!(power(&baseline, &rules, &[rare]).is_empty());
}

/// The two examples that the first gate let pass: the frames of the smaller model of the committed baseline as those of
/// the other one.
#[test]
fn the_frames_of_a_worse_model_fail_on_ten_and_on_twenty_five_stories() {
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/minisv-baseline.json");
    let committed = Baseline::read(&committed).unwrap();
    let made = |model: &str, stories: usize| {
        let model = committed.model(model).unwrap();
        let sums = model
            .score("char_acc", "all")
            .unwrap()
            .cluster_sums()
            .unwrap();
        let accuracy: Vec<f64> = (sums.rows().take(stories))
            .map(|row| 100.0 * row[0] / row[1])
            .collect();
        let fid = model.score("fid", "all").unwrap();
        let mut made = with_fid(fid.value.unwrap(), |_| 0.0);
        let key = ("fid".to_owned(), "all".to_owned());
        if stories == model.stories.len() {
            let left_out = fid.without.iter().map(|it| LeftOut {
                value: *it,
                size: 4,
            });
            let parts = Parts::LeftOut {
                value: fid.value.unwrap(),
                left_out: left_out.collect(),
            };
            made.parts.insert(key, parts);
        } else {
            // What it is without each of fewer stories is not kept.
            made.parts.remove(&key);
            made.scores.scores.pop();
        }
        let score = &mut made.scores.scores[0];
        score.value = Some(accuracy.iter().sum::<f64>() / stories as f64);
        let key = ("char_acc".to_owned(), "all".to_owned());
        let sums = StorySums::of_mean(ClusterSums::of_values(&accuracy));
        made.parts.insert(key, Parts::Sums(sums));
        made.stories = model.stories[..stories].to_vec();
        made
    };
    for (stories, metric) in [(10, "char_acc"), (25, "char_acc"), (25, "fid")] {
        let baseline = Baseline::of(&[made("storygpt-v-mini", stories)]).unwrap();
        let found = made("char-ldm-mini", stories);
        let verdict = judge(&baseline, &Rules::default(), &[found], true).unwrap();
        let outcome = verdict
            .outcomes
            .iter()
            .find(|it| it.metric == metric)
            .unwrap();
        assert_eq!(
            kinds(&verdict, metric),
            ["worse"],
            "{stories} stories: {outcome:?}"
        );
        // Holm over the ten headline metrics, and not only over the two that are here.
        assert!(
            10.0 * outcome.p.unwrap() < 0.05,
            "{stories} stories: {outcome:?}"
        );
    }
}
