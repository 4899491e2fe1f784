//! Pure functions on slices: accuracy and F1, distances between sets of features, similarities, and
//! the reduction of a run's observations to scores. No input or output.

mod accuracy;
pub mod caption;
mod constant;
mod f1;
mod family;
mod feature;
mod features;
mod frechet;
mod frechet_factor;
mod frechet_influence;
mod frechet_root;
mod frechet_spread;
mod gate_rule;
mod gaussian;
#[cfg(test)]
pub(crate) mod golden;
mod inception_score;
mod kernel;
mod kernel_spread;
mod label_tally;
mod neighbours;
mod pairwise;
mod psnr;
mod random_state;
mod reduce;
mod registry;
mod similarity;
mod ssim;

pub use accuracy::{above, positive};
pub use constant::BestConstant;
pub use f1::{Average, Confusion, LabelCounts, Ratio, ZeroDivision, mean_of_samples, sample};
pub use family::{Family, Reduction, Slices};
pub use feature::Feature;
pub use features::SetFault;
pub use frechet::{
    Frechet, FrechetUnscored, FrechetWarning, Route, Side, fit, frechet, frechet_fit,
    frechet_of_gaussians, frechet_with,
};
pub use frechet_influence::frechet_influence;
pub use frechet_spread::{FrechetParts, frechet_left_out};
pub use gate_rule::{FURTHER, GateRule, GateTest, HEADLINE, Untested};
pub use gaussian::{Gaussian, GaussianStream, MeanPrecision};
pub use inception_score::{
    InceptionScore, InceptionScoreOptions, InceptionScoreUnscored, Splitting, inception_score,
    inception_score_by_groups,
};
pub use kernel::{DrawOrder, Kid, KidOptions, KidUnscored, kernel_distance, kid};
pub use kernel_spread::{KernelSpread, kernel_spread};
pub use label_tally::{LabelStatistic, LabelTally};
pub use neighbours::{
    GeneratedPlace, MAX_GROUPS, Prdc, PrdcOptions, PrdcUnscored, RealPlace, prdc, prdc_by_groups,
};
pub use pairwise::ordered_mean;
pub use psnr::SquaredError;
pub use random_state::RandomState;
pub use reduce::{
    CLIP, CLIP_TEXT, CROPS, ExtractorName, Extractors, FEATURES, FeaturePair, Features, LOGITS,
    OwnColumn, Parts, ReduceInput, Reduced, ScoreContext, Selection, StorySums, reduce,
    reduce_with_parts,
};
pub use registry::{
    About, Audit, ChartLine, FAMILIES, Group, METRICS, Metric, MetricId, about, about_metric,
};
pub use similarity::{
    FramePlace, Pairing, SimilarityUnscored, StorySimilarity, clip_score, consistency, cosine,
    cosines, cosines_where_defined, mean_consistency, mean_of_batch_means, ref_clip_score,
    torchmetrics_clip_score,
};
pub use ssim::{SsimUnscored, ssim};
