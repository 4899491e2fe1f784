//! Ids as names of folders.

use super::sha256_hex;
use std::fmt::Write;

/// Longest folder name made of an id; every common file system takes 255 bytes.
const LONGEST: usize = 180;

/// Folder name of an id: one path component, whatever the id holds.
///
/// ASCII letters, digits, `_`, `-` and dots (but not a leading one) stay; every other byte of the
/// UTF-8 text becomes `%` and two hexadecimal digits, so that different ids have different names and
/// none can be a separator, `.` or `..`. The empty id is `%`. A name longer than 180 bytes is cut to
/// 100 and ends with `~` and half of the id's SHA-256.
#[must_use]
pub fn one_folder(id: &str) -> String {
    let mut name = String::with_capacity(id.len());
    for (position, byte) in id.bytes().enumerate() {
        let plain = byte.is_ascii_alphanumeric()
            || matches!(byte, b'_' | b'-')
            || (byte == b'.' && position > 0);
        if plain {
            name.push(char::from(byte));
        } else {
            write!(name, "%{byte:02X}").expect("writing to a string cannot fail");
        }
    }
    if name.is_empty() {
        name.push('%');
    }
    if name.len() > LONGEST {
        name.truncate(100);
        name.push('~');
        name.push_str(&sha256_hex(id.as_bytes())[..32]);
    }
    name
}
