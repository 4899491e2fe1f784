//! `import.json`: which file every frame of a run is a copy of.

use crate::record::{Absence, ClipId, FrameIndex, StoryId, sha256_hex};
use crate::run::error::RunError;
use crate::run::layout::{IMPORT, json_file, json_line};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::fs;
use std::io;
use std::path::Path;

/// The whole mapping of an import. Field names are a public contract.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportRecord {
    /// Version of this file: 1.
    pub format: u32,
    /// The folder of the images, as the user wrote it.
    pub folder: String,
    /// Name of the layout.
    pub layout: String,
    /// [`ImportRecord::content_hash`], for readers without this program.
    pub content_hash: String,
    /// What matched.
    pub counts: ImportCounts,
    /// Things a reader of the scores must know.
    pub notes: Vec<String>,
    /// Every planned frame, in plan order.
    pub frames: Vec<ImportedFrame>,
}

/// How files and planned frames fitted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportCounts {
    /// Frames in the plan.
    pub planned: usize,
    /// Of these, frames that have a file.
    pub matched: usize,
    /// Of these, frames that should have a file and have none.
    pub missing: usize,
    /// Of these, frames that the layout never has.
    pub not_drawn: usize,
    /// Image files that no frame of the data set has in this layout.
    pub extra: usize,
    /// Image files of stories that are not in the plan, because of a limit.
    pub not_selected: usize,
}

impl fmt::Display for ImportCounts {
    /// `matched 396 of 400 frames (4 missing, 0 extra)`.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "matched {} of {} frames ({} missing, {} extra)",
            self.matched,
            self.planned - self.not_drawn,
            self.missing,
            self.extra
        )?;
        if self.not_drawn > 0 {
            write!(
                formatter,
                "; {} further frames of the plan are not drawn in this layout",
                self.not_drawn
            )?;
        }
        if self.not_selected > 0 {
            write!(
                formatter,
                "; {} files of stories beyond the limit are left out",
                self.not_selected
            )?;
        }
        Ok(())
    }
}

/// A planned frame and where it came from: the fields of a file, or `absent`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportedFrame {
    /// The story.
    pub story: StoryId,
    /// Position in the story, from 1.
    pub frame: FrameIndex,
    /// The clip whose caption and labels the frame has.
    pub clip: ClipId,
    /// Path of the file below the folder, with `/` on every system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// SHA-256 of that file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Its format: `png` or `jpeg`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Width and height in pixels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<[u32; 2]>,
    /// Why there is no file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub absent: Option<Absence>,
}

impl ImportedFrame {
    fn content(&self) -> String {
        match (&self.sha256, self.absent) {
            (Some(sha256), _) => sha256.clone(),
            (None, Some(absent)) => absent.to_string(),
            (None, None) => "nothing".to_owned(),
        }
    }
}

/// A frame that is another one now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrameChange {
    /// The story.
    pub story: StoryId,
    /// The frame.
    pub frame: FrameIndex,
    /// What the run folder holds: a SHA-256 or the reason of absence.
    pub folder: String,
    /// What is there now.
    pub asked: String,
    /// The file that is there now, if there is one.
    pub source: Option<String>,
}

impl fmt::Display for FrameChange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let short = |text: &str| text.get(..12).unwrap_or(text).to_owned();
        write!(
            formatter,
            "story {} frame {}: folder has {}, asked for {}",
            self.story,
            self.frame,
            short(&self.folder),
            short(&self.asked)
        )?;
        match &self.source {
            Some(source) => write!(formatter, " ({})", source.escape_debug()),
            None => Ok(()),
        }
    }
}

impl ImportRecord {
    /// Version of `import.json`.
    pub const FORMAT: u32 = 1;

    /// SHA-256 over the lines `["<story>",<frame>,"<sha256 of the file, or why it is absent>"]`, in plan
    /// order. It names what is scored, whatever the files are called.
    #[must_use]
    pub fn content_hash(frames: &[ImportedFrame]) -> String {
        let mut text = String::new();
        for frame in frames {
            text.push_str(&json_line(&(&frame.story, frame.frame, frame.content())));
            text.push('\n');
        }
        sha256_hex(text.as_bytes())
    }

    /// Reads the record of the run in `root`; `None` when the run was not imported, or was stopped before
    /// the record was written.
    ///
    /// # Errors
    /// [`RunError::Read`] and [`RunError::Json`].
    pub fn read(root: &Path) -> Result<Option<Self>, RunError> {
        let path = root.join(IMPORT);
        match fs::read(&path) {
            Ok(bytes) => {
                serde_json::from_slice(&bytes)
                    .map(Some)
                    .map_err(|source| RunError::Json {
                        path,
                        line: source.line(),
                        source,
                    })
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(RunError::read(&path, error)),
        }
    }

    /// The bytes of `import.json`.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        json_file(self)
    }

    /// Every frame of `asked` that has another content here, in the order of `asked`.
    #[must_use]
    pub fn changes(&self, asked: &[ImportedFrame]) -> Vec<FrameChange> {
        let here: std::collections::BTreeMap<(&StoryId, FrameIndex), &ImportedFrame> = self
            .frames
            .iter()
            .map(|frame| ((&frame.story, frame.frame), frame))
            .collect();
        asked
            .iter()
            .filter_map(|frame| {
                let folder = here
                    .get(&(&frame.story, frame.frame))
                    .map_or_else(|| "nothing".to_owned(), |found| found.content());
                let asked = frame.content();
                (folder != asked).then(|| FrameChange {
                    story: frame.story.clone(),
                    frame: frame.frame,
                    folder,
                    asked,
                    source: frame.source.clone(),
                })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(story: &str, position: u32, sha256: Option<&str>) -> ImportedFrame {
        ImportedFrame {
            story: StoryId::new(story),
            frame: FrameIndex(position),
            clip: ClipId::new("clip"),
            source: sha256.map(|_| format!("{story}/{position}.png")),
            sha256: sha256.map(str::to_owned),
            kind: None,
            size: None,
            absent: sha256.is_none().then_some(Absence::Missing),
        }
    }

    fn record(frames: Vec<ImportedFrame>) -> ImportRecord {
        ImportRecord {
            format: ImportRecord::FORMAT,
            folder: "images".to_owned(),
            layout: "vlc".to_owned(),
            content_hash: ImportRecord::content_hash(&frames),
            counts: ImportCounts::default(),
            notes: Vec::new(),
            frames,
        }
    }

    #[test]
    fn a_record_survives_the_disk() {
        let folder = tempfile::tempdir().expect("tempdir");
        assert_eq!(ImportRecord::read(folder.path()).expect("none"), None);
        let record = record(vec![frame("a", 1, Some("00ff")), frame("a", 2, None)]);
        fs::write(folder.path().join(IMPORT), record.to_bytes()).expect("write");
        assert_eq!(
            ImportRecord::read(folder.path()).expect("read"),
            Some(record)
        );
        fs::write(folder.path().join(IMPORT), "{").expect("write");
        assert!(matches!(
            ImportRecord::read(folder.path()),
            Err(RunError::Json { .. })
        ));
    }

    #[test]
    fn the_hash_is_of_contents_and_not_of_names() {
        let mut one = vec![frame("a", 1, Some("00")), frame("a", 2, None)];
        let hash = ImportRecord::content_hash(&one);
        // printf '["a",1,"00"]\n["a",2,"missing"]\n' | sha256sum
        let lines = "[\"a\",1,\"00\"]\n[\"a\",2,\"missing\"]\n";
        assert_eq!(hash, sha256_hex(lines.as_bytes()));
        one[0].source = Some("elsewhere.jpg".to_owned());
        assert_eq!(ImportRecord::content_hash(&one), hash);
        one[1].absent = Some(Absence::NotDrawn);
        assert_ne!(ImportRecord::content_hash(&one), hash);
    }

    #[test]
    fn changes_name_story_frame_and_file() {
        let record = record(vec![frame("a", 1, Some("00")), frame("a", 2, None)]);
        let asked = [frame("a", 1, Some("00")), frame("a", 2, Some("11"))];
        let changes = record.changes(&asked);
        assert_eq!(changes.len(), 1);
        assert_eq!(
            changes[0].to_string(),
            "story a frame 2: folder has missing, asked for 11 (a/2.png)"
        );
        assert!(record.changes(&record.frames).is_empty());
    }

    #[test]
    fn the_count_line_is_the_documented_one() {
        let mut counts = ImportCounts {
            planned: 400,
            matched: 396,
            missing: 4,
            ..ImportCounts::default()
        };
        assert_eq!(
            counts.to_string(),
            "matched 396 of 400 frames (4 missing, 0 extra)"
        );
        counts.not_drawn = 100;
        counts.matched = 296;
        assert!(
            counts
                .to_string()
                .starts_with("matched 296 of 300 frames (4 missing, 0 extra); 100")
        );
    }
}
