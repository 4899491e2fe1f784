//! The numbers of an initialiser, out of a checkpoint.

use super::WeightsError;
use super::fit::Fit;
use super::template::{Rule, Rules};
use crate::format::{Checkpoint, StoredTensor};
use std::io;

/// A checkpoint that fits, with the rules of a graph.
pub(super) struct Filler<'a> {
    pub(super) checkpoint: &'a mut Checkpoint,
    pub(super) fit: &'a Fit,
    pub(super) rules: &'a Rules,
}

impl Filler<'_> {
    /// Gives the numbers of an initialiser to `take`, in pieces.
    ///
    /// # Errors
    /// [`WeightsError::Weight`] for numbers that cannot be read or are not finite, and what `take` says.
    pub(super) fn numbers(
        &mut self,
        initialiser: &str,
        take: &mut dyn FnMut(&[f32]) -> io::Result<()>,
    ) -> Result<(), WeightsError> {
        let Some(rule) = self.rules.of(initialiser) else {
            return Ok(());
        };
        let name = match rule {
            Rule::Copied(key) | Rule::Transposed(key) => key,
            Rule::FoldedWeight(prefix) | Rule::FoldedBias(prefix) => prefix,
        };
        self.by_rule(rule, take)
            .map_err(|source| WeightsError::Weight {
                path: self.checkpoint.path().to_owned(),
                name: name.to_owned(),
                source,
            })
    }

    fn by_rule(
        &mut self,
        rule: Rule<'_>,
        take: &mut dyn FnMut(&[f32]) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut take = finite(take);
        match rule {
            Rule::Copied(key) => self.checkpoint.read(weight(self.fit, key)?, &mut take),
            Rule::Transposed(key) => {
                let turned = weight(self.fit, key)?.reordered(&[1, 0]).ok_or(ABSENT)?;
                self.checkpoint.read(&turned, &mut take)
            }
            Rule::FoldedWeight(prefix) => {
                let (scale, _) = self.batch_norm(prefix)?;
                let kernel = weight(self.fit, &format!("{prefix}.conv.weight"))?;
                let each = kernel.count() / scale.len().max(1);
                let mut at = 0;
                let mut scaled = Vec::new();
                self.checkpoint.read(kernel, &mut |piece| {
                    scaled.clear();
                    let numbered = piece.iter().zip(at..);
                    scaled.extend(numbered.map(|(value, at): (_, usize)| value * scale[at / each]));
                    at += piece.len();
                    take(&scaled)
                })
            }
            Rule::FoldedBias(prefix) => {
                let (_, bias) = self.batch_norm(prefix)?;
                take(&bias)
            }
        }
    }

    /// What a batch norm multiplies with and adds, in the operations and the order of onnxscript's `_fuse_batchnorm.py`, in
    /// single precision: the same bits.
    fn batch_norm(&mut self, prefix: &str) -> io::Result<(Vec<f32>, Vec<f32>)> {
        let mut part = |name: &str| -> io::Result<Vec<f32>> {
            let tensor = weight(self.fit, &format!("{prefix}.bn.{name}"))?;
            self.checkpoint.numbers(tensor)
        };
        let (gain, shift) = (part("weight")?, part("bias")?);
        let (mean, variance) = (part("running_mean")?, part("running_var")?);
        let epsilon = self.rules.epsilon;
        let scale: Vec<f32> = gain
            .iter()
            .zip(&variance)
            .map(|(gain, variance)| gain / (variance + epsilon).sqrt())
            .collect();
        let moved = mean.iter().zip(&shift).zip(&scale);
        let bias = moved.map(|((mean, shift), scale)| (0.0 - mean) * scale + shift);
        Ok((scale.clone(), bias.collect()))
    }
}

const ABSENT: io::ErrorKind = io::ErrorKind::NotFound;

fn weight<'f>(fit: &'f Fit, key: &str) -> io::Result<&'f StoredTensor> {
    fit.weights.get(key).ok_or_else(|| ABSENT.into())
}

/// Refuses what is not finite: a network gives no number with it.
fn finite(take: &mut dyn FnMut(&[f32]) -> io::Result<()>) -> impl FnMut(&[f32]) -> io::Result<()> {
    move |piece| {
        if piece.iter().all(|value| value.is_finite()) {
            return take(piece);
        }
        let message = "it has values that are not finite in single precision";
        Err(io::Error::new(io::ErrorKind::InvalidData, message))
    }
}
