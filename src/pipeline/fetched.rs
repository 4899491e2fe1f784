//! The files of a card of weights, brought to the cache.

use super::PipelineError;
use crate::card::{self, CardKind, WeightsCard, WeightsFile};
use crate::fetch::{Digest, Event, Expected, Fetched, Fetcher};
use serde::Serialize;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Ids of the data sets whose cards name a bundle.
#[must_use]
pub fn data_sets_of(bundle: &str) -> Vec<String> {
    let mut ids = card::ids(CardKind::Dataset);
    ids.retain(|id| card::dataset(id).is_ok_and(|card| card.evaluators.ids().contains(&bundle)));
    ids
}

/// Asks for the files of a card.
#[derive(Clone, Debug)]
pub struct WeightsRequest {
    /// The card.
    pub card: WeightsCard,
    /// Files that are at hand; the others are fetched.
    pub given: Vec<PathBuf>,
    /// Root of the cache.
    pub cache: PathBuf,
}

/// What a request would do about a file.
#[derive(Clone, Debug, Serialize)]
pub struct Outlook {
    /// File name.
    pub file: String,
    /// What it holds.
    pub meaning: String,
    /// Where it would come from; nothing where it is there, or cannot be fetched.
    pub from: Option<String>,
    /// Where it is or would be.
    pub path: PathBuf,
    /// Its size, where the card says so.
    pub bytes: Option<u64>,
    /// Its hash, or the beginning of it, where the card says so.
    pub sha256: Option<String>,
    /// Whether it is there.
    pub present: bool,
    /// Bytes that an unfinished fetch has left.
    pub left_over: u64,
}

/// A file of a card, in its place.
#[derive(Clone, Debug, Serialize)]
pub struct FetchedWeights {
    /// File name.
    pub file: String,
    /// Where it is published.
    pub address: Option<String>,
    /// Whether the card states what it must be; otherwise the first fetch records what it is.
    pub checked: bool,
    /// Where it is, and what.
    #[serde(flatten)]
    pub fetched: Fetched,
}

impl WeightsRequest {
    /// Where a file of the card is kept. Each card has a folder of its own: two have a `classifier_char.pt`.
    #[must_use]
    pub fn place(&self, file: &str) -> PathBuf {
        self.cache.join("weights").join(&self.card.id).join(file)
    }

    /// The exporter's command for files in their places, where the exporter knows the network.
    #[must_use]
    pub fn export_command(&self, out: &Path) -> Option<String> {
        let export = self.card.export.as_deref()?;
        let words = export.split(' ').map(|word| {
            let own = self.card.files.iter().any(|file| file.path == word);
            match word {
                "DIR" => self.place("").display().to_string(),
                word if own => self.place(word).display().to_string(),
                word => word.to_owned(),
            }
        });
        let words: Vec<String> = words.collect();
        Some(format!(
            "python -m storyeval_export {} --out {}",
            words.join(" "),
            out.display()
        ))
    }

    /// What [`Self::run`] would do. Reads what is there, and fetches nothing.
    #[must_use]
    pub fn outlook(&self, fetcher: &Fetcher) -> Vec<Outlook> {
        let files = self.card.files.iter();
        files
            .map(|file| {
                let path = self.place(&file.path);
                let present = Fetcher::present(&path, &expected(file)).is_some();
                let source = file.address.as_deref().filter(|_| !present);
                Outlook {
                    file: file.path.clone(),
                    meaning: file.meaning.clone(),
                    from: source.map(|address| fetcher.source(address)),
                    left_over: Fetcher::left_over(&path),
                    path,
                    bytes: file.bytes,
                    sha256: file.sha256.clone(),
                    present,
                }
            })
            .collect()
    }

    /// Brings every file to its place.
    ///
    /// # Errors
    /// [`PipelineError::Weights`], [`PipelineError::NoAddress`] and [`PipelineError::NotOfCard`]. What is there by then
    /// stays.
    pub fn run(
        &self,
        fetcher: &Fetcher,
        tell: &mut dyn FnMut(&WeightsFile, Event<'_>),
    ) -> Result<Vec<FetchedWeights>, PipelineError> {
        let mut given = self.assigned()?;
        let mut all = Vec::new();
        for (index, file) in self.card.files.iter().enumerate() {
            let (place, expected) = (self.place(&file.path), expected(file));
            let mut tell = |event: Event<'_>| tell(file, event);
            let result = match (given[index].take(), &file.address) {
                (Some(hand), _) => fetcher.bring(&hand, &expected, &place, &mut tell),
                (None, Some(address)) => fetcher.fetch(address, &expected, &place, &mut tell),
                (None, None) => match Fetcher::present(&place, &expected) {
                    Some(there) => Ok(there),
                    None => return Err(self.no_address(file)),
                },
            };
            let fetched = result.map_err(|source| PipelineError::Weights {
                id: self.card.id.clone(),
                file: file.path.clone(),
                published_at: file
                    .address
                    .as_ref()
                    .unwrap_or(&self.card.published_at)
                    .clone(),
                source: Box::new(source),
            })?;
            all.push(FetchedWeights {
                file: file.path.clone(),
                address: file.address.clone(),
                checked: expected.sha256.is_some(),
                fetched,
            });
        }
        Ok(all)
    }

    fn no_address(&self, file: &WeightsFile) -> PipelineError {
        PipelineError::NoAddress {
            id: self.card.id.clone(),
            file: file.path.clone(),
            published_at: self.card.published_at.clone(),
        }
    }

    /// The given file for each file of the card: by its hash, or else by its name; the only one of a card may be called
    /// anything.
    fn assigned(&self) -> Result<Vec<Option<PathBuf>>, PipelineError> {
        let files = &self.card.files;
        let mut assigned: Vec<Option<PathBuf>> = vec![None; files.len()];
        for path in &self.given {
            if let ([_], [_]) = (files.as_slice(), self.given.as_slice()) {
                assigned[0] = Some(path.clone());
                continue;
            }
            let found = Digest::of(path).map_err(|source| crate::fetch::FetchError::Read {
                path: path.clone(),
                source,
            })?;
            let by_hash =
                |file: &WeightsFile| file.sha256.is_some() && expected(file).is_met_by(&found);
            let by_name = |file: &WeightsFile| {
                let same = path.file_name().is_some_and(|name| *name == *file.path);
                same && file.sha256.is_none()
            };
            let free = |index: &usize| assigned[*index].is_none();
            let place = files.iter().position(by_hash);
            let place = place.or_else(|| files.iter().position(by_name));
            match place.filter(free) {
                Some(index) => assigned[index] = Some(path.clone()),
                None => return Err(self.not_of_card(path, found)),
            }
        }
        Ok(assigned)
    }

    fn not_of_card(&self, path: &Path, found: Digest) -> PipelineError {
        let mut files = String::new();
        for file in &self.card.files {
            let _ = write!(files, "\n  {}: {}", file.path, expected(file));
        }
        PipelineError::NotOfCard {
            id: self.card.id.clone(),
            path: path.to_owned(),
            found,
            files,
        }
    }
}

fn expected(file: &WeightsFile) -> Expected {
    Expected {
        bytes: file.bytes,
        sha256: file.sha256.clone(),
    }
}
