//! What a picture looks like, in 64 bits: pictures that look alike differ in few of them.
//!
//! The hash is of the family of Zauner's pHash, with means over cells for the first reduction: luma (0.299 R +
//! 0.587 G + 0.114 B) is averaged over 16 x 16 cells whose borders are `floor(i * side / 16)`, the
//! discrete cosine transform (type II, without scaling) is taken of that, and each of the 8 x 8 lowest
//! coefficients, the mean included, gives a bit: whether it is above the median of the 64. All of it is
//! integer arithmetic, so that every machine gives the same bits.

use image::RgbImage;
use std::f64::consts::PI;
use std::sync::LazyLock;

/// Cells a side.
const CELLS: usize = 16;
/// Frequencies a side.
const LOW: usize = 8;
/// What cosines are multiplied with before they are rounded.
const UNIT: f64 = 4096.0;
/// Steps of a grey level in the cells.
const STEPS: u64 = 16;
/// Rows of bytes whose sum fits into 16 bits.
const ROWS: usize = 256;

/// `BASIS[k][n]`: cos(pi (2 n + 1) k / 32), times [`UNIT`].
static BASIS: LazyLock<[[i16; CELLS]; LOW]> = LazyLock::new(|| {
    std::array::from_fn(|k| {
        std::array::from_fn(|n| {
            let angle = PI * (2 * n + 1) as f64 * k as f64 / (2 * CELLS) as f64;
            (angle.cos() * UNIT).round() as i16
        })
    })
});

/// What a picture looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Likeness(pub(super) u64);

impl Likeness {
    /// Of an 8-bit RGB picture with at least one pixel.
    pub(super) fn of(image: &RgbImage) -> Self {
        let cells = cells(image);
        let mut rows = [[0_i32; LOW]; CELLS];
        for (row, cells) in rows.iter_mut().zip(&cells) {
            for (value, basis) in row.iter_mut().zip(BASIS.iter()) {
                // At most 16 * 4080 * 4096, an eighth of what fits.
                let products = basis.iter().zip(cells);
                *value = products.map(|(a, b)| i32::from(*a) * i32::from(*b)).sum();
            }
        }
        let mut coefficients = [0_i64; LOW * LOW];
        for (v, basis) in BASIS.iter().enumerate() {
            for (weight, row) in basis.iter().zip(&rows) {
                for (u, value) in row.iter().enumerate() {
                    coefficients[v * LOW + u] += i64::from(*weight) * i64::from(*value);
                }
            }
        }
        let mut sorted = coefficients;
        sorted.sort_unstable();
        let twice_median = sorted[31] + sorted[32];
        let bits = coefficients.iter().enumerate();
        Self(bits.fold(0, |bits, (index, value)| {
            bits | (u64::from(2 * value > twice_median) << index)
        }))
    }

    /// Number of bits in which two differ.
    pub(super) fn distance(self, other: Self) -> u32 {
        (self.0 ^ other.0).count_ones()
    }
}

/// Mean luma of each cell, in sixteenths of a grey level. Where a side has fewer pixels than cells,
/// pixels are repeated.
fn cells(image: &RgbImage) -> [[i16; CELLS]; CELLS] {
    let (width, height) = (image.width() as usize, image.height() as usize);
    let bounds = |index: usize, side: usize| {
        let start = index * side / CELLS;
        (start, ((index + 1) * side / CELLS).max(start + 1))
    };
    let mut cells = [[0; CELLS]; CELLS];
    // Whole rows of pixels are added, which a compiler makes the best of.
    let mut sums = vec![0_u16; width * 3];
    for (index, row) in cells.iter_mut().enumerate() {
        let (top, bottom) = bounds(index, height);
        let mut colours = [[0_u64; 3]; CELLS];
        let lines = &image.as_raw()[top * width * 3..bottom * width * 3];
        for lines in lines.chunks(ROWS * width * 3) {
            sums.fill(0);
            for line in lines.chunks_exact(width * 3) {
                for (sum, value) in sums.iter_mut().zip(line) {
                    *sum += u16::from(*value);
                }
            }
            for (index, colours) in colours.iter_mut().enumerate() {
                let (left, right) = bounds(index, width);
                for pixel in sums[left * 3..right * 3].chunks_exact(3) {
                    for (colour, value) in colours.iter_mut().zip(pixel) {
                        *colour += u64::from(*value);
                    }
                }
            }
        }
        for (index, (cell, [red, green, blue])) in row.iter_mut().zip(colours).enumerate() {
            let (left, right) = bounds(index, width);
            let pixels = ((bottom - top) * (right - left)) as u64;
            let luma = 299 * red + 587 * green + 114 * blue;
            *cell = (luma * STEPS / (1000 * pixels)) as i16;
        }
    }
    cells
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

    fn scene(width: u32, height: u32) -> RgbImage {
        RgbImage::from_fn(width, height, |x, y| {
            let (x, y) = (
                f64::from(x) / f64::from(width),
                f64::from(y) / f64::from(height),
            );
            let hill = if y > 0.6 + 0.2 * (x * 7.0).sin() {
                60.0
            } else {
                180.0
            };
            let sun = if (x - 0.7).hypot(y - 0.25) < 0.12 {
                60.0
            } else {
                0.0
            };
            Rgb([hill + sun, hill, 230.0 - hill].map(|value: f64| value.min(250.0) as u8))
        })
    }

    #[test]
    fn brightness_and_size_hardly_matter_and_content_does() {
        let image = scene(128, 128);
        let likeness = Likeness::of(&image);
        let mut brighter = image.clone();
        for value in brighter.iter_mut() {
            *value = value.saturating_add(2);
        }
        assert!(likeness.distance(Likeness::of(&brighter)) <= 2);
        assert!(likeness.distance(Likeness::of(&scene(299, 200))) <= 4);
        let mut mirrored = image.clone();
        image::imageops::flip_horizontal_in_place(&mut mirrored);
        assert!(likeness.distance(Likeness::of(&mirrored)) > 12);
    }

    #[test]
    fn half_of_the_bits_are_set_and_the_mean_is_one_of_them() {
        let likeness = Likeness::of(&scene(64, 64));
        assert_eq!(likeness.0 & 1, 1);
        assert!((24..=40).contains(&likeness.0.count_ones()));
    }

    #[test]
    fn the_smallest_and_the_narrowest_picture_have_one() {
        for (width, height) in [(1, 1), (1, 300), (300, 1), (31, 33)] {
            let _ = Likeness::of(&scene(width, height));
        }
    }

    /// The cells of a picture of 16 x 16 are its pixels: of a horizontal cosine one coefficient beside the
    /// mean is large, and the others are rounding noise.
    #[test]
    fn a_cosine_is_found_at_its_frequency() {
        for frequency in 1..8 {
            let wave = RgbImage::from_fn(16, 16, |x, _| {
                let angle = PI * f64::from((2 * x + 1) * frequency) / 32.0;
                Rgb([(128.0 + 100.0 * angle.cos()).round() as u8; 3])
            });
            assert_eq!(Likeness::of(&wave).0 >> frequency & 1, 1);
            let inverse = RgbImage::from_fn(16, 16, |x, y| {
                Rgb(wave.get_pixel(x, y).0.map(|value| 255 - value))
            });
            assert_eq!(Likeness::of(&inverse).0 >> frequency & 1, 0);
        }
    }

    #[test]
    fn means_are_those_of_the_pixels_also_of_tall_pictures() {
        // More rows per cell than are added in 16 bits.
        let tall = RgbImage::from_fn(16, 16 * 700, |_, y| Rgb([(y / 700) as u8 * 16; 3]));
        for (index, row) in cells(&tall).iter().enumerate() {
            assert_eq!(*row, [index as i16 * 256; CELLS]);
        }
        let white = RgbImage::from_pixel(5, 9000, Rgb([255; 3]));
        assert_eq!(cells(&white), [[4080; CELLS]; CELLS]);
        let red = RgbImage::from_pixel(40, 50, Rgb([200, 0, 0]));
        assert_eq!(cells(&red)[7][9], (200 * 299 * 16 / 1000) as i16);
    }
}
