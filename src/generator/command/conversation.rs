//! A worker that has introduced itself, and answers.

use super::answer::Answer;
use super::fault::WorkerFault;
use super::launch::Launch;
use super::log::Log;
use super::message::{Hello, PROTOCOL, Ready, Reply, Request};
use super::process::Process;
use super::request::{Asked, Files};
use crate::generator::Prompt;
use crate::record::{DrawnFrame, Reading, Seed, WorkerFacts};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Most stories of a request.
const MAX_BATCH: usize = 4096;
/// Most numbers of the initial noise of a frame: 64 MiB.
const MAX_LATENTS: usize = 16 << 20;
/// Characters of a name or version that are kept.
const NAME: usize = 100;

/// A worker that has introduced itself.
pub(super) struct Conversation {
    process: Process,
    facts: WorkerFacts,
    /// Of the last request.
    id: u64,
}

impl Conversation {
    /// Starts a worker and lets it introduce itself.
    pub(super) fn begin(
        launch: &Launch,
        number: usize,
        log: &Arc<Mutex<Log>>,
    ) -> Result<Self, WorkerFault> {
        let mut process = Process::start(launch, number, log)?;
        let scratch = process.scratch().display().to_string();
        process.say(&Request::Hello(Hello {
            protocol: PROTOCOL,
            program: concat!("storyeval ", env!("CARGO_PKG_VERSION")),
            model: &launch.model,
            seed: launch.seed.0,
            device: &launch.device(number).device,
            worker: number,
            workers: launch.workers,
            scratch: &scratch,
            options: &launch.card.options,
        }));
        let seconds = launch.card.start_s.get();
        let deadline = Instant::now() + Duration::from_secs(seconds);
        let left = deadline.saturating_duration_since(Instant::now());
        let heard = process.hear(left)?;
        let heard = heard.ok_or(WorkerFault::NotReady { seconds })?;
        let ready = match heard.reply {
            Reply::Ready(ready) => ready,
            Reply::Error { message, retry, .. } => {
                let message = launch.secrets.removed(&message);
                return Err(WorkerFault::Reported { message, retry });
            }
            _ => return Err(heard.out_of_place("`ready` was expected")),
        };
        let facts = facts(&ready, launch, number)?;
        Ok(Self {
            process,
            facts,
            id: 0,
        })
    }

    /// What it says of itself.
    pub(super) fn facts(&self) -> &WorkerFacts {
        &self.facts
    }

    /// Lets it end.
    pub(super) fn dismiss(self) {
        self.process.dismiss();
    }

    /// Draws stories together.
    pub(super) fn draw(
        &mut self,
        launch: &Launch,
        prompts: &[Prompt],
        seed: Seed,
    ) -> Result<Vec<Vec<DrawnFrame>>, WorkerFault> {
        let scratch = self.process.scratch().to_owned();
        let files = Files::create(&scratch)?;
        let facts = self.facts.clone();
        let asked = Asked {
            launch,
            facts: &facts,
            prompts,
            seed,
            files: &files,
        };
        let mut answer = Answer::new(&asked, &scratch);
        for round in asked.rounds() {
            let stories = asked.stories(round, &answer.drawn)?;
            if stories.is_empty() {
                continue;
            }
            let wanted: Vec<(usize, Vec<u32>)> = stories
                .iter()
                .map(|(position, story)| {
                    let frames = story.frames.iter().filter(|frame| frame.draw);
                    (*position, frames.map(|frame| frame.index).collect())
                })
                .collect();
            self.id += 1;
            self.process.say(&Request::Draw {
                id: self.id,
                stories: stories.into_iter().map(|(_, story)| story).collect(),
            });
            self.listen(launch, &mut answer, &wanted)?;
            answer.check(&wanted)?;
        }
        // Every frame was asked for in a round and checked.
        let stories = answer.drawn.into_iter();
        Ok(stories
            .map(|frames| frames.into_iter().flatten().collect())
            .collect())
    }

    /// Takes what it says until it is done with a request.
    fn listen(
        &mut self,
        launch: &Launch,
        answer: &mut Answer<'_>,
        wanted: &[(usize, Vec<u32>)],
    ) -> Result<(), WorkerFault> {
        let seconds = launch.card.silence_s.get();
        let silence = Duration::from_secs(seconds);
        loop {
            let heard = self.process.hear(silence)?;
            let heard = heard.ok_or(WorkerFault::Silent { seconds })?;
            let id = match &heard.reply {
                Reply::Ready(_) => return Err(heard.out_of_place("it is ready already")),
                Reply::Heartbeat { id } | Reply::Done { id } => Some(*id),
                Reply::Frame(frame) => Some(frame.id),
                Reply::Error { id, .. } => *id,
            };
            if id.is_some_and(|id| id != self.id) {
                return Err(heard.out_of_place(&format!("request {} is at work", self.id)));
            }
            match heard.reply {
                Reply::Frame(frame) => answer.take(*frame, wanted)?,
                Reply::Done { .. } => return Ok(()),
                Reply::Error { message, retry, .. } => {
                    let message = launch.secrets.removed(&message);
                    return Err(WorkerFault::Reported { message, retry });
                }
                Reply::Ready(_) | Reply::Heartbeat { .. } => {}
            }
        }
    }
}

/// What is believed of how a worker introduces itself.
fn facts(ready: &Ready, launch: &Launch, number: usize) -> Result<WorkerFacts, WorkerFault> {
    if ready.protocol != PROTOCOL {
        return Err(WorkerFault::Protocol {
            found: ready.protocol.to_string(),
        });
    }
    if !(1..=MAX_BATCH).contains(&ready.batch) {
        return Err(WorkerFault::Claim {
            found: format!("batch {}", ready.batch),
            rule: "a batch has 1 to 4096 stories",
        });
    }
    let size = |shape: [usize; 3]| {
        let product = shape
            .iter()
            .try_fold(1_usize, |all, side| all.checked_mul(*side));
        product.filter(|product| (1..=MAX_LATENTS).contains(product))
    };
    if let Some(shape) = ready.latents
        && size(shape).is_none()
    {
        return Err(WorkerFault::Claim {
            found: format!("latents {shape:?}"),
            rule: "latents are [channels, height, width], of at most 16,777,216 numbers",
        });
    }
    let mut reads = ready.reads.clone();
    // Every worker gets the caption.
    reads.push(Reading::Caption);
    reads.sort_unstable();
    reads.dedup();
    let device = &launch.device(number).device;
    let device = ready.device.as_deref().unwrap_or(device);
    let kind = device.split(':').next().unwrap_or(device);
    let short =
        |text: &str| -> String { launch.secrets.removed(text).chars().take(NAME).collect() };
    Ok(WorkerFacts {
        name: short(&ready.name),
        version: short(&ready.version),
        device_kind: short(kind),
        batch: ready.batch,
        context: ready.context,
        earlier_frames: ready.earlier_frames,
        reads,
        latents: ready.latents,
        card_hash: launch.card_hash.clone(),
    })
}
