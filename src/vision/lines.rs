//! Weighted sums of whole lines: the one loop in which resizing spends its time.
// What is not inlined into the dispatcher's functions is not compiled for their vector units.
#![allow(clippy::inline_always)]

use super::taps::{PRECISION, Taps};

/// How values are weighted and summed up.
pub(super) trait Arithmetic<I>: Copy {
    /// One weight.
    type Weight: Copy;
    /// A sum under way.
    type Sum: Copy;
    /// What a finished sum becomes.
    type Out: Copy + Default;
    /// The sum before the first value.
    const START: Self::Sum;
    /// Adds one weighted value.
    fn add(sum: Self::Sum, value: I, weight: Self::Weight) -> Self::Sum;
    /// Rounds a sum.
    fn finish(sum: Self::Sum) -> Self::Out;
}

/// Pillow on 8-bit pixels: integer weights, rounded to the nearest and clipped after each pass.
#[derive(Clone, Copy)]
pub(super) struct Fixed;

impl Arithmetic<u8> for Fixed {
    type Weight = i32;
    type Sum = i32;
    type Out = u8;
    const START: i32 = 1 << (PRECISION - 1);

    #[inline(always)]
    fn add(sum: i32, value: u8, weight: i32) -> i32 {
        // At most 255 times the sum of the weights' sizes, a few times 2^22: no overflow.
        sum.wrapping_add(i32::from(value).wrapping_mul(weight))
    }

    #[inline(always)]
    fn finish(sum: i32) -> u8 {
        (sum >> PRECISION).clamp(0, 255) as u8
    }
}

/// An arithmetic of floats that starts at 0 and rounds to f32.
macro_rules! of_floats {
    ($(#[$what:meta])+ $name:ident, $float:ty, |$sum:ident, $value:ident, $weight:ident| $add:expr) => {
        $(#[$what])+
        #[derive(Clone, Copy)]
        pub(super) struct $name;

        impl<I: Into<f32>> Arithmetic<I> for $name {
            type Weight = $float;
            type Sum = $float;
            type Out = f32;
            const START: $float = 0.0;

            #[inline(always)]
            fn add($sum: $float, $value: I, $weight: $float) -> $float {
                let $value = <$float>::from($value.into());
                $add
            }

            #[inline(always)]
            #[allow(clippy::unnecessary_cast)]
            fn finish(sum: $float) -> f32 {
                sum as f32
            }
        }
    };
}

of_floats!(
    /// Pillow's mode `F`: f64 sums, stored as f32.
    Double, f64, |sum, value, weight| sum + value * weight
);
of_floats!(
    /// torch: f32 throughout.
    Single, f32, |sum, value, weight| sum + value * weight
);
of_floats!(
    /// TensorFlow 1: `first + (second - first) * share`, as weights 1 and share.
    Towards, f32, |sum, value, weight| sum + (value - sum) * weight
);

/// Each output line is the weighted sum of the input lines that its taps name; lines have `length`
/// values. Compiled for the vector units of the machine; the values are the same on all of them, as
/// every output is one sum in a fixed order and products are never fused.
pub(super) fn combine<M, I>(from: &[I], length: usize, taps: &Taps<M::Weight>, to: &mut [M::Out])
where
    M: Arithmetic<I>,
    I: Copy,
{
    pulp::Arch::new().dispatch(Combine::<M, I> {
        from,
        length,
        taps,
        to,
    });
}

/// The arguments of [`combine`], for the dispatcher.
struct Combine<'a, M: Arithmetic<I>, I> {
    from: &'a [I],
    length: usize,
    taps: &'a Taps<M::Weight>,
    to: &'a mut [M::Out],
}

/// Values that are summed side by side: as many as stay in registers (64 is 1.6 times as slow).
const BLOCK: usize = 32;

impl<M: Arithmetic<I>, I: Copy> pulp::NullaryFnOnce for Combine<'_, M, I> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Self {
            from,
            length,
            taps,
            to,
        } = self;
        for (to, (start, weights)) in to.chunks_exact_mut(length).zip(taps.iter()) {
            let lines = &from[start * length..];
            if length < BLOCK {
                narrow::<M, I>(lines, weights, to);
                continue;
            }
            // The last block overlaps the one before it: the same values are computed twice.
            let last = length - BLOCK;
            for at in (0..last).step_by(BLOCK).chain([last]) {
                let mut sums = [M::START; BLOCK];
                for (line, weight) in lines.chunks_exact(length).zip(weights) {
                    for (sum, value) in sums.iter_mut().zip(&line[at..at + BLOCK]) {
                        *sum = M::add(*sum, *value, *weight);
                    }
                }
                for (value, sum) in to[at..at + BLOCK].iter_mut().zip(sums) {
                    *value = M::finish(sum);
                }
            }
        }
    }
}

/// The same for lines that are shorter than a block.
#[inline(always)]
fn narrow<M: Arithmetic<I>, I: Copy>(lines: &[I], weights: &[M::Weight], to: &mut [M::Out]) {
    let length = to.len();
    for (at, value) in to.iter_mut().enumerate() {
        let values = lines.iter().skip(at).step_by(length);
        let sum = values.zip(weights).fold(M::START, |sum, (value, weight)| {
            M::add(sum, *value, *weight)
        });
        *value = M::finish(sum);
    }
}
