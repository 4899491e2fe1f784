//! Errors of this room.

use super::CardKind;
use crate::record::{FaultKind, Hint, TextVariant};
use std::path::{Path, PathBuf};

/// What can go wrong with a card.
#[derive(Debug, thiserror::Error)]
pub enum CardError {
    /// No card has this id.
    #[error("no {} is called `{id}`; known: {}{}", noun(*kind), known.join(", "), did_you_mean(suggestion.as_deref()))]
    Unknown {
        /// Which kind of card was looked for.
        kind: CardKind,
        /// What was asked for.
        id: String,
        /// The ids there are.
        known: Vec<String>,
        /// The known id that looks most like it, if one does.
        suggestion: Option<String>,
    },
    /// A path that leads to no data set.
    #[error("{}", no_dataset(path))]
    NoDataset {
        /// What was asked for.
        path: PathBuf,
    },
    /// What was given as a worker is no file.
    #[error("there is no program {}", path.display())]
    NoWorker {
        /// What was given.
        path: PathBuf,
    },
    /// A card file could not be read.
    #[error("failed to read card {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A card is not TOML, or not a card of its kind.
    #[error("{path}:{line}:{column}: {message}")]
    Parse {
        /// The file, or `embedded:<kind>/<id>.toml` for a card of the program.
        path: String,
        /// Line, from 1.
        line: usize,
        /// Column in characters, from 1.
        column: usize,
        /// What the TOML reader says.
        message: String,
        /// The reader's own error.
        source: Box<toml::de::Error>,
    },
    /// A card breaks a rule between its fields.
    #[error("{path}: {rule} (found: {found})")]
    Invalid {
        /// The file.
        path: String,
        /// The rule.
        rule: &'static str,
        /// The value on the card.
        found: String,
    },
    /// A card's id is not its file name, so the id would find another card.
    #[error("{path}: the card calls itself `{found}`, its file name says `{wanted}`")]
    IdMismatch {
        /// The file.
        path: String,
        /// The `id` field.
        found: String,
        /// The file's stem.
        wanted: String,
    },
    /// A model wants a text that the protocol does not admit.
    #[error("model `{model}` reads {text:?} text, which protocol `{protocol}` does not admit")]
    TextNotAllowed {
        /// The model.
        model: String,
        /// The protocol.
        protocol: String,
        /// What the model's card asks for.
        text: TextVariant,
    },
}

/// A card of weights is called by the bundle that is made of them.
fn noun(kind: CardKind) -> String {
    match kind {
        CardKind::Weight => "bundle with a card of weights".to_owned(),
        other => other.to_string(),
    }
}

fn did_you_mean(suggestion: Option<&str>) -> String {
    suggestion.map_or_else(String::new, |id| format!("; did you mean `{id}`?"))
}

fn no_dataset(path: &Path) -> String {
    let shown = path.display();
    if path.is_dir() {
        format!("the folder {shown} holds neither dataset.toml nor stories.jsonl")
    } else if path.exists() {
        format!("{shown} is no folder with a data set")
    } else {
        format!("there is no folder {shown}")
    }
}

impl Hint for CardError {
    fn fault_kind(&self) -> FaultKind {
        // A card is part of what the user typed, as a command line is.
        FaultKind::Usage
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Unknown {
                kind, suggestion, ..
            } => match suggestion {
                Some(id) => format!("write `{id}`, or see `storyeval ls {kind}s`"),
                None => format!("see `storyeval ls {kind}s`, or give the path of a .toml card"),
            },
            Self::NoDataset { path } if path.is_dir() => format!(
                "write one story per line into {}/stories.jsonl (docs/bring-my-data.md; `storyeval dataset new DIR` writes a sample); files of a published data set are given with `--dataset ID --data {}`",
                path.display(),
                path.display()
            ),
            Self::NoDataset { .. } => {
                "check the path; `storyeval ls datasets` lists the ids, `storyeval dataset new DIR` begins a data set of your own".to_owned()
            }
            Self::NoWorker { .. } => "give the path of a Python file or of an executable: `--model command:PATH`".to_owned(),
            Self::Read { path, .. } => format!("check it with `ls -l {}`", path.display()),
            Self::Parse { path, line, .. } => {
                format!(
                    "correct line {line} of {path}; keys are checked, a misspelt one is an error"
                )
            }
            Self::Invalid { path, .. } => format!("correct {path}"),
            Self::IdMismatch { path, wanted, .. } => {
                format!("set `id = \"{wanted}\"` in {path}, or rename the file")
            }
            Self::TextNotAllowed { protocol, text, .. } => format!(
                "copy the card of `{protocol}` to eval-configs/protocols/, give it an id of its own and add {} to `text_overrides`",
                crate::record::canonical_json(text)
            ),
        })
    }
}
