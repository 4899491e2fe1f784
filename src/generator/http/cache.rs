//! Answers that were paid for once: by what was asked, below the cache folder.
//!
//! An entry is a line of JSON and the bytes of the image as the service sent them. It is written under another name and
//! renamed; a damaged one counts as absent. A key is locked while it is asked for, so that two processes pay once.

use super::fault::ServiceFault;
use crate::record::{canonical_json, one_folder, sha256_hex, wait_for_lock};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

const FORMAT: u32 = 1;

/// The answers below a folder.
#[derive(Clone, Debug)]
pub(super) struct Answers {
    folder: PathBuf,
}

/// What of an answer is kept.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Kept {
    /// The image file, or why the service refused.
    pub(super) image: Result<Vec<u8>, String>,
    pub(super) note: Option<String>,
    pub(super) seconds: f64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    format: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refused: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    seconds: f64,
    sha256: String,
}

/// What a request is recognised by: the address, the dialect, the body, and whose frame it is. Services draw something
/// else each time, so that two frames or seeds with the same prompt are two draws.
pub(super) fn key(
    address: &str,
    dialect: &str,
    body: &Value,
    (story, frame, seed): (&str, usize, u64),
) -> String {
    let asked = json!({
        "address": address,
        "dialect": dialect,
        "body": sha256_hex(canonical_json(body).as_bytes()),
        "story": story,
        "frame": frame,
        "seed": seed,
    });
    sha256_hex(canonical_json(&asked).as_bytes())
}

impl Answers {
    /// The answers of a service below the cache folder.
    pub(super) fn below(cache: &Path, address: &str) -> Self {
        Self {
            folder: cache.join("http").join(one_folder(address)),
        }
    }

    fn path(&self, key: &str) -> PathBuf {
        self.folder.join(&key[..2]).join(key)
    }

    /// Keeps other processes from asking the same until the file is dropped.
    pub(super) fn lock(&self, key: &str) -> Result<File, ServiceFault> {
        let path = self.path(key).with_extension("lock");
        let folder = path.parent().unwrap_or(&path);
        let locked = fs::create_dir_all(folder)
            .and_then(|()| OpenOptions::new().create(true).append(true).open(&path))
            .and_then(|file| wait_for_lock(&file).map(|()| file));
        locked.map_err(|source| ServiceFault::Cache { path, source })
    }

    /// The answer, if it is there and whole.
    pub(super) fn read(&self, key: &str) -> Option<Kept> {
        let bytes = fs::read(self.path(key)).ok()?;
        let end = bytes.iter().position(|byte| *byte == b'\n')?;
        let head: Head = serde_json::from_slice(&bytes[..end]).ok()?;
        let image = &bytes[end + 1..];
        let whole = head.format == FORMAT && sha256_hex(image) == head.sha256;
        whole.then(|| Kept {
            image: head.refused.map_or_else(|| Ok(image.to_vec()), Err),
            note: head.note,
            seconds: head.seconds,
        })
    }

    /// Keeps an answer.
    pub(super) fn write(&self, key: &str, kept: &Kept) -> Result<(), ServiceFault> {
        let path = self.path(key);
        let image = kept.image.as_deref().unwrap_or_default();
        let head = Head {
            format: FORMAT,
            refused: kept.image.as_ref().err().cloned(),
            note: kept.note.clone(),
            seconds: kept.seconds,
            sha256: sha256_hex(image),
        };
        let written = (|| {
            let folder = path.parent().unwrap_or(&path);
            let mut file = tempfile::NamedTempFile::new_in(folder)?;
            serde_json::to_writer(&mut file, &head)?;
            file.write_all(b"\n")?;
            file.write_all(image)?;
            file.as_file().sync_all()?;
            file.persist(&path).map_err(io::Error::from)?;
            // It has served: whoever waits for it finds the answer.
            fs::remove_file(path.with_extension("lock"))
        })();
        written.map_err(|source| ServiceFault::Cache { path, source })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_and_for_whom_makes_the_key() {
        let body = json!({"a": 1, "b": 2});
        let of = |address, dialect, body: &Value, whose| key(address, dialect, body, whose);
        let one = of("http://h", "plain", &body, ("s", 1, 0));
        assert_eq!(
            one,
            of("http://h", "plain", &json!({"b": 2, "a": 1}), ("s", 1, 0))
        );
        let others = [
            of("http://i", "plain", &body, ("s", 1, 0)),
            of("http://h", "openai", &body, ("s", 1, 0)),
            of("http://h", "plain", &json!({"a": 1}), ("s", 1, 0)),
            of("http://h", "plain", &body, ("t", 1, 0)),
            of("http://h", "plain", &body, ("s", 2, 0)),
            of("http://h", "plain", &body, ("s", 1, 1)),
        ];
        assert!(others.iter().all(|other| *other != one));
    }

    #[test]
    fn answers_come_back_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let answers = Answers::below(folder.path(), "http://h:1/../draw");
        let image = Kept {
            image: Ok(b"\x89PNG\n\0".to_vec()),
            note: Some("a\nnote".to_owned()),
            seconds: 0.25,
        };
        let refused = Kept {
            image: Err("no\nnudity".to_owned()),
            note: None,
            seconds: 1.0,
        };
        for (at, kept) in [image, refused].iter().enumerate() {
            let key = sha256_hex(&[at as u8]);
            assert_eq!(answers.read(&key), None);
            let lock = answers.lock(&key).unwrap();
            answers.write(&key, kept).unwrap();
            drop(lock);
            assert_eq!(answers.read(&key).as_ref(), Some(kept));
            let path = answers.path(&key);
            assert!(path.starts_with(folder.path().join("http")));
            assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
            let bytes = fs::read(&path).unwrap();
            for cut in 0..bytes.len() {
                fs::write(&path, &bytes[..cut]).unwrap();
                // Of a refusal, the line is all; its newline is the last byte.
                assert_eq!(answers.read(&key), None, "{cut}");
            }
        }
    }
}
