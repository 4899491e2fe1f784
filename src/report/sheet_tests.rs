//! Tests of the strip sheet.

use super::*;
use crate::record::Replacement;
use crate::vision::encode_png;

fn replacement(words: &str, offset: usize, pronoun: &str) -> Replacement {
    Replacement {
        words: words.to_owned(),
        offset,
        pronoun: pronoun.to_owned(),
        rule: "single".to_owned(),
    }
}

fn caption() -> ReferentialCaption {
    ReferentialCaption {
        text: "He is in the kitchen and she waves at him with a red umbrella.".to_owned(),
        replacements: vec![
            replacement("Otto", 0, "He"),
            replacement("Mira the baker", 27, "she"),
            replacement("Bert", 50, "it"),
        ],
        reference_flag: true,
    }
}

/// A landscape with a ball: enough to see whether tiles sit right.
fn picture(side: u32, hue: u8) -> RgbImage {
    RgbImage::from_fn(side, side, |x, y| {
        let (u, v) = (
            f64::from(x) / f64::from(side),
            f64::from(y) / f64::from(side),
        );
        let centre = 0.2 + f64::from(hue % 5) * 0.15;
        if (u - centre).powi(2) + (v - 0.6).powi(2) < 0.03 {
            Rgb([230, 60 + hue, 60])
        } else if v > 0.7 {
            Rgb([90, 160, 90])
        } else {
            Rgb([150, 200 - hue, 240])
        }
    })
}

fn stories() -> Vec<SheetStory> {
    let plain = |text: &str| SheetCaption::from(&ReferentialCaption::unchanged(text));
    let row = |label: &str, side, hue: u8| SheetRow {
        label: label.to_owned(),
        images: (0..4).map(|i| Some(picture(side, hue + i * 21))).collect(),
    };
    let mut failed = row("char-ldm-mini", 64, 30);
    failed.images[2] = None;
    let story = |title: &str| SheetStory {
        title: title.to_owned(),
        captions: vec![
            plain("Otto and Mira are in the kitchen."),
            SheetCaption::from(&caption()),
            plain("Mira holds a lantern."),
            plain("Otto reads a newspaper next to the lighthouse."),
        ],
        rows: vec![
            row("ground truth", 128, 0),
            row("storygpt-v-mini", 64, 10),
            failed.clone(),
        ],
    };
    vec![
        story("s_01_e_25_shot_004015_004089"),
        story("s_01_e_26_shot_000015_000089"),
    ]
}

#[test]
fn pronouns_are_found_in_the_new_text() {
    let caption = SheetCaption::from(&caption());
    let words: Vec<&str> = caption
        .highlights
        .iter()
        .map(|r| &caption.text[r.clone()])
        .collect();
    // The third replacement does not fit the text, and is left out rather than drawn elsewhere.
    assert_eq!(words, ["He", "she"]);
}

#[test]
fn the_sheet_is_deterministic_and_has_room_for_everything() {
    let page = sheet(&stories()).unwrap();
    assert_eq!(page, sheet(&stories()).unwrap());
    // 15 characters of label and four tiles.
    assert_eq!(page.width(), 20 + 15 * ADVANCE + 12 + 4 * 128 + 3 * 8 + 20);
    assert!(page.height() > 2 * 3 * 128);
    assert!(page.pixels().any(|pixel| *pixel == PRONOUN.colour));
    // For people: `STORYEVAL_SHEET=sheet.png cargo test sheet_is` leaves the page there.
    if let Some(path) = std::env::var_os("STORYEVAL_SHEET") {
        std::fs::write(path, encode_png(&page).unwrap()).unwrap();
    }
}

#[test]
fn odd_input_does_not_panic() {
    assert!(sheet(&[]).is_ok());
    let mut stories = stories();
    stories[0].rows[0].images.truncate(1);
    stories[0].captions.clear();
    stories[1].captions.truncate(2);
    stories[1].rows[0].images[0] = Some(RgbImage::new(300, 20));
    assert!(sheet(&stories).is_ok());
    stories[1].rows[0].images[0] = Some(RgbImage::new(0, 0));
    assert!(matches!(
        sheet(&stories).unwrap_err(),
        ReportError::Image { .. }
    ));
}
