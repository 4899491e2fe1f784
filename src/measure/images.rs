//! Where images come from: folders that a network reads, and images in pairs.

use super::interval::Groups;
use super::{Host, IntervalPlan, Item, ItemId, MeasureError, Warning};
use crate::evaluate::decoding;
use crate::evaluator::{BATCH, EvaluatorError};
use crate::format::{ImageFiles, ImagePair, Numbers, image_pairs};
use crate::inference::{Bundle, Runtime};
use crate::record::Hint;
use crate::vision::{Decoding, PassOrder, SourceImage, VisionError, read_any_image};
use image::RgbImage;
use ndarray::Array2;
use rayon::prelude::*;
use std::path::{Path, PathBuf};

/// What a signature calls images that no network read.
pub(super) const UNSEEN: &str = "images-not-read";

/// What can be doubtful about an image file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageFault {
    /// A JPEG file.
    Lossy,
    /// 16-bit grey, clipped as Pillow does.
    ClippedGrey,
    /// A JPEG file of four channels.
    FourChannels,
    /// A JPEG file with damaged data, or a PNG file without its end.
    Damaged,
}

impl ImageFault {
    const ALL: [Self; 4] = [
        Self::Lossy,
        Self::ClippedGrey,
        Self::FourChannels,
        Self::Damaged,
    ];

    fn is_of(self, image: &SourceImage) -> bool {
        match self {
            Self::Lossy => image.lossy_source,
            Self::ClippedGrey => image.clipped_grey,
            Self::FourChannels => image.four_channels,
            Self::Damaged => image.damaged,
        }
    }

    /// The end of a sentence about such images.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Lossy => "JPEG files: what was compressed away moves the number",
            Self::ClippedGrey => {
                "16-bit grey, of which everything above 255 is white, as Pillow has it"
            }
            Self::FourChannels => {
                "CMYK or YCCK JPEG files, converted to RGB as Pillow does it, without a profile"
            }
            Self::Damaged => {
                "damaged files (data of a JPEG, the end of a PNG), decoded as far as Pillow decodes them"
            }
        }
    }
}

/// How many images of a folder are doubtful, and why.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Doubts {
    total: usize,
    counts: [usize; 4],
}

impl Doubts {
    /// Takes an image into account.
    pub(super) fn see(&mut self, image: &SourceImage) {
        self.total += 1;
        for (count, fault) in self.counts.iter_mut().zip(ImageFault::ALL) {
            *count += usize::from(fault.is_of(image));
        }
    }

    /// Takes further images into account.
    pub(super) fn add(&mut self, more: Self) {
        self.total += more.total;
        for (count, further) in self.counts.iter_mut().zip(more.counts) {
            *count += further;
        }
    }

    /// What a reader of the number must know.
    pub(super) fn warnings(self, path: &Path) -> impl Iterator<Item = Warning> {
        let counts = ImageFault::ALL.into_iter().zip(self.counts);
        counts
            .filter(|(_, count)| *count > 0)
            .map(move |(fault, count)| Warning::Images {
                fault,
                count,
                total: self.total,
                path: path.to_owned(),
            })
    }
}

/// The images of a folder.
pub(super) struct Folder {
    pub(super) path: PathBuf,
    pub(super) files: ImageFiles,
}

impl Folder {
    /// Lists them.
    pub(super) fn list(path: &Path) -> Result<Self, MeasureError> {
        Ok(Self {
            path: path.to_owned(),
            files: ImageFiles::list(path)?,
        })
    }

    /// Gives `take` all images in order, `size` at a time, and returns what is doubtful about them.
    pub(super) fn each<E: From<MeasureError>>(
        &self,
        size: usize,
        decoding: Decoding,
        mut take: impl FnMut(&[PathBuf], &[RgbImage]) -> Result<(), E>,
    ) -> Result<Vec<Warning>, E> {
        let mut doubts = Doubts::default();
        let chunks = self.files.paths().chunks(size);
        decoding.feed(self.files.batches(size), |batches| {
            for (paths, batch) in chunks.zip(batches) {
                let batch =
                    batch.map_err(|error| broken(self.files.paths().iter().collect(), error))?;
                let images = batch.into_iter().map(|image| {
                    doubts.see(&image);
                    image.image
                });
                let images: Vec<RgbImage> = images.collect();
                take(paths, &images)?;
            }
            Ok::<(), E>(())
        })?;
        let (own, total) = (self.files.own(), self.files.len());
        let mixed = (0 < own && own < total).then(|| Warning::Below {
            count: total - own,
            total,
            path: self.path.clone(),
        });
        Ok(doubts.warnings(&self.path).chain(mixed).collect())
    }
}

/// Files that an error lists.
const LISTED: usize = 10;

/// The error of images of which one cannot be read: it names all that cannot.
pub(super) fn broken(mut paths: Vec<&PathBuf>, first: VisionError) -> MeasureError {
    paths.sort();
    paths.dedup();
    let total = paths.len();
    let faults = paths.into_par_iter().map(|path| read_any_image(path).err());
    let faults: Vec<VisionError> = faults.collect::<Vec<_>>().into_iter().flatten().collect();
    if faults.len() < 2 {
        return first.into();
    }
    let same = |of: fn(&VisionError) -> bool| faults.iter().all(of);
    let unread = same(|fault| matches!(fault, VisionError::Unsupported { .. }));
    let pointers =
        same(|fault| matches!(fault, VisionError::NotImage { found, .. } if found.contains("LFS")));
    let hint = faults[0].hint().filter(|_| unread || pointers);
    let hint = hint.unwrap_or_else(|| {
        "copy or make these files again, or move them out of the folder".to_owned()
    });
    let shown = faults.iter().take(LISTED).map(ToString::to_string);
    let mut list = shown.collect::<Vec<_>>().join("; ");
    if faults.len() > LISTED {
        list = format!("{list}; and {} more", faults.len() - LISTED);
    }
    MeasureError::Broken {
        count: faults.len(),
        total,
        list,
        hint,
    }
}

/// A network that reads images.
pub(super) struct Loaded<N> {
    pub(super) network: N,
    /// What a signature says of it.
    pub(super) origin: String,
    decoding: Decoding,
}

impl<N> Loaded<N> {
    pub(super) fn new(
        network: N,
        name: &str,
        preprocessing: &str,
        (bundle, runtime): &(Bundle, Runtime),
    ) -> Self {
        Self {
            network,
            origin: format!("{}:{preprocessing}", origin_of(name, bundle)),
            decoding: decoding(runtime.device()),
        }
    }

    /// Every image of a folder through the network, which gives rows of `width` numbers; and what is doubtful about the
    /// images.
    pub(super) fn rows(
        &mut self,
        host: &dyn Host,
        folder: &Folder,
        width: usize,
        read: impl Fn(&mut N, &[RgbImage]) -> Result<Vec<Vec<f32>>, EvaluatorError>,
    ) -> Result<(Numbers, Vec<Warning>), MeasureError> {
        let total = folder.files.len();
        let mut values = Vec::with_capacity(total * width);
        let mut done = 0;
        host.read(&folder.path, done, total)?;
        let network = &mut self.network;
        let warnings = folder.each(BATCH, self.decoding, |_, images| {
            values.extend(read(network, images)?.into_iter().flatten());
            done += images.len();
            Ok::<(), MeasureError>(host.read(&folder.path, done, total)?)
        })?;
        Ok((matrix(total, width, values), warnings))
    }
}

/// What a signature calls a network.
pub(super) fn origin_of(name: &str, bundle: &Bundle) -> String {
    format!("{name}@{}", &bundle.content_hash()[..12])
}

/// Rows that a network gave.
pub(super) fn matrix(rows: usize, width: usize, values: Vec<f32>) -> Numbers {
    let numbers = Array2::from_shape_vec((rows, width), values);
    Numbers::F32(numbers.expect("every row has the width of the network"))
}

/// Asks for a comparison of images in pairs; `V` says which.
#[derive(Clone, Debug)]
pub struct PairRequest<V> {
    /// The images.
    pub images: PairedImages,
    /// Side of the square that both are brought to; absent, the first is brought to the size of the second.
    pub resize: Option<u32>,
    /// The version of Pillow that resizes are like.
    pub pillow: PassOrder,
    /// How to resample pairs.
    pub interval: IntervalPlan,
    /// Which comparison: whose definition, or which network.
    pub of: V,
}

/// Two images, or the images of the same name in two folders.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PairedImages {
    /// An image or a folder, and the one that it is compared with.
    pub paths: [PathBuf; 2],
}

impl PairedImages {
    /// The pairs, by their names.
    pub(super) fn list(&self) -> Result<Vec<ImagePair>, MeasureError> {
        let [first, second] = &self.paths;
        Ok(image_pairs(first, second)?)
    }
}

impl<V> PairRequest<V> {
    /// The group of every pair.
    pub(super) fn groups(&self, pairs: &[ImagePair]) -> Result<Groups, MeasureError> {
        let names: Vec<String> = pairs.iter().map(|pair| pair.name.clone()).collect();
        self.interval.groups_of_images(&names)
    }
}

/// Values of pairs by their names.
pub(super) fn items(pairs: &[ImagePair], values: &[f64]) -> Vec<Item> {
    let items = pairs.iter().zip(values);
    items
        .map(|(pair, value)| Item::new(ItemId::Name(pair.name.clone()), *value))
        .collect()
}
