//! A score in the making: what every metric does alike.

use super::chosen::Chosen;
use super::input::ExtractorName;
use super::own::OwnColumn;
use super::parts::{Parts, Reduced, StorySums};
use super::signature::signature;
use crate::metric::MetricId;
use crate::record::{OwnMetric, Score, Signature, Unit};
use crate::stats::{LeftOut, NoInterval, Range, cluster_interval};

/// A score without value or signature yet.
pub(super) struct Draft<'c, 'a> {
    chosen: &'c Chosen<'a>,
    score: Score,
    /// Version of the metric's definition.
    version: u32,
    interval_rule: String,
    parts: Parts,
}

impl<'c, 'a> Draft<'c, 'a> {
    /// Begins a score of `planned` frames.
    pub(super) fn new(
        chosen: &'c Chosen<'a>,
        metric: MetricId,
        slice: String,
        planned: usize,
    ) -> Self {
        let metric = metric.metric();
        let mut draft = Self::unsigned(chosen, metric.id, (slice, planned), metric.unit);
        draft.score.higher_is_better = metric.higher_is_better;
        draft.version = metric.version;
        draft
    }

    /// Begins a score of a metric that the user brings.
    pub(super) fn of_own(
        chosen: &'c Chosen<'a>,
        column: &OwnColumn,
        slice: String,
        planned: usize,
    ) -> Self {
        let unit = column.about.known_unit();
        let mut draft = Self::unsigned(chosen, &column.id, (slice, planned), unit);
        draft.score.higher_is_better = column.higher_is_better;
        draft.score.own = Some(OwnMetric::clone(&column.about));
        draft.version = column.version;
        draft
    }

    fn unsigned(
        chosen: &'c Chosen<'a>,
        metric: &str,
        (slice, planned): (String, usize),
        unit: Unit,
    ) -> Self {
        let score = Score {
            metric: metric.to_owned(),
            slice,
            value: None,
            unscored: None,
            interval: None,
            unit,
            higher_is_better: true,
            n: 0,
            planned,
            stories: 0,
            counts: None,
            seeds: None,
            own: None,
            signature: String::new(),
            warnings: Vec::new(),
        };
        Self {
            chosen,
            score,
            version: 0,
            interval_rule: "none".to_owned(),
            parts: Parts::None("it has no value".to_owned()),
        }
    }

    /// The frames that are scored.
    pub(super) fn chosen(&self) -> &'c Chosen<'a> {
        self.chosen
    }

    /// States how many frames of how many stories entered.
    pub(super) fn entered(&mut self, n: usize, stories: usize) {
        self.score.n = n;
        self.score.stories = stories;
    }

    /// States the value, or why there is none.
    pub(super) fn value(&mut self, value: Result<f64, String>) {
        match value {
            Ok(value) => self.score.value = Some(value),
            Err(reason) => self.score.unscored = Some(reason),
        }
    }

    /// Adds what a reader must know.
    pub(super) fn warn(&mut self, warning: impl Into<String>) {
        self.score.warnings.push(warning.into());
    }

    /// The score so far.
    pub(super) fn score_mut(&mut self) -> &mut Score {
        &mut self.score
    }

    /// States what the score is made of, and makes its interval of what it is without each story.
    pub(super) fn made_of(&mut self, made: StorySums, range: Range) {
        let left_out = made.with_a_part().left_out(|sums| made.value(sums));
        self.without_stories(&left_out, range);
        self.parts = Parts::Sums(made);
    }

    /// Makes the interval of what the score is without each story. One story has nothing to be left out of: an
    /// interval of width zero would be a lie.
    pub(super) fn without_stories(&mut self, left_out: &[LeftOut], range: Range) {
        range.rule().clone_into(&mut self.interval_rule);
        let Some(value) = self.score.value.filter(|_| left_out.len() > 1) else {
            return;
        };
        match cluster_interval(value, left_out, range) {
            Ok(interval) => self.score.interval = Some(interval),
            Err(reason) => self.warn(reason.to_string()),
        }
    }

    /// States the score without each story or group of stories, and the interval of that.
    pub(super) fn left_out(
        &mut self,
        left_out: Vec<LeftOut>,
        rule: &str,
        interval: impl FnOnce(f64, &[LeftOut]) -> Result<[f64; 2], NoInterval>,
    ) {
        let Some(value) = self.score.value else {
            return;
        };
        match interval(value, &left_out) {
            Ok(interval) => self.interval(Some(interval), rule),
            Err(reason) => {
                self.interval(None, rule);
                self.warn(reason.to_string());
            }
        }
        self.parts = Parts::LeftOut { value, left_out };
    }

    /// States the score without each story, where the interval is made in another way.
    pub(super) fn parts(&mut self, parts: Parts) {
        self.parts = parts;
    }

    /// States an interval that was made in another way.
    pub(super) fn interval(&mut self, interval: Option<[f64; 2]>, rule: &str) {
        self.score.interval = interval;
        rule.clone_into(&mut self.interval_rule);
    }

    /// Signs the score.
    pub(super) fn sign(self, extractor: Option<&ExtractorName>, own: &[(&str, &str)]) -> Reduced {
        let line = signature(&self.score.metric, self.chosen, extractor, own);
        self.sign_as(line)
    }

    /// Signs the score with a line that lacks its end.
    pub(super) fn sign_as(mut self, line: Signature) -> Reduced {
        self.score.signature = line.end(&self.interval_rule, self.score.n, self.version);
        Reduced {
            score: self.score,
            parts: self.parts,
        }
    }
}
