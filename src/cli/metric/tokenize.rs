//! `storyeval metric tokenize`.

use crate::cli::Outcome;
use crate::cli::failure::Failure;
use crate::cli::talk::say;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;
use storyeval::format::{FormatError, text_of};
use storyeval::metric::caption::{
    CaptionWarning, PtbTokeniser, is_punctuation, is_python_space, line_separators,
};

/// Writes the tokens of every line of stdin, after the COCO filter, apart by spaces. A line stays a line.
pub(crate) fn tokenize() -> Outcome {
    let name = Path::new("<stdin>");
    let mut input = BufReader::with_capacity(1 << 16, std::io::stdin().lock());
    let mut output = BufWriter::with_capacity(1 << 16, std::io::stdout().lock());
    let mut tokeniser = PtbTokeniser::default();
    let (mut line, mut tokens) = (Vec::new(), String::new());
    let (mut number, mut separators) = (0_usize, 0);
    loop {
        line.clear();
        let read = input.read_until(b'\n', &mut line);
        let read = read.map_err(|source| FormatError::Read {
            path: name.to_owned(),
            source,
        })?;
        if read == 0 {
            break;
        }
        number += 1;
        for end in [b'\n', b'\r'] {
            if line.last() == Some(&end) {
                line.pop();
            }
        }
        let caption = text(std::mem::take(&mut line), number, name)?;
        separators += line_separators([caption.as_str()]);
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
        tokens.push('\n');
        output
            .write_all(tokens.as_bytes())
            .map_err(Failure::Stdout)?;
        line = caption.into_bytes();
    }
    output.flush().map_err(Failure::Stdout)?;
    if separators > 0 {
        let warning = CaptionWarning::LineSeparators { count: separators };
        say(&format!("warning: {warning}"));
    }
    Ok(())
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
