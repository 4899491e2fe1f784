//! Paths that others wrote into lists, and which must stay below a folder.

/// A path in one spelling: `/` between names, and no `.` among them.
///
/// Both separators and a drive letter are judged on every system: a list travels with its folder. A backslash is
/// Windows' separator, since no name of a file there can have one.
///
/// # Errors
/// Why it is no path below a folder, as a phrase.
pub fn inside(path: &str) -> Result<String, &'static str> {
    if path.contains("://") {
        return Err("it is an address, not a file");
    }
    let path = path.replace('\\', "/");
    let parts: Vec<&str> = path.split('/').filter(|part| *part != ".").collect();
    if path.is_empty() || parts.is_empty() {
        Err("it is empty")
    } else if path.starts_with('/') || path.as_bytes().get(1) == Some(&b':') {
        Err("it is absolute")
    } else if parts.contains(&"..") {
        Err("it holds `..`")
    } else if parts.contains(&"") {
        Err("a folder in it has no name")
    } else if path.contains('\0') {
        Err("it holds a zero byte")
    } else {
        Ok(parts.join("/"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_below_have_one_spelling_and_others_a_reason() {
        for path in [
            "images/0.png",
            "./images/0.png",
            "images\\0.png",
            "images/./0.png",
        ] {
            assert_eq!(inside(path), Ok("images/0.png".to_owned()), "{path}");
        }
        for (path, why) in [
            ("/abs/0.png", "absolute"),
            ("C:\\0.png", "absolute"),
            ("../0.png", "`..`"),
            ("a//0.png", "no name"),
            ("https://a/0.png", "address"),
            (".", "empty"),
        ] {
            assert!(inside(path).unwrap_err().contains(why), "{path}");
        }
    }
}
