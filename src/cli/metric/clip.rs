//! `storyeval metric clip`.

use super::answer::{Answer, Format, signed};
use super::interval::IntervalArguments;
use super::pillow::PillowArguments;
use super::source::{Loaded, UNSEEN, both, look, size};
use crate::cli::Outcome;
use crate::cli::common::DeviceArguments;
use crate::cli::failure::Failure;
use clap::{Args, ValueEnum};
use ndarray::Array2;
use serde_json::json;
use std::path::{Path, PathBuf};
use storyeval::evaluator::Clip;
use storyeval::format::{Depth, ImageFiles, Numbers, read_lines, read_npy};
use storyeval::metric::{
    SimilarityUnscored, clip_score, cosines, mean_of_batch_means, ordered_mean, ref_clip_score,
    torchmetrics_clip_score,
};
use storyeval::pipeline::bundle_by_name;
use storyeval::record::Signature;

/// What CLIPScore puts before every caption and reference (Hessel et al. 2021; `prefix` of jmhessel/clipscore's `clipscore.py`).
const PREFIX: &str = "A photo depicts ";
/// Batch of the deleted `eval_clip.py` of StoryGPT-V.
const RELEASED_BATCH: usize = 64;

/// Which score.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum ScoreName {
    /// Mean cosine (CLIP-T, CLIP-I of story papers)
    #[default]
    Similarity,
    /// 2.5 max(cosine, 0), mean of pairs (Hessel et al. 2021)
    Clipscore,
    /// Harmonic mean of it with the best reference's cosine
    Refclipscore,
    /// 100 times the mean cosine, at least 0
    Torchmetrics,
}

impl ScoreName {
    /// What is put before captions that this program encodes.
    fn prefix(self) -> &'static str {
        match self {
            Self::Clipscore | Self::Refclipscore => PREFIX,
            Self::Similarity | Self::Torchmetrics => "",
        }
    }

    /// What a signature says of images and captions that this program encodes.
    fn of_texts(self) -> &'static str {
        match self {
            Self::Clipscore | Self::Refclipscore => "image-text:a-photo-depicts",
            Self::Similarity | Self::Torchmetrics => "image-text",
        }
    }
}

#[derive(Clone, Debug, Args)]
#[group(id = "clip_inputs")]
pub(crate) struct ClipArguments {
    /// A folder of images, in the order of their names
    #[arg(long, value_name = "DIR", group = "first")]
    images: Option<PathBuf>,
    /// Captions, one line per image
    #[arg(long, value_name = "FILE", group = "second")]
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
    score: ScoreName,
    #[command(flatten)]
    pillow: PillowArguments,
    #[command(flatten)]
    interval: IntervalArguments,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    device: DeviceArguments,
}

impl ClipArguments {
    /// Whether there are two sides, and references only where they count.
    fn check(&self) -> Result<(), Failure> {
        let fail = |what: &str, hint: &str| {
            let (what, hint) = (what.to_owned(), hint.to_owned());
            Err(Failure::Arguments { what, hint })
        };
        let first = self.images.is_some() || self.images_features.is_some();
        let second = self.texts.is_some()
            || self.text_features.is_some()
            || self.other_images.is_some()
            || self.other_images_features.is_some();
        match (self.features.is_empty(), first, second) {
            (true, true, false) => {
                return fail(
                    "there is nothing to compare the images with",
                    "give their captions with `--texts FILE`, or other images with `--other-images DIR`; of features, \
                 `--text-features B.npy` or `--other-images-features B.npy`",
                );
            }
            (true, false, _) => {
                return fail(
                    "there are no images",
                    "give `--images DIR` or `--images-features A.npy`, or any two files of features with `--features A.npy B.npy`",
                );
            }
            _ => {}
        }
        let references = !self.references.is_empty() || !self.reference_features.is_empty();
        if references && self.score != ScoreName::Refclipscore {
            return fail(
                "references are of RefCLIPScore only",
                "add `--score refclipscore`, or leave them out",
            );
        }
        Ok(())
    }
}

/// What is compared: features, and what a signature says of them.
struct Inputs {
    first: Numbers,
    second: Numbers,
    references: Vec<Numbers>,
    origin: String,
    kind: &'static str,
    warnings: Vec<String>,
}

/// The model, loaded when something has to be embedded.
struct Model<'a> {
    arguments: &'a ClipArguments,
    loaded: Option<Loaded<Clip>>,
    /// The images that it embedded, folder by folder.
    looked: Vec<ImageFiles>,
    warnings: Vec<String>,
}

impl Model<'_> {
    fn get(&mut self) -> Result<&mut Loaded<Clip>, Failure> {
        if self.loaded.is_none() {
            let device = &self.arguments.device;
            let bundle = bundle_by_name(&self.arguments.bundle, "CLIP", &device.cache.folder())?;
            let runtime = device.open()?;
            let order = self.arguments.pillow.order();
            let network = Clip::open(&runtime, &bundle)?.with_pillow(order);
            let preprocessing = network.preprocessing();
            self.loaded = Some(Loaded::new(
                network,
                "clip",
                &preprocessing,
                &bundle,
                &runtime,
            ));
        }
        Ok(self.loaded.as_mut().expect("it was loaded just now"))
    }

    fn images(&mut self, folder: &Path) -> Result<Numbers, Failure> {
        let files = ImageFiles::list(folder, Depth::Flat)?;
        let model = self.get()?;
        let (decoding, model) = (model.decoding, &mut model.network);
        let width = model.dim();
        let (numbers, warnings) =
            look(folder, &files, width, decoding, |batch| model.images(batch))?;
        self.warnings.extend(warnings);
        self.looked.push(files);
        Ok(Numbers::F32(numbers))
    }

    fn texts(&mut self, path: &Path) -> Result<Numbers, Failure> {
        let prefix = self.arguments.score.prefix();
        let text = read_lines(path)?;
        let text: Vec<String> = text.iter().map(|line| format!("{prefix}{line}")).collect();
        let lines: Vec<&str> = text.iter().map(String::as_str).collect();
        let model = &mut self.get()?.network;
        let rows = model.texts(&lines)?;
        let values = rows.into_iter().flatten().collect();
        let numbers = Array2::from_shape_vec((lines.len(), model.dim()), values)
            .expect("every row has the width of the network");
        Ok(Numbers::F32(numbers))
    }
}

/// Reads or computes everything that is compared.
fn inputs(arguments: &ClipArguments) -> Result<Inputs, Failure> {
    let mut model = Model {
        arguments,
        loaded: None,
        looked: Vec::new(),
        warnings: Vec::new(),
    };
    let file = |path: &Path| Ok::<_, Failure>(read_npy(path)?.numbers);
    arguments.check()?;
    let (first, second, kind) = if let [a, b] = arguments.features.as_slice() {
        (file(a)?, file(b)?, "pairs")
    } else {
        // There is one of each group.
        let images = match (&arguments.images, &arguments.images_features) {
            (Some(folder), _) => model.images(folder)?,
            (None, features) => file(&features.clone().unwrap_or_default())?,
        };
        let (second, kind) = match arguments {
            ClipArguments {
                texts: Some(path), ..
            } => (model.texts(path)?, arguments.score.of_texts()),
            ClipArguments {
                text_features: Some(path),
                ..
            } => (file(path)?, "image-text"),
            ClipArguments {
                other_images: Some(folder),
                ..
            } => (model.images(folder)?, "image-image"),
            other => (
                file(&other.other_images_features.clone().unwrap_or_default())?,
                "image-image",
            ),
        };
        (images, second, kind)
    };
    let mut references = Vec::new();
    for path in &arguments.reference_features {
        references.push(file(path)?);
    }
    for path in &arguments.references {
        references.push(model.texts(path)?);
    }
    let (mut origin, mut warnings) = ("features".to_owned(), model.warnings);
    if let Some(model) = model.loaded {
        let cut = model.network.cut_texts();
        if cut > 0 {
            warnings.push(format!(
                "{cut} captions were longer than the model's context and lost their end"
            ));
        }
        origin = model.origin;
    }
    if let [first, second] = model.looked.as_slice() {
        warnings.extend(other_names(first, second));
    }
    Ok(Inputs {
        first,
        second,
        references,
        origin,
        kind,
        warnings,
    })
}

/// What is to be said of two folders whose images are paired in order and not called alike.
fn other_names(first: &ImageFiles, second: &ImageFiles) -> Option<String> {
    let pairs = first.paths().iter().zip(second.paths());
    let unlike: Vec<_> = pairs
        .filter(|(a, b)| a.file_stem() != b.file_stem())
        .collect();
    unlike.first().map(|(a, b)| {
        format!(
            "images are paired in the order of their names, and {} of {} pairs are not called alike, first {} and {}",
            unlike.len(),
            first.len().min(second.len()),
            a.display(),
            b.display()
        )
    })
}

/// How many there are on either side, where the model has to embed them; sets that do not pair are refused before.
fn counts(arguments: &ClipArguments) -> Result<Option<[usize; 2]>, Failure> {
    arguments.check()?;
    let looks = [&arguments.images, &arguments.texts, &arguments.other_images];
    if looks.iter().all(|path| path.is_none()) {
        return Ok(None);
    }
    let first = [&arguments.images, &arguments.images_features];
    let second = [
        &arguments.text_features,
        &arguments.other_images,
        &arguments.other_images_features,
    ];
    let of = |paths: &[&Option<PathBuf>]| match paths.iter().find_map(|path| path.as_deref()) {
        Some(path) => size(path),
        None => Ok(None),
    };
    let second = match &arguments.texts {
        Some(path) => Some(read_lines(path)?.len()),
        None => of(&second)?,
    };
    Ok(of(&first)?
        .zip(second)
        .map(|(first, second)| [first, second]))
}

/// Similarity of images with captions, or with images.
pub(crate) fn clip(arguments: &ClipArguments) -> Outcome {
    if let Some([first, second]) = counts(arguments)? {
        arguments.interval.groups(first)?;
        if first != second {
            let answer = Answer {
                metric: "clip".to_owned(),
                n: Some(first),
                unscored: Some(SimilarityUnscored::Rows { first, second }.to_string()),
                signature: signed(
                    Signature::of("clip").with("input", UNSEEN),
                    "none",
                    &[Some(first)],
                ),
                ..Answer::default()
            };
            let hint = "give one caption (a line of `--texts`) or one other image an image, in the order of the images' names";
            return answer.finish(arguments.format, hint);
        }
    }
    let inputs = inputs(arguments)?;
    let n = inputs.first.dim().0;
    let mut answer = Answer {
        metric: "clip".to_owned(),
        n: Some(n),
        warnings: inputs.warnings.clone(),
        ..Answer::default()
    };
    let plan = &arguments.interval;
    let groups = plan.groups(n)?;
    let items = match both!(&inputs.first, &inputs.second, |x, y| cosines(&x, &y)) {
        Ok(found) if found.is_empty() => {
            answer.unscored = Some("there is no pair to compare".to_owned());
            None
        }
        Ok(found) => Some(found),
        Err(reason) => {
            answer.unscored = Some(reason.to_string());
            None
        }
    };
    if let Some(cosines) = items {
        score(arguments, &inputs, &cosines, &mut answer, |values| {
            plan.of_mean(values, &groups)
        })?;
        answer.more.insert(
            format!("mean_of_batch_means_{RELEASED_BATCH}"),
            json!(mean_of_batch_means(&cosines, RELEASED_BATCH)),
        );
    }
    let score = arguments.score.to_possible_value();
    let score = score.map_or_else(String::new, |value| value.get_name().to_owned());
    let parts = Signature::of("clip")
        .with("input", &inputs.origin)
        .with("of", inputs.kind)
        .with("score", score);
    answer.signature = signed(parts, &plan.name(&groups), &[Some(n)]);
    answer.finish(
        arguments.format,
        "give two .npy files with the same number of rows, of the same network, without rows of zeros",
    )
}

fn score(
    arguments: &ClipArguments,
    inputs: &Inputs,
    cosines: &[f64],
    answer: &mut Answer,
    interval: impl Fn(&[f64]) -> Option<[f64; 2]>,
) -> Outcome {
    let values: Vec<f64> = match arguments.score {
        ScoreName::Similarity | ScoreName::Torchmetrics => cosines.to_vec(),
        ScoreName::Clipscore => cosines.iter().map(|cosine| clip_score(*cosine)).collect(),
        ScoreName::Refclipscore => match with_references(inputs, cosines)? {
            Ok(values) => values,
            Err(reason) => {
                answer.unscored = Some(reason);
                return Ok(());
            }
        },
    };
    if arguments.score == ScoreName::Torchmetrics {
        answer.value = torchmetrics_clip_score(&values);
        answer.interval = interval(&values).map(|ends| ends.map(|end| (100.0 * end).max(0.0)));
    } else {
        answer.value = ordered_mean(&values);
        answer.interval = interval(&values);
    }
    answer.items = Some(
        values
            .iter()
            .enumerate()
            .map(|(id, value)| json!({"id": id, "value": value}))
            .collect(),
    );
    Ok(())
}

/// RefCLIPScore of each item, or why there is none.
fn with_references(inputs: &Inputs, cosines: &[f64]) -> Result<Result<Vec<f64>, String>, Failure> {
    let mut to_references = Vec::new();
    for references in &inputs.references {
        match both!(&inputs.second, references, |x, y| {
            storyeval::metric::cosines(&x, &y)
        }) {
            Ok(found) => to_references.push(found),
            Err(reason) => return Ok(Err(format!("captions and references: {reason}"))),
        }
    }
    let values: Option<Vec<f64>> = cosines
        .iter()
        .enumerate()
        .map(|(item, cosine)| {
            let references: Vec<f64> = to_references.iter().map(|found| found[item]).collect();
            ref_clip_score(*cosine, &references)
        })
        .collect();
    values.map(Ok).ok_or_else(|| Failure::Arguments {
        what: "RefCLIPScore needs references".to_owned(),
        hint: "give `--references FILE` or `--reference-features R.npy`, once for every reference of an image".to_owned(),
    })
}
