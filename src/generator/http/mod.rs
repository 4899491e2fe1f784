//! A service that draws a frame per request.
//!
//! Frames are asked for by several threads, as fast as the card allows; what a frame looks like follows from its
//! request alone, and each paid answer is kept ([`cache`]), so that the same request gives the same frame.

mod budget;
mod cache;
mod call;
mod dialect;
mod fault;
mod openai;
mod pace;
mod plain;

pub use budget::{Budget, Paid};
pub use fault::ServiceFault;

use super::{Generator, GeneratorError, Prompt};
use crate::card::{HttpCard, OnFailure};
use crate::fetch::{Environment, Patience, Secret, Service};
use crate::record::{Absence, DrawnFrame, Seed, StoryId, sha256_hex};
use call::Caller;
use dialect::Ask;
use image::RgbImage;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// What a service's generator works with.
#[derive(Clone, Copy)]
pub struct HttpContext<'a> {
    /// Proxies, and whether anything may be asked at all.
    pub environment: &'a Environment,
    /// Answers are kept below it.
    pub cache: &'a Path,
    /// Allows and notes requests.
    pub budget: &'a dyn Budget,
    /// Takes sentences for a person.
    pub note: &'a (dyn Fn(&str) + Sync),
    /// Whether the work should stop.
    pub stopped: &'a (dyn Fn() -> bool + Sync),
}

/// Draws by requests to a service.
pub struct HttpGenerator<'a> {
    caller: Caller<'a>,
    stopped: &'a (dyn Fn() -> bool + Sync),
}

/// What became of a task.
type Drawn = Result<Vec<DrawnFrame>, GeneratorError>;

/// Frames that one thread draws after each other: one, or all of a story where the service sees the earlier ones.
struct Task<'p> {
    place: usize,
    prompt: &'p Prompt,
    frames: std::ops::Range<usize>,
}

impl<'a> HttpGenerator<'a> {
    /// A generator of a card's service. Nothing is asked yet.
    #[must_use]
    pub fn new(card: &HttpCard, context: HttpContext<'a>) -> Self {
        let whole = Duration::from_secs(card.timeout_s.get());
        let patience = Patience {
            silence: whole,
            ..Patience::default()
        };
        let speech = dialect::of_card(card);
        let caller = Caller {
            service: Service::new(context.environment, patience, whole),
            answers: cache::Answers::below(context.cache, &speech.address()),
            speech,
            pace: pace::Pace::new(card),
            budget: context.budget,
            note: context.note,
            stopped: context.stopped,
            key: card.key_env.as_deref().and_then(Secret::of_environment),
            offline: context.environment.offline,
            card: card.clone(),
        };
        Self {
            caller,
            stopped: context.stopped,
        }
    }

    fn tasks<'p>(&self, prompts: &'p [Prompt]) -> Vec<Task<'p>> {
        let size = if self.caller.card.earlier_frames {
            usize::MAX
        } else {
            1
        };
        let tasks = prompts.iter().enumerate().flat_map(|(place, prompt)| {
            let count = prompt.captions.len();
            let first = prompt.given.len().min(count);
            let starts = (first..count).step_by(size.min(count.max(1)));
            starts.map(move |start| Task {
                place,
                prompt,
                frames: start..start.saturating_add(size).min(count),
            })
        });
        tasks.collect()
    }

    /// Draws the frames of a task.
    fn draw(&self, task: &Task<'_>, seed: Seed) -> Drawn {
        let prompt = task.prompt;
        let captions: Vec<&str> = prompt.captions.iter().map(|it| it.text.as_str()).collect();
        let seed = story_seed(seed, &prompt.story.id);
        let sends = self.caller.card.earlier_frames;
        let mut drawn: Vec<DrawnFrame> = Vec::new();
        for index in task.frames.clone() {
            let given = (1..).zip(&prompt.given).filter(|_| sends);
            let before = (task.frames.start + 1..).zip(&drawn);
            let seen = before.filter_map(|(at, frame)| Some((at, frame.image.as_ref().ok()?)));
            let earlier: Vec<(usize, &RgbImage)> = given.chain(seen.filter(|_| sends)).collect();
            let ask = Ask {
                story: &prompt.story.id,
                seed,
                captions: &captions[..=index],
                frames: captions.len(),
                earlier: &earlier,
            };
            let frame = match self.caller.frame(&ask) {
                Err(fault)
                    if self.caller.card.on_failure == OnFailure::Skip && fault.is_of_frame() =>
                {
                    let mut failed = DrawnFrame::absent(Absence::Failed);
                    failed.report.note = Some(fault.in_full());
                    failed
                }
                frame => frame.map_err(|source| GeneratorError::Service {
                    place: prompt.place(index),
                    source: Box::new(source),
                })?,
            };
            drop(earlier);
            drawn.push(frame);
        }
        Ok(drawn)
    }
}

impl Generator for HttpGenerator<'_> {
    fn generate(
        &mut self,
        prompts: &[Prompt],
        seed: Seed,
    ) -> Result<Vec<Vec<DrawnFrame>>, GeneratorError> {
        prompts.iter().try_for_each(Prompt::check)?;
        let tasks = self.tasks(prompts);
        let (next, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
        let results: Mutex<Vec<(usize, Drawn)>> = Mutex::default();
        let this = &*self;
        let work = || {
            while !failed.load(Ordering::Relaxed) && !(this.stopped)() {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some(task) = tasks.get(at) else { return };
                let result = this.draw(task, seed);
                // The others finish what they have asked for, and begin nothing more.
                failed.fetch_or(result.is_err(), Ordering::Relaxed);
                let mut results = results.lock().unwrap_or_else(PoisonError::into_inner);
                results.push((at, result));
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..tasks.len().min(this.caller.card.concurrency.get() as usize) {
                scope.spawn(work);
            }
        });
        let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
        results.sort_by_key(|(at, _)| *at);
        let mut stories: Vec<Vec<DrawnFrame>> = prompts
            .iter()
            .map(|prompt| prompt.given.iter().cloned().map(DrawnFrame::from).collect())
            .collect();
        for (at, result) in results {
            stories[tasks[at].place].extend(result?);
        }
        // Threads that were stopped leave frames undrawn.
        for (prompt, frames) in prompts.iter().zip(&stories) {
            if frames.len() < prompt.captions.len() {
                return Err(GeneratorError::Service {
                    place: prompt.place(frames.len()),
                    source: Box::new(ServiceFault::Stopped),
                });
            }
        }
        Ok(stories)
    }
}

/// The seed of a story that services get: below 2^53, which every JSON reader keeps.
fn story_seed(seed: Seed, story: &StoryId) -> u64 {
    let digest = sha256_hex(format!("{}/{story}", seed.0).as_bytes());
    u64::from_str_radix(&digest[..13], 16).unwrap_or_default()
}

#[cfg(test)]
mod tests;
