//! Where the weights of a bundle come from, as far as a card says.

use crate::card::{BundleSource, ModelCard, NeededFile};
use std::fmt::Write;
use std::path::Path;

/// Where the weights of a bundle come from, as far as a card says.
#[derive(Clone, Copy, Debug, Default)]
pub struct Origin<'a> {
    /// Files of the authors.
    pub files: &'a [NeededFile],
    /// Model and arguments of the exporter.
    pub export: Option<&'a str>,
    /// Where the authors describe them.
    pub published_at: Option<&'a str>,
}

impl<'a> From<&'a ModelCard> for Origin<'a> {
    fn from(card: &'a ModelCard) -> Self {
        Self {
            files: &card.files,
            export: card.export.as_deref(),
            published_at: card.published_at.as_deref(),
        }
    }
}

impl<'a> From<Option<&'a BundleSource>> for Origin<'a> {
    fn from(source: Option<&'a BundleSource>) -> Self {
        source.map_or_else(Self::default, |source| Self {
            files: &source.files,
            export: Some(&source.export),
            published_at: None,
        })
    }
}

impl Origin<'_> {
    /// The files, a line or two each.
    #[must_use]
    pub fn list(&self, margin: &str) -> String {
        let mut text = String::new();
        for file in self.files {
            let _ = write!(text, "\n{margin}{}: {}", file.path, file.meaning);
            if let Some(place) = &file.published_at {
                let _ = write!(text, "\n{margin}  published at {place}");
            }
        }
        text
    }

    /// The command that makes the bundle in a folder.
    #[must_use]
    pub fn command(&self, out: &Path) -> Option<String> {
        let export = self.export?;
        Some(format!(
            "python -m storyeval_export {export} --out {}",
            out.display()
        ))
    }
}
