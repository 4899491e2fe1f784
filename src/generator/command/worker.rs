//! One worker of a model: started when there is something to draw, and started again when it fails.

use super::conversation::Conversation;
use super::failure::WorkerFailure;
use super::fault::WorkerFault;
use super::launch::Launch;
use super::live;
use super::log::Log;
use crate::card::OnFailure;
use crate::generator::{GeneratorError, Prompt};
use crate::record::{Absence, DrawnFrame, Seed, WorkerFacts};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

/// One of the workers of a model.
pub(super) struct Worker {
    launch: Arc<Launch>,
    number: usize,
    log: Arc<Mutex<Log>>,
    conversation: Option<Conversation>,
    /// How the first worker of the run introduced itself.
    expected: Option<WorkerFacts>,
}

/// Stories that are drawn together.
#[derive(Clone, Debug)]
pub(super) struct Job {
    pub(super) prompts: Vec<Prompt>,
    pub(super) seed: Seed,
}

/// The frames of a job, by story and frame.
pub(super) type Stories = Vec<Vec<DrawnFrame>>;

/// Why a job came to nothing.
struct Failed {
    fault: WorkerFault,
    /// How often it was tried.
    attempts: usize,
    /// Whether the worker was not even ready.
    at_start: bool,
}

impl Worker {
    pub(super) fn new(launch: &Arc<Launch>, number: usize, expected: Option<WorkerFacts>) -> Self {
        let path = launch.logs.join(format!("{number}.log"));
        let log = Log::new(path, launch.secrets.clone());
        Self {
            launch: Arc::clone(launch),
            number,
            log: Arc::new(Mutex::new(log)),
            conversation: None,
            expected,
        }
    }

    /// Starts it, once, and gives how it introduces itself.
    pub(super) fn introduce(&mut self) -> Result<WorkerFacts, GeneratorError> {
        match self.start() {
            Ok(conversation) => Ok(conversation.facts().clone()),
            Err(fault) => Err(self.error(
                None,
                Failed {
                    fault,
                    attempts: 1,
                    at_start: true,
                },
            )),
        }
    }

    /// The worker at work; starts it where it is not.
    fn start(&mut self) -> Result<&mut Conversation, WorkerFault> {
        if self.conversation.is_none() {
            let begun = Conversation::begin(&self.launch, self.number, &self.log)?;
            match &self.expected {
                Some(expected) if expected != begun.facts() => {
                    return Err(WorkerFault::Changed {
                        expected: expected.to_string(),
                        found: begun.facts().to_string(),
                    });
                }
                _ => self.expected = Some(begun.facts().clone()),
            }
            self.conversation = Some(begun);
        }
        Ok(self.conversation.as_mut().expect("it was just started"))
    }

    /// Draws a job as often as it may be tried.
    pub(super) fn draw(&mut self, job: &Job) -> Result<Stories, GeneratorError> {
        let attempts = self.launch.card.attempts.get();
        let several = job.prompts.len() > 1 && attempts > 1;
        // Of stories that fail together, the last attempt draws each alone: one of them may be the cause.
        let together = attempts - usize::from(several);
        let failed = match self.tries(job, together) {
            Ok(stories) => return Ok(stories),
            Err(failed) => failed,
        };
        if failed.at_start || failed.fault.is_final() {
            return Err(self.error(None, failed));
        }
        if !several {
            return self.given_up(job, failed).map(|frames| vec![frames]);
        }
        let stories = job.prompts.iter().map(|prompt| {
            let alone = Job {
                prompts: vec![prompt.clone()],
                seed: job.seed,
            };
            match self.tries(&alone, 1) {
                Ok(mut stories) => Ok(stories.remove(0)),
                Err(mut failed) => {
                    failed.attempts += together;
                    self.given_up(&alone, failed)
                }
            }
        });
        stories.collect()
    }

    fn tries(&mut self, job: &Job, most: usize) -> Result<Stories, Failed> {
        let mut attempts = 0;
        loop {
            attempts += 1;
            let launch = Arc::clone(&self.launch);
            let (fault, at_start) = match self.start() {
                Err(fault) => (fault, true),
                Ok(conversation) => match conversation.draw(&launch, &job.prompts, job.seed) {
                    Ok(stories) => return Ok(stories),
                    Err(fault) => (fault, false),
                },
            };
            live::wait_if_ending();
            if !fault.spares_worker() {
                self.conversation = None;
            }
            if attempts >= most || fault.is_final() || fault.is_settled() {
                return Err(Failed {
                    fault,
                    attempts,
                    at_start,
                });
            }
        }
    }

    /// What becomes of a story that failed for good.
    fn given_up(&self, job: &Job, failed: Failed) -> Result<Vec<DrawnFrame>, GeneratorError> {
        let skips = self.launch.card.on_failure == OnFailure::Skip;
        let prompt = &job.prompts[0];
        if !skips || failed.at_start || failed.fault.is_final() {
            return Err(self.error(Some(prompt), failed));
        }
        let note = failed.fault.to_string();
        let frames = (0..prompt.captions.len()).map(|at| {
            if at < prompt.given.len() {
                return DrawnFrame::absent(Absence::NotDrawn);
            }
            let mut frame = DrawnFrame::absent(Absence::Failed);
            frame.report.note = Some(self.launch.secrets.removed(&note));
            frame
        });
        Ok(frames.collect())
    }

    fn error(&self, prompt: Option<&Prompt>, failed: Failed) -> GeneratorError {
        let log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        GeneratorError::Worker(Box::new(WorkerFailure {
            model: self.launch.model.clone(),
            worker: self.number,
            story: prompt.map(|prompt| prompt.story.id.clone()),
            attempts: failed.attempts,
            log: log.path().to_owned(),
            last_line: log.last_line(),
            at_start: failed.at_start,
            fault: failed.fault,
        }))
    }

    /// The file of its log.
    pub(super) fn log_file(&self) -> PathBuf {
        let log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        log.path().to_owned()
    }

    /// Lets it end.
    pub(super) fn dismiss(&mut self) {
        if let Some(conversation) = self.conversation.take() {
            conversation.dismiss();
        }
    }
}
