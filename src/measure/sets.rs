//! Two sets of features: matrices, statistics, or images and a network.

use super::images::{Folder, Loaded};
use super::interval::Groups;
use super::kinds;
use super::matrix::{is_statistics, read_array, read_matrix};
use super::{Host, IntervalPlan, MeasureError, Preset, Warning};
use crate::evaluator::FeatureNet;
use crate::format::{ImageFiles, NpyArray, Numbers, Statistics, read_statistics};
use crate::vision::PassOrder;
use image::RgbImage;
use ndarray::s;
use std::borrow::Cow;
use std::path::{Path, PathBuf};

/// The network that reads folders of images.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeatureNetwork {
    /// Its bundle: an id or a folder.
    pub bundle: String,
    /// How images are prepared for it, and how means are taken.
    pub preset: Preset,
    /// The version of Pillow that resizes are like.
    pub pillow: PassOrder,
}

impl Default for FeatureNetwork {
    /// Inception as pytorch-fid has it.
    fn default() -> Self {
        Self {
            bundle: "inception-fid".to_owned(),
            preset: Preset::default(),
            pillow: PassOrder::default(),
        }
    }
}

/// The generated set and the reference.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FeatureSets {
    /// A folder of images each, or an `.npy` file of features; for FID also `.npz` files of statistics.
    pub paths: [PathBuf; 2],
    /// The network, for folders.
    pub network: FeatureNetwork,
}

/// A set of features and where it came from.
#[derive(Clone, Debug)]
pub(super) struct Features {
    /// `[n, d]`.
    pub(super) numbers: Numbers,
    /// For signatures: `features`, or the network and its preprocessing.
    pub(super) origin: String,
    /// What is doubtful about the images that they were computed from.
    pub(super) warnings: Vec<Warning>,
}

/// A set as a metric gets it.
#[derive(Clone, Debug)]
pub(super) enum Set {
    /// Vectors.
    Features(Features),
    /// Their mean and covariance alone.
    Statistics(Statistics),
}

impl FeatureSets {
    /// Two sets, and Inception for those that are folders.
    #[must_use]
    pub fn new(generated: impl Into<PathBuf>, reference: impl Into<PathBuf>) -> Self {
        Self {
            paths: [generated.into(), reference.into()],
            network: FeatureNetwork::default(),
        }
    }

    /// How many images or vectors the sets have, where a network has to read one: so sets that do not fit are refused
    /// before. Files of statistics do not say.
    pub(super) fn sizes(&self) -> Result<Option<[Option<usize>; 2]>, MeasureError> {
        if !self.paths.iter().any(|path| path.is_dir()) {
            return Ok(None);
        }
        let [a, b] = self.paths.each_ref().map(|path| size(path));
        Ok(Some([a?, b?]))
    }

    /// Both sets as features.
    pub(super) fn features(&self, host: &dyn Host) -> Result<[Features; 2], MeasureError> {
        self.each(host, read_features, |features| features)
    }

    /// Both sets, as features or statistics.
    pub(super) fn sets(&self, host: &dyn Host) -> Result<[Set; 2], MeasureError> {
        let read = |path: &Path| {
            if is_statistics(path) {
                return Ok(Set::Statistics(read_statistics(path)?));
            }
            read_features(path).map(Set::Features)
        };
        self.each(host, read, Set::Features)
    }

    /// Files are read, both at once; the network reads folders, one after the other.
    fn each<T: Send>(
        &self,
        host: &dyn Host,
        read: impl Fn(&Path) -> Result<T, MeasureError> + Sync,
        seen: impl Fn(Features) -> T,
    ) -> Result<[T; 2], MeasureError> {
        let file = |path: &Path| (!path.is_dir()).then(|| read(path)).transpose();
        let [a, b] = &self.paths;
        let (first, second) = rayon::join(|| file(a), || file(b));
        let mut reader = Reader::new(&self.network, host);
        let mut whole = |path, read| match read {
            Some(set) => Ok(set),
            None => reader.read(path, Output::Features).map(&seen),
        };
        Ok([whole(a, first?)?, whole(b, second?)?])
    }
}

/// Images of a folder, or vectors of a file.
pub(super) fn size(path: &Path) -> Result<Option<usize>, MeasureError> {
    if path.is_dir() {
        return Ok(Some(ImageFiles::list(path)?.len()));
    }
    if is_statistics(path) {
        return Ok(None);
    }
    Ok(Some(read_matrix(path)?.dim().0))
}

pub(super) fn read_features(path: &Path) -> Result<Features, MeasureError> {
    read_as(path, kinds::features)
}

/// The groups of a set, in the order in which its images are read.
pub(super) fn groups(plan: &IntervalPlan, path: &Path, n: usize) -> Result<Groups, MeasureError> {
    if plan.groups.is_some() && path.is_dir() {
        return plan.groups_of_images(&ImageFiles::list(path)?.names());
    }
    plan.groups(n)
}

/// What tells whether a file holds what it is read as.
type Kind = fn(&Path, &NpyArray) -> Result<Vec<Warning>, MeasureError>;

fn read_as(path: &Path, kind: Kind) -> Result<Features, MeasureError> {
    let array = read_array(path)?;
    Ok(Features {
        warnings: kind(path, &array)?,
        numbers: array.numbers,
        origin: "features".to_owned(),
    })
}

/// The logits of a set: a folder of images goes through the network, a file is read.
pub(super) fn logits_of(
    path: &Path,
    network: &FeatureNetwork,
    host: &dyn Host,
) -> Result<Features, MeasureError> {
    if path.is_dir() {
        return Reader::new(network, host).read(path, Output::Logits);
    }
    read_as(path, kinds::logits)
}

/// Features and logits of two folders, each image read once; logits are of the first, where the network has them.
pub(super) fn features_and_logits(
    sets: &FeatureSets,
    host: &dyn Host,
) -> Result<([Features; 2], Option<Features>), MeasureError> {
    let [first, second] = &sets.paths;
    let mut reader = Reader::new(&sets.network, host);
    let (a, logits) = reader.read_both(first)?;
    let b = if second.is_dir() {
        reader.read(second, Output::Features)?
    } else {
        read_features(second)?
    };
    Ok(([a, b], logits))
}

/// Where two sets came from, for a signature.
pub(super) fn origin<'a>(first: &'a str, second: &'a str) -> Cow<'a, str> {
    if first == second {
        first.into()
    } else {
        format!("{first}/{second}").into()
    }
}

/// What a network gives for the images of a folder.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Output {
    Features,
    Logits,
}

/// The feature network, opened when the first folder has to be read.
struct Reader<'a> {
    network: &'a FeatureNetwork,
    host: &'a dyn Host,
    loaded: Option<Loaded<FeatureNet>>,
}

impl<'a> Reader<'a> {
    fn new(network: &'a FeatureNetwork, host: &'a dyn Host) -> Self {
        Self {
            network,
            host,
            loaded: None,
        }
    }

    fn open(&self) -> Result<Loaded<FeatureNet>, MeasureError> {
        let asked = self.network;
        let opened = self.host.network(&asked.bundle, "the feature network")?;
        let network = FeatureNet::open(&opened.1, &opened.0, &asked.preset.recipe())?
            .with_pillow(asked.pillow);
        let preprocessing = network.preprocessing();
        Ok(Loaded::new(network, "features", &preprocessing, &opened))
    }

    /// Every image of a folder through the network, once: its features, and its logits where there are some.
    fn read_both(&mut self, folder: &Path) -> Result<(Features, Option<Features>), MeasureError> {
        let folder = Folder::list(folder)?;
        let mut loaded = match self.loaded.take() {
            Some(loaded) => loaded,
            None => self.open()?,
        };
        let (dim, classes) = (loaded.network.dim(), loaded.network.classes().unwrap_or(0));
        let read = |network: &mut FeatureNet, batch: &[RgbImage]| {
            let (mut features, logits) = network.features_and_logits(batch)?;
            for (row, more) in features.iter_mut().zip(logits.into_iter().flatten()) {
                row.extend(more);
            }
            Ok(features)
        };
        let (numbers, warnings) = loaded.rows(self.host, &folder, dim + classes, read)?;
        let Numbers::F32(rows) = numbers else {
            unreachable!("networks give single precision");
        };
        // In the order of memory that either has on its own.
        let part = |from: usize, to: usize| Features {
            numbers: Numbers::F32(
                rows.slice(s![.., from..to])
                    .as_standard_layout()
                    .into_owned(),
            ),
            origin: loaded.origin.clone(),
            warnings: warnings.clone(),
        };
        let both = (
            part(0, dim),
            (classes > 0).then(|| part(dim, dim + classes)),
        );
        self.loaded = Some(loaded);
        Ok(both)
    }

    /// Every image of a folder through the network.
    fn read(&mut self, folder: &Path, output: Output) -> Result<Features, MeasureError> {
        let folder = Folder::list(folder)?;
        let mut loaded = match self.loaded.take() {
            Some(loaded) => loaded,
            None => self.open()?,
        };
        let width = match output {
            Output::Features => loaded.network.dim(),
            Output::Logits => loaded.network.classes().ok_or_else(|| {
                MeasureError::request(
                    format!(
                        "the network of bundle {} gives no class logits",
                        self.network.bundle
                    ),
                    "give logits in a file: `storyeval metric is LOGITS.npy`",
                )
            })?,
        };
        let (numbers, warnings) =
            loaded.rows(self.host, &folder, width, |network, batch| match output {
                Output::Features => network.features(batch),
                Output::Logits => Ok(network.logits(batch)?.unwrap_or_default()),
            })?;
        let origin = loaded.origin.clone();
        self.loaded = Some(loaded);
        Ok(Features {
            numbers,
            origin,
            warnings,
        })
    }
}
