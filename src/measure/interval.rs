//! 95 % intervals: a bootstrap over items, or over groups of dependent ones.

use super::captions::of_images;
use super::order::in_read_order;
use super::{MeasureError, NameOrder, Warning};
use crate::format::CaptionList;
use crate::stats::{Distribution, Resampling, bootstrap_mean};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// How to resample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IntervalPlan {
    /// Resamples and their seed; without resamples there is no interval.
    pub resampling: Resampling,
    /// A text file with the group of each item, a line an item. Whole groups are drawn; absent, each item is its own.
    pub groups: Option<PathBuf>,
    /// In which order of the images' names lists without names are.
    pub order: Option<NameOrder>,
}

impl Default for IntervalPlan {
    /// 1,000 resamples of items.
    fn default() -> Self {
        Self {
            resampling: Resampling {
                resamples: 1000,
                seed: 0,
            },
            groups: None,
            order: None,
        }
    }
}

/// Which group each item is in.
#[derive(Clone, Debug)]
pub(super) struct Groups {
    /// One number per item, from 0.
    pub(super) numbers: Vec<usize>,
    /// How many there are.
    pub(super) count: usize,
    /// Whether the caller gave them.
    pub(super) given: bool,
}

impl Groups {
    /// Each of `n` items on its own.
    pub(super) fn each(n: usize) -> Self {
        Self {
            numbers: (0..n).collect(),
            count: n,
            given: false,
        }
    }

    /// Items of the same name together, numbered by the order of the names: which group is drawn does not depend on
    /// which item comes first.
    pub(super) fn named<'a>(names: impl Iterator<Item = &'a str>, given: bool) -> Self {
        let names: Vec<&str> = names.collect();
        let distinct: BTreeSet<&str> = names.iter().copied().collect();
        let numbers: BTreeMap<&str, usize> = distinct.into_iter().zip(0..).collect();
        Self {
            numbers: names.iter().map(|name| numbers[name]).collect(),
            count: numbers.len(),
            given,
        }
    }
}

impl IntervalPlan {
    /// The groups of `n` items; each its own where none are given.
    pub(super) fn groups(&self, n: usize) -> Result<Groups, MeasureError> {
        let Some(path) = &self.groups else {
            return Ok(Groups::each(n));
        };
        let lines = plain_lines(path)?;
        if lines.len() != n {
            return Err(MeasureError::request(
                format!(
                    "{} has {} lines, but there are {n} items",
                    path.display(),
                    lines.len()
                ),
                "write the group of each item on a line of its own, in the order of the items",
            ));
        }
        Ok(Groups::named(lines.iter().map(|line| line.trim()), true))
    }

    /// The groups of images with these names, in the order in which they are read.
    pub(super) fn groups_of_images(&self, names: &[String]) -> Result<Groups, MeasureError> {
        if let Some(path) = &self.groups
            && let CaptionList::Named(file) = CaptionList::read(path)?
        {
            let groups = of_images(file, names)?;
            return Ok(Groups::named(groups.iter().map(|group| group.trim()), true));
        }
        let mut groups = self.groups(names.len())?;
        if let Some(path) = &self.groups {
            groups.numbers = in_read_order(groups.numbers, names, self.order, path)?;
        }
        Ok(groups)
    }

    /// Whether there is something to resample.
    pub(super) fn resamples(&self, groups: &Groups) -> bool {
        self.resampling.resamples > 0 && groups.count > 1
    }

    /// What a signature says about the interval.
    pub(super) fn name(&self, groups: &Groups) -> String {
        if !self.resamples(groups) {
            return "none".to_owned();
        }
        let kind = if groups.given { "group" } else { "item" };
        let Resampling { resamples, seed } = self.resampling;
        format!("{kind}-bootstrap-{resamples}@{seed}")
    }

    /// The interval of a mean of items; none with a single group. Items that belong to no group are
    /// drawn in the order of their values: the order of the file does not show.
    pub(super) fn of_mean(&self, values: &[f64], groups: &Groups) -> Option<[f64; 2]> {
        if groups.count < 2 {
            return None;
        }
        let mut values = values.to_vec();
        if !groups.given {
            values.sort_by(f64::total_cmp);
        }
        bootstrap_mean(&values, &groups.numbers, self.resampling).interval(0.95)
    }
}

/// The lines of a list of groups that has no names.
pub(super) fn plain_lines(path: &Path) -> Result<Vec<String>, MeasureError> {
    match CaptionList::read(path)? {
        CaptionList::Plain(lines) => Ok(lines),
        CaptionList::Named(_) => Err(MeasureError::request(
            format!(
                "{} has names, and there are no images to join them with",
                path.display()
            ),
            "write the group of each item on a line of its own, in the order of the items",
        )),
    }
}

/// Says how many resamples had no value.
pub(super) fn undefined(distribution: &Distribution) -> Option<Warning> {
    let (undefined, defined) = (distribution.undefined(), distribution.sorted().len());
    (undefined > 0).then_some(Warning::UndefinedResamples {
        undefined,
        all: undefined + defined,
    })
}
