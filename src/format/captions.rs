//! Hypotheses brought together with their references, from JSON or from lines.

use super::caption_ids::bring_together;
use super::{FormatError, image_key};
use crate::record::{FaultKind, Hint};
use serde::{Serialize, Serializer};
use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// Names that an error lists before it says how many more there are.
const LISTED: usize = 10;

/// What a caption belongs to: an image's number or name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CaptionId {
    /// A number, as COCO has them.
    Number(i64),
    /// A name.
    Text(String),
}

impl CaptionId {
    /// A name in quotes, so that "7" and 7 look different.
    #[must_use]
    pub fn quoted(&self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Text(text) => format!("{text:?}"),
        }
    }
}

impl CaptionId {
    /// The id, of names of images without what two ways of writing them differ in.
    #[must_use]
    pub fn key(&self) -> Self {
        match self {
            Self::Number(number) => Self::Number(*number),
            Self::Text(text) => Self::Text(image_key(text)),
        }
    }
}

impl fmt::Display for CaptionId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(formatter, "{number}"),
            Self::Text(text) => formatter.write_str(text),
        }
    }
}

impl Serialize for CaptionId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Number(number) => serializer.serialize_i64(*number),
            Self::Text(text) => serializer.serialize_str(text),
        }
    }
}

/// The captions of one file, in its order.
#[derive(Clone, Debug, Default)]
pub struct CaptionFile {
    /// Where they come from.
    pub path: PathBuf,
    /// What they belong to, with the text. An id may come several times in references.
    pub captions: Vec<(CaptionId, String)>,
    /// Whether the ids are text because the file has no other form for them: keys of JSON objects, cells of tables. Such
    /// a "7" is the number 7 where the other side has numbers.
    pub keyed: bool,
    /// Places of captions that the file has as one list of several, best first.
    pub lists: Vec<Range<usize>>,
    /// Names of the images behind numbers, as `images` of COCO's files has them.
    pub file_names: HashMap<CaptionId, String>,
}

impl CaptionFile {
    /// Leaves the first caption of every list of captions, as a captioner writes them, best first.
    pub fn keep_first(&mut self) {
        let mut lists = std::mem::take(&mut self.lists).into_iter();
        let mut next = lists.next();
        let mut at = 0;
        self.captions.retain(|_| {
            while next.as_ref().is_some_and(|list| list.end <= at) {
                next = lists.next();
            }
            let further = next
                .as_ref()
                .is_some_and(|list| list.start < at && at < list.end);
            at += 1;
            !further
        });
    }
}

/// A hypothesis and its references.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaptionItem {
    /// What they belong to.
    pub id: CaptionId,
    /// Place of the hypothesis in its file, from 0.
    pub place: usize,
    /// The caption to score.
    pub hypothesis: String,
    /// Captions to compare it with; at least one.
    pub references: Vec<String>,
}

/// Items in the order of the hypotheses, and what was left out.
#[derive(Clone, Debug)]
pub struct CaptionSet {
    /// Hypotheses that have references.
    pub items: Vec<CaptionItem>,
    /// Hypotheses in the file.
    pub hypotheses: usize,
    /// Ids that have references but no hypothesis.
    pub without_hypothesis: Vec<CaptionId>,
    /// Ids that have a hypothesis but no references.
    pub without_references: Vec<CaptionId>,
}

/// What can be wrong between the two sides.
#[derive(Debug, thiserror::Error)]
pub enum CaptionFault {
    /// An id has two hypotheses.
    #[error("{} has more than one hypothesis for {}", path.display(), list(ids))]
    Duplicate {
        /// The hypotheses.
        path: PathBuf,
        /// The ids, in the order of the file.
        ids: Vec<CaptionId>,
    },
    /// Ids of one side are missing on the other.
    #[error(
        "{} and {} are not about the same items: {}",
        references.display(),
        hypotheses.display(),
        sides(without_hypothesis, without_references)
    )]
    Unmatched {
        /// The references.
        references: PathBuf,
        /// The hypotheses.
        hypotheses: PathBuf,
        /// Ids with references only.
        without_hypothesis: Vec<CaptionId>,
        /// Ids with a hypothesis only.
        without_references: Vec<CaptionId>,
        /// Whether one side has numbers where the other has text.
        mixed: bool,
    },
    /// An id of one side is a number and a file name on the other.
    #[error(
        "{} is an image_id in {} and, in its `images`, the file name of image_id {of}",
        id.quoted(),
        path.display()
    )]
    Ambiguous {
        /// The file with `images`.
        path: PathBuf,
        /// The id.
        id: CaptionId,
        /// The number of the image that is called so.
        of: CaptionId,
    },
    /// No id is on both sides.
    #[error("{} and {} have no item in common", references.display(), hypotheses.display())]
    Disjoint {
        /// The references.
        references: PathBuf,
        /// The hypotheses.
        hypotheses: PathBuf,
    },
    /// Files of lines differ in length.
    #[error("{} has {lines} lines, but {} has {expected}", path.display(), other.display())]
    Lines {
        /// The file.
        path: PathBuf,
        /// Its lines.
        lines: usize,
        /// The file it should go with.
        other: PathBuf,
        /// Lines of that.
        expected: usize,
    },
}

impl Hint for CaptionFault {
    fn fault_kind(&self) -> FaultKind {
        FaultKind::DataVerification
    }

    fn hint(&self) -> Option<String> {
        Some(
            match self {
                Self::Duplicate { .. } => {
                    "keep one hypothesis per item; several captions per item are for the references"
                }
                Self::Unmatched { mixed: true, .. } | Self::Disjoint { .. } => {
                    "the ids must be the same on both sides, also in kind: 7 is a number, \"7\" is text; numbers of COCO's JSON go with names of files where it has `images` with `file_name`"
                }
                Self::Ambiguous { .. } => {
                    "write the names of images with their ending (1.jpg), or the numbers as `image_id` of COCO's JSON"
                }
                Self::Unmatched { .. } => {
                    "add what is missing, or give `--allow-missing` to score what both sides have"
                }
                Self::Lines { .. } => {
                    "line n of the hypotheses goes with line n of each file of references; write an empty line where there is no caption"
                }
            }
            .to_owned(),
        )
    }
}

fn list(ids: &[CaptionId]) -> String {
    let mut text = ids
        .iter()
        .take(LISTED)
        .map(CaptionId::quoted)
        .collect::<Vec<_>>()
        .join(", ");
    if ids.len() > LISTED {
        text = format!("{text} and {} more", ids.len() - LISTED);
    }
    text
}

fn sides(without_hypothesis: &[CaptionId], without_references: &[CaptionId]) -> String {
    let side = |ids: &[CaptionId], what: &str| {
        (!ids.is_empty()).then(|| format!("{} without {what}: {}", ids.len(), list(ids)))
    };
    [
        side(without_hypothesis, "hypothesis"),
        side(without_references, "references"),
    ]
    .into_iter()
    .flatten()
    .collect::<Vec<_>>()
    .join("; ")
}

/// Brings hypotheses and references together by their ids.
///
/// # Errors
/// An id with two hypotheses; ids that are on one side only, unless `allow_missing`; nothing in common.
pub fn pair_captions(
    mut references: CaptionFile,
    mut hypotheses: CaptionFile,
    allow_missing: bool,
) -> Result<CaptionSet, FormatError> {
    bring_together(&mut references, &mut hypotheses)?;
    let mut by_id: HashMap<CaptionId, Vec<String>> = HashMap::new();
    let mut order = Vec::new();
    for (id, caption) in references.captions {
        let captions = by_id.entry(id.clone()).or_default();
        if captions.is_empty() {
            order.push(id);
        }
        captions.push(caption);
    }
    let mut set = CaptionSet {
        items: Vec::with_capacity(hypotheses.captions.len()),
        hypotheses: hypotheses.captions.len(),
        without_hypothesis: Vec::new(),
        without_references: Vec::new(),
    };
    let mut seen: HashMap<CaptionId, bool> = HashMap::new();
    let mut duplicates = Vec::new();
    for (place, (id, hypothesis)) in hypotheses.captions.into_iter().enumerate() {
        if let Some(warned) = seen.get_mut(&id) {
            if !*warned {
                *warned = true;
                duplicates.push(id);
            }
            continue;
        }
        seen.insert(id.clone(), false);
        match by_id.remove(&id) {
            None => set.without_references.push(id),
            Some(references) => set.items.push(CaptionItem {
                id,
                place,
                hypothesis,
                references,
            }),
        }
    }
    if !duplicates.is_empty() {
        return Err(CaptionFault::Duplicate {
            path: hypotheses.path,
            ids: duplicates,
        }
        .into());
    }
    order.retain(|id| by_id.contains_key(id));
    set.without_hypothesis = order;
    let unmatched = !(set.without_hypothesis.is_empty() && set.without_references.is_empty());
    if unmatched && !allow_missing {
        let number = |id: &CaptionId| matches!(id, CaptionId::Number(_));
        let mixed = set.without_hypothesis.iter().any(number)
            != set.without_references.iter().any(number)
            && !set.without_hypothesis.is_empty()
            && !set.without_references.is_empty();
        return Err(CaptionFault::Unmatched {
            references: references.path,
            hypotheses: hypotheses.path,
            without_hypothesis: set.without_hypothesis,
            without_references: set.without_references,
            mixed,
        }
        .into());
    }
    if set.items.is_empty() && unmatched {
        return Err(CaptionFault::Disjoint {
            references: references.path,
            hypotheses: hypotheses.path,
        }
        .into());
    }
    Ok(set)
}

/// Reads a text file: UTF-8, with or without a byte order mark.
///
/// # Errors
/// It cannot be read; it is not UTF-8 (the error says on which line).
pub(super) fn read_text(path: &Path) -> Result<String, FormatError> {
    let bytes = std::fs::read(path).map_err(|source| FormatError::Read {
        path: path.to_owned(),
        source,
    })?;
    text_of(bytes, path)
}

/// What bytes are that are no text, and what to do.
fn other_text(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    match bytes {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => Some((
            "it starts with a UTF-32 byte order mark",
            "save it as UTF-8, for example with `iconv -f UTF-32 -t UTF-8`",
        )),
        [0x1f, 0x8b, ..] => Some((
            "it is packed with gzip",
            "unpack it first: `gunzip -k FILE`",
        )),
        [b'P', b'K', 3, 4, ..] => Some((
            "it is an archive (zip; .npz and .xlsx are such)",
            "give the text alone",
        )),
        _ if bytes.starts_with(b"\x93NUMPY") => Some((
            "it is a NumPy file",
            "write an entry a line: `numpy.savetxt(\"OUT.txt\", numpy.load(FILE), fmt=\"%s\")`",
        )),
        _ => None,
    }
}

/// The text of bytes, without a byte order mark.
///
/// # Errors
/// They are not UTF-8; `path` is what the error names.
pub fn text_of(bytes: Vec<u8>, path: &Path) -> Result<String, FormatError> {
    let malformed = |found: String, hint| FormatError::Malformed {
        path: path.to_owned(),
        expected: "UTF-8 text",
        found,
        hint,
    };
    if let Some((found, hint)) = other_text(&bytes) {
        return Err(malformed(found.to_owned(), hint));
    }
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(malformed(
            "it starts with a UTF-16 byte order mark".to_owned(),
            "save it as UTF-8, for example with `iconv -f UTF-16 -t UTF-8`",
        ));
    }
    let mut text = String::from_utf8(bytes).map_err(|error| {
        let (at, bytes) = (error.utf8_error().valid_up_to(), error.as_bytes());
        let line = bytes[..at].split(|byte| *byte == b'\n').count();
        malformed(
            format!("byte 0x{:02x} on line {line} (offset {at})", bytes[at]),
            "save it as UTF-8, for example with `iconv -f LATIN1 -t UTF-8`",
        )
    })?;
    if text.starts_with('\u{feff}') {
        text.drain(..'\u{feff}'.len_utf8());
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, captions: &[(i64, &str)]) -> CaptionFile {
        CaptionFile {
            path: path.into(),
            captions: captions
                .iter()
                .map(|(id, text)| (CaptionId::Number(*id), (*text).to_owned()))
                .collect(),
            ..CaptionFile::default()
        }
    }

    #[test]
    fn items_follow_the_hypotheses() {
        let refs = file("r", &[(2, "c"), (1, "a"), (2, "d"), (1, "b")]);
        let set = pair_captions(refs, file("h", &[(1, "x"), (2, "y")]), false).unwrap();
        assert_eq!(set.items[0].references, ["a", "b"]);
        assert_eq!(set.items[1].references, ["c", "d"]);
        assert_eq!(set.items[1].place, 1);
    }

    #[test]
    fn what_is_on_one_side_only_is_listed_or_left_out() {
        let refs = || file("r", &[(1, "a"), (3, "c"), (4, "d")]);
        let hyps = || file("h", &[(2, "y"), (1, "x")]);
        let error = pair_captions(refs(), hyps(), false).unwrap_err();
        let text = error.to_string();
        assert!(
            text.contains("2 without hypothesis: 3, 4; 1 without references: 2"),
            "{text}"
        );
        assert!(error.hint().unwrap().contains("--allow-missing"));
        let set = pair_captions(refs(), hyps(), true).unwrap();
        assert_eq!(set.items.len(), 1);
        assert_eq!(set.items[0].place, 1);
        let none = pair_captions(file("r", &[(1, "a")]), file("h", &[(2, "b")]), true);
        assert!(none.unwrap_err().to_string().contains("no item in common"));
    }

    #[test]
    fn names_have_quotes_and_keys_are_numbers_where_the_other_side_has_them() {
        let refs = || file("r", &[(1, "a"), (2, "b")]);
        let named = |keyed| CaptionFile {
            path: "h".into(),
            captions: ["1", "2"]
                .map(|id| (CaptionId::Text(id.into()), "x".into()))
                .into(),
            keyed,
            ..CaptionFile::default()
        };
        let error = pair_captions(refs(), named(false), false).unwrap_err();
        let text = error.to_string();
        assert!(text.contains(r"hypothesis: 1, 2;"), "{text}");
        assert!(text.contains(r#"references: "1", "2""#), "{text}");
        for (references, hypotheses) in [(refs(), named(true)), (named(true), refs())] {
            let set = pair_captions(references, hypotheses, false).unwrap();
            assert_eq!(set.items[1].id, CaptionId::Number(2));
        }
        let padded = CaptionFile {
            captions: vec![(CaptionId::Text("01".into()), "x".into())],
            ..named(true)
        };
        assert!(pair_captions(refs(), padded, false).is_err());
    }

    #[test]
    fn two_hypotheses_for_an_item_are_refused() {
        let hyps = file("h", &[(1, "x"), (1, "y"), (1, "z")]);
        let error = pair_captions(file("r", &[(1, "a")]), hyps, true).unwrap_err();
        assert!(
            error
                .to_string()
                .ends_with("more than one hypothesis for 1")
        );
        assert_eq!(error.fault_kind(), FaultKind::DataVerification);
    }

    #[test]
    fn text_is_utf8_or_the_line_is_named() {
        let path = Path::new("f");
        assert_eq!(text_of(b"\xef\xbb\xbfa".to_vec(), path).unwrap(), "a");
        let error = text_of(b"a\nb\n\xe9t\xe9".to_vec(), path).unwrap_err();
        assert!(
            error.to_string().contains("byte 0xe9 on line 3 (offset 4)"),
            "{error}"
        );
        for (bytes, says) in [
            (&b"\xff\xfe\0\0a\0\0\0"[..], "UTF-32"),
            (b"\x1f\x8b\x08", "gzip"),
            (b"\x93NUMPY\x01", "a NumPy file"),
        ] {
            let error = text_of(bytes.to_vec(), path).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
        assert!(
            text_of(b"\xff\xfea\0".to_vec(), path)
                .unwrap_err()
                .to_string()
                .contains("UTF-16")
        );
    }
}
