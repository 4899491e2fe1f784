//! The inputs and outputs that an ONNX file declares, read without ONNX Runtime.

use super::PortFault;
use super::graph::{Element, GraphSignature, Port, shape_text};
use prost::Message;

#[derive(Message)]
struct Model {
    #[prost(message, optional, tag = "7")]
    graph: Option<Graph>,
}

#[derive(Message)]
struct Graph {
    #[prost(message, repeated, tag = "5")]
    initializers: Vec<Named>,
    #[prost(message, repeated, tag = "11")]
    inputs: Vec<Value>,
    #[prost(message, repeated, tag = "12")]
    outputs: Vec<Value>,
}

#[derive(Message)]
struct Named {
    #[prost(string, tag = "8")]
    name: String,
}

#[derive(Message)]
struct Value {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(message, optional, tag = "2")]
    kind: Option<Type>,
}

#[derive(Message)]
struct Type {
    #[prost(message, optional, tag = "1")]
    tensor: Option<Tensor>,
}

#[derive(Message)]
struct Tensor {
    #[prost(int32, tag = "1")]
    element: i32,
    #[prost(message, optional, tag = "2")]
    shape: Option<Shape>,
}

#[derive(Message)]
struct Shape {
    #[prost(message, repeated, tag = "1")]
    sides: Vec<Side>,
}

#[derive(Message)]
struct Side {
    #[prost(int64, optional, tag = "1")]
    value: Option<i64>,
}

/// What an ONNX file declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredPorts {
    /// Inputs that somebody has to feed.
    pub inputs: Vec<DeclaredPort>,
    /// Outputs.
    pub outputs: Vec<DeclaredPort>,
}

/// An input or output as the file declares it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredPort {
    /// Its name.
    pub name: String,
    /// ONNX's number of its element type: 1 is a 32-bit float, 7 a 64-bit integer; 0 is no tensor.
    pub element: i32,
    /// Its sides; `None` where the file leaves one open.
    pub shape: Vec<Option<usize>>,
}

impl DeclaredPorts {
    /// Reads the bytes of an ONNX file. Weights are skipped.
    ///
    /// # Errors
    /// Bytes that are no ONNX model.
    pub fn read(model: &[u8]) -> Result<Self, prost::DecodeError> {
        let graph = Model::decode(model)?.graph.unwrap_or_default();
        // Old files list weights among the inputs.
        let fed = |value: &Value| !graph.initializers.iter().any(|it| it.name == value.name);
        let (inputs, outputs) = (&graph.inputs, &graph.outputs);
        Ok(Self {
            inputs: inputs.iter().filter(|it| fed(it)).map(declared).collect(),
            outputs: outputs.iter().map(declared).collect(),
        })
    }

    /// Everything that differs from a signature.
    #[must_use]
    pub fn faults(&self, signature: &GraphSignature) -> Vec<PortFault> {
        let mut faults = Vec::new();
        for (side, found, expected) in [
            ("input", &self.inputs, &signature.inputs),
            ("output", &self.outputs, &signature.outputs),
        ] {
            faults.extend(expected.iter().filter_map(|port| fault(side, found, port)));
        }
        for port in &self.inputs {
            if !signature.inputs.iter().any(|it| it.name == port.name) {
                faults.push(PortFault::Unexpected {
                    port: port.name.clone(),
                    expected: signature.inputs.iter().map(|it| it.name.clone()).collect(),
                });
            }
        }
        faults
    }
}

fn declared(value: &Value) -> DeclaredPort {
    let tensor = value.kind.as_ref().and_then(|it| it.tensor.as_ref());
    let sides = tensor.and_then(|it| it.shape.as_ref());
    DeclaredPort {
        name: value.name.clone(),
        element: tensor.map_or(0, |it| it.element),
        shape: sides.map_or_else(Vec::new, |shape| {
            let size = |side: &Side| side.value.and_then(|it| usize::try_from(it).ok());
            shape.sides.iter().map(size).collect()
        }),
    }
}

/// What is wrong with one port.
fn fault(side: &'static str, found: &[DeclaredPort], port: &Port) -> Option<PortFault> {
    let name = port.name.clone();
    let Some(declared) = found.iter().find(|it| it.name == name) else {
        return Some(PortFault::Missing {
            side,
            port: name,
            found: found.iter().map(|it| it.name.clone()).collect(),
        });
    };
    let number = match port.kind {
        Element::F32 => 1,
        Element::I64 => 7,
    };
    if declared.element != number {
        return Some(PortFault::Element {
            side,
            port: name,
            expected: port.kind,
            found: element_name(declared.element),
        });
    }
    let clash = |(want, have): (&Option<usize>, &Option<usize>)| {
        want.is_some() && have.is_some() && want != have
    };
    let same_rank = declared.shape.len() == port.shape.len();
    let clashes = port.shape.iter().zip(&declared.shape).any(clash);
    (!same_rank || clashes).then(|| PortFault::Shape {
        side,
        port: name,
        expected: shape_text(&port.shape),
        found: shape_text(&declared.shape),
    })
}

/// ONNX's element types by number, as far as networks have them for ports.
fn element_name(number: i32) -> String {
    match number {
        0 => "no tensor".to_owned(),
        1 => "f32".to_owned(),
        2 => "u8".to_owned(),
        6 => "i32".to_owned(),
        7 => "i64".to_owned(),
        10 => "f16".to_owned(),
        11 => "f64".to_owned(),
        other => format!("elements of ONNX type {other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minisv() -> DeclaredPorts {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/reference-data/bundles/minisv-evaluators/char_classifier.onnx"
        );
        DeclaredPorts::read(&std::fs::read(path).unwrap()).unwrap()
    }

    fn signature(input: &str, outputs: usize) -> GraphSignature {
        GraphSignature {
            name: "char_classifier",
            inputs: vec![Port::f32(input, [None, Some(3), Some(64), Some(64)])],
            outputs: vec![Port::f32("logits", [None, Some(outputs)])],
        }
    }

    #[test]
    fn ports_are_those_of_the_file() {
        let found = minisv();
        assert_eq!(found.inputs.len(), 1);
        assert_eq!(found.inputs[0].name, "pixel_values");
        assert_eq!(found.inputs[0].element, 1);
        assert_eq!(found.inputs[0].shape, [None, Some(3), Some(64), Some(64)]);
        assert!(found.faults(&signature("pixel_values", 7)).is_empty());
        assert!(DeclaredPorts::read(b"no model at all").is_err());
    }

    #[test]
    fn all_faults_are_listed() {
        let faults = minisv().faults(&signature("image", 3));
        let text: Vec<String> = faults.iter().map(ToString::to_string).collect();
        assert_eq!(
            text,
            [
                "input \"image\" is missing, found pixel_values",
                "output \"logits\" has shape [?, 7], expected [?, 3]",
                "input \"pixel_values\" is not expected, expected image",
            ]
        );
    }
}
