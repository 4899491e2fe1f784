//! `storyeval metric fid`, `kid`, `prdc` and `is`: sets of images or features.

use super::answer::Format;
use super::arguments::{PillowArguments, ShownArguments};
use crate::cli::common::DeviceArguments;
use crate::cli::numbers::count;
use clap::Args;
use std::path::PathBuf;
use storyeval::measure::{
    FeatureNetwork, FeatureSets, FidRequest, IsRequest, IsRule, KidRequest, PrdcRequest, Preset,
};
use storyeval::metric::{DrawOrder, KidOptions, PrdcOptions};

/// The network that reads folders of images.
#[derive(Clone, Debug, Args)]
pub(crate) struct NetworkArguments {
    /// How images are prepared for the network, and how means are taken: as this tool does
    #[arg(long, value_enum, default_value_t)]
    preset: Preset,
    /// Bundle of the feature network: an id or a folder
    #[arg(long, value_name = "ID|DIR", default_value = "inception-fid")]
    bundle: String,
    #[command(flatten)]
    pillow: PillowArguments,
    #[command(flatten)]
    pub(super) device: DeviceArguments,
}

impl NetworkArguments {
    fn network(&self) -> FeatureNetwork {
        FeatureNetwork {
            bundle: self.bundle.clone(),
            preset: self.preset,
            pillow: self.pillow.pillow,
        }
    }
}

/// Two sets of features, or of images.
#[derive(Clone, Debug, Args)]
pub(crate) struct SetArguments {
    /// The generated set, then the reference: a folder of images each, or an .npy file of features
    #[arg(value_names = ["A", "B"], num_args = 2, required_unless_present = "features")]
    sets: Vec<PathBuf>,
    /// Features that were computed elsewhere: .npy files, [n, d], the generated ones first
    #[arg(long, value_names = ["A.npy", "B.npy"], num_args = 2, conflicts_with = "sets")]
    features: Vec<PathBuf>,
    #[command(flatten)]
    network: NetworkArguments,
}

impl SetArguments {
    fn sets(&self) -> FeatureSets {
        // clap counts them.
        let mut given = self.sets.iter().chain(&self.features).cloned();
        FeatureSets {
            paths: [given.next(), given.next()].map(Option::unwrap_or_default),
            network: self.network.network(),
        }
    }

    /// Where the network runs.
    pub(super) fn device(&self) -> &DeviceArguments {
        &self.network.device
    }
}

#[derive(Clone, Debug, Args)]
pub(crate) struct FidArguments {
    #[command(flatten)]
    pub(super) sets: SetArguments,
    /// Keep mean and covariance of the first set (`mu`, `sigma`; pytorch-fid reads them)
    #[arg(long, value_name = "OUT.npz")]
    save_stats: Option<PathBuf>,
    /// Compute the interval of features of more than 256 dimensions too, which takes longer than the distance
    #[arg(long)]
    wide_interval: bool,
    #[command(flatten)]
    pub(super) shown: ShownArguments,
}

impl FidArguments {
    pub(super) fn request(&self) -> FidRequest {
        FidRequest {
            sets: self.sets.sets(),
            save_statistics: self.save_stats.clone(),
            wide_interval: self.wide_interval,
            interval: self.shown.interval(),
        }
    }
}

#[derive(Clone, Debug, Args)]
pub(crate) struct KidArguments {
    #[command(flatten)]
    pub(super) sets: SetArguments,
    /// Vectors of a subset, drawn without replacement [clean-fid order: at most as many as there are]
    #[arg(long, visible_alias = "subset-size", default_value_t = 1000, value_parser = count)]
    kid_subset_size: usize,
    /// Number of subsets
    #[arg(long, default_value_t = 100, value_parser = count)]
    kid_subsets: usize,
    /// Seed of numpy's RandomState, which draws the subsets
    #[arg(long, default_value_t = 2020)]
    seed: u32,
    /// Which set is drawn from first
    #[arg(long, value_enum, default_value_t)]
    order: DrawOrder,
    /// Compute the estimate over all vectors too, with an interval. It is the value where there are too few
    /// vectors for a subset
    #[arg(long)]
    all: bool,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: Format,
}

impl KidArguments {
    pub(super) fn request(&self) -> KidRequest {
        KidRequest {
            sets: self.sets.sets(),
            options: KidOptions {
                subsets: self.kid_subsets,
                subset_size: self.kid_subset_size,
                seed: self.seed,
                order: self.order,
            },
            all: self.all,
        }
    }
}

#[derive(Clone, Debug, Args)]
pub(crate) struct PrdcArguments {
    #[command(flatten)]
    pub(super) sets: SetArguments,
    /// Neighbours of all four values [default: 3 for precision and recall, 5 for density and coverage]
    #[arg(long, value_name = "K", value_parser = count)]
    nearest_k: Option<usize>,
    #[command(flatten)]
    pub(super) shown: ShownArguments,
}

impl PrdcArguments {
    pub(super) fn request(&self) -> PrdcRequest {
        let of = |k| PrdcOptions {
            precision_k: k,
            density_k: k,
        };
        PrdcRequest {
            sets: self.sets.sets(),
            options: self.nearest_k.map(of).unwrap_or_default(),
            interval: self.shown.interval(),
        }
    }
}

#[derive(Clone, Debug, Args)]
pub(crate) struct IsArguments {
    /// A folder of images, or an .npy file of logits
    #[arg(value_name = "A", required_unless_present = "features")]
    set: Option<PathBuf>,
    /// Logits that were computed elsewhere: an .npy file, [n, classes]
    #[arg(
        long,
        visible_alias = "logits",
        value_name = "A.npy",
        conflicts_with = "set"
    )]
    features: Option<PathBuf>,
    /// Number of splits
    #[arg(long, visible_alias = "isc-splits", default_value_t = 10, value_parser = count)]
    splits: usize,
    /// Seed of numpy's RandomState, which permutes the images [torch-fidelity's rule only]
    #[arg(long, default_value_t = 2020)]
    seed: u32,
    /// Whose rules of splitting
    #[arg(long, value_enum, default_value_t)]
    rule: IsRule,
    #[command(flatten)]
    pub(super) network: NetworkArguments,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: Format,
}

impl IsArguments {
    pub(super) fn request(&self) -> IsRequest {
        let set = self.set.as_ref().or(self.features.as_ref());
        IsRequest {
            // clap asks for one of them.
            set: set.cloned().unwrap_or_default(),
            splits: self.splits,
            seed: self.seed,
            rule: self.rule,
            network: self.network.network(),
        }
    }
}
