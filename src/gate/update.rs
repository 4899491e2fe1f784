//! A new baseline, and what it changes.

use super::baseline::{Baseline, BaselineScore};
use super::error::GateError;
use super::subject::Subject;
use super::verdict::one_line;
use std::fmt;

/// One line of what an update changes.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// Model.
    pub model: String,
    /// Metric and slice; `None` where it is about the model as a whole.
    pub score: Option<(String, String)>,
    /// What changes, in words: `94.00 -> 58.00`, `added`, `gone`.
    pub what: String,
}

impl fmt::Display for Change {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = match &self.score {
            Some((metric, slice)) => format!("{} {metric} {slice}: {}", self.model, self.what),
            None => format!("{}: {}", self.model, self.what),
        };
        formatter.write_str(&one_line(&line))
    }
}

/// A new baseline with its changes.
#[derive(Clone, Debug, PartialEq)]
pub struct Update {
    /// The baseline to write.
    pub baseline: Baseline,
    /// In what it differs from the old one, in the order of the new one, then what is gone.
    pub changes: Vec<Change>,
    /// Scores that stay as they were.
    pub unchanged: usize,
}

/// Makes runs the new baseline, all of it: models of the old one that no run is given of are gone.
///
/// # Errors
/// [`GateError::Incomplete`] for a run that is not whole, unless `forced`; [`GateError::Twice`].
pub fn update(
    old: Option<&Baseline>,
    subjects: &[Subject],
    forced: bool,
) -> Result<Update, GateError> {
    if let Some((subject, what)) = subjects
        .iter()
        .find_map(|subject| Some((subject, subject.missing.as_ref()?)))
        && !forced
    {
        return Err(GateError::Incomplete {
            path: subject.folder.clone(),
            what: what.clone(),
        });
    }
    let baseline = Baseline::of(subjects)?;
    let mut changes = Vec::new();
    let mut unchanged = 0;
    if let Some(old) = old
        && old.commands != baseline.commands
    {
        changes.push(Change {
            model: "commands".to_owned(),
            score: None,
            what: format!("{} -> {}", words(&old.commands), words(&baseline.commands)),
        });
    }
    for model in &baseline.models {
        let before = old.and_then(|old| Some((old, old.model(&model.model)?)));
        let Some((old, before)) = before else {
            changes.push(Change {
                model: model.model.clone(),
                score: None,
                what: format!("added, with {} scores", model.scores.len()),
            });
            continue;
        };
        for it in before.identity.differences(&model.identity) {
            changes.push(Change {
                model: model.model.clone(),
                score: None,
                what: format!("{}: {} -> {}", it.field, it.folder, it.asked),
            });
        }
        for score in &model.scores {
            let earlier = before.score(&score.metric, &score.slice);
            let what = match earlier {
                None => Some(format!("added: {}", number(score.value))),
                Some(earlier) => differences((old, earlier), (&baseline, score)),
            };
            match what {
                Some(what) => changes.push(of_score(&model.model, score, what)),
                None => unchanged += 1,
            }
        }
        for score in &before.scores {
            if model.score(&score.metric, &score.slice).is_none() {
                let what = format!("gone: {}", number(score.value));
                changes.push(of_score(&model.model, score, what));
            }
        }
    }
    let gone = old.map_or(&[][..], |old| old.models.as_slice());
    for model in gone.iter().filter(|it| baseline.model(&it.model).is_none()) {
        changes.push(Change {
            model: model.model.clone(),
            score: None,
            what: format!("gone, with {} scores", model.scores.len()),
        });
    }
    Ok(Update {
        baseline,
        changes,
        unchanged,
    })
}

fn words(commands: &[Vec<String>]) -> String {
    let commands: Vec<String> = commands.iter().map(|words| words.join(" ")).collect();
    commands.join("; ")
}

fn of_score(model: &str, score: &BaselineScore, what: String) -> Change {
    Change {
        model: model.to_owned(),
        score: Some((score.metric.clone(), score.slice.clone())),
        what,
    }
}

fn number(value: Option<f64>) -> String {
    value.map_or_else(|| "no value".to_owned(), |value| format!("{value}"))
}

/// What changes of a score; `None` if nothing does.
fn differences(
    (old, before): (&Baseline, &BaselineScore),
    (new, after): (&Baseline, &BaselineScore),
) -> Option<String> {
    let mut parts = Vec::new();
    if before.value != after.value {
        parts.push(format!(
            "{} -> {}",
            number(before.value),
            number(after.value)
        ));
    }
    if before.value == after.value && before.interval != after.interval {
        parts.push("another interval".to_owned());
    }
    if (before.n, before.planned) != (after.n, after.planned) {
        parts.push(format!(
            "frames {}/{} -> {}/{}",
            before.n, before.planned, after.n, after.planned
        ));
    }
    let signature =
        crate::record::signature_differences(old.signature(before), new.signature(after));
    parts.extend(signature);
    if parts.is_empty() && before.sums != after.sums {
        parts.push("other sums of the stories".to_owned());
    }
    if parts.is_empty() && before.without != after.without {
        let what = match before.without.len() {
            0 => "values without each story are added, for the paired test",
            _ => "other values without each story",
        };
        parts.push(what.to_owned());
    }
    (!parts.is_empty()).then(|| parts.join("; "))
}
