//! The row of a model in a table: the mean over its seeds.

use crate::record::{Score, Scores};
use crate::stats::{normal_quantile, student_quantile};

/// The scores of several seeds of one model as one: each value is the mean over seeds, its interval holds the
/// draw of stories and the seeds, and a warning gives the standard deviation over seeds. One run is itself.
///
/// A score that a seed lacks is `None`, and says so. `None` without runs.
#[must_use]
pub fn over_seeds(seeds: &[Scores], name: &str) -> Option<Scores> {
    let (first, others) = seeds.split_first()?;
    if others.is_empty() {
        return Some(first.clone());
    }
    let scores = first.scores.iter().map(|score| {
        let same = |other: &&Score| other.metric == score.metric && other.slice == score.slice;
        let of_seeds: Vec<&Score> = seeds
            .iter()
            .filter_map(|run| run.scores.iter().find(same))
            .collect();
        one(score, &of_seeds, seeds.len())
    });
    Some(Scores {
        run: name.to_owned(),
        scores: scores.collect(),
        ..first.clone()
    })
}

fn one(first: &Score, seeds: &[&Score], wanted: usize) -> Score {
    let mut score = first.clone();
    score.n = seeds.iter().map(|seed| seed.n).min().unwrap_or(0);
    let values: Vec<f64> = seeds.iter().filter_map(|seed| seed.value).collect();
    if values.len() < wanted {
        score.value = None;
        score.interval = None;
        score.unscored = Some(format!("{} of {wanted} seeds have a value", values.len()));
        return score;
    }
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (count - 1.0);
    score.value = Some(mean);
    score.interval = interval(mean, variance / count, count - 1.0, seeds);
    score.warnings.push(format!(
        "mean over {wanted} seeds; standard deviation over seeds {}, {} degrees of freedom",
        digits(variance.sqrt()),
        wanted - 1
    ));
    score
}

/// Both parts: the mean squared error over stories of the seeds' own intervals, and the seeds (Welch and
/// Satterthwaite). What a seed does to single stories is in both, so that it is rather too wide.
fn interval(mean: f64, of_seeds: f64, freedom: f64, seeds: &[&Score]) -> Option<[f64; 2]> {
    let errors: Option<Vec<f64>> = seeds
        .iter()
        .map(|seed| {
            let [low, high] = seed.interval?;
            Some(((high - low) / 2.0 / normal_quantile(0.975)).powi(2))
        })
        .collect();
    let errors = errors?;
    let of_stories = errors.iter().sum::<f64>() / errors.len() as f64;
    let stories = seeds.first()?.stories as f64 - 1.0;
    let total = of_stories + of_seeds;
    let weights = of_stories.powi(2) / stories + of_seeds.powi(2) / freedom;
    let half = student_quantile(0.975, total * total / weights)? * total.sqrt();
    Some([mean - half, mean + half])
}

fn digits(value: f64) -> String {
    if value == 0.0 {
        "0".to_owned()
    } else {
        let decimals = (1.0 - value.log10().floor()).clamp(0.0, 8.0) as usize;
        format!("{value:.decimals$}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Unit;

    fn run(value: Option<f64>) -> Scores {
        let score = Score {
            metric: "lpips".to_owned(),
            slice: "all".to_owned(),
            value,
            unscored: None,
            interval: value.map(|v| [v - 0.1, v + 0.1]),
            unit: Unit::Distance,
            higher_is_better: false,
            n: 40,
            planned: 40,
            stories: 10,
            counts: None,
            signature: "lpips|v:3".to_owned(),
            warnings: Vec::new(),
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

    #[test]
    fn the_mean_has_both_errors() {
        let seeds = [0.4, 0.5, 0.6].map(|value| run(Some(value)));
        let row = over_seeds(&seeds, "m").expect("three seeds");
        let score = &row.scores[0];
        assert!((score.value.expect("a value") - 0.5).abs() < 1e-12);
        let [low, high] = score.interval.expect("an interval");
        // Stories 0.1 / 1.96, seeds 0.1 / sqrt 3: both together, and few degrees of freedom.
        let error = (0.1_f64 / 1.959_964).hypot(0.1 / 3.0_f64.sqrt());
        assert!((high - low) / 2.0 > 2.0 * error, "{low} {high}");
        assert!(
            score.warnings[0].contains("over seeds 0.10, 2 degrees"),
            "{score:?}"
        );
        assert_eq!(over_seeds(&seeds[..1], "m"), Some(seeds[0].clone()));
        assert_eq!(over_seeds(&[], "m"), None);
    }

    #[test]
    fn a_seed_without_a_value_is_said() {
        let row = over_seeds(&[run(Some(0.4)), run(None)], "m").expect("two seeds");
        assert_eq!(row.scores[0].value, None);
        let reason = row.scores[0].unscored.as_deref();
        assert_eq!(reason, Some("1 of 2 seeds have a value"));
    }
}
