//! A bundle's classifiers on real frames whose labels are known, and why they may be wrong.

use super::data::{open_dataset, selected};
use super::{Control, DataRequest, PipelineError};
use crate::card::{self, F1Average, Protocol};
use crate::dataset::{Dataset, OpenDataset};
use crate::evaluator::{Classifier, ClassifierKind};
use crate::inference::{Bundle, Runtime};
use crate::metric::{BestConstant, LabelStatistic, LabelTally, above, positive};
use crate::vision::{InputScale, Recipe};
use image::RgbImage;
use serde::Serialize;
use std::collections::BTreeSet;
use std::path::Path;

/// Frames that are kept to try other readings of the bundle on.
const KEPT: usize = 128;
/// Points of F1 that another reading has to gain before it is named.
const GAIN: f64 = 20.0;
/// Probabilities of graphs that give probabilities where logits belong: the sigmoid of 0 to 1.
const SIGMOID_OF_SHARES: std::ops::RangeInclusive<f32> = 0.5..=0.731_06;

/// What a classifier was tried on.
#[derive(Clone, Debug)]
pub struct RehearsalRequest<'a> {
    /// Id or path of the data set.
    pub dataset: &'a str,
    /// Where it is, and which split.
    pub data: DataRequest,
    /// Most stories.
    pub limit: Option<usize>,
    /// Folder of what was fetched and drawn.
    pub cache: &'a Path,
}

/// How a classifier did, in percent, beside the best constant answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Rehearsed {
    /// The graph.
    pub graph: &'static str,
    /// Names of its accuracy and of its F1.
    pub names: [&'static str; 2],
    /// Ground-truth frames with labels.
    pub frames: usize,
    /// Frames whose labels are all right.
    pub accuracy: f64,
    /// Micro F1; `None` where no label is true.
    pub f1: Option<f64>,
    /// The accuracy of the commonest row of labels.
    pub constant_accuracy: f64,
    /// The F1 of the commonest labels.
    pub constant_f1: f64,
    /// Whether the F1 is near that of a constant answer.
    pub near_chance: bool,
    /// What may be wrong, where it is near.
    pub causes: Vec<String>,
}

/// Frames of the data set and what is true of them.
struct Labelled {
    images: Vec<RgbImage>,
    labels: Vec<Vec<bool>>,
}

/// Tries every classifier of a bundle on the ground-truth frames of a data set, as the protocol `strict` shows them.
///
/// # Errors
/// A data set without labels or with others than the bundle's, frames that cannot be read, a graph that fails.
pub fn rehearse(
    runtime: &Runtime,
    bundle: &Bundle,
    request: &RehearsalRequest<'_>,
    control: Control<'_>,
) -> Result<Vec<Rehearsed>, PipelineError> {
    let card = card::dataset(request.dataset)?;
    let mut protocol = card::protocol("strict")?;
    request.data.apply(&mut protocol)?;
    let choice = request.data.choose(request.dataset, &card, &protocol);
    let dataset = open_dataset(card, &choice, request.cache, control)?;
    let nothing = || PipelineError::NothingToRehearse {
        bundle: bundle.dir().to_owned(),
        dataset: dataset.card().name.clone(),
    };
    let recipe = protocol.classifiers.as_ref().ok_or_else(nothing)?.recipe;
    let mut tried = Vec::new();
    for kind in [ClassifierKind::Characters, ClassifierKind::Backgrounds] {
        if bundle.manifest().graphs.contains_key(kind.graph()) {
            let trial = Trial {
                runtime,
                bundle,
                protocol: &protocol,
                kind,
                recipe,
            };
            match trial.on(&dataset, request.limit, control)? {
                Some(found) => tried.push(found),
                None => control.note(&format!(
                    "note: the frames of {} have no {} labels, so {} is not tried",
                    dataset.card().name,
                    kind.noun(),
                    kind.graph()
                )),
            }
        }
    }
    if tried.is_empty() {
        return Err(nothing());
    }
    Ok(tried)
}

/// One classifier at work.
struct Trial<'a> {
    runtime: &'a Runtime,
    bundle: &'a Bundle,
    protocol: &'a Protocol,
    kind: ClassifierKind,
    recipe: Recipe,
}

impl Trial<'_> {
    fn open(&self) -> Result<Classifier, PipelineError> {
        let recipe = &self.recipe;
        Ok(Classifier::open(
            self.runtime,
            self.bundle,
            self.kind,
            recipe,
        )?)
    }

    /// `None` where no frame has labels.
    fn on(
        &self,
        dataset: &OpenDataset,
        limit: Option<usize>,
        control: Control<'_>,
    ) -> Result<Option<Rehearsed>, PipelineError> {
        let mut classifier = self.open()?;
        let card = dataset.card();
        let expected: Vec<String> = match self.kind {
            ClassifierKind::Characters => {
                card.characters.iter().map(|it| it.name.clone()).collect()
            }
            ClassifierKind::Backgrounds => card.backgrounds.clone(),
        };
        if !expected.is_empty() {
            classifier.check_labels(&expected)?;
        }
        let mut seen = BTreeSet::new();
        let (mut labels, mut answers) = (Vec::new(), Vec::new());
        let mut kept = Labelled {
            images: Vec::new(),
            labels: Vec::new(),
        };
        for story in selected(dataset, self.protocol, limit)? {
            control.check()?;
            let mut images = Vec::new();
            for frame in &story.frames {
                let of_frame = match self.kind {
                    ClassifierKind::Characters => &frame.character_labels,
                    ClassifierKind::Backgrounds => &frame.background_labels,
                };
                if let Some(of_frame) = of_frame
                    && of_frame.len() == classifier.labels().len()
                    && seen.insert(frame.clip.clone())
                {
                    images.push(dataset.ground_truth(&frame.clip, self.protocol.ground_truth)?);
                    labels.push(of_frame.to_vec());
                }
            }
            answers.extend(classifier.probabilities(&images)?);
            let room = KEPT.saturating_sub(kept.images.len()).min(images.len());
            let first = labels.len() - images.len();
            kept.labels.extend_from_slice(&labels[first..first + room]);
            kept.images.extend(images.into_iter().take(room));
        }
        let Some(constant) = BestConstant::of(labels.iter().map(Vec::as_slice)) else {
            return Ok(None);
        };
        let tally = tally(&answers, &labels, positive);
        let f1 = tally.value(F1);
        let near_chance = f1.is_some_and(|f1| constant.is_near(f1));
        let causes = if near_chance {
            self.causes(&kept, &answers[..kept.images.len()])?
        } else {
            Vec::new()
        };
        Ok(Some(Rehearsed {
            graph: self.kind.graph(),
            names: match self.kind {
                ClassifierKind::Characters => ["Char-Acc", "Char-F1"],
                ClassifierKind::Backgrounds => ["BG-Acc", "BG-F1"],
            },
            frames: labels.len(),
            accuracy: tally.value(LabelStatistic::Exact).unwrap_or(0.0),
            f1,
            constant_accuracy: constant.accuracy,
            constant_f1: constant.f1,
            near_chance,
            causes,
        }))
    }

    /// Other readings of the bundle, each of which is tried: what gives a clearly better F1 is likely what was meant.
    fn causes(&self, kept: &Labelled, answers: &[Vec<f32>]) -> Result<Vec<String>, PipelineError> {
        let mut causes = Vec::new();
        let found = f1_of(answers, &kept.labels, positive);
        if answers
            .iter()
            .flatten()
            .all(|it| SIGMOID_OF_SHARES.contains(it))
        {
            causes.push(
                "every output is between 0 and 1: the graph gives probabilities, and logits belong there; export it \
                 without its last sigmoid or softmax"
                    .to_owned(),
            );
        }
        let stated = self.bundle.manifest().input.scale;
        let raw = InputScale::Standardised {
            mean: [0.0; 3],
            std: [1.0 / 255.0; 3],
        };
        for (scale, line) in [
            (InputScale::Unit, "scale = \"unit\""),
            (InputScale::Symmetric, "scale = \"symmetric\""),
            (
                InputScale::IMAGENET,
                "scale = { mean = [0.485, 0.456, 0.406], std = [0.229, 0.224, 0.225] }",
            ),
            (
                raw,
                "scale = { mean = [0.0, 0.0, 0.0], std = [0.003921569, 0.003921569, 0.003921569] }",
            ),
        ] {
            if scale == stated {
                continue;
            }
            let mut other = self.open()?.with_input_scale(scale);
            // Values far outside of what a network knows may overflow; that is no reading of it.
            let Ok(answers) = other.probabilities(&kept.images) else {
                continue;
            };
            let f1 = f1_of(&answers, &kept.labels, positive);
            if f1 > found + GAIN {
                causes.push(format!(
                    "with `{line}` under [input] its F1 is {f1:.1} (on {} frames): the input scale may be another",
                    kept.images.len()
                ));
            }
        }
        let names = self.open()?.labels().to_vec();
        causes.extend(other_order(answers, &kept.labels, &names, found));
        causes.extend(other_threshold(answers, &kept.labels, found));
        Ok(causes)
    }
}

const F1: LabelStatistic = LabelStatistic::F1(F1Average::Micro);

fn tally(answers: &[Vec<f32>], labels: &[Vec<bool>], decide: impl Fn(f32) -> bool) -> LabelTally {
    let mut sum = LabelTally::default();
    for (answer, labels) in answers.iter().zip(labels) {
        let pairs = answer
            .iter()
            .map(|it| decide(*it))
            .zip(labels.iter().copied());
        sum.add(&LabelTally::of_frame(&pairs.collect::<Vec<_>>(), &[]));
    }
    sum
}

fn f1_of(answers: &[Vec<f32>], labels: &[Vec<bool>], decide: impl Fn(f32) -> bool) -> f64 {
    tally(answers, labels, decide).value(F1).unwrap_or(0.0)
}

/// Whether the outputs fit the labels in another order.
fn other_order(
    answers: &[Vec<f32>],
    labels: &[Vec<bool>],
    names: &[String],
    found: f64,
) -> Option<String> {
    let width = names.len();
    let column = |at: usize| -> Vec<Vec<f32>> { answers.iter().map(|row| vec![row[at]]).collect() };
    let truth = |at: usize| -> Vec<Vec<bool>> { labels.iter().map(|row| vec![row[at]]).collect() };
    let mut pairs = Vec::with_capacity(width * width);
    for output in 0..width {
        let answers = column(output);
        for label in 0..width {
            pairs.push((f1_of(&answers, &truth(label), positive), output, label));
        }
    }
    // The best pair first; where two are as good, the order that is written down.
    pairs.sort_by(|a, b| b.0.total_cmp(&a.0).then((a.1 != a.2).cmp(&(b.1 != b.2))));
    let mut order = vec![None; width];
    let mut used = BTreeSet::new();
    for (_, output, label) in pairs {
        if order[output].is_none() && used.insert(label) {
            order[output] = Some(label);
        }
    }
    let order: Vec<usize> = order.into_iter().flatten().collect();
    let moved: Vec<Vec<bool>> = labels
        .iter()
        .map(|row| order.iter().map(|label| row[*label]).collect())
        .collect();
    let f1 = f1_of(answers, &moved, positive);
    (f1 > found + GAIN).then(|| {
        let names: Vec<&str> = order.iter().map(|label| names[*label].as_str()).collect();
        format!(
            "with the labels in the order {} its F1 is {f1:.1}: the outputs may be in another order than [labels]",
            names.join(", ")
        )
    })
}

/// Whether another threshold would do.
fn other_threshold(answers: &[Vec<f32>], labels: &[Vec<bool>], found: f64) -> Option<String> {
    let tried = (1..100).map(|percent| f64::from(percent) / 100.0);
    let f1_at = |threshold: f64| f1_of(answers, labels, |it| above(f64::from(it), threshold));
    let (f1, threshold) = tried
        .map(|threshold| (f1_at(threshold), threshold))
        .max_by(|a, b| a.0.total_cmp(&b.0))?;
    (f1 > found + GAIN).then(|| {
        format!(
            "with a threshold of {threshold} in place of 0.5 its F1 is {f1:.1}: the outputs may be no logits, or not \
             calibrated; add a number to the last layer's bias"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LABELS: [[bool; 3]; 6] = [
        [true, false, false],
        [false, true, false],
        [false, true, true],
        [true, false, true],
        [false, false, true],
        [true, false, false],
    ];

    fn labels() -> Vec<Vec<bool>> {
        LABELS.iter().map(|row| row.to_vec()).collect()
    }

    fn names() -> Vec<String> {
        ["ann", "bob", "cy"].map(ToOwned::to_owned).to_vec()
    }

    #[test]
    fn outputs_in_another_order_are_recognised() {
        let answers: Vec<Vec<f32>> = LABELS
            .iter()
            .map(|row| {
                [row[2], row[0], row[1]]
                    .map(|it| if it { 0.9 } else { 0.1 })
                    .to_vec()
            })
            .collect();
        let found = f1_of(&answers, &labels(), positive);
        let cause = other_order(&answers, &labels(), &names(), found).unwrap();
        assert!(
            cause.contains("cy, ann, bob") && cause.contains("100.0"),
            "{cause}"
        );
        let right: Vec<Vec<f32>> = LABELS
            .iter()
            .map(|row| row.map(|it| if it { 0.9 } else { 0.1 }).to_vec())
            .collect();
        let found = f1_of(&right, &labels(), positive);
        assert_eq!(other_order(&right, &labels(), &names(), found), None);
    }

    #[test]
    fn a_shifted_threshold_is_recognised() {
        let answers: Vec<Vec<f32>> = LABELS
            .iter()
            .map(|row| row.map(|it| if it { 0.3 } else { 0.1 }).to_vec())
            .collect();
        let found = f1_of(&answers, &labels(), positive);
        let cause = other_threshold(&answers, &labels(), found).unwrap();
        assert!(cause.contains("in place of 0.5"), "{cause}");
        assert_eq!(other_threshold(&answers, &labels(), 90.0), None);
    }
}
