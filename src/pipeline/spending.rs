//! What services may cost, what they cost so far, and who says stop.

use super::planned::Planned;
use super::{Control, PipelineError};
use crate::card::{HttpCard, ModelCard};
use crate::fetch::Secret;
use crate::generator::{Budget, Paid};
use crate::record::{CallerError, FaultKind, FrameIndex, Hint, Money, Seed, StoryId};
use crate::run::{CallEnd, CallJournal, MANIFEST, RunError, RunSummary, Spent};
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// What all runs of a request together may cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SpendingCaps {
    /// Most money.
    pub cost: Option<Money>,
    /// Most requests.
    pub calls: Option<u64>,
}

impl SpendingCaps {
    /// Refuses caps that nothing can cross or that cannot be kept.
    pub(super) fn check(self, models: &[ModelCard]) -> Result<(), PipelineError> {
        let option = match self {
            Self { cost: Some(_), .. } => "--max-cost",
            Self { calls: Some(_), .. } => "--max-calls",
            Self { .. } => return Ok(()),
        };
        let mut services = models
            .iter()
            .filter_map(|model| Some((model, model.http.as_ref()?)));
        if services.clone().next().is_none() {
            return Err(PipelineError::NothingToCap { option });
        }
        match services.find(|(_, http)| self.cost.is_some() && http.price_per_image.is_none()) {
            Some((model, _)) => Err(PipelineError::NoPrice {
                model: model.id.clone(),
            }),
            None => Ok(()),
        }
    }
}

/// Why a request is not sent.
#[derive(Debug, thiserror::Error)]
enum SpendingError {
    #[error("another request might cross the cap of {cap}; so far: {spent}")]
    Cap { cap: Cap, spent: Spent },
    #[error(transparent)]
    Run(#[from] RunError),
}

/// A cap, as its option has it.
#[derive(Debug)]
enum Cap {
    Cost(Money),
    Calls(u64),
}

impl fmt::Display for Cap {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cost(cost) => cost.fmt(formatter),
            Self::Calls(calls) => write!(formatter, "{calls} requests"),
        }
    }
}

impl Hint for SpendingError {
    fn fault_kind(&self) -> FaultKind {
        match self {
            Self::Cap { .. } => FaultKind::Partial,
            Self::Run(error) => error.fault_kind(),
        }
    }

    fn hint(&self) -> Option<String> {
        let option = match self {
            Self::Run(error) => return error.hint(),
            Self::Cap {
                cap: Cap::Cost(_), ..
            } => "--max-cost",
            Self::Cap {
                cap: Cap::Calls(_), ..
            } => "--max-calls",
        };
        Some(format!(
            "everything drawn is kept; the same command with a higher `{option}`, or without it, goes on from there"
        ))
    }
}

/// Allows and notes the requests of a run.
pub(super) struct Spending {
    root: PathBuf,
    price: Money,
    caps: SpendingCaps,
    /// Of the other runs of the request.
    elsewhere: Spent,
    /// Opened by the first request: the run folder is there and locked then.
    journal: Mutex<Option<CallJournal>>,
}

impl Spending {
    /// Of the run of a model and seed, beside the other runs of the request.
    pub(super) fn of(planned: &Planned, model: &ModelCard, seed: Seed) -> Result<Self, RunError> {
        let root = planned.folders.run(model, seed);
        let mut elsewhere = Spent::default();
        for other in planned.service_runs() {
            if other.2 != root {
                elsewhere = elsewhere + CallJournal::peek(&other.2)?;
            }
        }
        let price = model.http.as_ref().and_then(|http| http.price_per_image);
        Ok(Self {
            root,
            price: price.unwrap_or_default(),
            caps: planned.request.spending,
            elsewhere,
            journal: Mutex::default(),
        })
    }

    /// Says what the run cost, where it cost anything.
    pub(super) fn tell(&self, model: &str, control: Control<'_>) -> Result<(), RunError> {
        let spent = CallJournal::peek(&self.root)?;
        if spent.calls > 0 {
            control.note(&format!("{model}: spent {spent}"));
        }
        Ok(())
    }

    fn with<T>(
        &self,
        act: impl FnOnce(&mut CallJournal) -> Result<T, SpendingError>,
    ) -> Result<T, CallerError> {
        let mut journal = self.journal.lock().unwrap_or_else(PoisonError::into_inner);
        let result = (|| {
            if journal.is_none() {
                *journal = Some(CallJournal::open(&self.root)?);
            }
            journal.as_mut().map(act).transpose()
        })();
        match result {
            Ok(Some(done)) => Ok(done),
            Ok(None) => unreachable!("it was opened above"),
            Err(error) => Err(CallerError::new(error)),
        }
    }
}

impl Budget for Spending {
    fn begin(&self, story: &StoryId, frame: FrameIndex) -> Result<u64, CallerError> {
        self.with(|journal| {
            let spent = journal.spent() + self.elsewhere;
            let cost = self.caps.cost.filter(|cap| spent.cost + self.price > *cap);
            let calls = self.caps.calls.filter(|cap| spent.calls >= *cap);
            if let Some(cap) = cost.map(Cap::Cost).or(calls.map(Cap::Calls)) {
                return Err(SpendingError::Cap { cap, spent });
            }
            Ok(journal.begin(story, frame, self.price)?)
        })
    }

    fn end(&self, call: u64, paid: Paid) -> Result<(), CallerError> {
        let end = match paid {
            Paid::Image => CallEnd::Image,
            Paid::Refused => CallEnd::Refused,
            Paid::Nothing => CallEnd::Unpaid,
            Paid::Unknown => CallEnd::Lost,
        };
        self.with(|journal| Ok(journal.end(call, end)?))
    }
}

/// What a run of a service may still cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outlay {
    /// Frames that are not drawn yet.
    pub frames: usize,
    /// Of an image, where the card says it.
    pub price: Option<Money>,
    /// What it cost so far.
    pub spent: Spent,
}

impl fmt::Display for Outlay {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} requests", self.frames)?;
        if let Some(price) = self.price {
            let cost = price * self.frames as u64;
            write!(formatter, ", about {cost} at {price} an image")?;
        }
        write!(
            formatter,
            "; fewer where the cache has answers, more where requests are repeated"
        )?;
        if self.spent.calls > 0 {
            write!(formatter, "; spent so far: {}", self.spent)?;
        }
        Ok(())
    }
}

impl Planned {
    /// The runs of services: model, section of its card, run folder.
    fn service_runs(&self) -> impl Iterator<Item = (&ModelCard, &HttpCard, PathBuf)> {
        let services = self
            .models()
            .iter()
            .filter_map(|model| Some((model, model.http.as_ref()?)));
        services.flat_map(move |(model, http)| {
            let seeds = self.seeds().iter();
            seeds.map(move |seed| (model, http, self.folders.run(model, *seed)))
        })
    }

    /// What each run of a service may still cost, by its folder.
    ///
    /// # Errors
    /// A run folder that cannot be read.
    pub fn outlays(&self) -> Result<BTreeMap<PathBuf, Outlay>, PipelineError> {
        let planned: usize = self.stories().iter().map(|story| story.frames.len()).sum();
        let mut outlays = BTreeMap::new();
        for (_, http, root) in self.service_runs() {
            let drawn = if root.join(MANIFEST).is_file() {
                let summary = RunSummary::read(&root)?;
                summary
                    .entries
                    .values()
                    .map(|entry| entry.frames.len())
                    .sum()
            } else {
                0
            };
            let outlay = Outlay {
                frames: planned.saturating_sub(drawn),
                price: http.price_per_image,
                spent: CallJournal::peek(&root)?,
            };
            outlays.insert(root, outlay);
        }
        Ok(outlays)
    }

    /// The first model whose key is in no variable, and the variable.
    pub(super) fn missing_key(&self) -> Option<PipelineError> {
        let mut keys = self.models().iter().filter_map(|model| {
            let variable = model.http.as_ref()?.key_env.as_ref()?;
            Some((model, variable))
        });
        let (model, variable) = keys.find(|(_, it)| Secret::of_environment(it).is_none())?;
        Some(PipelineError::NoKey {
            model: model.id.clone(),
            variable: variable.clone(),
        })
    }
}
