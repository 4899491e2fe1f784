//! Arguments that several verbs share.

use super::failure::Failure;
use super::talk::{detail, say};
use clap::Args;
use clap::builder::BoolishValueParser;
use std::path::PathBuf;
use std::sync::Once;
use storyeval::inference::{
    DeviceRequest, Runtime, RuntimeOptions, default_cache, default_cache_is_temporary,
};
use storyeval::run::members;

/// Where networks run.
#[derive(Clone, Debug, Args)]
pub(crate) struct DeviceArguments {
    /// auto, cpu, cuda or cuda:N
    #[arg(long, default_value = "auto", env = "STORYEVAL_DEVICE")]
    device: DeviceRequest,
    /// CPU threads of a network; the last float bits depend on it [default: all]
    #[arg(long, value_name = "N", env = "STORYEVAL_THREADS", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
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
    #[arg(long, env = "STORYEVAL_OFFLINE", value_parser = BoolishValueParser::new())]
    offline: bool,
}

impl CacheArguments {
    /// The cache folder.
    pub(crate) fn folder(&self) -> PathBuf {
        // Verbs ask more than once.
        static WARNED: Once = Once::new();
        self.cache.clone().unwrap_or_else(|| {
            let folder = default_cache();
            if default_cache_is_temporary() {
                WARNED.call_once(|| {
                    say(&format!(
                        "warning: HOME is not set, so the cache is {}; name a lasting one with `--cache DIR` or STORYEVAL_CACHE",
                        folder.display()
                    ));
                });
            }
            folder
        })
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
            threads: self.threads.map(usize::from),
            offline: self.cache.offline,
            cache: self.cache.folder(),
        }
    }

    /// Finds ONNX Runtime and settles on a device.
    pub(crate) fn open(&self) -> Result<Runtime, Failure> {
        let runtime = Runtime::open(&self.options(), &mut say)?;
        detail(&format!(
            "ONNX Runtime {} of {}",
            runtime.version(),
            runtime.library().display()
        ));
        Ok(runtime)
    }
}

/// The runs that arguments name: the folder of a run of several models has all of them.
pub(crate) fn runs(folders: &[PathBuf]) -> Result<Vec<PathBuf>, Failure> {
    let mut all = Vec::new();
    for folder in folders {
        let members = members(folder)?;
        if members.first() != Some(folder) {
            let names: Vec<_> = members
                .iter()
                .map(|run| run.display().to_string())
                .collect();
            say(&format!("{} holds {}", folder.display(), names.join(", ")));
        }
        all.extend(members);
    }
    Ok(all)
}
