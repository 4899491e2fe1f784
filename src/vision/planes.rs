//! Resizing of float pixels, a channel at a time: Pillow's mode `F`, torch and TensorFlow 1.

use super::Filter;
use super::axis::Axis;
use super::taps::Taps;
use image::RgbImage;
use ndarray::{Array2, Array3, ArrayView2, Axis as Dimension};

/// A resizer of float pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FloatResizer {
    /// Pillow's mode `F`: f64 sums, stored as f32 after each pass, never clipped.
    Pillow(Filter),
    /// `torch.nn.functional.interpolate(mode="bilinear", align_corners=False)`.
    TorchBilinear,
    /// The same with `antialias=True`.
    TorchBilinearAntialias,
    /// TensorFlow 1: `x_src = x_dst * in / out`.
    Tf1Bilinear,
}

/// The wanted part of a resize, `[3, y.len, x.len]`, values as in the image (0 to 255; bicubic
/// overshoots); the axes' `from` are the image's sides.
pub(super) fn resize_planes(
    image: &RgbImage,
    x: Axis,
    y: Axis,
    resizer: FloatResizer,
) -> Array3<f32> {
    let mut result = Array3::zeros((3, y.len as usize, x.len as usize));
    let shape = (image.height() as usize, image.width() as usize);
    for (channel, mut to) in result.outer_iter_mut().enumerate() {
        let values = image.as_raw().iter().skip(channel).step_by(3);
        let plane = Array2::from_shape_vec(shape, values.map(|v| f32::from(*v)).collect())
            .expect("one value a pixel");
        to.assign(&resize_plane(plane.view(), x, y, resizer));
    }
    result
}

fn resize_plane(
    plane: ArrayView2<'_, f32>,
    x: Axis,
    y: Axis,
    resizer: FloatResizer,
) -> Array2<f32> {
    match resizer {
        FloatResizer::Pillow(filter) => {
            let columns = Taps::pillow(filter, x);
            let rows = Taps::pillow(filter, y);
            passes(plane, x, &columns, y, &rows, &sum_f64)
        }
        FloatResizer::TorchBilinear => passes(plane, x, &torch(x), y, &torch(y), &sum_f32),
        FloatResizer::TorchBilinearAntialias => {
            let columns = torch_antialias(x);
            let rows = torch_antialias(y);
            passes(plane, x, &columns, y, &rows, &sum_f32)
        }
        FloatResizer::Tf1Bilinear => passes(plane, x, &tf1(x), y, &tf1(y), &sum_f32),
    }
}

fn sum_f64(values: &mut dyn Iterator<Item = (f32, f64)>) -> f32 {
    values.map(|(v, w)| f64::from(v) * w).sum::<f64>() as f32
}

fn sum_f32(values: &mut dyn Iterator<Item = (f32, f32)>) -> f32 {
    values.map(|(v, w)| v * w).sum::<f32>()
}

type Sum<T> = dyn Fn(&mut dyn Iterator<Item = (f32, T)>) -> f32;

fn passes<T: Copy>(
    plane: ArrayView2<'_, f32>,
    x: Axis,
    columns: &Taps<T>,
    y: Axis,
    rows: &Taps<T>,
    sum: &Sum<T>,
) -> Array2<f32> {
    let mut between = Array2::zeros((y.from as usize, x.len as usize));
    for (mut to, from) in between.outer_iter_mut().zip(plane.outer_iter()) {
        for (value, (start, line)) in to.iter_mut().zip(columns.iter()) {
            *value = sum(&mut from.iter().skip(start).copied().zip(line.iter().copied()));
        }
    }
    let mut result = Array2::zeros((y.len as usize, x.len as usize));
    for (column, from) in between.axis_iter(Dimension(1)).enumerate() {
        for (row, (start, line)) in rows.iter().enumerate() {
            result[[row, column]] =
                sum(&mut from.iter().skip(start).copied().zip(line.iter().copied()));
        }
    }
    result
}

fn torch(axis: Axis) -> Taps<f32> {
    let scale = axis.from as f32 / axis.to as f32;
    let mut taps = Taps::with_capacity(axis.len);
    for position in axis.wanted() {
        let at = (scale * (position as f32 + 0.5) - 0.5).max(0.0);
        two(&mut taps, axis, at);
    }
    taps
}

fn tf1(axis: Axis) -> Taps<f32> {
    let scale = axis.from as f32 / axis.to as f32;
    let mut taps = Taps::with_capacity(axis.len);
    for position in axis.wanted() {
        two(&mut taps, axis, position as f32 * scale);
    }
    taps
}

/// Linear interpolation at input position `at`; beyond the last pixel it is repeated.
fn two(taps: &mut Taps<f32>, axis: Axis, at: f32) {
    let low = (at as usize).min(axis.from as usize - 1);
    let share = at - low as f32;
    if low + 1 < axis.from as usize {
        taps.push(low, [1.0 - share, share]);
    } else {
        taps.push(low, [1.0]);
    }
}

fn torch_antialias(axis: Axis) -> Taps<f32> {
    let scale = axis.from as f32 / axis.to as f32;
    let support = scale.max(1.0);
    let inverse = if scale >= 1.0 { 1.0 / scale } else { 1.0 };
    let mut taps = Taps::with_capacity(axis.len);
    for position in axis.wanted() {
        let centre = scale * (position as f32 + 0.5);
        let low = (centre - support + 0.5) as u32;
        let high = ((centre + support + 0.5) as u32).min(axis.from);
        let weight = |x: u32| (1.0 - ((x as f32 - centre + 0.5) * inverse).abs()).max(0.0);
        let total: f32 = (low..high).map(weight).sum();
        let total = if total == 0.0 { 1.0 } else { total };
        taps.push(low as usize, (low..high).map(|x| weight(x) / total));
    }
    taps
}
