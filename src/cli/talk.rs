//! stderr: progress and errors. stdout belongs to data.

use super::failure::Failure;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use std::error::Error;
use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, PoisonError};
use storyeval::fetch::megabytes;
use storyeval::pipeline::{Control, Event, PipelineError, Watch};
use storyeval::run::{Progress, Stage};
use storyeval::{FaultKind, Hint};

/// How much is printed to stderr: set once, before a verb begins.
static LEVEL: AtomicU8 = AtomicU8::new(NORMAL);
const QUIET: u8 = 0;
const NORMAL: u8 = 1;
const VERBOSE: u8 = 2;

/// Takes `-q` and `-v` into account.
pub(crate) fn set_level(quiet: bool, verbose: bool) {
    let level = match (quiet, verbose) {
        (true, _) => QUIET,
        (_, true) => VERBOSE,
        _ => NORMAL,
    };
    LEVEL.store(level, Ordering::Relaxed);
}

fn level() -> u8 {
    LEVEL.load(Ordering::Relaxed)
}

/// Writes an error or what else nothing may hide. A closed stderr is no reason to stop working.
pub(crate) fn complain(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Writes a line of talk, which `-q` leaves out unless it is a warning.
pub(crate) fn say(line: &str) {
    if level() >= NORMAL || line.trim_start().starts_with("warning") {
        complain(line);
    }
}

/// Writes what only `-v` shows.
pub(crate) fn detail(line: &str) {
    if level() >= VERBOSE {
        complain(line);
    }
}

/// Prints data.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
        .map_err(Failure::Stdout)
}

/// Prints a value as JSON.
///
/// # Panics
/// When it has keys that are no text, which nothing that is printed has.
pub(crate) fn print_json(value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value).expect("all keys are text or numbers");
    print(&format!("{text}\n"))
}

/// Prints an error, its causes and its hint. Of several, the last one ends the program and has the hint.
pub(crate) fn failure(failure: &Failure) {
    match failure {
        Failure::Library(PipelineError::Several(all)) => {
            let mut all = all.iter();
            let last = all.next_back();
            for error in all {
                complain(&format!("error: {error}\n"));
            }
            if let Some(last) = last {
                ending(last, failure.fault_kind(), failure.hint());
            }
        }
        other => ending(other, other.fault_kind(), other.hint()),
    }
}

/// Prints an error, its causes and what to do.
fn ending(error: &dyn Error, kind: FaultKind, hint: Option<String>) {
    complain(&format!("error: {error}"));
    let mut cause = error.source();
    let mut last = error.to_string();
    while let Some(error) = cause {
        let text = error.to_string();
        // Wrappers often repeat their source; saying it once is enough.
        if !last.contains(&text) {
            complain(&format!("  cause: {text}"));
        }
        last = text;
        cause = error.source();
    }
    if kind == FaultKind::Bug {
        complain(
            "\nThis is a bug of storyeval. Please report it with the command and the text above.",
        );
    }
    if let Some(hint) = hint {
        complain(&format!("\nhint: {hint}"));
    }
}

/// A bar on a terminal, a line every few seconds otherwise.
pub(crate) struct Meter {
    bar: ProgressBar,
    plain: bool,
    what: String,
    last: std::time::Instant,
}

impl Meter {
    /// A meter for `total` steps of `what`.
    pub(crate) fn new(what: &str, total: usize) -> Self {
        let plain = !std::io::stderr().is_terminal() || level() == QUIET;
        let target = if plain {
            ProgressDrawTarget::hidden()
        } else {
            ProgressDrawTarget::stderr()
        };
        let bar = ProgressBar::with_draw_target(Some(total as u64), target);
        let template = "{msg:24} {bar:30} {pos}/{len}  {elapsed} (about {eta} left)";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message(what.to_owned());
        Self {
            bar,
            plain,
            what: what.to_owned(),
            last: std::time::Instant::now(),
        }
    }

    /// Says how far it is.
    pub(crate) fn at(&mut self, done: usize) {
        self.bar.set_position(done as u64);
        if self.plain && self.last.elapsed().as_secs() >= 5 {
            say(&format!(
                "{}: {done}/{}",
                self.what,
                self.bar.length().unwrap_or(0)
            ));
            self.last = std::time::Instant::now();
        }
    }

    /// Says that it is so far or farther.
    fn at_least(&mut self, done: usize) {
        self.at(done.max(self.bar.position() as usize));
    }

    /// Removes the bar.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// A bar of bytes on a terminal, a line every few seconds otherwise.
pub(crate) struct BytesMeter {
    bar: ProgressBar,
    plain: bool,
    what: String,
    last: std::time::Instant,
}

impl BytesMeter {
    /// A meter of `what`, of which `done` bytes are there.
    pub(crate) fn new(what: &str, done: u64) -> Self {
        let plain = !std::io::stderr().is_terminal();
        let target = if plain {
            ProgressDrawTarget::hidden()
        } else {
            ProgressDrawTarget::stderr()
        };
        let bar = ProgressBar::with_draw_target(None, target).with_position(done);
        let template = "{msg} {bar:30} {bytes}/{total_bytes}  {bytes_per_sec} (about {eta} left)";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message(what.to_owned());
        // The speed is that of this request.
        bar.reset_eta();
        Self {
            bar,
            plain,
            what: what.to_owned(),
            last: std::time::Instant::now(),
        }
    }

    /// Says how far it is.
    pub(crate) fn at(&mut self, done: u64, total: Option<u64>) {
        if let Some(total) = total {
            self.bar.set_length(total);
        }
        self.bar.set_position(done);
        if self.plain && self.last.elapsed().as_secs() >= 5 {
            let of = total.map_or_else(String::new, |total| format!(" of {}", megabytes(total)));
            say(&format!("{}: {}{of}", self.what, megabytes(done)));
            self.last = std::time::Instant::now();
        }
    }

    /// Removes the bar.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// A meter that any thread may move; it appears with the first step.
pub(crate) struct SharedMeter {
    what: String,
    meter: Mutex<Option<Meter>>,
}

impl SharedMeter {
    /// A meter of `what`.
    pub(crate) fn new(what: &str) -> Self {
        Self {
            what: what.to_owned(),
            meter: Mutex::new(None),
        }
    }

    /// Says how far it is. Threads may come out of order; the meter never goes back.
    pub(crate) fn at(&self, done: usize, total: usize) {
        let mut meter = self.meter.lock().unwrap_or_else(PoisonError::into_inner);
        meter
            .get_or_insert_with(|| Meter::new(&self.what, total))
            .at_least(done);
    }

    /// Removes the bar.
    pub(crate) fn finish(self) {
        let meter = self.meter.into_inner();
        if let Some(meter) = meter.unwrap_or_else(PoisonError::into_inner) {
            meter.finish();
        }
    }
}

/// stderr while the library works: notes, and one meter at a time.
#[derive(Default)]
pub(crate) struct Screen {
    meter: Mutex<Option<Meter>>,
}

impl Screen {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// What the library tells its events to.
    pub(crate) fn control(&self) -> Control<'_> {
        Control::new(self)
    }

    fn step(&self, what: &str, done: usize, total: usize) {
        let mut meter = self.meter.lock().unwrap_or_else(PoisonError::into_inner);
        meter
            .get_or_insert_with(|| Meter::new(what, total))
            .at_least(done);
    }

    fn clear(&self) {
        let mut meter = self.meter.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(meter) = meter.take() {
            meter.finish();
        }
    }

    fn begin(&self, model: &str, stage: Stage, done: usize, planned: usize) {
        let verb = match stage {
            Stage::Generate => "drawing",
            Stage::Import => "importing",
            Stage::Observe => "observing",
        };
        if done > 0 && stage == Stage::Generate {
            say(&format!(
                "{model}: {done} of {planned} frames are there already"
            ));
        }
        self.clear();
        self.step(&format!("{verb} {model}"), done, planned);
    }

    fn run(&self, model: &str, progress: &Progress) {
        match progress {
            Progress::Recovered(recovery) => say(&format!(
                "{model}: an earlier process was stopped; mended {recovery}"
            )),
            Progress::Started {
                stage,
                done,
                planned,
            } => self.begin(model, *stage, *done, *planned),
            Progress::Batch {
                done,
                planned,
                batch,
                frames_per_second,
                ..
            } => {
                detail(&format!(
                    "{model}: batch {batch} is on the disk, {done} of {planned} frames ({frames_per_second:.2} per second)"
                ));
                self.step(model, *done, *planned);
            }
            Progress::Halved { stories, half, .. } => say(&format!(
                "warning: {model}: too little memory to draw {stories} stories at once; from here on {half} at a time \
                 (journal.jsonl says of which stories; `--batch {half}` in a new run folder draws all alike)"
            )),
            Progress::NotReproduced { story } => say(&format!(
                "warning: {model}: story {story} came out differently when drawn again; the stored frames stay"
            )),
            Progress::Finished {
                stage,
                frames,
                seconds,
            } => {
                self.clear();
                if *stage == Stage::Generate && *frames > 0 {
                    say(&format!("{model}: drew {frames} frames in {seconds:.1} s"));
                }
            }
        }
    }
}

impl Watch for Screen {
    fn hear(&self, event: Event<'_>) {
        match event {
            Event::Note(text) => say(text),
            Event::Run { model, progress } => self.run(model, progress),
            Event::RunFailed(error) => ending(error, error.fault_kind(), error.hint()),
            Event::Step { what, done, total } => self.step(what, done, total),
            Event::StepDone { .. } => self.clear(),
        }
    }
}
