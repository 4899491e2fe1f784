//! What is doubtful about the image files that a number is made of.

use std::path::Path;
use storyeval::vision::SourceImage;

/// Counts over the files of a folder.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Doubts {
    images: usize,
    lossy: usize,
    clipped: usize,
    four_channels: usize,
    damaged: usize,
}

impl Doubts {
    /// Takes a file into account.
    pub(crate) fn see(&mut self, image: &SourceImage) {
        self.images += 1;
        self.lossy += usize::from(image.lossy_source);
        self.clipped += usize::from(image.clipped_grey);
        self.four_channels += usize::from(image.four_channels);
        self.damaged += usize::from(image.damaged);
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
        if self.four_channels > 0 {
            warnings.push(format!(
                "{} of {total} images in {path} are CMYK or YCCK JPEG files, converted to RGB as Pillow does it, without a profile",
                self.four_channels
            ));
        }
        if self.damaged > 0 {
            warnings.push(format!(
                "{} of {total} images in {path} are JPEG files with damaged data, decoded as far as Pillow decodes them",
                self.damaged
            ));
        }
        warnings
    }
}
