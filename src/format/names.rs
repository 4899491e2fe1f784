//! Names of images: as keys, and in the two orders in which people list them.

use std::cmp::Ordering;
use unicode_normalization::UnicodeNormalization;

/// Endings of image files that a key goes without.
const ENDINGS: [&str; 11] = [
    "png", "jpg", "jpeg", "jfif", "webp", "bmp", "gif", "tif", "tiff", "ppm", "pgm",
];

/// Whether a word names an image file; `#2` behind it, as Flickr8k numbers captions, does not matter.
pub(super) fn is_image_name(word: &str) -> bool {
    let word = word.split_once('#').map_or(word, |(name, _)| name);
    word.rsplit_once('.')
        .is_some_and(|(stem, ending)| !stem.is_empty() && is_ending(ending))
}

fn is_ending(ending: &str) -> bool {
    ENDINGS
        .iter()
        .any(|known| known.eq_ignore_ascii_case(ending))
}

/// The name of an image without the number that Flickr8k puts behind it, `#2`.
pub(super) fn without_number(name: &str) -> &str {
    match name.rsplit_once('#') {
        Some((image, number)) if is_image_name(image) && number.parse::<u32>().is_ok() => image,
        _ => name,
    }
}

/// What two ways of writing an image's name have in common: its path with `/`, without `./` and the ending, in
/// one Unicode form.
#[must_use]
pub fn image_key(name: &str) -> String {
    // macOS writes an accent as a character of its own.
    let name = name.trim().replace('\\', "/").nfc().collect::<String>();
    let name = without_number(name.strip_prefix("./").unwrap_or(&name));
    match name.rsplit_once('.') {
        Some((stem, ending)) if is_ending(ending) => stem.to_owned(),
        _ => name.to_owned(),
    }
}

/// The places of names in their natural order, in which `img_2` comes before `img_10`.
#[must_use]
pub fn natural_order<S: AsRef<str>>(names: &[S]) -> Vec<usize> {
    let mut places: Vec<usize> = (0..names.len()).collect();
    places.sort_by(|a, b| natural(names[*a].as_ref(), names[*b].as_ref()));
    places
}

/// Compares names: runs of digits as numbers, the rest byte by byte.
fn natural(mut a: &str, mut b: &str) -> Ordering {
    loop {
        let (x, y) = (run(a), run(b));
        if x.is_empty() || y.is_empty() {
            return x.len().cmp(&y.len());
        }
        let digits = |run: &str| run.as_bytes()[0].is_ascii_digit();
        let order = if digits(x) && digits(y) {
            let significant = [x, y].map(|run| run.trim_start_matches('0'));
            let [p, q] = significant;
            p.len()
                .cmp(&q.len())
                .then(p.cmp(q))
                .then(x.len().cmp(&y.len()))
        } else {
            x.cmp(y)
        };
        if order.is_ne() {
            return order;
        }
        (a, b) = (&a[x.len()..], &b[y.len()..]);
    }
}

/// The digits, or what is none, at the beginning of a name; parts of a path are runs of their own.
fn run(name: &str) -> &str {
    let Some(first) = name.chars().next() else {
        return "";
    };
    if first == '/' {
        return &name[..1];
    }
    let kind = first.is_ascii_digit();
    let end = name.find(|c: char| c == '/' || c.is_ascii_digit() != kind);
    &name[..end.unwrap_or(name.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_compared_as_numbers() {
        let names = ["a10", "a2", "a/10", "a/9", "b1", "a02", "a"];
        let found: Vec<&str> = natural_order(&names)
            .into_iter()
            .map(|at| names[at])
            .collect();
        assert_eq!(found, ["a", "a/9", "a/10", "a2", "a02", "a10", "b1"]);
        assert_eq!(natural_order(&["0009", "0010", "x"]), [0, 1, 2]);
    }

    #[test]
    fn keys_go_without_folder_marks_and_endings() {
        for (name, key) in [
            ("./a/b.PNG", "a/b"),
            ("a\\b.jpg#3", "a/b"),
            ("photo.v2", "photo.v2"),
            ("tag#1", "tag#1"),
            ("e\u{301}.png", "\u{e9}"),
        ] {
            assert_eq!(image_key(name), key);
        }
        assert!(is_image_name("x.jpg#0") && !is_image_name(".png") && !is_image_name("a dog."));
    }
}
