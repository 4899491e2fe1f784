//! The input positions and weights of every wanted output position along one axis.

use super::Filter;
use super::axis::Axis;
use std::ops::Range;

/// Fractional bits of an integer weight: 32 less 8 for the pixel and 2 for overshoot.
pub(super) const PRECISION: u32 = 22;

/// For each wanted output position the first input position and the weights from there on.
#[derive(Clone, Debug)]
pub(super) struct Taps<T> {
    starts: Vec<usize>,
    /// Offset of each output position's weights in `values`; one more than positions.
    offsets: Vec<usize>,
    values: Vec<T>,
}

impl<T> Taps<T> {
    /// No positions yet.
    pub(super) fn with_capacity(positions: u32) -> Self {
        let mut offsets = Vec::with_capacity(positions as usize + 1);
        offsets.push(0);
        Self {
            starts: Vec::with_capacity(positions as usize),
            offsets,
            values: Vec::new(),
        }
    }

    /// Adds an output position that reads from input `start` on.
    pub(super) fn push(&mut self, start: usize, weights: impl IntoIterator<Item = T>) {
        self.starts.push(start);
        self.values.extend(weights);
        self.offsets.push(self.values.len());
    }

    /// Number of output positions.
    pub(super) fn len(&self) -> usize {
        self.starts.len()
    }

    /// For each output position, the first input position and the weights from there on.
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, &[T])> {
        self.starts
            .iter()
            .zip(self.offsets.windows(2))
            .map(|(start, ends)| (*start, &self.values[ends[0]..ends[1]]))
    }

    /// The input positions that are read at all.
    pub(super) fn span(&self) -> Range<usize> {
        let start = self.starts.first().copied().unwrap_or(0);
        let end = self.iter().map(|(start, line)| start + line.len()).max();
        start..end.unwrap_or(start)
    }

    /// The same weights for inputs whose first `positions` were left out.
    pub(super) fn shifted(mut self, positions: usize) -> Self {
        for start in &mut self.starts {
            *start -= positions;
        }
        self
    }
}

impl Taps<f64> {
    /// Pillow's weights (`precompute_coeffs`): the filter is widened when shrinking, weights are summed
    /// from left to right and divided by their sum.
    pub(super) fn pillow(filter: Filter, axis: Axis) -> Self {
        let scale = f64::from(axis.from) / f64::from(axis.to);
        let widening = scale.max(1.0);
        let support = filter.radius() * widening;
        let inverse = 1.0 / widening;
        let mut taps = Self::with_capacity(axis.len);
        let mut line = Vec::new();
        for position in axis.wanted() {
            let centre = (f64::from(position) + 0.5) * scale;
            // `as` truncates towards zero and saturates, which is the `max(.., 0)` of the definition.
            let low = (centre - support + 0.5) as u32;
            let high = ((centre + support + 0.5) as u32).min(axis.from);
            line.clear();
            line.extend(
                (low..high).map(|x| filter.weight((f64::from(x) - centre + 0.5) * inverse)),
            );
            let total: f64 = line.iter().sum();
            let total = if total == 0.0 { 1.0 } else { total };
            taps.push(low as usize, line.iter().map(|weight| weight / total));
        }
        taps
    }

    /// Pillow's weights for 8-bit pixels (`normalize_coeffs_8bpc`).
    pub(super) fn to_fixed(&self) -> Taps<i32> {
        let fixed = |weight: &f64| {
            // `as` truncates: together with the half this rounds half away from zero.
            (weight * f64::from(1 << PRECISION) + 0.5_f64.copysign(*weight)) as i32
        };
        Taps {
            starts: self.starts.clone(),
            offsets: self.offsets.clone(),
            values: self.values.iter().map(fixed).collect(),
        }
    }
}
