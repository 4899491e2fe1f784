//! Arguments that several verbs share.

use super::failure::Failure;
use super::talk::say;
use clap::Args;
use std::path::PathBuf;
use storyeval::inference::{DeviceRequest, Runtime, RuntimeOptions, default_cache};

/// Where networks run.
#[derive(Clone, Debug, Args)]
pub(crate) struct DeviceArguments {
    /// auto, cpu, cuda or cuda:N
    #[arg(long, default_value = "auto", env = "STORYEVAL_DEVICE")]
    device: DeviceRequest,
    /// CPU threads of a network; the last float bits depend on it [default: all]
    #[arg(long, env = "STORYEVAL_THREADS")]
    threads: Option<usize>,
    #[command(flatten)]
    pub(crate) cache: CacheArguments,
}

/// Where fetched and drawn things are kept.
#[derive(Clone, Debug, Args)]
pub(crate) struct CacheArguments {
    /// Folder for ONNX Runtime, drawn data and bundles [default: the user's cache folder]
    #[arg(long, value_name = "DIR", env = "STORYEVAL_CACHE")]
    cache: Option<PathBuf>,
    /// Fetch nothing
    #[arg(long)]
    offline: bool,
}

impl CacheArguments {
    /// The cache folder.
    pub(crate) fn folder(&self) -> PathBuf {
        self.cache.clone().unwrap_or_else(default_cache)
    }

    /// Whether `--offline` was given.
    pub(crate) fn offline(&self) -> bool {
        self.offline
    }
}

impl DeviceArguments {
    /// How ONNX Runtime is to be opened.
    pub(crate) fn options(&self) -> RuntimeOptions {
        RuntimeOptions {
            device: self.device,
            threads: self.threads,
            offline: self.cache.offline,
            cache: self.cache.folder(),
        }
    }

    /// Finds ONNX Runtime and settles on a device.
    pub(crate) fn open(&self) -> Result<Runtime, Failure> {
        Ok(Runtime::open(&self.options(), &mut say)?)
    }
}
