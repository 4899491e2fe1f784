//! A list of frames: `manifest.csv`, `manifest.jsonl` or `manifest.json` in the folder of the images.

use super::rows::{Line, csv_lines, json_lines};
use super::{FramePlace, ImagesError, Layout, LayoutKind, ManifestFault, Place};
use crate::record::{Story, inside};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Names that a list may have; only one of them may be there.
pub const MANIFEST_NAMES: [&str; 3] = ["manifest.csv", "manifest.jsonl", "manifest.json"];
/// Largest list, in bytes: two million lines of 200.
const MAX_LIST: u64 = 400 * 1024 * 1024;

/// The lists that are in a folder.
pub(super) fn lists(folder: &Path) -> Vec<PathBuf> {
    let paths = MANIFEST_NAMES.iter().map(|name| folder.join(name));
    paths.filter(|path| path.exists()).collect()
}

/// The path of each listed frame, by story (position in the split) and frame (from 0).
#[derive(Debug)]
pub(super) struct Listing {
    paths: BTreeMap<(usize, usize), String>,
}

impl Listing {
    /// Reads the list in `folder`. Every line has to be right: a frame that silently falls out is worse
    /// than an error.
    pub(super) fn read(folder: &Path, stories: &[Story]) -> Result<Self, ImagesError> {
        let there = lists(folder);
        let [path] = there.as_slice() else {
            let names = there.iter().filter_map(|path| path.file_name()?.to_str());
            let names: Vec<&str> = names.collect();
            return Err(ImagesError::NoList {
                path: folder.to_owned(),
                found: if names.is_empty() {
                    "none".to_owned()
                } else {
                    names.join(" and ")
                },
            });
        };
        let failed = |source| ImagesError::ReadList {
            path: path.clone(),
            source,
        };
        let size = std::fs::metadata(path).map_err(failed)?;
        if !size.is_file() || size.len() > MAX_LIST {
            return Err(failed(std::io::Error::other(
                "it is not a regular file of at most 400 MiB",
            )));
        }
        let text = std::fs::read_to_string(path).map_err(failed)?;
        // Spreadsheets put a byte-order mark before everything.
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let lines = if path.extension().is_some_and(|ending| ending == "csv") {
            csv_lines(text)
        } else {
            json_lines(text)
        };
        let index: BTreeMap<&str, usize> = stories
            .iter()
            .enumerate()
            .map(|(position, story)| (story.id.as_str(), position))
            .collect();
        let mut paths: BTreeMap<(usize, usize), (usize, String)> = BTreeMap::new();
        let mut faults = Vec::new();
        for (number, line) in lines {
            let checked = line
                .map_err(ManifestFault::Syntax)
                .and_then(|line| check(line, &index, stories));
            match checked {
                Err(fault) => faults.push((number, fault)),
                Ok((key, path)) => match paths.get(&key) {
                    Some((line, _)) => {
                        faults.push((number, ManifestFault::Repeated { line: *line }));
                    }
                    None => drop(paths.insert(key, (number, path))),
                },
            }
        }
        if !faults.is_empty() {
            return Err(ImagesError::List {
                path: path.clone(),
                faults,
            });
        }
        let paths = paths.into_iter().map(|(key, (_, path))| (key, path));
        Ok(Self {
            paths: paths.collect(),
        })
    }
}

/// Position of the frame, and the path in one spelling.
fn check(
    line: Line,
    index: &BTreeMap<&str, usize>,
    stories: &[Story],
) -> Result<((usize, usize), String), ManifestFault> {
    // A column of whole numbers with gaps has become one of floats.
    let whole = line.story.strip_suffix(".0").unwrap_or_default();
    let story = index.get(line.story.as_str()).or_else(|| index.get(whole));
    let Some(story) = story.copied() else {
        return Err(ManifestFault::UnknownStory(line.story));
    };
    let frames = stories[story].frames.len();
    let Some(position) = (line.frame as usize)
        .checked_sub(1)
        .filter(|position| *position < frames)
    else {
        return Err(ManifestFault::UnknownFrame {
            frame: line.frame,
            frames,
        });
    };
    let path = inside(&line.path).map_err(|why| ManifestFault::Path(line.path.clone(), why))?;
    let ending = path.rsplit_once('.').map_or("", |(_, ending)| ending);
    if !["png", "jpg", "jpeg"]
        .iter()
        .any(|known| ending.eq_ignore_ascii_case(known))
    {
        return Err(ManifestFault::Ending(path));
    }
    Ok(((story, position), path))
}

impl Layout for Listing {
    fn kind(&self) -> LayoutKind {
        LayoutKind::Manifest
    }

    fn place(&self, frame: &FramePlace<'_>) -> Place {
        match self.paths.get(&(frame.story, frame.position)) {
            Some(path) => Place::File(path.clone()),
            None => Place::Unlisted,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::images::testing::{put, windows};

    fn read(name: &str, text: &str) -> Result<Vec<Place>, ImagesError> {
        let folder = tempfile::tempdir().unwrap();
        put(folder.path(), name, text.as_bytes());
        let stories = windows(2, 2);
        let listing = Listing::read(folder.path(), &stories)?;
        Ok(FramePlace::all(&stories)
            .map(|frame| listing.place(&frame))
            .collect())
    }

    fn faults(name: &str, text: &str) -> Vec<(usize, ManifestFault)> {
        match read(name, text) {
            Err(ImagesError::List { faults, .. }) => faults,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn both_forms_say_the_same() {
        let json = concat!(
            "{\"story\":\"c1\",\"frame\":2,\"path\":\"b/x.PNG\"}\n\n",
            "{\"story\":\"c0\",\"frame\":1,\"path\":\"./a b.jpg\"}\r\n"
        );
        let csv = "\u{feff}frame,story,path\r\n2,c1,b/x.PNG\r\n1,c0,\"./a b.jpg\"\r\n";
        let file = |path: &str| Place::File(path.to_owned());
        let expected = vec![
            file("a b.jpg"),
            Place::Unlisted,
            Place::Unlisted,
            file("b/x.PNG"),
        ];
        assert_eq!(read("manifest.jsonl", json).unwrap(), expected);
        assert_eq!(read("manifest.csv", csv).unwrap(), expected);
    }

    #[test]
    fn lists_are_read_as_other_programs_write_them() {
        let file = |path: &str| Place::File(path.to_owned());
        let expected = vec![
            file("a.png"),
            Place::Unlisted,
            Place::Unlisted,
            file("b/x.png"),
        ];
        for (name, text) in [
            (
                "manifest.csv",
                "story,frame,path\nc0,1.0,a.png\nc1,2.0,b\\x.png\n",
            ),
            (
                "manifest.csv",
                ",story,frame,path\n0,c0,1,a.png\n1,c1,2,.\\b\\x.png\n",
            ),
            (
                "manifest.csv",
                "Unnamed: 0,Story, Frame ,PATH\n0,c0,1,a.png\n1,c1,2,b/x.png\n",
            ),
            (
                "manifest.csv",
                "\u{feff}story;frame;path\r\nc0;1,0;a.png\r\nc1;2,0;b/x.png\r\n;;\r\n",
            ),
            (
                "manifest.csv",
                "story, frame, path\nc0, 1, a.png\nc1 ,2 , b/x.png \n",
            ),
            (
                "manifest.csv",
                "story\tframe\tpath\nc0\t1\ta.png\nc1\t2\tb/x.png\n",
            ),
            (
                "manifest.jsonl",
                "{\"story\":\"c0\",\"frame\":\"1\",\"path\":\"a.png\"}\n{\"story\":\"c1\",\"frame\":2.0,\"path\":\"b/x.png\",\"index\":1}",
            ),
            (
                "manifest.json",
                "[{\"story\":\"c0\",\"frame\":1,\"path\":\"a.png\"},\n {\"story\":\"c1\",\"frame\":2,\"path\":\"b/x.png\"}]",
            ),
        ] {
            assert_eq!(read(name, text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_not_certain_is_refused_in_words() {
        for (name, text, line, said) in [
            (
                "manifest.csv",
                "story,frame,path\nc0,1.5,a.png\n",
                2,
                "`frame` has to be a whole number, but is \"1.5\"",
            ),
            (
                "manifest.csv",
                "story,frame,path\nc0,,a.png\n",
                2,
                "`frame` has to be a whole number, but is empty",
            ),
            (
                "manifest.csv",
                "story,frame\nc0,1\n",
                1,
                "the first line has to be story,frame,path, but it is \"story,frame\"",
            ),
            (
                "manifest.csv",
                "story,frame,path\nc0,1\n",
                2,
                "it has 2 fields, the first line has 3",
            ),
            (
                "manifest.jsonl",
                "{\"story\":null,\"frame\":1,\"path\":\"a.png\"}",
                1,
                "`story` has to be text, but is null",
            ),
            (
                "manifest.jsonl",
                "{\"story\":\"c0\",\"frame\":1}",
                1,
                "`path` is missing",
            ),
            (
                "manifest.jsonl",
                "{\"story\":\"c0\",\"frame\":1,\"paht\":\"a.png\"}",
                1,
                "there is no field \"paht\"; did you mean \"path\"?",
            ),
            (
                "manifest.json",
                "{\"story\":{\"0\":\"c0\"},\"frame\":{\"0\":1},\"path\":{\"0\":\"a\"}}",
                1,
                "orient=\"records\"",
            ),
            (
                "manifest.jsonl",
                "{\"story\":\"c0\",\"frame\":NaN,\"path\":\"a.png\"}",
                1,
                "it holds NaN, which JSON does not have",
            ),
            (
                "manifest.json",
                "[{\"story\":\"c0\",\n\"frame\":NaN,\"path\":\"a.png\"}]",
                2,
                "it holds NaN, which JSON does not have",
            ),
            (
                "manifest.jsonl",
                "[1]",
                1,
                "a record has to be an object, but is 1",
            ),
        ] {
            let found = faults(name, text);
            assert_eq!(found[0].0, line, "{text}");
            let message = found[0].1.to_string();
            assert!(message.contains(said), "{message} for {text}");
        }
        let nought = read("manifest.csv", "story,frame,path\nc0,0,a.png\n").unwrap_err();
        assert!(
            crate::record::Hint::hint(&nought)
                .unwrap()
                .contains("count from 1")
        );
    }

    #[test]
    fn paths_that_leave_the_folder_are_refused() {
        for path in [
            "",
            "/a.png",
            "../a.png",
            "a/../../b.png",
            "a//b.png",
            "C:/a.png",
            "a\\\\..\\\\b.png",
            ".",
        ] {
            let text = format!("{{\"story\":\"c0\",\"frame\":1,\"path\":\"{path}\"}}");
            let found = faults("manifest.jsonl", &text);
            assert!(
                matches!(found[..], [(1, ManifestFault::Path(..))]),
                "{path}: {found:?}"
            );
        }
    }

    #[test]
    fn every_wrong_line_is_named() {
        let text = concat!(
            "{\"story\":\"c0\",\"frame\":1,\"path\":\"a.png\"}\n",
            "{\"story\":\"c0\",\"frame\":1,\"path\":\"b.png\"}\n",
            "{\"story\":\"c9\",\"frame\":1,\"path\":\"a.png\"}\n",
            "{\"story\":\"c0\",\"frame\":0,\"path\":\"a.png\"}\n",
            "{\"story\":\"c0\",\"frame\":3,\"path\":\"a.png\"}\n",
            "{\"story\":\"c0\",\"frame\":2,\"path\":\"a.txt\"}\n",
            "{\"story\":\"c0\",\"frame\":2,\"paths\":\"a.png\"}\n",
            "{\"story\":\"c0\",\n",
        );
        let found = faults("manifest.jsonl", text);
        let lines: Vec<usize> = found.iter().map(|fault| fault.0).collect();
        assert_eq!(lines, [2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(found[0].1, ManifestFault::Repeated { line: 1 });
        let lines = faults(
            "manifest.csv",
            "story,frame,path\nc0,1,a.png\nc0,x,a.png\nc0\n",
        );
        assert_eq!(
            lines.iter().map(|fault| fault.0).collect::<Vec<_>>(),
            [3, 4]
        );
        assert_eq!(faults("manifest.csv", "a,b\n")[0].0, 1);
    }

    #[test]
    fn one_list_has_to_be_there() {
        let folder = tempfile::tempdir().unwrap();
        let none = Listing::read(folder.path(), &windows(1, 2)).unwrap_err();
        assert!(matches!(
            none,
            ImagesError::NoList { found, .. } if found == "none"
        ));
        put(folder.path(), "manifest.csv", b"story,frame,path\n");
        put(folder.path(), "manifest.jsonl", b"\xff");
        let both = Listing::read(folder.path(), &windows(1, 2)).unwrap_err();
        assert!(
            matches!(both, ImagesError::NoList { found, .. } if found == "manifest.csv and manifest.jsonl")
        );
        std::fs::remove_file(folder.path().join("manifest.csv")).unwrap();
        let latin = Listing::read(folder.path(), &windows(1, 2)).unwrap_err();
        assert!(matches!(latin, ImagesError::ReadList { .. }));
    }
}
