//! Four channels to three, as Pillow does it.

/// RGB of the four channels of a JPEG, whose inks Pillow takes to be inverted, as Adobe writes them.
///
/// Pillow turns them over (`CMYK;I`), and its `convert("RGB")` multiplies in 8 bits, rounded.
pub(super) fn from_inverted_cmyk(values: &[u8]) -> Vec<u8> {
    let (pixels, _) = values.as_chunks::<4>();
    let mut rgb = Vec::with_capacity(pixels.len() * 3);
    for [cyan, magenta, yellow, black] in pixels {
        let light = *black;
        rgb.extend([cyan, magenta, yellow].map(|ink| light - share(255 - ink, light)));
    }
    rgb
}

/// `a b / 255`, rounded; at most `b`.
fn share(a: u8, b: u8) -> u8 {
    let product = u32::from(a) * u32::from(b) + 128;
    (((product >> 8) + product) >> 8) as u8
}
