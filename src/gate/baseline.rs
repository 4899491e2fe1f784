//! The baseline: a file of scores, with what they were made of.
//!
//! It is JSON with one score per line, in the order of the runs' own scores, so that a change of one score is a change
//! of one line. Signatures, which most scores share, stand once, under the start of their hash.

use super::error::GateError;
use super::parts;
use super::subject::{Subject, arguments};
use crate::record::{Slice, StoryId, Unit, sha256_hex, without_count};
use crate::run::{Identity, write_durably};
use crate::stats::ClusterSums;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// Version of the file's format.
pub const FORMAT: u32 = 1;

/// Hexadecimal digits that name a signature.
const NAME_LENGTH: usize = 8;

/// A baseline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// [`FORMAT`].
    pub format: u32,
    /// Version of the program that made the runs.
    pub program: String,
    /// Arguments of every command that made them, without folders; mostly one.
    pub commands: Vec<Vec<String>>,
    /// Signatures without counts, by name.
    pub signatures: BTreeMap<String, String>,
    /// The runs, one a model.
    pub models: Vec<BaselineModel>,
}

/// A run of the baseline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BaselineModel {
    /// Id of the model.
    pub model: String,
    /// Id of the protocol of the scores.
    pub protocol: String,
    /// What was run.
    pub identity: Identity,
    /// The planned stories, which [`BaselineScore::sums`] are of, in order of their ids.
    pub stories: Vec<StoryId>,
    /// The scores.
    pub scores: Vec<BaselineScore>,
}

/// A score of the baseline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BaselineScore {
    /// Metric id.
    pub metric: String,
    /// Slice.
    pub slice: String,
    /// The value; `None` where it was not defined.
    pub value: Option<f64>,
    /// 95 % interval.
    pub interval: Option<[f64; 2]>,
    /// Unit of value and interval.
    pub unit: Unit,
    /// Whether a larger value is better.
    pub higher_is_better: bool,
    /// Frames that entered the value.
    pub n: usize,
    /// Frames that were planned.
    pub planned: usize,
    /// Name of the signature in [`Baseline::signatures`].
    pub signature: String,
    /// What every story contributes: the sums that the score is a function of, one row per story. Empty where they are
    /// not kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sums: Vec<Vec<f64>>,
    /// The value without each story, or each group of stories, in turn, of a score that is no function of a few sums
    /// (FID, KID, BLEU, macro F1). `None` where it is not defined. Empty where they are not kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub without: Vec<Option<f64>>,
}

impl Baseline {
    /// The baseline that runs make, in their order.
    ///
    /// # Errors
    /// [`GateError::Twice`] for two runs of one model, [`GateError::Damaged`] for scores that are listed twice.
    pub fn of(subjects: &[Subject]) -> Result<Self, GateError> {
        let mut baseline = Self {
            format: FORMAT,
            program: String::new(),
            commands: Vec::new(),
            signatures: BTreeMap::new(),
            models: Vec::new(),
        };
        for (index, subject) in subjects.iter().enumerate() {
            let model = &subject.scores.model;
            let same = subjects[..index]
                .iter()
                .find(|it| it.scores.model == *model);
            if let Some(first) = same {
                return Err(GateError::Twice {
                    model: model.clone(),
                    first: first.folder.clone(),
                    second: subject.folder.clone(),
                });
            }
            let command = arguments(&subject.command);
            if !baseline.commands.contains(&command) {
                baseline.commands.push(command);
            }
            baseline.program.clone_from(&subject.program);
            let mut scores = Vec::new();
            for score in &subject.scores.scores {
                let signature = without_count(&score.signature);
                let name = sha256_hex(signature.as_bytes())[..NAME_LENGTH].to_owned();
                baseline.signatures.insert(name.clone(), signature);
                let key = (score.metric.clone(), score.slice.clone());
                let kept = subject.parts.get(&key).filter(|_| keeps_parts(&key.1));
                scores.push(BaselineScore {
                    metric: score.metric.clone(),
                    slice: score.slice.clone(),
                    value: score.value,
                    interval: score.interval,
                    unit: score.unit,
                    higher_is_better: score.higher_is_better,
                    n: score.n,
                    planned: score.planned,
                    signature: name,
                    sums: kept.map_or_else(Vec::new, parts::rows),
                    without: kept.map_or_else(Vec::new, parts::without),
                });
            }
            baseline.models.push(BaselineModel {
                model: model.clone(),
                protocol: subject.scores.protocol.clone(),
                identity: subject.identity.clone(),
                stories: subject.stories.clone(),
                scores,
            });
        }
        baseline.check().map_err(|what| GateError::Damaged {
            path: subjects
                .first()
                .map(|subject| subject.folder.clone())
                .unwrap_or_default(),
            what,
        })?;
        Ok(baseline)
    }

    /// Reads a baseline.
    ///
    /// # Errors
    /// [`GateError::Read`], [`GateError::NotBaseline`], [`GateError::Json`], [`GateError::Format`] and [`GateError::Damaged`].
    pub fn read(path: &Path) -> Result<Self, GateError> {
        #[derive(Deserialize)]
        struct Version {
            format: u64,
        }
        /// What tells files apart that are JSON objects.
        #[derive(Deserialize)]
        struct Kind {
            models: Option<IgnoredAny>,
            identity: Option<IgnoredAny>,
            scores: Option<IgnoredAny>,
        }
        let text = fs::read(path).map_err(|source| GateError::Read {
            what: "baseline",
            path: path.to_path_buf(),
            source,
        })?;
        let json = |source| GateError::Json {
            path: path.to_path_buf(),
            source,
        };
        let other = |what| GateError::NotBaseline {
            path: path.to_path_buf(),
            what,
        };
        if !text.trim_ascii_start().starts_with(b"{") {
            return Err(other("it is not a JSON object"));
        }
        match serde_json::from_slice(&text).map_err(json)? {
            Kind {
                models: Some(_), ..
            } => {}
            Kind {
                identity: Some(_), ..
            } => return Err(other("it is the manifest of a run")),
            Kind {
                scores: Some(_), ..
            } => return Err(other("it holds the scores of a run")),
            _ => return Err(other("it has no `models`")),
        }
        // The version first: a later format may have other fields, and that is the better message.
        let version: Version = serde_json::from_slice(&text).map_err(json)?;
        if version.format != u64::from(FORMAT) {
            return Err(GateError::Format {
                path: path.to_path_buf(),
                found: version.format,
                supported: FORMAT,
            });
        }
        let baseline: Self = serde_json::from_slice(&text).map_err(json)?;
        baseline.check().map_err(|what| GateError::Damaged {
            path: path.to_path_buf(),
            what,
        })?;
        Ok(baseline)
    }

    /// Writes the baseline so that it is either whole under its name or not there.
    ///
    /// # Errors
    /// [`GateError::Write`].
    pub fn write(&self, path: &Path) -> Result<(), GateError> {
        Ok(write_durably(path, self.to_text().as_bytes())?)
    }

    /// The bytes of the file.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        let _ = writeln!(
            text,
            "{{\n\"format\": {},\n\"program\": {},",
            self.format,
            json(&self.program)
        );
        let commands: Vec<String> = self.commands.iter().map(json).collect();
        let _ = writeln!(text, "\"commands\": [\n{}\n],", commands.join(",\n"));
        let signatures: Vec<String> = self
            .signatures
            .iter()
            .map(|(name, signature)| format!("{}: {}", json(name), json(signature)))
            .collect();
        let _ = writeln!(text, "\"signatures\": {{\n{}\n}},", signatures.join(",\n"));
        let models: Vec<String> = self.models.iter().map(BaselineModel::to_text).collect();
        let _ = writeln!(text, "\"models\": [\n{}\n]\n}}", models.join(",\n"));
        text
    }

    /// The full signature, without counts, of a score.
    #[must_use]
    pub fn signature(&self, score: &BaselineScore) -> &str {
        self.signatures
            .get(&score.signature)
            .map_or("", String::as_str)
    }

    /// The run of a model.
    #[must_use]
    pub fn model(&self, model: &str) -> Option<&BaselineModel> {
        self.models.iter().find(|it| it.model == model)
    }

    /// What contradicts itself.
    fn check(&self) -> Result<(), String> {
        let mut models = BTreeSet::new();
        for model in &self.models {
            let name = &model.model;
            if !models.insert(name) {
                return Err(format!("model {name:?} is listed twice"));
            }
            let mut keys = BTreeSet::new();
            for score in &model.scores {
                let (metric, slice) = (&score.metric, &score.slice);
                let here = format!("{name:?} {metric:?} {slice:?}");
                if !keys.insert((metric, slice)) {
                    return Err(format!("{here} is listed twice"));
                }
                if !self.signatures.contains_key(&score.signature) {
                    return Err(format!(
                        "{here} has the signature {:?}, which is not in the file",
                        score.signature
                    ));
                }
                if score.n > score.planned {
                    return Err(format!(
                        "{here} has {} of {} frames",
                        score.n, score.planned
                    ));
                }
                let width = score.sums.first().map_or(0, Vec::len);
                let usable = |row: &Vec<f64>| {
                    row.len() == width && width > 0 && row.iter().all(|sum| sum.is_finite())
                };
                let whole = score.sums.is_empty() || score.sums.len() == model.stories.len();
                if !whole || !score.sums.iter().all(usable) {
                    return Err(format!("the sums of {here} are not one row per story"));
                }
                let finite = |value: &Option<f64>| value.is_none_or(f64::is_finite);
                if score.without.len() > model.stories.len() || !score.without.iter().all(finite) {
                    return Err(format!(
                        "the values of {here} without each story are more than its stories, or no numbers"
                    ));
                }
            }
        }
        Ok(())
    }
}

impl BaselineScore {
    /// The sums of every story, where they are kept.
    pub(super) fn cluster_sums(&self) -> Option<ClusterSums> {
        let mut sums = ClusterSums::new(0, self.sums.first()?.len());
        for (story, row) in self.sums.iter().enumerate() {
            sums.add(story, row);
        }
        Some(sums)
    }
}

impl BaselineModel {
    fn to_text(&self) -> String {
        let scores: Vec<String> = self.scores.iter().map(json).collect();
        format!(
            "{{\n\"model\": {},\n\"protocol\": {},\n\"identity\": {},\n\"stories\": {},\n\"scores\": [\n{}\n]\n}}",
            json(&self.model),
            json(&self.protocol),
            json(&self.identity),
            json(&self.stories),
            scores.join(",\n")
        )
    }

    /// A score.
    #[must_use]
    pub fn score(&self, metric: &str, slice: &str) -> Option<&BaselineScore> {
        self.scores
            .iter()
            .find(|score| score.metric == metric && score.slice == slice)
    }
}

/// Plain data with text keys, which always has a JSON form.
fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned())
}

/// Slices of many frames of most stories. Single positions and characters, of one or two frames per story, would
/// make up most of the file.
fn keeps_parts(slice: &str) -> bool {
    matches!(slice.parse(), Ok(Slice::All | Slice::Pronoun(_)))
}
