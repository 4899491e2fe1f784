//! The one error that leaves the library.

use crate::record::{FaultKind, Hint};

/// Any error of the library, by the room it came from.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A card or protocol could not be read.
    #[error(transparent)]
    Card(#[from] crate::card::CardError),
    /// A data set could not be written in another layout.
    #[error(transparent)]
    Convert(Box<crate::convert::ConvertError>),
    /// MiniSV could not be drawn.
    #[error(transparent)]
    Minisv(#[from] crate::minisv::MinisvError),
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
    /// Frames could not be observed, or a run not be scored.
    #[error(transparent)]
    Evaluate(Box<crate::evaluate::EvaluateError>),
    /// An evaluator network failed.
    #[error(transparent)]
    Evaluator(#[from] crate::evaluator::EvaluatorError),
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
    /// A published table, or a run that is compared with it.
    #[error(transparent)]
    Paper(#[from] crate::paper::PaperError),
    /// A file of another program is missing or not what it should be.
    #[error(transparent)]
    Format(#[from] crate::format::FormatError),
    /// A bundle does not do what it should.
    #[error(transparent)]
    Examine(#[from] crate::examine::ExamineError),
    /// A checkpoint does not become a bundle.
    #[error(transparent)]
    Weights(Box<crate::weights::WeightsError>),
    /// The regression gate failed, or could not judge.
    #[error(transparent)]
    Gate(#[from] crate::gate::GateError),
}

impl From<crate::convert::ConvertError> for Error {
    fn from(error: crate::convert::ConvertError) -> Self {
        Self::Convert(Box::new(error))
    }
}

impl From<crate::evaluate::EvaluateError> for Error {
    fn from(error: crate::evaluate::EvaluateError) -> Self {
        Self::Evaluate(Box::new(error))
    }
}

impl From<crate::weights::WeightsError> for Error {
    fn from(error: crate::weights::WeightsError) -> Self {
        Self::Weights(Box::new(error))
    }
}

impl Error {
    fn inner(&self) -> &dyn Hint {
        match self {
            Self::Card(error) => error,
            Self::Convert(error) => &**error,
            Self::Minisv(error) => error,
            Self::Dataset(error) => error,
            Self::Inference(error) => error,
            Self::Generator(error) => error,
            Self::Images(error) => error,
            Self::Vision(error) => error,
            Self::Evaluate(error) => &**error,
            Self::Evaluator(error) => error,
            Self::Run(error) => error,
            Self::Report(error) => error,
            Self::Compare(error) => error,
            Self::Table(error) => error,
            Self::Export(error) => error,
            Self::Paper(error) => error,
            Self::Format(error) => error,
            Self::Examine(error) => error,
            Self::Weights(error) => &**error,
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
    fn fault_kind(&self) -> FaultKind {
        self.inner().fault_kind()
    }

    fn hint(&self) -> Option<String> {
        self.inner().hint()
    }
}
