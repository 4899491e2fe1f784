//! The whole comparison: a base, its candidates, and every metric of every slice.

use super::finding::Finding;
use super::pairing::{Paired, pair};
use super::stories::{ChangedStory, changed};
use super::verdict::Verdict;
use super::{CompareError, CompareOptions, ComparedRun, Side};
use crate::metric::{Reduced, Selection, reduce_with_parts};
use crate::record::{Observation, Score, Slice, StoryId, signature_differences};
use crate::stats::holm;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// A comparison. Field names are a public contract of `compare --format json`.
#[derive(Clone, Debug, Serialize)]
pub struct Study {
    /// Name of the base.
    pub base: String,
    /// Each candidate against it.
    pub candidates: Vec<Against>,
    /// Frames that were seen in every run: what is paired.
    pub frames: usize,
    /// Stories of these frames.
    pub stories: usize,
    /// Arrangements of tests that swap stories and are not exact.
    pub resamples: usize,
    /// Seed of the draws.
    pub seed: u64,
    /// Things a reader must know.
    pub notes: Vec<String>,
    /// Signatures of the base's scores.
    pub signatures: Vec<String>,
}

/// A candidate against the base.
#[derive(Clone, Debug, Serialize)]
pub struct Against {
    /// Name of the candidate.
    pub candidate: String,
    /// What it comes to.
    pub verdict: Verdict,
    /// Every metric of every slice: first those of `all`, which the verdict is of.
    pub findings: Vec<Finding>,
    /// Stories that changed most, better ones first.
    pub changed: Vec<ChangedStory>,
}

/// Compares runs on the frames that all of them have. The first side is the base.
///
/// # Errors
/// Scores with different signatures, unless forced; no frame in common; metrics or slices that no run has.
pub fn compare(mut sides: Vec<Side>, options: &CompareOptions) -> Result<Study, CompareError> {
    if sides.len() < 2 || sides.iter().any(|side| side.runs.is_empty()) {
        return Err(CompareError::NoCandidate);
    }
    check_asked(&sides, options)?;
    let mut notes = comparable(&sides, options)?;
    let paired = pair(&mut sides)?;
    if paired.frames == 0 {
        return Err(CompareError::NothingShared {
            base: sides[0].label.clone(),
            candidate: sides[1].label.clone(),
        });
    }
    notes.extend(of_missing(&paired));
    let reduced: Vec<Vec<Vec<Reduced>>> = sides
        .iter()
        .map(|side| {
            side.runs
                .iter()
                .map(|run| reduce_run(run, options))
                .collect()
        })
        .collect();
    let base = &reduced[0];
    let mut all: Vec<Vec<Finding>> = reduced[1..]
        .iter()
        .map(|candidate| findings(base, candidate, options))
        .collect();
    adjust(&mut all);
    let observations = sides[0].runs[0].stored.observations();
    let candidates = sides[1..]
        .iter()
        .zip(all)
        .map(|(side, findings)| Against {
            candidate: side.label.clone(),
            verdict: Verdict::of(&sides[0].label, &side.label, &findings),
            changed: changed(&findings, observations, options.top),
            findings,
        })
        .collect();
    Ok(Study {
        base: sides[0].label.clone(),
        candidates,
        frames: paired.frames,
        stories: paired.stories,
        resamples: options.plan.resamples,
        seed: options.plan.seed,
        notes,
        signatures: signatures(&sides[0].runs[0], options),
    })
}

/// Everything typed is in some run.
fn check_asked(sides: &[Side], options: &CompareOptions) -> Result<(), CompareError> {
    let scores = || {
        let runs = sides.iter().flat_map(|side| &side.runs);
        runs.flat_map(|run| &run.scores.scores)
    };
    let known = |of: fn(&Score) -> &String| -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for name in scores().map(of) {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        names
    };
    let unknown = |kind, asked: &[String], known: Vec<String>| match asked
        .iter()
        .find(|name| !known.contains(name))
    {
        Some(name) => Err(CompareError::Unknown {
            kind,
            name: name.clone(),
            known,
        }),
        None => Ok(()),
    };
    let mut metrics = known(|score| &score.metric);
    metrics.retain(|metric| !metric.ends_with("_gt"));
    metrics.push("all".to_owned());
    unknown("metric", &options.metrics, metrics)?;
    let mut slices = known(|score| &score.slice);
    for run in &sides[0].runs {
        let by_length = lengths(run.stored.observations());
        let of_length = |frames| Slice::Length(frames).to_string();
        slices.extend(by_length.into_keys().map(of_length));
    }
    unknown("slice", &options.slices, slices)
}

/// Signatures that differ in more than the number of frames are an error, or a note where forced.
fn comparable(sides: &[Side], options: &CompareOptions) -> Result<Vec<String>, CompareError> {
    let mut notes = Vec::new();
    let base = &sides[0].runs[0].scores;
    let others = sides
        .iter()
        .flat_map(|side| side.runs.iter().map(move |run| (side, run)));
    for (side, run) in others.skip(1) {
        for score in run
            .scores
            .scores
            .iter()
            .filter(|s| options.wants(s) && s.value.is_some())
        {
            let same = |of_base: &&Score| {
                of_base.metric == score.metric
                    && of_base.slice == score.slice
                    && of_base.value.is_some()
            };
            let Some(of_base) = base.scores.iter().find(same) else {
                continue;
            };
            let differences = signature_differences(&of_base.signature, &score.signature);
            if differences.is_empty() {
                continue;
            }
            let error = CompareError::Incomparable {
                metric: score.metric.clone(),
                base: base.run.clone(),
                candidate: if run.scores.run == base.run {
                    side.label.clone()
                } else {
                    run.scores.run.clone()
                },
                differences,
            };
            if !options.force {
                return Err(error);
            }
            let note = format!("forced together: {error}");
            if !notes.contains(&note) {
                notes.push(note);
            }
        }
    }
    Ok(notes)
}

fn of_missing(paired: &Paired) -> impl Iterator<Item = String> + '_ {
    paired.missing.iter().map(|(label, frames)| {
        format!(
            "{frames} frames that are planned are absent from {label} and left out on all sides; {} frames of {} stories are compared",
            paired.frames, paired.stories
        )
    })
}

/// The scores of a run that are compared, with their parts.
fn reduce_run(run: &ComparedRun, options: &CompareOptions) -> Vec<Reduced> {
    let protocol = &run.protocol;
    let wanted = Selection::of(
        run.scores
            .scores
            .iter()
            .filter(|score| options.wants(score)),
    );
    let mut reduced = reduce_with_parts(&run.stored.input(protocol, &run.context), &wanted);
    reduced.retain(|reduced| options.wants(&reduced.score));
    let by_length = lengths(run.stored.observations());
    if by_length.len() > 1 {
        // Only means over frames have slices: distances between sets depend on how many frames there are.
        let of_frames = run.scores.scores.iter().filter(|score| {
            matches!(score.slice.parse(), Ok(Slice::Frame(_))) && options.wants_metric(score)
        });
        let metrics: BTreeSet<String> = of_frames.map(|score| score.metric.clone()).collect();
        let wanted = Selection::new(metrics, BTreeSet::from(["all".to_owned()]));
        for (length, stories) in by_length {
            let slice = Slice::Length(length).to_string();
            if !(options.slices.is_empty() || options.slices.contains(&slice)) {
                continue;
            }
            let mut part = run.stored.clone();
            let outside: Vec<usize> = (0..part.observations().len())
                .filter(|row| !stories.contains(&part.observations()[*row].story))
                .collect();
            for row in outside {
                part.forget(row);
            }
            for mut found in reduce_with_parts(&part.input(protocol, &run.context), &wanted) {
                found.score.slice.clone_from(&slice);
                reduced.push(found);
            }
        }
    }
    reduced
}

/// Stories by their number of frames.
fn lengths(observations: &[Observation]) -> BTreeMap<usize, BTreeSet<StoryId>> {
    let mut frames: BTreeMap<&StoryId, usize> = BTreeMap::new();
    for observation in observations {
        *frames.entry(&observation.story).or_default() += 1;
    }
    let mut lengths: BTreeMap<usize, BTreeSet<StoryId>> = BTreeMap::new();
    for (story, frames) in frames {
        lengths.entry(frames).or_default().insert(story.clone());
    }
    lengths
}

/// Every metric that the base and the candidate have, in the order of the base.
fn findings(
    base: &[Vec<Reduced>],
    candidate: &[Vec<Reduced>],
    options: &CompareOptions,
) -> Vec<Finding> {
    let of = |runs: &'_ [Vec<Reduced>], score: &Score| -> Vec<usize> {
        let place = |run: &Vec<Reduced>| {
            run.iter()
                .position(|r| r.score.metric == score.metric && r.score.slice == score.slice)
        };
        runs.iter().filter_map(place).collect()
    };
    let scores: Vec<&Score> = base[0].iter().map(|reduced| &reduced.score).collect();
    let mut findings: Vec<Finding> = scores
        .iter()
        .filter(|score| score.planned > 0)
        .filter_map(|score| {
            let places = [base, candidate].map(|runs| of(runs, score));
            let complete = places[0].len() == base.len() && places[1].len() == candidate.len();
            let pick = |runs: &'_ [Vec<Reduced>], places: &[usize]| -> Vec<Reduced> {
                runs.iter()
                    .zip(places)
                    .map(|(run, at)| run[*at].clone())
                    .collect()
            };
            complete.then_some(())?;
            let sides = [pick(base, &places[0]), pick(candidate, &places[1])];
            let [a, b] = sides.each_ref().map(|side| side.iter().collect::<Vec<_>>());
            Finding::new(&a, &b, options.plan)
        })
        // A metric that neither side has, because the data set or the networks do not: nothing to compare.
        .filter(|finding| finding.base.is_some() || finding.candidate.is_some())
        .collect();
    let mut slices: Vec<String> = Vec::new();
    for finding in &findings {
        if !slices.contains(&finding.slice) {
            slices.push(finding.slice.clone());
        }
    }
    findings.sort_by_key(|finding| {
        let about = finding.about();
        let slice = slices.iter().position(|slice| *slice == finding.slice);
        (family(&finding.slice), slice, about.group, about.order)
    });
    findings
}

/// Which tests are adjusted together: those of all frames, which the verdict is of, and those of each kind of
/// slice, in the order in which they are shown.
pub(super) fn family(slice: &str) -> usize {
    match slice.parse() {
        Ok(Slice::All) => 0,
        Ok(Slice::Pronoun(_)) => 1,
        Ok(Slice::Character(_)) => 2,
        Ok(Slice::Frame(_)) => 3,
        Ok(Slice::Length(_)) | Err(_) => 4,
    }
}

/// Adjusts p values over metrics, slices of one kind, and candidates.
fn adjust(all: &mut [Vec<Finding>]) {
    for number in 0..=family("") {
        let mut tests: Vec<&mut Finding> = all
            .iter_mut()
            .flatten()
            .filter(|finding| finding.p.is_some() && family(&finding.slice) == number)
            .collect();
        let p: Vec<f64> = tests.iter().filter_map(|finding| finding.p).collect();
        for (finding, adjusted) in tests.iter_mut().zip(holm(&p)) {
            finding.p_holm = Some(adjusted);
        }
    }
}

fn signatures(run: &ComparedRun, options: &CompareOptions) -> Vec<String> {
    let scores = run.scores.scores.iter();
    scores
        .filter(|score| {
            score.slice == "all" && score.value.is_some() && options.wants_metric(score)
        })
        .map(|score| crate::record::without_count(&score.signature))
        .collect()
}

#[cfg(test)]
#[path = "study_tests.rs"]
mod tests;
