//! The one error that leaves the library.

use crate::record::one_of;

one_of! {
    /// Any error of the library, by the room it came from.
    Error {
        /// A card or protocol could not be read.
        Card(crate::card::CardError),
        /// A data set could not be written in another layout.
        Convert(Box<crate::convert::ConvertError>),
        /// MiniSV could not be drawn.
        Minisv(crate::minisv::MinisvError),
        /// A data set could not be read, or is not what its card says.
        Dataset(Box<crate::dataset::DatasetError>),
        /// A file could not be fetched.
        Fetch(crate::fetch::FetchError),
        /// ONNX Runtime, the device, a bundle or a graph.
        Inference(crate::inference::InferenceError),
        /// A generator could not draw.
        Generator(Box<crate::generator::GeneratorError>),
        /// A folder of images does not fit the stories.
        Images(crate::generator::images::ImagesError),
        /// An image could not be read or written.
        Vision(crate::vision::VisionError),
        /// Frames could not be observed, or a run not be scored.
        Evaluate(Box<crate::evaluate::EvaluateError>),
        /// An evaluator network failed.
        Evaluator(crate::evaluator::EvaluatorError),
        /// The run folder could not be read or written.
        Run(crate::run::RunError),
        /// A table or picture could not be made.
        Report(Box<crate::report::ReportError>),
        /// Runs could not be compared.
        Compare(crate::compare::CompareError),
        /// A table could not be written.
        Table(crate::table::TableError),
        /// Runs could not be exported.
        Export(crate::export::ExportError),
        /// A published table, or a run that is compared with it.
        Paper(crate::paper::PaperError),
        /// A metric of files has no answer.
        Measure(crate::measure::MeasureError),
        /// A file of another program is missing or not what it should be.
        Format(crate::format::FormatError),
        /// A bundle does not do what it should.
        Examine(crate::examine::ExamineError),
        /// A checkpoint does not become a bundle.
        Weights(Box<crate::weights::WeightsError>),
        /// The regression gate failed, or could not judge.
        Gate(crate::gate::GateError),
    }
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

impl From<crate::dataset::DatasetError> for Error {
    fn from(error: crate::dataset::DatasetError) -> Self {
        Self::Dataset(Box::new(error))
    }
}

impl From<crate::generator::GeneratorError> for Error {
    fn from(error: crate::generator::GeneratorError) -> Self {
        Self::Generator(Box::new(error))
    }
}

impl From<crate::report::ReportError> for Error {
    fn from(error: crate::report::ReportError) -> Self {
        Self::Report(Box::new(error))
    }
}

impl From<crate::weights::WeightsError> for Error {
    fn from(error: crate::weights::WeightsError) -> Self {
        Self::Weights(Box::new(error))
    }
}

impl crate::run::MemoryShort for Error {
    fn is_memory_short(&self) -> bool {
        matches!(self, Self::Generator(error) if error.is_memory_short())
    }
}
