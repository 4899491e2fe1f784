//! A graph of a template with weights put in: the bytes of ONNX's protobuf, without a copy of the weights in memory.
//!
//! Where the exporter keeps weights inside the file, the template's initialiser lacks its field `raw_data`, which is put in
//! here; everything around it keeps its bytes, but for the lengths. Where it keeps them beside the file, the template says
//! in which file, and where.

use std::ops::Range;

/// Field numbers of `onnx.proto`.
const MODEL_GRAPH: u64 = 7;
const GRAPH_INITIALIZER: u64 = 5;
const TENSOR_DIMS: u64 = 1;
const TENSOR_TYPE: u64 = 2;
const TENSOR_NAME: u64 = 8;
const TENSOR_RAW: u64 = 9;
const TENSOR_EXTERNAL: u64 = 13;
const FLOAT: u64 = 1;
/// Bytes of a number in single precision.
const WIDTH: u64 = 4;

/// A part of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// These bytes.
    Bytes(Vec<u8>),
    /// The numbers of an initialiser.
    Weight {
        /// Its name.
        name: String,
        /// How many.
        count: u64,
    },
}

/// An initialiser whose numbers are in another file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Beside {
    /// Its name.
    pub(super) name: String,
    /// The file, beside the graph.
    pub(super) file: String,
    /// Its first byte.
    pub(super) offset: u64,
    /// What is there.
    pub(super) content: Content,
}

/// What is in another file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// So many numbers of a weight.
    Weight(u64),
    /// These bytes, which the template has inside its graph.
    Constant(Vec<u8>),
}

/// What a graph's files consist of.
#[derive(Debug, Default)]
pub(super) struct Parts {
    /// The graph.
    pub(super) pieces: Vec<Piece>,
    /// What is in other files, in the order of these files and of their bytes.
    pub(super) beside: Vec<Beside>,
}

impl Parts {
    /// How many weights there are.
    pub(super) fn weights(&self) -> usize {
        let inside = self
            .pieces
            .iter()
            .filter(|it| matches!(it, Piece::Weight { .. }));
        let beside = self
            .beside
            .iter()
            .filter(|it| matches!(it.content, Content::Weight(_)));
        inside.count() + beside.count()
    }
}

/// Takes a template's graph apart. `wanted` says which initialisers are weights.
///
/// # Errors
/// What is wrong with it: a template comes with the program, so this is a bug.
pub(super) fn parts(model: &[u8], wanted: &dyn Fn(&str) -> bool) -> Result<Parts, String> {
    let mut found = Parts::default();
    for field in fields(model)? {
        if field.number != MODEL_GRAPH {
            bytes(&mut found.pieces, &model[field.whole]);
            continue;
        }
        let graph = &model[field.value];
        let mut inner = Vec::new();
        for field in fields(graph)? {
            if field.number != GRAPH_INITIALIZER {
                bytes(&mut inner, &graph[field.whole]);
                continue;
            }
            let tensor = &graph[field.value];
            let seen = Tensor::read(tensor)?;
            match (wanted(&seen.name), &seen.beside) {
                (true, None) => nested(&mut inner, GRAPH_INITIALIZER, seen.filled(tensor)?),
                (false, None) => bytes(&mut inner, &graph[field.whole]),
                (weight, Some((file, offset))) => {
                    let content = match (weight, &seen.raw) {
                        (true, None) => Content::Weight(seen.count),
                        (false, Some(raw)) => {
                            Content::Constant(tensor[raw.start..raw.end].to_vec())
                        }
                        _ => return Err(format!("{} has no numbers, or no rule", seen.name)),
                    };
                    nested(&mut inner, GRAPH_INITIALIZER, without_numbers(tensor)?);
                    found.beside.push(Beside {
                        name: seen.name.clone(),
                        file: file.clone(),
                        offset: *offset,
                        content,
                    });
                }
            }
        }
        nested(&mut found.pieces, MODEL_GRAPH, inner);
    }
    found
        .beside
        .sort_by(|a, b| (&a.file, a.offset).cmp(&(&b.file, b.offset)));
    Ok(found)
}

/// What is known of an initialiser.
struct Tensor {
    name: String,
    count: u64,
    /// The file that the numbers are in, and the first byte.
    beside: Option<(String, u64)>,
    /// The numbers that are here, without key and length.
    raw: Option<Range<usize>>,
    /// Where the numbers go: before the first field with a higher number.
    place: usize,
}

impl Tensor {
    fn read(tensor: &[u8]) -> Result<Self, String> {
        let mut seen = Self {
            name: String::new(),
            count: 1,
            beside: None,
            raw: None,
            place: tensor.len(),
        };
        let mut external = Vec::new();
        let mut kind = 0;
        for field in fields(tensor)? {
            let value = &tensor[field.value.clone()];
            match field.number {
                TENSOR_DIMS => seen.count *= sides(value, field.packed)?,
                TENSOR_TYPE => kind = varint(value)?.0,
                TENSOR_NAME => seen.name = text(value)?,
                TENSOR_RAW => seen.raw = Some(field.value.clone()),
                TENSOR_EXTERNAL => external.push(entry(value)?),
                _ => {}
            }
            if field.number > TENSOR_RAW {
                seen.place = seen.place.min(field.whole.start);
            }
        }
        if !external.is_empty() {
            let get = |key: &str| {
                let found = external.iter().find(|(name, _)| name == key);
                found
                    .map(|(_, value)| value.clone())
                    .ok_or_else(|| format!("{} lacks {key}", seen.name))
            };
            let offset = get("offset")?
                .parse()
                .map_err(|_| "an offset is no number")?;
            seen.beside = Some((get("location")?, offset));
        }
        if kind != FLOAT && seen.raw.is_none() && seen.beside.is_some() {
            return Err(format!("{} is no initialiser of floats", seen.name));
        }
        Ok(seen)
    }

    fn filled(&self, tensor: &[u8]) -> Result<Vec<Piece>, String> {
        let (before, after) = tensor.split_at(self.place);
        let size = self
            .count
            .checked_mul(WIDTH)
            .ok_or("a weight is too large")?;
        let mut pieces = Vec::new();
        let mut head = before.to_vec();
        key(&mut head, TENSOR_RAW);
        number(&mut head, size);
        bytes(&mut pieces, &head);
        pieces.push(Piece::Weight {
            name: self.name.clone(),
            count: self.count,
        });
        bytes(&mut pieces, after);
        Ok(pieces)
    }
}

/// A tensor as it is where its numbers are beside the graph.
fn without_numbers(tensor: &[u8]) -> Result<Vec<Piece>, String> {
    let mut pieces = Vec::new();
    for field in fields(tensor)?
        .into_iter()
        .filter(|it| it.number != TENSOR_RAW)
    {
        bytes(&mut pieces, &tensor[field.whole]);
    }
    Ok(pieces)
}

/// A field of a message.
struct Field {
    number: u64,
    /// With its key and length.
    whole: Range<usize>,
    value: Range<usize>,
    /// Whether it has a length.
    packed: bool,
}

fn fields(message: &[u8]) -> Result<Vec<Field>, String> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < message.len() {
        let start = at;
        let (key, used) = varint(&message[at..])?;
        at += used;
        let (skip, size) = match key & 7 {
            0 => (0, varint(&message[at..])?.1),
            1 => (0, 8),
            2 => {
                let (size, used) = varint(&message[at..])?;
                (
                    used,
                    usize::try_from(size).map_err(|_| "a field is too long")?,
                )
            }
            5 => (0, 4),
            _ => return Err("a field is of no known kind".to_owned()),
        };
        let value = at + skip..at.saturating_add(skip).saturating_add(size);
        if value.end > message.len() {
            return Err("a field is cut off".to_owned());
        }
        at = value.end;
        found.push(Field {
            number: key >> 3,
            whole: start..at,
            value,
            packed: key & 7 == 2,
        });
    }
    Ok(found)
}

fn varint(bytes: &[u8]) -> Result<(u64, usize), String> {
    let mut rest = bytes;
    let value = prost::encoding::decode_varint(&mut rest).map_err(|error| error.to_string())?;
    Ok((value, bytes.len() - rest.len()))
}

/// The product of one side, or of several in one field.
fn sides(mut value: &[u8], packed: bool) -> Result<u64, String> {
    let mut product = 1_u64;
    while !value.is_empty() {
        let (side, used) = varint(value)?;
        product = product.checked_mul(side).ok_or("a shape is too large")?;
        value = &value[used..];
        if !packed {
            break;
        }
    }
    Ok(product)
}

fn entry(message: &[u8]) -> Result<(String, String), String> {
    let mut found = (String::new(), String::new());
    for field in fields(message)? {
        let value = text(&message[field.value])?;
        match field.number {
            1 => found.0 = value,
            _ => found.1 = value,
        }
    }
    Ok(found)
}

fn text(value: &[u8]) -> Result<String, String> {
    String::from_utf8(value.to_vec()).map_err(|_| "a name is no text".to_owned())
}

fn key(out: &mut Vec<u8>, field: u64) {
    number(out, field << 3 | 2);
}

fn number(out: &mut Vec<u8>, value: u64) {
    prost::encoding::encode_varint(value, out);
}

fn bytes(pieces: &mut Vec<Piece>, more: &[u8]) {
    match pieces.last_mut() {
        Some(Piece::Bytes(last)) => last.extend_from_slice(more),
        _ => pieces.push(Piece::Bytes(more.to_vec())),
    }
}

fn nested(pieces: &mut Vec<Piece>, field: u64, inner: Vec<Piece>) {
    let size = inner.iter().map(|piece| match piece {
        Piece::Bytes(bytes) => bytes.len() as u64,
        Piece::Weight { count, .. } => count * WIDTH,
    });
    let mut head = Vec::new();
    key(&mut head, field);
    number(&mut head, size.sum());
    bytes(pieces, &head);
    for piece in inner {
        match piece {
            Piece::Bytes(more) => bytes(pieces, &more),
            weight @ Piece::Weight { .. } => pieces.push(weight),
        }
    }
}

#[cfg(test)]
#[path = "graph_tests.rs"]
mod tests;
