//! numpy's numeric types.

use std::io::{self, Read};

/// A type and its byte order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Element {
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
    pub(super) fn parse(descr: &str) -> Result<Self, String> {
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
    pub(super) fn size(self) -> usize {
        match self.kind {
            Kind::I1 | Kind::U1 | Kind::Bool => 1,
            Kind::F2 | Kind::I2 | Kind::U2 => 2,
            Kind::F4 | Kind::I4 | Kind::U4 => 4,
            Kind::F8 | Kind::I8 | Kind::U8 => 8,
        }
    }

    /// Whether `f32` holds every value.
    pub(super) fn single(self) -> bool {
        matches!(self.kind, Kind::F2 | Kind::F4)
    }

    /// Reads `count` values of a single-precision type.
    pub(super) fn read_f32(self, input: &mut impl Read, count: usize) -> io::Result<Vec<f32>> {
        if self.kind == Kind::F4 {
            let mut values = vec![0.0_f32; count];
            input.read_exact(bytemuck::cast_slice_mut(&mut values))?;
            if self.foreign() {
                let swapped =
                    |value: &mut f32| *value = f32::from_bits(value.to_bits().swap_bytes());
                values.iter_mut().for_each(swapped);
            }
            return Ok(values);
        }
        let data = self.bytes(input, count)?;
        let half = |word| half::f16::from_le_bytes(word).to_f32();
        Ok(self.words(&data).map(half).collect())
    }

    /// Reads `count` values of any type.
    pub(super) fn read_f64(self, input: &mut impl Read, count: usize) -> io::Result<Vec<f64>> {
        if self.kind == Kind::F8 {
            let mut values = vec![0.0_f64; count];
            input.read_exact(bytemuck::cast_slice_mut(&mut values))?;
            if self.foreign() {
                let swapped =
                    |value: &mut f64| *value = f64::from_bits(value.to_bits().swap_bytes());
                values.iter_mut().for_each(swapped);
            }
            return Ok(values);
        }
        if self.single() {
            let values = self.read_f32(input, count)?;
            return Ok(values.into_iter().map(f64::from).collect());
        }
        let data = self.bytes(input, count)?;
        Ok(match self.kind {
            Kind::I1 => data.iter().map(|b| f64::from(*b as i8)).collect(),
            Kind::U1 => data.iter().map(|b| f64::from(*b)).collect(),
            Kind::Bool => data.iter().map(|b| f64::from(u8::from(*b != 0))).collect(),
            Kind::I2 => self
                .words(&data)
                .map(|w| f64::from(i16::from_le_bytes(w)))
                .collect(),
            Kind::U2 => self
                .words(&data)
                .map(|w| f64::from(u16::from_le_bytes(w)))
                .collect(),
            Kind::I4 => self
                .words(&data)
                .map(|w| f64::from(i32::from_le_bytes(w)))
                .collect(),
            Kind::U4 => self
                .words(&data)
                .map(|w| f64::from(u32::from_le_bytes(w)))
                .collect(),
            Kind::I8 => self
                .words(&data)
                .map(|w| i64::from_le_bytes(w) as f64)
                .collect(),
            Kind::F2 | Kind::F4 | Kind::F8 | Kind::U8 => self
                .words(&data)
                .map(|w| u64::from_le_bytes(w) as f64)
                .collect(),
        })
    }

    fn bytes(self, input: &mut impl Read, count: usize) -> io::Result<Vec<u8>> {
        let mut data = vec![0; count * self.size()];
        input.read_exact(&mut data)?;
        Ok(data)
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
