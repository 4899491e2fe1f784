//! File names for clips, whatever they are called.

use crate::record::sha256_hex;
use std::fmt::Write;

/// Longest name that is kept. File systems end at 255 bytes, the readers at 200; an ending is to follow.
const LONGEST: usize = 160;

/// `id` as path of files below a folder: what cannot be in a file name is written `%xx`, and every
/// `/` begins a folder. Different ids give different paths.
pub(super) fn path(id: &str) -> String {
    let parts = id.split('/').map(|part| encoded(part, |_| false));
    parts.collect::<Vec<_>>().join("/")
}

/// `id` as the name of one file.
pub(super) fn plain(id: &str) -> String {
    encoded(id, |letter| letter == '/')
}

/// `id` as the name of one file that Python prints as it is when it is a byte string.
pub(super) fn ascii(id: &str) -> String {
    encoded(id, |letter| {
        matches!(letter, '/' | '\'') || !letter.is_ascii()
    })
}

fn encoded(text: &str, unwanted: impl Fn(char) -> bool) -> String {
    if text.is_empty() {
        return "%".to_owned();
    }
    let mut name = String::with_capacity(text.len());
    for (place, letter) in text.char_indices() {
        let hidden = letter == '.' && place == 0;
        let bad = matches!(letter, '%' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|');
        if hidden || bad || letter.is_control() || unwanted(letter) {
            for byte in letter.encode_utf8(&mut [0; 4]).bytes() {
                // Writing to a String cannot fail.
                let _ = write!(name, "%{byte:02x}");
            }
        } else {
            name.push(letter);
        }
    }
    if name.len() > LONGEST {
        return digest(text);
    }
    name
}

/// A name instead of one that is too long.
fn digest(id: &str) -> String {
    format!("%sha256-{}", sha256_hex(id.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::path::check_id;
    use proptest::prelude::*;
    use std::path::Path;

    #[test]
    fn names_of_published_data_are_kept() {
        for id in [
            "s_01_e_02_shot_000001_000075",
            "Episode_A_1/ep1/12",
            "Mr Slate's",
        ] {
            assert_eq!(path(id), id);
        }
        assert_eq!(plain("a/b"), "a%2fb");
        assert_ne!(plain("a%2fb"), plain("a/b"));
        assert_eq!(path("../x"), "%2e./x");
        assert_eq!(path("a//b"), "a/%/b");
    }

    proptest! {
        #[test]
        fn every_name_is_safe_and_its_own(one in "[a-b/.%:é]{1,6}", other in "[a-b/.%:é]{1,6}") {
            for made in [path(&one), plain(&one), ascii(&one)] {
                for part in made.split('/') {
                    prop_assert!(check_id(Path::new("x"), part).is_ok(), "{}", made);
                }
            }
            prop_assert!(!plain(&one).contains('/'));
            prop_assert!(ascii(&one).is_ascii());
            if one != other {
                prop_assert_ne!(path(&one), path(&other));
                prop_assert_ne!(plain(&one), plain(&other));
                prop_assert_ne!(ascii(&one), ascii(&other));
            }
        }

        #[test]
        fn long_names_are_cut(id in "[a-z:/]{150,200}") {
            for part in path(&id).split('/').chain([plain(&id).as_str()]) {
                prop_assert!(part.len() <= LONGEST);
            }
        }
    }
}
