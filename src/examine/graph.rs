//! Loading, running and comparing the graphs of a bundle.

use super::ExamineError;
use super::example::example;
use super::parity::{Case, Cases, difference};
use crate::inference::{
    Bundle, Graph, GraphSignature, InferenceError, Port, Runtime, Tokenizer, Verified,
};
use crate::{evaluator, generator};
use ndarray::ArrayD;
use serde::Serialize;
use std::time::Instant;

/// What was seen of a graph.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Examined {
    /// Name of the graph.
    pub graph: &'static str,
    /// Its file, relative to the bundle.
    pub file: String,
    /// Bytes of the file and of the files that it keeps weights in.
    pub bytes: u64,
    /// Shape of each output of the pass, by name.
    pub outputs: Vec<(String, Vec<usize>)>,
    /// Seconds of the pass.
    pub seconds: f64,
    /// Largest difference from what the bundle says should come out, relative to the largest value; `None`
    /// where the bundle says nothing of the graph.
    pub difference: Option<f64>,
}

/// Loads and runs every graph that the program would use of a bundle, in the order in which it uses them, and opens
/// its tokenisers. `verified` is what [`Bundle::verify`] said; `seen` gets each graph when it is done.
///
/// # Errors
/// [`ExamineError`] for the first thing that is wrong.
pub fn examine(
    runtime: &Runtime,
    bundle: &Bundle,
    verified: &Verified,
    seen: &mut dyn FnMut(&Examined),
) -> Result<Vec<Examined>, ExamineError> {
    let manifest = bundle.manifest();
    for tokenizer in manifest.tokenizers() {
        Tokenizer::open(&bundle.file(tokenizer))?;
    }
    let mut signatures = generator::signatures::of_bundle(bundle)?;
    signatures.extend(evaluator::signatures(manifest)?);
    let mut cases = Cases::open(bundle)?;
    let mut all = Vec::with_capacity(signatures.len());
    for signature in &signatures {
        let examined = one(runtime, bundle, verified, signature, cases.as_mut())?;
        seen(&examined);
        all.push(examined);
    }
    Ok(all)
}

fn one(
    runtime: &Runtime,
    bundle: &Bundle,
    verified: &Verified,
    signature: &GraphSignature,
    mut cases: Option<&mut Cases>,
) -> Result<Examined, ExamineError> {
    let name = signature.name;
    let mut graph = runtime.load(&bundle.graph(name)?, signature)?;
    let case = match &mut cases {
        Some(cases) => cases.of(signature)?,
        None => None,
    };
    let case = case.unwrap_or_else(|| made_up(&graph, signature));
    let mut names: Vec<&str> = signature
        .outputs
        .iter()
        .map(|it| it.name.as_str())
        .collect();
    // Outputs that the program takes where a graph has them, such as logits beside features.
    for (output, array) in &case.outputs {
        let port = Port::f32(output, vec![None; array.ndim()]);
        if !names.contains(&output.as_str()) && graph.want(&port)?.is_some() {
            names.push(output);
        }
    }
    let begin = Instant::now();
    let outputs = graph.run(&case.fed())?;
    let seconds = begin.elapsed().as_secs_f64();
    let outputs: Vec<(&str, ArrayD<f32>)> = names.into_iter().zip(outputs).collect();
    let endless = |array: &ArrayD<f32>| array.iter().any(|value| !value.is_finite());
    if let Some((output, _)) = outputs.iter().find(|(_, array)| endless(array)) {
        return Err(ExamineError::NotFinite {
            bundle: bundle.dir().to_owned(),
            graph: name,
            output: (*output).to_owned(),
        });
    }
    let difference = match cases {
        Some(cases) => compare(bundle, name, cases, &case, &outputs)?,
        None => None,
    };
    let file = bundle.manifest().graphs[name].clone();
    Ok(Examined {
        graph: name,
        bytes: bytes(bundle, verified, &file)?,
        file,
        outputs: outputs
            .iter()
            .map(|(name, array)| ((*name).to_owned(), array.shape().to_vec()))
            .collect(),
        seconds,
        difference,
    })
}

/// Inputs for a graph of which the bundle tells no outputs.
fn made_up(graph: &Graph, signature: &GraphSignature) -> Case {
    let inputs = signature.inputs.iter().map(|port| {
        // The file may fix what the signature leaves open.
        let shape = graph.input_shape(&port.name).unwrap_or(&port.shape);
        let port = Port {
            shape: shape.to_vec(),
            ..port.clone()
        };
        let tensor = example(&port);
        (port.name, tensor)
    });
    Case {
        inputs: inputs.collect(),
        outputs: Vec::new(),
    }
}

/// The largest difference of all outputs that the case knows; `None` where it knows none.
fn compare(
    bundle: &Bundle,
    graph: &'static str,
    cases: &Cases,
    case: &Case,
    outputs: &[(&str, ArrayD<f32>)],
) -> Result<Option<f64>, ExamineError> {
    let mut largest = None;
    for (output, should) in &case.outputs {
        let Some((_, found)) = outputs.iter().find(|(name, _)| name == output) else {
            continue;
        };
        if found.shape() != should.shape() {
            return Err(cases.other_shape(graph, output, should.shape(), found.shape()));
        }
        let difference = difference(found, should);
        if difference > cases.tolerance {
            return Err(ExamineError::Parity {
                bundle: bundle.dir().to_owned(),
                graph,
                output: output.clone(),
                difference,
                tolerance: cases.tolerance,
            });
        }
        largest = Some(largest.map_or(difference, |so_far: f64| so_far.max(difference)));
    }
    Ok(largest)
}

/// Bytes of a graph with its weights.
fn bytes(bundle: &Bundle, verified: &Verified, graph: &str) -> Result<u64, InferenceError> {
    let weights = verified.weights.get(graph).into_iter().flatten();
    let files = std::iter::once(graph).chain(weights.map(String::as_str));
    let sizes = files.map(|file| {
        let path = bundle.file(file);
        match path.metadata() {
            Ok(about) => Ok(about.len()),
            Err(source) => Err(InferenceError::Read { path, source }),
        }
    });
    sizes.sum()
}
