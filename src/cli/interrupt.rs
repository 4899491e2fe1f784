//! Ctrl-C and SIGTERM: what is kept, and how to go on. Workers end with the program.

use super::talk::complain;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use storyeval::generator::command::end_workers;

/// Exit code of a program that the signal 0 ended.
const INTERRUPTED: i32 = 128;

/// From here on, Ctrl-C or SIGTERM prints `kept` before the program ends. Whatever is on the disk is whole at every moment, so
/// nothing has to be finished first.
pub(super) fn says(kept: &'static str) {
    // Without a handler the program ends as ever, only without a word.
    if let Ok(mut signals) = Signals::new([SIGINT, SIGTERM]) {
        std::thread::spawn(move || {
            if let Some(signal) = signals.forever().next() {
                complain(&format!("\nstopped: {kept}"));
                end_workers();
                std::process::exit(INTERRUPTED + signal);
            }
        });
    }
}

/// What holds for a run folder.
pub(super) const RUN: &str = "finished batches are kept; the same command goes on from there";
