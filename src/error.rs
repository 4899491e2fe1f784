//! The one error that leaves the library, and the public exit codes.

use std::fmt;

/// Exit codes of the `storyeval` program. They are part of the public interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ExitCode {
    /// Everything that was asked for was done.
    Done = 0,
    /// A bug of storyeval; please report it.
    Bug = 1,
    /// The command line could not be understood.
    Usage = 2,
    /// The selection holds no story.
    NothingSelected = 4,
    /// The command stopped with units outstanding; the same command goes on.
    Partial = 5,
    /// Weights, data, device or ONNX Runtime are missing or unusable.
    Setup = 96,
    /// Data are there, but are not what they should be.
    DataVerification = 97,
    /// Scores with different signatures were to be compared.
    Incomparable = 98,
    /// The regression gate failed.
    GateFailed = 100,
    /// Output could not be written.
    Output = 110,
}

/// What an error tells the user to do next.
pub trait Hint {
    /// The exit code this error ends the program with.
    fn exit_code(&self) -> ExitCode;
    /// One sentence, preferably with a command that can be pasted.
    fn hint(&self) -> Option<String> {
        None
    }
}

/// Any error of the library, by the room it came from.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A card or protocol could not be read.
    #[error(transparent)]
    Spec(#[from] crate::spec::SpecError),
    /// A data set could not be read, or is not what its card says.
    #[error(transparent)]
    Dataset(#[from] crate::dataset::DatasetError),
    /// ONNX Runtime, the device, a bundle or a graph.
    #[error(transparent)]
    Inference(#[from] crate::inference::InferenceError),
    /// A generator could not draw.
    #[error(transparent)]
    Generator(#[from] crate::generator::GeneratorError),
    /// A folder of images does not fit the stories.
    #[error(transparent)]
    Images(#[from] crate::generator::images::ImagesError),
    /// An image could not be read or written.
    #[error(transparent)]
    Vision(#[from] crate::vision::VisionError),
    /// An evaluator network failed.
    #[error(transparent)]
    Extract(#[from] crate::extract::ExtractError),
    /// The run folder could not be read or written.
    #[error(transparent)]
    Run(#[from] crate::run::RunError),
    /// A table or picture could not be made.
    #[error(transparent)]
    Report(#[from] crate::report::ReportError),
    /// Runs could not be compared.
    #[error(transparent)]
    Compare(#[from] crate::compare::CompareError),
    /// A table could not be written.
    #[error(transparent)]
    Table(#[from] crate::table::TableError),
    /// Runs could not be exported.
    #[error(transparent)]
    Export(#[from] crate::export::ExportError),
    /// A published table, or a run that is held against it.
    #[error(transparent)]
    Paper(#[from] crate::paper::PaperError),
    /// A file of another program is missing or not what it should be.
    #[error(transparent)]
    Exchange(#[from] crate::exchange::ExchangeError),
    /// A bundle does not do what it should.
    #[error(transparent)]
    Examine(#[from] crate::examine::ExamineError),
    /// The regression gate failed, or could not judge.
    #[error(transparent)]
    Gate(#[from] crate::gate::GateError),
}

impl Error {
    fn inner(&self) -> &dyn Hint {
        match self {
            Self::Spec(error) => error,
            Self::Dataset(error) => error,
            Self::Inference(error) => error,
            Self::Generator(error) => error,
            Self::Images(error) => error,
            Self::Vision(error) => error,
            Self::Extract(error) => error,
            Self::Run(error) => error,
            Self::Report(error) => error,
            Self::Compare(error) => error,
            Self::Table(error) => error,
            Self::Export(error) => error,
            Self::Paper(error) => error,
            Self::Exchange(error) => error,
            Self::Examine(error) => error,
            Self::Gate(error) => error,
        }
    }
}

impl crate::run::MemoryShort for Error {
    fn is_memory_short(&self) -> bool {
        matches!(self, Self::Generator(error) if error.is_memory_short())
    }
}

impl Hint for Error {
    fn exit_code(&self) -> ExitCode {
        self.inner().exit_code()
    }

    fn hint(&self) -> Option<String> {
        self.inner().hint()
    }
}

impl fmt::Display for ExitCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", *self as u8)
    }
}
