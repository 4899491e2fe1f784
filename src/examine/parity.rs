//! What the networks gave that the graphs were made from.

use super::ExamineError;
use crate::format::{Tensor, TensorArchive};
use crate::inference::{Bundle, GraphSignature, Input};
use ndarray::{ArrayD, Zip};
use std::path::PathBuf;

/// The parity file of a bundle.
#[derive(Debug)]
pub(super) struct Cases {
    path: PathBuf,
    archive: TensorArchive,
    names: Vec<String>,
    pub(super) tolerance: f64,
}

/// Inputs of one graph, and what should come out.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) inputs: Vec<(String, Tensor)>,
    pub(super) outputs: Vec<(String, ArrayD<f32>)>,
}

impl Case {
    /// The inputs as a graph takes them.
    pub(super) fn fed(&self) -> Vec<(&str, Input<'_>)> {
        let inputs = self.inputs.iter().map(|(name, tensor)| {
            let input = match tensor {
                Tensor::F32(array) => Input::F32(array.view()),
                Tensor::I64(array) => Input::I64(array.view()),
            };
            (name.as_str(), input)
        });
        inputs.collect()
    }
}

impl Cases {
    /// Opens the file, if the bundle has one.
    pub(super) fn open(bundle: &Bundle) -> Result<Option<Self>, ExamineError> {
        let Some(parity) = &bundle.manifest().parity else {
            return Ok(None);
        };
        let path = bundle.file(&parity.file);
        let archive = TensorArchive::open(&path)?;
        Ok(Some(Self {
            names: archive.names()?,
            path,
            archive,
            tolerance: parity.tolerance,
        }))
    }

    /// The case of a graph, if there is one.
    pub(super) fn of(&mut self, signature: &GraphSignature) -> Result<Option<Case>, ExamineError> {
        let graph = signature.name;
        let inside = |side: &str| -> Vec<String> {
            let prefix = format!("{graph}/{side}/");
            self.names
                .iter()
                .filter_map(|name| Some(name.strip_prefix(&prefix)?.to_owned()))
                .collect()
        };
        let (inputs, outputs) = (inside("in"), inside("out"));
        if inputs.is_empty() && outputs.is_empty() {
            return Ok(None);
        }
        let wrong = |what: String| ExamineError::Case {
            path: self.path.clone(),
            graph,
            what,
        };
        if let Some(port) = signature
            .outputs
            .iter()
            .find(|port| !outputs.contains(&port.name))
        {
            return Err(wrong(format!("no output `{}`", port.name)));
        }
        let mut case = Case {
            inputs: Vec::with_capacity(inputs.len()),
            outputs: Vec::with_capacity(outputs.len()),
        };
        for name in inputs {
            let tensor = self.archive.read(&format!("{graph}/in/{name}"))?;
            case.inputs.push((name, tensor));
        }
        for name in outputs {
            match self.archive.read(&format!("{graph}/out/{name}"))? {
                Tensor::F32(array) => case.outputs.push((name, array)),
                Tensor::I64(_) => return Err(wrong(format!("integers as output `{name}`"))),
            }
        }
        Ok(Some(case))
    }

    /// An output of another shape than the file has.
    pub(super) fn other_shape(
        &self,
        graph: &'static str,
        name: &str,
        wanted: &[usize],
        found: &[usize],
    ) -> ExamineError {
        ExamineError::Case {
            path: self.path.clone(),
            graph,
            what: format!("an output `{name}` of shape {wanted:?}, and it gives {found:?},"),
        }
    }
}

/// Largest difference over the largest value that was wanted; where all are 0, the largest difference. The
/// shapes have to be equal.
pub(super) fn difference(found: &ArrayD<f32>, wanted: &ArrayD<f32>) -> f64 {
    let (mut apart, mut scale) = (0.0_f64, 0.0_f64);
    Zip::from(found).and(wanted).for_each(|found, wanted| {
        let (found, wanted) = (f64::from(*found), f64::from(*wanted));
        apart = apart.max((found - wanted).abs());
        scale = scale.max(wanted.abs());
    });
    if scale > 0.0 { apart / scale } else { apart }
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "the numbers are exact")]
mod tests {
    use super::*;
    use ndarray::arr1;

    #[test]
    fn differences_are_relative_to_the_largest_value() {
        let wanted = arr1(&[0.0, -4.0, 2.0]).into_dyn();
        let found = arr1(&[0.1, -4.0, 1.8]).into_dyn();
        assert!((difference(&found, &wanted) - 0.05).abs() < 1e-7);
        assert_eq!(difference(&wanted, &wanted), 0.0);
        let zeros = arr1(&[0.0, 0.0]).into_dyn();
        assert_eq!(difference(&arr1(&[0.0, 0.5]).into_dyn(), &zeros), 0.5);
    }
}
