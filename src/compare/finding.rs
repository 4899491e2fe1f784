//! One metric on one slice: two values, their difference, and what is known of it.

use super::seeds::SeedPart;
use crate::metric::{About, Parts, Reduced, StorySums};
use crate::record::{OwnMetric, Score, Unit};
use crate::stats::{
    ClusterSums, LEAST_GROUPS, LeftOut, NoInterval, Pair, PairedTest, Resampling, largest_unseen,
    minimum_detectable,
};
use serde::Serialize;

/// A metric of two sides on the same frames. Field names are a public contract of `compare --format json`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// Metric id.
    pub metric: String,
    /// Which frames: `all`, `pronoun`, `frame_1`, `character:otto`, `length_4`..
    pub slice: String,
    /// Unit of values and difference.
    pub unit: Unit,
    /// Whether a larger value is better.
    pub higher_is_better: bool,
    /// Value of the base; the mean over its seeds.
    pub base: Option<f64>,
    /// Value of the candidate.
    pub candidate: Option<f64>,
    /// Candidate minus base.
    pub difference: Option<f64>,
    /// 95 % interval of the difference over stories.
    pub interval: Option<[f64; 2]>,
    /// How the interval was made: `t`; `unseen` where no story differs, of percentages; or `none`.
    pub interval_method: &'static str,
    /// Two-sided p value.
    pub p: Option<f64>,
    /// How it was found: `t`; where there is no standard error, by swapping stories, `exact` or `randomised`.
    pub p_method: &'static str,
    /// The p value adjusted (Holm) over all tests of the same family.
    pub p_holm: Option<f64>,
    /// The difference in standard deviations of its stories.
    pub effect: Option<f64>,
    /// The smallest true difference that would be found in 80 % of such comparisons at 5 %.
    pub detectable: Option<f64>,
    /// Standard error of the difference over stories.
    pub error: Option<f64>,
    /// Stories that have a part in it.
    pub stories: usize,
    /// Frames of the base and of the candidate.
    pub frames: [usize; 2],
    /// What the metric is, where the user brought it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub own: Option<OwnMetric>,
    /// What the seeds add, where a side has several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seeds: Option<SeedPart>,
    /// What a reader must know.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
    /// The difference on each story, in their order and in standard deviations over stories; 0 for a story
    /// without a part; empty where there is no error or stories were grouped.
    #[serde(skip)]
    pub on_stories: Vec<f64>,
}

/// A metric of one side, seeds put together.
enum Made {
    Sums(StorySums),
    LeftOut(f64, Vec<LeftOut>),
}

impl Finding {
    /// Compares a metric. `base` and `candidate` hold it once a seed, of the same frames.
    #[must_use]
    pub fn new(base: &[&Reduced], candidate: &[&Reduced], plan: Resampling) -> Option<Self> {
        let score = &base.first()?.score;
        let values = [base, candidate].map(values);
        let mut finding = Self::unknown(score, [base, candidate].map(frames));
        finding.base = mean(&values[0]);
        finding.candidate = mean(&values[1]);
        match (together(base), together(candidate)) {
            (Ok(Made::Sums(base)), Ok(Made::Sums(candidate))) => {
                finding.of_sums(&base, &candidate, plan);
            }
            (Ok(Made::LeftOut(a, base)), Ok(Made::LeftOut(b, candidate))) => {
                finding.of_left_out(b - a, &base, &candidate);
            }
            (Err(reason), _) | (_, Err(reason)) => finding.remarks.push(reason),
            _ => finding
                .remarks
                .push("it is made of different parts".to_owned()),
        }
        if let (Some(a), Some(b)) = (finding.base, finding.candidate) {
            finding.difference = Some(b - a);
        }
        if let Some(seeds) = SeedPart::of(&finding, &values) {
            seeds.apply(&mut finding);
        }
        Some(finding)
    }

    /// How its metric is printed.
    #[must_use]
    pub fn about(&self) -> About {
        About::of(&self.metric, self.unit, self.own.as_ref())
    }

    /// The p value alone, for tables of many runs.
    pub(super) fn test(base: &Reduced, candidate: &Reduced, plan: Resampling) -> Option<f64> {
        match (together(&[base]).ok()?, together(&[candidate]).ok()?) {
            (Made::Sums(a), Made::Sums(b)) => {
                count_alike(&a, &b).then_some(())?;
                let (a_kept, b_kept, _) = a.paired(&b);
                let pair = Pair::new(&a_kept, &b_kept, |sums: &[f64]| a.value(sums));
                pair.test(plan)?.p
            }
            (Made::LeftOut(..), Made::LeftOut(..)) => Self::new(&[base], &[candidate], plan)?.p,
            _ => None,
        }
    }

    fn unknown(score: &Score, frames: [usize; 2]) -> Self {
        Self {
            metric: score.metric.clone(),
            slice: score.slice.clone(),
            unit: score.unit,
            higher_is_better: score.higher_is_better,
            base: None,
            candidate: None,
            difference: None,
            interval: None,
            interval_method: "none",
            p: None,
            p_method: "none",
            p_holm: None,
            effect: None,
            detectable: None,
            error: None,
            stories: 0,
            frames,
            own: score.own.clone(),
            seeds: None,
            remarks: Vec::new(),
            on_stories: Vec::new(),
        }
    }

    fn of_sums(&mut self, base: &StorySums, candidate: &StorySums, plan: Resampling) {
        if !count_alike(base, candidate) {
            self.remarks.push("the runs do not count alike".to_owned());
            return;
        }
        let (base_kept, candidate_kept, places) = base.paired(candidate);
        self.stories = places.len();
        let pair = Pair::new(&base_kept, &candidate_kept, |sums: &[f64]| base.value(sums));
        let Some(test) = pair.test(plan) else {
            return;
        };
        self.tested(&test);
        let Ok(error) = test.error else {
            return;
        };
        // Pseudo-values: of a mean over stories of one length, each story's own difference.
        let (n, difference) = (self.stories as f64, test.difference);
        self.on_stories = vec![0.0; base.sums.clusters()];
        for (place, story) in places.into_iter().zip(&test.left_out) {
            let moved = difference - story.value.unwrap_or(difference);
            self.on_stories[place] = (difference + (n - 1.0) * moved) / (error * n.sqrt());
        }
    }

    fn of_left_out(&mut self, difference: f64, base: &[LeftOut], candidate: &[LeftOut]) {
        let alike = base.len() == candidate.len()
            && base.iter().zip(candidate).all(|(a, b)| a.size == b.size);
        if !alike {
            self.remarks
                .push("the runs do not have the same groups of stories".to_owned());
            return;
        }
        let left_out: Vec<LeftOut> = base
            .iter()
            .zip(candidate)
            .map(|(a, b)| LeftOut {
                value: a.value.zip(b.value).map(|(a, b)| b - a),
                size: a.size,
            })
            .collect();
        if self.stories == 0 {
            self.stories = base.len();
        }
        let groups = left_out.len();
        if groups < LEAST_GROUPS {
            let least = LEAST_GROUPS;
            let reason = NoInterval::TooFew { groups, least };
            self.remarks.push(reason.to_string());
            return;
        }
        self.tested(&PairedTest::by_t(difference, left_out));
    }

    /// Takes over what a test found: interval, p value, standard error, effect size and minimum detectable
    /// difference.
    fn tested(&mut self, test: &PairedTest) {
        (self.p, self.p_method) = (test.p, test.p_method);
        match test.error {
            Ok(error) => {
                self.interval = test.interval;
                self.interval_method = "t";
                self.error = Some(error);
                self.effect = Some(test.difference / (error * (self.stories as f64).sqrt()));
                self.detectable = minimum_detectable(error, test.left_out.len());
            }
            Err(NoInterval::Still) if test.difference == 0.0 && self.p == Some(1.0) => {
                self.remarks.push("no story differs".to_owned());
                // Percentages say how much the stories could have differed; other units have no scale of their own.
                if let (Unit::Percent, Some(share)) = (self.unit, largest_unseen(self.stories)) {
                    self.interval = Some([-100.0 * share, 100.0 * share]);
                    self.interval_method = "unseen";
                }
            }
            Err(reason) => self.remarks.push(reason.to_string()),
        }
    }

    /// Whether the candidate is better (`Some(true)`), worse, or not known to be either.
    #[must_use]
    pub fn significant(&self) -> Option<bool> {
        let (p, difference) = (self.p_holm?, self.difference?);
        (p <= crate::stats::LEVEL && difference != 0.0)
            .then_some((difference > 0.0) == self.higher_is_better)
    }
}

fn count_alike(base: &StorySums, candidate: &StorySums) -> bool {
    base.sums.width() == candidate.sums.width() && base.sums.clusters() == candidate.sums.clusters()
}

fn values(seeds: &[&Reduced]) -> Vec<f64> {
    seeds.iter().filter_map(|seed| seed.score.value).collect()
}

fn frames(seeds: &[&Reduced]) -> usize {
    seeds.iter().map(|seed| seed.score.n).max().unwrap_or(0)
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

/// The seeds of a side as one: sums are averaged story by story.
fn together(seeds: &[&Reduced]) -> Result<Made, String> {
    let mut sums = Vec::new();
    let mut left_out: Vec<(f64, &Vec<LeftOut>)> = Vec::new();
    for seed in seeds {
        if let Some(reason) = &seed.score.unscored {
            return Err(format!("no value: {reason}"));
        }
        match &seed.parts {
            Parts::Sums(made) => sums.push(made),
            Parts::LeftOut {
                value,
                left_out: of,
            } => left_out.push((*value, of)),
            Parts::None(reason) => return Err(format!("not tested: {reason}")),
        }
    }
    if let (Some(first), true) = (sums.first(), left_out.is_empty()) {
        let tables: Vec<&ClusterSums> = sums.iter().map(|made| &made.sums).collect();
        let mean = ClusterSums::mean(&tables).ok_or("the seeds do not count alike")?;
        return Ok(Made::Sums(first.with_sums(mean)));
    }
    let (_, first) = left_out.first().ok_or("not tested")?;
    let count = left_out.len() as f64;
    let mut averaged = Vec::with_capacity(first.len());
    for (at, group) in first.iter().enumerate() {
        let of_seeds: Option<f64> = left_out
            .iter()
            .map(|(_, groups)| groups.get(at).filter(|g| g.size == group.size)?.value)
            .sum();
        averaged.push(LeftOut {
            value: of_seeds.map(|sum| sum / count),
            size: group.size,
        });
    }
    let value = left_out.iter().map(|(value, _)| value).sum::<f64>() / count;
    Ok(Made::LeftOut(value, averaged))
}
