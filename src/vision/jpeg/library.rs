//! mozjpeg, asked as Pillow asks libjpeg-turbo.

use mozjpeg::{ColorSpace, Decompress, decompress::DecompressBuilder};
use mozjpeg_sys::{jpeg_common_struct, jpeg_error_mgr};
use std::cell::Cell;
use std::ffi::c_int;
use std::io::{self, BufRead, Read};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// What the library gives.
pub(super) struct Pixels {
    pub(super) width: u32,
    pub(super) height: u32,
    /// Channels of the file.
    pub(super) channels: usize,
    /// RGB; of four channels, the four.
    pub(super) values: Vec<u8>,
    /// Warnings while the picture was decoded.
    pub(super) warnings: u32,
}

/// Decodes.
///
/// # Errors
/// What is wrong, in words.
pub(super) fn decode(bytes: &[u8]) -> Result<Pixels, String> {
    let builder = DecompressBuilder::new().with_err(manager());
    let (found, ended) = attempt(bytes, builder);
    found.ok_or_else(|| {
        if ended {
            return "it ends before its picture does".to_owned();
        }
        // Our own manager cannot read the library's message; the crate's can.
        message(bytes)
    })
}

/// One decoding, and whether it wanted more bytes than there are. Errors are panics that the hook does
/// not see (`resume_unwind`).
fn attempt(bytes: &[u8], builder: DecompressBuilder<'_>) -> (Option<Pixels>, bool) {
    let ended = Cell::new(false);
    let file = Whole {
        rest: bytes,
        ended: &ended,
    };
    let found = catch_unwind(AssertUnwindSafe(|| pixels(builder, file, &ended)));
    (found.ok().and_then(Result::ok), ended.get())
}

fn pixels(
    builder: DecompressBuilder<'_>,
    file: Whole<'_>,
    ended: &Cell<bool>,
) -> io::Result<Pixels> {
    let header = builder.from_reader(file)?;
    let (width, height) = (header.width() as u32, header.height() as u32);
    let channels = header.components().len();
    let wanted = if channels == 4 {
        ColorSpace::JCS_CMYK
    } else {
        ColorSpace::JCS_RGB
    };
    WARNINGS.set(0);
    let mut started = header.to_colorspace(wanted)?;
    let values = started.read_scanlines()?;
    let warnings = WARNINGS.get();
    // What comes after the last line is read to the end-of-image marker. Where that is missing, all
    // lines are there, and Pillow does not mind.
    match catch_unwind(AssertUnwindSafe(|| started.finish())) {
        Err(panic) if !ended.get() => resume_unwind(panic),
        _ => {}
    }
    Ok(Pixels {
        width,
        height,
        channels,
        values,
        warnings,
    })
}

/// What the library says of a file that it cannot decode.
fn message(bytes: &[u8]) -> String {
    let ended = Cell::new(false);
    let file = Whole {
        rest: bytes,
        ended: &ended,
    };
    let builder = Decompress::builder();
    let said = match catch_unwind(AssertUnwindSafe(|| pixels(builder, file, &ended))) {
        Ok(Ok(_)) => None,
        Ok(Err(error)) => Some(error.to_string()),
        Err(panic) => panic.downcast::<String>().ok().map(|text| *text),
    };
    let said = said.unwrap_or_else(|| "it is damaged".to_owned());
    said.trim_start_matches("libjpeg fatal error: ").to_owned()
}

/// A file in memory that fails at its end. (The library would make up an end-of-image marker, and fill
/// what is missing with grey.)
struct Whole<'a> {
    rest: &'a [u8],
    /// Set when more is wanted.
    ended: &'a Cell<bool>,
}

impl Read for Whole<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.rest.read(buffer)
    }
}

impl BufRead for Whole<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.rest.is_empty() {
            self.ended.set(true);
            return Err(io::Error::other("the file ends"));
        }
        Ok(self.rest)
    }

    fn consume(&mut self, read: usize) {
        self.rest = &self.rest[read..];
    }
}

thread_local! {
    /// Warnings of the decoding that runs on this thread.
    static WARNINGS: Cell<u32> = const { Cell::new(0) };
}

/// An error manager that counts warnings, prints nothing, and unwinds on errors.
fn manager() -> jpeg_error_mgr {
    jpeg_error_mgr {
        error_exit: Some(give_up),
        emit_message: Some(count),
        output_message: Some(ignore),
        format_message: None,
        reset_error_mgr: Some(ignore),
        msg_code: 0,
        msg_parm: mozjpeg_sys::msg_parm_union::default(),
        trace_level: 0,
        num_warnings: 0,
        jpeg_message_table: std::ptr::null(),
        last_jpeg_message: 0,
        addon_message_table: std::ptr::null(),
        first_addon_message: 0,
        last_addon_message: 0,
    }
}

extern "C-unwind" fn give_up(_: &mut jpeg_common_struct) {
    resume_unwind(Box::new(()));
}

/// Levels below 0 are warnings, others notes.
extern "C-unwind" fn count(_: &mut jpeg_common_struct, level: c_int) {
    if level < 0 {
        WARNINGS.set(WARNINGS.get().saturating_add(1));
    }
}

extern "C-unwind" fn ignore(_: &mut jpeg_common_struct) {}
