//! Stories and splits: what the cache of followers says against the ids, and what crosses splits.

use super::finding::{EXAMPLES, Findings};
use super::kind::Kind;
use super::scope::{Place, Scope};
use crate::card::WindowRule;
use crate::dataset::catalog::{Catalog, ShotIndex};
use crate::dataset::windows::sequential;
use std::collections::{BTreeMap, BTreeSet};

/// Cached followers against the sequence of the ids, for stories of the cache's length.
pub(super) fn followers(
    catalog: &Catalog,
    scope: &Scope,
    rule: WindowRule,
    findings: &mut Findings,
) {
    for fixed in &catalog.fixed {
        for (split, listed) in scope.chosen(catalog) {
            let Some(list) = catalog.splits.get(&split.name) else {
                continue;
            };
            let computed: BTreeMap<ShotIndex, Vec<ShotIndex>> =
                sequential(catalog, list, fixed.length, rule)
                    .into_iter()
                    .filter_map(|window| Some((*window.first()?, window[1..].to_vec())))
                    .collect();
            let (mut other, mut lacking, mut more) = (Vec::new(), Vec::new(), Vec::new());
            for shot in listed {
                let id = || catalog.shots[*shot as usize].clip.to_string();
                match (fixed.followers.get(shot), computed.get(shot)) {
                    (Some(cached), Some(computed)) if cached != computed => other.push(id()),
                    (None, Some(_)) => lacking.push(id()),
                    (Some(_), None) => more.push(id()),
                    _ => {}
                }
            }
            let count = other.len() + lacking.len() + more.len();
            if count > 0 {
                let detail = format!(
                    "of the stories of {} frames {} go on otherwise, {} are not in the cache, {} are only there",
                    fixed.length,
                    other.len(),
                    lacking.len(),
                    more.len()
                );
                let examples = [other, lacking, more].concat();
                findings.put(
                    Kind::FollowersDiffer,
                    Some(&split.name),
                    count,
                    Some(detail),
                    examples,
                );
            }
        }
    }
}

/// What the stories of the scored split have in common with the other splits.
pub(super) fn leaks(scope: &Scope, findings: &mut Findings) {
    let Some(scored) = scope.scored.and_then(|index| scope.splits.get(index)) else {
        return;
    };
    let name = Some(scored.name.as_str());
    let mut leaving = Vec::new();
    let mut foreign: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut shared: BTreeSet<&str> = BTreeSet::new();
    for window in &scored.windows {
        let mut leaves = false;
        for place in window.iter().map(|shot| scope.clip_of(*shot)) {
            if place.listed.other {
                leaves = true;
                let split = scope.split_of(place).unwrap_or_default();
                foreign.entry(split).or_default().insert(place.id.as_str());
            }
            if place.shown.scored && place.shown.other {
                shared.insert(place.id.as_str());
            }
        }
        if let Some(first) = window.first().filter(|_| leaves) {
            leaving.push(scope.clip_of(*first).id.to_string());
        }
    }
    let all = scored.windows.len();
    if !leaving.is_empty() {
        let clips: Vec<String> = foreign
            .iter()
            .map(|(split, clips)| format!("{} of {split}", clips.len()))
            .collect();
        let detail = format!(
            "{} of {all} stories of `{}` show clips that another split lists ({})",
            leaving.len(),
            scored.name,
            clips.join(", ")
        );
        findings.put(
            Kind::StoryLeavesSplit,
            name,
            leaving.len(),
            Some(detail),
            leaving,
        );
    }
    if !shared.is_empty() {
        let of = scope
            .clips
            .iter()
            .filter(|place: &&Place| place.shown.scored);
        let detail = format!(
            "{} of {} clips in stories of `{}` are in stories of other splits too",
            shared.len(),
            of.count(),
            scored.name
        );
        let examples = shared
            .iter()
            .take(EXAMPLES)
            .map(|id| (*id).to_owned())
            .collect();
        let kind = Kind::ClipInStoriesOfTwoSplits;
        findings.put(kind, name, shared.len(), Some(detail), examples);
    }
}
