//! The card of a model: which generator, which weights, which text.

use super::read::Card;
use super::{CardError, HttpCard, NeededFile};
use crate::fetch::without_password;
use crate::record::{TextVariant, canonical_json, sha256_hex};
use serde::{Deserialize, Serialize};

/// Which generator draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GeneratorKind {
    /// Frame 1 by the character diffusion model, later frames with the language model's context.
    StorygptV,
    /// The character diffusion model alone, frame by frame.
    CharLdm,
    /// The data set's own frames: the upper bound.
    GroundTruth,
    /// Frames of other stories: the lower bound.
    Shuffled,
    /// A service that draws a frame per request: the section `[http]`.
    Http,
    /// Frames that another program drew: `storyeval score --images`.
    Images,
}

impl GeneratorKind {
    /// Whether it may refuse to draw a frame, so that its refusals are a metric of its runs.
    #[must_use]
    pub fn may_refuse(self) -> bool {
        self == Self::Http
    }
}

/// Everything the suite must know about a model before it loads it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelCard {
    /// What the user types.
    pub id: String,
    /// What tables print.
    pub name: String,
    /// What it is, in a sentence.
    pub description: String,
    /// Which generator draws.
    pub generator: GeneratorKind,
    /// Id of the bundle that holds the weights; generators without weights have none.
    #[serde(default)]
    pub bundle: Option<String>,
    /// Id of the published model that this one is a miniature of: the row of a published table that it may be printed beside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counterpart: Option<String>,
    /// Text the model reads instead of the protocol's.
    #[serde(default)]
    pub text: Option<TextVariant>,
    /// Where the authors publish the weights, when they are not shipped with the suite.
    #[serde(default)]
    pub published_at: Option<String>,
    /// Licence or terms of the weights.
    #[serde(default)]
    pub licence: Option<String>,
    /// Known traps, one per line.
    #[serde(default)]
    pub notes: Vec<String>,
    /// Model and arguments of the exporter, without `--out`: what follows `python -m storyeval_export`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub export: Option<String>,
    /// Upstream files that the bundle is made from.
    #[serde(default)]
    pub files: Vec<NeededFile>,
    /// The service that draws, of generators of that kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http: Option<HttpCard>,
}

/// What precedes an address where it takes the place of a card.
const ADDRESS: &str = "http:";

impl ModelCard {
    /// SHA-256 of the canonical JSON of the card.
    #[must_use]
    pub fn hash(&self) -> String {
        sha256_hex(canonical_json(self).as_bytes())
    }

    /// The card that an address is short for, `http://..`, `https://..` or `http:ADDRESS`: a server of the plain schema.
    /// `None` where `name` is no address.
    pub(super) fn of_address(name: &str) -> Option<Result<Self, CardError>> {
        let address = [name, name.strip_prefix(ADDRESS).unwrap_or_default()]
            .into_iter()
            .find(|it| it.starts_with("http://") || it.starts_with("https://"))?;
        let place = address.split_once("://").map_or("", |(_, place)| place);
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_');
        let words = place
            .split(|c: char| !plain(c))
            .filter(|word| !word.is_empty());
        let id: String = [&["http"][..], &words.collect::<Vec<_>>()]
            .concat()
            .join("-");
        let card = Self {
            id: id.chars().take(100).collect(),
            name: place.trim_end_matches('/').to_owned(),
            description: format!(
                "a server of the plain schema at {}",
                without_password(address)
            ),
            generator: GeneratorKind::Http,
            bundle: None,
            counterpart: None,
            text: None,
            published_at: None,
            licence: None,
            notes: Vec::new(),
            export: None,
            files: Vec::new(),
            http: Some(HttpCard::of_address(address)),
        };
        Some(card.check(&without_password(name)).map(|()| card))
    }

    pub(super) fn broken_rule(&self) -> Option<(&'static str, String)> {
        let serves = self.generator == GeneratorKind::Http;
        if serves != self.http.is_some() {
            let found = if serves { "no [http]" } else { "[http]" };
            return Some((
                "generator http has a section [http], other generators have none",
                found.to_owned(),
            ));
        }
        if let Some(broken) = self.http.as_ref().and_then(HttpCard::broken_rule) {
            return Some(broken);
        }
        let needs = matches!(
            self.generator,
            GeneratorKind::StorygptV | GeneratorKind::CharLdm
        );
        let found = self.bundle.as_deref().unwrap_or("no bundle");
        (needs != self.bundle.is_some()).then(|| {
            (
                "storygpt-v and char-ldm name a bundle, other generators do not",
                found.to_owned(),
            )
        })
    }
}
