//! What the known functions do: the few that numpy arrays, sets, ordered dicts and bytes need.

use super::super::PickleError;
use super::super::common;
use super::super::handles::Handles;
use super::super::numpy::{Array, Dtype, Objects, elements, fortran_place, without_filling};
use super::super::read::utf8;
use super::super::value::{Handle, Known, Node};
use super::Machine;
use std::io::BufRead;
use std::sync::Arc;

/// What an array is made of.
enum Data {
    Bytes(Arc<[u8]>),
    List(Handles),
}

impl<R: BufRead> Machine<R> {
    pub(super) fn global(&mut self) -> Result<(), PickleError> {
        let (module, name) = if self.code == b'c' {
            (self.reader.text_line()?, self.reader.text_line()?)
        } else {
            let name = self.pop()?;
            let module = self.pop()?;
            match (&self.nodes[module as usize], &self.nodes[name as usize]) {
                (Node::Str(module), Node::Str(name)) => (module.to_string(), name.to_string()),
                _ => return Err(self.bad_operands()),
            }
        };
        let known = match (module.as_str(), name.as_str()) {
            ("builtins" | "__builtin__", "set" | "frozenset") => Known::Set,
            // A dict that says in which order it was filled, as every dict does here.
            ("collections", "OrderedDict") => Known::Dict,
            ("builtins" | "__builtin__", "bytes" | "bytearray") => Known::Bytes,
            ("_codecs", "encode") => Known::Encode,
            ("numpy.core.multiarray" | "numpy._core.multiarray", "_reconstruct") => {
                Known::Reconstruct
            }
            ("numpy.core.multiarray" | "numpy._core.multiarray", "scalar") => Known::Scalar,
            ("numpy.core.numeric" | "numpy._core.numeric", "_frombuffer") => Known::FromBuffer,
            ("numpy", "ndarray") => Known::NdArray,
            ("numpy", "dtype") => Known::DtypeType,
            _ if self.torch => return self.torch_global(module, name),
            _ => {
                return Err(PickleError::ForbiddenGlobal {
                    module,
                    name,
                    offset: self.offset,
                });
            }
        };
        self.push(Node::Known(known), 0)
    }

    /// Does what one of the known functions would do.
    pub(super) fn call(&mut self, function: Handle, arguments: Handle) -> Result<(), PickleError> {
        let known = match self.nodes[function as usize] {
            Node::Known(Known::Torch(known)) => return self.torch_call(known, arguments),
            Node::Known(known) => known,
            // What the class would make of its arguments is not known, and no weight.
            Node::Class(_) => return self.push(Node::Instance(None), 0),
            _ => return Err(self.bad_operands()),
        };
        let Node::Tuple(arguments) = &self.nodes[arguments as usize] else {
            return Err(self.bad_operands());
        };
        // Nothing here has more arguments than a dtype, which has three.
        let arguments: Vec<&Node> = arguments
            .iter()
            .take(8)
            .map(|handle| &self.nodes[handle as usize])
            .collect();
        match (known, arguments.as_slice()) {
            (Known::Set, []) => self.push(Node::Set(Handles::new()), 1),
            (Known::Set, [Node::List(items) | Node::Tuple(items)]) => {
                let items = items.clone();
                self.charge(items.len() * size_of::<Handle>())?;
                let depth = self.depth_over(items.iter())?;
                self.push(Node::Set(items), depth)
            }
            (Known::Dict, []) => self.push(Node::Dict(Vec::new()), 1),
            (Known::Dict, [Node::List(pairs) | Node::Tuple(pairs)]) => {
                let pairs = pairs.clone();
                self.ordered_dict(&pairs)
            }
            (Known::Bytes, []) => self.push(Node::Bytes(Arc::default()), 0),
            (Known::Bytes, [Node::Bytes(bytes), ..]) => {
                let bytes = Arc::clone(bytes);
                self.push(Node::Bytes(bytes), 0)
            }
            // bytearray("text", "latin-1") and encode("text", "latin1"): protocols 0 to 2 have no bytes.
            (Known::Bytes | Known::Encode, [Node::Str(text), Node::Str(codec)])
                if matches!(&**codec, "latin1" | "latin-1") =>
            {
                let bytes: Result<Vec<u8>, _> =
                    text.chars().map(|c| u8::try_from(u32::from(c))).collect();
                let bytes = bytes.map_err(|_| self.bad_literal())?;
                self.charge(bytes.len())?;
                self.push(Node::Bytes(bytes.into()), 0)
            }
            (Known::Reconstruct, [Node::Known(Known::NdArray), ..]) => {
                self.push(Node::EmptyArray, 0)
            }
            (Known::DtypeType, [Node::Str(code), ..]) => {
                let dtype = self.dtype(code)?;
                self.push(Node::Dtype(dtype), 0)
            }
            (Known::DtypeType, [Node::Bytes(code), ..]) => {
                let dtype = self.dtype(utf8(code, self.offset)?)?;
                self.push(Node::Dtype(dtype), 0)
            }
            (Known::Scalar, [Node::Dtype(dtype), Node::Bytes(data)]) => {
                let (dtype, data) = (*dtype, Data::Bytes(Arc::clone(data)));
                let (node, depth) = self.array(dtype, Box::default(), false, data)?;
                self.push(node, depth)
            }
            (
                Known::FromBuffer,
                [
                    Node::Bytes(data),
                    Node::Dtype(dtype),
                    Node::Tuple(shape),
                    order,
                ],
            ) => {
                let fortran = matches!(order, Node::Str(order) if &**order == "F");
                let (dtype, data) = (*dtype, Data::Bytes(Arc::clone(data)));
                let shape = self.shape(shape)?;
                let (node, depth) = self.array(dtype, shape, fortran, data)?;
                self.push(node, depth)
            }
            _ => Err(self.bad_operands()),
        }
    }

    /// Python 2 wrote an `OrderedDict` as a list of pairs.
    fn ordered_dict(&mut self, pairs: &Handles) -> Result<(), PickleError> {
        self.charge(pairs.len() * 2 * size_of::<Handle>())?;
        let mut entries = Vec::with_capacity(pairs.len());
        for pair in pairs.iter() {
            let (Node::List(pair) | Node::Tuple(pair)) = &self.nodes[pair as usize] else {
                return Err(self.bad_operands());
            };
            match (pair.get(0), pair.get(1), pair.len()) {
                (Some(key), Some(value), 2) => entries.push((key, value)),
                _ => return Err(self.bad_operands()),
            }
        }
        let depth = self.depth_over(entries.iter().flat_map(|(key, value)| [*key, *value]))?;
        self.push(Node::Dict(entries), depth)
    }

    /// Fills an array or completes a dtype; no other object has a state here.
    pub(super) fn build(&mut self) -> Result<(), PickleError> {
        let state = self.pop()?;
        let object = self.top()?;
        if self.torch && self.torch_build(object, state)? {
            return Ok(());
        }
        let Node::Tuple(state) = &self.nodes[state as usize] else {
            return Err(self.bad_operands());
        };
        let state: Vec<&Node> = state
            .iter()
            .take(16)
            .map(|item| &self.nodes[item as usize])
            .collect();
        match (&self.nodes[object as usize], state.as_slice()) {
            (Node::Dtype(dtype), [_, order, ..]) => {
                let order = match order {
                    Node::Str(order) => order.as_bytes(),
                    Node::Bytes(order) => order,
                    _ => return Err(self.bad_operands()),
                };
                let made = Node::Dtype(Dtype {
                    big_endian: order == b">",
                    ..*dtype
                });
                self.nodes[object as usize] = made;
            }
            (
                Node::EmptyArray,
                [
                    _,
                    Node::Tuple(shape),
                    Node::Dtype(dtype),
                    Node::Bool(fortran),
                    data,
                ],
            ) => {
                let data = match data {
                    Node::Bytes(data) => Data::Bytes(Arc::clone(data)),
                    Node::List(items) => Data::List(items.clone()),
                    _ => return Err(self.bad_operands()),
                };
                let (dtype, fortran, shape) = (*dtype, *fortran, self.shape(shape)?);
                let (node, depth) = self.array(dtype, shape, fortran, data)?;
                self.nodes[object as usize] = node;
                self.deepen(object, depth);
            }
            _ => return Err(self.bad_operands()),
        }
        Ok(())
    }

    /// Pays for a copy of `bytes` bytes.
    fn charge(&mut self, bytes: usize) -> Result<(), PickleError> {
        match self.budget.checked_sub(bytes) {
            Some(rest) => {
                self.budget = rest;
                Ok(())
            }
            None => Err(PickleError::TooLarge {
                what: "copies of its own data",
                limit: 4,
            }),
        }
    }

    fn bad_array(&self, problem: &'static str) -> PickleError {
        PickleError::BadArray {
            offset: self.offset,
            problem,
        }
    }

    fn dtype(&self, code: &str) -> Result<Dtype, PickleError> {
        Dtype::parse(code).ok_or_else(|| {
            self.bad_array("has elements other than numbers, truth values, text and objects")
        })
    }

    fn shape(&self, sides: &Handles) -> Result<Box<[usize]>, PickleError> {
        // numpy's own limit is 64.
        let sides: Option<Box<[usize]>> = (sides.len() <= 64)
            .then(|| {
                sides
                    .iter()
                    .map(|side| match &self.nodes[side as usize] {
                        Node::Int(side) => usize::try_from(*side).ok(),
                        _ => None,
                    })
                    .collect()
            })
            .flatten();
        sides.ok_or_else(|| self.bad_array("has a shape that is not a list of counts"))
    }

    /// An array and how deep it is: numbers stay bytes, text and objects become objects.
    fn array(
        &mut self,
        dtype: Dtype,
        shape: Box<[usize]>,
        fortran: bool,
        data: Data,
    ) -> Result<(Node, u8), PickleError> {
        const MISFIT: &str = "has a shape that does not fit its data";
        let items = match data {
            Data::Bytes(data) if dtype.numeric() => {
                return match Array::new(dtype, shape, fortran, data) {
                    Some(array) => Ok((Node::Array(Box::new(array)), 0)),
                    None => Err(self.bad_array(MISFIT)),
                };
            }
            Data::Bytes(data) if dtype.textual() => {
                // An element without bytes would let the shape be anything.
                let fits = elements(&shape).and_then(|count| count.checked_mul(dtype.size))
                    == Some(data.len());
                if !fits || dtype.size == 0 {
                    return Err(self.bad_array(MISFIT));
                }
                self.charge(data.len())?;
                self.strings(dtype, &data)?
            }
            Data::List(items) if dtype.object() => {
                self.charge(items.len() * size_of::<Handle>())?;
                items
            }
            _ => return Err(self.bad_array("has data that does not fit its type")),
        };
        if elements(&shape) != Some(items.len()) {
            return Err(self.bad_array(MISFIT));
        }
        let depth = self.depth_over(items.iter())?;
        if shape.is_empty()
            && dtype.textual()
            && let Some(only) = items.get(0)
        {
            // A scalar is the text itself.
            return Ok((self.nodes[only as usize].clone(), 0));
        }
        // numpy lists objects in C order whatever the order in memory.
        let items = if fortran && dtype.textual() && shape.len() > 1 {
            (0..items.len())
                .map(|index| {
                    items
                        .get(fortran_place(&shape, index))
                        .unwrap_or(common::NONE)
                })
                .collect()
        } else {
            items
        };
        Ok((Node::Objects(Box::new(Objects { shape, items })), depth))
    }

    /// Every element of an array of text as an object.
    fn strings(&mut self, dtype: Dtype, data: &[u8]) -> Result<Handles, PickleError> {
        data.chunks_exact(dtype.size)
            .map(|element| {
                let node = if dtype.code_points() {
                    Node::Str(
                        dtype
                            .text(element)
                            .ok_or_else(|| self.bad_literal())?
                            .into(),
                    )
                } else {
                    Node::Bytes(without_filling(element).into())
                };
                self.add(node, 0)
            })
            .collect()
    }
}
