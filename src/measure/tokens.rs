//! PTB tokens of a stream of captions.

use super::{MeasureError, Warning};
use crate::format::{FormatError, text_of};
use crate::metric::caption::{
    CaptionWarning, PtbTokeniser, is_punctuation, is_python_space, line_separators,
};
use std::io::BufRead;
use std::path::Path;

/// Gives `take` the tokens of every line, after the COCO filter, apart by spaces: a line stays a line. `name` is what
/// errors call the stream.
///
/// # Errors
/// A stream that cannot be read or is not UTF-8, and what `take` says.
pub fn tokenise_lines<E: From<MeasureError>>(
    mut input: impl BufRead,
    name: &Path,
    mut take: impl FnMut(&str) -> Result<(), E>,
) -> Result<Option<Warning>, E> {
    let mut tokeniser = PtbTokeniser::default();
    let (mut line, mut tokens) = (Vec::new(), String::new());
    let (mut number, mut count) = (0_usize, 0);
    loop {
        line.clear();
        let read = input.read_until(b'\n', &mut line);
        let failed = |source| FormatError::Read {
            path: name.to_owned(),
            source,
        };
        if read.map_err(failed).map_err(MeasureError::from)? == 0 {
            break;
        }
        number += 1;
        for end in [b'\n', b'\r'] {
            if line.last() == Some(&end) {
                line.pop();
            }
        }
        let caption = text(std::mem::take(&mut line), number, name).map_err(MeasureError::from)?;
        count += line_separators([caption.as_str()]);
        tokens.clear();
        let mut last_kept = false;
        tokeniser.each_token(&caption, |token| {
            last_kept = !is_punctuation(token);
            if last_kept {
                if !tokens.is_empty() {
                    tokens.push(' ');
                }
                tokens.push_str(token);
            }
        });
        // pycocoevalcap strips the line before it drops punctuation, and the last token may be an
        // address, which may end in one of Unicode's spaces.
        if last_kept {
            tokens.truncate(tokens.trim_end_matches(is_python_space).len());
        }
        take(&tokens)?;
        line = caption.into_bytes();
    }
    Ok((count > 0).then(|| CaptionWarning::LineSeparators { count }.into()))
}

/// The text of a line. A byte order mark may precede the first.
fn text(bytes: Vec<u8>, number: usize, name: &Path) -> Result<String, FormatError> {
    if number == 1 {
        return text_of(bytes, name);
    }
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        FormatError::Malformed {
            path: name.to_owned(),
            expected: "UTF-8 text",
            found: format!(
                "byte 0x{:02x} on line {number}, column {}",
                error.as_bytes()[at],
                at + 1
            ),
            hint: "convert it to UTF-8, for example with `iconv -f LATIN1 -t UTF-8`",
        }
    })
}
