//! From images to the tensors that networks read.

use super::VisionError;
use image::RgbImage;
use ndarray::Array4;

/// Lays images out as `[N, 3, H, W]`, `f32` in `[0, 1]` (`v / 255`).
///
/// No image gives an array of shape `[0, 3, 0, 0]`.
///
/// # Errors
/// Images of different sizes.
pub fn to_chw(images: &[RgbImage]) -> Result<Array4<f32>, VisionError> {
    let (width, height) = images.first().map_or((0, 0), RgbImage::dimensions);
    for (index, image) in images.iter().enumerate() {
        if image.dimensions() != (width, height) {
            return Err(VisionError::SizesDiffer {
                index,
                width: image.width(),
                height: image.height(),
                first_width: width,
                first_height: height,
            });
        }
    }
    let shape = (images.len(), 3, height as usize, width as usize);
    let mut tensor = Array4::zeros(shape);
    for (image, mut planes) in images.iter().zip(tensor.outer_iter_mut()) {
        for (x, y, pixel) in image.enumerate_pixels() {
            for (channel, value) in pixel.0.into_iter().enumerate() {
                planes[[channel, y as usize, x as usize]] = f32::from(value) / 255.0;
            }
        }
    }
    Ok(tensor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use image::Rgb;

    #[test]
    fn planes_come_before_lines() {
        let image = RgbImage::from_fn(2, 3, |x, y| Rgb([x as u8, y as u8, 255]));
        let tensor = to_chw(&[image.clone(), image]).unwrap();
        assert_eq!(tensor.shape(), [2, 3, 3, 2]);
        assert!((tensor[[1, 0, 2, 1]] - 1.0 / 255.0).abs() < f32::EPSILON);
        assert!((tensor[[1, 1, 2, 1]] - 2.0 / 255.0).abs() < f32::EPSILON);
        assert!((tensor[[0, 2, 0, 0]] - 1.0).abs() < f32::EPSILON);
    }

    #[test]
    fn a_batch_has_one_size() {
        let error = to_chw(&[RgbImage::new(2, 2), RgbImage::new(2, 3)]).unwrap_err();
        assert!(matches!(error, VisionError::SizesDiffer { index: 1, .. }));
        assert_eq!(to_chw(&[]).unwrap().shape(), [0, 3, 0, 0]);
    }
}
