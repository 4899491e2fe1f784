//! Locks on files, where the file system has them.

use std::fs::{File, TryLockError};
use std::io;

/// How locking a file went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileLock {
    /// It is ours until the file is closed.
    Held,
    /// Another process has it.
    Taken,
    /// This file system has no locks, as some network file systems. Working without one beats not working there.
    Unsupported,
}

/// Locks a file unless another process has it.
///
/// # Errors
/// Those of the system, except that it has no locks.
pub fn try_lock(file: &File) -> io::Result<FileLock> {
    match file.try_lock() {
        Ok(()) => Ok(FileLock::Held),
        Err(TryLockError::WouldBlock) => Ok(FileLock::Taken),
        Err(TryLockError::Error(error)) => {
            unless_unsupported(error).map(|()| FileLock::Unsupported)
        }
    }
}

/// Locks a file, and waits for other processes.
///
/// # Errors
/// Those of the system, except that it has no locks.
pub fn wait_for_lock(file: &File) -> io::Result<()> {
    file.lock().or_else(unless_unsupported)
}

/// Passes over errors that say that this file system cannot do it at all.
///
/// # Errors
/// The others.
pub fn unless_unsupported(error: io::Error) -> io::Result<()> {
    // ENOLCK has no kind of its own.
    const ENOLCK: [i32; 2] = [37, 77];
    let unsupported = matches!(
        error.kind(),
        io::ErrorKind::Unsupported | io::ErrorKind::InvalidInput
    ) || error
        .raw_os_error()
        .is_some_and(|code| ENOLCK.contains(&code));
    if unsupported { Ok(()) } else { Err(error) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_systems_without_locks_are_told_from_full_ones() {
        for code in [37, 38, 95, 22] {
            unless_unsupported(io::Error::from_raw_os_error(code))
                .expect("ENOLCK, ENOSYS, EOPNOTSUPP, EINVAL");
        }
        for code in [5, 13, 28, 30] {
            unless_unsupported(io::Error::from_raw_os_error(code))
                .expect_err("EIO, EACCES, ENOSPC, EROFS");
        }
        let file = tempfile::tempfile().expect("file");
        assert_eq!(try_lock(&file).expect("lock"), FileLock::Held);
        wait_for_lock(&file).expect("ours");
    }
}
