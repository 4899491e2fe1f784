//! The stack machine, without the instructions that could run code. Written here and not taken from a crate: it
//! refuses by name what it does not know, and allocates no more than the file accounts for.

mod call;
mod torch;

use super::PickleError;
use super::common;
use super::memo::Memo;
use super::read::{Reader, long, quoted, raw_unicode, text};
use super::value::{Handle, Node, Pickle};
use std::io::BufRead;

/// Containers inside containers. The data sets need three.
const MAX_DEPTH: u8 = 64;
/// Objects in the table, and entries of the memo and of the stack. 100,000 clips with 323 labels each
/// need 200,000, for the usual numbers exist once.
const MAX_OBJECTS: usize = 1 << 24;

pub(super) struct Machine<R> {
    reader: Reader<R>,
    nodes: Vec<Node>,
    /// How deep the containers below a node are nested; index as in `nodes`.
    depths: Vec<u8>,
    stack: Vec<Handle>,
    marks: Vec<usize>,
    memo: Memo,
    /// Bytes that calls may still copy. A copy costs a few bytes of pickle whatever its size, so
    /// without this a small file could fill the memory. Honest files copy each byte once or twice.
    budget: usize,
    /// Whether the names and instructions of `torch.save` are known.
    torch: bool,
    /// The current instruction and its position, for messages.
    code: u8,
    offset: usize,
}

impl<R: BufRead> Machine<R> {
    /// Reads at most `length` bytes of `input`.
    pub(super) fn new(input: R, length: usize) -> Self {
        let nodes = common::table();
        Self {
            reader: Reader::new(input, length),
            // Of the common values only the empty tuple is a container, and it holds nothing.
            depths: vec![0; nodes.len()],
            nodes,
            stack: Vec::new(),
            marks: Vec::new(),
            memo: Memo::default(),
            budget: length.saturating_mul(4).saturating_add(1 << 16),
            torch: false,
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
            if self.stack.len() > MAX_OBJECTS {
                return Err(too_many("values on its stack"));
            }
        }
    }

    fn step(&mut self) -> Result<(), PickleError> {
        match self.code {
            0x80 => {
                self.reader.byte()?;
            }
            0x95 => {
                // A frame only announces how much may be read ahead.
                self.reader.number8()?;
            }
            b'(' => {
                if self.marks.len() >= usize::from(MAX_DEPTH) {
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
            b'N' => self.stack.push(common::NONE),
            0x89 => self.stack.push(common::FALSE),
            0x88 => self.stack.push(common::TRUE),
            b')' => self.stack.push(common::EMPTY_TUPLE),
            b'I' | b'L' | b'J' | b'K' | b'M' | 0x8a | 0x8b => self.integer()?,
            b'F' | b'G' => self.float()?,
            b'S' | b'T' | b'U' | b'B' | b'C' | 0x8e | 0x96 => self.byte_string()?,
            b'V' | b'X' | 0x8c | 0x8d => self.text()?,
            b']' | b'l' | b'a' | b'e' | b't' | 0x85..=0x87 => self.sequence()?,
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
            0x81 | 0x92 if self.torch => self.instance()?,
            b'Q' if self.torch => self.storage()?,
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
            b'J' => i64::from(self.reader.number4()? as i32),
            b'K' => return self.small_integers(),
            b'M' => i64::from(self.reader.number2()?),
            0x8a => long(&self.reader.counted1()?, self.offset)?,
            0x8b => long(&self.reader.counted4()?, self.offset)?,
            _ => {
                let line = self.reader.text_line()?;
                let line = line.trim();
                // Protocol 0 writes truth values as these two integers.
                if self.code == b'I' && (line == "00" || line == "01") {
                    self.stack.push(if line == "01" {
                        common::TRUE
                    } else {
                        common::FALSE
                    });
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
        if let Some(handle) = common::integer(value) {
            self.stack.push(handle);
            return Ok(());
        }
        self.push(Node::Int(value), 0)
    }

    /// An integer of one byte, and those that follow at once: a list of labels is little else.
    fn small_integers(&mut self) -> Result<(), PickleError> {
        let value = i64::from(self.reader.byte()?);
        let Some(handle) = common::integer(value) else {
            return self.push(Node::Int(value), 0);
        };
        self.stack.push(handle);
        let (reader, stack) = (&mut self.reader, &mut self.stack);
        reader.run_of(b'K', |operand| {
            let handle = common::integer(i64::from(operand));
            stack.extend(handle);
            handle.is_some()
        })
    }

    fn float(&mut self) -> Result<(), PickleError> {
        let value = if self.code == b'G' {
            // The one big-endian operand of the format.
            f64::from_be_bytes(self.reader.exact()?)
        } else {
            let line = self.reader.text_line()?;
            line.trim().parse().map_err(|_| self.bad_literal())?
        };
        if let Some(handle) = common::float(value) {
            self.stack.push(handle);
            return Ok(());
        }
        self.push(Node::Float(value), 0)
    }

    fn byte_string(&mut self) -> Result<(), PickleError> {
        let bytes = match self.code {
            b'S' => {
                let line = self.reader.line()?;
                quoted(&line, self.offset)?
            }
            b'U' | b'C' => self.reader.counted1()?,
            b'T' | b'B' => self.reader.counted4()?,
            _ => self.reader.counted8()?,
        };
        self.push(Node::Bytes(bytes.into()), 0)
    }

    fn text(&mut self) -> Result<(), PickleError> {
        let found = match self.code {
            b'V' => {
                let line = self.reader.line()?;
                raw_unicode(&line, self.offset)?
            }
            0x8c => text(self.reader.counted1()?, self.offset)?,
            b'X' => text(self.reader.counted4()?, self.offset)?,
            _ => text(self.reader.counted8()?, self.offset)?,
        };
        self.push(Node::Str(found.into()), 0)
    }

    /// What lies above the last mark goes to the list below it. Long lists come this way.
    fn append_all(&mut self) -> Result<(), PickleError> {
        let mark = match self.marks.pop() {
            Some(mark) if mark <= self.stack.len() => mark,
            _ => return Err(self.bad_operands()),
        };
        let depth = self.depth_over(self.stack[mark..].iter().copied())?;
        let list = match mark.checked_sub(1) {
            Some(below) if mark > self.marks.last().copied().unwrap_or(0) => self.stack[below],
            _ => return Err(self.bad_operands()),
        };
        match &mut self.nodes[list as usize] {
            Node::List(old) => old.extend(&self.stack[mark..]),
            Node::Instance(_) => {}
            _ => return Err(self.bad_operands()),
        }
        self.stack.truncate(mark);
        self.deepen(list, depth);
        Ok(())
    }

    fn sequence(&mut self) -> Result<(), PickleError> {
        if self.code == b'e' {
            return self.append_all();
        }
        let items = match self.code {
            b'a' => vec![self.pop()?],
            b']' => Vec::new(),
            b'l' | b't' => self.pop_mark()?,
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
        let depth = self.depth_over(items.iter().copied())?;
        match self.code {
            b'a' => {
                let list = self.top()?;
                match &mut self.nodes[list as usize] {
                    Node::List(old) => old.extend(&items),
                    // What a class that is a list holds is no weight.
                    Node::Instance(_) => return Ok(()),
                    _ => return Err(self.bad_operands()),
                }
                self.deepen(list, depth);
                Ok(())
            }
            b']' | b'l' => self.push(Node::List(items.as_slice().into()), depth),
            _ => self.push(Node::Tuple(items.as_slice().into()), depth),
        }
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
        let depth = self.depth_over(items.iter().copied())?;
        match self.code {
            0x8f | 0x91 => self.push(Node::Set(items.as_slice().into()), depth),
            0x90 => {
                let set = self.top()?;
                match &mut self.nodes[set as usize] {
                    Node::Set(old) => old.extend(&items),
                    _ => return Err(self.bad_operands()),
                }
                self.deepen(set, depth);
                Ok(())
            }
            _ => {
                let (pairs, []) = items.as_chunks::<2>() else {
                    return Err(self.bad_operands());
                };
                let entries = pairs.iter().map(|[key, value]| (*key, *value));
                if matches!(self.code, b'}' | b'd') {
                    return self.push(Node::Dict(entries.collect()), depth);
                }
                let dict = self.top()?;
                match &mut self.nodes[dict as usize] {
                    Node::Dict(old) => old.extend(entries),
                    Node::Instance(_) => return Ok(()),
                    _ => return Err(self.bad_operands()),
                }
                self.deepen(dict, depth);
                Ok(())
            }
        }
    }

    fn remember(&mut self) -> Result<(), PickleError> {
        let key = match self.code {
            0x94 => self.memo.len() as u64,
            _ => self.memo_key()?,
        };
        let top = self.top()?;
        if !self.memo.insert(key, top) || self.memo.len() > MAX_OBJECTS {
            return Err(too_many("numbered objects"));
        }
        Ok(())
    }

    fn recall(&mut self) -> Result<(), PickleError> {
        let key = self.memo_key()?;
        let handle = self.memo.get(key).ok_or_else(|| self.bad_operands())?;
        self.stack.push(handle);
        Ok(())
    }

    fn memo_key(&mut self) -> Result<u64, PickleError> {
        match self.code {
            b'q' | b'h' => Ok(u64::from(self.reader.byte()?)),
            b'r' | b'j' => Ok(u64::from(self.reader.number4()?)),
            _ => {
                let line = self.reader.text_line()?;
                line.trim().parse().map_err(|_| self.bad_literal())
            }
        }
    }

    fn push(&mut self, node: Node, depth: u8) -> Result<(), PickleError> {
        let handle = self.add(node, depth)?;
        self.stack.push(handle);
        Ok(())
    }

    /// Puts an object in the table, but not on the stack.
    fn add(&mut self, node: Node, depth: u8) -> Result<Handle, PickleError> {
        if self.nodes.len() >= MAX_OBJECTS {
            return Err(too_many("objects"));
        }
        let handle = self.nodes.len() as Handle;
        self.nodes.push(node);
        self.depths.push(depth);
        Ok(handle)
    }

    /// Depth of a container that holds `items`.
    fn depth_over(&self, items: impl Iterator<Item = Handle>) -> Result<u8, PickleError> {
        let below = items.map(|item| self.depths[item as usize]).max();
        match below.unwrap_or(0) + 1 {
            depth if depth > MAX_DEPTH => Err(self.too_deep()),
            depth => Ok(depth),
        }
    }

    fn deepen(&mut self, container: Handle, depth: u8) {
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
            limit: u32::from(MAX_DEPTH),
            offset: self.offset,
        }
    }
}

/// The error for more than [`MAX_OBJECTS`].
fn too_many(what: &'static str) -> PickleError {
    PickleError::TooLarge {
        what,
        limit: MAX_OBJECTS,
    }
}

#[cfg(test)]
mod tests;
