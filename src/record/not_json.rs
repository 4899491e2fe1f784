//! What files are that should be JSON, where that can be said better than by the place of the first wrong byte.

/// Why bytes are not JSON, as a phrase; `None` where the reader's own words say it. `line` and `column` are where the
/// reader stopped, from 1.
#[must_use]
pub fn why_not_json(bytes: &[u8], line: usize, column: usize) -> Option<String> {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Some(
            "it is UTF-16; save it as UTF-8, for example with `iconv -f UTF-16 -t UTF-8`"
                .to_owned(),
        );
    }
    let start = bytes.trim_ascii_start();
    if start.starts_with(b"version https://git-lfs") {
        return Some(
            "it is a pointer of Git LFS; fetch the file itself with `git lfs pull`".to_owned(),
        );
    }
    if start.is_empty() {
        return Some("it is empty".to_owned());
    }
    if start.starts_with(b"<") {
        return Some(
            "it is a page of the web (HTML or XML), as downloads that fail leave it".to_owned(),
        );
    }
    if start.starts_with(&[0x1f, 0x8b]) {
        return Some("it is packed by gzip; unpack it with `gunzip`".to_owned());
    }
    let text = bytes.split(|byte| *byte == b'\n').nth(line.max(1) - 1)?;
    let at = column.saturating_sub(1);
    let word = ["NaN", "Infinity", "None", "True", "False"]
        .into_iter()
        .find(|word| {
            let near = text.get(at.saturating_sub(word.len())..(at + word.len()).min(text.len()));
            near.is_some_and(|near| near.windows(word.len()).any(|part| part == word.as_bytes()))
        })?;
    Some(format!(
        "it holds {word}, which JSON does not have (column {column})"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_json_is_called_by_its_name() {
        for (bytes, says) in [
            (&b"\xff\xfe[\0"[..], "UTF-16"),
            (
                b"version https://git-lfs.github.com/spec/v1\noid",
                "Git LFS",
            ),
            (b"<html>", "page of the web"),
            (b"\x1f\x8b\x08", "gzip"),
            (b" \n", "empty"),
            (b"[{\"a\": 1,\n \"b\": NaN}]", "it holds NaN"),
            (b"[-Infinity]", "it holds Infinity"),
        ] {
            let error = serde_json::from_slice::<serde_json::Value>(bytes).unwrap_err();
            let why = why_not_json(bytes, error.line(), error.column()).unwrap();
            assert!(why.contains(says), "{why}");
        }
        assert_eq!(why_not_json(b"[1,]", 1, 4), None);
    }
}
