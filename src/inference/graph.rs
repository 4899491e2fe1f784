//! A loaded graph: its signature, checked when it is loaded, and running it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ndarray::{ArrayD, ArrayViewD, CowArray, IxDyn};
use ort::session::{Session, SessionInputValue};
use ort::value::{Outlet, TensorElementType, TensorRef, ValueType};

use super::InferenceError;
use super::error::PortFault;
use super::memory::Memory;

/// Element types that graphs speak. Half-precision graphs take and give `f32` and cast inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::Display)]
#[strum(serialize_all = "kebab-case")]
pub enum Element {
    /// 32-bit float.
    F32,
    /// 64-bit signed integer.
    I64,
}

impl Element {
    fn as_ort(self) -> TensorElementType {
        match self {
            Self::F32 => TensorElementType::Float32,
            Self::I64 => TensorElementType::Int64,
        }
    }
}

/// One input or output as the caller expects it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// Its name in the graph.
    pub name: String,
    /// Its element type; outputs are always `F32`.
    pub kind: Element,
    /// Its shape; `None` is any size.
    pub shape: Vec<Option<usize>>,
}

impl Port {
    /// A port of `f32`.
    pub fn f32(name: impl Into<String>, shape: impl Into<Vec<Option<usize>>>) -> Self {
        Self {
            name: name.into(),
            kind: Element::F32,
            shape: shape.into(),
        }
    }

    /// A port of `i64`.
    pub fn i64(name: impl Into<String>, shape: impl Into<Vec<Option<usize>>>) -> Self {
        Self {
            name: name.into(),
            kind: Element::I64,
            shape: shape.into(),
        }
    }
}

/// What a graph is called, takes and gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GraphSignature {
    /// Name of the graph, for messages.
    pub name: &'static str,
    /// All its inputs, in any order.
    pub inputs: Vec<Port>,
    /// The outputs that are wanted, in the order [`Graph::run`] gives them. A graph may have more.
    pub outputs: Vec<Port>,
}

/// A tensor that is fed without a copy (a view that is not in row-major order is copied).
#[derive(Clone, Debug)]
pub enum Input<'a> {
    /// 32-bit floats.
    F32(ArrayViewD<'a, f32>),
    /// 64-bit integers.
    I64(ArrayViewD<'a, i64>),
}

impl Input<'_> {
    fn kind(&self) -> Element {
        match self {
            Self::F32(_) => Element::F32,
            Self::I64(_) => Element::I64,
        }
    }

    fn shape(&self) -> &[usize] {
        match self {
            Self::F32(view) => view.shape(),
            Self::I64(view) => view.shape(),
        }
    }
}

/// A row-major tensor that lives as long as the run.
enum Fed<'a> {
    F32(CowArray<'a, f32, IxDyn>),
    I64(CowArray<'a, i64, IxDyn>),
}

/// A graph that is ready to run.
#[derive(Debug)]
pub struct Graph {
    session: Session,
    memory: Memory,
    path: PathBuf,
    name: &'static str,
    /// With every dimension that is fixed in the file or in the signature.
    inputs: Vec<Port>,
    outputs: Vec<Port>,
}

impl Graph {
    pub(super) fn new(
        session: Session,
        memory: Memory,
        path: &Path,
        signature: &GraphSignature,
    ) -> Result<Self, InferenceError> {
        let ports = check(session.inputs(), session.outputs(), signature);
        let (inputs, outputs) = ports.map_err(|fault| InferenceError::Signature {
            graph: signature.name,
            path: path.to_owned(),
            fault: Box::new(fault),
        })?;
        Ok(Self {
            session,
            memory,
            path: path.to_owned(),
            name: signature.name,
            inputs,
            outputs,
        })
    }

    /// The graph's name, as in its signature.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The file it was loaded from.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Shape of an input, as far as the file or the signature fixes it.
    #[must_use]
    pub fn input_shape(&self, name: &str) -> Option<&[Option<usize>]> {
        let port = self.inputs.iter().find(|port| port.name == name)?;
        Some(&port.shape)
    }

    /// Shape of an output, as far as the file or the signature fixes it.
    #[must_use]
    pub fn output_shape(&self, name: &str) -> Option<&[Option<usize>]> {
        let port = self.outputs.iter().find(|port| port.name == name)?;
        Some(&port.shape)
    }

    /// The names of the outputs, in the order in which [`Graph::run`] gives them.
    pub(super) fn output_names(&self) -> impl Iterator<Item = &str> {
        self.outputs.iter().map(|port| port.name.as_str())
    }

    pub(super) fn session(&self) -> &Session {
        &self.session
    }

    pub(super) fn memory(&self) -> Memory {
        self.memory
    }

    pub(super) fn session_mut(&mut self) -> &mut Session {
        &mut self.session
    }

    /// Puts graph and path to what the runtime says.
    pub(super) fn failed(&self) -> impl Fn(ort::Error) -> InferenceError + use<> {
        let (graph, path) = (self.name, self.path.clone());
        move |source| InferenceError::Run {
            graph,
            path: path.clone(),
            source,
        }
    }

    /// Takes one more output where the file has it: [`Graph::run`] gives it after the others. Returns its
    /// shape, or `None` where the file has no output of that name.
    ///
    /// # Errors
    /// [`InferenceError::Signature`] for an output of that name with another element type or shape.
    pub fn want(&mut self, port: &Port) -> Result<Option<Vec<Option<usize>>>, InferenceError> {
        let outlets = self.session.outputs();
        if !outlets.iter().any(|outlet| outlet.name() == port.name) {
            return Ok(None);
        }
        let ports = check_side("output", outlets, std::slice::from_ref(port));
        let ports = ports.map_err(|fault| InferenceError::Signature {
            graph: self.name,
            path: self.path.clone(),
            fault: Box::new(fault),
        })?;
        let shape = ports.iter().map(|port| port.shape.clone()).next();
        self.outputs.extend(ports);
        Ok(shape)
    }

    /// Runs the graph on one tensor for each input of the signature, in any order, and gives the
    /// outputs in the signature's order.
    ///
    /// # Errors
    /// [`InferenceError::Tensors`] where names, element types or shapes are not those of the signature,
    /// [`InferenceError::Run`] where the runtime fails (dimensions that do not fit each other, memory).
    pub fn run(
        &mut self,
        inputs: &[(&str, Input<'_>)],
    ) -> Result<Vec<ArrayD<f32>>, InferenceError> {
        let (graph, path) = (self.name, &self.path);
        let tensors = |fault| InferenceError::Tensors {
            graph,
            path: path.clone(),
            fault: Box::new(fault),
        };
        let failed = self.failed();
        check_fed(&self.inputs, inputs).map_err(tensors)?;
        let fed: Vec<(&str, Fed<'_>)> = inputs
            .iter()
            .map(|(name, input)| {
                let fed = match input {
                    Input::F32(view) => Fed::F32(view.as_standard_layout()),
                    Input::I64(view) => Fed::I64(view.as_standard_layout()),
                };
                (*name, fed)
            })
            .collect();
        let mut values: Vec<(Cow<'_, str>, SessionInputValue<'_>)> = Vec::with_capacity(fed.len());
        for (name, tensor) in &fed {
            let value = match tensor {
                Fed::F32(array) => TensorRef::from_array_view(array.view()).map(Into::into),
                Fed::I64(array) => TensorRef::from_array_view(array.view()).map(Into::into),
            };
            values.push((Cow::Borrowed(*name), value.map_err(&failed)?));
        }
        let options = self.memory.options().map_err(&failed)?;
        let results = self
            .session
            .run_with_options(values, &options)
            .inspect_err(|error| self.memory.note(error))
            .map_err(&failed)?;
        let mut outputs = Vec::with_capacity(self.outputs.len());
        for port in &self.outputs {
            let array = results[port.name.as_str()]
                .try_extract_array::<f32>()
                .map_err(&failed)?;
            if !fits(&port.shape, array.shape()) {
                return Err(tensors(PortFault::Shape {
                    side: "output",
                    port: port.name.clone(),
                    expected: shape_text(&port.shape),
                    found: format!("{:?}", array.shape()),
                }));
            }
            outputs.push(array.to_owned());
        }
        Ok(outputs)
    }
}

fn check_fed(ports: &[Port], inputs: &[(&str, Input<'_>)]) -> Result<(), PortFault> {
    let mut given = BTreeMap::new();
    for (name, input) in inputs {
        if given.insert(*name, input).is_some() {
            return Err(PortFault::Twice {
                port: (*name).to_owned(),
            });
        }
    }
    for port in ports {
        let Some(input) = given.remove(port.name.as_str()) else {
            return Err(PortFault::Missing {
                side: "input",
                port: port.name.clone(),
                found: inputs.iter().map(|(name, _)| (*name).to_owned()).collect(),
            });
        };
        if input.kind() != port.kind {
            return Err(PortFault::Element {
                side: "input",
                port: port.name.clone(),
                expected: port.kind,
                found: input.kind().to_string(),
            });
        }
        if !fits(&port.shape, input.shape()) {
            return Err(PortFault::Shape {
                side: "input",
                port: port.name.clone(),
                expected: shape_text(&port.shape),
                found: format!("{:?}", input.shape()),
            });
        }
    }
    match given.keys().next() {
        None => Ok(()),
        Some(surplus) => Err(PortFault::Unexpected {
            port: (*surplus).to_owned(),
            expected: ports.iter().map(|port| port.name.clone()).collect(),
        }),
    }
}

fn fits(expected: &[Option<usize>], found: &[usize]) -> bool {
    expected.len() == found.len()
        && expected
            .iter()
            .zip(found)
            .all(|(want, have)| want.is_none_or(|want| want == *have))
}

/// Checks a file's ports against a signature and gives the ports with all that is fixed on either side.
fn check(
    inputs: &[Outlet],
    outputs: &[Outlet],
    signature: &GraphSignature,
) -> Result<(Vec<Port>, Vec<Port>), PortFault> {
    let taken = check_side("input", inputs, &signature.inputs)?;
    let given = check_side("output", outputs, &signature.outputs)?;
    let known = |outlet: &&Outlet| !signature.inputs.iter().any(|it| it.name == outlet.name());
    if let Some(surplus) = inputs.iter().find(known) {
        return Err(PortFault::Unexpected {
            port: surplus.name().to_owned(),
            expected: signature.inputs.iter().map(|it| it.name.clone()).collect(),
        });
    }
    Ok((taken, given))
}

fn check_side(
    side: &'static str,
    outlets: &[Outlet],
    expected: &[Port],
) -> Result<Vec<Port>, PortFault> {
    let mut ports = Vec::with_capacity(expected.len());
    for port in expected {
        let Some(outlet) = outlets.iter().find(|it| it.name() == port.name) else {
            return Err(PortFault::Missing {
                side,
                port: port.name.clone(),
                found: outlets.iter().map(|it| it.name().to_owned()).collect(),
            });
        };
        let element = |found: String| PortFault::Element {
            side,
            port: port.name.clone(),
            expected: port.kind,
            found,
        };
        let ValueType::Tensor { ty, shape, .. } = outlet.dtype() else {
            return Err(element("no tensor".to_owned()));
        };
        if *ty != port.kind.as_ort() {
            return Err(element(ty.to_string()));
        }
        // A negative dimension is one that the file leaves open.
        let found: Vec<Option<usize>> = shape.iter().map(|it| usize::try_from(*it).ok()).collect();
        let same_rank = found.len() == port.shape.len();
        let pairs = port.shape.iter().zip(&found);
        let clash = |(want, have): (&Option<usize>, &Option<usize>)| {
            want.is_some() && have.is_some() && want != have
        };
        if !same_rank || pairs.clone().any(clash) {
            return Err(PortFault::Shape {
                side,
                port: port.name.clone(),
                expected: shape_text(&port.shape),
                found: shape_text(&found),
            });
        }
        let shape = pairs.map(|(want, have)| want.or(*have)).collect();
        ports.push(Port {
            name: port.name.clone(),
            kind: port.kind,
            shape,
        });
    }
    Ok(ports)
}

pub(super) fn shape_text(shape: &[Option<usize>]) -> String {
    let sizes: Vec<String> = shape
        .iter()
        .map(|size| size.map_or_else(|| "?".to_owned(), |size| size.to_string()))
        .collect();
    format!("[{}]", sizes.join(", "))
}

#[cfg(test)]
#[path = "graph_tests.rs"]
mod tests;
