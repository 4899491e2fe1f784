//! numpy arrays and scalars inside a pickle.

use super::handles::Handles;
use half::f16;
use std::sync::Arc;

/// Kind of a numpy element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Bool,
    Int,
    Unsigned,
    Float,
    /// `S`: bytes, filled up with zeros.
    Bytes,
    /// `U`: code points of four bytes, filled up with zeros.
    Text,
    /// `O`: any Python object; the data is a list of them.
    Object,
}

/// Element type: kind, bytes an element, byte order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Dtype {
    pub(super) kind: Kind,
    pub(super) size: usize,
    pub(super) big_endian: bool,
}

impl Dtype {
    /// Reads a type code such as `i8`, `<f4`, `|u1`, `b1`, `S12`, `<U7` or `O`.
    pub(crate) fn parse(code: &str) -> Option<Self> {
        let (big_endian, code) = match code.as_bytes().first()? {
            b'>' => (true, &code[1..]),
            b'<' | b'|' | b'=' => (false, &code[1..]),
            _ => (false, code),
        };
        let (kind, size) = match code {
            "b1" | "?" => (Kind::Bool, 1),
            "i1" => (Kind::Int, 1),
            "i2" => (Kind::Int, 2),
            "i4" => (Kind::Int, 4),
            "i8" => (Kind::Int, 8),
            "u1" => (Kind::Unsigned, 1),
            "u2" => (Kind::Unsigned, 2),
            "u4" => (Kind::Unsigned, 4),
            "u8" => (Kind::Unsigned, 8),
            "f2" => (Kind::Float, 2),
            "f4" => (Kind::Float, 4),
            "f8" => (Kind::Float, 8),
            // The size of a pointer where the file was written.
            "O" | "O4" | "O8" => (Kind::Object, 8),
            _ => {
                let (kind, count, width) = match code.split_at_checked(1)? {
                    ("S" | "a", count) => (Kind::Bytes, count, 1),
                    ("U", count) => (Kind::Text, count, 4),
                    _ => return None,
                };
                // A sign is no digit, though `parse` takes one.
                let plain = count.bytes().all(|digit| digit.is_ascii_digit());
                let count: u32 = count.parse().ok().filter(|_| plain)?;
                (kind, (count as usize).checked_mul(width)?)
            }
        };
        Some(Self {
            kind,
            size,
            big_endian,
        })
    }

    /// Whether elements are numbers or truth values.
    pub(super) fn numeric(self) -> bool {
        !matches!(self.kind, Kind::Bytes | Kind::Text | Kind::Object)
    }

    /// Whether elements are whole numbers or truth values.
    pub(crate) fn integral(self) -> bool {
        matches!(self.kind, Kind::Bool | Kind::Int | Kind::Unsigned)
    }

    /// Whether elements are bytes or text.
    pub(crate) fn textual(self) -> bool {
        matches!(self.kind, Kind::Bytes | Kind::Text)
    }

    /// Whether elements are Python objects.
    pub(crate) fn object(self) -> bool {
        self.kind == Kind::Object
    }

    /// Whether elements are text in code points, not bytes.
    pub(super) fn code_points(self) -> bool {
        self.kind == Kind::Text
    }

    /// Bytes of an element as stored.
    pub(crate) fn size(self) -> usize {
        self.size
    }

    /// The text of one `U` element: zeros at the end are filling. `None` where a number is not a code point.
    pub(super) fn text(self, element: &[u8]) -> Option<String> {
        let (points, _) = element.as_chunks::<4>();
        let end = points
            .iter()
            .rposition(|point| *point != [0; 4])
            .map_or(0, |last| last + 1);
        points[..end]
            .iter()
            .map(|point| {
                char::from_u32(if self.big_endian {
                    u32::from_be_bytes(*point)
                } else {
                    u32::from_le_bytes(*point)
                })
            })
            .collect()
    }

    /// The text of one `S` or `U` element. Bytes that are not UTF-8 are Latin-1.
    pub(crate) fn string(self, element: &[u8]) -> Option<String> {
        if self.kind == Kind::Text {
            return self.text(element);
        }
        let bytes = without_filling(element);
        Some(match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(_) => bytes.iter().map(|byte| char::from(*byte)).collect(),
        })
    }

    /// One numeric element, extended to 64 bits without regard to its kind.
    fn raw(self, element: &[u8]) -> u64 {
        let mut wide = [0_u8; 8];
        let width = element.len().min(8);
        wide[..width].copy_from_slice(&element[..width]);
        if self.big_endian {
            wide[..width].reverse();
        }
        u64::from_le_bytes(wide)
    }

    /// One integral element; `None` beyond [`i64::MAX`].
    pub(crate) fn integer(self, element: &[u8]) -> Option<i64> {
        let raw = self.raw(element);
        match self.kind {
            Kind::Bool => Some(i64::from(raw != 0)),
            Kind::Unsigned => i64::try_from(raw).ok(),
            Kind::Int => {
                let spare = 64 - 8 * self.size.min(8) as u32;
                Some((raw << spare) as i64 >> spare)
            }
            _ => None,
        }
    }

    fn number(self, element: &[u8]) -> f64 {
        let raw = self.raw(element);
        match (self.kind, self.size) {
            (Kind::Float, 2) => f64::from(f16::from_bits(raw as u16)),
            (Kind::Float, 4) => f64::from(f32::from_bits(raw as u32)),
            (Kind::Float, _) => f64::from_bits(raw),
            (Kind::Unsigned, _) => raw as f64,
            _ => self.integer(element).unwrap_or_default() as f64,
        }
    }
}

/// The bytes of an `S` element: zeros at the end element are filling.
pub(super) fn without_filling(element: &[u8]) -> &[u8] {
    let end = element
        .iter()
        .rposition(|byte| *byte != 0)
        .map_or(0, |last| last + 1);
    &element[..end]
}

/// Product of the sides, or `None` where it does not fit.
pub(crate) fn elements(shape: &[usize]) -> Option<usize> {
    shape
        .iter()
        .try_fold(1_usize, |product, side| product.checked_mul(*side))
}

/// Where the element that is at `index` in C order lies in Fortran order. `index` is below the product
/// of `shape`.
pub(crate) fn fortran_place(shape: &[usize], mut index: usize) -> usize {
    let mut place = 0;
    let mut stride: usize = shape.iter().product();
    for side in shape.iter().rev() {
        let side = *side.max(&1);
        stride /= side;
        place += index % side * stride;
        index /= side;
    }
    place
}

/// A numeric array. Its data has exactly the bytes that shape and type demand.
#[derive(Clone, Debug)]
pub(super) struct Array {
    dtype: Dtype,
    pub(super) shape: Box<[usize]>,
    fortran: bool,
    data: Arc<[u8]>,
}

/// The parts of a numeric array.
#[derive(Clone, Copy, Debug)]
pub(in crate::format) struct ArrayRef<'a> {
    /// Bytes of a float, where elements are floats.
    pub(in crate::format) float_bytes: Option<usize>,
    /// Bytes of an element.
    pub(in crate::format) element: usize,
    pub(in crate::format) big_endian: bool,
    pub(in crate::format) shape: &'a [usize],
    pub(in crate::format) fortran: bool,
    pub(in crate::format) data: &'a Arc<[u8]>,
}

impl Array {
    /// `None` when shape times element size is not the length of `data`, or elements are no numbers.
    pub(super) fn new(
        dtype: Dtype,
        shape: Box<[usize]>,
        fortran: bool,
        data: Arc<[u8]>,
    ) -> Option<Self> {
        let fits = elements(&shape)?.checked_mul(dtype.size)? == data.len();
        (fits && dtype.numeric()).then_some(Self {
            dtype,
            shape,
            fortran,
            data,
        })
    }

    /// Its parts.
    pub(super) fn stored(&self) -> ArrayRef<'_> {
        ArrayRef {
            float_bytes: (self.dtype.kind == Kind::Float).then_some(self.dtype.size),
            element: self.dtype.size,
            big_endian: self.dtype.big_endian,
            shape: &self.shape,
            fortran: self.fortran,
            data: &self.data,
        }
    }

    /// Elements over all axes.
    pub(super) fn len(&self) -> usize {
        self.data.len() / self.dtype.size
    }

    /// The element at `index` in C order, whatever the order in memory.
    pub(super) fn get(&self, index: usize) -> Option<f64> {
        self.element(index).map(|bytes| self.dtype.number(bytes))
    }

    /// As [`Array::get`], exactly; `None` for floats and beyond [`i64::MAX`].
    pub(super) fn integer(&self, index: usize) -> Option<i64> {
        self.dtype.integer(self.element(index)?)
    }

    fn element(&self, index: usize) -> Option<&[u8]> {
        if index >= self.len() {
            return None;
        }
        let place = if self.fortran {
            fortran_place(&self.shape, index)
        } else {
            index
        };
        let start = place.checked_mul(self.dtype.size)?;
        self.data.get(start..start + self.dtype.size)
    }
}

/// An array of Python objects, or of text, each of which is an object here. Items are in C order, as
/// many as the shape says.
#[derive(Clone, Debug)]
pub(super) struct Objects {
    pub(super) shape: Box<[usize]>,
    pub(super) items: Handles,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn type_codes() {
        let size = |code: &str| Dtype::parse(code).map(|dtype| (dtype.kind, dtype.size));
        assert_eq!(size("<U12"), Some((Kind::Text, 48)));
        assert_eq!(size("|S3"), Some((Kind::Bytes, 3)));
        assert_eq!(size("|O"), Some((Kind::Object, 8)));
        assert_eq!(size("<f2"), Some((Kind::Float, 2)));
        for code in [
            "",
            "<",
            "U",
            "U-1",
            "S+1",
            "U99999999999",
            "M8[ns]",
            "c8",
            "V4",
            "f3",
            "i16",
            "é1",
            "Uxx",
        ] {
            assert_eq!(size(code), None, "{code}");
        }
    }

    #[test]
    fn places_in_fortran_order() {
        let places: Vec<usize> = (0..6).map(|index| fortran_place(&[2, 3], index)).collect();
        assert_eq!(places, [0, 2, 4, 1, 3, 5]);
        let places: Vec<usize> = (0..8)
            .map(|index| fortran_place(&[2, 2, 2], index))
            .collect();
        assert_eq!(places, [0, 4, 2, 6, 1, 5, 3, 7]);
        assert_eq!(fortran_place(&[], 0), 0);
    }

    #[test]
    fn text_ends_before_its_filling() {
        let dtype = Dtype::parse("<U3").unwrap();
        assert_eq!(dtype.text(b"a\0\0\0\0\0\0\0b\0\0\0").unwrap(), "a\0b");
        assert_eq!(dtype.text(&[0; 12]).unwrap(), "");
        assert_eq!(dtype.text(&[0xff; 12]), None);
        let big = Dtype::parse(">U1").unwrap();
        assert_eq!(big.text(&[0, 1, 0xf9, 0x8a]).unwrap(), "\u{1f98a}");
        assert_eq!(without_filling(b"a\0b\0\0"), b"a\0b");
    }
}
