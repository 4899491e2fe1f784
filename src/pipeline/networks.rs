//! The networks that are installed here, for metrics of files.

use super::{Control, Event, PipelineError, bundle_by_name};
use crate::inference::{Bundle, Runtime, RuntimeOptions};
use crate::measure::Host;
use crate::record::CallerError;
use std::path::Path;

/// Finds bundles where runs find them, and tells how far it is. A flag of [`Control`] stops the work.
pub struct Networks<'a> {
    runtime: RuntimeOptions,
    control: Control<'a>,
}

impl<'a> Networks<'a> {
    /// Bundles of the cache and the other places, on this device.
    #[must_use]
    pub fn new(runtime: RuntimeOptions, control: Control<'a>) -> Self {
        Self { runtime, control }
    }

    fn open(&self, bundle: &str, what: &str) -> Result<(Bundle, Runtime), PipelineError> {
        self.control.check()?;
        let bundle = bundle_by_name(bundle, what, &self.runtime.cache)?;
        let runtime = Runtime::open(&self.runtime, &mut |text| self.control.note(text))?;
        Ok((bundle, runtime))
    }
}

impl Host for Networks<'_> {
    fn network(&self, bundle: &str, what: &str) -> Result<(Bundle, Runtime), CallerError> {
        self.open(bundle, what).map_err(CallerError::new)
    }

    fn read(&self, folder: &Path, done: usize, total: usize) -> Result<(), CallerError> {
        self.control.check().map_err(CallerError::new)?;
        let what = format!("reading {}", folder.display());
        let what = what.as_str();
        self.control.tell(Event::Step { what, done, total });
        if done == total {
            self.control.step_done(what);
        }
        Ok(())
    }
}
