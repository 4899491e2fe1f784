//! Metrics of files, without a run: one typed request per metric, one [`Answer`] for all.
//!
//! A request names files: matrices (`.npy`, `.npz`), folders of images that a network has to read, or captions.
//! [`Measure::measure`] reads them, computes, and says how: value, interval, values of items, warnings, signature. What
//! can have no value by the numbers of images alone is refused before a network is opened. Networks come from the
//! caller, a [`Host`]: `pipeline::Networks` finds those that are installed, and [`FilesOnly`] has none.
//!
//! Images of folders are read in `images`, matrices in `matrix`, captions in `captions`.
//!
//! ```
//! use storyeval::measure::{BleuRequest, CaptionFiles, FilesOnly, Measure};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let folder = tempfile::tempdir()?;
//! let (references, hypotheses) = (folder.path().join("r.txt"), folder.path().join("h.txt"));
//! std::fs::write(&references, "a red bird sits on a fence\n")?;
//! std::fs::write(&hypotheses, "a red bird sits on a wall\n")?;
//!
//! let answer = BleuRequest::new(CaptionFiles::new(references, hypotheses)).measure(&FilesOnly)?;
//! assert!((answer.value.unwrap() - (3.0 / 7.0_f64).powf(0.25)).abs() < 1e-6);
//! assert!(answer.signature.starts_with("bleu|tokeniser:ptb-corenlp-3.4.1+coco-punctuation|items:all|"));
//! # Ok(())
//! # }
//! ```

mod accuracy;
mod answer;
mod bleu;
mod captions;
mod cider;
mod clip;
mod error;
mod fid;
mod fidelity;
mod host;
mod images;
mod inception;
mod interval;
mod kid;
mod kinds;
mod lpips;
mod matrix;
mod order;
mod pixels;
mod prdc;
mod preset;
mod sets;
#[cfg(test)]
mod tests;
mod tokens;
mod unscored;
mod warning;

pub use accuracy::{AccuracyRequest, Averaging};
pub use answer::{Answer, Item, ItemId};
pub use bleu::BleuRequest;
pub use captions::{CaptionFiles, Captioned, CaptionerRequest};
pub use cider::{CiderRequest, CocoevalAnswer, CocoevalRequest};
pub use clip::{ClipPairs, ClipRequest, ClipScore, Embedded};
pub use error::MeasureError;
pub use fid::FidRequest;
pub use fidelity::{FidelityAnswer, FidelityRequest};
pub use host::{FilesOnly, Host, Measure};
pub use images::{ImageFault, PairRequest, PairedImages};
pub use inception::{IsRequest, IsRule};
pub use interval::IntervalPlan;
pub use kid::KidRequest;
pub use lpips::{LpipsNetwork, LpipsRequest};
pub use order::NameOrder;
pub use pixels::{PsnrRequest, SsimRequest};
pub use prdc::PrdcRequest;
pub use preset::Preset;
pub use sets::{FeatureNetwork, FeatureSets};
pub use tokens::tokenise_lines;
pub use unscored::Unscored;
pub use warning::{NoInterval, Warning};
