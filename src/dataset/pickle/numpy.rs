//! numpy arrays and scalars inside a pickle.

/// Kind of a numpy element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Bool,
    Int,
    Unsigned,
    Float,
}

/// Element type: kind, bytes an element, byte order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Dtype {
    pub(super) kind: Kind,
    pub(super) size: usize,
    pub(super) big_endian: bool,
}

impl Dtype {
    /// Reads a type code such as `i8`, `<f4`, `|u1` or `b1`.
    pub(super) fn parse(code: &str) -> Option<Self> {
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
            "f4" => (Kind::Float, 4),
            "f8" => (Kind::Float, 8),
            _ => return None,
        };
        Some(Self {
            kind,
            size,
            big_endian,
        })
    }
}

/// A numeric array. Its data has exactly the bytes that shape and type demand.
#[derive(Clone, Debug)]
pub(super) struct Array {
    dtype: Dtype,
    pub(super) shape: Vec<usize>,
    fortran: bool,
    data: Box<[u8]>,
}

impl Array {
    /// `None` when shape times element size is not the length of `data`.
    pub(super) fn new(dtype: Dtype, shape: Vec<usize>, fortran: bool, data: &[u8]) -> Option<Self> {
        let elements = shape
            .iter()
            .try_fold(1_usize, |product, side| product.checked_mul(*side))?;
        let array = Self {
            dtype,
            shape,
            fortran,
            data: data.into(),
        };
        (elements.checked_mul(dtype.size)? == data.len()).then_some(array)
    }

    /// Elements over all axes.
    pub(super) fn len(&self) -> usize {
        self.data.len() / self.dtype.size
    }

    /// Bytes of the data.
    pub(super) fn bytes(&self) -> usize {
        self.data.len()
    }

    /// The element at `index` in C order, whatever the order in memory.
    pub(super) fn get(&self, index: usize) -> Option<f64> {
        let place = if self.fortran {
            self.fortran_place(index)
        } else {
            index
        };
        let start = place.checked_mul(self.dtype.size)?;
        let mut bytes = self.data.get(start..start + self.dtype.size)?.to_vec();
        if self.dtype.big_endian {
            bytes.reverse();
        }
        let mut wide = [0_u8; 8];
        wide[..bytes.len()].copy_from_slice(&bytes);
        let unsigned = u64::from_le_bytes(wide);
        Some(match self.dtype.kind {
            Kind::Bool => f64::from(u8::from(unsigned != 0)),
            Kind::Unsigned => unsigned as f64,
            Kind::Int => {
                let spare = 64 - 8 * self.dtype.size as u32;
                ((unsigned << spare) as i64 >> spare) as f64
            }
            Kind::Float if self.dtype.size == 4 => f64::from(f32::from_bits(unsigned as u32)),
            Kind::Float => f64::from_bits(unsigned),
        })
    }

    fn fortran_place(&self, mut index: usize) -> usize {
        let mut coordinates = vec![0; self.shape.len()];
        for (axis, side) in self.shape.iter().enumerate().rev() {
            coordinates[axis] = index % side.max(&1);
            index /= side.max(&1);
        }
        let mut place = 0;
        let mut stride = 1;
        for (coordinate, side) in coordinates.iter().zip(&self.shape) {
            place += coordinate * stride;
            stride *= side;
        }
        place
    }
}
