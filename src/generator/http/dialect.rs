//! What a dialect of services has to say.

use super::fault::ServiceFault;
use super::{openai, plain};
use crate::card::{Dialect, HttpCard};
use crate::fetch::Reply;
use crate::record::StoryId;
use image::RgbImage;
use serde_json::Value;

/// The frame that is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ask<'a> {
    pub(super) story: &'a StoryId,
    /// Of the story.
    pub(super) seed: u64,
    /// Captions of the story so far; the last one is drawn.
    pub(super) captions: &'a [&'a str],
    /// Frames of the story.
    pub(super) frames: usize,
    /// Frames that are there, by position from 1; empty where they are not sent.
    pub(super) earlier: &'a [(usize, &'a RgbImage)],
}

/// A request, and what a reader of the journal should know of it.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) body: Value,
    pub(super) note: Option<String>,
}

/// What an answer holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// The bytes of an image file.
    Image(Vec<u8>),
    /// Where the image is.
    Link(String),
    /// Why there is none.
    Refused(String),
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) content: Content,
    pub(super) note: Option<String>,
}

/// How a kind of service is spoken to.
pub(super) trait Speak: Send + Sync {
    /// Where requests go.
    fn address(&self) -> String;
    /// The request for a frame.
    fn request(&self, ask: &Ask<'_>) -> Result<Request, ServiceFault>;
    /// What an answer of success holds.
    fn answer(&self, reply: &Reply) -> Result<Answer, ServiceFault>;
    /// Why the service refuses to draw, where an answer of another status says that it does.
    fn refusal(&self, reply: &Reply) -> Option<String>;
}

/// The one that a card names.
pub(super) fn of_card(card: &HttpCard) -> Box<dyn Speak> {
    match card.dialect {
        Dialect::Openai => Box::new(openai::Openai::new(card)),
        Dialect::Plain => Box::new(plain::Plain::new(card)),
    }
}

/// An answer that is not understood.
pub(super) fn no_answer(address: &str, what: impl Into<String>) -> ServiceFault {
    ServiceFault::Answer {
        address: address.to_owned(),
        what: what.into(),
        cut: false,
    }
}

/// The JSON of an answer.
pub(super) fn json(address: &str, body: &[u8]) -> Result<Value, ServiceFault> {
    serde_json::from_slice(body).map_err(|error| ServiceFault::Answer {
        address: address.to_owned(),
        what: format!("no JSON ({error})"),
        cut: error.is_eof(),
    })
}

/// Bytes that stand as base64 in an answer.
pub(super) fn bytes(address: &str, text: &str) -> Result<Vec<u8>, ServiceFault> {
    // `data:image/png;base64,` may precede it.
    let text = match text.strip_prefix("data:") {
        Some(rest) => rest.split_once(',').map_or("", |(_, data)| data),
        None => text,
    };
    base64::decode(text.trim())
        .map_err(|error| no_answer(address, format!("its image is no base64 ({error})")))
}

/// What a service says in an answer that is an error: OpenAI's form, others that are common, or plain text.
pub(super) fn words(reply: &Reply) -> String {
    let found = serde_json::from_slice::<Value>(&reply.body).ok();
    let said = found.as_ref().and_then(|value| {
        let places = [
            "/error/message",
            "/error",
            "/message",
            "/detail",
            "/refused",
        ];
        places
            .iter()
            .find_map(|place| value.pointer(place)?.as_str())
    });
    let text = match said {
        Some(text) => text.to_owned(),
        None => String::from_utf8_lossy(&reply.body[..reply.body.len().min(4096)]).into_owned(),
    };
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
