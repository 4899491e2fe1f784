//! From an id or a path to a card.

use super::read::{Card, parse};
use super::{CardError, DatasetCard, ModelCard, Protocol, SubsetCard, Suite};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A kind of card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::Display)]
#[strum(serialize_all = "kebab-case")]
pub enum CardKind {
    /// [`DatasetCard`]
    Dataset,
    /// [`ModelCard`]
    Model,
    /// [`Protocol`]
    Protocol,
    /// [`Suite`]
    Suite,
    /// [`SubsetCard`]
    Subset,
}

macro_rules! embedded {
    ($folder:literal: $($id:literal),+) => {
        &[$(($id, include_str!(concat!("../../eval-configs/", $folder, "/", $id, ".toml")))),+]
    };
}

/// Cards compiled into the program: id and text, in the order lists print them.
const DATASETS: &[(&str, &str)] =
    embedded!("datasets": "minisv", "flintstones", "pororo", "vist", "vist-dii", "mugen");
const MODELS: &[(&str, &str)] = embedded!("models":
    "storygpt-v-mini", "char-ldm-mini", "storygpt-v", "char-ldm", "ground-truth", "shuffled",
    "storygpt-v-llama2", "storygpt-v-r4", "storygpt-v-r16", "storygpt-v-emb-text",
    "storygpt-v-emb-text-r4", "storygpt-v-emb-text-r16", "storygpt-v-ldm-emb-text",
    "storygpt-v-captions", "storygpt-v-captions-emb-text", "storygpt-v-pororo", "storygpt-v-vist",
    "storygpt-v-mugen", "char-ldm-no-reg", "char-ldm-no-augmented-text", "char-ldm-frozen-vision",
    "char-ldm-no-portraits", "ldm", "story-ldm", "storydall-e");
const PROTOCOLS: &[(&str, &str)] = embedded!("protocols":
    "strict", "strict-original", "strict-eval-text", "storygptv-released",
    "storygptv-released-original", "storygptv-continuation", "storygptv-continuation-original",
    "storygptv-vfid512",
    "make-a-story", "storydalle-64", "vlc-64", "vlc-64-flintstones", "arldm-64", "gill-vist", "clean-fid", "pytorch-fid");
const SUITES: &[(&str, &str)] = embedded!("suites":
    "minisv-ablation", "minisv-short", "cvpr-table-1", "cvpr-table-2", "cvpr-table-3", "cvpr-table-4",
    "cvpr-table-5", "cvpr-charldm", "cvpr-long", "cvpr-mugen", "arxiv-table-1", "arxiv-table-2",
    "arxiv-table-3", "arxiv-table-4", "arxiv-table-5");

const SUBSETS: &[(&str, &str)] = embedded!("subsets":
    "all", "followers-3", "followers-4", "first-1900", "first-2304", "own-split",
    "long-10", "long-20", "long-40", "long-50");

impl CardKind {
    fn embedded(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Dataset => DATASETS,
            Self::Model => MODELS,
            Self::Protocol => PROTOCOLS,
            Self::Suite => SUITES,
            Self::Subset => SUBSETS,
        }
    }

    /// Folder of user's cards, relative to the current one.
    fn folder(self) -> PathBuf {
        Path::new("eval-configs").join(format!("{self}s"))
    }
}

/// Finds a data set card by id, or reads it from a path that ends in `.toml`, or from a folder: its
/// `dataset.toml`, and where it has none but `stories.jsonl`, a card without cast.
///
/// # Errors
/// [`CardError`] when there is no such card, or it cannot be read.
pub fn dataset(id_or_path: &str) -> Result<DatasetCard, CardError> {
    match own_folder(id_or_path) {
        Some(folder) if folder.join(OWN_CARD).is_file() => read(&folder.join(OWN_CARD)),
        Some(folder) => {
            let name = std::fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
            let name = name.file_name().map_or_else(
                || "folder".to_owned(),
                |name| name.to_string_lossy().into_owned(),
            );
            Ok(DatasetCard::of_folder(&name))
        }
        None => find(CardKind::Dataset, id_or_path),
    }
}

/// Name of the card in a data set's own folder.
const OWN_CARD: &str = "dataset.toml";

/// A folder with a data set of the user's own in the folder layout, named instead of a card. A plain
/// name is an id first.
#[must_use]
pub fn own_folder(name: &str) -> Option<&Path> {
    let folder = Path::new(name);
    let named = name.contains(['/', '\\', '.']);
    let whole = [OWN_CARD, "stories.jsonl"]
        .iter()
        .any(|file| folder.join(file).is_file());
    (named && whole).then_some(folder)
}

/// Finds a model card by id, or reads it from a path that ends in `.toml`.
///
/// # Errors
/// [`CardError`] when there is no such card, or it cannot be read.
pub fn model(id_or_path: &str) -> Result<ModelCard, CardError> {
    find(CardKind::Model, id_or_path)
}

/// Finds a protocol by id, or reads it from a path that ends in `.toml`.
///
/// # Errors
/// [`CardError`] when there is no such protocol, or it cannot be read.
pub fn protocol(id_or_path: &str) -> Result<Protocol, CardError> {
    find(CardKind::Protocol, id_or_path)
}

/// Finds a suite by id, or reads it from a path that ends in `.toml`.
///
/// # Errors
/// [`CardError`] when there is no such suite, or it cannot be read.
pub fn suite(id_or_path: &str) -> Result<Suite, CardError> {
    find(CardKind::Suite, id_or_path)
}

/// Finds a story subset by id, or reads it from a path that ends in `.toml`.
///
/// # Errors
/// [`CardError`] when there is no such subset, or it cannot be read.
pub fn subset(id_or_path: &str) -> Result<SubsetCard, CardError> {
    find(CardKind::Subset, id_or_path)
}

/// The data set card of the program, whatever the user's own cards say; `None` where it has none.
#[must_use]
pub fn shipped_dataset(id: &str) -> Option<DatasetCard> {
    let (_, text) = DATASETS.iter().find(|(known, _)| *known == id)?;
    parse(&format!("embedded:datasets/{id}.toml"), text).ok()
}

/// Ids of all cards of a kind: those of the program in their own order, then the user's by name.
#[must_use]
pub fn ids(kind: CardKind) -> Vec<String> {
    ids_below(kind, &kind.folder())
}

fn ids_below(kind: CardKind, folder: &Path) -> Vec<String> {
    let mut ids: Vec<String> = kind
        .embedded()
        .iter()
        .map(|(id, _)| (*id).to_owned())
        .collect();
    let mut own = BTreeSet::new();
    // A folder that is absent or cannot be listed holds no cards; reading one by name still says why.
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "toml")
            && let Some(stem) = path.file_stem().and_then(|stem| stem.to_str())
            && !ids.iter().any(|id| id == stem)
        {
            own.insert(stem.to_owned());
        }
    }
    ids.extend(own);
    ids
}

fn find<C: Card>(kind: CardKind, id_or_path: &str) -> Result<C, CardError> {
    find_below(kind, id_or_path, &kind.folder())
}

fn find_below<C: Card>(kind: CardKind, id_or_path: &str, folder: &Path) -> Result<C, CardError> {
    if Path::new(id_or_path)
        .extension()
        .is_some_and(|extension| extension == "toml")
    {
        return read(Path::new(id_or_path));
    }
    // An id is a plain name, so it cannot lead out of the folder of cards.
    let plain = !id_or_path.is_empty()
        && id_or_path
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    let own = folder.join(format!("{id_or_path}.toml"));
    if plain && own.is_file() {
        let card: C = read(&own)?;
        if card.id() != id_or_path {
            return Err(CardError::IdMismatch {
                path: own.display().to_string(),
                found: card.id().to_owned(),
                wanted: id_or_path.to_owned(),
            });
        }
        return Ok(card);
    }
    if let Some((id, text)) = kind.embedded().iter().find(|(id, _)| *id == id_or_path) {
        return parse(&format!("embedded:{kind}s/{id}.toml"), text);
    }
    let known = ids_below(kind, folder);
    Err(CardError::Unknown {
        kind,
        id: id_or_path.to_owned(),
        suggestion: closest(id_or_path, &known),
        known,
    })
}

fn read<C: Card>(path: &Path) -> Result<C, CardError> {
    let text = std::fs::read_to_string(path).map_err(|source| CardError::Read {
        path: path.to_owned(),
        source,
    })?;
    parse(&path.display().to_string(), &text)
}

/// The known id with the fewest edits, if they are few enough to be slips of the hand.
fn closest(id: &str, known: &[String]) -> Option<String> {
    known
        .iter()
        .map(|candidate| (strsim::damerau_levenshtein(id, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.len() / 4)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate.clone())
}

#[cfg(test)]
mod tests;
