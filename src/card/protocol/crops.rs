//! How characters are cut out of frames.

use crate::vision::{PassOrder, Resizer};
use serde::{Deserialize, Serialize};

/// Crops of single characters: at which size frames are searched, which boxes are used, and how they
/// are cut.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CropRule {
    /// Pixels that the short side of every frame, generated or real, is brought to before anything is
    /// looked for. Whole frames are, and not crops: the locator, `min_side` and the rounding of boxes
    /// to whole pixels then see one scale on both sides. A frame that is smaller is enlarged and stays
    /// blurred, so this should be no more than the smallest side of what is compared; 64 unless said,
    /// the smallest that published models draw.
    #[serde(default = "smallest_published")]
    pub size: u32,
    /// How they are brought there; one that works on 8-bit pixels.
    #[serde(default = "bicubic")]
    pub resizer: Resizer,
    /// Boxes with a side of fewer pixels, at that size, are left out as if nothing had been found.
    pub min_side: u32,
    /// What a box is widened by on each side before it is cut, as a share of its width or height;
    /// between 0 and 1.
    pub margin: f64,
}

fn smallest_published() -> u32 {
    64
}

fn bicubic() -> Resizer {
    Resizer::PillowBicubic
}

impl CropRule {
    /// As signatures and cache keys print it: `pillow-bicubic-64+min8+margin0.1`.
    #[must_use]
    pub fn named(self, pillow: PassOrder) -> String {
        let Self {
            size,
            resizer,
            min_side,
            margin,
        } = self;
        let resizer = resizer.named(pillow);
        format!("{resizer}-{size}+min{min_side}+margin{margin}")
    }

    /// What a type cannot express: the rule that is broken, and how.
    pub(super) fn broken(&self) -> Option<(&'static str, String)> {
        if self.resizer.on_bytes().is_none() {
            return Some((
                "crops.resizer works on 8-bit pixels: pillow-bilinear, pillow-bicubic, pillow-lanczos or pillow-box",
                format!("resizer = \"{}\"", self.resizer),
            ));
        }
        if self.min_side > self.size {
            return Some((
                "crops.min_side is at most crops.size, or no box would ever be used",
                format!("min_side = {}, size = {}", self.min_side, self.size),
            ));
        }
        (!(0.0..=1.0).contains(&self.margin)).then(|| {
            (
                "crops.margin is between 0 and 1",
                format!("margin = {}", self.margin),
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(text: &str) -> CropRule {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn a_card_that_names_no_size_has_one_all_the_same() {
        let plain = rule("min_side = 8\nmargin = 0.1");
        let (old, new) = (PassOrder::Pillow12, PassOrder::Pillow13);
        assert_eq!(plain.named(old), "pillow-bicubic-64+min8+margin0.1");
        assert_eq!(plain.named(new), "pillow13-bicubic-64+min8+margin0.1");
        assert_eq!(plain.broken(), None);
        let own = rule("size = 128\nresizer = \"pillow-lanczos\"\nmin_side = 8\nmargin = 0.1");
        assert_eq!(own.named(old), "pillow-lanczos-128+min8+margin0.1");
    }

    #[test]
    fn rules_that_cannot_be_followed_are_named() {
        for (more, named) in [
            ("resizer = \"torch-bilinear\"", "crops.resizer"),
            ("size = 7", "crops.min_side"),
        ] {
            let broken = rule(&format!("{more}\nmin_side = 8\nmargin = 0.1")).broken();
            assert!(broken.unwrap().0.starts_with(named), "{more}");
        }
        let wide = rule("min_side = 8\nmargin = 1.5").broken();
        assert!(wide.unwrap().0.starts_with("crops.margin"));
    }
}
