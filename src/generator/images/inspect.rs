//! Every matched file read once, before anything is written.

use super::{Folder, FoundFile, ImagesError, Matching};
use crate::record::sha256_hex;
use crate::vision::{SourceImage, decode_image, encode_png, read_bounded};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What a file holds.
#[expect(
    clippy::struct_excessive_bools,
    reason = "facts about a file, of which any may hold"
)]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspected {
    /// SHA-256 of the file.
    pub sha256: String,
    /// Width and height in pixels.
    pub size: [u32; 2],
    /// It is a JPEG: its pixels are not those that were drawn.
    pub jpeg: bool,
    /// It is a 16-bit grey PNG, of which everything above 255 is white.
    pub clipped_grey: bool,
    /// It is a JPEG of four channels.
    pub four_channels: bool,
    /// It is a JPEG with damaged data.
    pub damaged: bool,
    /// It is a PNG with transparency, which is dropped.
    pub alpha: bool,
    /// It is a PNG of 8-bit RGB pixels and nothing else: it is stored as it is.
    pub plain: bool,
}

/// The matched files of a folder, read.
#[derive(Clone, Debug, Default)]
pub struct Inspection {
    /// By position among [`Folder::files`].
    pub files: BTreeMap<usize, Inspected>,
    /// Files that cannot be used: position and reason.
    pub unreadable: Vec<(usize, String)>,
    /// Files of another size than `size`.
    pub wrong_size: Vec<usize>,
    /// The size that files should have: the one asked for, or the most frequent.
    pub size: Option<[u32; 2]>,
}

impl Inspection {
    /// Reads and decodes every file that a frame has, on all cores. `size` is the width and height that
    /// all must have; without it they must have one size, whichever. `progress` learns how many of how
    /// many files were read, by any thread and after each of them.
    #[must_use]
    pub fn read(
        folder: &Folder,
        matching: &Matching,
        size: Option<[u32; 2]>,
        progress: &(dyn Fn(usize, usize) + Sync),
    ) -> Self {
        let files = matching.files();
        let (done, total) = (AtomicUsize::new(0), files.len());
        let results: Vec<(usize, Result<Inspected, String>)> = files
            .into_par_iter()
            .map(|position| {
                let found = inspect(folder, &folder.files()[position]);
                progress(done.fetch_add(1, Ordering::Relaxed) + 1, total);
                (position, found)
            })
            .collect();
        let mut inspection = Self::default();
        for (position, result) in results {
            match result {
                Ok(found) => drop(inspection.files.insert(position, found)),
                Err(reason) => inspection.unreadable.push((position, reason)),
            }
        }
        inspection.size = size.or_else(|| inspection.usual_size());
        inspection.wrong_size = inspection
            .files
            .iter()
            .filter(|(_, file)| Some(file.size) != inspection.size)
            .map(|(position, _)| *position)
            .collect();
        inspection
    }

    /// The most frequent size; of equally frequent ones the smaller.
    fn usual_size(&self) -> Option<[u32; 2]> {
        let mut counts: BTreeMap<[u32; 2], usize> = BTreeMap::new();
        for file in self.files.values() {
            *counts.entry(file.size).or_default() += 1;
        }
        let most = counts.values().max().copied()?;
        counts
            .into_iter()
            .find(|(_, count)| *count == most)
            .map(|(size, _)| size)
    }
}

fn inspect(folder: &Folder, file: &FoundFile) -> Result<Inspected, String> {
    if let Some(fault) = file.fault {
        return Err(fault.to_owned());
    }
    let path = folder.path(file);
    let bytes = read_bounded(&path).map_err(|error| reason(&error, &path))?;
    let found = decode_image(&bytes, &path).map_err(|error| reason(&error, &path))?;
    // Depth and colour type have the same place in every PNG, and this one was decoded.
    let png = !found.lossy_source;
    let (depth, colour) = (bytes.get(24).copied(), bytes.get(25).copied());
    let alpha = png && (matches!(colour, Some(4 | 6)) || has_transparency(&bytes));
    Ok(Inspected {
        sha256: sha256_hex(&bytes),
        size: [found.image.width(), found.image.height()],
        jpeg: found.lossy_source,
        clipped_grey: found.clipped_grey,
        four_channels: found.four_channels,
        damaged: found.damaged,
        alpha,
        plain: png && !alpha && (depth, colour) == (Some(8), Some(2)),
    })
}

/// Whether a PNG has a `tRNS` chunk before its pixels.
fn has_transparency(bytes: &[u8]) -> bool {
    let mut at: usize = 8;
    while let Some(head) = bytes.get(at..at.saturating_add(8)) {
        match &head[4..] {
            b"tRNS" => return true,
            b"IDAT" => return false,
            _ => {}
        }
        let length = u32::from_be_bytes([head[0], head[1], head[2], head[3]]);
        at = at.saturating_add(length as usize).saturating_add(12);
    }
    false
}

/// The last cause, without the path: the report names the file already.
fn reason(error: &dyn Error, path: &Path) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string().replace(&path.display().to_string(), "it")
}

/// The PNG that is stored for a file that was inspected: a PNG of 8-bit RGB is copied byte by byte,
/// anything else becomes one of the pixels that are scored.
///
/// # Errors
/// [`ImagesError::Changed`] when it is not the file that was inspected, and [`ImagesError::Image`].
pub fn stored_png(
    folder: &Folder,
    file: &FoundFile,
    inspected: &Inspected,
) -> Result<Vec<u8>, ImagesError> {
    let path = folder.path(file);
    let bytes = read_bounded(&path)?;
    if sha256_hex(&bytes) != inspected.sha256 {
        return Err(ImagesError::Changed { path });
    }
    if inspected.plain {
        return Ok(bytes);
    }
    let SourceImage { image, .. } = decode_image(&bytes, &path)?;
    Ok(encode_png(&image)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::images::testing::{png, put, windows};
    use crate::generator::images::{LayoutKind, open_layout};
    use crate::vision::decode_png;

    /// A JPEG of 45x37 pixels.
    fn jpeg() -> Vec<u8> {
        std::fs::read("reference-data/golden/images/q95-444.jpg").unwrap()
    }

    /// The folder is removed with the first of the three.
    fn inspected(
        files: &[(&str, Vec<u8>)],
        size: Option<[u32; 2]>,
    ) -> (tempfile::TempDir, Folder, Inspection) {
        let root = tempfile::tempdir().unwrap();
        for (file, bytes) in files {
            put(root.path(), file, bytes);
        }
        let folder = Folder::list(root.path()).unwrap();
        let stories = windows(2, 2);
        let layout = open_layout(LayoutKind::Vlc, &folder, &stories, None).unwrap();
        let matching = Matching::new(layout.as_ref(), &folder, &stories, 2);
        let inspection = Inspection::read(&folder, &matching, size, &|_, _| {});
        (root, folder, inspection)
    }

    #[test]
    fn files_are_hashed_measured_and_told_apart() {
        let files = [
            ("img-0-0.png", png(45, 37, 1)),
            ("img-0-1.png", jpeg()),
            ("img-1-0.png", png(4, 5, 1)),
            ("img-1-1.png", b"GIF89a".to_vec()),
            ("other.png", png(9, 9, 1)),
        ];
        let (_root, folder, found) = inspected(&files, None);
        assert_eq!(found.size, Some([45, 37]));
        assert_eq!(found.wrong_size, [2]);
        assert_eq!(found.unreadable.len(), 1);
        assert_eq!(found.unreadable[0].0, 3);
        assert_eq!(found.files[&0].sha256, sha256_hex(&files[0].1));
        assert!(found.files[&1].jpeg && !found.files[&0].jpeg);

        let copy = stored_png(&folder, &folder.files()[0], &found.files[&0]).unwrap();
        assert_eq!(copy, files[0].1);
        let stored = stored_png(&folder, &folder.files()[1], &found.files[&1]).unwrap();
        let pixels = decode_image(&files[1].1, Path::new("a")).unwrap().image;
        assert_eq!(decode_png(&stored, Path::new("a")).unwrap(), pixels);

        std::fs::write(folder.path(&folder.files()[0]), png(45, 37, 2)).unwrap();
        let error = stored_png(&folder, &folder.files()[0], &found.files[&0]).unwrap_err();
        assert!(matches!(error, ImagesError::Changed { .. }));
    }

    #[test]
    fn what_is_not_plain_is_stored_as_the_pixels_that_are_scored() {
        let golden =
            |name: &str| std::fs::read(format!("reference-data/golden/images/{name}")).unwrap();
        // Name, transparent, plain.
        for (name, alpha, plain) in [
            ("rgb8.png", false, true),
            ("rgb8-interlaced.png", false, true),
            ("rgb8-transparent.png", true, false),
            ("rgba8.png", true, false),
            ("rgb16.png", false, false),
            ("grey8.png", false, false),
            ("grey-alpha16.png", true, false),
            ("palette4.png", false, false),
            ("palette8-transparent.png", true, false),
        ] {
            let (_root, folder, found) = inspected(&[("img-0-0.png", golden(name))], None);
            assert_eq!(
                (found.files[&0].alpha, found.files[&0].plain),
                (alpha, plain),
                "{name}"
            );
            let stored = stored_png(&folder, &folder.files()[0], &found.files[&0]).unwrap();
            assert_eq!(stored == golden(name), plain, "{name}");
            let pixels = decode_image(&golden(name), Path::new(name)).unwrap().image;
            assert_eq!(
                decode_png(&stored, Path::new(name)).unwrap(),
                pixels,
                "{name}"
            );
        }
    }

    #[test]
    fn a_size_that_is_asked_for_holds_for_all() {
        let files = [("img-0-0.png", png(4, 4, 1)), ("img-0-1.png", png(4, 4, 1))];
        assert!(inspected(&files, Some([4, 4])).2.wrong_size.is_empty());
        assert_eq!(inspected(&files, Some([8, 4])).2.wrong_size, [0, 1]);
    }

    #[test]
    fn a_header_that_announces_too_much_is_a_reason_and_no_allocation() {
        let mut huge = png(4, 4, 1);
        huge[16..24].copy_from_slice(&[0x7f, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff]);
        let (_root, _, found) =
            inspected(&[("img-0-0.png", huge), ("img-0-1.png", Vec::new())], None);
        assert_eq!(found.unreadable.len(), 2);
        assert!(
            found.unreadable[0].1.contains("2147483647"),
            "{:?}",
            found.unreadable
        );
    }

    #[test]
    fn every_file_that_a_frame_has_is_counted_once() {
        let root = tempfile::tempdir().unwrap();
        for story in 0..20 {
            put(root.path(), &format!("img-{story}-0.png"), &png(4, 4, 1));
        }
        put(root.path(), "other.png", &png(4, 4, 1));
        let folder = Folder::list(root.path()).unwrap();
        let stories = windows(20, 1);
        let layout = open_layout(LayoutKind::Vlc, &folder, &stories, None).unwrap();
        let matching = Matching::new(layout.as_ref(), &folder, &stories, 20);
        let reports = std::sync::Mutex::new(Vec::new());
        let tell = |done, total| reports.lock().unwrap().push((done, total));
        let _ = Inspection::read(&folder, &matching, None, &tell);
        let mut reports = reports.into_inner().unwrap();
        reports.sort_unstable();
        let expected: Vec<(usize, usize)> = (1..=20).map(|done| (done, 20)).collect();
        assert_eq!(reports, expected);
    }

    #[cfg(unix)]
    #[test]
    fn links_that_lead_out_are_not_read() {
        let root = tempfile::tempdir().unwrap();
        put(root.path(), "secret.png", &png(4, 4, 1));
        let images = root.path().join("images");
        std::fs::create_dir(&images).unwrap();
        std::os::unix::fs::symlink("../secret.png", images.join("img-0-0.png")).unwrap();
        let folder = Folder::list(&images).unwrap();
        let stories = windows(1, 1);
        let layout = open_layout(LayoutKind::Vlc, &folder, &stories, None).unwrap();
        let matching = Matching::new(layout.as_ref(), &folder, &stories, 1);
        let found = Inspection::read(&folder, &matching, None, &|_, _| {});
        assert!(found.unreadable[0].1.contains("leads out"), "{found:?}");
    }
}
