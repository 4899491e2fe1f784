//! What is said where the weights of a bundle are not installed, and what the next step is.

use super::{Origin, PipelineError};
use crate::card::{self, CardKind, NeededFile, WeightsCard};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Where a bundle comes from, of all cards that there are.
struct Known {
    files: Vec<NeededFile>,
    export: Option<String>,
    published_at: Option<String>,
    /// The card that `storyeval model fetch` reads.
    card: Option<WeightsCard>,
}

impl Known {
    /// What the caller's card says comes first: it may be a user's own.
    fn new(id: &str, origin: Origin<'_>) -> Self {
        let card = card::weights(id).ok();
        let own = Self {
            files: origin.files.to_vec(),
            export: origin.export.map(ToOwned::to_owned),
            published_at: origin.published_at.map(ToOwned::to_owned),
            card,
        };
        if !own.files.is_empty() || own.export.is_some() {
            return own;
        }
        match &own.card {
            Some(card) => Self {
                files: card.needed(),
                export: card.export.clone(),
                published_at: Some(card.published_at.clone()),
                ..own
            },
            None => Self::elsewhere(id).unwrap_or(own),
        }
    }

    /// What the card of a data set or of a model says.
    fn elsewhere(id: &str) -> Option<Self> {
        let of = |origin: Origin<'_>| Self {
            files: origin.files.to_vec(),
            export: origin.export.map(ToOwned::to_owned),
            published_at: origin.published_at.map(ToOwned::to_owned),
            card: None,
        };
        let datasets = card::ids(CardKind::Dataset).into_iter();
        let mut datasets = datasets.filter_map(|dataset| card::dataset(&dataset).ok());
        let found = datasets.find_map(|card| {
            let source = card.source_of(id)?;
            Some(of(Some(source).into()))
        });
        found.or_else(|| {
            // Ablations share a bundle with the model that it is called by.
            let models = std::iter::once(id.to_owned()).chain(card::ids(CardKind::Model));
            let mut models = models.filter_map(|model| card::model(&model).ok());
            let card = models.find(|card| card.bundle.as_deref() == Some(id))?;
            Some(of((&card).into()))
        })
    }

    fn command(&self, out: &Path) -> Option<String> {
        Origin {
            files: &self.files,
            export: self.export.as_deref(),
            published_at: None,
        }
        .command(out)
    }

    /// The command that fetches the files.
    fn fetch(&self) -> Option<String> {
        let card = self.card.as_ref()?;
        let size = card.bytes().map_or_else(String::new, |bytes| {
            format!(" ({})", crate::fetch::megabytes(bytes))
        });
        Some(format!("storyeval model fetch {}{size}", card.id))
    }
}

/// The next step towards a bundle that is not installed, in a line.
#[must_use]
pub fn next_step(id: &str, cache: &Path) -> Option<String> {
    let known = Known::new(id, Origin::default());
    known
        .fetch()
        .or_else(|| known.command(&cache.join("bundles").join(id)))
}

/// The error for a bundle that is in none of the places; it would be made in `out`.
pub(super) fn no_bundle(
    what: &str,
    id: &str,
    origin: Origin<'_>,
    (places, out): (&[PathBuf], &Path),
) -> PipelineError {
    let known = Known::new(id, origin);
    let mut missing = format!("\n  bundle `{id}` was looked for in:");
    for place in places {
        let _ = write!(missing, "\n    {}", place.join("bundle.toml").display());
    }
    if !known.files.is_empty() {
        missing.push_str("\n  it is made from these files of the authors:");
        let files = Origin {
            files: &known.files,
            ..Origin::default()
        };
        missing.push_str(&files.list("    "));
    }
    if let Some(fetch) = known.fetch() {
        let _ = write!(missing, "\n  fetched by: {fetch}");
    }
    let command = known.command(out);
    if let Some(command) = &command {
        let _ = write!(missing, "\n  by: {command}");
    }
    if let Some(place) = &known.published_at {
        let _ = write!(missing, "\n  the authors describe them at {place}");
    }
    PipelineError::NoBundle {
        what: what.to_owned(),
        missing,
        hint: hint(id, &known, command.is_some()),
    }
}

fn hint(id: &str, known: &Known, exported: bool) -> String {
    let mini = "to see the whole pipeline without any download, run \
                `storyeval run --dataset minisv --model storygpt-v-mini`";
    let elsewhere =
        "a bundle that is elsewhere is found by STORYEVAL_BUNDLES, a folder with bundles by id";
    match (&known.card, exported) {
        (Some(card), _) => format!(
            "`storyeval model fetch {}` makes it of the authors' files (docs/real-networks.md); {elsewhere}; {mini}",
            card.id
        ),
        (None, true) => format!("docs/export.md says how bundles are made; {elsewhere}; {mini}"),
        (None, false) => format!(
            "no card names `{id}`; `storyeval ls weights` lists what can be fetched; {elsewhere}"
        ),
    }
}
