//! The stack machine, without the instructions that could run code.

use super::PickleError;
use super::numpy::{Array, Dtype};
use super::read::{Reader, long, quoted, raw_unicode, utf8};
use super::value::{Handle, Known, Node, Pickle};
use std::collections::HashMap;

/// Containers inside containers. The data sets need three.
const MAX_DEPTH: u32 = 64;
/// Objects in the table. 25 000 clips with 323 labels each share 0 and 1, so they need far fewer.
const MAX_OBJECTS: usize = 1 << 26;

pub(super) struct Machine<'a> {
    reader: Reader<'a>,
    nodes: Vec<Node>,
    /// How deep the containers below a node are nested; index as in `nodes`.
    depths: Vec<u32>,
    stack: Vec<Handle>,
    marks: Vec<usize>,
    memo: HashMap<u64, Handle>,
    /// `None`, `False`, `True` and -1 to 255 exist once.
    small: HashMap<i64, Handle>,
    /// Bytes that calls may still copy. A copy costs a few bytes of pickle whatever its size, so
    /// without this a small file could fill the memory. Honest files copy each byte once or twice.
    budget: usize,
    /// The instruction in hand and where it stands, for messages.
    code: u8,
    offset: usize,
}

impl<'a> Machine<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self {
            reader: Reader::new(bytes),
            nodes: vec![Node::None, Node::Bool(false), Node::Bool(true)],
            depths: vec![0; 3],
            stack: Vec::new(),
            marks: Vec::new(),
            memo: HashMap::new(),
            small: HashMap::new(),
            budget: bytes.len().saturating_mul(4).saturating_add(1 << 16),
            code: 0,
            offset: 0,
        }
    }

    pub(super) fn run(mut self) -> Result<Pickle, PickleError> {
        loop {
            self.offset = self.reader.at;
            self.code = self.reader.byte()?;
            if self.code == b'.' {
                let root = self.pop()?;
                return Ok(Pickle {
                    nodes: self.nodes,
                    root,
                });
            }
            self.step()?;
        }
    }

    fn step(&mut self) -> Result<(), PickleError> {
        match self.code {
            0x80 => {
                self.reader.byte()?;
            }
            0x95 => {
                // A frame only announces how much may be read ahead.
                self.reader.number(8)?;
            }
            b'(' => {
                if self.marks.len() >= MAX_DEPTH as usize {
                    return Err(self.too_deep());
                }
                self.marks.push(self.stack.len());
            }
            b'0' => {
                // Python's POP takes a mark off where a mark is on top.
                if self.marks.last() == Some(&self.stack.len()) {
                    self.marks.pop();
                } else {
                    self.pop()?;
                }
            }
            b'1' => {
                self.pop_mark()?;
            }
            b'2' => {
                let top = self.top()?;
                self.stack.push(top);
            }
            b'N' => self.stack.push(0),
            0x89 => self.stack.push(1),
            0x88 => self.stack.push(2),
            b'I' | b'L' | b'J' | b'K' | b'M' | 0x8a | 0x8b => self.integer()?,
            b'F' | b'G' => self.float()?,
            b'S' | b'T' | b'U' | b'B' | b'C' | 0x8e | 0x96 => self.byte_string()?,
            b'V' | b'X' | 0x8c | 0x8d => self.text()?,
            b']' | b'l' | b'a' | b'e' | b')' | b't' | 0x85..=0x87 => self.sequence()?,
            b'}' | b'd' | b's' | b'u' | 0x8f..=0x91 => self.mapping()?,
            b'p' | b'q' | b'r' | 0x94 => self.remember()?,
            b'g' | b'h' | b'j' => self.recall()?,
            b'c' | 0x93 => self.global()?,
            b'R' => {
                let arguments = self.pop()?;
                let function = self.pop()?;
                self.call(function, arguments)?;
            }
            b'b' => self.build()?,
            code => {
                return Err(PickleError::ForbiddenInstruction {
                    code,
                    offset: self.offset,
                });
            }
        }
        Ok(())
    }

    fn integer(&mut self) -> Result<(), PickleError> {
        let value = match self.code {
            b'J' => i64::from(self.reader.number(4)? as u32 as i32),
            b'K' => self.reader.number(1)? as i64,
            b'M' => self.reader.number(2)? as i64,
            0x8a => long(self.reader.counted(1)?, self.offset)?,
            0x8b => long(self.reader.counted(4)?, self.offset)?,
            _ => {
                let line = self.reader.text_line()?.trim();
                // Protocol 0 writes truth values as these two integers.
                if self.code == b'I' && (line == "00" || line == "01") {
                    self.stack.push(if line == "01" { 2 } else { 1 });
                    return Ok(());
                }
                let digits = line.strip_suffix('L').unwrap_or(line);
                digits.parse().map_err(|error: std::num::ParseIntError| {
                    use std::num::IntErrorKind::{NegOverflow, PosOverflow};
                    let offset = self.offset;
                    match error.kind() {
                        PosOverflow | NegOverflow => PickleError::IntegerTooLarge { offset },
                        _ => PickleError::BadLiteral { offset },
                    }
                })?
            }
        };
        if let Some(handle) = self.small.get(&value) {
            self.stack.push(*handle);
            return Ok(());
        }
        let handle = self.push(Node::Int(value), 0)?;
        if (-1..=255).contains(&value) {
            self.small.insert(value, handle);
        }
        Ok(())
    }

    fn float(&mut self) -> Result<(), PickleError> {
        let value = if self.code == b'G' {
            // The one big-endian operand of the format.
            f64::from_bits(self.reader.number(8)?.swap_bytes())
        } else {
            let line = self.reader.text_line()?.trim();
            line.parse().map_err(|_| self.bad_literal())?
        };
        self.push(Node::Float(value), 0)?;
        Ok(())
    }

    fn byte_string(&mut self) -> Result<(), PickleError> {
        let bytes: Box<[u8]> = match self.code {
            b'S' => {
                let line = self.reader.line()?;
                quoted(line, self.offset)?.into()
            }
            b'U' | b'C' => self.reader.counted(1)?.into(),
            b'T' | b'B' => self.reader.counted(4)?.into(),
            _ => self.reader.counted(8)?.into(),
        };
        self.push(Node::Bytes(bytes), 0)?;
        Ok(())
    }

    fn text(&mut self) -> Result<(), PickleError> {
        let text: Box<str> = match self.code {
            b'V' => {
                let line = self.reader.line()?;
                raw_unicode(line, self.offset)?.into()
            }
            0x8c => utf8(self.reader.counted(1)?, self.offset)?.into(),
            b'X' => utf8(self.reader.counted(4)?, self.offset)?.into(),
            _ => utf8(self.reader.counted(8)?, self.offset)?.into(),
        };
        self.push(Node::Str(text), 0)?;
        Ok(())
    }

    fn sequence(&mut self) -> Result<(), PickleError> {
        let items = match self.code {
            b'a' => vec![self.pop()?],
            b']' | b')' => Vec::new(),
            b'l' | b'e' | b't' => self.pop_mark()?,
            count => {
                let count = usize::from(count - 0x84);
                let start = self.stack.len().checked_sub(count);
                let floor = self.marks.last().copied().unwrap_or(0);
                match start.filter(|start| *start >= floor) {
                    Some(start) => self.stack.split_off(start),
                    None => return Err(self.bad_operands()),
                }
            }
        };
        let depth = self.depth_over(&items)?;
        match self.code {
            b'a' | b'e' => {
                let list = self.top()?;
                match &mut self.nodes[list as usize] {
                    Node::List(old) => old.extend(items),
                    _ => return Err(self.bad_operands()),
                }
                self.deepen(list, depth);
            }
            b']' | b'l' => {
                self.push(Node::List(items), depth)?;
            }
            _ => {
                self.push(Node::Tuple(items), depth)?;
            }
        }
        Ok(())
    }

    fn mapping(&mut self) -> Result<(), PickleError> {
        let items = match self.code {
            b's' => {
                let value = self.pop()?;
                vec![self.pop()?, value]
            }
            b'}' | 0x8f => Vec::new(),
            _ => self.pop_mark()?,
        };
        let depth = self.depth_over(&items)?;
        match self.code {
            0x8f | 0x91 => {
                self.push(Node::Set(items), depth)?;
            }
            0x90 => {
                let set = self.top()?;
                match &mut self.nodes[set as usize] {
                    Node::Set(old) => old.extend(items),
                    _ => return Err(self.bad_operands()),
                }
                self.deepen(set, depth);
            }
            _ => {
                if items.len() % 2 != 0 {
                    return Err(self.bad_operands());
                }
                let entries: Vec<_> = items
                    .chunks_exact(2)
                    .map(|pair| (pair[0], pair[1]))
                    .collect();
                if matches!(self.code, b'}' | b'd') {
                    self.push(Node::Dict(entries), depth)?;
                } else {
                    let dict = self.top()?;
                    match &mut self.nodes[dict as usize] {
                        Node::Dict(old) => old.extend(entries),
                        _ => return Err(self.bad_operands()),
                    }
                    self.deepen(dict, depth);
                }
            }
        }
        Ok(())
    }

    fn remember(&mut self) -> Result<(), PickleError> {
        let key = match self.code {
            0x94 => self.memo.len() as u64,
            _ => self.memo_key()?,
        };
        let top = self.top()?;
        self.memo.insert(key, top);
        Ok(())
    }

    fn recall(&mut self) -> Result<(), PickleError> {
        let key = self.memo_key()?;
        let handle = *self.memo.get(&key).ok_or_else(|| self.bad_operands())?;
        self.stack.push(handle);
        Ok(())
    }

    fn memo_key(&mut self) -> Result<u64, PickleError> {
        match self.code {
            b'q' | b'h' => self.reader.number(1),
            b'r' | b'j' => self.reader.number(4),
            _ => {
                let line = self.reader.text_line()?.trim();
                line.parse().map_err(|_| self.bad_literal())
            }
        }
    }

    fn global(&mut self) -> Result<(), PickleError> {
        let (module, name) = if self.code == b'c' {
            let module = self.reader.text_line()?.to_owned();
            (module, self.reader.text_line()?.to_owned())
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
            ("builtins" | "__builtin__", "bytes" | "bytearray") => Known::Bytes,
            ("_codecs", "encode") => Known::Encode,
            ("numpy.core.multiarray" | "numpy._core.multiarray", "_reconstruct") => {
                Known::Reconstruct
            }
            ("numpy.core.multiarray" | "numpy._core.multiarray", "scalar") => Known::Scalar,
            ("numpy.core.numeric" | "numpy._core.numeric", "_frombuffer") => Known::FromBuffer,
            ("numpy", "ndarray") => Known::NdArray,
            ("numpy", "dtype") => Known::DtypeType,
            _ => {
                return Err(PickleError::ForbiddenGlobal {
                    module,
                    name,
                    offset: self.offset,
                });
            }
        };
        self.push(Node::Known(known), 0)?;
        Ok(())
    }

    /// Does what one of the known functions would do.
    fn call(&mut self, function: Handle, arguments: Handle) -> Result<(), PickleError> {
        let Node::Known(known) = self.nodes[function as usize] else {
            return Err(self.bad_operands());
        };
        let Node::Tuple(arguments) = &self.nodes[arguments as usize] else {
            return Err(self.bad_operands());
        };
        let arguments: Vec<&Node> = arguments
            .iter()
            .map(|handle| &self.nodes[*handle as usize])
            .collect();
        let made = match (known, arguments.as_slice()) {
            (Known::Set, []) => Node::Set(Vec::new()),
            (Known::Set, [Node::List(items) | Node::Tuple(items)]) => Node::Set(items.clone()),
            (Known::Bytes, []) => Node::Bytes(Box::default()),
            (Known::Bytes, [Node::Bytes(bytes), ..]) => Node::Bytes(bytes.clone()),
            // bytearray("text", "latin-1") and encode("text", "latin1"): protocols 0 to 2 have no bytes.
            (Known::Bytes | Known::Encode, [Node::Str(text), Node::Str(codec)])
                if matches!(&**codec, "latin1" | "latin-1") =>
            {
                let bytes: Result<Vec<u8>, _> =
                    text.chars().map(|c| u8::try_from(u32::from(c))).collect();
                Node::Bytes(bytes.map_err(|_| self.bad_literal())?.into())
            }
            (Known::Reconstruct, [Node::Known(Known::NdArray), ..]) => Node::EmptyArray,
            (Known::DtypeType, [Node::Str(code), ..]) => self.dtype(code)?,
            (Known::DtypeType, [Node::Bytes(code), ..]) => self.dtype(utf8(code, self.offset)?)?,
            (Known::Scalar, [Node::Dtype(dtype), Node::Bytes(data)]) => {
                self.array(*dtype, Vec::new(), false, data)?
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
                self.array(*dtype, self.shape(shape)?, fortran, data)?
            }
            _ => return Err(self.bad_operands()),
        };
        self.charge(&made)?;
        let depth = if matches!(made, Node::Set(_)) { 2 } else { 0 };
        self.push(made, depth)?;
        Ok(())
    }

    /// Fills an array or completes a dtype; no other object has a state here.
    fn build(&mut self) -> Result<(), PickleError> {
        let state = self.pop()?;
        let object = self.top()?;
        let Node::Tuple(state) = &self.nodes[state as usize] else {
            return Err(self.bad_operands());
        };
        let state: Vec<&Node> = state
            .iter()
            .map(|item| &self.nodes[*item as usize])
            .collect();
        let made = match (&self.nodes[object as usize], state.as_slice()) {
            (Node::Dtype(dtype), [_, order, ..]) => {
                let order = match order {
                    Node::Str(order) => order.as_bytes(),
                    Node::Bytes(order) => order,
                    _ => return Err(self.bad_operands()),
                };
                Node::Dtype(Dtype {
                    big_endian: order == b">",
                    ..*dtype
                })
            }
            (
                Node::EmptyArray,
                [
                    _,
                    Node::Tuple(shape),
                    Node::Dtype(dtype),
                    Node::Bool(fortran),
                    Node::Bytes(data),
                ],
            ) => self.array(*dtype, self.shape(shape)?, *fortran, data)?,
            _ => return Err(self.bad_operands()),
        };
        self.charge(&made)?;
        self.nodes[object as usize] = made;
        Ok(())
    }

    fn charge(&mut self, made: &Node) -> Result<(), PickleError> {
        let cost = match made {
            Node::Set(items) => items.len() * size_of::<Handle>(),
            Node::Bytes(bytes) => bytes.len(),
            Node::Array(array) => array.bytes(),
            _ => 0,
        };
        match self.budget.checked_sub(cost) {
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

    fn dtype(&self, code: &str) -> Result<Node, PickleError> {
        Dtype::parse(code)
            .map(Node::Dtype)
            .ok_or(PickleError::BadArray {
                offset: self.offset,
                problem: "has an element type other than integers, floats and truth values",
            })
    }

    fn shape(&self, sides: &[Handle]) -> Result<Vec<usize>, PickleError> {
        sides
            .iter()
            .map(|side| match &self.nodes[*side as usize] {
                Node::Int(side) => usize::try_from(*side).ok(),
                _ => None,
            })
            .collect::<Option<_>>()
            .ok_or(PickleError::BadArray {
                offset: self.offset,
                problem: "has a shape that is not a list of counts",
            })
    }

    fn array(
        &self,
        dtype: Dtype,
        shape: Vec<usize>,
        fortran: bool,
        data: &[u8],
    ) -> Result<Node, PickleError> {
        match Array::new(dtype, shape, fortran, data) {
            Some(array) => Ok(Node::Array(Box::new(array))),
            None => Err(PickleError::BadArray {
                offset: self.offset,
                problem: "has a shape that does not fit its data",
            }),
        }
    }

    fn push(&mut self, node: Node, depth: u32) -> Result<Handle, PickleError> {
        if self.nodes.len() >= MAX_OBJECTS {
            return Err(PickleError::TooLarge {
                what: "objects",
                limit: MAX_OBJECTS,
            });
        }
        let handle = self.nodes.len() as Handle;
        self.nodes.push(node);
        self.depths.push(depth);
        self.stack.push(handle);
        Ok(handle)
    }

    /// Depth of a container that holds `items`.
    fn depth_over(&self, items: &[Handle]) -> Result<u32, PickleError> {
        let below = items.iter().map(|item| self.depths[*item as usize]).max();
        match below.unwrap_or(0) + 1 {
            depth if depth > MAX_DEPTH => Err(self.too_deep()),
            depth => Ok(depth),
        }
    }

    fn deepen(&mut self, container: Handle, depth: u32) {
        let old = &mut self.depths[container as usize];
        *old = depth.max(*old);
    }

    fn top(&self) -> Result<Handle, PickleError> {
        let floor = self.marks.last().copied().unwrap_or(0);
        match self.stack.last() {
            Some(top) if self.stack.len() > floor => Ok(*top),
            _ => Err(self.bad_operands()),
        }
    }

    fn pop(&mut self) -> Result<Handle, PickleError> {
        let top = self.top()?;
        self.stack.pop();
        Ok(top)
    }

    fn pop_mark(&mut self) -> Result<Vec<Handle>, PickleError> {
        match self.marks.pop() {
            Some(mark) if mark <= self.stack.len() => Ok(self.stack.split_off(mark)),
            _ => Err(self.bad_operands()),
        }
    }

    fn bad_operands(&self) -> PickleError {
        PickleError::BadOperands {
            code: self.code,
            offset: self.offset,
        }
    }

    fn bad_literal(&self) -> PickleError {
        PickleError::BadLiteral {
            offset: self.offset,
        }
    }

    fn too_deep(&self) -> PickleError {
        PickleError::TooDeep {
            limit: MAX_DEPTH,
            offset: self.offset,
        }
    }
}

#[cfg(test)]
mod tests;
