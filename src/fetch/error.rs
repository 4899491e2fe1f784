//! Errors of this room.

use super::{Digest, Expected};
use crate::record::{FaultKind, Hint};
use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// Why a file could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// Nothing may be downloaded.
    #[error("{address} is not fetched: storyeval is offline")]
    Offline {
        /// Where the file is.
        address: String,
    },
    /// A variable of the environment cannot be used.
    #[error("{variable} is {value:?}, which is {what}")]
    Environment {
        /// Its name.
        variable: &'static str,
        /// Its value, without a password.
        value: String,
        /// What is wrong with it.
        what: &'static str,
    },
    /// The server could not be reached, or stopped answering before the file began.
    #[error("failed to connect to {address}")]
    Connect {
        /// Where the file is.
        address: String,
        /// Why.
        source: Box<ureq::Error>,
    },
    /// The server answered with an error.
    #[error("{address}: the server answers {status}{}", meaning(*status))]
    Status {
        /// Where the file is.
        address: String,
        /// HTTP status.
        status: u16,
        /// How long the server asks to wait.
        wait: Option<Duration>,
    },
    /// Addresses led to other addresses too often.
    #[error("{address} leads in circles: more than {most} redirects")]
    Redirects {
        /// Where it began.
        address: String,
        /// How many are followed.
        most: u32,
    },
    /// A service answers that another address is meant. A request that carries a key or is paid for is not repeated
    /// there.
    #[error(
        "{address}: the server answers {status} and points to {to}, where the request is not sent"
    )]
    Elsewhere {
        /// Where the request went.
        address: String,
        /// HTTP status.
        status: u16,
        /// Where it points.
        to: String,
    },
    /// An answer is larger than anything that is expected.
    #[error("{address} answers with more than {most} bytes{}", found.map_or_else(String::new, |found| format!(" ({found})")))]
    TooLarge {
        /// Where the answer comes from.
        address: String,
        /// What is read at most.
        most: u64,
        /// What the server announces.
        found: Option<u64>,
    },
    /// The connection ended or stalled in the middle of the file.
    #[error("{address} was cut off after {received} bytes{}", total.map_or_else(String::new, |total| format!(" of {total}")))]
    Cut {
        /// Where the file is.
        address: String,
        /// What is there.
        received: u64,
        /// What should be, where the server said so.
        total: Option<u64>,
        /// Why.
        source: io::Error,
    },
    /// What the server has is not as large as the publisher says.
    #[error("{address} has {found} bytes, where {wanted} are expected")]
    WrongSize {
        /// Where the file is.
        address: String,
        /// What the server has, or what it sent before it was stopped.
        found: u64,
        /// What the publisher says.
        wanted: u64,
    },
    /// A file is another one.
    #[error("{origin} is another file: {found}; expected: {wanted}")]
    WrongFile {
        /// Address or path.
        origin: String,
        /// What it is.
        found: Digest,
        /// What it should be.
        wanted: Expected,
    },
    /// There is too little room on the disk.
    #[error("{} needs {needed} bytes, and the disk has {free} bytes left", path.display())]
    NoRoom {
        /// What would be written.
        path: PathBuf,
        /// Bytes that are missing.
        needed: u64,
        /// Bytes that are free.
        free: u64,
    },
    /// The disk filled up.
    #[error("no space left to write {}{}", path.display(), needed.map_or_else(String::new, |needed| format!("; {needed} bytes more are needed")))]
    DiskFull {
        /// What was being written.
        path: PathBuf,
        /// Bytes that are missing, where the size is known.
        needed: Option<u64>,
        /// Why.
        source: io::Error,
    },
    /// A file could not be written.
    #[error("failed to write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file could not be read.
    #[error("failed to read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// What the common codes mean.
fn meaning(status: u16) -> &'static str {
    match status {
        401 | 403 => " (not allowed)",
        404 | 410 => " (not there)",
        429 => " (too many requests)",
        500.. => " (out of order)",
        _ => "",
    }
}

impl FetchError {
    /// A failure to write; `needed` are the bytes that are still missing.
    pub(super) fn write(path: PathBuf, needed: Option<u64>, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::FileTooLarge => Self::DiskFull {
                path,
                needed,
                source,
            },
            _ => Self::Write { path, source },
        }
    }

    /// Whether the same request may succeed in a moment.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Status { status, .. } => matches!(status, 408 | 425 | 429 | 500..),
            Self::Cut { .. } => true,
            Self::Connect { source, .. } => matches!(
                **source,
                ureq::Error::Io(_)
                    | ureq::Error::Timeout(_)
                    | ureq::Error::ConnectionFailed
                    | ureq::Error::Protocol(_)
            ),
            _ => false,
        }
    }

    /// Whether the file may be had by another way.
    #[must_use]
    pub fn is_of_network(&self) -> bool {
        matches!(
            self,
            Self::Offline { .. }
                | Self::Connect { .. }
                | Self::Status { .. }
                | Self::Redirects { .. }
                | Self::Cut { .. }
        )
    }
}

impl Hint for FetchError {
    fn fault_kind(&self) -> FaultKind {
        match self {
            Self::Environment { .. } => FaultKind::Usage,
            Self::WrongSize { .. } | Self::WrongFile { .. } | Self::TooLarge { .. } => {
                FaultKind::DataVerification
            }
            Self::NoRoom { .. } | Self::DiskFull { .. } | Self::Write { .. } => FaultKind::Output,
            _ => FaultKind::Setup,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Offline { .. } => "leave `--offline` out and unset STORYEVAL_OFFLINE".to_owned(),
            Self::Environment { variable, .. } => format!("correct or unset {variable}"),
            Self::Cut { .. } => "run the same command again; it goes on from there".to_owned(),
            Self::Connect { .. } | Self::Status { .. } | Self::Redirects { .. } => {
                "check the network; HTTPS_PROXY names a proxy, STORYEVAL_MIRROR a copy of the files"
                    .to_owned()
            }
            Self::WrongSize { .. } | Self::WrongFile { .. } => {
                "a proxy or a mirror may have sent a page of its own; nothing of it was kept"
                    .to_owned()
            }
            Self::Elsewhere { to, .. } => {
                format!(
                    "write the address that answers itself, such as {to}, if that is who is meant"
                )
            }
            Self::TooLarge { .. } => {
                "check the address: this is no answer of the service".to_owned()
            }
            Self::NoRoom { path, .. } | Self::DiskFull { path, .. } => format!(
                "make room (`df -h {}`) or choose another disk with `--cache DIR`, and run the same command again; it goes on from there",
                path.parent().unwrap_or(path).display()
            ),
            Self::Write { path, .. } => format!(
                "choose a folder you may write with `--cache DIR`, or check `ls -ld {}`",
                path.parent().unwrap_or(path).display()
            ),
            Self::Read { path, .. } => format!("check it with `ls -l {}`", path.display()),
        })
    }
}
