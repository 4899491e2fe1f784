//! Named points at which a test can stop the program as a kill would.
//!
//! Outside of tests `reached` is an empty function. A test counts down the points it passes; at zero
//! every later write fails and nothing tidies up, so that what lies on disk is what `kill -9` leaves.

/// A point between two durable steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Point {
    /// Half of a file has been written under its temporary name.
    HalfFile,
    /// A file is whole under its temporary name.
    BeforeRename,
    /// A file has its name.
    AfterRename,
    /// All frames of a unit are in place, the journal does not know.
    FramesStored,
    /// Half of a journal line is written.
    HalfLine,
    /// A journal line is written.
    LineWritten,
}

#[cfg(not(test))]
#[inline]
#[allow(clippy::unnecessary_wraps, reason = "in tests it fails")]
pub(super) fn reached(_: Point) -> std::io::Result<()> {
    Ok(())
}

#[cfg(not(test))]
#[inline]
pub(super) fn dead() -> bool {
    false
}

#[cfg(test)]
pub(super) use armed::{arm, dead, disarm, reached};

#[cfg(test)]
mod armed {
    use super::Point;
    use std::cell::Cell;
    use std::io;

    thread_local! {
        static LEFT: Cell<Option<usize>> = const { Cell::new(None) };
    }

    /// Lets `points` points pass and stops at the next.
    pub(in crate::run) fn arm(points: usize) {
        LEFT.set(Some(points));
    }

    /// Ends fault injection. Returns whether the fault had fired.
    pub(in crate::run) fn disarm() -> bool {
        LEFT.replace(None) == Some(0)
    }

    /// Whether the process is as good as killed.
    pub(in crate::run) fn dead() -> bool {
        LEFT.get() == Some(0)
    }

    pub(in crate::run) fn reached(point: Point) -> io::Result<()> {
        match LEFT.get() {
            None => Ok(()),
            Some(0 | 1) => {
                LEFT.set(Some(0));
                Err(io::Error::other(format!("killed at {point:?}")))
            }
            Some(left) => {
                LEFT.set(Some(left - 1));
                Ok(())
            }
        }
    }
}
