//! Picture files that are none: a web page under the name of a photo, an empty file, a download that was cut.

use super::root::Root;
use crate::vision::{MAX_BYTES, MAX_SIDE, decode_image, read_bounded};
use rayon::prelude::*;
use std::error::Error;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

/// The files among `files` that are no picture that can be read, with the reason, in their order. Files of other
/// endings than those of pictures are not checked.
///
/// A file is decoded only where it is not whole by its ends, its size and, of a PNG, its checksums. A JPEG that is
/// damaged between whole ends is decoded as far as it goes, as Pillow does.
pub(super) fn unreadable(root: &Root, files: Vec<String>) -> Vec<(String, String)> {
    files
        .into_par_iter()
        .filter(|file| is_picture(file))
        .filter_map(|file| {
            // A link that leads out has an error of its own where it is read.
            let why = fault(&root.file(&file).ok()?)?;
            Some((file, why))
        })
        .collect()
}

fn is_picture(file: &str) -> bool {
    let ending = file.rsplit_once('.').map_or("", |(_, ending)| ending);
    ["png", "jpg", "jpeg"]
        .iter()
        .any(|known| ending.eq_ignore_ascii_case(known))
}

/// Why a picture cannot be read.
fn fault(path: &Path) -> Option<String> {
    if is_whole(path).unwrap_or(false) {
        return None;
    }
    let decoded = read_bounded(path).and_then(|bytes| decode_image(&bytes, path));
    let error = decoded.err()?;
    let mut last: &dyn Error = &error;
    while let Some(source) = last.source() {
        last = source;
    }
    // The file is named in front of it already.
    let (text, name) = (last.to_string(), path.display().to_string());
    let reason = text
        .rsplit_once(&format!("{name}: "))
        .map(|(_, reason)| reason);
    Some(reason.unwrap_or(&text).replace(&name, "it"))
}

/// Whether a file has everything that a picture needs to be decoded, without decoding it.
fn is_whole(path: &Path) -> io::Result<bool> {
    if !has_both_ends(path)? {
        return Ok(false);
    }
    let mut file = BufReader::new(File::open(path)?);
    let mut head = [0; 2];
    file.read_exact(&mut head)?;
    if head == [0xff, 0xd8] {
        return Ok(jpeg_size(&mut file)?.is_some_and(fits));
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(png_is_whole(&bytes))
}

/// Whether a picture of this size is decoded.
fn fits([width, height]: [u32; 2]) -> bool {
    let bytes = u64::from(width) * u64::from(height) * 3;
    width.max(height) <= MAX_SIDE && bytes <= MAX_BYTES
}

/// Width and height of a JPEG, from its start-of-frame segment; `file` is behind the first marker.
fn jpeg_size(file: &mut (impl Read + Seek)) -> io::Result<Option<[u32; 2]>> {
    loop {
        let mut segment = [0; 4];
        file.read_exact(&mut segment)?;
        let [0xff, marker, high, low] = segment else {
            return Ok(None);
        };
        // All kinds of frames; the others between are tables.
        if (0xc0..=0xcf).contains(&marker) && !matches!(marker, 0xc4 | 0xc8 | 0xcc) {
            let mut frame = [0; 5];
            file.read_exact(&mut frame)?;
            let side = |at: usize| u32::from(u16::from_be_bytes([frame[at], frame[at + 1]]));
            return Ok(Some([side(3), side(1)]));
        }
        let rest = i64::from(u16::from_be_bytes([high, low])) - 2;
        if rest < 0 || marker == 0xda {
            return Ok(None);
        }
        file.seek_relative(rest)?;
    }
}

/// Whether the chunks of a PNG follow each other to the end, each with its checksum, and its size is one that is
/// decoded. `bytes` begin behind the first two of the signature.
fn png_is_whole(bytes: &[u8]) -> bool {
    let mut rest = bytes.get(6..).unwrap_or_default();
    let mut first = true;
    while let Some((length, after)) = rest.split_first_chunk() {
        let length = u32::from_be_bytes(*length) as usize;
        let Some((chunk, after)) = after.split_at_checked(length + 4) else {
            return false;
        };
        let Some((sum, after)) = after.split_first_chunk() else {
            return false;
        };
        if crc32fast::hash(chunk) != u32::from_be_bytes(*sum) {
            return false;
        }
        if first {
            let side = |at: usize| Some(u32::from_be_bytes(*chunk.get(at..)?.first_chunk()?));
            let (Some(width), Some(height)) = (side(4), side(8)) else {
                return false;
            };
            if !fits([width, height]) {
                return false;
            }
        }
        first = false;
        rest = after;
    }
    !first
}

/// Whether a file begins and ends as a PNG or a JPEG.
fn has_both_ends(path: &Path) -> io::Result<bool> {
    const PNG: [u8; 8] = *b"\x89PNG\r\n\x1a\n";
    const IEND: [u8; 12] = *b"\0\0\0\0IEND\xae\x42\x60\x82";
    let mut file = File::open(path)?;
    let (mut head, mut tail) = ([0; 8], [0; 12]);
    file.read_exact(&mut head)?;
    file.seek(SeekFrom::End(-12))?;
    file.read_exact(&mut tail)?;
    Ok((head == PNG && tail == IEND)
        || (head.starts_with(b"\xff\xd8\xff") && tail.ends_with(b"\xff\xd9")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::Links;
    use crate::vision::encode_png;

    #[test]
    fn cut_empty_and_foreign_files_are_found_and_whole_ones_are_not() {
        let folder = tempfile::tempdir().unwrap();
        let picture = image::RgbImage::from_fn(40, 30, |x, y| image::Rgb([x as u8, y as u8, 9]));
        let png = encode_png(&picture).unwrap();
        let jpeg = std::fs::read("reference-data/golden/images/q95-444.jpg").unwrap();
        let mut damaged = png.clone();
        damaged[60] ^= 0x55;
        // Too wide to be decoded: the size is at 16, its checksum at 29; of the JPEG it is in the frame's segment.
        let mut wide = png.clone();
        wide[16..20].copy_from_slice(&17_000_u32.to_be_bytes());
        let sum = crc32fast::hash(&wide[12..29]).to_be_bytes();
        wide[29..33].copy_from_slice(&sum);
        let mut wide_jpeg = jpeg.clone();
        let frame = jpeg
            .windows(2)
            .position(|pair| matches!(pair, [0xff, 0xc0 | 0xc2]))
            .unwrap();
        wide_jpeg[frame + 7..frame + 9].copy_from_slice(&17_000_u16.to_be_bytes());
        let mut trailer = jpeg.clone();
        trailer.extend(b"behind the end");
        for (name, bytes) in [
            ("a.png", &png[..]),
            ("b.JPG", &jpeg),
            ("c.jpg", &trailer),
            ("damaged.jpg", &damaged),
            ("wide.png", &wide),
            ("wide.jpg", &wide_jpeg),
            ("cut.png", &png[..png.len() / 2]),
            ("cut.jpg", &jpeg[..jpeg.len() / 2]),
            ("empty.jpg", b""),
            ("page.jpg", b"<html>gone</html>"),
            ("other.npy", b""),
        ] {
            std::fs::write(folder.path().join(name), bytes).unwrap();
        }
        let root = Root::new(folder.path(), Links::Inside);
        let names = std::fs::read_dir(folder.path()).unwrap();
        let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut found = unreadable(&root, names.collect());
        found.sort();
        assert!(
            found.iter().all(|(_, why)| !why.contains("failed")),
            "{found:?}"
        );
        let found: Vec<&str> = found.iter().map(|(file, _)| file.as_str()).collect();
        assert_eq!(
            found,
            [
                "cut.jpg",
                "cut.png",
                "damaged.jpg",
                "empty.jpg",
                "page.jpg",
                "wide.jpg",
                "wide.png"
            ]
        );
    }
}
