//! Pure functions on slices: accuracy and F1, Fréchet distance, and the reduction of a run's
//! observations to scores. No input or output.

mod accuracy;
pub mod caption;
mod f1;
mod frechet;
mod gaussian;
mod moments;
mod reduce;

pub use accuracy::{exact_match, label_accuracy, positive};
pub use f1::{Average, Confusion, LabelCounts, ZeroDivision, f1_of_samples};
pub use frechet::{
    Frechet, FrechetUnscored, FrechetWarning, Route, Side, frechet, frechet_of_gaussians,
};
pub use gaussian::Gaussian;
pub use moments::MomentTable;
pub use reduce::{FeaturePair, ReduceInput, ScoreProtocol, reduce};
