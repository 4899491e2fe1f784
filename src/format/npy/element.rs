//! numpy's numeric types.

use std::io::{self, Read};

/// A type and its byte order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::format) struct Element {
    kind: Kind,
    big_endian: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    F2,
    F4,
    F8,
    I1,
    I2,
    I4,
    I8,
    U1,
    U2,
    U4,
    U8,
    Bool,
}

impl Element {
    /// Reads a type code such as `<f4`; the error says why a type is refused.
    pub(in crate::format) fn parse(descr: &str) -> Result<Self, String> {
        let (order, code) = match descr.chars().next() {
            Some(order @ ('<' | '>' | '|' | '=')) => (order, &descr[1..]),
            _ => ('=', descr),
        };
        let kind = match code {
            "f2" => Kind::F2,
            "f4" => Kind::F4,
            "f8" => Kind::F8,
            "i1" => Kind::I1,
            "i2" => Kind::I2,
            "i4" => Kind::I4,
            "i8" => Kind::I8,
            "u1" => Kind::U1,
            "u2" => Kind::U2,
            "u4" => Kind::U4,
            "u8" => Kind::U8,
            "b1" | "?" => Kind::Bool,
            _ if code.starts_with('O') => {
                return Err(
                    "its elements are Python objects (`dtype=object`), which would have to be unpickled"
                        .to_owned(),
                );
            }
            _ => return Err(format!("its elements are `{descr}`, not real numbers")),
        };
        Ok(Self {
            kind,
            big_endian: order == '>' || (order == '=' && cfg!(target_endian = "big")),
        })
    }

    /// Bytes of one element.
    pub(in crate::format) fn size(self) -> usize {
        match self.kind {
            Kind::I1 | Kind::U1 | Kind::Bool => 1,
            Kind::F2 | Kind::I2 | Kind::U2 => 2,
            Kind::F4 | Kind::I4 | Kind::U4 => 4,
            Kind::F8 | Kind::I8 | Kind::U8 => 8,
        }
    }

    /// Whether the values are floats, of any precision.
    pub(in crate::format) fn is_float(self) -> bool {
        matches!(self.kind, Kind::F2 | Kind::F4 | Kind::F8)
    }

    /// Whether `f32` holds every value.
    pub(in crate::format) fn single(self) -> bool {
        matches!(self.kind, Kind::F2 | Kind::F4)
    }

    /// Reads `count` values of a single-precision type.
    pub(in crate::format) fn read_f32(
        self,
        input: &mut impl Read,
        count: usize,
    ) -> io::Result<Vec<f32>> {
        match self.kind {
            Kind::F2 => self.converted(input, count, |w| half::f16::from_le_bytes(w).to_f32()),
            _ => self.as_stored(input, count, |v: f32| {
                f32::from_bits(v.to_bits().swap_bytes())
            }),
        }
    }

    /// Reads `count` values of any type.
    pub(in crate::format) fn read_f64(
        self,
        input: &mut impl Read,
        count: usize,
    ) -> io::Result<Vec<f64>> {
        match self.kind {
            Kind::F8 => self.as_stored(input, count, |v: f64| {
                f64::from_bits(v.to_bits().swap_bytes())
            }),
            Kind::F2 | Kind::F4 => {
                let values = self.read_f32(input, count)?;
                Ok(values.into_iter().map(f64::from).collect())
            }
            Kind::I1 => self.converted(input, count, |w| f64::from(i8::from_le_bytes(w))),
            Kind::I2 => self.converted(input, count, |w| f64::from(i16::from_le_bytes(w))),
            Kind::I4 => self.converted(input, count, |w| f64::from(i32::from_le_bytes(w))),
            Kind::I8 => self.converted(input, count, |w| i64::from_le_bytes(w) as f64),
            Kind::U1 => self.converted(input, count, |w| f64::from(u8::from_le_bytes(w))),
            Kind::U2 => self.converted(input, count, |w| f64::from(u16::from_le_bytes(w))),
            Kind::U4 => self.converted(input, count, |w| f64::from(u32::from_le_bytes(w))),
            Kind::U8 => self.converted(input, count, |w| u64::from_le_bytes(w) as f64),
            Kind::Bool => self.converted(input, count, |[b]| f64::from(u8::from(b != 0))),
        }
    }

    /// Reads values whose bytes are those of `T`, without a copy; `swap` turns the bytes of one around.
    fn as_stored<T: bytemuck::Pod>(
        self,
        input: &mut impl Read,
        count: usize,
        swap: impl Fn(T) -> T,
    ) -> io::Result<Vec<T>> {
        let mut values = vec![T::zeroed(); count];
        input.read_exact(bytemuck::cast_slice_mut(&mut values))?;
        if self.foreign() {
            for value in &mut values {
                *value = swap(*value);
            }
        }
        Ok(values)
    }

    /// Reads words of `N` bytes, each of which `number` gets with its least significant byte first.
    fn converted<const N: usize, T>(
        self,
        input: &mut impl Read,
        count: usize,
        number: impl Fn([u8; N]) -> T,
    ) -> io::Result<Vec<T>> {
        let mut data = vec![0; count * N];
        input.read_exact(&mut data)?;
        Ok(self.words(&data).map(number).collect())
    }

    /// Whether the bytes of a number are in the order of another machine.
    fn foreign(self) -> bool {
        self.big_endian != cfg!(target_endian = "big")
    }

    /// Words of `N` bytes, least significant byte first.
    fn words<const N: usize>(self, data: &[u8]) -> impl Iterator<Item = [u8; N]> {
        data.chunks_exact(N).map(move |chunk| {
            let mut word = [0; N];
            word.copy_from_slice(chunk);
            if self.big_endian {
                word.reverse();
            }
            word
        })
    }
}
