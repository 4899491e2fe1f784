//! The header of numpy's NPY format ("NEP 1"): a magic string, a version, the length of a header, the
//! header (a Python dict literal), then the data. Versions 1.0, 2.0 and 3.0.

use std::io::{self, Read};

/// Longest header that is read. Real ones have 118 bytes.
const MAX_HEADER: usize = 1 << 16;

/// Why a header cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum HeaderFault {
    /// The input cannot be read.
    #[error("failed to read it")]
    Io(#[from] io::Error),
    /// It does not start as an NPY file does.
    #[error("it does not start with the NPY magic string")]
    NotNpy,
    /// A version of the format that does not exist.
    #[error("it claims NPY version {major}.{minor}; 1.0, 2.0 and 3.0 are known")]
    UnknownVersion {
        /// Major version.
        major: u8,
        /// Minor version.
        minor: u8,
    },
    /// It is not the dict literal that numpy writes.
    #[error("its header is malformed: {header}")]
    Malformed {
        /// The header, shortened.
        header: String,
    },
    /// The input ends before the header does.
    #[error("it is cut off: its header ends at byte {wanted}")]
    CutOff {
        /// Bytes that there should be at least.
        wanted: u64,
    },
}

/// What a header says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NpyHeader {
    /// numpy's type code, for example `<f4`.
    pub descr: String,
    /// Whether the array is stored column by column.
    pub fortran: bool,
    /// Sides of the array; none for a scalar.
    pub shape: Vec<u64>,
    /// Bytes before the data.
    pub data_at: u64,
}

impl NpyHeader {
    /// Reads a header and leaves `input` at the first byte of the data.
    ///
    /// # Errors
    /// [`HeaderFault`].
    pub fn read(input: &mut impl Read) -> Result<Self, HeaderFault> {
        let mut start = [0; 10];
        let have = read_up_to(input, &mut start)?;
        if have < 6 || &start[..6] != b"\x93NUMPY" {
            return Err(HeaderFault::NotNpy);
        }
        if have < start.len() {
            return Err(HeaderFault::CutOff { wanted: 12 });
        }
        let (header_at, length) = match (start[6], start[7]) {
            (1, 0) => (
                10_u64,
                usize::from(u16::from_le_bytes([start[8], start[9]])),
            ),
            (2 | 3, 0) => {
                let mut high = [0; 2];
                if read_up_to(input, &mut high)? < 2 {
                    return Err(HeaderFault::CutOff { wanted: 12 });
                }
                let length = u32::from_le_bytes([start[8], start[9], high[0], high[1]]);
                (12, length as usize)
            }
            (major, minor) => return Err(HeaderFault::UnknownVersion { major, minor }),
        };
        if length > MAX_HEADER {
            return Err(HeaderFault::Malformed {
                header: format!("{length} bytes long"),
            });
        }
        let data_at = header_at + length as u64;
        let mut header = vec![0; length];
        if read_up_to(input, &mut header)? < length {
            return Err(HeaderFault::CutOff { wanted: data_at });
        }
        let text = String::from_utf8_lossy(&header);
        Self::parse(&text, data_at).ok_or_else(|| HeaderFault::Malformed {
            header: text.trim().chars().take(100).collect(),
        })
    }

    /// Parses `{'descr': '|u1', 'fortran_order': False, 'shape': (5, 128, 128, 3), }`.
    fn parse(text: &str, data_at: u64) -> Option<Self> {
        let mut rest = text.trim().strip_prefix('{')?.strip_suffix('}')?.trim();
        let (mut descr, mut fortran, mut shape) = (None, None, None);
        while !rest.is_empty() {
            let (key, after) = quoted(rest)?;
            rest = after.trim_start().strip_prefix(':')?.trim_start();
            match key {
                "descr" => {
                    let (value, after) = quoted(rest)?;
                    descr = Some(value.to_owned());
                    rest = after;
                }
                "fortran_order" => {
                    let (value, after) = ["True", "False"]
                        .iter()
                        .find_map(|word| rest.strip_prefix(word).map(|after| (*word, after)))?;
                    fortran = Some(value == "True");
                    rest = after;
                }
                "shape" => {
                    let (inside, after) = rest.strip_prefix('(')?.split_once(')')?;
                    shape = Some(sides(inside)?);
                    rest = after;
                }
                _ => return None,
            }
            rest = rest.trim_start();
            rest = match rest.strip_prefix(',') {
                Some(after) => after.trim_start(),
                None if rest.is_empty() => rest,
                None => return None,
            };
        }
        Some(Self {
            descr: descr?,
            fortran: fortran?,
            shape: shape?,
            data_at,
        })
    }
}

/// `5, 128L` to numbers. A side with a sign or a letter is not a count.
fn sides(inside: &str) -> Option<Vec<u64>> {
    let inside = inside.trim().trim_end_matches(',');
    inside
        .split(',')
        .map(str::trim)
        .filter(|_| !inside.is_empty())
        .map(|side| side.trim_end_matches('L').parse().ok())
        .collect()
}

fn quoted(text: &str) -> Option<(&str, &str)> {
    let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    text[1..].split_once(quote)
}

fn read_up_to(input: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut have = 0;
    while have < buffer.len() {
        match input.read(&mut buffer[have..]) {
            Ok(0) => break,
            Ok(count) => have += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(have)
}
