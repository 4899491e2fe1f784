//! One row for the runs of a model under several seeds.

use super::ReportError;
use crate::record::{Score, Scores, Seed, SeedSpread, signature_differences};

/// The notes below a table with such rows.
pub(super) const CLAIM: &str = "± is the standard deviation between seeds. Ends of intervals beside it are averaged over the seeds: \
if anything, the interval of the mean is narrower.";

/// The mean over seeds of every score, with their standard deviation (n - 1). One run stays as it is.
///
/// Ends of intervals are averaged: the mean of values that are drawn together varies by no more than the mean
/// of how much each varies. Frames are those of a single seed, of the one with the fewest. A mean is over the
/// seeds that have a value, and a warning says where that is not all of them.
///
/// # Errors
/// [`ReportError::NoRuns`]; [`ReportError::Incomparable`] when a seed was scored in another way.
pub fn over_seeds(runs: &[(Seed, Scores)]) -> Result<Scores, ReportError> {
    let [(_, first), others @ ..] = runs else {
        return Err(ReportError::NoRuns);
    };
    if others.is_empty() {
        return Ok(first.clone());
    }
    let mut scores = Vec::with_capacity(first.scores.len());
    for score in keys(runs) {
        let of_seeds: Vec<(&Scores, &Score)> = runs
            .iter()
            .filter_map(|(_, run)| {
                let same = |it: &&Score| it.metric == score.metric && it.slice == score.slice;
                Some((run, run.scores.iter().find(same)?))
            })
            .collect();
        check(&of_seeds)?;
        let of_seeds: Vec<&Score> = of_seeds.into_iter().map(|(_, score)| score).collect();
        scores.push(mean(&of_seeds, runs.len()));
    }
    let seeds: Vec<String> = runs.iter().map(|(seed, _)| seed.0.to_string()).collect();
    let mut notes = vec![format!("mean over the seeds {}", seeds.join(", "))];
    for note in runs.iter().flat_map(|(_, run)| &run.notes) {
        if !notes.contains(note) {
            notes.push(note.clone());
        }
    }
    Ok(Scores {
        run: first.model.clone(),
        notes,
        scores,
        ..first.clone()
    })
}

/// The first score of every metric and slice, in order.
fn keys(runs: &[(Seed, Scores)]) -> Vec<&Score> {
    let mut keys: Vec<&Score> = Vec::new();
    for score in runs.iter().flat_map(|(_, run)| &run.scores) {
        let known = |it: &&Score| it.metric == score.metric && it.slice == score.slice;
        if !keys.iter().any(known) {
            keys.push(score);
        }
    }
    keys
}

fn check(scores: &[(&Scores, &Score)]) -> Result<(), ReportError> {
    let mut with_value = scores.iter().filter(|(_, score)| score.value.is_some());
    let Some((first_run, first)) = with_value.next() else {
        return Ok(());
    };
    for (run, score) in with_value {
        let differences = signature_differences(&first.signature, &score.signature);
        if !differences.is_empty() {
            return Err(ReportError::Incomparable {
                metric: score.metric.clone(),
                first: first_run.run.clone(),
                second: run.run.clone(),
                differences,
            });
        }
    }
    Ok(())
}

/// `scores` are those of one metric and slice, one a seed that has it.
fn mean(scores: &[&Score], seeds: usize) -> Score {
    let scored: Vec<&&Score> = scores
        .iter()
        .filter(|score| score.value.is_some())
        .collect();
    let Some(first) = scored.first() else {
        return (*scores[0]).clone();
    };
    let values: Vec<f64> = scored.iter().filter_map(|score| score.value).collect();
    let average = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let value = average(&values);
    let squares: f64 = values.iter().map(|it| (it - value).powi(2)).sum();
    let sd = (values.len() > 1).then(|| (squares / (values.len() - 1) as f64).sqrt());
    let ends: Option<Vec<[f64; 2]>> = scored.iter().map(|score| score.interval).collect();
    let mut warnings: Vec<String> = Vec::new();
    if values.len() < seeds {
        warnings.push(format!("{} of {seeds} seeds have a value", values.len()));
    }
    for warning in scored.iter().flat_map(|score| &score.warnings) {
        if !warnings.contains(warning) {
            warnings.push(warning.clone());
        }
    }
    Score {
        value: Some(value),
        unscored: None,
        interval: ends.map(|ends| {
            let end = |at: usize| average(&ends.iter().map(|it| it[at]).collect::<Vec<_>>());
            [end(0), end(1)]
        }),
        n: scored.iter().map(|score| score.n).min().unwrap_or(0),
        stories: scored.iter().map(|score| score.stories).min().unwrap_or(0),
        counts: None,
        seeds: Some(SeedSpread {
            count: values.len(),
            sd,
        }),
        warnings,
        ..(**first).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Unit;

    fn run(value: Option<f64>, gt: &str) -> Scores {
        let score = Score {
            metric: "char_acc".to_owned(),
            slice: "all".to_owned(),
            value,
            unscored: value.is_none().then(|| "nothing".to_owned()),
            interval: value.map(|value| [value - 1.0, value + 3.0]),
            unit: Unit::Percent,
            higher_is_better: true,
            n: 4,
            planned: 4,
            stories: 1,
            counts: None,
            seeds: None,
            own: None,
            signature: format!("char_acc|gt:{gt}|n:4|v:1"),
            warnings: vec!["w".to_owned()],
        };
        Scores {
            format: 2,
            run: "seed".to_owned(),
            model: "m".to_owned(),
            protocol: "strict".to_owned(),
            notes: Vec::new(),
            scores: vec![score],
        }
    }

    fn of(values: &[Option<f64>]) -> Scores {
        let runs: Vec<(Seed, Scores)> = values
            .iter()
            .enumerate()
            .map(|(seed, value)| (Seed(seed as u64), run(*value, "middle")))
            .collect();
        over_seeds(&runs).expect("comparable")
    }

    #[test]
    fn means_and_spread_are_those_of_numpy() {
        // numpy.mean and numpy.std(ddof=1) of 90, 94, 95.
        let scores = of(&[Some(90.0), Some(94.0), Some(95.0)]);
        let score = &scores.scores[0];
        assert_eq!(score.value, Some(93.0));
        let seeds = score.seeds.expect("seeds");
        assert_eq!(seeds.count, 3);
        assert!((seeds.sd.expect("sd") - 2.645_751_311_064_590_5).abs() < 1e-12);
        assert_eq!(score.interval, Some([92.0, 96.0]));
        assert_eq!(score.warnings, ["w"]);
        assert_eq!(scores.notes, ["mean over the seeds 0, 1, 2"]);
    }

    #[test]
    fn a_seed_without_a_value_is_told() {
        let scores = of(&[Some(90.0), None]);
        let score = &scores.scores[0];
        assert_eq!(score.value, Some(90.0));
        assert_eq!(score.seeds.expect("seeds").sd, None);
        assert_eq!(score.warnings[0], "1 of 2 seeds have a value");
        assert_eq!(of(&[None, None]).scores[0].value, None);
        assert_eq!(of(&[Some(1.0)]).scores[0].seeds, None);
    }

    #[test]
    fn seeds_that_were_scored_in_another_way_are_refused() {
        let runs = [
            (Seed(0), run(Some(1.0), "middle")),
            (Seed(1), run(Some(1.0), "random(0)")),
        ];
        assert!(matches!(
            over_seeds(&runs),
            Err(ReportError::Incomparable { .. })
        ));
        assert!(matches!(over_seeds(&[]), Err(ReportError::NoRuns)));
    }
}
