//! 95 % intervals of standalone metrics: a bootstrap over items, or over groups of dependent ones.

use crate::cli::failure::Failure;
use crate::cli::numbers::resamples;
use clap::Args;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use storyeval::format::read_lines;
use storyeval::stats::{Distribution, Resampling, bootstrap_mean};

/// How to resample.
#[derive(Clone, Debug, Args)]
pub(crate) struct IntervalArguments {
    /// Resamples of the 95 % interval; 0 for none
    #[arg(long, default_value_t = 1000, value_parser = resamples)]
    pub(crate) resamples: usize,
    /// Seed of the resamples
    #[arg(long, default_value_t = 0)]
    pub(crate) seed: u64,
    /// Groups of dependent items, such as the frames of a story: a line of text an item, in their
    /// order. Whole groups are drawn
    #[arg(long, value_name = "FILE")]
    pub(crate) groups: Option<PathBuf>,
}

/// Which group each item is in.
#[derive(Clone, Debug)]
pub(crate) struct Groups {
    /// One number per item, from 0.
    pub(crate) numbers: Vec<usize>,
    /// How many there are.
    pub(crate) count: usize,
    /// Whether the user gave them.
    pub(crate) given: bool,
}

impl Groups {
    /// Each of `n` items on its own.
    pub(crate) fn each(n: usize) -> Self {
        Self {
            numbers: (0..n).collect(),
            count: n,
            given: false,
        }
    }
}

impl IntervalArguments {
    pub(crate) fn plan(&self) -> Resampling {
        Resampling {
            resamples: self.resamples,
            seed: self.seed,
        }
    }

    /// The groups of `n` items; each its own where none are given.
    pub(crate) fn groups(&self, n: usize) -> Result<Groups, Failure> {
        let Some(path) = &self.groups else {
            return Ok(Groups::each(n));
        };
        let lines = read_lines(path)?;
        let numbers = numbered(lines.iter().map(|line| line.trim()));
        if numbers.len() != n {
            return Err(Failure::Arguments {
                what: format!(
                    "{} has {} lines, but there are {n} items",
                    path.display(),
                    numbers.len()
                ),
                hint:
                    "write the group of each item on a line of its own, in the order of the items"
                        .to_owned(),
            });
        }
        Ok(Groups {
            count: numbers.iter().max().map_or(0, |last| last + 1),
            numbers,
            given: true,
        })
    }

    /// What a signature says about the interval.
    pub(crate) fn name(&self, groups: &Groups) -> String {
        if self.resamples == 0 || groups.count < 2 {
            return "none".to_owned();
        }
        let kind = if groups.given { "group" } else { "item" };
        format!("{kind}-bootstrap-{}@{}", self.resamples, self.seed)
    }

    /// The interval of a mean of items; none with a single group. Items that belong to no group are
    /// drawn in the order of their values: the order of the file does not show.
    pub(crate) fn of_mean(&self, values: &[f64], groups: &Groups) -> Option<[f64; 2]> {
        if groups.count < 2 {
            return None;
        }
        let mut values = values.to_vec();
        if !groups.given {
            values.sort_by(f64::total_cmp);
        }
        bootstrap_mean(&values, &groups.numbers, self.plan()).interval(0.95)
    }
}

/// The number of each item's group, by the order of the names: which group is drawn does not depend on
/// which item comes first.
pub(super) fn numbered<'a>(names: impl Iterator<Item = &'a str>) -> Vec<usize> {
    let names: Vec<&str> = names.collect();
    let distinct: BTreeSet<&str> = names.iter().copied().collect();
    let numbers: BTreeMap<&str, usize> = distinct.into_iter().zip(0..).collect();
    names.iter().map(|name| numbers[name]).collect()
}

/// Says how many resamples had no value.
pub(crate) fn undefined(distribution: &Distribution, warnings: &mut Vec<String>) {
    let (undefined, defined) = (distribution.undefined(), distribution.sorted().len());
    if undefined > 0 {
        warnings.push(format!(
            "the value is not defined on {undefined} of {} resamples; the interval is of the others",
            undefined + defined
        ));
    }
}
