//! The weights of `torch.nn.functional.interpolate` (`align_corners=False`) on the CPU.
//!
//! torch computes positions and weights in f32, and at 500 pixels per side an f32 position is off by
//! 3e-5 pixels; so the same f32 operations are repeated here. Without anti-aliasing the position is a
//! fused multiply-add, as in torch's kernels for several channels (and on GPUs); for a single channel
//! torch 2.15 does not fuse it, and is up to 0.003 grey levels away from itself.

use super::axis::Axis;
use super::taps::Taps;

/// Two neighbours; positions before the first pixel are moved onto it.
pub(super) fn bilinear(axis: Axis) -> Taps<f32> {
    let scale = scale(axis);
    let last = axis.from as usize - 1;
    let mut taps = Taps::with_capacity(axis.len);
    for position in axis.wanted() {
        let at = scale.mul_add(position as f32 + 0.5, -0.5).max(0.0);
        let low = (at as usize).min(last);
        if low < last {
            let share = at - low as f32;
            taps.push(low, [1.0 - share, share]);
        } else {
            taps.push(low, [1.0]);
        }
    }
    taps
}

/// Four neighbours, a = -0.75; pixels outside are those on the border.
pub(super) fn bicubic(axis: Axis) -> Taps<f32> {
    const A: f32 = -0.75;
    let near = |x: f32| ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0;
    let far = |x: f32| ((A * x - 5.0 * A) * x + 8.0 * A) * x - 4.0 * A;
    let scale = scale(axis);
    let last = i64::from(axis.from) - 1;
    let mut taps = Taps::with_capacity(axis.len);
    for position in axis.wanted() {
        let at = scale.mul_add(position as f32 + 0.5, -0.5);
        let low = at.floor();
        let share = at - low;
        let weights = [
            far(share + 1.0),
            near(share),
            near(1.0 - share),
            far(2.0 - share),
        ];
        let place = |k: usize| (low as i64 - 1 + k as i64).clamp(0, last) as usize;
        let (start, end) = (place(0), place(3));
        let mut line = vec![0.0; end - start + 1];
        for (k, weight) in weights.into_iter().enumerate() {
            line[place(k) - start] += weight;
        }
        taps.push(start, line);
    }
    taps
}

/// A triangle that is widened when shrinking.
pub(super) fn bilinear_antialias(axis: Axis) -> Taps<f32> {
    antialias(axis, 1.0, |x| (1.0 - x).max(0.0))
}

/// Catmull-Rom (a = -0.5), widened when shrinking.
pub(super) fn bicubic_antialias(axis: Axis) -> Taps<f32> {
    const A: f32 = -0.5;
    antialias(axis, 2.0, |x| {
        if x < 1.0 {
            ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0
        } else if x < 2.0 {
            (((x - 5.0) * x + 8.0) * x - 4.0) * A
        } else {
            0.0
        }
    })
}

fn antialias(axis: Axis, radius: f32, weight: impl Fn(f32) -> f32) -> Taps<f32> {
    let scale = scale(axis);
    let (support, inverse) = if scale >= 1.0 {
        (radius * scale, 1.0 / scale)
    } else {
        (radius, 1.0)
    };
    let mut taps = Taps::with_capacity(axis.len);
    let mut line = Vec::new();
    for position in axis.wanted() {
        let centre = scale * (position as f32 + 0.5);
        let low = (centre - support + 0.5) as u32;
        let high = ((centre + support + 0.5) as u32).min(axis.from);
        let distance = |x: u32| ((x as f32 - centre + 0.5) * inverse).abs();
        line.clear();
        line.extend((low..high).map(|x| weight(distance(x))));
        let total: f32 = line.iter().sum();
        let total = if total == 0.0 { 1.0 } else { total };
        taps.push(low as usize, line.iter().map(|weight| weight / total));
    }
    taps
}

fn scale(axis: Axis) -> f32 {
    axis.from as f32 / axis.to as f32
}
