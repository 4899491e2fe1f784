//! What is doubtful about the image files that a number is made of.

use std::path::Path;
use storyeval::vision::SourceImage;

/// Counts over the files of a folder.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Doubts {
    images: usize,
    lossy: usize,
    clipped: usize,
}

impl Doubts {
    /// Takes a file into account.
    pub(crate) fn see(&mut self, image: &SourceImage) {
        self.images += 1;
        self.lossy += usize::from(image.lossy_source);
        self.clipped += usize::from(image.clipped_grey);
    }

    /// What a reader of the number must know.
    pub(crate) fn warnings(self, path: &Path) -> Vec<String> {
        let (total, path) = (self.images, path.display());
        let mut warnings = Vec::new();
        if self.lossy > 0 {
            warnings.push(format!(
                "{} of {total} images in {path} are JPEG files: what was compressed away moves the number",
                self.lossy
            ));
        }
        if self.clipped > 0 {
            warnings.push(format!(
                "{} of {total} images in {path} are 16-bit grey, of which everything above 255 is white, as Pillow has it",
                self.clipped
            ));
        }
        warnings
    }
}
