//! What a file must be, and what it is.

use crate::record::sha256_file;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::fs;
use std::io;
use std::path::Path;

/// What the publisher states about a file. What is not stated is not checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    /// Size.
    pub bytes: Option<u64>,
    /// SHA-256 in lower-case hexadecimal digits, or its beginning.
    pub sha256: Option<String>,
}

/// What a file is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digest {
    /// Size.
    pub bytes: u64,
    /// SHA-256.
    pub sha256: String,
}

impl Digest {
    /// Reads a whole file.
    ///
    /// # Errors
    /// Whatever reading says.
    pub fn of(path: &Path) -> io::Result<Self> {
        let sha256 = sha256_file(path)?;
        let bytes = fs::metadata(path)?.len();
        Ok(Self { bytes, sha256 })
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} bytes, SHA-256 {}", self.bytes, self.sha256)
    }
}

impl Expected {
    /// Whether a file is the one that the publisher means.
    #[must_use]
    pub fn is_met_by(&self, found: &Digest) -> bool {
        let size = self.bytes.is_none_or(|bytes| bytes == found.bytes);
        let hash = self.sha256.as_deref();
        size && hash.is_none_or(|hash| found.sha256.starts_with(hash))
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            self.bytes.map(|bytes| format!("{bytes} bytes")),
            self.sha256.as_ref().map(|hash| {
                let begins = if hash.len() < 64 {
                    "that begins with "
                } else {
                    ""
                };
                format!("SHA-256 {begins}{hash}")
            }),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        match parts.as_slice() {
            [] => write!(out, "a file whose size and hash are not published"),
            parts => write!(out, "{}", parts.join(", ")),
        }
    }
}
