//! Whether classifiers know the real frames. Where they do not, accuracies of a model are wrong numbers, and a note
//! beside them says so.

use super::observe::ObserveRequest;
use super::panel::Panel;
use super::{EvaluateError, Role};
use crate::card::F1Average;
use crate::evaluator::{Chunk, Rows};
use crate::metric::{BestConstant, LabelStatistic, LabelTally, positive};
use crate::record::{FrameIndex, Observation, Value};
use crate::run::{RunError, write_durably};
use image::RgbImage;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::Path;

/// Ground-truth frames that a classifier is tried on.
const MOST: usize = 64;
/// Fewer with labels say too little.
const LEAST: usize = 16;
/// Beside the observations, where a classifier does not know the real frames; absent otherwise.
const DOUBTS: &str = "doubts.json";
const FORMAT: u32 = 1;

/// A classifier whose F1 on real frames does not exceed that of the best constant answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassifierDoubt {
    /// Whose labels: `characters` or `backgrounds`.
    pub labels: String,
    /// Ground-truth frames that it was tried on.
    pub frames: usize,
    /// Its F1, in percent.
    pub f1: f64,
    /// The F1 of the commonest labels, in percent.
    pub constant_f1: f64,
}

#[derive(Serialize, Deserialize)]
struct Doubts {
    format: u32,
    classifiers: Vec<ClassifierDoubt>,
}

/// Tries the classifiers of a panel on the first ground-truth frames of a plan, and keeps what is doubtful beside the
/// observations. Frames that cannot be read are passed over: scores of labels do not need them.
pub(super) fn try_classifiers(
    wanted: &ObserveRequest<'_>,
    panel: &mut Panel,
) -> Result<(), EvaluateError> {
    let mut classifiers = Vec::new();
    for evaluator in &mut panel.evaluators {
        let role = evaluator.role();
        if !matches!(role, Role::CHARACTERS | Role::BACKGROUNDS) {
            continue;
        }
        let (images, rows, labels) = labelled(wanted, role);
        if rows.len() < LEAST {
            continue;
        }
        let mut written = Rows::default();
        let chunk = Chunk {
            frames: &images,
            truth: &[],
            rows: &rows.iter().collect::<Vec<_>>(),
        };
        evaluator.observe(&chunk, &mut written)?;
        for (_, values) in written.into_columns() {
            classifiers.extend(doubt(role, &values, &labels));
        }
    }
    let path = wanted.folder.join(DOUBTS);
    if !classifiers.is_empty() {
        let format = FORMAT;
        let doubts = Doubts {
            format,
            classifiers,
        };
        let text = serde_json::to_vec_pretty(&doubts).expect("numbers and texts");
        return Ok(write_durably(&path, &text)?);
    }
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(RunError::write(&path, error).into())
        }
        _ => Ok(()),
    }
}

/// The first different clips of a plan that have labels: ground-truth frame, row and labels.
fn labelled(
    wanted: &ObserveRequest<'_>,
    role: Role,
) -> (Vec<RgbImage>, Vec<Observation>, Vec<Vec<bool>>) {
    let (mut images, mut rows, mut labels) = (Vec::new(), Vec::new(), Vec::new());
    let mut seen = BTreeSet::new();
    for prompt in wanted.prompts {
        for (at, frame) in prompt.story.frames.iter().enumerate() {
            let of_frame = if role == Role::CHARACTERS {
                &frame.character_labels
            } else {
                &frame.background_labels
            };
            let Some(of_frame) = of_frame.as_deref() else {
                continue;
            };
            if rows.len() == MOST || !seen.insert(&frame.clip) {
                continue;
            }
            let rule = wanted.protocol.ground_truth;
            if let Ok(image) = wanted.dataset.ground_truth(&frame.clip, rule) {
                images.push(image);
                labels.push(of_frame.to_vec());
                let number = FrameIndex(at as u32 + 1);
                rows.push(Observation::unseen(
                    prompt.story.id.clone(),
                    number,
                    frame.clip.clone(),
                ));
            }
        }
    }
    (images, rows, labels)
}

/// A doubt, where the answers are no better than the best constant one.
fn doubt(role: Role, answers: &[Value], labels: &[Vec<bool>]) -> Option<ClassifierDoubt> {
    let constant = BestConstant::of(labels.iter().map(Vec::as_slice))?;
    let mut sum = LabelTally::default();
    for (answer, labels) in answers.iter().zip(labels) {
        let Value::Vector(answer) = answer else {
            return None;
        };
        let decided = answer.iter().map(|it| positive(*it));
        let pairs: Vec<(bool, bool)> = decided.zip(labels.iter().copied()).collect();
        sum.add(&LabelTally::of_frame(&pairs, &[]));
    }
    let f1 = sum.value(LabelStatistic::F1(F1Average::Micro))?;
    constant.is_not_beaten(f1).then(|| ClassifierDoubt {
        labels: role.id().to_owned(),
        frames: labels.len(),
        f1,
        constant_f1: constant.f1,
    })
}

/// The notes of the observations in a folder, for their scores.
pub(super) fn notes(folder: &Path) -> Vec<String> {
    let doubts = std::fs::read(folder.join(DOUBTS)).ok();
    let doubts = doubts.and_then(|bytes| serde_json::from_slice::<Doubts>(&bytes).ok());
    let known = doubts.filter(|doubts| doubts.format == FORMAT);
    let all = known.map_or_else(Vec::new, |doubts| doubts.classifiers);
    all.iter().map(ClassifierDoubt::note).collect()
}

impl ClassifierDoubt {
    /// A sentence beside the scores.
    fn note(&self) -> String {
        let (metrics, what) = match self.labels.as_str() {
            "characters" => ("Char-Acc and Char-F1", "character"),
            _ => ("BG-Acc and BG-F1", "background"),
        };
        format!(
            "the {what} classifier does not know the real frames: on {} of them its F1 is {:.1}, and that of a constant \
             answer {:.1}; {metrics} say nothing here (`storyeval model verify BUNDLE --dataset DATA` looks for the reason)",
            self.frames, self.f1, self.constant_f1
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels() -> Vec<Vec<bool>> {
        (0..20)
            .map(|n| vec![n % 2 == 0, n % 2 == 1, n % 5 == 0])
            .collect()
    }

    fn answers(of: impl Fn(&[bool]) -> Vec<bool>) -> Vec<Value> {
        let number = |it: bool| if it { 0.9 } else { 0.1 };
        let rows = labels().into_iter();
        rows.map(|row| Value::Vector(of(&row).into_iter().map(number).collect()))
            .collect()
    }

    #[test]
    fn only_what_a_constant_answer_equals_is_doubted() {
        let judged = |answers: &[Value]| doubt(Role::CHARACTERS, answers, &labels());
        assert_eq!(judged(&answers(<[bool]>::to_vec)), None);
        // Rare labels missed: poor, and still more than any constant answer.
        assert_eq!(judged(&answers(|row| vec![row[0], row[1], false])), None);
        let never = judged(&answers(|_| vec![false; 3])).unwrap();
        assert!(never.f1.abs() < 1e-9 && never.constant_f1 > 50.0);
        let always = judged(&answers(|_| vec![true; 3])).unwrap();
        assert_eq!((always.labels.as_str(), always.frames), ("characters", 20));
        let moved = judged(&answers(|row| vec![row[1], row[0], row[2]])).unwrap();
        assert!(moved.note().contains("Char-Acc and Char-F1 say nothing"));
    }

    #[test]
    fn notes_come_from_the_file_and_only_from_its_own_format() {
        let folder = tempfile::tempdir().unwrap();
        assert!(notes(folder.path()).is_empty());
        let write = |format: u32| {
            let classifiers = vec![ClassifierDoubt {
                labels: "backgrounds".to_owned(),
                frames: 64,
                f1: 1.0,
                constant_f1: 30.0,
            }];
            let text = serde_json::to_vec(&Doubts {
                format,
                classifiers,
            })
            .unwrap();
            std::fs::write(folder.path().join(DOUBTS), text).unwrap();
        };
        write(FORMAT);
        let told = notes(folder.path());
        assert!(
            told.len() == 1 && told[0].starts_with("the background classifier"),
            "{told:?}"
        );
        write(FORMAT + 1);
        assert!(notes(folder.path()).is_empty());
    }
}
