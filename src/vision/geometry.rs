//! What happens to images that are not square: torchvision's `Resize(n)` and `CenterCrop(n)`.

use super::axis::Axis;
use super::{Geometry, MAX_BYTES, MAX_SIDE, VisionError};

impl Geometry {
    /// The part of an image of `from` (width, height) that a network that reads `to` gets to see.
    ///
    /// # Errors
    /// Sizes without pixels, and results that are larger than any image that is read.
    pub fn view(self, from: (u32, u32), to: (u32, u32)) -> Result<View, VisionError> {
        let (x, y) = self.axes(from, to)?;
        let part = |axis: Axis| {
            let scale = f64::from(axis.from) / f64::from(axis.to);
            (f64::from(axis.start) * scale, f64::from(axis.len) * scale)
        };
        let ((left, width), (top, height)) = (part(x), part(y));
        Ok(View {
            left,
            top,
            width,
            height,
        })
    }

    /// The columns and rows of a resize of `from` (width, height) to a network that reads `to`.
    ///
    /// Where the network is not square, [`Geometry::CenterCrop`] is `Resize(max(to))` followed by
    /// `CenterCrop(to)`: the smallest `Resize(n)` that always covers what is cut out.
    pub(super) fn axes(
        self,
        from: (u32, u32),
        to: (u32, u32),
    ) -> Result<(Axis, Axis), VisionError> {
        check_sizes(from, to)?;
        Ok(match self {
            // What is not square was cut before, at the size `first`.
            Self::Squash | Self::CropFirst => {
                (Axis::whole(from.0, to.0), Axis::whole(from.1, to.1))
            }
            Self::CenterCrop => {
                let (width, height) = short_side_size(from, to.0.max(to.1));
                (window(from.0, width, to.0), window(from.1, height, to.1))
            }
        })
    }
}

/// A part of an image, in pixels of the image that need not be whole.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct View {
    /// Left edge.
    pub left: f64,
    /// Upper edge.
    pub top: f64,
    /// Pixels across.
    pub width: f64,
    /// Pixels down.
    pub height: f64,
}

/// Refuses sizes without pixels, and results that are larger than any image that is read.
pub(super) fn check_sizes(from: (u32, u32), to: (u32, u32)) -> Result<(), VisionError> {
    let (from_width, from_height) = from;
    let (to_width, to_height) = to;
    if [from_width, from_height, to_width, to_height].contains(&0) {
        return Err(VisionError::EmptyResize {
            from_width,
            from_height,
            to_width,
            to_height,
        });
    }
    // Two sides of 32 bits fill 64 bits: the factor of the channels may not.
    let bytes = (u64::from(to_width) * u64::from(to_height)).saturating_mul(3);
    if to_width.max(to_height) > MAX_SIDE || bytes > MAX_BYTES {
        return Err(VisionError::ResizeTooLarge {
            width: to_width,
            height: to_height,
            max_side: MAX_SIDE,
            max_bytes: MAX_BYTES,
        });
    }
    Ok(())
}

fn window(from: u32, to: u32, len: u32) -> Axis {
    Axis {
        from,
        to,
        start: half_to_even(to - len),
        len,
    }
}

/// Width and height after torchvision's `Resize(side)` of an image of `from` (width, height) pixels:
/// the short side becomes `side`, the long one `int(side * long / short)`.
///
/// Sides beyond `u32::MAX` become that; such an image has no memory anyway.
#[must_use]
pub fn short_side_size(from: (u32, u32), side: u32) -> (u32, u32) {
    let (short, long) = (from.0.min(from.1), from.0.max(from.1));
    let long = u64::from(side) * u64::from(long) / u64::from(short.max(1));
    let long = u32::try_from(long).unwrap_or(u32::MAX);
    if from.0 <= from.1 {
        (side, long)
    } else {
        (long, side)
    }
}

/// `int(round(excess / 2))` of Python: halves go to the even neighbour.
fn half_to_even(excess: u32) -> u32 {
    excess / 2 + u32::from(excess % 4 == 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_centre_crop_sees_the_middle_and_a_squash_sees_all() {
        let view = |geometry: Geometry, from| geometry.view(from, (64, 64)).unwrap();
        let whole = view(Geometry::Squash, (200, 100));
        assert_eq!((whole.left, whole.width), (0.0, 200.0));
        assert_eq!((whole.top, whole.height), (0.0, 100.0));
        let middle = view(Geometry::CenterCrop, (200, 100));
        assert_eq!((middle.left, middle.width), (50.0, 100.0));
        assert_eq!((middle.top, middle.height), (0.0, 100.0));
        assert!(Geometry::Squash.view((0, 1), (64, 64)).is_err());
    }
}
