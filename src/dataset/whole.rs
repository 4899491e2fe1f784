//! Picture files that are none: a web page under the name of a photo, an empty file, a download that was cut.

use super::root::Root;
use crate::vision::{decode_image, read_bounded};
use rayon::prelude::*;
use std::error::Error;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

/// The files among `files` that are no picture that can be read, with the reason, in their order. Files of other
/// endings than those of pictures are not checked.
///
/// Both ends of a file are read; it is decoded only where these are not a picture's. What is damaged between whole
/// ends is found when it is decoded.
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
    if has_both_ends(path).unwrap_or(false) {
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

/// Whether a file begins and ends as a PNG or a JPEG.
fn has_both_ends(path: &Path) -> std::io::Result<bool> {
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
        let mut trailer = jpeg.clone();
        trailer.extend(b"behind the end");
        for (name, bytes) in [
            ("a.png", &png[..]),
            ("b.JPG", &jpeg),
            ("c.jpg", &trailer),
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
        assert_eq!(found, ["cut.jpg", "cut.png", "empty.jpg", "page.jpg"]);
    }
}
