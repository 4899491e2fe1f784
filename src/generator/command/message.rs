//! What storyeval and a worker say to each other: one JSON object per line.

use crate::record::{Reading, StoryContext};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Version of the protocol.
pub(super) const PROTOCOL: u32 = 1;
/// Longest line of a worker, in bytes.
pub(super) const MAX_LINE: usize = 64 << 20;

/// What storyeval says.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(super) enum Request<'a> {
    /// The first line.
    Hello(Hello<'a>),
    /// Frames to draw.
    Draw {
        /// Number of the request.
        id: u64,
        /// The stories, together.
        stories: Vec<StoryRequest>,
    },
    /// The end.
    Bye,
}

/// What a worker has to know before it loads its model.
#[derive(Debug, Serialize)]
pub(super) struct Hello<'a> {
    pub(super) protocol: u32,
    pub(super) program: &'static str,
    pub(super) model: &'a str,
    pub(super) seed: u64,
    pub(super) device: &'a str,
    pub(super) worker: usize,
    pub(super) workers: usize,
    pub(super) scratch: &'a str,
    pub(super) options: &'a Map<String, Value>,
}

/// A story of a request.
#[derive(Debug, Serialize)]
pub(super) struct StoryRequest {
    pub(super) story: String,
    /// Below 2^53, so that every language reads it exactly.
    pub(super) seed: u64,
    pub(super) frames: Vec<FrameRequest>,
    pub(super) earlier: Vec<EarlierFrame>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) cast: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) references: Vec<Reference>,
}

/// A frame of a request.
#[derive(Debug, Serialize)]
pub(super) struct FrameRequest {
    pub(super) index: u32,
    pub(super) caption: String,
    pub(super) referential: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) original: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) names: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) latents: Option<String>,
    pub(super) draw: bool,
}

/// A frame that exists.
#[derive(Debug, Serialize)]
pub(super) struct EarlierFrame {
    pub(super) index: u32,
    pub(super) path: String,
}

/// A reference image.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Reference {
    pub(super) name: String,
    pub(super) path: String,
}

/// What a worker says. Fields that are not known are passed over.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(super) enum Reply {
    /// It has loaded its model.
    Ready(Ready),
    /// It is at work.
    Heartbeat {
        /// The request that it works on.
        id: u64,
    },
    /// A frame.
    Frame(Box<FrameReply>),
    /// Every frame of a request was sent.
    Done {
        /// The request.
        id: u64,
    },
    /// It cannot do what it was asked for.
    Error {
        /// The request; none before the worker is ready.
        #[serde(default)]
        id: Option<u64>,
        message: String,
        /// Whether trying again may help.
        #[serde(default = "yes")]
        retry: bool,
    },
}

fn yes() -> bool {
    true
}

/// How a worker introduces itself.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Ready {
    pub(super) protocol: u32,
    pub(super) name: String,
    pub(super) version: String,
    #[serde(default)]
    pub(super) device: Option<String>,
    #[serde(default = "one")]
    pub(super) batch: usize,
    #[serde(default = "whole_story")]
    pub(super) context: StoryContext,
    #[serde(default)]
    pub(super) earlier_frames: bool,
    #[serde(default)]
    pub(super) reads: Vec<Reading>,
    #[serde(default)]
    pub(super) latents: Option<[usize; 3]>,
}

fn one() -> usize {
    1
}

fn whole_story() -> StoryContext {
    StoryContext::Story
}

/// Of a `ready` of another version, what can be understood.
#[derive(Debug, Deserialize)]
pub(super) struct Version {
    pub(super) protocol: Option<u32>,
}

/// A frame as a worker sends it: one of `path`, `png` and `refused`.
#[derive(Debug, Deserialize)]
pub(super) struct FrameReply {
    pub(super) id: u64,
    pub(super) story: String,
    pub(super) index: u32,
    #[serde(default)]
    pub(super) path: Option<String>,
    #[serde(default)]
    pub(super) png: Option<String>,
    #[serde(default)]
    pub(super) refused: Option<String>,
    #[serde(default)]
    pub(super) seconds: Option<f64>,
    #[serde(default)]
    pub(super) peak_memory_bytes: Option<u64>,
    #[serde(default)]
    pub(super) note: Option<String>,
    #[serde(default)]
    pub(super) text: Option<String>,
}
