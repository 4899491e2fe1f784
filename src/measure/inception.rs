//! Inception Score of images or logits.

use super::images::UNSEEN;
use super::matrix::one;
use super::preset::name_of;
use super::sets::{Features, logits_of, size};
use super::{Answer, FeatureNetwork, Host, Measure, MeasureError};
use crate::metric::{InceptionScoreOptions, inception_score};
use crate::record::Signature;
use clap::ValueEnum;
use std::path::PathBuf;

/// Whose rules of splitting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum IsRule {
    /// Permuted with a seed, even splits, spread with ddof 0
    #[default]
    TorchFidelity,
    /// Chunks in the order of the images, spread with ddof 1
    Torchmetrics,
}

/// Asks for the Inception Score.
#[derive(Clone, Debug)]
pub struct IsRequest {
    /// A folder of images, or an `.npy` file of logits.
    pub set: PathBuf,
    /// Number of splits.
    pub splits: usize,
    /// Seed of the permutation, where the rule has one.
    pub seed: u32,
    /// Whose rules.
    pub rule: IsRule,
    /// The network, for a folder.
    pub network: FeatureNetwork,
}

impl IsRequest {
    /// As torch-fidelity has it.
    #[must_use]
    pub fn new(set: impl Into<PathBuf>) -> Self {
        Self {
            set: set.into(),
            splits: 10,
            seed: 2020,
            rule: IsRule::default(),
            network: FeatureNetwork::default(),
        }
    }

    fn options(&self) -> InceptionScoreOptions {
        let preset = match self.rule {
            IsRule::TorchFidelity => InceptionScoreOptions::TORCH_FIDELITY,
            IsRule::Torchmetrics => InceptionScoreOptions::TORCHMETRICS,
        };
        InceptionScoreOptions {
            splits: self.splits,
            seed: preset.seed.map(|_| self.seed),
            ..preset
        }
    }

    fn signed(&self, answer: Answer, origin: &str) -> Answer {
        let seed = self.options().seed;
        let seed = seed.map_or("none".to_owned(), |seed| seed.to_string());
        let parts = Signature::of("is")
            .with("input", origin)
            .with("preset", name_of(&self.network.preset))
            .with("splits", self.splits)
            .with("rule", name_of(&self.rule))
            .with("seed", seed);
        let fewer = match answer.n {
            Some(n) if n > 0 && n < self.splits => {
                format!("; for these, `--splits {n}` is the most")
            }
            _ => String::new(),
        };
        let n = answer.n;
        answer.signed(parts, "none", &[n]).hinted(format!(
            "give finite logits, and at most as many `--splits` as images{fewer}"
        ))
    }
}

impl Measure for IsRequest {
    fn measure(&self, host: &dyn Host) -> Result<Answer, MeasureError> {
        let options = self.options();
        if self.set.is_dir()
            && let Some(n) = size(&self.set)?
            && let Err(reason) = options.fit(n)
        {
            return Ok(self.signed(Answer::of("is", n).without(reason), UNSEEN));
        }
        Ok(self.of_logits(logits_of(&self.set, &self.network, host)?))
    }
}

impl IsRequest {
    /// The answer of logits that were read.
    pub(super) fn of_logits(&self, logits: Features) -> Answer {
        let options = self.options();
        let mut answer = Answer::of("is", logits.numbers.dim().0);
        answer.warnings = logits.warnings;
        match one!(&logits.numbers, |set| inception_score(&set, &options)) {
            Err(reason) => answer = answer.without(reason),
            Ok(found) => {
                answer.value = Some(found.mean);
                answer.detail("std", found.std);
                answer.detail("splits", found.splits);
            }
        }
        self.signed(answer, &logits.origin)
    }
}
