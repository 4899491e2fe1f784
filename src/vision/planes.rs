//! Resizing of float pixels, a channel at a time: Pillow's mode `F`, torch and TensorFlow 1.

use super::axis::Axis;
use super::geometry::check_sizes;
use super::lines::{Arithmetic, Double, Single, Towards};
use super::passes::{Pass, Pixels, two_passes};
use super::taps::Taps;
use super::torch;
use super::{Filter, PassOrder, VisionError};
use image::RgbImage;
use ndarray::Array3;

/// A resizer of float pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FloatResizer {
    /// Pillow's mode `F`: f64 sums, stored as f32 after each pass, never clipped.
    Pillow(Filter),
    /// `torch.nn.functional.interpolate(mode="bilinear", align_corners=False)` on the CPU.
    TorchBilinear,
    /// The same with `antialias=True`.
    TorchBilinearAntialias,
    /// `mode="bicubic"`, a = -0.75.
    TorchBicubic,
    /// `mode="bicubic", antialias=True`, a = -0.5.
    TorchBicubicAntialias,
    /// TensorFlow 1's bilinear: `x_src = x_dst * in / out`, as torch-fidelity computes it.
    Tf1Bilinear,
}

/// Resizes the values 0 to 255 of an image as floats: `[3, height, width]`, not clipped (bicubic and
/// Lanczos overshoot).
///
/// # Errors
/// A size without pixels, before or after; a result beyond [`super::MAX_SIDE`] or
/// [`super::MAX_BYTES`].
pub fn resize_float(
    image: &RgbImage,
    width: u32,
    height: u32,
    resizer: FloatResizer,
    order: PassOrder,
) -> Result<Array3<f32>, VisionError> {
    check_sizes(image.dimensions(), (width, height))?;
    let x = Axis::whole(image.width(), width);
    let y = Axis::whole(image.height(), height);
    let pixels = float_window(image, x, y, resizer, order);
    Ok(tensor(planes(&pixels.values, |pixel| pixel), width, height))
}

/// `[3, height, width]` of three planes.
pub(super) fn tensor(planes: Vec<f32>, width: u32, height: u32) -> Array3<f32> {
    Array3::from_shape_vec((3, height as usize, width as usize), planes)
        .expect("three planes of the size")
}

/// The planes of interleaved pixels, one after the other, each pixel through `value`.
pub(super) fn planes<T: Copy>(pixels: &[[T; 3]], value: impl Fn([T; 3]) -> [f32; 3]) -> Vec<f32> {
    let mut values = vec![0.0; 3 * pixels.len()];
    let (red, rest) = values.split_at_mut(pixels.len());
    let (green, blue) = rest.split_at_mut(pixels.len());
    for (((pixel, red), green), blue) in pixels.iter().zip(red).zip(green).zip(blue) {
        [*red, *green, *blue] = value(*pixel);
    }
    values
}

/// The wanted part of a resize, values as in the image; the axes' `from` are the image's sides.
pub(super) fn float_window(
    image: &RgbImage,
    x: Axis,
    y: Axis,
    resizer: FloatResizer,
    order: PassOrder,
) -> Pixels<f32> {
    match resizer {
        FloatResizer::Pillow(filter) => {
            let vertical_first = order.vertical_first((x.from, y.from), (x.to, y.to));
            let taps = |axis| Taps::pillow(filter, axis);
            run::<Double, f64>(image, x, y, taps, vertical_first)
        }
        FloatResizer::TorchBilinear => run::<Single, f32>(image, x, y, torch::bilinear, false),
        FloatResizer::TorchBilinearAntialias => {
            run::<Single, f32>(image, x, y, torch::bilinear_antialias, false)
        }
        FloatResizer::TorchBicubic => run::<Single, f32>(image, x, y, torch::bicubic, false),
        FloatResizer::TorchBicubicAntialias => {
            run::<Single, f32>(image, x, y, torch::bicubic_antialias, false)
        }
        FloatResizer::Tf1Bilinear => run::<Towards, f32>(image, x, y, tf1, false),
    }
}

fn run<M, W>(
    image: &RgbImage,
    x: Axis,
    y: Axis,
    taps: impl Fn(Axis) -> Taps<W>,
    vertical_first: bool,
) -> Pixels<f32>
where
    M: Arithmetic<u8, Out = f32, Weight = W> + Arithmetic<f32, Out = f32, Weight = W>,
{
    let (pixels, _) = image.as_raw().as_chunks::<3>();
    let (x_pass, y_pass) = (Pass::new(x, &taps), Pass::new(y, &taps));
    two_passes::<M, u8, f32>(pixels, x.from as usize, &x_pass, y_pass, vertical_first)
}

/// Weights 1 and share of [`Towards`]; beyond the last pixel it is repeated.
fn tf1(axis: Axis) -> Taps<f32> {
    // The reference divides in f64 and rounds; the quotient of two small integers is the same.
    let scale = axis.from as f32 / axis.to as f32;
    let last = axis.from as usize - 1;
    let mut taps = Taps::with_capacity(axis.len);
    for position in axis.wanted() {
        let at = position as f32 * scale;
        let low = (at as usize).min(last);
        if low < last {
            taps.push(low, [1.0, at - low as f32]);
        } else {
            taps.push(low, [1.0]);
        }
    }
    taps
}
