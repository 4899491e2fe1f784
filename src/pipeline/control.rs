//! What a pipeline tells while it works, and how it is stopped.

use super::PipelineError;
use crate::run::Progress;
use std::sync::atomic::{AtomicBool, Ordering};

/// Something that happened while a pipeline worked.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// A sentence for a person: a warning, or what was fetched, drawn or chosen.
    Note(&'a str),
    /// The run of a model went on.
    Run {
        /// Name of the model.
        model: &'a str,
        /// What happened.
        progress: &'a Progress,
    },
    /// One run of a suite failed; the next one is tried.
    RunFailed(&'a PipelineError),
    /// A step outside runs went on. Threads may report out of order.
    Step {
        /// What is counted, for example `drawing MiniSV`.
        what: &'a str,
        /// How many are done.
        done: usize,
        /// How many there are.
        total: usize,
    },
    /// That step is over.
    StepDone {
        /// What was counted.
        what: &'a str,
    },
}

/// Hears of what happens. Threads may tell at the same time.
pub trait Watch: Sync {
    /// Takes an event.
    fn hear(&self, event: Event<'_>);
}

/// Drops every event.
struct Silence;

impl Watch for Silence {
    fn hear(&self, _: Event<'_>) {}
}

/// Where events go, and the flag that stops the work.
#[derive(Clone, Copy)]
pub struct Control<'a> {
    watch: &'a dyn Watch,
    cancelled: Option<&'a AtomicBool>,
    /// Whether it reports the progress of single runs.
    runs: bool,
}

impl Control<'static> {
    /// Tells nothing and cannot be stopped.
    #[must_use]
    pub fn silent() -> Self {
        Self {
            watch: &Silence,
            cancelled: None,
            runs: true,
        }
    }
}

impl<'a> Control<'a> {
    /// Gives every event to `watch`.
    #[must_use]
    pub fn new(watch: &'a dyn Watch) -> Self {
        Self {
            watch,
            cancelled: None,
            runs: true,
        }
    }

    /// Stops with [`PipelineError::Cancelled`] before the next batch once `flag` is set. What is on the disk by
    /// then stays, and the same request goes on from there.
    #[must_use]
    pub fn stopped_by(self, flag: &'a AtomicBool) -> Self {
        Self {
            cancelled: Some(flag),
            ..self
        }
    }

    /// Reports nothing of single runs: for a caller that makes many and counts them itself.
    #[must_use]
    pub fn without_runs(self) -> Self {
        Self {
            runs: false,
            ..self
        }
    }

    pub(super) fn tell(&self, event: Event<'_>) {
        if self.runs || !matches!(event, Event::Run { .. }) {
            self.watch.hear(event);
        }
    }

    pub(super) fn note(&self, text: &str) {
        self.tell(Event::Note(text));
    }

    /// Whether the work should go on.
    pub(super) fn check(&self) -> Result<(), PipelineError> {
        match self.cancelled {
            Some(flag) if flag.load(Ordering::Relaxed) => Err(PipelineError::Cancelled),
            _ => Ok(()),
        }
    }

    /// A closure for a run's stages, under the name of a model.
    pub(super) fn progress(&self, model: &str) -> impl FnMut(&Progress) + use<'_> {
        let model = model.to_owned();
        move |progress| {
            self.tell(Event::Run {
                model: &model,
                progress,
            });
        }
    }

    /// A closure for a counted step.
    pub fn step(&self, what: &'static str) -> impl Fn(usize, usize) + Sync + use<'_> {
        move |done, total| self.tell(Event::Step { what, done, total })
    }

    /// Says that a counted step is over.
    pub fn step_done(&self, what: &str) {
        self.tell(Event::StepDone { what });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    #[derive(Default)]
    struct Heard(Mutex<Vec<String>>);

    impl Watch for Heard {
        fn hear(&self, event: Event<'_>) {
            self.0.lock().unwrap().push(format!("{event:?}"));
        }
    }

    #[test]
    fn events_arrive_and_a_flag_stops() {
        let heard = Heard::default();
        let flag = AtomicBool::new(false);
        let control = Control::new(&heard).stopped_by(&flag);
        control.note("drawn");
        control.step("counting")(1, 2);
        let progress = Progress::Started {
            stage: crate::run::Stage::Observe,
            done: 0,
            planned: 1,
        };
        control.without_runs().progress("model")(&progress);
        assert!(control.check().is_ok());
        flag.store(true, Ordering::Relaxed);
        assert!(matches!(control.check(), Err(PipelineError::Cancelled)));
        let heard = heard.0.lock().unwrap();
        assert_eq!(heard.len(), 2);
        assert!(heard[1].contains("counting"), "{heard:?}");
    }
}
