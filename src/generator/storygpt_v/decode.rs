//! Latents to pixels.

use super::super::Fault;
use super::networks::{DiffusionNetworks, shaped};
use super::settings::DiffusionSettings;
use super::signatures::VAE_DECODER;
use image::RgbImage;
use ndarray::{Array4, ArrayView3};

/// Decodes latents `[B, c, h, w]` to images of the bundle's size.
pub(super) fn decode(
    networks: &mut impl DiffusionNetworks,
    settings: &DiffusionSettings,
    latents: &Array4<f32>,
) -> Result<Vec<RgbImage>, Fault> {
    let unscaled = latents / settings.diffusion.scaling_factor as f32;
    let (width, height) = (settings.image.width, settings.image.height);
    let images = networks.vae_decoder(unscaled.view())?;
    let images = shaped(VAE_DECODER, images, &[latents.shape()[0], 3, height, width])?;
    images
        .outer_iter()
        .enumerate()
        .map(|(row, image)| to_image(&image, row))
        .collect()
}

/// Turns `[3, H, W]` in [-1, 1] into 8-bit RGB.
fn to_image(values: &ArrayView3<'_, f32>, row: usize) -> Result<RgbImage, Fault> {
    if values.iter().any(|value| !value.is_finite()) {
        return Err(Fault::NotFinite {
            graph: VAE_DECODER,
            row,
        });
    }
    let shape = values.shape();
    Ok(RgbImage::from_fn(
        shape[2] as u32,
        shape[1] as u32,
        |x, y| {
            image::Rgb([0, 1, 2].map(|channel| to_byte(values[[channel, y as usize, x as usize]])))
        },
    ))
}

/// The mapping of diffusers' pipelines, in single precision; numpy rounds half to even.
fn to_byte(value: f32) -> u8 {
    ((value / 2.0 + 0.5).clamp(0.0, 1.0) * 255.0).round_ties_even() as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::Array3;

    #[test]
    fn values_are_clamped_and_halves_go_to_even() {
        assert_eq!(
            [-7.0, -1.0, 0.0, 1.0, 9.0].map(to_byte),
            [0, 0, 128, 255, 255]
        );
        // 0.5 * 255 = 127.5 rounds up to the even 128; 0.7 / 2 + 0.5 is 216.75.
        assert_eq!(to_byte(0.7), 217);
    }

    #[test]
    fn rows_and_channels_keep_their_places() {
        let mut values = Array3::from_elem((3, 2, 4), -1.0);
        values[[1, 0, 3]] = 1.0;
        let image = to_image(&values.view(), 0).unwrap();
        assert_eq!((image.width(), image.height()), (4, 2));
        assert_eq!(image.get_pixel(3, 0).0, [0, 255, 0]);
        assert_eq!(image.get_pixel(0, 1).0, [0, 0, 0]);
    }

    #[test]
    fn what_is_not_a_number_is_no_black_pixel() {
        let mut values = Array3::zeros((3, 2, 2));
        values[[2, 1, 1]] = f32::NAN;
        assert!(matches!(
            to_image(&values.view(), 5),
            Err(Fault::NotFinite { row: 5, .. })
        ));
    }
}
