//! The card of published weights: which files make a bundle, who publishes them, and how to know that they are right.

use super::NeededFile;
use serde::{Deserialize, Serialize};

/// A published file that a bundle is made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WeightsFile {
    /// File name.
    pub path: String,
    /// What it holds, in one line.
    pub meaning: String,
    /// Where a program can fetch it. Files behind a form or a page that asks for a click have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// Size in bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// SHA-256, or its beginning where only that is published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

/// Weights that `storyeval model fetch` brings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WeightsCard {
    /// Id of the bundle that is made of them.
    pub id: String,
    /// What they are, in a few words.
    pub title: String,
    /// Who publishes them.
    pub publisher: String,
    /// Where the publishers describe them.
    pub published_at: String,
    /// Licence or terms.
    pub licence: String,
    /// The paper to cite.
    pub citation: String,
    /// The template that turns them into a bundle, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// Model and arguments of the exporter, without `--out`; there is none for some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub export: Option<String>,
    /// Verbs of `storyeval metric` that run them.
    #[serde(default)]
    pub metrics: Vec<String>,
    /// Known traps, one per line.
    #[serde(default)]
    pub notes: Vec<String>,
    /// The files.
    pub files: Vec<WeightsFile>,
}

/// The fewest digits of a hash that tell two files apart: torchvision's names carry so many.
const SHORTEST_PREFIX: usize = 8;

impl WeightsCard {
    /// Bytes of all files, where the card says them all.
    #[must_use]
    pub fn bytes(&self) -> Option<u64> {
        self.files.iter().map(|file| file.bytes).sum()
    }

    /// The files as messages list what a bundle is made from.
    #[must_use]
    pub fn needed(&self) -> Vec<NeededFile> {
        let files = self.files.iter();
        files
            .map(|file| NeededFile {
                path: file.path.clone(),
                meaning: file.meaning.clone(),
                published_at: file
                    .address
                    .clone()
                    .or_else(|| Some(self.published_at.clone())),
                optional: false,
            })
            .collect()
    }

    pub(super) fn broken_rule(&self) -> Option<(&'static str, String)> {
        if self.files.is_empty() {
            return Some(("weights have at least one file", "none".to_owned()));
        }
        self.files.iter().find_map(WeightsFile::broken_rule)
    }
}

impl WeightsFile {
    fn broken_rule(&self) -> Option<(&'static str, String)> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if !self.path.starts_with(|c: char| c.is_ascii_alphanumeric())
            || !self.path.chars().all(plain)
        {
            return Some((
                "a file of weights is a plain name of letters, digits, `-`, `_` and `.`",
                self.path.clone(),
            ));
        }
        let digits = |text: &str| {
            (SHORTEST_PREFIX..=64).contains(&text.len())
                && text
                    .chars()
                    .all(|c| c.is_ascii_digit() || ('a'..='f').contains(&c))
        };
        match (&self.sha256, &self.address) {
            (Some(hash), _) if !digits(hash) => Some((
                "a SHA-256 has 64 lower-case hexadecimal digits; its beginning, at least 8",
                hash.clone(),
            )),
            (_, Some(address))
                if !address.starts_with("https://") && !address.starts_with("http://") =>
            {
                Some((
                    "an address begins with https:// or http://",
                    address.clone(),
                ))
            }
            _ => None,
        }
    }
}
