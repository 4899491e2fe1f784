//! What a request asks of its caller: networks, and to hear how far it is.

use super::{Answer, MeasureError};
use crate::inference::{Bundle, Runtime};
use crate::record::CallerError;
use std::path::Path;

/// A metric of files.
pub trait Measure {
    /// Reads the files and computes. Where there is no value, the answer says why.
    ///
    /// # Errors
    /// Files that cannot be read or are not what they should be, a request that contradicts itself, and what `host`
    /// says.
    fn measure(&self, host: &dyn Host) -> Result<Answer, MeasureError>;
}

/// The caller of a request.
pub trait Host {
    /// A verified bundle by its id or folder, and ONNX Runtime on the device where its networks run. `what` is what
    /// the networks are, for an error. It is asked for when the first image or caption has to be read, and not before.
    ///
    /// # Errors
    /// No such bundle, no runtime, no device.
    fn network(&self, bundle: &str, what: &str) -> Result<(Bundle, Runtime), CallerError>;

    /// Hears how many images of a folder are read.
    ///
    /// # Errors
    /// Stops the work.
    fn read(&self, _folder: &Path, _done: usize, _total: usize) -> Result<(), CallerError> {
        Ok(())
    }
}

/// A host without networks, for matrices, captions and pixels.
#[derive(Clone, Copy, Debug, Default)]
pub struct FilesOnly;

impl Host for FilesOnly {
    fn network(&self, _bundle: &str, what: &str) -> Result<(Bundle, Runtime), CallerError> {
        Err(CallerError::new(MeasureError::NoNetworks {
            what: what.to_owned(),
        }))
    }
}
