//! Where the features of a metric come from: files of numbers, statistics, or images and a network.

use super::doubts::Doubts;
use super::pillow::PillowArguments;
use super::preset::Preset;
use crate::cli::common::DeviceArguments;
use crate::cli::failure::Failure;
use crate::cli::talk::Meter;
use clap::Args;
use image::RgbImage;
use ndarray::Array2;
use std::borrow::Cow;
use std::path::{Path, PathBuf};
use storyeval::evaluate::decoding;
use storyeval::evaluator::{BATCH, EvaluatorError, FeatureNet};
use storyeval::format::{Depth, ImageFiles, Numbers, Statistics, read_npy, read_statistics};
use storyeval::inference::{Bundle, Runtime};
use storyeval::pipeline::bundle_by_name;
use storyeval::vision::Decoding;

/// Two sets of features, or of images.
#[derive(Clone, Debug, Args)]
pub(crate) struct PairArguments {
    /// The generated set, then the reference: a folder of images each, or an .npy file of features
    #[arg(value_names = ["A", "B"], num_args = 2, required_unless_present = "features")]
    sets: Vec<PathBuf>,
    /// Features that were computed elsewhere: .npy files, [n, d], the generated ones first
    #[arg(long, value_names = ["A.npy", "B.npy"], num_args = 2, conflicts_with = "sets")]
    features: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) network: NetworkArguments,
}

/// The network that reads folders of images.
#[derive(Clone, Debug, Args)]
pub(crate) struct NetworkArguments {
    /// How images are prepared for the network, and how means are taken: as this tool does
    #[arg(long, value_enum, default_value_t)]
    pub(crate) preset: Preset,
    /// Bundle of the feature network: an id or a folder
    #[arg(long, value_name = "ID|DIR", default_value = "inception-fid")]
    pub(crate) bundle: String,
    #[command(flatten)]
    pillow: PillowArguments,
    #[command(flatten)]
    pub(crate) device: DeviceArguments,
}

/// A set of features and where it came from.
#[derive(Clone, Debug)]
pub(crate) struct Features {
    /// `[n, d]`.
    pub(crate) numbers: Numbers,
    /// For signatures: `features`, or the network and its preprocessing.
    pub(crate) origin: String,
    /// What is doubtful about the images that they were computed from.
    pub(crate) warnings: Vec<String>,
}

/// A set as a metric gets it.
#[derive(Clone, Debug)]
pub(crate) enum Set {
    /// Vectors.
    Features(Features),
    /// Their mean and covariance alone.
    Statistics(Statistics),
}

impl Set {
    /// What is doubtful about the images behind it.
    pub(crate) fn warnings(&self) -> &[String] {
        match self {
            Self::Features(features) => &features.warnings,
            Self::Statistics(_) => &[],
        }
    }
}

impl PairArguments {
    fn paths(&self) -> [&Path; 2] {
        let paths = if self.features.is_empty() {
            &self.sets
        } else {
            &self.features
        };
        // clap counts them.
        [&paths[0], &paths[1]]
    }

    /// How many images or vectors the sets have, where a network has to read one: so sets that do not fit are refused before.
    /// Files of statistics do not say.
    pub(crate) fn sizes(&self) -> Result<Option<[Option<usize>; 2]>, Failure> {
        let paths = self.paths();
        if !paths.iter().any(|path| path.is_dir()) {
            return Ok(None);
        }
        let [a, b] = paths.map(size);
        Ok(Some([a?, b?]))
    }

    /// Both sets as features.
    pub(crate) fn features(&self) -> Result<[Features; 2], Failure> {
        self.each(read_features, |features| features)
    }

    /// Both sets, as features or statistics.
    pub(crate) fn sets(&self) -> Result<[Set; 2], Failure> {
        let read = |path: &Path| {
            if has_extension(path, "npz") {
                return Ok(Set::Statistics(read_statistics(path)?));
            }
            read_features(path).map(Set::Features)
        };
        self.each(read, Set::Features)
    }

    /// Files are read, both at once; the network reads folders, one after the other.
    fn each<T: Send>(
        &self,
        read: impl Fn(&Path) -> Result<T, Failure> + Sync,
        seen: impl Fn(Features) -> T,
    ) -> Result<[T; 2], Failure> {
        let file = |path: &Path| (!path.is_dir()).then(|| read(path)).transpose();
        let [a, b] = self.paths();
        let (first, second) = rayon::join(|| file(a), || file(b));
        let mut eyes = FeatureReader::new(&self.network);
        let mut whole = |path, read| match read {
            Some(set) => Ok(set),
            None => eyes.look_at(path, Output::Features).map(&seen),
        };
        Ok([whole(a, first?)?, whole(b, second?)?])
    }
}

/// What a signature calls images that no network read.
pub(crate) const UNSEEN: &str = "images-not-read";

/// Images of a folder, or vectors of a file.
pub(crate) fn size(path: &Path) -> Result<Option<usize>, Failure> {
    if path.is_dir() {
        return Ok(Some(ImageFiles::list(path, Depth::Flat)?.len()));
    }
    if has_extension(path, "npz") {
        return Ok(None);
    }
    Ok(Some(read_features(path)?.numbers.dim().0))
}

/// Features from a file.
fn read_features(path: &Path) -> Result<Features, Failure> {
    if has_extension(path, "npz") {
        return Err(Failure::Arguments {
            what: format!("{} holds statistics, not features", path.display()),
            hint: "only `storyeval metric fid` takes statistics; give an .npy file or a folder of images"
                .to_owned(),
        });
    }
    Ok(Features {
        numbers: read_npy(path)?.numbers,
        origin: "features".to_owned(),
        warnings: Vec::new(),
    })
}

/// What a network gives for the images of a folder.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Output {
    Features,
    Logits,
}

/// The logits of a set: a folder of images goes through the network, a file is read.
pub(crate) fn logits_of(path: &Path, network: &NetworkArguments) -> Result<Features, Failure> {
    if path.is_dir() {
        return FeatureReader::new(network).look_at(path, Output::Logits);
    }
    read_features(path)
}

/// A network that reads images.
pub(crate) struct Loaded<N> {
    pub(crate) network: N,
    /// What a signature says of it.
    pub(crate) origin: String,
    /// When the images for it are decoded.
    pub(crate) decoding: Decoding,
}

impl<N> Loaded<N> {
    pub(crate) fn new(
        network: N,
        name: &str,
        preprocessing: &str,
        bundle: &Bundle,
        runtime: &Runtime,
    ) -> Self {
        let hash = &bundle.content_hash()[..12];
        Self {
            network,
            origin: format!("{name}@{hash}:{preprocessing}"),
            decoding: decoding(runtime.device()),
        }
    }
}

/// The feature network, loaded when the first folder has to be read.
struct FeatureReader<'a> {
    network: &'a NetworkArguments,
    loaded: Option<Loaded<FeatureNet>>,
}

impl<'a> FeatureReader<'a> {
    fn new(network: &'a NetworkArguments) -> Self {
        Self {
            network,
            loaded: None,
        }
    }

    fn load(&self) -> Result<Loaded<FeatureNet>, Failure> {
        let cache = self.network.device.cache.folder();
        let bundle = bundle_by_name(&self.network.bundle, "the feature network", &cache)?;
        let runtime = self.network.device.open()?;
        let network = FeatureNet::open(&runtime, &bundle, &self.network.preset.recipe())?
            .with_pillow(self.network.pillow.order());
        let preprocessing = network.preprocessing();
        Ok(Loaded::new(
            network,
            "features",
            &preprocessing,
            &bundle,
            &runtime,
        ))
    }

    /// Every image of a folder through the network.
    fn look_at(&mut self, folder: &Path, output: Output) -> Result<Features, Failure> {
        let files = ImageFiles::list(folder, Depth::Flat)?;
        let mut loaded = match self.loaded.take() {
            Some(loaded) => loaded,
            None => self.load()?,
        };
        let (decoding, eyes) = (loaded.decoding, &mut loaded.network);
        let width = match output {
            Output::Features => eyes.dim(),
            Output::Logits => eyes.classes().ok_or_else(|| Failure::Arguments {
                what: format!(
                    "the network of bundle {} gives no class logits",
                    self.network.bundle
                ),
                hint: "give logits in a file: `storyeval metric is LOGITS.npy`".to_owned(),
            })?,
        };
        let (numbers, warnings) = look(folder, &files, width, decoding, |batch| match output {
            Output::Features => eyes.features(batch),
            Output::Logits => Ok(eyes.logits(batch)?.unwrap_or_default()),
        })?;
        let origin = loaded.origin.clone();
        self.loaded = Some(loaded);
        Ok(Features {
            numbers: Numbers::F32(numbers),
            origin,
            warnings,
        })
    }
}

/// Every image of a folder through a network that gives rows of `width` numbers, and what is doubtful
/// about them. Images are decoded a batch at a time.
pub(crate) fn look(
    folder: &Path,
    files: &ImageFiles,
    width: usize,
    decoding: Decoding,
    mut network: impl FnMut(&[RgbImage]) -> Result<Vec<Vec<f32>>, EvaluatorError>,
) -> Result<(Array2<f32>, Vec<String>), Failure> {
    let mut meter = Meter::new(&format!("reading {}", folder.display()), files.len());
    let mut values = Vec::with_capacity(files.len() * width);
    let mut doubts = Doubts::default();
    let mut seen = 0;
    decoding.feed(files.batches(BATCH), |batches| {
        for batch in batches {
            let batch = batch?;
            for image in &batch {
                doubts.see(image);
            }
            let images: Vec<RgbImage> = batch.into_iter().map(|image| image.image).collect();
            values.extend(network(&images)?.into_iter().flatten());
            seen += images.len();
            meter.at(seen);
        }
        Ok::<(), Failure>(())
    })?;
    meter.finish();
    let numbers = Array2::from_shape_vec((files.len(), width), values)
        .expect("every row has the width of the network");
    Ok((numbers, doubts.warnings(folder)))
}

/// Where two sets came from, for a signature.
pub(crate) fn origin<'a>(first: &'a str, second: &'a str) -> Cow<'a, str> {
    if first == second {
        first.into()
    } else {
        format!("{first}/{second}").into()
    }
}

fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension()
        .is_some_and(|found| found.eq_ignore_ascii_case(extension))
}

/// Runs an expression on two sets of numbers in their common precision.
macro_rules! both {
    ($first:expr, $second:expr, |$a:ident, $b:ident| $run:expr) => {
        match ($first, $second) {
            (storyeval::format::Numbers::F32(first), storyeval::format::Numbers::F32(second)) => {
                let ($a, $b) = (first.view(), second.view());
                $run
            }
            (first, second) => {
                let (first, second) = (first.to_f64(), second.to_f64());
                let ($a, $b) = (first.view(), second.view());
                $run
            }
        }
    };
}

/// Runs an expression on a set of numbers.
macro_rules! one {
    ($set:expr, |$a:ident| $run:expr) => {
        match $set {
            storyeval::format::Numbers::F32(set) => {
                let $a = set.view();
                $run
            }
            storyeval::format::Numbers::F64(set) => {
                let $a = set.view();
                $run
            }
        }
    };
}

pub(crate) use {both, one};
