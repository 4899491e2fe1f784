//! The strip sheet: captions, ground truth and what the models drew, story by story.

use super::ReportError;
use super::text::{ADVANCE, Glyph, Ink, LINE, draw, wrap};
use crate::record::ReferentialCaption;
use crate::vision::{Filter, resize};
use image::{Rgb, RgbImage, imageops};
use std::ops::Range;

/// Side of a tile, in pixels. Smaller images are enlarged, larger ones shrunk (Pillow bicubic).
const TILE: u32 = 128;
/// Between tiles.
const GAP: u32 = 8;
/// Around the sheet and between stories.
const MARGIN: u32 = 20;
/// Longest line of a row label, in characters.
const LABEL: usize = 18;
/// Between the labels and the first tile.
const LABEL_GAP: u32 = 12;

const WHITE: Rgb<u8> = Rgb([255, 255, 255]);
const RULE: Rgb<u8> = Rgb([222, 224, 228]);
const ABSENT: Rgb<u8> = Rgb([240, 241, 243]);
const TEXT: Ink = Ink {
    colour: Rgb([40, 42, 48]),
    bold: false,
};
const PRONOUN: Ink = Ink {
    colour: Rgb([20, 90, 210]),
    bold: true,
};
const NAME: Ink = Ink {
    colour: Rgb([40, 42, 48]),
    bold: true,
};
const FAINT: Ink = Ink {
    colour: Rgb([130, 134, 142]),
    bold: false,
};

/// A story on the sheet.
#[derive(Clone, Debug)]
pub struct SheetStory {
    /// Printed above it, usually its id.
    pub title: String,
    /// One a frame.
    pub captions: Vec<SheetCaption>,
    /// Top to bottom; usually the ground truth first.
    pub rows: Vec<SheetRow>,
}

/// A caption with the places of words to highlight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SheetCaption {
    /// The text.
    pub text: String,
    /// Byte ranges of `text`: pronouns that replaced names.
    pub highlights: Vec<Range<usize>>,
}

impl From<&ReferentialCaption> for SheetCaption {
    /// Highlights every pronoun that replaced a name. Offsets of replacements count in the original
    /// caption, so the growth of the earlier ones is added; a place where the pronoun does not stand
    /// is not highlighted.
    fn from(caption: &ReferentialCaption) -> Self {
        let mut highlights = Vec::new();
        let mut growth = 0_isize;
        for replacement in &caption.replacements {
            let start = replacement.offset.checked_add_signed(growth);
            let length = replacement.pronoun.len();
            growth += length as isize - replacement.words.len() as isize;
            let range = start.map(|start| start..start + length);
            let found =
                range.filter(|range| caption.text.get(range.clone()) == Some(&replacement.pronoun));
            highlights.extend(found);
        }
        Self {
            text: caption.text.clone(),
            highlights,
        }
    }
}

/// The frames of one model.
#[derive(Clone, Debug)]
pub struct SheetRow {
    /// Printed at the left.
    pub label: String,
    /// One a caption; `None` where nothing was drawn.
    pub images: Vec<Option<RgbImage>>,
}

/// The place of everything.
struct Layout {
    /// Left edge of the first tile.
    tiles: u32,
    /// Characters of a label line.
    label: usize,
    width: u32,
}

/// Draws the sheet, the stories below each other. Without stories it is a small empty page.
///
/// # Errors
/// An image without pixels.
pub fn sheet(stories: &[SheetStory]) -> Result<RgbImage, ReportError> {
    let longest = stories
        .iter()
        .flat_map(|s| &s.rows)
        .map(|row| row.label.chars().count())
        .max();
    let label = longest.unwrap_or(0).min(LABEL);
    let frames = stories
        .iter()
        .map(|story| story.captions.len() as u32)
        .max()
        .unwrap_or(0);
    let tiles = MARGIN + label as u32 * ADVANCE + LABEL_GAP;
    let layout = Layout {
        tiles,
        label,
        width: tiles + (frames * (TILE + GAP)).saturating_sub(GAP) + MARGIN,
    };
    let heights: Vec<u32> = stories.iter().map(height).collect();
    let total = MARGIN + heights.iter().map(|height| height + MARGIN).sum::<u32>();
    let mut page = RgbImage::from_pixel(layout.width, total, WHITE);
    let mut top = MARGIN;
    for (number, (story, height)) in stories.iter().zip(heights).enumerate() {
        if number > 0 {
            for x in MARGIN..layout.width - MARGIN {
                page.put_pixel(x, top - MARGIN / 2, RULE);
            }
        }
        draw_story(&mut page, &layout, top, story)?;
        top += height + MARGIN;
    }
    Ok(page)
}

fn captions(story: &SheetStory) -> Vec<Vec<Vec<Glyph>>> {
    let width = (TILE / ADVANCE) as usize;
    story
        .captions
        .iter()
        .map(|caption| wrap(&caption.text, &caption.highlights, width))
        .collect()
}

fn height(story: &SheetStory) -> u32 {
    let lines = captions(story).iter().map(Vec::len).max().unwrap_or(0) as u32;
    LINE + GAP / 2 + lines * LINE + GAP + story.rows.len() as u32 * (TILE + GAP)
}

fn draw_story(
    page: &mut RgbImage,
    layout: &Layout,
    top: u32,
    story: &SheetStory,
) -> Result<(), ReportError> {
    let title: Vec<Glyph> = story.title.chars().map(|c| (c, false)).collect();
    draw(page, layout.tiles, top, &title, [FAINT; 2]);
    let captions = captions(story);
    let lines = captions.iter().map(Vec::len).max().unwrap_or(0) as u32;
    let text_top = top + LINE + GAP / 2;
    for (frame, caption) in captions.iter().enumerate() {
        // Set on the pictures below it, not hung from the top.
        let free = lines - caption.len() as u32;
        for (number, line) in (free..).zip(caption) {
            draw(
                page,
                column(layout, frame),
                text_top + number * LINE,
                line,
                [TEXT, PRONOUN],
            );
        }
    }
    let mut y = text_top + lines * LINE + GAP;
    for row in &story.rows {
        let label = wrap(&row.label, &[], layout.label);
        let label_height = label.len() as u32 * LINE;
        for (number, line) in (0..).zip(&label) {
            let line_top = y + TILE.saturating_sub(label_height) / 2 + number * LINE;
            draw(page, MARGIN, line_top, line, [NAME; 2]);
        }
        for frame in 0..story.captions.len() {
            let image = row.images.get(frame).and_then(Option::as_ref);
            draw_tile(page, [column(layout, frame), y], image).map_err(|source| {
                ReportError::Image {
                    story: story.title.clone(),
                    source,
                }
            })?;
        }
        y += TILE + GAP;
    }
    Ok(())
}

fn column(layout: &Layout, frame: usize) -> u32 {
    layout.tiles + frame as u32 * (TILE + GAP)
}

fn draw_tile(
    page: &mut RgbImage,
    [x, y]: [u32; 2],
    image: Option<&RgbImage>,
) -> Result<(), crate::vision::VisionError> {
    let Some(image) = image else {
        let blank = RgbImage::from_pixel(TILE, TILE, ABSENT);
        imageops::replace(page, &blank, i64::from(x), i64::from(y));
        let words: Vec<Glyph> = "not drawn".chars().map(|c| (c, false)).collect();
        let left = x + (TILE - words.len() as u32 * ADVANCE) / 2;
        draw(page, left, y + (TILE - LINE) / 2, &words, [FAINT; 2]);
        return Ok(());
    };
    // The longer side fills the tile; the picture keeps its shape.
    let longer = image.width().max(image.height()).max(1);
    let fit = |side: u32| (side * TILE).div_ceil(longer).min(TILE);
    let tile = resize(
        image,
        fit(image.width()),
        fit(image.height()),
        Filter::Bicubic,
    )?;
    let [left, top] = [
        x + (TILE - tile.width()) / 2,
        y + (TILE - tile.height()) / 2,
    ];
    imageops::replace(page, &tile, i64::from(left), i64::from(top));
    Ok(())
}

#[cfg(test)]
#[path = "sheet_tests.rs"]
mod tests;
