//! From TOML text to a typed card, with the line of a mistake.

use super::{CardError, DatasetCard, ModelCard, Protocol, SubsetCard, Suite, WeightsCard};
use serde::de::DeserializeOwned;

/// A rule between fields, and what breaks it.
pub(super) type BrokenRule = (&'static str, String);

/// A kind of card.
pub(super) trait Card: DeserializeOwned {
    /// The card's own id.
    fn id(&self) -> &str;
    /// What a type cannot express: the rule that is broken, and how.
    fn broken_rule(&self) -> Option<BrokenRule>;

    /// Refuses a card that breaks a rule; `path` is only for messages.
    fn check(&self, path: &str) -> Result<(), CardError> {
        match self.broken_rule() {
            None => Ok(()),
            Some((rule, found)) => Err(CardError::Invalid {
                path: path.to_owned(),
                rule,
                found,
            }),
        }
    }
}

macro_rules! card {
    ($kind:ty) => {
        impl Card for $kind {
            fn id(&self) -> &str {
                &self.id
            }
            fn broken_rule(&self) -> Option<BrokenRule> {
                <$kind>::broken_rule(self)
            }
        }
    };
}

card!(DatasetCard);
card!(ModelCard);
card!(Protocol);
card!(Suite);
card!(SubsetCard);
card!(WeightsCard);

/// Reads a card from `text`; `path` is only for messages.
pub(super) fn parse<C: Card>(path: &str, text: &str) -> Result<C, CardError> {
    let card: C = parse_toml(path, text)?;
    if !is_id(card.id()) {
        return Err(CardError::Invalid {
            path: path.to_owned(),
            rule: "an id, which names folders too, is of letters, digits, `-`, `_` and `.`, begins with a letter or digit and has at most 100 bytes",
            found: card.id().chars().take(100).collect(),
        });
    }
    card.check(path)?;
    Ok(card)
}

/// Whether a text can be an id: it names folders, and cards come with data of others.
fn is_id(text: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    text.len() <= 100 && text.starts_with(char::is_alphanumeric) && text.chars().all(plain)
}

/// Reads TOML of any kind; `path` is only for messages.
///
/// # Errors
/// [`CardError::Parse`], with the place.
pub fn parse_toml<T: DeserializeOwned>(path: &str, text: &str) -> Result<T, CardError> {
    toml::from_str(text).map_err(|error| located(path, text, error))
}

fn located(path: &str, text: &str, error: toml::de::Error) -> CardError {
    let start = error.span().map_or(0, |span| span.start.min(text.len()));
    let before = text.get(..start).unwrap_or_default();
    CardError::Parse {
        path: path.to_owned(),
        line: before.matches('\n').count() + 1,
        column: before.chars().rev().take_while(|c| *c != '\n').count() + 1,
        message: error.message().replace('\n', " "),
        source: Box::new(error),
    }
}
