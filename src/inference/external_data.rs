//! The files that an ONNX graph keeps its weights in.
//!
//! ONNX files are limited to 2 GB, so large graphs name other files. ONNX Runtime opens whatever is
//! named; a bundle's hashes would say nothing of a file that is not in `[files]`.

use prost::Message;
use std::collections::BTreeSet;

/// Of ONNX's `ModelProto`, what leads to tensors. Field numbers are those of `onnx.proto`.
#[derive(Message)]
struct Model {
    #[prost(message, optional, tag = "7")]
    graph: Option<Graph>,
    #[prost(message, repeated, tag = "25")]
    functions: Vec<Function>,
}

#[derive(Message)]
struct Graph {
    #[prost(message, repeated, tag = "1")]
    nodes: Vec<Node>,
    #[prost(message, repeated, tag = "5")]
    initializers: Vec<Tensor>,
    #[prost(message, repeated, tag = "15")]
    sparse_initializers: Vec<SparseTensor>,
}

#[derive(Message)]
struct Function {
    #[prost(message, repeated, tag = "7")]
    nodes: Vec<Node>,
}

#[derive(Message)]
struct Node {
    #[prost(message, repeated, tag = "5")]
    attributes: Vec<Attribute>,
}

#[derive(Message)]
struct Attribute {
    #[prost(message, optional, tag = "5")]
    tensor: Option<Tensor>,
    #[prost(message, optional, tag = "6")]
    graph: Option<Graph>,
    #[prost(message, repeated, tag = "10")]
    tensors: Vec<Tensor>,
    #[prost(message, repeated, tag = "11")]
    graphs: Vec<Graph>,
    #[prost(message, optional, tag = "22")]
    sparse_tensor: Option<SparseTensor>,
    #[prost(message, repeated, tag = "23")]
    sparse_tensors: Vec<SparseTensor>,
}

#[derive(Message)]
struct SparseTensor {
    #[prost(message, optional, tag = "1")]
    values: Option<Tensor>,
    #[prost(message, optional, tag = "2")]
    indices: Option<Tensor>,
}

#[derive(Message)]
struct Tensor {
    #[prost(message, repeated, tag = "13")]
    external_data: Vec<Entry>,
}

#[derive(Message)]
struct Entry {
    #[prost(string, tag = "1")]
    key: String,
    #[prost(string, tag = "2")]
    value: String,
}

/// The locations of external data that a graph names, relative to its own folder.
///
/// # Errors
/// Bytes that are no ONNX model.
pub(super) fn locations(model: &[u8]) -> Result<BTreeSet<String>, prost::DecodeError> {
    let model = Model::decode(model)?;
    let mut found = BTreeSet::new();
    if let Some(graph) = &model.graph {
        of_graph(graph, &mut found);
    }
    for function in &model.functions {
        of_nodes(&function.nodes, &mut found);
    }
    Ok(found)
}

fn of_graph(graph: &Graph, found: &mut BTreeSet<String>) {
    for tensor in &graph.initializers {
        of_tensor(tensor, found);
    }
    for tensor in &graph.sparse_initializers {
        of_sparse(tensor, found);
    }
    of_nodes(&graph.nodes, found);
}

fn of_nodes(nodes: &[Node], found: &mut BTreeSet<String>) {
    for attribute in nodes.iter().flat_map(|node| &node.attributes) {
        for tensor in attribute.tensor.iter().chain(&attribute.tensors) {
            of_tensor(tensor, found);
        }
        for tensor in attribute
            .sparse_tensor
            .iter()
            .chain(&attribute.sparse_tensors)
        {
            of_sparse(tensor, found);
        }
        for graph in attribute.graph.iter().chain(&attribute.graphs) {
            of_graph(graph, found);
        }
    }
}

fn of_sparse(tensor: &SparseTensor, found: &mut BTreeSet<String>) {
    for tensor in tensor.values.iter().chain(&tensor.indices) {
        of_tensor(tensor, found);
    }
}

fn of_tensor(tensor: &Tensor, found: &mut BTreeSet<String>) {
    let locations = tensor
        .external_data
        .iter()
        .filter(|entry| entry.key == "location");
    found.extend(locations.map(|entry| entry.value.clone()));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensor(location: &str) -> Tensor {
        let entry = |key: &str, value: &str| Entry {
            key: key.to_owned(),
            value: value.to_owned(),
        };
        Tensor {
            external_data: vec![entry("location", location), entry("offset", "0")],
        }
    }

    #[test]
    fn weights_are_found_wherever_a_model_may_have_them() {
        let constant = |location: &str| Node {
            attributes: vec![Attribute {
                tensor: Some(tensor(location)),
                tensors: vec![tensor(&format!("{location}-list"))],
                ..Attribute::default()
            }],
        };
        let inner = Graph {
            nodes: vec![constant("branch")],
            ..Graph::default()
        };
        let model = Model {
            graph: Some(Graph {
                nodes: vec![Node {
                    attributes: vec![Attribute {
                        graph: Some(inner),
                        sparse_tensor: Some(SparseTensor {
                            values: Some(tensor("sparse")),
                            indices: None,
                        }),
                        ..Attribute::default()
                    }],
                }],
                initializers: vec![tensor("weights"), tensor("weights"), Tensor::default()],
                sparse_initializers: Vec::new(),
            }),
            functions: vec![Function {
                nodes: vec![constant("function")],
            }],
        };
        let found = locations(&model.encode_to_vec()).unwrap();
        let wanted = [
            "branch",
            "branch-list",
            "function",
            "function-list",
            "sparse",
            "weights",
        ];
        assert_eq!(found.into_iter().collect::<Vec<_>>(), wanted);
    }

    #[test]
    fn what_is_no_model_is_said_to_be_none() {
        assert!(locations(b"no model at all").is_err());
        // Graphs in graphs without end: refused before the stack is used up. Each round is a graph with a node
        // with an attribute with the graph before.
        let mut bytes = Vec::new();
        for tag in [0x32, 0x2a, 0x0a].into_iter().cycle().take(3_000) {
            let mut outer = vec![tag];
            prost::encode_length_delimiter(bytes.len(), &mut outer).unwrap();
            outer.extend(&bytes);
            bytes = outer;
        }
        let mut model = vec![0x3a];
        prost::encode_length_delimiter(bytes.len(), &mut model).unwrap();
        model.extend(&bytes);
        let error = locations(&model).unwrap_err().to_string();
        assert!(error.contains("recursion"), "{error}");
    }
}
