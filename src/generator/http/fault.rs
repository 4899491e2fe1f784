//! Why a service did not give a frame.

use crate::fetch::FetchError;
use crate::record::{CallerError, FaultKind, Hint};
use crate::vision::VisionError;
use std::path::PathBuf;
use std::time::Duration;

/// Why a service did not give a frame. No text of it holds the key.
#[derive(Debug, thiserror::Error)]
pub enum ServiceFault {
    /// The variable with the key is not set.
    #[error("the variable {variable}, which should hold the key of the service, is not set")]
    NoKey {
        /// Its name.
        variable: String,
    },
    /// The variable holds what no header can.
    #[error("the variable {variable} holds no key: it has characters that a request cannot carry")]
    BadKey {
        /// Its name.
        variable: String,
    },
    /// The service does not know the key, or does not let it do this.
    #[error("{address}: the service refuses access ({status}){}", said(message))]
    NotAllowed {
        /// Where the request went.
        address: String,
        /// HTTP status.
        status: u16,
        /// Variable that holds the key, where one was sent.
        variable: Option<String>,
        /// What the service says.
        message: String,
    },
    /// The account has no money left.
    #[error(
        "{address}: the account of the key has nothing left to spend{}",
        said(message)
    )]
    Quota {
        /// Where the request went.
        address: String,
        /// What the service says.
        message: String,
    },
    /// The service answers with an error.
    #[error("{address}: the service answers {status}{}", said(message))]
    Status {
        /// Where the request went.
        address: String,
        /// HTTP status.
        status: u16,
        /// How long it asks to wait.
        wait: Option<Duration>,
        /// What it says.
        message: String,
    },
    /// The service asks for a longer wait than the card allows.
    #[error("the service asks to wait {} s, and the card allows {} s", asked.as_secs(), most.as_secs())]
    TooBusy {
        /// What it asks for.
        asked: Duration,
        /// What the card allows.
        most: Duration,
    },
    /// No whole answer came.
    #[error(transparent)]
    Fetch(FetchError),
    /// The answer is none of the dialect.
    #[error("{address}: the answer is not understood: {what}")]
    Answer {
        /// Where it came from.
        address: String,
        /// What is wrong with it.
        what: String,
        /// Whether it ends too early, so that another try may bring the whole.
        cut: bool,
    },
    /// The answer's image cannot be used.
    #[error("the image of the answer cannot be used")]
    Image {
        /// What is wrong with it.
        source: VisionError,
    },
    /// The prompt is longer than the service takes, even without the story so far.
    #[error(
        "the prompt has {characters} characters without the story so far, and the service takes {longest}"
    )]
    PromptTooLong {
        /// Its length.
        characters: usize,
        /// What the card allows.
        longest: usize,
    },
    /// A frame could not be written as PNG for the request.
    #[error("failed to encode frame {frame} for the request")]
    Earlier {
        /// Its position, from 1.
        frame: usize,
        /// Why.
        source: VisionError,
    },
    /// Every try failed.
    #[error("{attempts} tries failed")]
    Attempts {
        /// How many.
        attempts: u32,
        /// The last one.
        source: Box<ServiceFault>,
    },
    /// The caller does not allow another request, or could not note it.
    #[error(transparent)]
    Budget(CallerError),
    /// The cache of answers cannot be used.
    #[error("failed to use {}", path.display())]
    Cache {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The caller stopped the work.
    #[error("stopped")]
    Stopped,
}

fn said(message: &str) -> String {
    if message.is_empty() {
        String::new()
    } else {
        format!(": {message}")
    }
}

impl ServiceFault {
    /// Whether the same request may succeed in a moment.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::Status { status, .. } => matches!(status, 408 | 409 | 425 | 429 | 500..),
            Self::Fetch(error) => error.may_pass(),
            Self::Answer { cut, .. } => *cut,
            _ => false,
        }
    }

    /// Whether it is of this frame alone, so that others may still be drawn.
    pub(super) fn is_of_frame(&self) -> bool {
        match self {
            Self::Attempts { .. }
            | Self::Answer { .. }
            | Self::Image { .. }
            | Self::PromptTooLong { .. }
            | Self::Fetch(FetchError::TooLarge { .. }) => true,
            Self::Status { status, .. } => matches!(status, 400 | 413 | 422),
            _ => false,
        }
    }

    /// How long the service asks to wait.
    pub(super) fn wait(&self) -> Option<Duration> {
        match self {
            Self::Status { wait, .. } => *wait,
            _ => None,
        }
    }

    /// The message with those of its causes.
    pub(super) fn in_full(&self) -> String {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            text = format!("{text}: {error}");
            cause = error.source();
        }
        text
    }
}

impl Hint for ServiceFault {
    fn fault_kind(&self) -> FaultKind {
        match self {
            Self::Fetch(error) => error.fault_kind(),
            Self::Budget(error) => error.fault_kind(),
            Self::Attempts { source, .. } => source.fault_kind(),
            Self::Answer { .. } | Self::Image { .. } => FaultKind::DataVerification,
            Self::PromptTooLong { .. } => FaultKind::Usage,
            Self::TooBusy { .. } | Self::Stopped => FaultKind::Partial,
            Self::Cache { .. } => FaultKind::Output,
            Self::Earlier { .. } => FaultKind::Bug,
            _ => FaultKind::Setup,
        }
    }

    fn hint(&self) -> Option<String> {
        const GO_ON: &str =
            "everything drawn is kept; run the same command again later, and it goes on from there";
        Some(match self {
            Self::NoKey { variable } => format!("set it with `export {variable}=...`"),
            Self::BadKey { variable } => format!("correct {variable}: it holds the key alone, on one line"),
            Self::NotAllowed { variable, .. } => match variable {
                Some(variable) => format!("check the key in {variable}, and what its account may do"),
                None => "name the variable that holds the key as `key_env` in [http] of the model's card".to_owned(),
            },
            Self::Quota { .. } => format!("add money to the account; {GO_ON}"),
            Self::Fetch(error) => return error.hint(),
            Self::Budget(error) => return error.hint(),
            Self::Attempts { source, .. } if source.may_pass() => {
                format!("{GO_ON}; `on_failure = \"skip\"` in [http] of the model's card leaves such frames out")
            }
            Self::Attempts { source, .. } => return source.hint(),
            Self::Status { .. } => "check model, size and parameters in [http] of the model's card".to_owned(),
            Self::TooBusy { .. } | Self::Stopped => GO_ON.to_owned(),
            Self::Answer { .. } | Self::Image { .. } => {
                "check `dialect` and `base` in [http] of the model's card; docs/http-generators.md has what a server answers".to_owned()
            }
            Self::PromptTooLong { .. } => "shorten [http.prompt] of the model's card".to_owned(),
            Self::Cache { .. } => "choose a cache folder that you can write to with `--cache DIR` or STORYEVAL_CACHE".to_owned(),
            Self::Earlier { .. } => return None,
        })
    }
}
