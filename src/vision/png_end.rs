//! PNG files that were cut off behind their pixels. Pillow opens these without a word, so they are read, and called damaged.

/// What a PNG ends with.
const END: &[u8; 12] = b"\0\0\0\0IEND\xAE\x42\x60\x82";
/// Bytes of a compressed stream behind its data: a checksum, which is not read.
const CHECKSUM: usize = 4;

/// The file with an end, if all that it lacks lies behind its pixels: `IEND`, the checksums before it, or a part of them.
/// In place of an end there may be zeros.
pub(super) fn with_end(bytes: &[u8]) -> Option<Vec<u8>> {
    let (mut at, mut pixels) = (8, false);
    while let Some(head) = bytes.get(at..at + 8) {
        let length = u32::from_be_bytes(head[..4].try_into().ok()?) as usize;
        let kind = &head[4..];
        if kind == b"IEND" || kind == [0; 4] {
            break;
        }
        let next = at.checked_add(length)?.checked_add(12)?;
        if next > bytes.len() {
            return (kind == b"IDAT")
                .then(|| completed(bytes, at, length))
                .flatten();
        }
        pixels |= kind == b"IDAT";
        at = next;
    }
    let rest = bytes.get(at..)?;
    let cut = rest.len() < END.len() && END.starts_with(rest);
    let zeros = rest.iter().all(|byte| *byte == 0);
    (pixels && (cut || zeros)).then(|| [&bytes[..at], END].concat())
}

/// The file up to the chunk at `at`, the checksums of this chunk, and an end. None where pixels are missing.
fn completed(bytes: &[u8], at: usize, length: usize) -> Option<Vec<u8>> {
    let data = &bytes[at + 8..];
    if data.len() + CHECKSUM < length {
        return None;
    }
    let mut whole = bytes[..at + 8 + data.len().min(length)].to_vec();
    whole.resize(at + 8 + length, 0);
    let sum = crc(&whole[at + 4..]);
    whole.extend(sum.to_be_bytes());
    whole.extend(END);
    Some(whole)
}

/// The checksum of a chunk.
fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xEDB8_8320 & 0_u32.wrapping_sub(crc & 1))
        })
    })
}

#[cfg(test)]
mod tests {
    use crate::vision::decode_image;
    use std::path::Path;

    /// Pillow 13 reads files that lack up to 20 bytes, and no file that lacks more.
    #[test]
    fn files_cut_behind_their_pixels_have_all_pixels_and_are_damaged() {
        for name in ["rgb8.png", "rgb16.png", "grey8.png"] {
            let whole = std::fs::read(format!("reference-data/golden/images/{name}")).unwrap();
            let path = Path::new(name);
            let expected = decode_image(&whole, path).unwrap();
            assert!(!expected.damaged);
            for cut in 1..60 {
                let found = decode_image(&whole[..whole.len() - cut], path);
                assert_eq!(
                    found.is_ok(),
                    cut <= 20,
                    "{name} without {cut} bytes: {found:?}"
                );
                if let Ok(found) = found {
                    assert!(found.damaged, "{name} without {cut}");
                    assert!(found.image == expected.image, "{name} without {cut}");
                }
            }
            let body = &whole[..whole.len() - 12];
            assert!(decode_image(&[body, &[0; 64]].concat(), path).is_ok());
        }
    }
}
