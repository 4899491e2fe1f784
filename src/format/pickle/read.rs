//! Reading operands: counted bytes, lines, and the two text spellings of protocol 0.

use super::PickleError;
use std::io::{BufRead, ErrorKind, Read};

/// A cursor that never reads past the end and never allocates for bytes that are not there.
pub(super) struct Reader<R> {
    input: R,
    /// Bytes that are read.
    pub(super) at: usize,
    /// Bytes there are.
    length: usize,
}

impl<R: BufRead> Reader<R> {
    /// Reads at most `length` bytes of `input`.
    pub(super) fn new(input: R, length: usize) -> Self {
        Self {
            input,
            at: 0,
            length,
        }
    }

    /// Refuses `count` bytes that are not there.
    fn check(&self, count: u64) -> Result<usize, PickleError> {
        usize::try_from(count)
            .ok()
            .filter(|count| *count <= self.length - self.at)
            .ok_or_else(|| self.truncated(count))
    }

    fn truncated(&self, wanted: u64) -> PickleError {
        PickleError::Truncated {
            offset: self.at,
            wanted,
            length: self.length,
        }
    }

    fn failed(&self, error: &std::io::Error, wanted: usize) -> PickleError {
        match error.kind() {
            // The file is shorter than it was when it was opened.
            ErrorKind::UnexpectedEof => self.truncated(wanted as u64),
            kind => PickleError::Read {
                offset: self.at,
                kind,
            },
        }
    }

    pub(super) fn exact<const N: usize>(&mut self) -> Result<[u8; N], PickleError> {
        self.check(N as u64)?;
        let mut bytes = [0; N];
        self.input
            .read_exact(&mut bytes)
            .map_err(|error| self.failed(&error, N))?;
        self.at += N;
        Ok(bytes)
    }

    pub(super) fn take(&mut self, count: u64) -> Result<Vec<u8>, PickleError> {
        let count = self.check(count)?;
        let mut bytes = vec![0; count];
        self.input
            .read_exact(&mut bytes)
            .map_err(|error| self.failed(&error, count))?;
        self.at += count;
        Ok(bytes)
    }

    pub(super) fn byte(&mut self) -> Result<u8, PickleError> {
        Ok(self.exact::<1>()?[0])
    }

    /// Takes operands of one byte for as long as `code` precedes them and `accept` takes them. It looks
    /// no further than what is in memory already, so there may be more of them.
    pub(super) fn run_of(
        &mut self,
        code: u8,
        mut accept: impl FnMut(u8) -> bool,
    ) -> Result<(), PickleError> {
        let left = self.length - self.at;
        let buffer = match self.input.fill_buf() {
            Ok(buffer) => &buffer[..buffer.len().min(left)],
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(()),
            Err(error) => return Err(self.failed(&error, left)),
        };
        let (pairs, _) = buffer.as_chunks::<2>();
        let taken = pairs
            .iter()
            .take_while(|[found, operand]| *found == code && accept(*operand))
            .count();
        self.input.consume(2 * taken);
        self.at += 2 * taken;
        Ok(())
    }

    pub(super) fn number2(&mut self) -> Result<u16, PickleError> {
        Ok(u16::from_le_bytes(self.exact()?))
    }

    pub(super) fn number4(&mut self) -> Result<u32, PickleError> {
        Ok(u32::from_le_bytes(self.exact()?))
    }

    pub(super) fn number8(&mut self) -> Result<u64, PickleError> {
        Ok(u64::from_le_bytes(self.exact()?))
    }

    /// Bytes after their count in one byte.
    pub(super) fn counted1(&mut self) -> Result<Vec<u8>, PickleError> {
        let count = self.byte()?;
        self.take(u64::from(count))
    }

    /// Bytes after their count in four bytes.
    pub(super) fn counted4(&mut self) -> Result<Vec<u8>, PickleError> {
        let count = self.number4()?;
        self.take(u64::from(count))
    }

    /// Bytes after their count in eight bytes.
    pub(super) fn counted8(&mut self) -> Result<Vec<u8>, PickleError> {
        let count = self.number8()?;
        self.take(count)
    }

    /// A line without its line feed.
    pub(super) fn line(&mut self) -> Result<Vec<u8>, PickleError> {
        let left = self.length - self.at;
        let mut line = Vec::new();
        self.input
            .by_ref()
            .take(left as u64)
            .read_until(b'\n', &mut line)
            .map_err(|error| self.failed(&error, left))?;
        if line.pop() != Some(b'\n') {
            return Err(self.truncated(left as u64 + 1));
        }
        self.at += line.len() + 1;
        Ok(line)
    }

    pub(super) fn text_line(&mut self) -> Result<String, PickleError> {
        let offset = self.at;
        text(self.line()?, offset)
    }
}

pub(super) fn utf8(bytes: &[u8], offset: usize) -> Result<&str, PickleError> {
    std::str::from_utf8(bytes).map_err(|_| PickleError::BadLiteral { offset })
}

pub(super) fn text(bytes: Vec<u8>, offset: usize) -> Result<String, PickleError> {
    String::from_utf8(bytes).map_err(|_| PickleError::BadLiteral { offset })
}

/// A little-endian two's complement integer of any width.
pub(super) fn long(bytes: &[u8], offset: usize) -> Result<i64, PickleError> {
    let negative = bytes.last().is_some_and(|byte| byte & 0x80 != 0);
    let fill = if negative { 0xff } else { 0 };
    let mut wide = [fill; 8];
    for (index, byte) in bytes.iter().enumerate() {
        match wide.get_mut(index) {
            Some(place) => *place = *byte,
            None if *byte == fill => {}
            None => return Err(PickleError::IntegerTooLarge { offset }),
        }
    }
    let value = i64::from_le_bytes(wide);
    if (value < 0) == negative {
        Ok(value)
    } else {
        Err(PickleError::IntegerTooLarge { offset })
    }
}

/// A Python string literal in quotes, as protocol 0 writes byte strings.
pub(super) fn quoted(line: &[u8], offset: usize) -> Result<Vec<u8>, PickleError> {
    let bad = || PickleError::BadLiteral { offset };
    let line = line.trim_ascii();
    let ([b'\'', inner @ .., b'\''] | [b'"', inner @ .., b'"']) = line else {
        return Err(bad());
    };
    let mut out = Vec::with_capacity(inner.len());
    let mut bytes = inner.iter().copied();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        out.push(match bytes.next().ok_or_else(bad)? {
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'x' => {
                let high = bytes.next().and_then(digit).ok_or_else(bad)?;
                let low = bytes.next().and_then(digit).ok_or_else(bad)?;
                (high * 16 + low) as u8
            }
            same @ (b'\\' | b'\'' | b'"') => same,
            _ => return Err(bad()),
        });
    }
    Ok(out)
}

/// Latin-1 with `\uXXXX` and `\UXXXXXXXX`, as protocol 0 writes text.
pub(super) fn raw_unicode(line: &[u8], offset: usize) -> Result<String, PickleError> {
    let bad = || PickleError::BadLiteral { offset };
    let mut out = String::with_capacity(line.len());
    let mut index = 0;
    while let Some(byte) = line.get(index) {
        let width = match (byte, line.get(index + 1)) {
            (b'\\', Some(b'u')) => 4,
            (b'\\', Some(b'U')) => 8,
            _ => {
                out.push(char::from(*byte));
                index += 1;
                continue;
            }
        };
        let digits = line.get(index + 2..index + 2 + width).ok_or_else(bad)?;
        let code = digits
            .iter()
            .try_fold(0_u32, |code, byte| {
                Some(code.checked_mul(16)? + digit(*byte)?)
            })
            .ok_or_else(bad)?;
        out.push(char::from_u32(code).ok_or_else(bad)?);
        index += 2 + width;
    }
    Ok(out)
}

fn digit(byte: u8) -> Option<u32> {
    char::from(byte).to_digit(16)
}
