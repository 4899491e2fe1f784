//! How a verb can fail: in the library, in the arguments, or on the way to stdout.

use super::talk::say;
use storyeval::{Error, ExitCode, Hint};

/// An error on its way to the user.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The library says so.
    #[error(transparent)]
    Library(#[from] Error),
    /// The bundle of a model or evaluator is nowhere.
    #[error("the weights of {what} are not installed{missing}")]
    NoBundle {
        what: String,
        missing: String,
        hint: String,
    },
    /// Arguments that clap cannot check.
    #[error("{what}")]
    Arguments { what: String, hint: String },
    /// A standalone metric has no value on these inputs.
    #[error("{metric} has no value: {reason}")]
    Unscored {
        metric: String,
        reason: String,
        hint: String,
    },
    /// Not all of a suite could be run.
    #[error("{what}")]
    Suite {
        what: String,
        code: ExitCode,
        hint: String,
    },
    /// The split has stories, but none was asked for.
    #[error("no story is selected")]
    NothingSelected,
    /// stdout is gone or full.
    #[error("failed to print the result")]
    Stdout(#[source] std::io::Error),
}

impl storyeval::run::MemoryShort for Failure {
    fn is_memory_short(&self) -> bool {
        matches!(self, Self::Library(error) if error.is_memory_short())
    }
}

impl Failure {
    /// The code the program ends with.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Library(error) => error.exit_code(),
            Self::NoBundle { .. } => ExitCode::Setup,
            Self::Arguments { .. } => ExitCode::Usage,
            Self::Unscored { .. } => ExitCode::DataVerification,
            Self::Suite { code, .. } => *code,
            Self::NothingSelected => ExitCode::NothingSelected,
            Self::Stdout(_) => ExitCode::Output,
        }
    }

    /// What to do next.
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::Library(error) => error.hint(),
            Self::NoBundle { hint, .. }
            | Self::Arguments { hint, .. }
            | Self::Suite { hint, .. }
            | Self::Unscored { hint, .. } => Some(hint.clone()),
            Self::NothingSelected => Some(
                "give `--limit` at least 1, and a `--story-length` that the episodes of the split have"
                    .to_owned(),
            ),
            Self::Stdout(_) => None,
        }
    }
}

/// Several failures that a user would rather hear of at once.
#[derive(Debug, Default)]
pub(crate) struct Failures(Vec<Failure>);

impl Failures {
    /// Keeps the error of a result.
    pub(crate) fn keep<T>(&mut self, result: Result<T, Failure>) -> Option<T> {
        result.map_err(|failure| self.0.push(failure)).ok()
    }

    /// Whether nothing failed.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Says all but one, and gives that one back to end the program with: something broken before
    /// something missing, because installing more does not mend it.
    pub(crate) fn report(mut self) -> Failure {
        self.0
            .sort_by_key(|failure| failure.exit_code() != ExitCode::Setup);
        let last = self.0.pop().unwrap_or(Failure::NothingSelected);
        for failure in self.0 {
            say(&format!("error: {failure}\n"));
        }
        last
    }
}

/// Lets `?` lift the error of any room.
macro_rules! lift {
    ($($room:ident$(::$part:ident)+),+ $(,)?) => {
        $(impl From<storyeval::$room$(::$part)+> for Failure {
            fn from(error: storyeval::$room$(::$part)+) -> Self {
                Self::Library(error.into())
            }
        })+
    };
}

lift!(
    compare::CompareError,
    dataset::DatasetError,
    examine::ExamineError,
    exchange::ExchangeError,
    export::ExportError,
    extract::ExtractError,
    gate::GateError,
    generator::GeneratorError,
    generator::images::ImagesError,
    inference::InferenceError,
    paper::PaperError,
    report::ReportError,
    run::RunError,
    spec::SpecError,
    table::TableError,
    vision::VisionError,
);
