//! Names of files.

use super::class::Class;
use super::matched::{Match, Writing};
use super::text::Text;

/// Endings that make a name with dots a file, also where a part starts with a digit (`5.jpg`).
const FILES: &[&str] = &[
    "bat", "bmp", "c", "cgi", "class", "cpp", "dll", "doc", "docx", "exe", "gif", "gz", "h", "htm",
    "html", "jar", "java", "jpeg", "jpg", "mov", "mp3", "pdf", "php", "pl", "png", "ppt", "ps",
    "py", "sql", "tar", "txt", "wav", "x", "xml", "zip",
];

/// `5.jpg`, `a.5.txt`: letters, marks and digits between the dots, before white space or the end of a sentence.
pub(super) fn file(text: &Text, start: usize) -> Option<Match> {
    /// More parts than this are no file.
    const PARTS: usize = 16;
    let part_end = |at| {
        text.run(at, |_, class| {
            matches!(class, Class::Letter | Class::Mark | Class::Digit)
        })
    };
    let mut end = part_end(start);
    let mut best = None;
    for _ in 0..PARTS {
        if text.at(end) != '.' {
            break;
        }
        let part = end + 1;
        end = part_end(part);
        let closed = text.white(end) || matches!(text.at(end), '.' | ',' | '!' | '?');
        if closed
            && FILES
                .iter()
                .any(|ending| ending.len() == end - part && text.says(part, ending))
        {
            best = Some(Match::ahead(end, end + 1).to_be(Writing::Whole));
        }
        if end == part {
            break;
        }
    }
    best
}
