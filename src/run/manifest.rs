//! `manifest.json`: what was run, with what, by which program.

use super::cards::RunCards;
use super::difference::Difference;
use super::error::RunError;
use super::layout::{MANIFEST, json_file};
use super::partition::Partition;
use super::seed_set::no_run;
use crate::record::{Seed, WorkerFacts, sha256_file};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::LazyLock;

/// Version of the run folder's format.
pub const FORMAT: u32 = 1;

/// Everything that the content of the frames depends on. A folder holds one identity for ever.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// Id of the data set.
    pub dataset: String,
    /// Its content hash.
    pub dataset_hash: String,
    /// Id of the model.
    pub model: String,
    /// Content hash of the model's bundle; `None` for models without weights.
    pub bundle_hash: Option<String>,
    /// Content hash of frames that another program drew ([`super::ImportRecord::content_hash`]);
    /// `None` where a model of this program draws.
    #[serde(default)]
    pub images_hash: Option<String>,
    /// Content hash of the initial latents that files gave ([`crate::format::LatentFiles::content_hash`]);
    /// `None` where they were drawn from the seed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latents_hash: Option<String>,
    /// The worker, as it introduced itself; `None` where this program draws.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker: Option<WorkerFacts>,
    /// Hash of what a service is asked for beside the prompt ([`crate::card::HttpCard::service_hash`]); `None` where no
    /// service draws.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_hash: Option<String>,
    /// Hash of the template of its prompts ([`crate::card::PromptTemplate::hash`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt_hash: Option<String>,
    /// What the model's card chooses of how the bundle draws and writes, as canonical JSON; `None` where it leaves
    /// everything as the bundle has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drawing: Option<String>,
    /// Id of the protocol.
    pub protocol: String,
    /// Its hash.
    pub protocol_hash: String,
    /// The seed.
    pub seed: Seed,
    /// Stories a batch.
    pub batch: usize,
    /// Stories in the whole plan.
    pub stories: usize,
    /// Hash of the whole plan ([`super::Plan::hash`]).
    pub plan_hash: String,
    /// The part of the plan that this folder is for.
    pub partition: Partition,
    /// Kind of device, `cpu` or `cuda`: kinds differ in the last bits.
    pub device_kind: String,
}

impl Identity {
    /// Every field in which `asked` differs from this identity, in the order of the file.
    #[must_use]
    pub fn differences(&self, asked: &Self) -> Vec<Difference> {
        let rows = self.rows().into_iter().zip(asked.rows());
        rows.filter(|(folder, asked)| folder.1 != asked.1)
            .map(|(folder, asked)| Difference {
                field: folder.0,
                folder: folder.1,
                asked: asked.1,
                words: None,
            })
            .collect()
    }

    fn rows(&self) -> [(&'static str, String); 18] {
        let or_none = |hash: &Option<String>| hash.clone().unwrap_or_else(|| "none".to_owned());
        [
            ("dataset", self.dataset.clone()),
            ("dataset_hash", self.dataset_hash.clone()),
            ("model", self.model.clone()),
            ("bundle_hash", or_none(&self.bundle_hash)),
            ("images_hash", or_none(&self.images_hash)),
            ("latents_hash", or_none(&self.latents_hash)),
            (
                "worker",
                self.worker
                    .as_ref()
                    .map_or_else(|| "none".to_owned(), ToString::to_string),
            ),
            ("service_hash", or_none(&self.service_hash)),
            ("prompt_hash", or_none(&self.prompt_hash)),
            ("drawing", or_none(&self.drawing)),
            ("protocol", self.protocol.clone()),
            ("protocol_hash", self.protocol_hash.clone()),
            ("seed", self.seed.0.to_string()),
            ("batch", self.batch.to_string()),
            ("stories", self.stories.to_string()),
            ("plan_hash", self.plan_hash.clone()),
            ("partition", self.partition.to_string()),
            ("device_kind", self.device_kind.clone()),
        ]
    }
}

/// One way in which the folder was worked on. A resumed run may have several.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Session {
    /// Version of the program.
    pub version: String,
    /// SHA-256 of the program, when it could be read.
    pub binary_sha256: Option<String>,
    /// Version of ONNX Runtime; `None` when no network ran.
    pub onnxruntime: Option<String>,
    /// The device, for example `cuda:0`.
    pub device: String,
    /// Name and driver of the machine's GPU, when a network ran on one and it could be asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gpu: Option<String>,
    /// Threads that networks were given, when the user chose.
    pub threads: Option<usize>,
    /// The command line, program name first.
    pub command: Vec<String>,
}

impl Session {
    /// This process: its version, program hash and command line.
    #[must_use]
    pub fn current(device: &str, onnxruntime: Option<&str>, threads: Option<usize>) -> Self {
        Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            binary_sha256: BINARY.clone(),
            onnxruntime: onnxruntime.map(str::to_owned),
            device: device.to_owned(),
            gpu: None,
            threads,
            command: std::env::args_os()
                .map(|argument| argument.to_string_lossy().into_owned())
                .collect(),
        }
    }

    /// The same process on a GPU, as [`crate::inference::Runtime::gpu`] tells it.
    #[must_use]
    pub fn on_gpu(self, gpu: Option<&str>) -> Self {
        Self {
            gpu: gpu.map(str::to_owned),
            ..self
        }
    }
}

/// Of the program, which is read once however many runs begin.
static BINARY: LazyLock<Option<String>> = LazyLock::new(|| {
    let program = std::env::current_exe().ok()?;
    sha256_file(&program).ok()
});

/// `manifest.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Version of the run folder's format: [`FORMAT`].
    pub format: u32,
    /// What makes this run this run.
    pub identity: Identity,
    /// The cards as resolved; [`Manifest::cards`] reads them. Kept as they stand in the file, so that a run of another
    /// version can still be listed and resumed.
    cards: Value,
    /// Every distinct way the folder was worked on, first to last.
    pub sessions: Vec<Session>,
}

impl Manifest {
    /// The manifest of a run that begins with `session`.
    ///
    /// # Panics
    /// Never: cards have only text keys.
    #[must_use]
    pub fn new(identity: Identity, cards: &RunCards, session: Session) -> Self {
        Self {
            format: FORMAT,
            identity,
            cards: serde_json::to_value(cards).expect("cards have only text keys"),
            sessions: vec![session],
        }
    }

    /// Reads the manifest of the run in `folder`.
    ///
    /// # Errors
    /// [`RunError::NoFolder`], [`RunError::SeveralRuns`] or [`RunError::NoRun`] when there is none, and those of
    /// [`find`](Self::find).
    pub fn read(folder: &Path) -> Result<Self, RunError> {
        Self::find(folder)?.ok_or_else(|| no_run(folder))
    }

    /// Reads the manifest of the run in `folder`, if there is one.
    ///
    /// # Errors
    /// [`RunError::Read`], [`RunError::Json`] and [`RunError::Format`].
    pub fn find(folder: &Path) -> Result<Option<Self>, RunError> {
        #[derive(Deserialize)]
        struct Version {
            format: u32,
        }
        let path = folder.join(MANIFEST);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            // `runs/*` names files too.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                ) =>
            {
                return Ok(None);
            }
            Err(error) => return Err(RunError::read(&path, error)),
        };
        let json = |source: serde_json::Error| RunError::Json {
            path: path.clone(),
            line: source.line(),
            source,
        };
        // The version first: a later format may have other fields, and that is the better message.
        let version: Version = serde_json::from_slice(&bytes).map_err(json)?;
        if version.format != FORMAT {
            return Err(RunError::Format {
                path,
                found: version.format,
                supported: FORMAT,
            });
        }
        Ok(Some(serde_json::from_slice(&bytes).map_err(json)?))
    }

    /// The command line of the last session, as a user types it.
    pub(super) fn command(&self) -> String {
        let words = self
            .sessions
            .last()
            .map_or(&[][..], |session| &session.command);
        let quoted = words.iter().skip(1).map(|word| {
            let plain = |c: char| c.is_ascii_alphanumeric() || "-_./,:=@%+".contains(c);
            if !word.is_empty() && word.chars().all(plain) {
                word.clone()
            } else {
                format!("'{}'", word.replace('\'', "'\\''"))
            }
        });
        let words: Vec<String> = std::iter::once("storyeval".to_owned())
            .chain(quoted)
            .collect();
        words.join(" ")
    }

    /// The cards as the file has them, of whichever version.
    #[must_use]
    pub fn raw_cards(&self) -> &Value {
        &self.cards
    }

    /// The bytes of `manifest.json`.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        json_file(self)
    }

    /// Adds the sessions of `other` that are not known yet. Returns whether there was one.
    pub(super) fn adopt_sessions(&mut self, other: &Self) -> bool {
        let before = self.sessions.len();
        for session in &other.sessions {
            if !self.sessions.contains(session) {
                self.sessions.push(session.clone());
            }
        }
        self.sessions.len() > before
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use super::*;

    #[test]
    fn a_manifest_survives_the_disk() {
        let folder = tempfile::tempdir().expect("tempdir");
        let manifest = testing::manifest(&testing::plan(3, 2));
        fs::write(folder.path().join(MANIFEST), manifest.to_bytes()).expect("write");
        assert_eq!(Manifest::read(folder.path()).expect("read"), manifest);
    }

    #[test]
    fn no_run_other_format_and_broken_json_are_told_apart() {
        let folder = tempfile::tempdir().expect("tempdir");
        let read = || Manifest::read(folder.path());
        assert!(matches!(read(), Err(RunError::NoRun { .. })));
        fs::write(folder.path().join(MANIFEST), "{\"format\": 9, \"new\": 1}").expect("write");
        assert!(matches!(read(), Err(RunError::Format { found: 9, .. })));
        fs::write(folder.path().join(MANIFEST), "{\n\"format\": ").expect("write");
        assert!(matches!(read(), Err(RunError::Json { line: 2, .. })));
    }

    #[test]
    fn every_difference_is_listed() {
        let one = testing::manifest(&testing::plan(3, 2)).identity;
        let mut other = one.clone();
        assert!(one.differences(&other).is_empty());
        other.seed = Seed(7);
        other.device_kind = "cuda".to_owned();
        let fields: Vec<_> = one
            .differences(&other)
            .into_iter()
            .map(|row| row.field)
            .collect();
        assert_eq!(fields, ["seed", "device_kind"]);
    }

    #[test]
    fn identity_rows_cover_every_field() {
        let identity = Identity {
            latents_hash: Some("l".to_owned()),
            worker: Some(testing::worker()),
            drawing: Some("d".to_owned()),
            service_hash: Some("s".to_owned()),
            prompt_hash: Some("p".to_owned()),
            ..testing::manifest(&testing::plan(3, 2)).identity
        };
        let value = serde_json::to_value(&identity).expect("json");
        let fields: Vec<_> = value.as_object().expect("object").keys().cloned().collect();
        let rows: Vec<_> = identity.rows().iter().map(|row| row.0.to_owned()).collect();
        assert_eq!(fields, rows);
    }

    #[test]
    fn this_program_knows_itself() {
        let session = Session::current("cpu", None, None);
        assert_eq!(session.binary_sha256.map(|hash| hash.len()), Some(64));
        assert!(!session.command.is_empty());
    }

    #[test]
    fn a_gpu_is_in_the_file_where_there_is_one() {
        let session = Session::current("cpu", None, None);
        let json = serde_json::to_value(&session).expect("json");
        assert!(json.get("gpu").is_none());
        let old: Session = serde_json::from_value(json).expect("a manifest of before");
        assert_eq!(old, session);
        let other = session.clone().on_gpu(Some("NVIDIA H100, 580.1"));
        assert_ne!(other, session, "another way to work on the folder");
        let json = serde_json::to_value(&other).expect("json");
        assert_eq!(json["gpu"], "NVIDIA H100, 580.1");
    }
}
