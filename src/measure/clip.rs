//! CLIP similarity, CLIPScore and RefCLIPScore.

use super::captions::ImageCaptions;
use super::images::{Folder, Loaded, UNSEEN, matrix};
use super::interval::Groups;
use super::matrix::both;
use super::preset::name_of;
use super::sets::{read_features, size};
use super::{Answer, Host, IntervalPlan, Item, Measure, MeasureError, Unscored, Warning};
use crate::evaluator::Clip;
use crate::format::{ImageFiles, Numbers};
use crate::metric::{
    SimilarityUnscored, clip_score, cosines, mean_of_batch_means, ordered_mean, ref_clip_score,
    torchmetrics_clip_score,
};
use crate::record::Signature;
use crate::vision::PassOrder;
use clap::ValueEnum;
use std::path::{Path, PathBuf};

/// What CLIPScore puts before every caption and reference (Hessel et al. 2021; `prefix` of jmhessel/clipscore's `clipscore.py`).
const PREFIX: &str = "A photo depicts ";
/// Batch of the deleted `eval_clip.py` of StoryGPT-V.
const RELEASED_BATCH: usize = 64;

/// Which score.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ClipScore {
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

impl ClipScore {
    /// What is put before captions that are embedded here.
    fn prefix(self) -> &'static str {
        match self {
            Self::Clipscore | Self::Refclipscore => PREFIX,
            Self::Similarity | Self::Torchmetrics => "",
        }
    }
}

/// Where embeddings come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Embedded {
    /// A folder of images, in the order of their names.
    Images(PathBuf),
    /// Captions: a text file with one a line, JSON lines or a table with the names of the images, or a folder of text
    /// files with their names.
    Texts(PathBuf),
    /// An `.npy` file of features, a row an image or a caption.
    Features(PathBuf),
}

impl Embedded {
    /// The names of images, where they are images.
    fn names(&self) -> Result<Option<Vec<String>>, MeasureError> {
        match self {
            Self::Images(path) => Ok(Some(Folder::list(path)?.files.names())),
            Self::Texts(_) | Self::Features(_) => Ok(None),
        }
    }
}

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClipPairs {
    /// Images with captions.
    ImageText,
    /// Images with images.
    ImageImage,
    /// Rows of any two files of features.
    Rows,
}

/// Asks for similarities in CLIP's space.
#[derive(Clone, Debug)]
pub struct ClipRequest {
    /// Both sides; the first entry is compared with the first, and so on.
    pub sides: [Embedded; 2],
    /// What the sides are.
    pub pairs: ClipPairs,
    /// References of the captions, for RefCLIPScore: each a caption of every image.
    pub references: Vec<Embedded>,
    /// Bundle of the CLIP model: an id or a folder.
    pub bundle: String,
    /// Which score.
    pub score: ClipScore,
    /// The version of Pillow that resizes are like.
    pub pillow: PassOrder,
    /// How to resample pairs.
    pub interval: IntervalPlan,
}

impl Measure for ClipRequest {
    fn measure(&self, host: &dyn Host) -> Result<Answer, MeasureError> {
        if !self.references.is_empty() && self.score != ClipScore::Refclipscore {
            return Err(MeasureError::request(
                "references are of RefCLIPScore only",
                "add `--score refclipscore`, or leave them out",
            ));
        }
        let names = self.sides[0].names()?;
        if let Some([first, second]) = self.counts(names.as_deref())? {
            self.groups(names.as_deref(), first)?;
            if first != second {
                let reason = SimilarityUnscored::Rows { first, second };
                let answer = Answer::of("clip", first).without(reason);
                let parts = Signature::of("clip").with("input", UNSEEN);
                return Ok(answer.signed(parts, "none", &[Some(first)]).hinted(
                    "give one caption (a line of `--texts`) or one other image an image, in the order of the images' names",
                ));
            }
        }
        if !self.references.is_empty()
            && let Some(n) = self.count(&self.sides[0], names.as_deref())?
            && let Some(answer) = self.unfit(names.as_deref(), n)?
        {
            return Ok(answer);
        }
        let inputs = self.inputs(host, names.as_deref())?;
        let n = inputs.sides[0].dim().0;
        let groups = self.groups(names.as_deref(), n)?;
        let mut answer = Answer::of("clip", n);
        answer.warnings = inputs.warnings;
        let [first, second] = &inputs.sides;
        match both!(first, second, |x, y| cosines(&x, &y)) {
            Err(reason) => answer = answer.without(reason),
            Ok(cosines) if cosines.is_empty() => answer = answer.without(Unscored::NoPair),
            Ok(cosines) => {
                match self.values(&cosines, second, &inputs.references)? {
                    Err(reason) => answer = answer.without(reason),
                    Ok(values) => self.fill(&mut answer, &values, &groups),
                }
                answer.detail(
                    format!("mean_of_batch_means_{RELEASED_BATCH}"),
                    mean_of_batch_means(&cosines, RELEASED_BATCH),
                );
            }
        }
        let parts = Signature::of("clip")
            .with("input", &inputs.origin)
            .with("of", self.of())
            .with("score", name_of(&self.score));
        let parts = match self.interval.order {
            Some(order) => parts.with("order", name_of(&order)),
            None => parts,
        };
        let ci = self.interval.name(&groups);
        Ok(answer.signed(parts, &ci, &[Some(n)]).hinted(
            "give two .npy files with the same number of rows, of the same network, without rows of zeros",
        ))
    }
}

/// What is compared: features, and what a signature says of them.
struct Inputs {
    sides: [Numbers; 2],
    references: Vec<Numbers>,
    origin: String,
    warnings: Vec<Warning>,
}

impl ClipRequest {
    /// What a signature says of the sides.
    fn of(&self) -> &'static str {
        match (self.pairs, &self.sides[1]) {
            (ClipPairs::Rows, _) => "pairs",
            (ClipPairs::ImageImage, _) => "image-image",
            (ClipPairs::ImageText, Embedded::Texts(_)) if self.score.prefix() == PREFIX => {
                "image-text:a-photo-depicts"
            }
            (ClipPairs::ImageText, _) => "image-text",
        }
    }

    fn groups(&self, names: Option<&[String]>, n: usize) -> Result<Groups, MeasureError> {
        match names {
            Some(names) => self.interval.groups_of_images(names),
            None => self.interval.groups(n),
        }
    }

    /// How many entries there are.
    fn count(
        &self,
        side: &Embedded,
        names: Option<&[String]>,
    ) -> Result<Option<usize>, MeasureError> {
        match side {
            Embedded::Texts(path) => {
                let found = ImageCaptions::read(path, names, self.interval.order)?;
                Ok(Some(found.captions.len()))
            }
            Embedded::Images(path) | Embedded::Features(path) => size(path),
        }
    }

    /// The answer where references are not as many as the `n` captions.
    fn unfit(&self, names: Option<&[String]>, n: usize) -> Result<Option<Answer>, MeasureError> {
        for side in &self.references {
            let (Embedded::Texts(path) | Embedded::Images(path) | Embedded::Features(path)) = side;
            let Some(second) = self.count(side, names)?.filter(|second| *second != n) else {
                continue;
            };
            let reason = SimilarityUnscored::Rows { first: n, second };
            let answer = Answer::of("clip", n).without(Unscored::References(reason));
            let parts = Signature::of("clip").with("input", UNSEEN);
            let answer = answer.signed(parts, "none", &[Some(n)]);
            return Ok(Some(answer.hinted(format!(
                "{} has {second} references, and there are {n} captions: give one line (or row) for each image, in the same order",
                path.display()
            ))));
        }
        Ok(None)
    }

    /// How many there are on either side, where the model has to embed them; sets that do not pair are refused before.
    fn counts(&self, names: Option<&[String]>) -> Result<Option<[usize; 2]>, MeasureError> {
        let is_read = |side: &Embedded| matches!(side, Embedded::Features(_));
        if self.sides.iter().all(is_read) {
            return Ok(None);
        }
        let second = self.count(&self.sides[1], names)?;
        let first = self.count(&self.sides[0], names)?;
        Ok(first.zip(second).map(|(first, second)| [first, second]))
    }

    /// Reads or computes everything that is compared.
    fn inputs(&self, host: &dyn Host, names: Option<&[String]>) -> Result<Inputs, MeasureError> {
        let mut model = Model {
            request: self,
            host,
            names,
            loaded: None,
            read: Vec::new(),
            warnings: Vec::new(),
        };
        let [first, second] = &self.sides;
        let sides = [model.embed(first)?, model.embed(second)?];
        let references = self.references.iter().map(|side| model.embed(side));
        let references = references.collect::<Result<_, _>>()?;
        let (mut origin, mut warnings) = ("features".to_owned(), model.warnings);
        if let Some(loaded) = model.loaded {
            let count = loaded.network.cut_texts();
            if count > 0 {
                warnings.push(Warning::CutCaptions { count });
            }
            origin = loaded.origin;
        }
        if let [first, second] = model.read.as_slice() {
            warnings.extend(other_names(first, second));
        }
        Ok(Inputs {
            sides,
            references,
            origin,
            warnings,
        })
    }

    fn fill(&self, answer: &mut Answer, values: &[f64], groups: &Groups) {
        let interval = self.interval.of_mean(values, groups);
        (answer.value, answer.interval) = if self.score == ClipScore::Torchmetrics {
            let scaled = |end: f64| (100.0 * end).max(0.0);
            let interval = interval.map(|ends| ends.map(scaled));
            (torchmetrics_clip_score(values), interval)
        } else {
            (ordered_mean(values), interval)
        };
        answer.items = Some(Item::rows(values));
    }

    /// The score of each item, or why there is none.
    fn values(
        &self,
        cosines: &[f64],
        captions: &Numbers,
        references: &[Numbers],
    ) -> Result<Result<Vec<f64>, Unscored>, MeasureError> {
        let to_references = match self.score {
            ClipScore::Similarity | ClipScore::Torchmetrics => return Ok(Ok(cosines.to_vec())),
            ClipScore::Clipscore => {
                return Ok(Ok(cosines
                    .iter()
                    .map(|cosine| clip_score(*cosine))
                    .collect()));
            }
            ClipScore::Refclipscore => references
                .iter()
                .map(|references| both!(captions, references, |x, y| self::cosines(&x, &y)))
                .collect::<Result<Vec<_>, _>>(),
        };
        let to_references = match to_references {
            Ok(found) => found,
            Err(reason) => return Ok(Err(Unscored::References(reason))),
        };
        let values: Option<Vec<f64>> = cosines
            .iter()
            .enumerate()
            .map(|(item, cosine)| {
                let references: Vec<f64> = to_references.iter().map(|found| found[item]).collect();
                ref_clip_score(*cosine, &references)
            })
            .collect();
        values.map(Ok).ok_or_else(|| {
            MeasureError::request(
                "RefCLIPScore needs references",
                "give `--references FILE` or `--reference-features R.npy`, once for every reference of an image",
            )
        })
    }
}

/// The model, opened when something has to be embedded.
struct Model<'a> {
    request: &'a ClipRequest,
    /// Names of the images that captions belong to.
    names: Option<&'a [String]>,
    host: &'a dyn Host,
    loaded: Option<Loaded<Clip>>,
    /// The images that it embedded, folder by folder.
    read: Vec<ImageFiles>,
    warnings: Vec<Warning>,
}

impl Model<'_> {
    fn open(&mut self) -> Result<&mut Loaded<Clip>, MeasureError> {
        if self.loaded.is_none() {
            let opened = self.host.network(&self.request.bundle, "CLIP")?;
            let network = Clip::open(&opened.1, &opened.0)?.with_pillow(self.request.pillow);
            let preprocessing = network.preprocessing();
            self.loaded = Some(Loaded::new(network, "clip", &preprocessing, &opened));
        }
        Ok(self.loaded.as_mut().expect("it was loaded just now"))
    }

    fn embed(&mut self, side: &Embedded) -> Result<Numbers, MeasureError> {
        match side {
            Embedded::Features(path) => Ok(read_features(path)?.numbers),
            Embedded::Images(path) => self.images(path),
            Embedded::Texts(path) => self.texts(path),
        }
    }

    fn images(&mut self, path: &Path) -> Result<Numbers, MeasureError> {
        let folder = Folder::list(path)?;
        let host = self.host;
        let model = self.open()?;
        let width = model.network.dim();
        let (numbers, warnings) = model.rows(host, &folder, width, Clip::images)?;
        self.warnings.extend(warnings);
        self.read.push(folder.files);
        Ok(numbers)
    }

    fn texts(&mut self, path: &Path) -> Result<Numbers, MeasureError> {
        let prefix = self.request.score.prefix();
        let found = ImageCaptions::read(path, self.names, self.request.interval.order)?;
        self.warnings.extend(found.warnings);
        let text = found.captions;
        let text: Vec<String> = text.iter().map(|line| format!("{prefix}{line}")).collect();
        let lines: Vec<&str> = text.iter().map(String::as_str).collect();
        let model = &mut self.open()?.network;
        let rows = model.texts(&lines)?;
        let values = rows.into_iter().flatten().collect();
        Ok(matrix(lines.len(), model.dim(), values))
    }
}

/// What is to be said of two folders whose images are paired in order and not called alike.
fn other_names(first: &ImageFiles, second: &ImageFiles) -> Option<Warning> {
    let pairs = first.paths().iter().zip(second.paths());
    let mut unlike = pairs.filter(|(a, b)| a.file_stem() != b.file_stem());
    let (a, b) = unlike.next()?;
    Some(Warning::OtherNames {
        unlike: 1 + unlike.count(),
        pairs: first.len().min(second.len()),
        first: [a.clone(), b.clone()],
    })
}
