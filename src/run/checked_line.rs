//! Lines of JSON that end with a check of themselves, so that a torn or damaged one is recognised.

use super::layout::json_line;
use crate::record::sha256_hex;
use serde::Serialize;
use serde::de::DeserializeOwned;

const CHECK_KEY: &str = ",\"check\":\"";
const CHECK_DIGITS: usize = 16;

/// A value as a line, with its check.
pub(super) fn write(value: &impl Serialize) -> String {
    let mut text = json_line(value);
    let check = sha256_hex(text.as_bytes());
    text.pop();
    text.push_str(CHECK_KEY);
    text.push_str(&check[..CHECK_DIGITS]);
    text.push_str("\"}\n");
    text
}

/// The value of a line without its newline; `None` when the line is not whole.
pub(super) fn read<T: DeserializeOwned>(line: &[u8]) -> Option<T> {
    let text = std::str::from_utf8(line).ok()?;
    let (body, check) = text.rsplit_once(CHECK_KEY)?;
    let check = check.strip_suffix("\"}")?;
    let body = format!("{body}}}");
    if check.len() != CHECK_DIGITS || !sha256_hex(body.as_bytes()).starts_with(check) {
        return None;
    }
    serde_json::from_str(&body).ok()
}
