//! A rectangle of whole pixels.

use super::component::CellBox;
use crate::vision::View;
use image::{RgbImage, imageops};

/// Pixels of an image from `left` to before `right`, and from `top` to before `bottom`; never empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PixelBox {
    left: u32,
    top: u32,
    right: u32,
    bottom: u32,
}

impl PixelBox {
    /// `None` where it would be empty.
    #[must_use]
    pub fn new(left: u32, top: u32, right: u32, bottom: u32) -> Option<Self> {
        (left < right && top < bottom).then_some(Self {
            left,
            top,
            right,
            bottom,
        })
    }

    /// The pixels that some cells of a grid over a part of an image cover, in full or in part.
    ///
    /// `grid` and `size` are (columns, rows) and (width, height).
    pub(super) fn of_cells(
        cells: CellBox,
        grid: (usize, usize),
        view: View,
        size: (u32, u32),
    ) -> Option<Self> {
        let edge = |cell: usize, count: usize, start: f64, length: f64| {
            // A whole number of pixels must not become one more by rounding.
            let at = start + cell as f64 * length / count as f64;
            let near = at.round();
            if (at - near).abs() < 1e-6 { near } else { at }
        };
        let x = |cell| edge(cell, grid.0, view.left, view.width);
        let y = |cell| edge(cell, grid.1, view.top, view.height);
        // Conversions saturate: what lies outside becomes the edge.
        Self::new(
            x(cells.left).floor() as u32,
            y(cells.top).floor() as u32,
            (x(cells.right).ceil() as u32).min(size.0),
            (y(cells.bottom).ceil() as u32).min(size.1),
        )
    }

    /// Left edge.
    #[must_use]
    pub fn left(self) -> u32 {
        self.left
    }

    /// Upper edge.
    #[must_use]
    pub fn top(self) -> u32 {
        self.top
    }

    /// Pixels across, at least 1.
    #[must_use]
    pub fn width(self) -> u32 {
        self.right - self.left
    }

    /// Pixels down, at least 1.
    #[must_use]
    pub fn height(self) -> u32 {
        self.bottom - self.top
    }

    /// The box with `margin` times its width more on the left and on the right, and `margin` times its
    /// height above and below, each rounded to whole pixels.
    #[must_use]
    pub fn grown(self, margin: f64) -> Self {
        let more = |side: u32| (f64::from(side) * margin.max(0.0)).round() as u32;
        let (x, y) = (more(self.width()), more(self.height()));
        Self {
            left: self.left.saturating_sub(x),
            top: self.top.saturating_sub(y),
            right: self.right.saturating_add(x),
            bottom: self.bottom.saturating_add(y),
        }
    }

    /// The part of the box that is inside an image; `None` where that is nothing.
    #[must_use]
    pub fn cut(self, image: &RgbImage) -> Option<RgbImage> {
        let (right, bottom) = (
            self.right.min(image.width()),
            self.bottom.min(image.height()),
        );
        let inside = Self::new(self.left, self.top, right, bottom)?;
        let (width, height) = (inside.width(), inside.height());
        Some(imageops::crop_imm(image, self.left, self.top, width, height).to_image())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

    fn of(cells: [usize; 4], view: [f64; 4], size: (u32, u32)) -> Option<[u32; 4]> {
        let [left, top, right, bottom] = cells;
        let cells = CellBox {
            left,
            top,
            right,
            bottom,
        };
        let [left, top, width, height] = view;
        let view = View {
            left,
            top,
            width,
            height,
        };
        PixelBox::of_cells(cells, (16, 16), view, size)
            .map(|it| [it.left, it.top, it.right, it.bottom])
    }

    #[test]
    fn cells_become_pixels_of_the_image() {
        let whole = |width: u32, height: u32| [0.0, 0.0, f64::from(width), f64::from(height)];
        let cells = [1, 2, 3, 16];
        assert_eq!(of(cells, whole(64, 64), (64, 64)), Some([4, 8, 12, 64]));
        assert_eq!(
            of(cells, whole(128, 128), (128, 128)),
            Some([8, 16, 24, 128])
        );
        // 100 / 16 = 6.25: what is covered in part belongs to it.
        assert_eq!(
            of(cells, whole(100, 100), (100, 100)),
            Some([6, 12, 19, 100])
        );
        // The network saw the middle only.
        assert_eq!(
            of(cells, [50.0, 0.0, 100.0, 100.0], (200, 100)),
            Some([56, 12, 69, 100])
        );
        // Cells are finer than pixels.
        assert_eq!(of([0, 0, 1, 1], whole(4, 4), (4, 4)), Some([0, 0, 1, 1]));
        assert_eq!(
            of([15, 15, 16, 16], whole(4, 4), (4, 4)),
            Some([3, 3, 4, 4])
        );
    }

    #[test]
    fn margins_end_at_the_image() {
        let image = RgbImage::from_fn(20, 10, |x, y| Rgb([x as u8, y as u8, 0]));
        let grown = PixelBox::new(2, 4, 12, 9).unwrap().grown(0.3);
        assert_eq!((grown.left(), grown.top()), (0, 2));
        assert_eq!((grown.width(), grown.height()), (15, 9));
        let cut = grown.cut(&image).unwrap();
        assert_eq!(cut.dimensions(), (15, 8));
        assert_eq!(cut.get_pixel(0, 0), &Rgb([0, 2, 0]));
        assert_eq!(cut.get_pixel(14, 7), &Rgb([14, 9, 0]));
        assert_eq!(
            PixelBox::new(2, 4, 12, 9).unwrap().grown(f64::NAN).width(),
            10
        );
        assert!(PixelBox::new(30, 0, 40, 5).unwrap().cut(&image).is_none());
        assert!(PixelBox::new(3, 3, 3, 9).is_none());
    }
}
