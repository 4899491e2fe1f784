//! What a JPEG file announces, found without decoding: the markers of its segments.

use super::super::VisionError;
use super::super::png::check_header;
use std::path::Path;

/// Most scans of a picture. Encoders write 1 to a few dozen.
const MAX_SCANS: u64 = 1000;
/// Most pixels of all scans of a picture: every scan may touch every pixel, and a scan of a few bytes
/// is enough for that.
const MAX_SCANNED: u64 = 1 << 33;

/// The segments of a file as libjpeg comes across them, up to the end-of-image marker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Outline {
    /// The first frame header.
    pub(super) frame: Option<Frame>,
    /// Scans.
    pub(super) scans: u64,
}

/// A frame header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    /// The second byte of its marker.
    marker: u8,
    /// Bits a sample.
    precision: u8,
    width: u16,
    height: u16,
    channels: u8,
}

impl Outline {
    /// Walks over the segments.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let mut outline = Self::default();
        let mut rest = bytes.get(2..).unwrap_or_default();
        while let Some((marker, after)) = next_marker(rest) {
            match marker {
                // Stuffed data, markers without a segment, a second start.
                0x00 | 0x01 | 0xD0..=0xD8 => rest = after,
                0xD9 => break,
                _ => {
                    let Some((segment, after)) = segment(after) else {
                        break;
                    };
                    outline.see(marker, segment);
                    rest = after;
                }
            }
        }
        outline
    }

    fn see(&mut self, marker: u8, segment: &[u8]) {
        if marker == 0xDA {
            self.scans += 1;
        }
        // The frame headers lie among tables (C4, CC) and a reserved marker (C8).
        if matches!(marker, 0xC0..=0xCF)
            && !matches!(marker, 0xC4 | 0xC8 | 0xCC)
            && self.frame.is_none()
            && let &[precision, h1, h0, w1, w0, channels, ..] = segment
        {
            self.frame = Some(Frame {
                marker,
                precision,
                width: u16::from_be_bytes([w1, w0]),
                height: u16::from_be_bytes([h1, h0]),
                channels,
            });
        }
    }

    /// Whether the file announces something that is not decoded.
    ///
    /// # Errors
    /// Sizes beyond what is read, kinds of JPEG that are not, and too many scans.
    pub(super) fn check(self, path: &Path) -> Result<(), VisionError> {
        let refuse = |message: String| {
            let path = path.to_owned();
            Err(VisionError::DecodeJpeg { path, message })
        };
        let Some(frame) = self.frame else {
            return refuse("it has no frame header".to_owned());
        };
        let (width, height) = (u32::from(frame.width), u32::from(frame.height));
        check_header(width, height, path)?;
        let lossless = matches!(frame.marker, 0xC3 | 0xC7 | 0xCB | 0xCF);
        let unread = |what: String| refuse(format!("{what} is not read; convert it to PNG"));
        match (lossless, frame.precision, frame.channels) {
            (true, ..) => return unread("lossless JPEG".to_owned()),
            (_, bits, _) if bits != 8 => return unread(format!("JPEG of {bits} bits a sample")),
            (.., 1 | 3 | 4) => {}
            (.., channels) => return unread(format!("JPEG of {channels} channels")),
        }
        let scanned = self.scans * u64::from(width) * u64::from(height);
        if self.scans > MAX_SCANS || (self.scans > 1 && scanned > MAX_SCANNED) {
            return refuse(format!("it has {} scans, more than it needs", self.scans));
        }
        Ok(())
    }
}

/// The next marker's second byte, and what comes after it. Bytes before it are skipped, as libjpeg
/// does between segments and behind a scan.
fn next_marker(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let start = bytes.iter().position(|byte| *byte == 0xFF)?;
    let filled = &bytes[start..];
    let at = filled.iter().position(|byte| *byte != 0xFF)?;
    Some((filled[at], &filled[at + 1..]))
}

/// A segment without its length, and what comes after it.
fn segment(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, _) = bytes.split_first_chunk::<2>()?;
    let (segment, after) = bytes.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    Some((segment.get(2..)?, after))
}
