//! Which values of a table are set in bold: the best of a column, where it is better than every other run by
//! more than chance.

use super::{Comparison, Ranking};
use crate::card::Protocol;
use crate::compare::{Best, best_of_column};
use crate::evaluate::{EvaluateError, StoredRun};
use crate::metric::{FAMILIES, Family, Metric, Reduced, Reduction, Selection, reduce_with_parts};
use crate::record::{Score, Scores};
use crate::run::{Manifest, OBSERVED, RunError};
use crate::stats::Resampling;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// Arrangements where stories are swapped because the difference has no standard error.
const ARRANGEMENTS: usize = 10_000;

/// The note below a table about its bold numbers.
const CLAIM: &str = "In bold: the best of a column, where it is better than every other run in it by more than chance \
(paired by story, Student's t, as `compare`; Holm over the rivals at 5 %).";

/// Most frames that a statistic of all pairs of frames is tested on: more take minutes.
const MOST_PAIRED: usize = 2_000;

/// The rankings whose first run is the best by more than chance, and the sentence for below the table. `folders`
/// and `results` are those of the runs of the comparison, in its order.
///
/// # Errors
/// A run folder whose manifest or observations cannot be read.
pub fn significant(
    comparison: &Comparison,
    folders: &[Option<PathBuf>],
    results: &[Scores],
) -> Result<(Vec<Ranking>, String), EvaluateError> {
    let mut untested = BTreeSet::new();
    let mut rankings = comparison.rankings();
    rankings.retain(|ranking| {
        let score = |run: &usize| score_of(&results[*run], ranking).map(|score| score.n);
        let frames = ranking.runs.iter().filter_map(score).max().unwrap_or(0);
        let family = Metric::find(&ranking.metric).map(|metric| metric.family.reduction);
        let too_expensive = family == Some(Reduction::PairsOfFrames) && frames > MOST_PAIRED;
        if too_expensive {
            let metric = &ranking.metric;
            untested.insert(format!("`{metric}` of more than {MOST_PAIRED} frames"));
        }
        !too_expensive
    });
    let mut reader = Reader {
        folders,
        results,
        wanted: wanted(&rankings),
        read: BTreeMap::new(),
    };
    let mut found = Vec::new();
    for ranking in rankings {
        let scores: Vec<&Score> = ranking
            .runs
            .iter()
            .filter_map(|run| score_of(&results[*run], &ranking))
            .collect();
        if scores.len() != ranking.runs.len() {
            continue;
        }
        let plan = Resampling {
            resamples: ARRANGEMENTS,
            seed: 0,
        };
        let best = best_of_column(&scores, plan, |at| reader.parts(ranking.runs[at], &ranking))?;
        match best {
            Best::Significant => found.push(ranking),
            Best::WithinChance => {}
            Best::Untested(reason) => {
                untested.insert(reason);
            }
        }
    }
    let mut claim = CLAIM.to_owned();
    if !untested.is_empty() {
        let reasons: Vec<String> = untested.into_iter().collect();
        claim = format!(
            "{claim} Not tested, so not in bold: {}.",
            reasons.join("; ")
        );
    }
    Ok((found, claim))
}

fn score_of<'a>(run: &'a Scores, ranking: &Ranking) -> Option<&'a Score> {
    run.scores
        .iter()
        .find(|score| score.metric == ranking.metric && score.slice == ranking.slice)
}

fn wanted(rankings: &[Ranking]) -> BTreeMap<usize, (BTreeSet<String>, BTreeSet<String>)> {
    let mut wanted: BTreeMap<usize, (BTreeSet<String>, BTreeSet<String>)> = BTreeMap::new();
    for ranking in rankings {
        let (metrics, slices) = wanted.entry(family(&ranking.metric)).or_default();
        metrics.insert(ranking.metric.clone());
        slices.insert(ranking.slice.clone());
    }
    wanted
}

/// Which metrics are read together: metrics of one family, where they read files of their own.
fn family(metric: &str) -> usize {
    let of_metric = |family: &&Family| {
        family.large
            && Metric::find(metric).is_some_and(|metric| std::ptr::eq(metric.family, *family))
    };
    FAMILIES
        .iter()
        .position(of_metric)
        .unwrap_or(FAMILIES.len())
}

/// Reads each run once for each family of columns, and keeps sums a story of it, not its frames.
struct Reader<'a> {
    /// None for a mean over seeds.
    folders: &'a [Option<PathBuf>],
    results: &'a [Scores],
    /// Metrics and slices of each family.
    wanted: BTreeMap<usize, (BTreeSet<String>, BTreeSet<String>)>,
    /// By run and family.
    read: BTreeMap<(usize, usize), Vec<Reduced>>,
}

impl Reader<'_> {
    fn parts(&mut self, run: usize, ranking: &Ranking) -> Result<Option<Reduced>, EvaluateError> {
        let family = family(&ranking.metric);
        if !self.read.contains_key(&(run, family)) {
            let reduced = self.reduce(run, family)?;
            self.read.insert((run, family), reduced);
        }
        let reduced = &self.read[&(run, family)];
        let this = |reduced: &&Reduced| {
            reduced.score.metric == ranking.metric && reduced.score.slice == ranking.slice
        };
        Ok(reduced.iter().find(this).cloned())
    }

    fn reduce(&self, run: usize, family: usize) -> Result<Vec<Reduced>, EvaluateError> {
        let (Some(folder), Some((metrics, slices))) =
            (&self.folders[run], self.wanted.get(&family))
        else {
            return Ok(Vec::new());
        };
        if !folder.join(OBSERVED).is_file() {
            return Ok(Vec::new());
        }
        let manifest = Manifest::read(folder)?;
        let cards = manifest.cards(folder)?;
        let mut protocol = cards.protocol.clone();
        // Scores of another protocol than the run's own are not made of what is read here.
        if protocol.id != self.results[run].protocol {
            return Ok(Vec::new());
        }
        keep(&mut protocol, metrics);
        let stored = match StoredRun::read_with(folder, &protocol, false) {
            // The scores of an earlier version are a row all the same.
            Err(EvaluateError::Run(RunError::ObservationsFormat { .. })) => return Ok(Vec::new()),
            stored => stored?,
        };
        let context = stored.context(&manifest.identity, &cards, folder)?;
        let wanted = Selection::new(metrics.clone(), slices.clone());
        Ok(reduce_with_parts(
            &stored.input(&protocol, &context),
            &wanted,
        ))
    }
}

/// Leaves out of a protocol what is not wanted, so that its files are not read.
fn keep(protocol: &mut Protocol, metrics: &BTreeSet<String>) {
    for family in FAMILIES {
        if !family.metrics().any(|metric| metrics.contains(metric.id)) {
            (family.drop)(protocol);
        }
    }
}
