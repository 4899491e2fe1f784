//! The product as a library: what a caller asks for ([`RunRequest`]) is planned ([`Planned`]), drawn ([`Drawn`]),
//! observed ([`Observed`]) and scored. Other programs' frames come in by an [`ImageRequest`], tables of many runs by
//! a [`PlannedSuite`]. Whoever calls hears of everything through a [`Control`], and can stop the work by a flag.
//!
//! The command line prints what this room returns; a test or another program calls it in the same way.

mod beginning;
mod columns;
mod control;
mod data;
mod error;
mod evaluators;
mod fetched;
mod folders;
mod given;
mod import;
mod latents;
mod minisv;
mod missing;
mod model_starter;
mod networks;
mod origin;
mod planned;
mod references;
mod rehearsal;
mod request;
mod scoring;
mod seed_list;
mod sheet;
mod shipped;
mod spending;
mod started;
mod suite;
mod weights;
mod workers;

pub use columns::bring_columns;
pub use control::{Control, Event, Watch};
pub use data::{DataChoice, DataRequest, links, open_dataset, selected, to_open};
pub use error::{Gathered, PipelineError};
pub use evaluators::{EvaluatorSet, truth_cache};
pub use fetched::{FetchedWeights, Outlook, WeightsRequest, data_sets_of};
pub use import::{ImageRequest, Imported, Matched};
pub use latents::LatentRequest;
pub use missing::next_step;
pub use model_starter::{MODEL_STARTERS, ModelStarter};
pub use networks::Networks;
pub use origin::Origin;
pub use planned::{Goal, Planned};
pub use references::{ReferenceRequest, measure_references};
pub use rehearsal::{RehearsalRequest, Rehearsed, rehearse};
pub use request::{BATCH, Measured, RunRequest, Seeds};
pub use scoring::{LaterRequest, effect_of_protocols, observe_run, score_run};
pub use seed_list::SeedList;
pub use spending::{Outlay, SpendingCaps};
pub use started::{Drawn, Observed, Started};
pub use suite::{MeasuredSuite, PlannedSuite};
pub use weights::{
    bundle_by_name, bundle_places, find_bundle, find_bundle_by_name, is_installed, locate_bundle,
    open_bundle,
};
