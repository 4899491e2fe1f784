//! Exit codes of the program. They are part of the public interface.

use storyeval::FaultKind;

/// How the program ends when it does not end with 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum ExitCode {
    Bug = 1,
    Usage = 2,
    NothingSelected = 4,
    Partial = 5,
    Setup = 96,
    DataVerification = 97,
    Incomparable = 98,
    GateFailed = 100,
    Output = 110,
}

impl From<FaultKind> for ExitCode {
    fn from(kind: FaultKind) -> Self {
        match kind {
            FaultKind::Bug => Self::Bug,
            FaultKind::Usage => Self::Usage,
            FaultKind::NothingSelected => Self::NothingSelected,
            FaultKind::Partial => Self::Partial,
            FaultKind::Setup => Self::Setup,
            FaultKind::DataVerification => Self::DataVerification,
            FaultKind::Incomparable => Self::Incomparable,
            FaultKind::GateFailed => Self::GateFailed,
            FaultKind::Output => Self::Output,
        }
    }
}
