//! Names in a user's own stories, against the card or against each other.

use super::finding::Findings;
use super::kind::Kind;
use super::scope::Scope;
use crate::card::Layout;
use crate::dataset::catalog::Entry;
use crate::dataset::open::Metadata;
use crate::record::{did_you_mean, near};
use std::collections::{BTreeMap, BTreeSet};

/// Names that a message shows.
const SHOWN: usize = 5;

/// What the names of the chosen splits are, in the layout that users write, and how long their stories are.
pub(super) fn check(
    data: &Metadata,
    scope: &Scope,
    length: Option<usize>,
    findings: &mut Findings,
) {
    if data.layout.layout == Layout::Folder {
        let found = &data.catalog.found;
        if !found.is_empty() {
            let all = [&found.characters[..], &found.backgrounds[..]];
            let names: Vec<String> = all.concat().into_iter().map(|(name, _)| name).collect();
            let detail = Some(format!("{found}, in frames"));
            findings.put(Kind::LabelsWithoutCard, None, names.len(), detail, names);
            for names in all {
                alike(names, findings);
            }
        }
        outside(data, scope, findings);
    }
    if data.catalog.entry == Entry::Stories && length.is_none() {
        lengths(data, scope, findings);
    }
}

/// Names of the stories that look like slips of others.
fn alike(names: &[(String, usize)], findings: &mut Findings) {
    for (name, frames) in names {
        let others = names.iter().filter(|(_, other)| frames * 4 <= *other);
        if let Some(other) = near(name, others.map(|(other, _)| other.as_str())) {
            let pair = format!("{name} ~ {other}");
            findings.add(Kind::NamesAlike, None, &pair, || {
                Some(format!(
                    "`{name}` in {frames} frames; did you mean `{other}`?"
                ))
            });
        }
    }
}

/// Names that are in the stories and not on the card. A closed cast has them as errors.
fn outside(data: &Metadata, scope: &Scope, findings: &mut Findings) {
    let card = &data.card;
    let known = || {
        let cast = card.characters.iter();
        cast.flat_map(|one| {
            std::iter::once(one.name.as_str()).chain(one.aliases.iter().map(String::as_str))
        })
    };
    if card.characters.is_empty() {
        return;
    }
    for (split, listed) in scope.chosen(&data.catalog) {
        let mut strangers: BTreeMap<&str, usize> = BTreeMap::new();
        let shots: BTreeSet<_> = listed
            .iter()
            .chain(split.windows.iter().flatten())
            .collect();
        for shot in shots {
            let Ok(frame) = &data.catalog.shots[*shot as usize].frame else {
                continue;
            };
            for name in frame.characters.iter() {
                if !known().any(|other| other.eq_ignore_ascii_case(name.trim())) {
                    *strangers.entry(name).or_default() += 1;
                }
            }
        }
        if strangers.is_empty() {
            continue;
        }
        let shown: Vec<String> = strangers
            .iter()
            .take(SHOWN)
            .map(|(name, frames)| {
                let near = did_you_mean(name, known());
                format!("{name:?} in {frames} frames{near}")
            })
            .collect();
        let detail = format!("{} names: {}", strangers.len(), shown.join(", "));
        let names = strangers.keys().map(|name| (*name).to_owned()).collect();
        let split = Some(split.name.as_str());
        findings.put(
            Kind::NamesOutsideCard,
            split,
            strangers.len(),
            Some(detail),
            names,
        );
    }
}

/// Listed stories that are taken as they are and have several lengths.
fn lengths(data: &Metadata, scope: &Scope, findings: &mut Findings) {
    for (split, _) in scope.chosen(&data.catalog) {
        let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
        for window in &split.windows {
            *counts.entry(window.len()).or_default() += 1;
        }
        let usual = counts.iter().max_by_key(|(_, stories)| **stories);
        let Some((usual, stories)) = usual.filter(|_| counts.len() > 1) else {
            continue;
        };
        let all = split.windows.len();
        let others = split.windows.iter().filter(|window| window.len() != *usual);
        let first = others.filter_map(|window| window.first());
        let ids: Vec<String> = first
            .map(|shot| data.catalog.shots[*shot as usize].clip.to_string())
            .collect();
        let spelt: Vec<String> = counts.keys().map(usize::to_string).collect();
        let detail = format!(
            "{} frames; {stories} of {all} have {usual}",
            spelt.join(", ")
        );
        let name = Some(split.name.as_str());
        findings.put(
            Kind::StoryLengthsDiffer,
            name,
            all - stories,
            Some(detail),
            ids,
        );
    }
}
