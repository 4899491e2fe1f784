//! A list of frames: `manifest.csv` or `manifest.jsonl` in the folder of the images.

use super::{FramePlace, ImagesError, Layout, LayoutKind, ManifestFault, Place};
use crate::record::Story;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// Names that a list may have; only one of them may be there.
pub const MANIFEST_NAMES: [&str; 2] = ["manifest.csv", "manifest.jsonl"];
/// Largest list, in bytes: two million lines of 200.
const MAX_LIST: u64 = 400 * 1024 * 1024;

/// A line: frame `frame` (from 1) of `story` is the file `path`, relative to the folder.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    story: String,
    frame: u32,
    path: String,
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
        let there: Vec<_> = MANIFEST_NAMES
            .iter()
            .map(|name| folder.join(name))
            .filter(|path| path.exists())
            .collect();
        let [path] = there.as_slice() else {
            return Err(ImagesError::NoList {
                path: folder.to_owned(),
                found: if there.is_empty() { "neither" } else { "both" },
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

type Numbered = (usize, Result<Line, String>);

fn json_lines(text: &str) -> Vec<Numbered> {
    text.lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(index, line)| {
            let parsed = serde_json::from_str(line).map_err(|error| error.to_string());
            (index + 1, parsed)
        })
        .collect()
}

fn csv_lines(text: &str) -> Vec<Numbered> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let headers = match reader.headers() {
        Ok(headers) => headers.clone(),
        Err(error) => return vec![(1, Err(error.to_string()))],
    };
    let mut names: Vec<&str> = headers.iter().collect();
    names.sort_unstable();
    if names != ["frame", "path", "story"] {
        let found = headers.iter().collect::<Vec<_>>().join(",");
        let fault = format!("the first line has to be story,frame,path, but it is {found:?}");
        return vec![(1, Err(fault))];
    }
    let mut lines = Vec::new();
    for (index, record) in reader.records().enumerate() {
        let parsed = record.and_then(|record| {
            let line = record.position().map_or(0, csv::Position::line);
            record
                .deserialize(Some(&headers))
                .map(|parsed| (line as usize, parsed))
        });
        match parsed {
            Ok((line, parsed)) => lines.push((line, Ok(parsed))),
            Err(error) => {
                let line = error.position().map_or(index + 2, |at| at.line() as usize);
                lines.push((line, Err(error.to_string())));
            }
        }
    }
    lines
}

/// Position of the frame, and the path in one spelling.
fn check(
    line: Line,
    index: &BTreeMap<&str, usize>,
    stories: &[Story],
) -> Result<((usize, usize), String), ManifestFault> {
    let Some(story) = index.get(line.story.as_str()).copied() else {
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
    // Both separators and a drive letter are judged on every system: a list travels with its folder.
    let parts: Vec<&str> = line.path.split('/').filter(|part| *part != ".").collect();
    let outside = parts.iter().any(|part| part.is_empty() || *part == "..")
        || parts.is_empty()
        || line.path.contains(['\\', '\0'])
        || line.path.as_bytes().get(1) == Some(&b':');
    if outside {
        return Err(ManifestFault::Path(line.path));
    }
    let path = parts.join("/");
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
                matches!(found[..], [(1, ManifestFault::Path(_))]),
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
            ImagesError::NoList {
                found: "neither",
                ..
            }
        ));
        put(folder.path(), "manifest.csv", b"story,frame,path\n");
        put(folder.path(), "manifest.jsonl", b"\xff");
        let both = Listing::read(folder.path(), &windows(1, 2)).unwrap_err();
        assert!(matches!(both, ImagesError::NoList { found: "both", .. }));
        std::fs::remove_file(folder.path().join("manifest.csv")).unwrap();
        let latin = Listing::read(folder.path(), &windows(1, 2)).unwrap_err();
        assert!(matches!(latin, ImagesError::ReadList { .. }));
    }
}
