//! What every error of the library says beside its message: what kind of fault it is, and what to do next.

use std::fmt;

/// The kinds of faults that callers treat differently. The program maps each to an exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// A bug of storyeval.
    Bug,
    /// The request contradicts itself or cannot be understood.
    Usage,
    /// The selection holds no story.
    NothingSelected,
    /// Work is outstanding; the same request goes on where it stopped.
    Partial,
    /// Weights, data, device or ONNX Runtime are missing or unusable.
    Setup,
    /// Data are there, but are not what they should be.
    DataVerification,
    /// Scores with different signatures were to be compared.
    Incomparable,
    /// The regression gate failed.
    GateFailed,
    /// Output could not be written.
    Output,
}

/// What an error says beside its message.
pub trait Hint {
    /// What kind of fault this is.
    fn fault_kind(&self) -> FaultKind;
    /// What to do next: one sentence, preferably with a command that can be pasted.
    fn hint(&self) -> Option<String> {
        None
    }
}

impl<E: Hint + ?Sized> Hint for Box<E> {
    fn fault_kind(&self) -> FaultKind {
        (**self).fault_kind()
    }

    fn hint(&self) -> Option<String> {
        (**self).hint()
    }
}

/// An error that is always one of other rooms' errors.
macro_rules! one_of {
    ($(#[$what:meta])+ $name:ident { $($(#[$which:meta])+ $variant:ident($error:ty),)+ }) => {
        $(#[$what])+
        #[derive(Debug, thiserror::Error)]
        pub enum $name {
            $($(#[$which])+ #[error(transparent)] $variant(#[from] $error),)+
        }

        impl $crate::record::Hint for $name {
            fn fault_kind(&self) -> $crate::record::FaultKind {
                match self { $(Self::$variant(error) => error.fault_kind(),)+ }
            }

            fn hint(&self) -> Option<String> {
                match self { $(Self::$variant(error) => error.hint(),)+ }
            }
        }
    };
}
pub(crate) use one_of;

/// An error with a hint, of a room that the holder need not know.
pub trait HintedError: std::error::Error + Hint + Send + Sync + 'static {}

impl<E: std::error::Error + Hint + Send + Sync + 'static> HintedError for E {}

/// An error that comes out of a caller's closure: its message, source, kind and hint are passed on.
#[derive(Debug)]
pub struct CallerError(Box<dyn HintedError>);

impl CallerError {
    /// Wraps any error that has a hint.
    pub fn new(error: impl HintedError) -> Self {
        Self(Box::new(error))
    }
}

impl fmt::Display for CallerError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl std::error::Error for CallerError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}

impl Hint for CallerError {
    fn fault_kind(&self) -> FaultKind {
        self.0.fault_kind()
    }

    fn hint(&self) -> Option<String> {
        self.0.hint()
    }
}
