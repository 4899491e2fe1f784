//! The two passes of a separable resize.

use super::axis::Axis;
use super::lines::{Arithmetic, combine};
use super::taps::Taps;
use std::ops::Range;

/// One pass along one axis.
pub(super) enum Pass<W> {
    /// The size does not change: the wanted positions are copied.
    Copy(Range<usize>),
    /// Weighted sums.
    Sum(Taps<W>),
}

impl<W> Pass<W> {
    /// The pass along `axis`; weights are computed only where they are needed.
    pub(super) fn new(axis: Axis, taps: impl FnOnce(Axis) -> Taps<W>) -> Self {
        if axis.is_identity() {
            let wanted = axis.wanted();
            Self::Copy(wanted.start as usize..wanted.end as usize)
        } else {
            Self::Sum(taps(axis))
        }
    }

    /// The input positions that are read, and the pass for an input that has only those.
    fn narrowed(self) -> (Range<usize>, Self) {
        match self {
            Self::Copy(wanted) => (wanted.clone(), Self::Copy(0..wanted.len())),
            Self::Sum(taps) => {
                let span = taps.span();
                let start = span.start;
                (span, Self::Sum(taps.shifted(start)))
            }
        }
    }
}

/// Interleaved pixels of three channels.
pub(super) struct Pixels<T> {
    /// Line by line.
    pub(super) values: Vec<[T; 3]>,
    /// Pixels a line, at least 1.
    pub(super) width: usize,
}

/// Both passes over interleaved pixels, `width` a line. The first pass turns `I` into `O`.
pub(super) fn two_passes<M, I, O>(
    pixels: &[[I; 3]],
    width: usize,
    x: &Pass<<M as Arithmetic<I>>::Weight>,
    y: Pass<<M as Arithmetic<I>>::Weight>,
    vertical_first: bool,
) -> Pixels<O>
where
    M: Arithmetic<I, Out = O> + Arithmetic<O, Out = O, Weight = <M as Arithmetic<I>>::Weight>,
    I: Copy + Default + Into<O>,
    O: Copy + Default,
{
    if vertical_first {
        let between = rows::<M, I, O>(pixels, width, &y);
        return columns::<M, O, O>(&between.values, width, x);
    }
    // Lines that no output reads need no horizontal pass.
    let (span, y) = y.narrowed();
    let read = &pixels[span.start * width..span.end * width];
    let between = columns::<M, I, O>(read, width, x);
    rows::<M, O, O>(&between.values, between.width, &y)
}

fn rows<M, I, O>(pixels: &[[I; 3]], width: usize, pass: &Pass<M::Weight>) -> Pixels<O>
where
    M: Arithmetic<I, Out = O>,
    I: Copy + Into<O>,
    O: Copy + Default,
{
    let values = match pass {
        Pass::Copy(wanted) => {
            converted(&pixels[wanted.start * width..wanted.end * width]).collect()
        }
        Pass::Sum(taps) => {
            let mut values = vec![[O::default(); 3]; taps.len() * width];
            let to = values.as_flattened_mut();
            combine::<M, I>(pixels.as_flattened(), width * 3, taps, to);
            values
        }
    };
    Pixels { values, width }
}

/// Lines that are turned together. Turned, a column of them is contiguous, and summing columns is
/// summing lines; few enough that both sides of the turn stay in the second-level cache.
const BAND: usize = 64;

fn columns<M, I, O>(pixels: &[[I; 3]], width: usize, pass: &Pass<M::Weight>) -> Pixels<O>
where
    M: Arithmetic<I, Out = O>,
    I: Copy + Default + Into<O>,
    O: Copy + Default,
{
    let taps = match pass {
        Pass::Copy(wanted) => {
            let lines = pixels.chunks_exact(width);
            return Pixels {
                values: lines
                    .flat_map(|line| converted(&line[wanted.clone()]))
                    .collect(),
                width: wanted.len(),
            };
        }
        Pass::Sum(taps) => taps,
    };
    let to_width = taps.len();
    let mut values = vec![[O::default(); 3]; pixels.len() / width * to_width];
    let mut turned = vec![[I::default(); 3]; width * BAND];
    let mut summed = vec![[O::default(); 3]; to_width * BAND];
    let bands = pixels.chunks(width * BAND);
    for (band, to) in bands.zip(values.chunks_mut(to_width * BAND)) {
        let height = band.len() / width;
        let turned = &mut turned[..band.len()];
        let summed = &mut summed[..to.len()];
        transpose(band, width, turned);
        combine::<M, I>(
            turned.as_flattened(),
            height * 3,
            taps,
            summed.as_flattened_mut(),
        );
        transpose(summed, height, to);
    }
    Pixels {
        values,
        width: to_width,
    }
}

fn converted<I: Copy + Into<O>, O>(pixels: &[[I; 3]]) -> impl Iterator<Item = [O; 3]> {
    pixels.iter().map(|pixel| pixel.map(Into::into))
}

/// Turns lines of `width` pixels into columns, a small tile at a time.
fn transpose<P: Copy>(from: &[P], width: usize, to: &mut [P]) {
    const TILE: usize = 16;
    let height = from.len() / width;
    for top in (0..height).step_by(TILE) {
        let bottom = (top + TILE).min(height);
        for x in 0..width {
            let column = &mut to[x * height..][top..bottom];
            for (value, line) in column
                .iter_mut()
                .zip(from[top * width..].chunks_exact(width))
            {
                *value = line[x];
            }
        }
    }
}
