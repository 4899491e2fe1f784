//! Reading operands: counted bytes, lines, and the two text spellings of protocol 0.

use super::PickleError;

/// A cursor that never reads past the end and never allocates for bytes that are not there.
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    pub(super) at: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub(super) fn take(&mut self, count: u64) -> Result<&'a [u8], PickleError> {
        let rest = &self.bytes[self.at..];
        match usize::try_from(count)
            .ok()
            .filter(|count| *count <= rest.len())
        {
            Some(count) => {
                self.at += count;
                Ok(&rest[..count])
            }
            None => Err(PickleError::Truncated {
                offset: self.at,
                wanted: count,
                length: self.bytes.len(),
            }),
        }
    }

    pub(super) fn byte(&mut self) -> Result<u8, PickleError> {
        Ok(self.take(1)?[0])
    }

    /// An unsigned little-endian number of `width` (at most 8) bytes.
    pub(super) fn number(&mut self, width: usize) -> Result<u64, PickleError> {
        let mut wide = [0; 8];
        wide[..width].copy_from_slice(self.take(width as u64)?);
        Ok(u64::from_le_bytes(wide))
    }

    /// Bytes whose count stands before them in `width` bytes.
    pub(super) fn counted(&mut self, width: usize) -> Result<&'a [u8], PickleError> {
        let count = self.number(width)?;
        self.take(count)
    }

    /// A line without its line feed.
    pub(super) fn line(&mut self) -> Result<&'a [u8], PickleError> {
        let rest = &self.bytes[self.at..];
        let Some(end) = rest.iter().position(|byte| *byte == b'\n') else {
            return Err(PickleError::Truncated {
                offset: self.at,
                wanted: rest.len() as u64 + 1,
                length: self.bytes.len(),
            });
        };
        self.at += end + 1;
        Ok(&rest[..end])
    }

    pub(super) fn text_line(&mut self) -> Result<&'a str, PickleError> {
        let offset = self.at;
        utf8(self.line()?, offset)
    }
}

pub(super) fn utf8(bytes: &[u8], offset: usize) -> Result<&str, PickleError> {
    std::str::from_utf8(bytes).map_err(|_| PickleError::BadLiteral { offset })
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
