//! The workers of a model as one generator: batches wait in a queue, whoever is free takes the next one, and results
//! are given in the order in which they are asked for.

use super::launch::{Launch, WorkerSetup};
use super::worker::{Job, Stories, Worker};
use crate::generator::{Generator, GeneratorError, Prompt};
use crate::record::{DrawnFrame, Seed, StoryId, WorkerFacts};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Batches per worker that are drawn, waiting or not yet asked for: enough that no worker waits, and no more.
const AHEAD: usize = 2;

/// How long a thread waits before it checks again what it waits for.
const PATIENCE: Duration = Duration::from_secs(1);

/// The stories of a job.
type Key = Vec<StoryId>;

/// What the threads of the workers share.
#[derive(Default)]
struct Board {
    queue: VecDeque<Key>,
    jobs: BTreeMap<Key, Job>,
    done: BTreeMap<Key, Result<Stories, GeneratorError>>,
    at_work: BTreeSet<Key>,
    stop: bool,
}

#[derive(Default)]
struct Shared {
    board: Mutex<Board>,
    changed: Condvar,
}

impl Shared {
    fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, board: MutexGuard<'a, Board>) -> MutexGuard<'a, Board> {
        let waited = self.changed.wait_timeout(board, PATIENCE);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

impl Board {
    fn put(&mut self, prompts: Vec<Prompt>, seed: Seed) -> Key {
        let key: Key = prompts.iter().map(|it| it.story.id.clone()).collect();
        let known = self.jobs.contains_key(&key)
            || self.at_work.contains(&key)
            || self.done.contains_key(&key);
        if !known {
            self.jobs.insert(key.clone(), Job { prompts, seed });
            self.queue.push_back(key.clone());
        }
        key
    }

    fn pending(&self) -> usize {
        self.jobs.len() + self.at_work.len() + self.done.len()
    }
}

/// The workers of a model, of which the first has introduced itself.
pub struct Workers {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
    /// For a worker in the middle of a batch.
    stop: Arc<AtomicBool>,
    facts: WorkerFacts,
    count: usize,
    model: String,
    log: PathBuf,
    /// Width and height of the frames so far.
    size: Option<(u32, u32)>,
}

impl Workers {
    /// Starts the first worker and lets it introduce itself; the others start with their first batch.
    ///
    /// # Errors
    /// [`GeneratorError::Worker`].
    pub fn open(setup: &WorkerSetup) -> Result<Self, GeneratorError> {
        let launch = Launch::new(setup).map_err(|fault| setup.not_started(fault))?;
        let launch = Arc::new(launch);
        let mut first = Worker::new(&launch, 0, setup.expected.clone());
        let facts = first.introduce()?;
        let log = first.log_file();
        let mut workers = vec![first];
        workers.extend((1..launch.workers).map(|it| Worker::new(&launch, it, Some(facts.clone()))));
        let shared = Arc::new(Shared::default());
        let threads = workers.into_iter().map(|worker| {
            let shared = Arc::clone(&shared);
            std::thread::spawn(move || serve(&shared, worker))
        });
        Ok(Self {
            threads: threads.collect(),
            shared,
            facts,
            stop: Arc::clone(&launch.stop),
            count: launch.workers,
            model: setup.model.clone(),
            log,
            size: setup.size,
        })
    }

    /// How the first worker introduced itself.
    #[must_use]
    pub fn facts(&self) -> &WorkerFacts {
        &self.facts
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.count
    }

    /// Frames of several sizes cannot be compared, whoever drew them.
    fn check_sizes(
        &mut self,
        prompt: &Prompt,
        frames: &[DrawnFrame],
    ) -> Result<(), GeneratorError> {
        for (at, frame) in frames.iter().enumerate() {
            let Ok(image) = &frame.image else { continue };
            let found = image.dimensions();
            let size = *self.size.get_or_insert(found);
            if size != found {
                return Err(GeneratorError::OtherSize {
                    model: self.model.clone(),
                    place: prompt.place(at),
                    expected: size,
                    found,
                });
            }
        }
        Ok(())
    }

    /// Waits for the frames of a job.
    fn take(&self, key: &Key) -> Result<Stories, GeneratorError> {
        let mut board = self.shared.board();
        loop {
            if let Some(done) = board.done.remove(key) {
                return done;
            }
            // Threads end before their time only by a bug, which must not become a wait without end.
            if self.threads.iter().any(JoinHandle::is_finished) {
                return Err(GeneratorError::WorkersGone {
                    model: self.model.clone(),
                    log: self.log.clone(),
                });
            }
            board = self.shared.wait(board);
        }
    }
}

impl Generator for Workers {
    fn generate(
        &mut self,
        prompts: &[Prompt],
        seed: Seed,
    ) -> Result<Vec<Vec<DrawnFrame>>, GeneratorError> {
        prompts.iter().try_for_each(Prompt::check)?;
        let keys: Vec<Key> = {
            let mut board = self.shared.board();
            let jobs = prompts.chunks(self.facts.batch);
            jobs.map(|job| board.put(job.to_vec(), seed)).collect()
        };
        self.shared.changed.notify_all();
        let mut stories = Vec::with_capacity(prompts.len());
        for key in &keys {
            stories.extend(self.take(key)?);
        }
        for (prompt, frames) in prompts.iter().zip(&stories) {
            self.check_sizes(prompt, frames)?;
        }
        Ok(stories)
    }

    fn together(&self) -> usize {
        self.facts.batch
    }

    fn announce(&mut self, next: &mut dyn Iterator<Item = Vec<Prompt>>, seed: Seed) {
        let mut board = self.shared.board();
        while board.pending() < AHEAD * self.count {
            let Some(prompts) = next.next() else { break };
            if prompts.iter().all(|prompt| prompt.check().is_ok()) {
                board.put(prompts, seed);
            }
        }
        drop(board);
        self.shared.changed.notify_all();
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.shared.board().stop = true;
        self.shared.changed.notify_all();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

/// Draws one job after the other until there are no more.
fn serve(shared: &Shared, mut worker: Worker) {
    loop {
        let mut board = shared.board();
        let (key, job) = loop {
            if board.stop {
                drop(board);
                worker.dismiss();
                return;
            }
            let next = board.queue.pop_front();
            if let Some(key) = next
                && let Some(job) = board.jobs.remove(&key)
            {
                board.at_work.insert(key.clone());
                break (key, job);
            }
            board = shared.wait(board);
        };
        drop(board);
        let drawn = worker.draw(&job);
        let mut board = shared.board();
        board.at_work.remove(&key);
        board.done.insert(key, drawn);
        drop(board);
        shared.changed.notify_all();
    }
}
