//! A service that draws: where it is, how it is asked, how fast, and for how much.

use super::{OnFailure, PromptTemplate};
use crate::fetch::without_password;
use crate::record::{Money, canonical_json, sha256_hex};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::num::{NonZeroU32, NonZeroU64};

/// How a service is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, strum::Display)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Dialect {
    /// OpenAI's `images/generations`: a text, one image.
    Openai,
    /// `docs/schemas/http-generator.schema.json`, for servers of one's own.
    Plain,
}

/// How OpenAI's service is to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResponseFormat {
    /// The image in the answer.
    B64Json,
    /// An address of the image, which is read at once.
    Url,
}

/// The section `[http]` of a model card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpCard {
    /// How it is spoken to.
    pub dialect: Dialect,
    /// `openai`: what precedes `/images/generations`; `plain`: the address itself.
    pub base: String,
    /// Variable of the environment that holds the key; without it, none is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_env: Option<String>,
    /// The service's name of the model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Size of the image, as `openai` writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<String>,
    /// Quality, as `openai` writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality: Option<String>,
    /// How `openai` is to answer; models that know no choice have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response_format: Option<ResponseFormat>,
    /// Further fields of the request: `openai` has them beside the others, `plain` as `parameters`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, Value>,
    /// Whether `plain` gets the frames drawn so far.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub earlier_frames: bool,
    /// Most requests a minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests_per_minute: Option<NonZeroU32>,
    /// Requests under way at once.
    #[serde(default = "one")]
    pub concurrency: NonZeroU32,
    /// Tries for a frame.
    #[serde(default = "five")]
    pub attempts: NonZeroU32,
    /// Seconds that a request with its answer may take.
    #[serde(default = "three_minutes")]
    pub timeout_s: NonZeroU64,
    /// Milliseconds before the second try; they double from try to try.
    #[serde(default = "one_second")]
    pub first_wait_ms: NonZeroU64,
    /// Seconds that are waited at most before a try. Where the service asks for more, the run stops.
    #[serde(default = "five_minutes")]
    pub longest_wait_s: NonZeroU64,
    /// What is done when a frame fails for good.
    #[serde(default)]
    pub on_failure: OnFailure,
    /// US dollars per image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price_per_image: Option<Money>,
    /// What `openai` is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<PromptTemplate>,
}

fn one() -> NonZeroU32 {
    NonZeroU32::MIN
}

fn five() -> NonZeroU32 {
    NonZeroU32::MIN.saturating_add(4)
}

fn one_second() -> NonZeroU64 {
    NonZeroU64::MIN.saturating_add(999)
}

fn three_minutes() -> NonZeroU64 {
    NonZeroU64::MIN.saturating_add(179)
}

fn five_minutes() -> NonZeroU64 {
    NonZeroU64::MIN.saturating_add(299)
}

/// Most requests at once, tries, and seconds of a wait that a card may ask for.
const MOST_AT_ONCE: u32 = 64;
const MOST_ATTEMPTS: u32 = 20;
const LONGEST: u64 = 24 * 3600;
/// Fields that the dialects fill themselves.
const OWN: [&str; 6] = ["model", "prompt", "n", "size", "quality", "response_format"];
/// Where keys are put by mistake.
const KEYS: [&str; 9] = [
    "api_key",
    "api-key",
    "apikey",
    "key",
    "authorization",
    "access_token",
    "token",
    "secret",
    "password",
];

impl HttpCard {
    /// The section that an address alone is short for: the plain schema, no key.
    #[must_use]
    pub fn of_address(address: &str) -> Self {
        Self {
            dialect: Dialect::Plain,
            base: address.to_owned(),
            key_env: None,
            model: None,
            size: None,
            quality: None,
            response_format: None,
            parameters: BTreeMap::new(),
            earlier_frames: false,
            requests_per_minute: None,
            concurrency: one(),
            attempts: five(),
            timeout_s: three_minutes(),
            first_wait_ms: one_second(),
            longest_wait_s: five_minutes(),
            on_failure: OnFailure::Stop,
            price_per_image: None,
            prompt: None,
        }
    }

    /// SHA-256 over what an image depends on beside the prompt; not over speed, price and key.
    #[must_use]
    pub fn service_hash(&self) -> String {
        let choices = json!({
            "dialect": self.dialect,
            "base": self.base,
            "model": self.model,
            "size": self.size,
            "quality": self.quality,
            "parameters": self.parameters,
            "earlier_frames": self.earlier_frames,
        });
        sha256_hex(canonical_json(&choices).as_bytes())
    }

    pub(super) fn broken_rule(&self) -> Option<(&'static str, String)> {
        self.broken_address()
            .or_else(|| self.broken_key())
            .or_else(|| self.broken_dialect())
            .or_else(|| self.broken_limit())
            .or_else(|| self.prompt.as_ref().and_then(PromptTemplate::broken_rule))
    }

    fn broken_address(&self) -> Option<(&'static str, String)> {
        let rest = ["https://", "http://"]
            .iter()
            .find_map(|scheme| self.base.strip_prefix(scheme));
        let host = rest.map(|rest| rest.split('/').next().unwrap_or_default());
        let plain = |text: &str| text.chars().all(|c| c.is_ascii_graphic());
        let good = host.is_some_and(|host| !host.is_empty() && !host.starts_with(':'))
            && !self.base.contains(['@', '?', '#', '"', '\\'])
            && plain(&self.base);
        (!good).then(|| {
            let shown = self.base.split(['?', '#']).next().unwrap_or_default();
            (
                "[http] base is an address such as https://host/v1, without user, password and query; a key comes from the variable that key_env names",
                without_password(shown),
            )
        })
    }

    /// What is written where a name belongs may be a key, and is not shown.
    fn broken_key(&self) -> Option<(&'static str, String)> {
        let is_name = |name: &str| {
            name.starts_with(|c: char| c.is_ascii_uppercase())
                && name
                    .chars()
                    .all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
        };
        if let Some(other) = self.key_env.as_ref().filter(|name| !is_name(name)) {
            return Some((
                "[http] key_env is the name of a variable of the environment, in capitals, and not the key itself",
                format!("a text of {} characters", other.chars().count()),
            ));
        }
        let named = |name: &&String| KEYS.contains(&name.to_ascii_lowercase().as_str());
        self.parameters.keys().find(named).map(|name| {
            (
                "no card holds a key; [http] key_env names the variable of the environment that holds it",
                format!("parameters.{name}"),
            )
        })
    }

    fn broken_dialect(&self) -> Option<(&'static str, String)> {
        let given = |name: &'static str, is: bool| is.then(|| name.to_owned());
        let own = |names: &[&str]| {
            let taken = self
                .parameters
                .keys()
                .find(|name| names.contains(&name.as_str()));
            taken.map(|name| {
                (
                    "[http.parameters] holds what no other field says",
                    name.clone(),
                )
            })
        };
        match self.dialect {
            Dialect::Openai => {
                if self.model.is_none() || self.prompt.is_none() {
                    return Some((
                        "the dialect openai has a model and a section [http.prompt]",
                        "one of them is absent".to_owned(),
                    ));
                }
                given("earlier_frames", self.earlier_frames)
                    .map(|name| ("the dialect openai takes no images", name))
                    .or_else(|| own(&OWN))
            }
            Dialect::Plain => given("prompt", self.prompt.is_some())
                .or_else(|| given("size", self.size.is_some()))
                .or_else(|| given("quality", self.quality.is_some()))
                .or_else(|| given("response_format", self.response_format.is_some()))
                .map(|name| {
                    (
                        "the dialect plain sends captions and [http.parameters]; prompt, size, quality and response_format are of openai",
                        name,
                    )
                }),
        }
    }

    fn broken_limit(&self) -> Option<(&'static str, String)> {
        let over = |rule, found: u64, most: u64| (found > most).then(|| (rule, found.to_string()));
        over(
            "[http] concurrency is at most 64",
            self.concurrency.get().into(),
            MOST_AT_ONCE.into(),
        )
        .or_else(|| {
            over(
                "[http] attempts are at most 20",
                self.attempts.get().into(),
                MOST_ATTEMPTS.into(),
            )
        })
        .or_else(|| {
            let longest = self
                .timeout_s
                .max(self.longest_wait_s)
                .get()
                .max(self.first_wait_ms.get() / 1000);
            over("a time of [http] is at most a day", longest, LONGEST)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::card::read::parse;
    use crate::card::{ModelCard, parse_toml};

    const OPENAI: &str = "dialect = \"openai\"\nbase = \"https://api.example/v1\"\nkey_env = \"SOME_KEY\"\nmodel = \"m\"\n";
    const PROMPT: &str =
        "[prompt]\nfirst = \"{caption}\"\nlater = \"{so_far} {caption}\"\nline = \"{caption}\"\n";

    fn card(text: &str) -> HttpCard {
        parse_toml("card.toml", text).unwrap()
    }

    #[test]
    fn cards_without_sense_are_refused() {
        let whole = format!("{OPENAI}{PROMPT}");
        assert_eq!(card(&whole).broken_rule(), None);
        let plain = "dialect = \"plain\"\nbase = \"http://127.0.0.1:8000/draw\"\n";
        assert_eq!(card(plain).broken_rule(), None);
        assert_eq!(
            HttpCard::of_address("http://127.0.0.1:8000/draw"),
            card(plain)
        );
        for (text, found) in [
            (
                whole.replace("https://api", "ftp://api"),
                "ftp://api.example/v1",
            ),
            (
                whole.replace("https://api", "https://me:pw@api"),
                "https://...@api.example/v1",
            ),
            (
                whole.replace("example/v1", "example/v1?key=pw"),
                "https://api.example/v1",
            ),
            (
                whole.replace("SOME_KEY", "sk-0123456789"),
                "a text of 13 characters",
            ),
            (
                whole.replace("model = \"m\"\n", ""),
                "one of them is absent",
            ),
            (OPENAI.to_owned(), "one of them is absent"),
            (
                format!("{OPENAI}earlier_frames = true\n{PROMPT}"),
                "earlier_frames",
            ),
            (format!("{OPENAI}concurrency = 65\n{PROMPT}"), "65"),
            (format!("{OPENAI}attempts = 21\n{PROMPT}"), "21"),
            (format!("{OPENAI}timeout_s = 100000\n{PROMPT}"), "100000"),
            (format!("{whole}[parameters]\nn = 4\n"), "n"),
            (
                format!("{whole}[parameters]\nAPI_Key = \"pw\"\n"),
                "parameters.API_Key",
            ),
            (format!("{plain}size = \"256x256\"\n"), "size"),
            (format!("{plain}{PROMPT}"), "prompt"),
        ] {
            let (rule, shown) = card(&text).broken_rule().expect(found);
            assert_eq!(shown, found, "{rule}");
            assert!(!rule.contains("pw"));
        }
    }

    #[test]
    fn images_depend_on_the_request_and_not_on_speed_or_price() {
        let whole = card(&format!("{OPENAI}{PROMPT}"));
        let same =
            format!("{OPENAI}concurrency = 3\nprice_per_image = 0.04\nattempts = 2\n{PROMPT}");
        assert_eq!(card(&same).service_hash(), whole.service_hash());
        let other = format!("{OPENAI}quality = \"hd\"\n{PROMPT}");
        assert_ne!(card(&other).service_hash(), whole.service_hash());
    }

    #[test]
    fn the_section_belongs_to_the_generator() {
        let head = "id = \"m\"\nname = \"M\"\ndescription = \"d\"\n";
        let section = "[http]\ndialect = \"plain\"\nbase = \"http://h/\"\n";
        let read = |text: &str| parse::<ModelCard>("m.toml", text);
        let with = format!("{head}generator = \"http\"\n{section}");
        assert_eq!(
            read(&with).unwrap().http,
            Some(HttpCard::of_address("http://h/"))
        );
        read(&format!("{head}generator = \"http\"\n")).unwrap_err();
        read(&format!("{head}generator = \"shuffled\"\n{section}")).unwrap_err();
        let short = ModelCard::of_address("http:http://127.0.0.1:81/a/b")
            .unwrap()
            .unwrap();
        assert_eq!(short.id, "http-127.0.0.1-81-a-b");
        assert_eq!(
            ModelCard::of_address("https://h.example/")
                .unwrap()
                .unwrap()
                .id,
            "http-h.example"
        );
        assert!(ModelCard::of_address("storygpt-v").is_none());
        let error = ModelCard::of_address("https://me:pw@h.example/")
            .unwrap()
            .unwrap_err();
        assert!(!format!("{error} {error:?}").contains("pw"), "{error}");
    }
}
