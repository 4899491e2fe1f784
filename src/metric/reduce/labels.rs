//! Accuracy and F1 of a slice, from counts per story.

use super::chosen::Chosen;
use super::draft::{Draft, Metric};
use super::input::ExtractorName;
use super::parts::{Reduced, StorySums};
use super::slice::Slice;
use crate::card::{ClassifierRule, F1Average, LabelRule};
use crate::metric::accuracy::positive;
use crate::metric::f1::{Confusion, ZeroDivision};
use crate::record::{Counts, Observation, Role, Unit};
use crate::stats::{ClusterSums, Range};

/// Which labels of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Labels {
    Characters,
    Backgrounds,
}

impl Labels {
    /// What is computed of them: accuracy, F1, and what follows on `all`.
    pub(super) fn metrics(self) -> &'static [&'static str; 7] {
        match self {
            Self::Characters => &[
                "char_acc",
                "char_f1",
                "char_acc_label",
                "char_f1_micro",
                "char_f1_macro",
                "char_f1_weighted",
                "char_f1_samples",
            ],
            Self::Backgrounds => &[
                "bg_acc",
                "bg_f1",
                "bg_acc_label",
                "bg_f1_micro",
                "bg_f1_macro",
                "bg_f1_weighted",
                "bg_f1_samples",
            ],
        }
    }

    fn extractor<'a>(self, chosen: &Chosen<'a>) -> Option<&'a ExtractorName> {
        let extractors = &chosen.input.context.extractors;
        match self {
            Self::Characters => extractors.get(Role::CHARACTERS),
            Self::Backgrounds => extractors.get(Role::BACKGROUNDS),
        }
    }

    fn truth(self, observation: &Observation) -> Option<&[bool]> {
        match self {
            // A data set without a cast has no labels, and so has a row of it.
            Self::Characters => {
                Some(observation.character_labels.as_slice()).filter(|labels| !labels.is_empty())
            }
            Self::Backgrounds => observation.background_labels.as_deref(),
        }
    }

    fn probabilities(self, observation: &Observation) -> Option<&[f32]> {
        match self {
            Self::Characters => observation.vector("character_probabilities"),
            Self::Backgrounds => observation.vector("background_probabilities"),
        }
    }
}

/// What is computed of the counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Statistic {
    /// Frames whose whole label vector is right.
    Exact,
    /// Labels that are right.
    PerLabel,
    /// F1.
    F1(F1Average),
}

impl Statistic {
    /// The value in percent of [`Tally::terms`], which may be weighted or averaged. Micro F1 without positive labels measures nothing and is
    /// not defined; the other averages count what is undefined as 0, as scikit-learn does.
    fn value(self, terms: &[f64]) -> Option<f64> {
        let (frames, terms) = terms.split_last().filter(|(frames, _)| **frames > 0.0)?;
        let percent = |part: f64, whole: f64| (whole > 0.0).then(|| 100.0 * part / whole);
        let classes = || terms.chunks_exact(3);
        let support = || classes().map(|class| class[0] + class[2]).sum::<f64>();
        match self {
            Self::Exact => percent(terms[0], *frames),
            Self::PerLabel => percent(terms[0], terms[1]),
            Self::F1(F1Average::Samples) => (terms[1] > 0.0).then(|| 100.0 * (terms[0] / *frames)),
            Self::F1(_) if support() <= 0.0 => None,
            Self::F1(F1Average::Micro | F1Average::Macro) => {
                let count = classes().len() as f64;
                Some(100.0 * (classes().map(f1).sum::<f64>() / count))
            }
            Self::F1(F1Average::Weighted) => {
                let sum: f64 = classes()
                    .map(|class| (class[0] + class[2]) * f1(class))
                    .sum();
                Some(100.0 * (sum / support()))
            }
        }
    }
}

/// F1 of true positives, false positives and false negatives; 0 without any.
fn f1(class: &[f64]) -> f64 {
    let double = 2.0 * class[0];
    let whole = double + class[1] + class[2];
    if whole > 0.0 { double / whole } else { 0.0 }
}

/// Sufficient statistics of some frames.
#[derive(Clone, Default)]
struct Tally {
    frames: u64,
    right: u64,
    labels: u64,
    labels_right: u64,
    /// Over the columns that enter F1.
    classes: Vec<Confusion>,
    /// Sum of the frames' own F1.
    frame_f1: f64,
}

impl Tally {
    fn add_times(&mut self, other: &Self, times: u64) {
        self.frames += times * other.frames;
        self.right += times * other.right;
        self.labels += times * other.labels;
        self.labels_right += times * other.labels_right;
        self.frame_f1 += times as f64 * other.frame_f1;
        self.classes.resize(
            self.classes.len().max(other.classes.len()),
            Confusion::default(),
        );
        for (class, other) in self.classes.iter_mut().zip(&other.classes) {
            class.add_times(other, times);
        }
    }

    fn total(&self) -> Confusion {
        self.classes
            .iter()
            .fold(Confusion::default(), |mut total, class| {
                total.add_times(class, 1);
                total
            })
    }

    /// The sums that a statistic is made of, of so many classes; the last one counts frames.
    fn terms(&self, statistic: Statistic, classes: usize) -> Vec<f64> {
        let rights = |class: &Confusion| {
            [
                class.true_positives,
                class.false_positives,
                class.false_negatives,
            ]
            .map(|n| n as f64)
        };
        let mut terms = match statistic {
            Statistic::Exact => vec![self.right as f64],
            Statistic::PerLabel => vec![self.labels_right as f64, self.labels as f64],
            Statistic::F1(F1Average::Micro) => rights(&self.total()).to_vec(),
            Statistic::F1(F1Average::Macro | F1Average::Weighted) => {
                let class = |at| self.classes.get(at).map_or([0.0; 3], rights);
                (0..classes).flat_map(class).collect()
            }
            Statistic::F1(F1Average::Samples) => vec![self.frame_f1, self.total().support() as f64],
        };
        terms.push(self.frames as f64);
        terms
    }

    fn counts(&self) -> Counts {
        let total = self.total();
        let decisions = self.labels;
        let known = total.true_positives + total.false_positives + total.false_negatives;
        Counts {
            true_positives: total.true_positives,
            false_positives: total.false_positives,
            false_negatives: total.false_negatives,
            true_negatives: decisions.saturating_sub(known),
        }
    }
}

/// What was counted on a slice.
#[derive(Default)]
struct Sheet {
    /// By number of the planned story; those without a frame are empty.
    stories: Vec<Tally>,
    total: Tally,
    planned: usize,
    labelled: usize,
    unusable: usize,
}

impl Sheet {
    /// What to say when the protocol names a column of F1 that these labels do not have.
    fn columns_beyond(&self, rule: &ClassifierRule, slice: &Slice) -> Option<String> {
        // The slice of a character has its own column only.
        let chosen = !matches!(slice, Slice::Character { .. });
        let labels = self.total.labels.checked_div(self.total.frames)?;
        let beyond = |column: &&usize| chosen && **column as u64 >= labels;
        let column = rule.f1_columns.iter().find(beyond)?;
        Some(format!(
            "the protocol's classifiers.f1_columns names column {column}, but there are {labels} labels, counted from 0"
        ))
    }
}

/// Accuracies and F1 of a slice. The averages that the protocol did not choose follow on `all`.
pub(super) fn scores(
    chosen: &Chosen<'_>,
    rule: &ClassifierRule,
    labels: Labels,
    slice: &Slice,
) -> Vec<Reduced> {
    let sheet = count(chosen, rule, labels, slice);
    let [accuracy, f1, per_label, averages @ ..] = labels.metrics();
    let mut wanted = vec![(*accuracy, Statistic::Exact), (*f1, Statistic::F1(rule.f1))];
    if *slice == Slice::All {
        let all = [
            F1Average::Micro,
            F1Average::Macro,
            F1Average::Weighted,
            F1Average::Samples,
        ];
        wanted.push((*per_label, Statistic::PerLabel));
        wanted.extend(averages.iter().copied().zip(all.map(Statistic::F1)));
    }
    wanted
        .into_iter()
        .map(|(id, statistic)| one(chosen, rule, labels, slice, &sheet, id, statistic))
        .collect()
}

fn one(
    chosen: &Chosen<'_>,
    rule: &ClassifierRule,
    labels: Labels,
    slice: &Slice,
    sheet: &Sheet,
    id: &'static str,
    statistic: Statistic,
) -> Reduced {
    let metric = Metric {
        id,
        unit: Unit::Percent,
        higher_is_better: true,
    };
    let mut draft = Draft::new(chosen, metric, slice.name(), sheet.planned);
    let entered = sheet.stories.iter().filter(|story| story.frames > 0);
    draft.entered(sheet.total.frames as usize, entered.count());
    if sheet.unusable > 0 {
        draft.warn(format!(
            "{} frames were not scored because their probabilities are not finite or not as many as the labels",
            sheet.unusable
        ));
    }
    if let (Statistic::F1(_), Some(columns)) = (statistic, sheet.columns_beyond(rule, slice)) {
        draft.warn(columns);
    }
    let classes = sheet.total.classes.len();
    let terms = sheet.total.terms(statistic, classes);
    let value = statistic.value(&terms);
    draft.value(value.ok_or_else(|| reason(sheet).to_owned()));
    let mut sums = ClusterSums::new(sheet.stories.len(), terms.len());
    for (number, story) in sheet.stories.iter().enumerate() {
        if story.frames > 0 {
            sums.add(number, &story.terms(statistic, classes));
        }
    }
    draft.made_of(
        StorySums::new(sums, move |sums| statistic.value(sums)),
        Range::Percent,
    );
    if statistic == Statistic::Exact && sheet.total.frames > 0 && rule.f1_columns.is_empty() {
        draft.score_mut().counts = Some(sheet.total.counts());
    }
    let average = match (statistic, slice) {
        (Statistic::Exact, Slice::Character { .. }) => "label".to_owned(),
        (Statistic::F1(_), Slice::Character { .. }) => "binary".to_owned(),
        (Statistic::Exact, _) => "exact".to_owned(),
        (Statistic::PerLabel, _) => "per-label".to_owned(),
        (Statistic::F1(average), _) => average.to_string(),
    };
    let columns: Vec<String> = rule.f1_columns.iter().map(ToString::to_string).collect();
    let columns = columns.join(",");
    let mut own = vec![("threshold", "p>0.5"), ("avg", average.as_str())];
    if matches!(statistic, Statistic::F1(_)) && !columns.is_empty() {
        own.push(("columns", &columns));
    }
    if rule.labels == LabelRule::FirstFrame {
        own.push(("labels", "first-frame"));
    }
    draft.sign(labels.extractor(chosen), &own)
}

/// Why there is no value, the first cause first.
fn reason(sheet: &Sheet) -> &'static str {
    if sheet.planned == 0 {
        "no frame in this slice"
    } else if sheet.labelled == 0 {
        "the data set has no labels for it"
    } else if sheet.total.frames == 0 {
        "no frame of this slice was scored"
    } else {
        "no positive label among the scored frames: F1 is undefined"
    }
}

fn count(chosen: &Chosen<'_>, rule: &ClassifierRule, labels: Labels, slice: &Slice) -> Sheet {
    let mut sheet = Sheet {
        stories: vec![Tally::default(); chosen.stories()],
        ..Sheet::default()
    };
    for (row, observation) in chosen.observations().filter(|(_, o)| slice.holds(o)) {
        sheet.planned += 1;
        let labelled = match rule.labels {
            LabelRule::Own => observation,
            LabelRule::FirstFrame => chosen.first_frame(row),
        };
        let Some(truth) = labels.truth(labelled) else {
            continue;
        };
        sheet.labelled += 1;
        let Some(probabilities) = labels.probabilities(observation) else {
            continue;
        };
        if probabilities.len() != truth.len() || probabilities.iter().any(|p| !p.is_finite()) {
            sheet.unusable += 1;
            continue;
        }
        let mut pairs: Vec<(bool, bool)> = probabilities
            .iter()
            .map(|p| positive(*p))
            .zip(truth.iter().copied())
            .collect();
        let mut columns = rule.f1_columns.clone();
        if let Slice::Character { index, .. } = slice {
            let Some(pair) = pairs.get(*index).copied() else {
                sheet.unusable += 1;
                continue;
            };
            pairs = vec![pair];
            columns.clear();
        }
        let frame = tally(&pairs, &columns);
        sheet.stories[chosen.story(row)].add_times(&frame, 1);
        sheet.total.add_times(&frame, 1);
    }
    sheet
}

/// One frame. `columns` empty means all.
fn tally(pairs: &[(bool, bool)], columns: &[usize]) -> Tally {
    let right = pairs.iter().filter(|(seen, label)| seen == label).count();
    let mut classes = Vec::new();
    let mut frame = Confusion::default();
    for (index, (seen, label)) in pairs.iter().enumerate() {
        if columns.is_empty() || columns.contains(&index) {
            let mut class = Confusion::default();
            class.add(*seen, *label);
            frame.add_times(&class, 1);
            classes.push(class);
        }
    }
    Tally {
        frames: 1,
        right: u64::from(right == pairs.len()),
        labels: pairs.len() as u64,
        labels_right: right as u64,
        classes,
        frame_f1: frame.f1(ZeroDivision::Zero).unwrap_or(0.0),
    }
}
