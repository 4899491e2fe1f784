//! How the workers of a model are started.

use super::failure::WorkerFailure;
use super::fault::WorkerFault;
use super::message::Reference;
use super::secrets::Secrets;
use crate::card::CommandCard;
use crate::generator::GeneratorError;
use crate::inference::Device;
use crate::record::{Seed, WorkerFacts, sha256_file};
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// What a caller says of the workers of a model.
#[derive(Clone, Debug)]
pub struct WorkerSetup {
    /// Id of the model.
    pub model: String,
    /// The section of its card.
    pub card: CommandCard,
    /// The seed of the run.
    pub seed: Seed,
    /// The run's device, for a card that names none.
    pub device: Device,
    /// Workers at once, where the user says so.
    pub workers: Option<NonZeroUsize>,
    /// Folder of their logs.
    pub logs: PathBuf,
    /// The characters of the data set.
    pub cast: Vec<String>,
    /// Who began the run, where it goes on.
    pub expected: Option<WorkerFacts>,
    /// Width and height of the frames that the run has.
    pub size: Option<(u32, u32)>,
}

impl WorkerSetup {
    /// The worker of a run that has begun, under this card.
    ///
    /// # Errors
    /// [`GeneratorError::Worker`] where a reference image of the card cannot be read.
    pub fn by_card(&self, facts: WorkerFacts) -> Result<WorkerFacts, GeneratorError> {
        let hashed = references(&self.card, &self.card.folder);
        let (_, hashes) = hashed.map_err(|fault| self.not_started(fault))?;
        Ok(WorkerFacts {
            card_hash: self.card.content_hash(&hashes),
            ..facts
        })
    }

    /// The error of workers that cannot be started at all.
    pub(super) fn not_started(&self, fault: WorkerFault) -> GeneratorError {
        GeneratorError::Worker(Box::new(WorkerFailure {
            model: self.model.clone(),
            worker: 0,
            story: None,
            attempts: 1,
            log: self.logs.join("0.log"),
            last_line: None,
            at_start: true,
            fault,
        }))
    }
}

/// The device of a worker, as it sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Placement {
    pub(super) device: String,
    /// `CUDA_VISIBLE_DEVICES`.
    pub(super) visible: Option<String>,
}

/// A setup with everything resolved.
#[derive(Clone, Debug)]
pub(super) struct Launch {
    pub(super) model: String,
    pub(super) card: CommandCard,
    pub(super) seed: Seed,
    pub(super) program: PathBuf,
    pub(super) arguments: Vec<String>,
    pub(super) folder: PathBuf,
    pub(super) workers: usize,
    pub(super) logs: PathBuf,
    pub(super) cast: Vec<String>,
    pub(super) references: Vec<Reference>,
    pub(super) card_hash: String,
    pub(super) secrets: Secrets,
    /// Set when no frame is wanted any more.
    pub(super) stop: Arc<AtomicBool>,
    devices: Vec<Placement>,
}

impl Launch {
    pub(super) fn new(setup: &WorkerSetup) -> Result<Self, WorkerFault> {
        let card = &setup.card;
        let unset = card.environment.iter();
        if let Some(name) = unset
            .into_iter()
            .find(|name| std::env::var_os(name).is_none())
        {
            return Err(WorkerFault::Variable { name: name.clone() });
        }
        let here = if card.folder.as_os_str().is_empty() {
            Path::new(".")
        } else {
            &card.folder
        };
        let (first, arguments) = card
            .program
            .split_first()
            .ok_or_else(|| WorkerFault::Claim {
                found: "no program".to_owned(),
                rule: "`program` under [command] holds the program and its arguments",
            })?;
        let spawned = |source| WorkerFault::Spawn {
            program: first.clone(),
            source,
        };
        let folder = std::fs::canonicalize(here).map_err(spawned)?;
        let program = if first.contains(['/', '\\']) {
            folder.join(first)
        } else {
            PathBuf::from(first)
        };
        let (references, hashes) = references(card, &folder)?;
        let own = std::env::var("CUDA_VISIBLE_DEVICES").ok();
        Ok(Self {
            model: setup.model.clone(),
            seed: setup.seed,
            program,
            arguments: arguments.to_vec(),
            folder,
            workers: setup.workers.unwrap_or(card.workers()).get(),
            logs: setup.logs.clone(),
            cast: setup.cast.clone(),
            references,
            card_hash: card.content_hash(&hashes),
            secrets: Secrets::of_environment(&card.environment),
            devices: placements(&card.devices, setup.device, own.as_deref()),
            card: card.clone(),
            stop: Arc::default(),
        })
    }

    /// The device of a worker.
    pub(super) fn device(&self, number: usize) -> &Placement {
        &self.devices[number % self.devices.len()]
    }
}

/// The reference images, and the hash of each by its name.
fn references(
    card: &CommandCard,
    folder: &Path,
) -> Result<(Vec<Reference>, BTreeMap<String, String>), WorkerFault> {
    let mut references = Vec::new();
    let mut hashes = BTreeMap::new();
    for (name, path) in &card.references {
        let path = folder.join(path);
        let hash = sha256_file(&path).map_err(|source| WorkerFault::Reference {
            path: path.clone(),
            source,
        })?;
        hashes.insert(name.clone(), hash);
        references.push(Reference {
            name: name.clone(),
            path: path.display().to_string(),
        });
    }
    Ok((references, hashes))
}

/// The devices that workers are dealt in turn: at least one. A worker with a GPU sees only that one, as `cuda:0`.
fn placements(named: &[String], run: Device, visible: Option<&str>) -> Vec<Placement> {
    let of = |device: &str| match device.strip_prefix("cuda:") {
        Some(index) => {
            // Numbers count what storyeval itself may see.
            let seen = visible.map(|list| list.split(',').map(str::trim).collect::<Vec<_>>());
            let at = index.parse::<usize>().ok();
            let own = seen.and_then(|seen| at.and_then(|at| seen.get(at).copied()));
            Placement {
                device: "cuda:0".to_owned(),
                visible: Some(own.unwrap_or(index).to_owned()),
            }
        }
        None => Placement {
            device: device.to_owned(),
            visible: None,
        },
    };
    if named.is_empty() {
        return vec![of(&run.to_string())];
    }
    named.iter().map(|device| of(device)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(device: &str, visible: Option<&str>) -> Placement {
        Placement {
            device: device.to_owned(),
            visible: visible.map(str::to_owned),
        }
    }

    #[test]
    fn each_worker_sees_its_own_gpu() {
        let named = ["cuda:0", "cuda:1", "cpu"].map(str::to_owned);
        assert_eq!(
            placements(&named, Device::Cpu, None),
            [
                place("cuda:0", Some("0")),
                place("cuda:0", Some("1")),
                place("cpu", None)
            ]
        );
        assert_eq!(
            placements(&named[1..2], Device::Cpu, Some("4, 7")),
            [place("cuda:0", Some("7"))]
        );
        assert_eq!(placements(&[], Device::Cpu, None), [place("cpu", None)]);
        assert_eq!(
            placements(&[], Device::Cuda(3), None),
            [place("cuda:0", Some("3"))]
        );
    }
}
