//! The characters' portraits and their fusion into the text.

use super::super::{Fault, GeneratorError};
use super::networks::{DiffusionNetworks, shaped};
use super::signatures::{CHAR_IMAGE_ENCODER, FUSE};
use super::text::Encoded;
use crate::inference::Portraits as Settings;
use crate::vision::{self, Filter, VisionError};
use image::RgbImage;
use ndarray::{Array2, Array3, Array4};
use std::path::PathBuf;

/// The portraits of a bundle, in order of the characters' names.
#[derive(Debug)]
pub(super) struct Portraits {
    names: Vec<String>,
    pixels: Array4<f32>,
    /// Embeddings `[K, D]`, computed at the first use: they never change.
    embeds: Option<Array2<f32>>,
}

impl Portraits {
    /// Reads every portrait. `file` turns a path of the manifest into one on disk.
    pub(super) fn open(
        settings: &Settings,
        file: impl Fn(&str) -> PathBuf,
    ) -> Result<Self, GeneratorError> {
        let mut images = Vec::with_capacity(settings.files.len());
        for (character, relative) in &settings.files {
            let path = file(relative);
            if !path.is_file() {
                return Err(GeneratorError::PortraitMissing {
                    character: character.clone(),
                    path,
                });
            }
            let failed = |source| GeneratorError::Portrait {
                character: character.clone(),
                source,
            };
            let image = vision::read_png(&path).map_err(failed)?;
            let image = fitted(&image, settings.width, settings.height).map_err(failed)?;
            images.push((character.clone(), image));
        }
        Self::new(images)
            .map_err(|(character, source)| GeneratorError::Portrait { character, source })
    }

    /// No portraits: every caption stays as it is.
    pub(super) fn none() -> Self {
        Self {
            names: Vec::new(),
            pixels: Array4::zeros((0, 3, 0, 0)),
            embeds: None,
        }
    }

    /// Takes portraits that already have the encoder's size.
    pub(super) fn new(images: Vec<(String, RgbImage)>) -> Result<Self, (String, VisionError)> {
        if images.is_empty() {
            return Ok(Self::none());
        }
        let (names, images): (Vec<String>, Vec<RgbImage>) = images.into_iter().unzip();
        let pixels = vision::to_chw(&images).map_err(|source| (names.join(", "), source))?;
        let names = names.iter().map(|name| name.to_lowercase()).collect();
        Ok(Self {
            names,
            pixels,
            embeds: None,
        })
    }

    /// Names in lower case; their order gives the portraits' indices.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// Replaces the embedding of every name token of `plain` `[B, L, D]` by its fusion with the portrait.
    /// A caption without names stays as it is.
    pub(super) fn fuse(
        &mut self,
        networks: &mut impl DiffusionNetworks,
        plain: &Array3<f32>,
        captions: &[Encoded],
    ) -> Result<Array3<f32>, Fault> {
        let mut fused = plain.clone();
        let width = plain.shape()[2];
        let places: Vec<(usize, usize, usize)> = captions
            .iter()
            .enumerate()
            .flat_map(|(row, caption)| {
                caption
                    .names
                    .iter()
                    .map(move |name| (row, name.position, name.portrait))
            })
            .collect();
        if places.is_empty() {
            return Ok(fused);
        }
        let embeds = self.embeds(networks, width)?;
        let mut text = Array2::zeros((places.len(), width));
        let mut visual = Array2::zeros((places.len(), width));
        for (index, &(row, position, portrait)) in places.iter().enumerate() {
            text.row_mut(index)
                .assign(&plain.slice(ndarray::s![row, position, ..]));
            visual.row_mut(index).assign(&embeds.row(portrait));
        }
        let result = shaped(
            FUSE,
            networks.fuse(text.view(), visual.view())?,
            &[places.len(), width],
        )?;
        for (index, &(row, position, _)) in places.iter().enumerate() {
            fused
                .slice_mut(ndarray::s![row, position, ..])
                .assign(&result.row(index));
        }
        Ok(fused)
    }

    fn embeds(
        &mut self,
        networks: &mut impl DiffusionNetworks,
        width: usize,
    ) -> Result<&Array2<f32>, Fault> {
        let embeds = match self.embeds.take() {
            Some(embeds) => embeds,
            None => shaped(
                CHAR_IMAGE_ENCODER,
                networks.char_image_encoder(self.pixels.view())?,
                &[self.names.len(), width],
            )?,
        };
        Ok(self.embeds.insert(embeds))
    }
}

/// Brings an image to the size that a network takes, the way the Python image processors do.
pub(super) fn fitted(
    image: &RgbImage,
    width: usize,
    height: usize,
) -> Result<RgbImage, VisionError> {
    if (image.width() as usize, image.height() as usize) == (width, height) {
        return Ok(image.clone());
    }
    vision::resize(image, width as u32, height as u32, Filter::Bicubic)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{FaultKind, Hint};
    use std::collections::BTreeMap;

    fn settings(file: &str) -> Settings {
        Settings {
            width: 4,
            height: 4,
            files: BTreeMap::from([("Otto".to_owned(), file.to_owned())]),
        }
    }

    #[test]
    fn a_missing_portrait_is_named_with_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let error = Portraits::open(&settings("portraits/otto.png"), |file| {
            folder.path().join(file)
        })
        .unwrap_err();
        assert!(
            matches!(&error, GeneratorError::PortraitMissing { character, .. } if character == "Otto")
        );
        assert!(error.to_string().contains("otto.png"));
        assert_eq!(error.fault_kind(), FaultKind::Setup);
    }

    #[test]
    fn a_portrait_is_read_and_brought_to_size() {
        let folder = tempfile::tempdir().unwrap();
        RgbImage::from_pixel(8, 8, image::Rgb([255, 0, 51]))
            .save(folder.path().join("otto.png"))
            .unwrap();
        let portraits =
            Portraits::open(&settings("otto.png"), |file| folder.path().join(file)).unwrap();
        assert_eq!(portraits.names(), ["otto"]);
        assert_eq!(portraits.pixels.shape(), [1, 3, 4, 4]);
        assert!((portraits.pixels[[0, 2, 1, 1]] - 0.2).abs() < 1e-6);
    }

    #[test]
    fn a_file_that_is_no_picture_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("otto.png"), "no picture").unwrap();
        let error =
            Portraits::open(&settings("otto.png"), |file| folder.path().join(file)).unwrap_err();
        assert!(matches!(error, GeneratorError::Portrait { .. }));
    }
}
