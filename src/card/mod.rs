//! The room of what users write: cards and protocols.
//!
//! A card is a small TOML file. Cards are compiled into the program, so an installed binary works
//! anywhere; a file `eval-configs/<kind>/<id>.toml` below the current folder takes their place, and
//! a path may be given instead of an id. Unknown keys are errors: a misspelt setting that is
//! silently ignored would change what a number means.

mod column_card;
mod command_card;
mod dataset_card;
mod error;
mod find;
mod http_card;
mod layout_card;
mod model_card;
mod on_failure;
mod prompt_template;
mod protocol;
mod read;
mod rule;
mod story_reading;
mod story_subset;
mod subset;
mod suite;
mod text_procedure;
mod weights_card;

pub use column_card::{Better, ColumnCard, is_metric_id};
pub use command_card::CommandCard;
pub use dataset_card::{
    BundleSource, Character, DatasetCard, EvaluatorBundles, ExpectedCounts, Gender, ImageSize,
    NeededFile,
};
pub use error::CardError;
pub use find::{
    CardKind, CardSummary, dataset, ids, model, own_folder, passed_over, protocol, shipped_dataset,
    subset, suite, summaries, text, weights,
};
pub use http_card::{Dialect, HttpCard, ResponseFormat};
pub use layout_card::{CaptionSource, Layout, LayoutCard};
pub use model_card::{GeneratorKind, ModelCard, plain_id};
pub use on_failure::OnFailure;
pub use prompt_template::{PromptTemplate, Rendered};
pub use protocol::{
    BleuRule, CaptionRule, CaptionText, ClassifierRule, ClipRule, ClipScope, CovarianceRule,
    CropRule, EpisodeRule, F1Average, FeatureRule, FidRule, FrameRule, InceptionScoreRule, KidRule,
    LabelRule, LpipsRule, MeanOver, MeanRule, NeighbourRule, OtherChoice, Overlap, PixelRule,
    Protocol, PsnrVariant, ReferenceFrames, Repeats, SsimVariant, StoryRule, StorySubset, Task,
    ThresholdRule, WindowRule, Words,
};
pub use read::parse_toml;
pub use rule::GroundTruthRule;
pub use story_reading::{Sampling, StoryReading};
pub use story_subset::Subset;
pub use subset::SubsetCard;
pub use suite::{Suite, SuiteRun};
pub use text_procedure::TextProcedure;
pub use weights_card::{WeightsCard, WeightsFile};
