//! `storyeval metric clip`.

use super::arguments::PairOptions;
use crate::cli::common::DeviceArguments;
use crate::cli::failure::Failure;
use clap::Args;
use std::path::PathBuf;
use storyeval::measure::{ClipPairs, ClipRequest, ClipScore, Embedded};

#[derive(Clone, Debug, Args)]
#[group(id = "clip_inputs")]
pub(crate) struct ClipArguments {
    /// A folder of images, in the order of their names
    #[arg(long, value_name = "DIR", group = "first")]
    images: Option<PathBuf>,
    /// Captions: one line per image, or with the names of the images (the JSON lines of `metric caption`, a table), or a
    /// folder of text files with their names
    #[arg(long, value_name = "FILE|DIR", group = "second")]
    texts: Option<PathBuf>,
    /// A folder of other images, such as the ground truth, in the order of their names
    #[arg(long, value_name = "DIR", group = "second")]
    other_images: Option<PathBuf>,
    /// Features of images, one row per image
    #[arg(
        long,
        visible_alias = "image-features",
        value_name = "A.npy",
        group = "first"
    )]
    images_features: Option<PathBuf>,
    /// Features of the caption of each image, one row per image
    #[arg(long, value_name = "B.npy", group = "second")]
    text_features: Option<PathBuf>,
    /// Features of other images, one row per image
    #[arg(long, value_name = "B.npy", group = "second")]
    other_images_features: Option<PathBuf>,
    /// Any two files of features, compared row by row
    #[arg(long, num_args = 2, value_names = ["A.npy", "B.npy"])]
    #[arg(conflicts_with_all = ["first", "second"])]
    features: Vec<PathBuf>,
    /// Features of reference captions, one row per image; may be given several times
    #[arg(long, value_name = "R.npy")]
    reference_features: Vec<PathBuf>,
    /// Reference captions, one line per image; may be given several times
    #[arg(long, value_name = "FILE")]
    references: Vec<PathBuf>,
    /// Bundle of the CLIP model that embeds images and captions: an id or a folder. The default is what CLIPScore and
    /// the package clip-score take; torchmetrics takes clip-vit-l-14
    #[arg(long, value_name = "ID|DIR", default_value = "clip-vit-b-32")]
    bundle: String,
    /// Which score
    #[arg(long, value_enum, default_value_t)]
    score: ClipScore,
    #[command(flatten)]
    pub(super) options: PairOptions,
    #[command(flatten)]
    pub(super) device: DeviceArguments,
}

impl ClipArguments {
    pub(super) fn request(&self) -> Result<ClipRequest, Failure> {
        let (sides, pairs) = self.sides()?;
        let features = self.reference_features.iter().cloned();
        let texts = self.references.iter().cloned();
        Ok(ClipRequest {
            sides,
            pairs,
            references: features
                .map(Embedded::Features)
                .chain(texts.map(Embedded::Texts))
                .collect(),
            bundle: self.bundle.clone(),
            score: self.score,
            pillow: self.options.pillow.pillow,
            interval: self.options.shown.interval(),
        })
    }

    /// What is compared with what; clap sees to it that there is at most one of each.
    fn sides(&self) -> Result<([Embedded; 2], ClipPairs), Failure> {
        use ClipPairs::{ImageImage, ImageText, Rows};
        use Embedded::{Features, Images, Texts};
        if let [a, b] = self.features.as_slice() {
            return Ok(([a, b].map(|path| Features(path.clone())), Rows));
        }
        let given = |path: &Option<PathBuf>, kind: fn(PathBuf) -> Embedded| path.clone().map(kind);
        let first = given(&self.images, Images).or(given(&self.images_features, Features));
        let texts = given(&self.texts, Texts).or(given(&self.text_features, Features));
        let others = given(&self.other_images, Images);
        let others = others.or(given(&self.other_images_features, Features));
        match (first, texts, others) {
            (Some(images), Some(texts), _) => Ok(([images, texts], ImageText)),
            (Some(images), None, Some(others)) => Ok(([images, others], ImageImage)),
            (Some(_), None, None) => Err(Failure::Arguments {
                what: "there is nothing to compare the images with".to_owned(),
                hint: "give their captions with `--texts FILE`, or other images with `--other-images DIR`; of features, \
                       `--text-features B.npy` or `--other-images-features B.npy`"
                    .to_owned(),
            }),
            (None, ..) => Err(Failure::Arguments {
                what: "there are no images".to_owned(),
                hint: "give `--images DIR` or `--images-features A.npy`, or any two files of features with `--features A.npy B.npy`"
                    .to_owned(),
            }),
        }
    }
}
