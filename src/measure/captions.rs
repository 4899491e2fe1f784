//! Where captions come from: files of two sides, brought together; and a captioner that writes them.

use super::images::Folder;
use super::interval::Groups;
use super::matrix::has_ending;
use super::{Answer, Host, IntervalPlan, Item, ItemId, MeasureError, Warning};
use crate::evaluate::decoding;
use crate::evaluator::Captioner;
use crate::format::{
    CaptionFault, CaptionSet, FormatError, pair_captions, read_caption_lines, read_coco, read_lines,
};
use crate::metric::caption::{CaptionUnscored, CaptionWarning, Corpus, Tokeniser, line_separators};
use crate::record::Signature;
use crate::vision::PassOrder;
use rayon::prelude::*;
use serde::Serialize;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::thread;

/// What to do about captions without a value.
pub(super) const HINT: &str = "give at least one hypothesis and a reference for each";

/// Images that are captioned together; a multiple of what the captioner reads in one pass.
const CHUNK: usize = 16;

/// Captions to score, and what to compare them with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaptionFiles {
    /// COCO JSON (a name ending in .json), or text: one file with the references of a line apart by tabs, or a file per
    /// reference.
    pub references: Vec<PathBuf>,
    /// COCO result JSON (a name ending in .json), or text, one a line.
    pub hypotheses: PathBuf,
    /// How captions become tokens.
    pub tokeniser: Tokeniser,
    /// Score the items that both sides have, and say which were left out.
    pub allow_missing: bool,
}

/// Captions that were read.
pub(super) struct Captions {
    pub(super) set: CaptionSet,
    pub(super) tokeniser: Tokeniser,
    warnings: Vec<Warning>,
}

impl CaptionFiles {
    /// One file on each side, tokenised as pycocoevalcap does.
    #[must_use]
    pub fn new(references: impl Into<PathBuf>, hypotheses: impl Into<PathBuf>) -> Self {
        Self {
            references: vec![references.into()],
            hypotheses: hypotheses.into(),
            tokeniser: Tokeniser::default(),
            allow_missing: false,
        }
    }

    /// Reads both sides.
    pub(super) fn read(&self) -> Result<Captions, MeasureError> {
        let is_json = |path: &Path| has_ending(path, "json");
        let hypotheses = self.hypotheses.as_path();
        let (references, hypotheses) = match self.references.as_slice() {
            [references] if is_json(references) && is_json(hypotheses) => {
                // The larger file on this thread, whose heap grows in larger steps than others'.
                thread::scope(|scope| {
                    let hypotheses = scope.spawn(|| read_coco(hypotheses));
                    let references = read_coco(references)?;
                    let hypotheses = hypotheses.join();
                    let hypotheses = hypotheses.unwrap_or_else(|panic| resume_unwind(panic))?;
                    Ok::<_, FormatError>((references, hypotheses))
                })?
            }
            references if references.iter().any(|path| is_json(path)) || is_json(hypotheses) => {
                return Err(MeasureError::request(
                    "JSON and text, or several JSON files, do not go together",
                    "give `--refs R.json --hyps H.json`, or text on both sides",
                ));
            }
            references => read_caption_lines(references, hypotheses)?,
        };
        let set = pair_captions(references, hypotheses, self.allow_missing)?;
        let mut warnings = Vec::new();
        let mut warn = |count: usize, warning: fn(usize) -> Warning| {
            if count > 0 {
                warnings.push(warning(count));
            }
        };
        warn(set.without_hypothesis.len(), |count| {
            Warning::WithoutHypothesis { count }
        });
        warn(set.without_references.len(), |count| {
            Warning::WithoutReferences { count }
        });
        let captions = set
            .items
            .iter()
            .flat_map(|item| std::iter::once(&item.hypothesis).chain(&item.references));
        warn(line_separators(captions.map(String::as_str)), |count| {
            CaptionWarning::LineSeparators { count }.into()
        });
        Ok(Captions {
            set,
            tokeniser: self.tokeniser,
            warnings,
        })
    }
}

impl Captions {
    /// Hypotheses with references, as the metrics take them.
    pub(super) fn pairs(&self) -> Vec<(&str, Vec<&str>)> {
        let mut pairs = Vec::with_capacity(self.set.items.len());
        for item in &self.set.items {
            let references = item.references.iter().map(String::as_str).collect();
            pairs.push((item.hypothesis.as_str(), references));
        }
        pairs
    }

    /// The captions as tokens.
    pub(super) fn corpus(&self) -> Result<Corpus, CaptionUnscored> {
        Corpus::from_captions(&self.pairs(), self.tokeniser)
    }

    /// An answer with the warnings of the reading, and then those of the metric; or with the reason why it has no value.
    pub(super) fn answer(
        &self,
        mut answer: Answer,
        found: Result<Vec<CaptionWarning>, CaptionUnscored>,
    ) -> Answer {
        answer.warnings.clone_from(&self.warnings);
        match found {
            Err(reason) => answer.without(reason),
            Ok(more) => {
                answer.warnings.extend(more.into_iter().map(Into::into));
                answer
            }
        }
    }

    /// An answer without a value yet: signed, with the metric's own parts of the signature behind those that say what
    /// was scored.
    pub(super) fn blank(
        &self,
        metric: &'static str,
        plan: &IntervalPlan,
        parts: impl FnOnce(Signature) -> Signature,
    ) -> Result<(Answer, Groups), MeasureError> {
        let groups = self.groups(plan)?;
        let tokeniser = match self.tokeniser {
            Tokeniser::Ptb => "ptb-corenlp-3.4.1+coco-punctuation",
            Tokeniser::Whitespace => "whitespace",
        };
        let set = &self.set;
        let all = set.items.len() == set.hypotheses && set.without_hypothesis.is_empty();
        let references: usize = set.items.iter().map(|item| item.references.len()).sum();
        let signature = Signature::of(metric)
            .with("tokeniser", tokeniser)
            .with("items", if all { "all" } else { "intersection" })
            .with("references", references);
        let n = set.items.len();
        let answer = Answer::of(metric, n);
        let answer = answer.signed(parts(signature), &plan.name(&groups), &[Some(n)]);
        Ok((answer.hinted(HINT), groups))
    }

    /// The group of every item: the lines of a file, which has one per hypothesis, also for those left out. Without a
    /// file each item is its own, in the order of the ids.
    fn groups(&self, plan: &IntervalPlan) -> Result<Groups, MeasureError> {
        let items = &self.set.items;
        let Some(path) = &plan.groups else {
            let ids: Vec<String> = items.iter().map(|item| item.id.to_string()).collect();
            return Ok(Groups::named(ids.iter().map(String::as_str), false));
        };
        let names = read_lines(path)?;
        if names.len() != self.set.hypotheses {
            return Err(FormatError::from(CaptionFault::Lines {
                path: path.to_owned(),
                lines: names.len(),
                other: "the hypotheses".into(),
                expected: self.set.hypotheses,
            })
            .into());
        }
        let names = items.iter().map(|item| names[item.place].trim());
        Ok(Groups::named(names, true))
    }

    /// Every item with what a metric makes of it.
    pub(super) fn items(&self, item: impl Fn(usize, ItemId) -> Item + Sync) -> Vec<Item> {
        let items = self.set.items.par_iter().enumerate();
        items
            .map(|(at, of)| item(at, ItemId::Caption(of.id.clone())))
            .collect()
    }
}

/// Asks a captioner for captions of the images of a folder.
#[derive(Clone, Debug)]
pub struct CaptionerRequest {
    /// The folder.
    pub folder: PathBuf,
    /// Bundle of the captioner: an id or a folder.
    pub bundle: String,
    /// Captions per image: the best beams, best first, at most as many as the bundle has.
    pub count: usize,
    /// The version of Pillow that resizes are like.
    pub pillow: PassOrder,
}

/// The captions of an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Captioned {
    /// File name of the image.
    pub id: String,
    /// Its captions, best first.
    pub captions: Vec<String>,
}

impl CaptionerRequest {
    /// Gives `take` the captions of all images, a batch at a time in the order of file names. Returns what is doubtful
    /// about the images.
    ///
    /// # Errors
    /// No folder or network, an image that cannot be decoded, and what `take` says.
    pub fn each<E: From<MeasureError>>(
        &self,
        host: &dyn Host,
        mut take: impl FnMut(Vec<Captioned>) -> Result<(), E>,
    ) -> Result<Vec<Warning>, E> {
        let folder = Folder::list(&self.folder)?;
        let opened = host.network(&self.bundle, "the captioner");
        let (bundle, runtime) = opened.map_err(MeasureError::from)?;
        let captioner = Captioner::open(&runtime, &bundle).map_err(MeasureError::from)?;
        let mut captioner = captioner.with_pillow(self.pillow);
        folder.each(CHUNK, decoding(runtime.device()), |paths, images| {
            let found = captioner.captions(images, self.count);
            let found = found.map_err(MeasureError::from)?;
            let captioned = paths.iter().zip(found).map(|(path, captions)| {
                let id = name(path)?.to_owned();
                Ok(Captioned { id, captions })
            });
            take(captioned.collect::<Result<_, MeasureError>>()?)
        })
    }
}

/// A file's name as JSON can hold it.
fn name(path: &Path) -> Result<&str, MeasureError> {
    let name = path.file_name().and_then(|name| name.to_str());
    name.ok_or_else(|| {
        MeasureError::request(
            format!("the name of {} is not valid UTF-8", path.display()),
            "rename the file",
        )
    })
}
