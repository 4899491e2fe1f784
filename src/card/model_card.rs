//! The card of a model: which generator, which weights, which text.

use super::protocol::is_default;
use super::read::Card;
use super::{CardError, CommandCard, HttpCard, NeededFile, Sampling, StoryReading};
use crate::fetch::without_password;
use crate::record::{TextVariant, canonical_json, sha256_hex};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::path::Path;

/// Which generator draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, strum::Display)]
#[strum(serialize_all = "kebab-case")]
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
    /// A worker: another program, which storyeval starts and talks to.
    Command,
}

impl GeneratorKind {
    /// Whether it may refuse to draw a frame, so that its refusals are a metric of its runs.
    #[must_use]
    pub fn may_refuse(self) -> bool {
        matches!(self, Self::Http | Self::Command)
    }
}

/// Everything the suite must know about a model before it loads it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
    /// What the language model reads of the story so far. Left out of the hash where it is everything.
    #[serde(default, skip_serializing_if = "is_default")]
    pub reads: StoryReading,
    /// Id of the bundle whose graphs make the language model write captions, where that of the weights has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub writer: Option<String>,
    /// How it writes captions, where the bundle's way is not to be taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sampling: Option<Sampling>,
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
    /// Worker of the repository's `examples/` that draws with the authors' own code, where another program draws.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker: Option<String>,
    /// Settings of the published frames; the worker's defaults are these.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub settings: Map<String, Value>,
    /// Model and arguments of the exporter, without `--out`: what follows `python -m storyeval_export`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub export: Option<String>,
    /// Upstream files that the bundle is made from.
    #[serde(default)]
    pub files: Vec<NeededFile>,
    /// The worker, of the generator `command`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<CommandCard>,
    /// The service that draws, of generators of that kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http: Option<HttpCard>,
}

/// What precedes an address where it takes the place of a card.
const ADDRESS: &str = "http:";

impl ModelCard {
    /// The card of a generator that is named by its id, and of which nothing else is known.
    #[must_use]
    pub fn new(id: String, generator: GeneratorKind) -> Self {
        Self {
            name: id.clone(),
            id,
            description: String::new(),
            generator,
            bundle: None,
            counterpart: None,
            text: None,
            reads: StoryReading::default(),
            writer: None,
            sampling: None,
            published_at: None,
            licence: None,
            notes: Vec::new(),
            worker: None,
            settings: Map::new(),
            export: None,
            files: Vec::new(),
            command: None,
            http: None,
        }
    }

    /// How it is drawn by the worker that its card names: the page that says what to clone and how to start it.
    #[must_use]
    pub fn drawn_by(&self) -> Option<String> {
        let worker = self.worker.as_deref()?;
        Some(format!(
            "{worker} draws its frames, see docs/bring-my-model.md#{}",
            self.id
        ))
    }

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
            name: place.trim_end_matches('/').to_owned(),
            description: format!(
                "a server of the plain schema at {}",
                without_password(address)
            ),
            http: Some(HttpCard::of_address(address)),
            ..Self::new(id.chars().take(100).collect(), GeneratorKind::Http)
        };
        Some(card.check(&without_password(name)).map(|()| card))
    }

    /// What the card chooses of how the bundle draws and writes, with the hash of the bundle that writes, as canonical
    /// JSON; `None` where it leaves everything as the bundle has it.
    #[must_use]
    pub fn drawing(&self, writer_hash: Option<&str>) -> Option<String> {
        let mut chosen = serde_json::Map::new();
        if !is_default(&self.reads) {
            chosen.insert("reads".to_owned(), serde_json::json!(self.reads));
        }
        if let Some(sampling) = &self.sampling {
            chosen.insert("sampling".to_owned(), serde_json::json!(sampling));
        }
        if let Some(hash) = writer_hash {
            chosen.insert("writer".to_owned(), hash.into());
        }
        (!chosen.is_empty()).then(|| canonical_json(&chosen))
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
        if self.generator != GeneratorKind::StorygptV
            && (self.writer.is_some() || self.sampling.is_some() || !is_default(&self.reads))
        {
            return Some((
                "reads, writer and sampling are of a language model: generator = \"storygpt-v\"",
                format!("generator = \"{}\"", self.generator),
            ));
        }
        if let Some((key, wanted)) = self.sampling.as_ref().and_then(Sampling::broken) {
            return Some((
                "sampling: temperature is from 0 to 100, top_p above 0 and at most 1, top_k and max_tokens at least 1, no stop empty",
                format!("{key}, which {wanted}"),
            ));
        }
        let found = self.bundle.as_deref().unwrap_or("no bundle");
        if needs != self.bundle.is_some() {
            return Some((
                "storygpt-v and char-ldm name a bundle, other generators do not",
                found.to_owned(),
            ));
        }
        let is_command = self.generator == GeneratorKind::Command;
        if is_command != self.command.is_some() {
            return Some((
                "the generator command has a section [command], others have none",
                if is_command { "none" } else { "[command]" }.to_owned(),
            ));
        }
        self.command.as_ref().and_then(CommandCard::broken_rule)
    }

    /// The card of a worker in short: `--model command:PATH`.
    #[must_use]
    pub fn of_command(path: &Path) -> Self {
        let name = path.file_stem().unwrap_or(path.as_os_str());
        let name = name.to_string_lossy().into_owned();
        Self {
            id: plain_id(&name),
            description: "a worker, given by its path".to_owned(),
            command: Some(CommandCard::of_path(path)),
            ..Self::new(name, GeneratorKind::Command)
        }
    }
}

/// An id made of a name: it names folders, so what cannot be in it is left out.
#[must_use]
pub fn plain_id(name: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    // Of letters with most bytes, 25 are the longest that an id may be.
    let id: String = name.chars().filter(|c| plain(*c)).take(25).collect();
    let id = id.trim_start_matches(|c: char| !c.is_alphanumeric());
    if id.is_empty() { "model" } else { id }.to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::{CommandCard, OnFailure, parse_toml};
    use super::*;
    use crate::card;

    fn broken(lines: &str) -> &'static str {
        let text = format!("id = \"m\"\nname = \"m\"\ndescription = \"\"\n{lines}");
        let card: ModelCard = parse_toml("m", &text).unwrap();
        card.broken_rule().map_or("", |(rule, _)| rule)
    }

    #[test]
    fn a_worker_in_short_is_found_where_its_file_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("my model.v2.py");
        std::fs::write(&path, "").unwrap();
        let named = format!("command:{}", path.display());
        let card = card::model(&named).unwrap();
        assert_eq!(
            (card.id.as_str(), card.name.as_str()),
            ("mymodel.v2", "my model.v2")
        );
        let command = card.command.unwrap();
        assert_eq!(command.program, ["python3", "my model.v2.py"]);
        assert_eq!(command.folder, folder.path());
        assert_eq!(
            CommandCard::of_path(Path::new("a/draw")).program,
            ["./draw"]
        );
        let missing = card::model("command:no/such.py").unwrap_err();
        assert_eq!(missing.to_string(), "there is no program no/such.py");
        assert_eq!(plain_id("--!"), "model");
    }

    #[test]
    fn a_card_of_a_worker_is_checked() {
        let section = "generator = \"command\"\n[command]\nprogram = [\"python3\", \"w.py\"]\n";
        assert_eq!(broken(section), "");
        assert!(broken("generator = \"command\"").contains("has a section [command]"));
        let other = section.replacen("command", "shuffled", 1);
        assert!(broken(&other).contains("others have none"));
        assert!(
            broken(&section.replace("\"python3\", \"w.py\"", "")).contains("holds the program")
        );
        for (line, rule) in [
            ("environment = [\"KEY=sk-1\"]", "never values"),
            ("devices = [\"gpu\"]", "`cpu` and `cuda:N`"),
            ("workers = 1000", "at most 256"),
        ] {
            assert!(broken(&format!("{section}{line}")).contains(rule), "{line}");
        }
        let text = format!("id = \"m\"\nname = \"m\"\ndescription = \"\"\n{section}silence_s = 0");
        assert!(parse_toml::<ModelCard>("m", &text).is_err());
    }

    #[test]
    fn only_what_frames_depend_on_is_hashed() {
        let card = CommandCard::of_path(Path::new("w.py"));
        let hash = |card: &CommandCard| card.content_hash(&std::collections::BTreeMap::new());
        let mut slower = card.clone();
        slower.on_failure = OnFailure::Skip;
        slower.workers = std::num::NonZeroUsize::new(4);
        slower.folder = "elsewhere".into();
        assert_eq!(hash(&slower), hash(&card));
        slower.options.insert("steps".to_owned(), 50.into());
        assert_ne!(hash(&slower), hash(&card));
    }
}
