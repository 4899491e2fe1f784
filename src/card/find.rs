//! From an id or a path to a card.

use super::read::{Card, parse};
use super::{CardError, DatasetCard, ModelCard, Protocol, SubsetCard, Suite, WeightsCard};
use include_dir::{Dir, include_dir};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
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
    /// [`WeightsCard`]; its id is that of a bundle
    Weight,
}

/// The cards of the program, by folder and file.
static CARDS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/eval-configs");

impl CardKind {
    /// The text of each of the program's cards of this kind by its id, so that a card comes before its variants.
    fn embedded(self) -> BTreeMap<&'static str, &'static str> {
        let folder = CARDS.get_dir(format!("{self}s"));
        let files = folder.into_iter().flat_map(Dir::files);
        files
            .filter_map(|file| {
                let id = file.path().file_stem()?.to_str()?;
                Some((id, file.contents_utf8()?))
            })
            .collect()
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
        None => find(CardKind::Dataset, id_or_path).map_err(|error| match error {
            CardError::Unknown { suggestion, .. }
                if is_path(id_or_path)
                    || suggestion.is_none() && Path::new(id_or_path).is_dir() =>
            {
                CardError::NoDataset {
                    path: id_or_path.into(),
                }
            }
            other => other,
        }),
    }
}

/// Whether a name can only be a path.
fn is_path(name: &str) -> bool {
    name.contains(['/', '\\']) || name.starts_with(['.', '~'])
}

/// Name of the card in a data set's own folder.
const OWN_CARD: &str = "dataset.toml";

/// A folder with a data set of the user's own in the folder layout, named instead of a card. A plain
/// name is an id first: [`passed_over`].
#[must_use]
pub fn own_folder(name: &str) -> Option<&Path> {
    let named = is_path(name) || !is_dataset(name);
    whole_folder(name).filter(|_| named)
}

/// A folder with a data set whose name is also the id of a card, which is taken.
#[must_use]
pub fn passed_over(name: &str) -> Option<&Path> {
    whole_folder(name).filter(|_| own_folder(name).is_none())
}

fn whole_folder(name: &str) -> Option<&Path> {
    let folder = Path::new(name);
    let whole = [OWN_CARD, "stories.jsonl"]
        .iter()
        .any(|file| folder.join(file).is_file());
    (whole && !name.is_empty()).then_some(folder)
}

/// Whether a data set's card has this id.
fn is_dataset(id: &str) -> bool {
    ids(CardKind::Dataset).iter().any(|known| known == id)
}

/// What comes before the path of a worker, in place of a card.
const COMMAND: &str = "command:";
/// Name of the card in the folder of a model.
const MODEL_CARD: &str = "model.toml";

/// Finds a model card by id, or reads it from a path that ends in `.toml`, or from a folder: its `model.toml`.
/// `command:PATH` is a worker without a card, the address of a server a card in short.
///
/// # Errors
/// [`CardError`] when there is no such card, or it cannot be read.
pub fn model(id_or_path: &str) -> Result<ModelCard, CardError> {
    if let Some(path) = id_or_path.strip_prefix(COMMAND) {
        return worker(Path::new(path));
    }
    if let Some(card) = ModelCard::of_address(id_or_path) {
        return card;
    }
    let file = model_file(id_or_path);
    let mut card: ModelCard = match &file {
        Some(file) if is_path(id_or_path) => read(file)?,
        _ => find(CardKind::Model, id_or_path)?,
    };
    if let Some(command) = &mut card.command {
        let folder = file.as_deref().and_then(Path::parent);
        folder
            .unwrap_or(Path::new(""))
            .clone_into(&mut command.folder);
    }
    Ok(card)
}

/// The file of a model's card, where it is one of the user's.
fn model_file(id_or_path: &str) -> Option<PathBuf> {
    let path = Path::new(id_or_path);
    if path.extension().is_some_and(|it| it == "toml") {
        return Some(path.to_owned());
    }
    let inside = path.join(MODEL_CARD);
    if is_path(id_or_path) && inside.is_file() {
        return Some(inside);
    }
    let own = CardKind::Model.folder().join(format!("{id_or_path}.toml"));
    own.is_file().then_some(own)
}

fn worker(path: &Path) -> Result<ModelCard, CardError> {
    if path.is_file() {
        Ok(ModelCard::of_command(path))
    } else {
        Err(CardError::NoWorker {
            path: path.to_owned(),
        })
    }
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

/// Finds the card of published weights by the id of their bundle, or reads it from a path that ends in `.toml`.
///
/// # Errors
/// [`CardError`] when there is no such card, or it cannot be read.
pub fn weights(id_or_path: &str) -> Result<WeightsCard, CardError> {
    find(CardKind::Weight, id_or_path)
}

/// The data set card of the program, whatever the user's own cards say; `None` where it has none.
#[must_use]
pub fn shipped_dataset(id: &str) -> Option<DatasetCard> {
    let text = *CardKind::Dataset.embedded().get(id)?;
    parse(&format!("embedded:datasets/{id}.toml"), text).ok()
}

/// Ids of all cards of a kind: those of the program, then the user's, each by name.
#[must_use]
pub fn ids(kind: CardKind) -> Vec<String> {
    ids_below(kind, &kind.folder())
}

/// A card in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CardSummary {
    /// Its id.
    pub id: String,
    /// What it is, in a line.
    pub about: String,
}

/// Every card of a kind. A broken one of the user's is listed with its error, so that the others stay visible.
#[must_use]
pub fn summaries(kind: CardKind) -> Vec<CardSummary> {
    let summary = |id: String| {
        let about = match kind {
            CardKind::Dataset => dataset(&id).map(|card| card.name),
            CardKind::Model => model(&id).map(|card| card.description),
            CardKind::Protocol => protocol(&id).map(|card| card.description),
            CardKind::Suite => suite(&id).map(|card| card.description),
            CardKind::Subset => subset(&id).map(|card| card.description),
            CardKind::Weight => weights(&id).map(|card| card.title),
        };
        let about = about.unwrap_or_else(|error| format!("broken card: {error}"));
        CardSummary { id, about }
    };
    ids(kind).into_iter().map(summary).collect()
}

fn ids_below(kind: CardKind, folder: &Path) -> Vec<String> {
    let mut ids: Vec<String> = kind.embedded().into_keys().map(ToOwned::to_owned).collect();
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
    let found = source_below(kind, id_or_path, folder)?;
    let card: C = parse(&found.name, &found.text)?;
    if found.by_id && card.id() != id_or_path {
        return Err(CardError::IdMismatch {
            path: found.name,
            found: card.id().to_owned(),
            wanted: id_or_path.to_owned(),
        });
    }
    Ok(card)
}

/// The text of a card as it was written, comments included: what a card of one's own begins with.
///
/// # Errors
/// [`CardError`] when there is no such card, or it cannot be read.
pub fn text(kind: CardKind, id_or_path: &str) -> Result<String, CardError> {
    if kind == CardKind::Dataset
        && let Some(folder) = own_folder(id_or_path)
    {
        return Ok(read_text(&folder.join(OWN_CARD))?.text);
    }
    Ok(source_below(kind, id_or_path, &kind.folder())?.text)
}

/// The text of a card and where it is from.
struct Source {
    /// For messages.
    name: String,
    text: String,
    /// Whether the file was chosen by the card's id.
    by_id: bool,
}

fn source_below(kind: CardKind, id_or_path: &str, folder: &Path) -> Result<Source, CardError> {
    if Path::new(id_or_path)
        .extension()
        .is_some_and(|extension| extension == "toml")
    {
        return read_text(Path::new(id_or_path));
    }
    // An id is a plain name, so it cannot lead out of the folder of cards.
    let plain = !id_or_path.is_empty()
        && id_or_path
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    let own = folder.join(format!("{id_or_path}.toml"));
    if plain && own.is_file() {
        let by_id = true;
        return Ok(Source {
            by_id,
            ..read_text(&own)?
        });
    }
    if let Some(text) = kind.embedded().get(id_or_path) {
        return Ok(Source {
            name: format!("embedded:{kind}s/{id_or_path}.toml"),
            text: (*text).to_owned(),
            by_id: false,
        });
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
    let source = read_text(path)?;
    parse(&source.name, &source.text)
}

fn read_text(path: &Path) -> Result<Source, CardError> {
    let text = std::fs::read_to_string(path).map_err(|source| CardError::Read {
        path: path.to_owned(),
        source,
    })?;
    Ok(Source {
        name: path.display().to_string(),
        text,
        by_id: false,
    })
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
