//! The room of the networks: ONNX Runtime, the device, bundles of weights, graphs and tokenisers.
//!
//! The flow is [`Runtime::open`] (find or fetch the library, choose the device) -> [`Bundle::open`]
//! (what the weights are and whether they are all there) -> [`Runtime::load`] (a [`Graph`] whose
//! signature has been checked) -> [`Graph::run`]. Nothing here knows a data set or a metric.

mod bundle;
mod device;
mod environment;
mod error;
mod external_data;
mod gpu;
mod graph;
mod library;
mod manifest;
mod memory;
mod native;
mod onnx_ports;
mod pinned;
mod python;
mod resident;
mod runtime;
mod search;
mod tokenizer;

pub use bundle::{Bundle, Verified};
pub(crate) use bundle::{stays_inside, weight_files};
pub use device::{Device, DeviceParseError, DeviceRequest};
pub use error::{Attempt, InferenceError, Place, PortFault, Refusal};
pub use graph::{Element, Graph, GraphSignature, Input, Port};
pub use library::{Library, Origin, default_cache, default_cache_is_temporary};
pub use manifest::{
    BetaSchedule, BundleKind, BundleManifest, CacheSizes, CaptionerModel, ClipModel, Diffusion,
    Export, Features, ImageSize, Labels, Llm, LocatorModel, LpipsModel, Parity, PixelInput,
    Portraits, PredictionType, SamModel, Scheduler, SchedulerKind, Source, Text, TimestepSpacing,
    Writing,
};
pub(crate) use manifest::{FILE as MANIFEST_FILE, FORMAT as BUNDLE_FORMAT};
pub use onnx_ports::{DeclaredPort, DeclaredPorts};
pub use resident::{DeviceTensor, ResidentGraph};
pub use runtime::{Runtime, RuntimeOptions};
pub use tokenizer::{Token, Tokenizer};
