//! A tensor in a file: where its numbers are, and how they are read.

use super::PIECE;
use crate::format::fault::Fault;
use half::{bf16, f16};
use std::io::{self, Read};
use std::sync::Arc;

/// Type of the numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr)]
pub enum Number {
    /// Half precision.
    #[strum(serialize = "float16")]
    F16,
    /// The upper half of single precision.
    #[strum(serialize = "bfloat16")]
    Bf16,
    /// Single precision.
    #[strum(serialize = "float32")]
    F32,
    /// Double precision.
    #[strum(serialize = "float64")]
    F64,
    /// Whole numbers and truth values, of so many bytes.
    #[strum(serialize = "integers")]
    Whole(u8),
    /// Anything else; bytes are counted, and none are read.
    #[strum(serialize = "numbers of an unknown type")]
    Other,
}

impl Number {
    /// As Python calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }

    pub(super) fn bytes(self) -> usize {
        match self {
            Self::F16 | Self::Bf16 => 2,
            Self::F32 => 4,
            Self::F64 => 8,
            Self::Whole(bytes) => usize::from(bytes),
            Self::Other => 1,
        }
    }

    /// Of a float with so many bytes.
    pub(super) fn float(bytes: usize) -> Option<Self> {
        match bytes {
            2 => Some(Self::F16),
            4 => Some(Self::F32),
            8 => Some(Self::F64),
            _ => None,
        }
    }

    /// Adds the numbers of `bytes` to `found`.
    fn values(self, bytes: &[u8], big_endian: bool, found: &mut Vec<f32>) {
        let half = |raw: u16| match self {
            Self::F16 => f16::from_bits(raw).to_f32(),
            _ => bf16::from_bits(raw).to_f32(),
        };
        match self.bytes() {
            2 => found.extend(each(bytes, big_endian).map(|it| half(u16::from_le_bytes(it)))),
            4 => found.extend(each(bytes, big_endian).map(f32::from_le_bytes)),
            _ => found.extend(each(bytes, big_endian).map(|it| f64::from_le_bytes(it) as f32)),
        }
    }
}

/// The elements of `bytes`, little-endian.
fn each<const N: usize>(bytes: &[u8], big_endian: bool) -> impl Iterator<Item = [u8; N]> {
    let (whole, _) = bytes.as_chunks::<N>();
    whole.iter().map(move |element| {
        let mut element = *element;
        if big_endian {
            element.reverse();
        }
        element
    })
}

/// What the offset of a tensor counts from.
#[derive(Clone, Debug)]
pub(super) enum Place {
    /// This byte of the file.
    File(u64),
    /// The first byte of a member of the archive.
    Member(usize),
    /// The first of these bytes.
    Memory(Arc<[u8]>),
}

/// A tensor of a checkpoint, or a view of one.
#[derive(Clone, Debug)]
pub struct StoredTensor {
    pub(super) number: Number,
    pub(super) big_endian: bool,
    shape: Vec<usize>,
    /// In numbers, by axis.
    strides: Vec<usize>,
    /// The first number.
    offset: u64,
    pub(super) place: Place,
}

impl StoredTensor {
    /// A tensor in `room` bytes from `place`.
    pub(super) fn new(
        number: Number,
        shape: Vec<usize>,
        strides: Vec<usize>,
        offset: u64,
        (place, room): (Place, u64),
    ) -> Result<Self, Fault> {
        let made = Self {
            number,
            big_endian: false,
            shape,
            strides,
            offset,
            place,
        };
        let fits = made
            .end()
            .and_then(|end| end.checked_mul(number.bytes() as u64))
            .is_some_and(|end| end <= room);
        if fits {
            return Ok(made);
        }
        Err(Fault::Malformed(format!(
            "a tensor of shape {:?} ends behind its {room} bytes",
            made.shape
        )))
    }

    /// The number behind the last one; `None` where it is beyond any file.
    fn end(&self) -> Option<u64> {
        let mut last = self.offset;
        let mut count = 1_u64;
        for (side, stride) in self.shape.iter().zip(&self.strides) {
            count = count.checked_mul(*side as u64)?;
            let reach = (*side as u64)
                .saturating_sub(1)
                .checked_mul(*stride as u64)?;
            last = last.checked_add(reach)?;
        }
        if count == 0 {
            return Some(self.offset);
        }
        last.checked_add(1)
    }

    /// Type of its numbers.
    #[must_use]
    pub fn number(&self) -> Number {
        self.number
    }

    /// Sides.
    #[must_use]
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// How many numbers.
    #[must_use]
    pub fn count(&self) -> usize {
        self.shape.iter().product()
    }

    /// The same numbers with the axes in another order; `None` where `order` is none.
    #[must_use]
    pub fn reordered(&self, order: &[usize]) -> Option<Self> {
        let mut seen = order.to_vec();
        seen.sort_unstable();
        if !seen.iter().copied().eq(0..self.shape.len()) {
            return None;
        }
        Some(Self {
            shape: order.iter().map(|axis| self.shape[*axis]).collect(),
            strides: order.iter().map(|axis| self.strides[*axis]).collect(),
            ..self.clone()
        })
    }

    /// Part `which` of `of` equal parts along the first axis.
    #[must_use]
    pub fn part(&self, which: usize, of: usize) -> Option<Self> {
        let (first, stride) = (*self.shape.first()?, *self.strides.first()?);
        if of == 0 || which >= of || !first.is_multiple_of(of) {
            return None;
        }
        let mut found = self.clone();
        found.shape[0] = first / of;
        found.offset += (which * (first / of)) as u64 * stride as u64;
        Some(found)
    }

    /// The first byte and the number of bytes that hold it.
    pub(super) fn reach(&self) -> (u64, u64) {
        let width = self.number.bytes() as u64;
        let end = self.end().unwrap_or(self.offset);
        (self.offset * width, (end - self.offset) * width)
    }

    fn contiguous(&self) -> bool {
        let mut step = 1;
        self.shape
            .iter()
            .zip(&self.strides)
            .rev()
            .all(|(side, stride)| {
                let fits = *side == 1 || *stride == step;
                step *= side;
                fits
            })
    }

    /// Reads its reach from `input` and gives the numbers on.
    pub(super) fn convert(
        &self,
        input: &mut impl Read,
        take: &mut dyn FnMut(&[f32]) -> io::Result<()>,
    ) -> io::Result<()> {
        if matches!(self.number, Number::Whole(_) | Number::Other) {
            let message = format!("{} are no weights", self.number.name());
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        let width = self.number.bytes();
        let mut numbers = Vec::with_capacity(PIECE.min(self.count()));
        if self.contiguous() {
            let mut left = self.count();
            let mut bytes = vec![0; PIECE.min(left) * width];
            while left > 0 {
                let some = PIECE.min(left);
                input.read_exact(&mut bytes[..some * width])?;
                numbers.clear();
                let bytes = &bytes[..some * width];
                self.number.values(bytes, self.big_endian, &mut numbers);
                take(&numbers)?;
                left -= some;
            }
            return Ok(());
        }
        let mut bytes = vec![0; self.reach().1 as usize];
        input.read_exact(&mut bytes)?;
        for index in 0..self.count() {
            let at = self.position(index) * width;
            let element = bytes.get(at..at + width);
            let element = element.ok_or(io::ErrorKind::UnexpectedEof)?;
            self.number.values(element, self.big_endian, &mut numbers);
            if numbers.len() == PIECE {
                take(&numbers)?;
                numbers.clear();
            }
        }
        take(&numbers)
    }

    /// Where the number at `index` in the order of the axes is, from the first one.
    fn position(&self, mut index: usize) -> usize {
        let mut place = 0;
        for (side, stride) in self.shape.iter().zip(&self.strides).rev() {
            place += index % side * stride;
            index /= side;
        }
        place
    }
}

/// The strides of numbers one after the other, in C order or in Fortran's.
pub(super) fn strides(shape: &[usize], fortran: bool) -> Vec<usize> {
    let mut step = 1_usize;
    let mut next = |side: &usize| {
        let own = step;
        step = step.saturating_mul((*side).max(1));
        own
    };
    if fortran {
        return shape.iter().map(next).collect();
    }
    let mut found: Vec<usize> = shape.iter().rev().map(&mut next).collect();
    found.reverse();
    found
}
