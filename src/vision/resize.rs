//! Resizing of 8-bit pixels that equals Pillow's bit for bit, for which it is written here and not taken from a
//! crate.
//!
//! Pillow resizes 8-bit images in two passes with integer weights, and the image between the passes
//! is 8-bit too.

use super::axis::Axis;
use super::geometry::check_sizes;
use super::lines::Fixed;
use super::passes::{Pass, two_passes};
use super::taps::Taps;
use super::{Filter, PassOrder, VisionError};
use image::RgbImage;

/// Resizes to `width` x `height` pixels as `PIL.Image.resize` does (Pillow 12 and before).
///
/// A pass that changes nothing is skipped, so the same size gives a copy.
///
/// # Errors
/// A size without pixels, before or after; a result beyond [`super::MAX_SIDE`] or
/// [`super::MAX_BYTES`].
pub fn resize(
    image: &RgbImage,
    width: u32,
    height: u32,
    filter: Filter,
) -> Result<RgbImage, VisionError> {
    resize_ordered(image, width, height, filter, PassOrder::default())
}

/// As [`resize`], with the order of the passes of a version of Pillow.
///
/// # Errors
/// As [`resize`].
pub fn resize_ordered(
    image: &RgbImage,
    width: u32,
    height: u32,
    filter: Filter,
    order: PassOrder,
) -> Result<RgbImage, VisionError> {
    check_sizes(image.dimensions(), (width, height))?;
    let x = Axis::whole(image.width(), width);
    let y = Axis::whole(image.height(), height);
    Ok(resize_window(image, x, y, filter, order))
}

/// The wanted part of a resize; the axes' `from` are the image's sides.
pub(super) fn resize_window(
    image: &RgbImage,
    x: Axis,
    y: Axis,
    filter: Filter,
    order: PassOrder,
) -> RgbImage {
    let vertical_first = order.vertical_first((x.from, y.from), (x.to, y.to));
    let pass = |axis| Pass::new(axis, |axis| Taps::pillow(filter, axis).to_fixed());
    let (pixels, _) = image.as_raw().as_chunks::<3>();
    let result =
        two_passes::<Fixed, u8, u8>(pixels, x.from as usize, &pass(x), pass(y), vertical_first);
    RgbImage::from_raw(x.len, y.len, result.values.into_flattened())
        .expect("the passes give the wanted size")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_without_pixels_and_huge_ones_are_refused() {
        let error = resize(&RgbImage::new(4, 4), 0, 4, Filter::Box).unwrap_err();
        assert!(matches!(
            error,
            VisionError::EmptyResize { to_width: 0, .. }
        ));
        let error = resize(&RgbImage::new(4, 4), 100_000, 1, Filter::Box).unwrap_err();
        assert!(matches!(error, VisionError::ResizeTooLarge { .. }));
    }
}
