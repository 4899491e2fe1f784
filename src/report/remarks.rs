//! What must be known of the numbers of a table: the same words once, with all places and models that have them.

use crate::metric::Metric;
use crate::record::{Score, Scores};
use std::collections::{BTreeMap, BTreeSet};

/// What holds of all numbers of a run.
pub(super) fn run_notes(runs: &[Scores], labels: &[String]) -> Vec<String> {
    let of_run = |(run, label): (&Scores, &String)| {
        let notes = run.notes.iter();
        notes
            .map(|note| format!("{note} ({label})"))
            .collect::<Vec<_>>()
    };
    runs.iter().zip(labels).flat_map(of_run).collect()
}

/// Where a remark belongs: metric and slice.
type Place<'a> = (&'a str, &'a str);

/// What is said of scores, the places that it is said of, and the models that have it there.
struct Remark<'a> {
    text: String,
    places: Vec<Place<'a>>,
    models: Vec<&'a str>,
}

impl Remark<'_> {
    /// `fid, lpips on all; lpips on pronoun (models)`.
    fn whereabouts(&self) -> String {
        let mut slices: Vec<(&str, Vec<&str>)> = Vec::new();
        for (metric, slice) in &self.places {
            match slices.iter_mut().find(|(known, _)| known == slice) {
                Some((_, metrics)) => metrics.push(metric),
                None => slices.push((slice, vec![metric])),
            }
        }
        let places: Vec<String> = slices
            .into_iter()
            .map(|(slice, metrics)| format!("{} on {slice}", metrics.join(", ")))
            .collect();
        places.join("; ")
    }
}

/// One line of all remarks with one text: `places: text (models)`, or `places (models); places (models): text`.
fn line(remarks: &[&Remark<'_>]) -> String {
    match remarks {
        [one] => format!(
            "{}: {} ({})",
            one.whereabouts(),
            one.text,
            one.models.join(", ")
        ),
        several => {
            let places: Vec<String> = several
                .iter()
                .map(|it| format!("{} ({})", it.whereabouts(), it.models.join(", ")))
                .collect();
            let text = several.first().map_or("", |it| it.text.as_str());
            format!("{}: {text}", places.join("; "))
        }
    }
}

/// What is said of the first set and in the same words of the second one is said of both.
fn of_both_sets(remarks: &mut Vec<Remark<'_>>) {
    let mut at = 0;
    while at < remarks.len() {
        let of_second = remarks[at].text.replace("the first set", "the second set");
        let is_second = |it: &Remark<'_>| {
            it.text == of_second
                && it.places == remarks[at].places
                && it.models == remarks[at].models
        };
        if of_second != remarks[at].text
            && let Some(second) = remarks.iter().position(is_second)
        {
            remarks[at].text = remarks[at].text.replace("the first set", "both sets");
            remarks.remove(second);
            at -= usize::from(second < at);
        }
        at += 1;
    }
}

/// Every remark with its models, once per place.
fn placed<'a>(shown: &[(&'a String, &'a Score)]) -> Vec<Remark<'a>> {
    let mut remarks: Vec<Remark<'a>> = Vec::new();
    for (label, score) in shown {
        let reason = score
            .unscored
            .iter()
            .map(|reason| format!("no value: {reason}"));
        for text in reason.chain(score.warnings.iter().cloned()) {
            let places = vec![(score.metric.as_str(), score.slice.as_str())];
            let same = |known: &&mut Remark<'_>| known.text == text && known.places == places;
            match remarks.iter_mut().find(same) {
                Some(known) => known.models.push(label),
                None => remarks.push(Remark {
                    text,
                    places,
                    models: vec![label],
                }),
            }
        }
    }
    remarks
}

/// Reasons for missing values, warnings, and different numbers of frames under a distance. What is the same for
/// several models or places is one line.
pub(super) fn remarks(shown: &[(&String, &Score)]) -> Vec<String> {
    let mut merged: Vec<Remark<'_>> = Vec::new();
    for remark in placed(shown) {
        let same =
            |known: &&mut Remark<'_>| known.text == remark.text && known.models == remark.models;
        match merged.iter_mut().find(same) {
            Some(known) => known.places.extend(remark.places),
            None => merged.push(remark),
        }
    }
    of_both_sets(&mut merged);
    let mut texts: Vec<&str> = Vec::new();
    for remark in &merged {
        if !texts.contains(&remark.text.as_str()) {
            texts.push(&remark.text);
        }
    }
    let lines = texts.into_iter().map(|text| {
        let same: Vec<&Remark<'_>> = merged.iter().filter(|it| it.text == text).collect();
        line(&same)
    });
    let mut remarks: Vec<String> = lines.collect();
    let mut sizes: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
    for (_, score) in shown {
        let counted = Metric::find(&score.metric).is_some_and(|metric| metric.depends_on_count);
        if counted && score.value.is_some() {
            sizes.entry(&score.metric).or_default().insert(score.n);
        }
    }
    if sizes.values().any(|sizes| sizes.len() > 1) {
        remarks
            .push("distances fall with the number of frames, and the rows differ in it".to_owned());
    }
    remarks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remark<'a>(text: &str, places: &[Place<'a>], models: &[&'a str]) -> Remark<'a> {
        Remark {
            text: text.to_owned(),
            places: places.to_vec(),
            models: models.to_vec(),
        }
    }

    #[test]
    fn the_same_words_of_both_sets_are_one_remark() {
        let fid = [("fid", "all")];
        let mut remarks = vec![
            remark("3 features are constant in the second set", &fid, &["a"]),
            remark("3 features are constant in the first set", &fid, &["a"]),
            remark("4 features are constant in the first set", &fid, &["b"]),
            remark("4 features are constant in the second set", &fid, &["a"]),
        ];
        of_both_sets(&mut remarks);
        let texts: Vec<&str> = remarks.iter().map(|it| it.text.as_str()).collect();
        assert_eq!(
            texts,
            [
                "3 features are constant in both sets",
                "4 features are constant in the first set",
                "4 features are constant in the second set"
            ]
        );
    }

    #[test]
    fn the_same_words_of_other_models_are_one_line() {
        let one = remark("few", &[("fid", "all"), ("kid", "all")], &["a", "b"]);
        let other = remark("few", &[("fid", "pronoun")], &["a"]);
        assert_eq!(line(&[&one]), "fid, kid on all: few (a, b)");
        assert_eq!(
            line(&[&one, &other]),
            "fid, kid on all (a, b); fid on pronoun (a): few"
        );
    }
}
