//! `[command]` of a model's card: a worker, another program that draws.

use super::OnFailure;
use super::read::BrokenRule;
use crate::record::{canonical_json, sha256_hex};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::num::{NonZeroU64, NonZeroUsize};
use std::path::{Path, PathBuf};

/// Most workers of a model.
const MOST_WORKERS: usize = 256;

/// How a worker is started, and how long it may take. docs/bring-my-model.md describes what it reads and writes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommandCard {
    /// The program and its arguments. A first word without a slash is found in PATH; one with a slash is relative to
    /// the card's folder, in which the worker starts.
    pub program: Vec<String>,
    /// Workers at once, where `--workers` says nothing: one per device otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workers: Option<NonZeroUsize>,
    /// Seconds in which a worker that draws has to write something.
    #[serde(default = "ten_minutes")]
    pub silence_s: NonZeroU64,
    /// Seconds in which a worker has to be ready.
    #[serde(default = "ten_minutes")]
    pub start_s: NonZeroU64,
    /// How often a story is tried.
    #[serde(default = "three")]
    pub attempts: NonZeroUsize,
    /// What becomes of a story after that.
    #[serde(default)]
    pub on_failure: OnFailure,
    /// Names of environment variables without which the worker cannot start. A worker has the whole environment of
    /// storyeval; values are never written.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub environment: Vec<String>,
    /// Devices, dealt to the workers in turn: `cpu`, `cuda:0`, ...; the run's where absent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub devices: Vec<String>,
    /// Reference images by name, relative to the card's folder.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub references: BTreeMap<String, PathBuf>,
    /// Whatever the worker understands.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub options: Map<String, Value>,
    /// Folder of the card.
    #[serde(skip)]
    pub folder: PathBuf,
}

fn ten_minutes() -> NonZeroU64 {
    NonZeroU64::new(600).expect("600 is positive")
}

fn three() -> NonZeroUsize {
    NonZeroUsize::new(3).expect("3 is positive")
}

impl CommandCard {
    /// The card of a worker that is given by its path: the file of a program, or one for Python, which ends in `.py`.
    #[must_use]
    pub fn of_path(path: &Path) -> Self {
        let file = path.file_name().unwrap_or(path.as_os_str());
        let file = file.to_string_lossy().into_owned();
        let is_python = path.extension().is_some_and(|it| it == "py");
        Self {
            program: if is_python {
                vec!["python3".to_owned(), file]
            } else {
                vec![format!("./{file}")]
            },
            workers: None,
            silence_s: ten_minutes(),
            start_s: ten_minutes(),
            attempts: three(),
            on_failure: OnFailure::default(),
            environment: Vec::new(),
            devices: Vec::new(),
            references: BTreeMap::new(),
            options: Map::new(),
            folder: path.parent().unwrap_or(Path::new("")).to_owned(),
        }
    }

    /// SHA-256 of what frames depend on: the command line, the options and the reference images, whose hashes come by
    /// name. Limits of time and the number of workers may change while a run goes on.
    #[must_use]
    pub fn content_hash(&self, references: &BTreeMap<String, String>) -> String {
        let text = canonical_json(&(&self.program, &self.options, references));
        sha256_hex(text.as_bytes())
    }

    /// Workers at once, where the user does not say.
    #[must_use]
    pub fn workers(&self) -> NonZeroUsize {
        let devices = NonZeroUsize::new(self.devices.len());
        self.workers.or(devices).unwrap_or(NonZeroUsize::MIN)
    }

    pub(super) fn broken_rule(&self) -> Option<BrokenRule> {
        if self.program.first().is_none_or(String::is_empty) {
            return Some((
                "`program` under [command] holds the program and its arguments",
                format!("{:?}", self.program),
            ));
        }
        if self.workers().get() > MOST_WORKERS {
            return Some((
                "a model has at most 256 workers",
                self.workers().to_string(),
            ));
        }
        let name = |name: &&String| {
            name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        };
        if let Some(found) = self.environment.iter().find(name) {
            return Some((
                "`environment` holds names of variables and never values",
                // What is no name may be a key.
                format!("{} characters", found.chars().count()),
            ));
        }
        let device = |text: &&String| {
            let index = text.strip_prefix("cuda:");
            *text != "cpu" && index.is_none_or(|index| index.parse::<u32>().is_err())
        };
        let found = self.devices.iter().find(device)?;
        Some(("devices are `cpu` and `cuda:N`", found.clone()))
    }
}
