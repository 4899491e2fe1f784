//! Ctrl-C: what is kept, and how to go on.

use super::talk::complain;
use signal_hook::consts::SIGINT;
use signal_hook::iterator::Signals;

/// Exit code of a program that Ctrl-C ended.
const INTERRUPTED: i32 = 128 + SIGINT;

/// From here on, Ctrl-C prints `kept` before the program ends. Whatever is on the disk is whole at every moment, so
/// nothing has to be finished first.
pub(super) fn says(kept: &'static str) {
    // Without a handler the program ends as ever, only without a word.
    if let Ok(mut signals) = Signals::new([SIGINT]) {
        std::thread::spawn(move || {
            if signals.forever().next().is_some() {
                complain(&format!("\nstopped: {kept}"));
                std::process::exit(INTERRUPTED);
            }
        });
    }
}

/// What holds for a run folder.
pub(super) const RUN: &str = "finished batches are kept; the same command goes on from there";
