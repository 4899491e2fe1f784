//! Why frames could not be observed, or a run not be scored.

use crate::record::one_of;

one_of! {
    /// An error of the room that puts data, networks and run folders together: always one of theirs.
    EvaluateError {
        /// A ground-truth frame could not be read.
        Dataset(crate::dataset::DatasetError),
        /// A network or its bundle could not be opened.
        Inference(crate::inference::InferenceError),
        /// An evaluator failed.
        Evaluator(crate::evaluator::EvaluatorError),
        /// An image could not be read or resized.
        Vision(crate::vision::VisionError),
        /// The run folder could not be read or written.
        Run(crate::run::RunError),
        /// A file of another program could not be read.
        Format(crate::format::FormatError),
        /// A table that the user brings does not fit the run.
        Column(super::columns::ColumnError),
        /// A card could not be read.
        Card(crate::card::CardError),
    }
}
