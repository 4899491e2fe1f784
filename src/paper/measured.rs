//! A run of ours, as far as published numbers are compared with it.

use super::{PaperError, Text};
use crate::card::{DatasetCard, ModelCard, Protocol, Subset};
use crate::record::{Score, Scores, TextVariant};
use crate::run::{Manifest, Partition, read_scores};
use std::path::Path;

/// Scores of a run with what its manifest says of them.
#[derive(Clone, Debug)]
pub struct MeasuredRun {
    /// The folder as the user named it.
    pub folder: String,
    /// The scores.
    pub scores: Scores,
    /// The data set.
    pub dataset: DatasetCard,
    /// Width of the real frames in pixels, where the layout they lay in has one.
    pub real_width: Option<usize>,
    /// The model.
    pub model: ModelCard,
    /// The protocol.
    pub protocol: Protocol,
    /// The text that the model read.
    pub text: TextVariant,
    /// Frames per story: what the user or the protocol said, otherwise the data set's card.
    pub story_length: usize,
    /// Its stories.
    pub subset: Subset,
    /// The part of the plan that the folder is for.
    pub partition: Partition,
}

impl MeasuredRun {
    /// The run in a folder.
    ///
    /// # Errors
    /// A folder without a run or scores, and those of [`MeasuredRun::new`].
    pub fn read(folder: &Path) -> Result<Self, PaperError> {
        let manifest = Manifest::read(folder)?;
        let scores = read_scores(folder)?;
        Self::new(&folder.display().to_string(), &manifest, scores)
    }

    /// Puts a run's manifest and scores together.
    ///
    /// # Errors
    /// [`PaperError::ManifestMismatch`] for scores that are of another model or protocol than the manifest,
    /// [`PaperError::Run`] for a manifest whose cards this version does not know.
    pub fn new(folder: &str, manifest: &Manifest, scores: Scores) -> Result<Self, PaperError> {
        let identity = &manifest.identity;
        for (field, in_manifest, in_scores) in [
            ("model", &identity.model, &scores.model),
            ("protocol", &identity.protocol, &scores.protocol),
        ] {
            if in_manifest != in_scores {
                return Err(PaperError::ManifestMismatch {
                    folder: folder.to_owned(),
                    field,
                    manifest: in_manifest.clone(),
                    scores: in_scores.clone(),
                });
            }
        }
        let cards = manifest.cards(Path::new(folder))?;
        let image = cards.layout.as_ref().and_then(|layout| layout.image);
        Ok(Self {
            // A run whose model reads what its protocol does not admit is not made by this program.
            text: cards.text().unwrap_or(cards.protocol.text),
            real_width: image.map(|size| size.width),
            partition: identity.partition,
            folder: folder.to_owned(),
            scores,
            story_length: cards.story_length.unwrap_or(cards.dataset.story_length),
            dataset: cards.dataset,
            subset: cards.subset,
            model: cards.model,
            protocol: cards.protocol,
        })
    }

    /// Its score of a metric on all frames.
    #[must_use]
    pub fn score(&self, metric: &str) -> Option<&Score> {
        let mut of_all = self.scores.scores.iter().filter(|s| s.slice == "all");
        of_all.find(|score| score.metric == metric)
    }

    /// Whether the text that its model read is the one that a paper names.
    #[must_use]
    pub fn reads(&self, text: Text) -> bool {
        (self.text == TextVariant::Original) == (text == Text::Original)
    }
}
