//! Text in pictures: wrapping and drawing with an embedded bitmap font (Noto Sans Mono, OFL).

use image::{Rgb, RgbImage};
use noto_sans_mono_bitmap::{FontWeight, RasterHeight, get_raster, get_raster_width};
use std::ops::Range;

/// Height of a line of text, in pixels.
pub(super) const LINE: u32 = 17;
/// Width of a character, in pixels.
pub(super) const ADVANCE: u32 = get_raster_width(FontWeight::Regular, RasterHeight::Size16) as u32;

/// How text looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ink {
    pub(super) colour: Rgb<u8>,
    pub(super) bold: bool,
}

/// A character and whether it is highlighted.
pub(super) type Glyph = (char, bool);

/// Breaks text into lines of at most `width` characters (at least one), at spaces where possible.
/// `highlights` are byte ranges of `text`.
pub(super) fn wrap(text: &str, highlights: &[Range<usize>], width: usize) -> Vec<Vec<Glyph>> {
    let width = width.max(1);
    let mut lines: Vec<Vec<Glyph>> = Vec::new();
    let mut line: Vec<Glyph> = Vec::new();
    let glyphs: Vec<Glyph> = text
        .char_indices()
        .map(|(at, c)| (c, highlights.iter().any(|range| range.contains(&at))))
        .collect();
    for word in glyphs
        .split(|(c, _)| c.is_whitespace())
        .filter(|word| !word.is_empty())
    {
        if !line.is_empty() && line.len() + 1 + word.len() > width {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push((' ', false));
        }
        // A word longer than a line is cut where the line ends.
        for glyph in word {
            if line.len() == width {
                lines.push(std::mem::take(&mut line));
            }
            line.push(*glyph);
        }
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}

/// Draws one line with its top left corner at `(x, y)`; what falls outside the image is cut off.
pub(super) fn draw(image: &mut RgbImage, x: u32, y: u32, line: &[Glyph], inks: [Ink; 2]) {
    for (number, (character, highlighted)) in line.iter().enumerate() {
        let ink = inks[usize::from(*highlighted)];
        let weight = if ink.bold {
            FontWeight::Bold
        } else {
            FontWeight::Regular
        };
        let raster = |c| get_raster(c, weight, RasterHeight::Size16);
        // The font has Latin letters only; others show as a question mark.
        let Some(glyph) = raster(*character).or_else(|| raster('?')) else {
            continue;
        };
        let left = x + number as u32 * ADVANCE;
        for (row, covers) in (y..).zip(glyph.rows()) {
            for (column, cover) in (left..).zip(covers) {
                if let Some(pixel) = image.get_pixel_mut_checked(column, row) {
                    blend(pixel, ink.colour, *cover);
                }
            }
        }
    }
}

/// Lays colour over a pixel; `cover` 255 hides it.
fn blend(pixel: &mut Rgb<u8>, colour: Rgb<u8>, cover: u8) {
    for (under, over) in pixel.0.iter_mut().zip(colour.0) {
        let (a, b, share) = (u32::from(*under), u32::from(over), u32::from(cover));
        *under = ((a * (255 - share) + b * share + 127) / 255) as u8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str, width: usize) -> Vec<String> {
        let text_of = |line: Vec<Glyph>| line.into_iter().map(|(c, _)| c).collect();
        wrap(text, &[], width).into_iter().map(text_of).collect()
    }

    #[test]
    fn lines_break_at_spaces_and_long_words_anywhere() {
        assert_eq!(
            plain("Otto is  in the hall.", 8),
            ["Otto is", "in the", "hall."]
        );
        assert_eq!(plain("a storygpt-v-mini", 8), ["a", "storygpt", "-v-mini"]);
        assert!(plain("  ", 8).is_empty());
        assert_eq!(plain("ab", 0), ["a", "b"]);
    }

    #[test]
    fn highlights_are_bytes_of_the_text() {
        let lines = wrap("né he, she", &[4..6, 8..11], 11);
        let marked: String = lines[0]
            .iter()
            .filter(|(_, on)| *on)
            .map(|(c, _)| *c)
            .collect();
        assert_eq!(marked, "heshe");
    }

    #[test]
    fn text_beyond_the_edge_is_cut_off() {
        let mut image = RgbImage::from_pixel(10, 10, Rgb([255; 3]));
        let ink = Ink {
            colour: Rgb([0; 3]),
            bold: false,
        };
        draw(
            &mut image,
            5,
            2,
            &[('W', false), ('\u{4e2d}', true)],
            [ink, ink],
        );
        assert!(image.pixels().any(|pixel| pixel.0[0] < 128));
    }
}
