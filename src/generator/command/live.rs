//! The workers that are running, so that none outlives the program.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long workers have between being asked to end and being ended.
const GRACE: Duration = Duration::from_millis(500);

/// Process ids of workers, with their scratch folders.
#[derive(Default)]
pub(super) struct Live {
    workers: BTreeMap<u32, PathBuf>,
    /// Set when the program ends: no worker starts after that.
    ending: bool,
}

static LIVE: Mutex<Live> = Mutex::new(Live {
    workers: BTreeMap::new(),
    ending: false,
});

fn live() -> MutexGuard<'static, Live> {
    LIVE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts a worker, unless the program is ending.
pub(super) fn start<T>(
    scratch: PathBuf,
    spawn: impl FnOnce() -> std::io::Result<(u32, T)>,
) -> Option<std::io::Result<T>> {
    let mut live = live();
    if live.ending {
        return None;
    }
    Some(spawn().map(|(id, started)| {
        live.workers.insert(id, scratch);
        started
    }))
}

/// Forgets a worker that has ended.
pub(super) fn ended(id: u32) {
    live().workers.remove(&id);
}

/// Where the program is ending, waits until it has: that its workers end is no fault to be reported.
pub(super) fn wait_if_ending() {
    let ending = live().ending;
    if ending {
        std::thread::sleep(4 * GRACE);
    }
}

/// Ends every worker, with all programs that it started, and removes their scratch folders. For a program that is
/// about to exit: no worker starts after that.
pub fn end_all() {
    let workers: BTreeMap<u32, PathBuf> = {
        let mut live = live();
        live.ending = true;
        live.workers.clone()
    };
    if workers.is_empty() {
        return;
    }
    for id in workers.keys() {
        signal(*id, Ending::Asked);
    }
    std::thread::sleep(GRACE);
    for (id, scratch) in workers {
        signal(id, Ending::Forced);
        // What is left over in a folder of temporary files is no reason to stop.
        let _ = std::fs::remove_dir_all(scratch);
    }
}

/// How a worker is ended.
#[derive(Clone, Copy)]
pub(super) enum Ending {
    /// It may still tidy up.
    Asked,
    /// At once.
    Forced,
}

/// Sends a signal to a worker and the programs that it started. One that has ended already is no fault.
#[cfg(unix)]
pub(super) fn signal(id: u32, ending: Ending) {
    use rustix::process::{Pid, Signal, kill_process_group};
    let signal = match ending {
        Ending::Asked => Signal::TERM,
        Ending::Forced => Signal::KILL,
    };
    if let Some(group) = i32::try_from(id).ok().and_then(Pid::from_raw) {
        let _ = kill_process_group(group, signal);
    }
}

/// Other systems have no groups of processes: the worker itself is ended by its owner.
#[cfg(not(unix))]
pub(super) fn signal(_: u32, _: Ending) {}
