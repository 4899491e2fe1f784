//! Where captions come from: files of two sides, brought together; and a captioner that writes them.

use super::images::Folder;
use super::interval::{Groups, plain_lines};
use super::order::{in_read_order, two_orders};
use super::{Answer, Host, IntervalPlan, Item, ItemId, MeasureError, NameOrder, Warning};
use crate::evaluate::decoding;
use crate::evaluator::Captioner;
use crate::format::{
    CaptionFault, CaptionFile, CaptionId, CaptionList, CaptionSet, FormatError, Lines,
    caption_lines, image_key, natural_order, pair_captions,
};
use crate::metric::caption::{CaptionUnscored, CaptionWarning, Corpus, Tokeniser, line_separators};
use crate::record::Signature;
use crate::vision::PassOrder;
use rayon::prelude::*;
use serde::Serialize;
use std::collections::{HashMap, HashSet};
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
    /// COCO JSON (a name ending in .json), JSON lines or a table with names, or text: one file with the references of a
    /// line apart by tabs, or a file per reference.
    pub references: Vec<PathBuf>,
    /// COCO result JSON (a name ending in .json), JSON lines or a table with names, or text, one a line. Of a list of
    /// captions of one name the first counts.
    pub hypotheses: PathBuf,
    /// How captions become tokens.
    pub tokeniser: Tokeniser,
    /// Score the items that both sides have, and say which were left out.
    pub allow_missing: bool,
    /// In which order of names a side without names is, where the other has them.
    pub order: Option<NameOrder>,
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
            order: None,
        }
    }

    /// Reads both sides.
    pub(super) fn read(&self) -> Result<Captions, MeasureError> {
        let mut warnings = Vec::new();
        let (references, hypotheses) = self.sides(&mut warnings)?;
        let set = pair_captions(references, hypotheses, self.allow_missing)?;
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

impl CaptionFiles {
    /// Both sides under their ids.
    fn sides(
        &self,
        warnings: &mut Vec<Warning>,
    ) -> Result<(CaptionFile, CaptionFile), MeasureError> {
        let hypotheses = self.hypotheses.as_path();
        // The larger file on this thread, whose heap grows in larger steps than others'.
        let (references, hypotheses) = thread::scope(|scope| {
            let hypotheses = scope.spawn(|| CaptionList::read(hypotheses));
            let references: Result<Vec<_>, FormatError> = self
                .references
                .iter()
                .map(|path| CaptionList::read(path))
                .collect();
            let hypotheses = hypotheses.join();
            let hypotheses = hypotheses.unwrap_or_else(|panic| resume_unwind(panic));
            Ok::<_, FormatError>((references?, hypotheses?))
        })?;
        let names = references
            .iter()
            .chain([&hypotheses])
            .map(|list| match list {
                CaptionList::Plain(_) => None,
                CaptionList::Named(file) => Some(file),
            });
        let names: Vec<Option<&CaptionFile>> = names.collect();
        let named = names.iter().flatten().count();
        if named == names.len() {
            let one = |mut all: CaptionFile, list| {
                if let CaptionList::Named(file) = list {
                    let shift = all.captions.len();
                    let moved = file.lists.into_iter();
                    all.lists
                        .extend(moved.map(|list| list.start + shift..list.end + shift));
                    all.captions.extend(file.captions);
                    all.keyed |= file.keyed;
                    all.file_names.extend(file.file_names);
                }
                all
            };
            let empty = |path: &Path| CaptionFile {
                path: path.to_owned(),
                ..CaptionFile::default()
            };
            let first = self
                .references
                .first()
                .map_or(Path::new(""), PathBuf::as_path);
            let references = references.into_iter().fold(empty(first), one);
            let mut hypotheses = one(empty(&self.hypotheses), hypotheses);
            hypotheses.keep_first();
            return Ok((references, hypotheses));
        }
        if names.iter().flatten().any(|file| !file.keyed) {
            return Err(MeasureError::request(
                "COCO's JSON and plain lines do not go together: lines have no image_id",
                "give `--refs R.json --hyps H.json`, or text on both sides",
            ));
        }
        if let Some(file) = names.iter().flatten().next() {
            warnings.push(Warning::ByPosition {
                named: file.path.clone(),
            });
        }
        let order = self.order;
        let plain = |list, path: &PathBuf| {
            let lines = match list {
                CaptionList::Plain(lines) => lines,
                CaptionList::Named(file) => lines_of(file, order)?,
            };
            let path = path.clone();
            Ok::<_, MeasureError>(Lines { path, lines })
        };
        for list in &references {
            if let CaptionList::Named(file) = list
                && file.lists.iter().any(|list| list.len() > 1)
            {
                return Err(MeasureError::request(
                    format!(
                        "{} has several captions of one name, and the hypotheses have no names",
                        file.path.display()
                    ),
                    "give names on both sides, or references as text: those of a line apart by tabs",
                ));
            }
        }
        let references = references.into_iter().zip(&self.references);
        let references: Result<_, _> = references.map(|(list, path)| plain(list, path)).collect();
        Ok(caption_lines(
            references?,
            plain(hypotheses, &self.hypotheses)?,
        )?)
    }
}

/// Captions with names as lines, for a list without names: in the order of the file, which must be the only one that
/// can be meant.
fn lines_of(mut file: CaptionFile, order: Option<NameOrder>) -> Result<Vec<String>, MeasureError> {
    file.keep_first();
    let names: Vec<String> = file.captions.iter().map(|(id, _)| id.to_string()).collect();
    let mut places: Vec<usize> = (0..names.len()).collect();
    places.sort_by(|a, b| names[*a].cmp(&names[*b]));
    let natural = natural_order(&names);
    let numbered = numbered_order(&names);
    match order {
        None if numbered.is_some() => places = numbered.unwrap_or_default(),
        None if places != natural => return Err(two_orders(&file.path, &names, &natural)),
        None => return Ok(file.captions.into_iter().map(|(_, text)| text).collect()),
        Some(NameOrder::Bytes) => {}
        Some(NameOrder::Natural) => places = natural,
    }
    Ok(places
        .into_iter()
        .map(|at| file.captions[at].1.clone())
        .collect())
}

/// The places of names in their order, where these are the numbers from 0 or 1 without a gap: these number lines.
fn numbered_order(names: &[String]) -> Option<Vec<usize>> {
    let numbers: Option<Vec<usize>> = names.iter().map(|name| name.parse().ok()).collect();
    let numbers = numbers?;
    let first = *numbers.iter().min().filter(|first| **first < 2)?;
    let mut places = vec![None; numbers.len()];
    for (at, number) in numbers.iter().enumerate() {
        *places.get_mut(number - first)? = Some(at);
    }
    places.into_iter().collect()
}

/// The captions of images, in the order in which the images are read, and what is doubtful about them.
pub(super) struct ImageCaptions {
    pub(super) captions: Vec<String>,
    pub(super) warnings: Vec<Warning>,
}

impl ImageCaptions {
    /// Reads captions. With names they go to the images of these names; without, to the images in their order.
    pub(super) fn read(
        path: &Path,
        images: Option<&[String]>,
        order: Option<NameOrder>,
    ) -> Result<Self, MeasureError> {
        let mut warnings = Vec::new();
        let captions = match (CaptionList::read(path)?, images) {
            (CaptionList::Plain(lines), Some(images)) if lines.len() == images.len() => {
                in_read_order(lines, images, order, path)?
            }
            (CaptionList::Plain(lines), _) => lines,
            (CaptionList::Named(file), Some(images)) => of_images(file, images)?,
            (CaptionList::Named(file), None) => {
                let named = path.to_owned();
                warnings.push(Warning::ByPosition { named });
                lines_of(file, order)?
            }
        };
        let empty = |caption: &&String| caption.trim().is_empty();
        if let Some(first) = captions.iter().position(|caption| empty(&caption)) {
            let first = match images.and_then(|images| images.get(first)) {
                Some(name) => format!("that of {name}"),
                None => format!("line {}", first + 1),
            };
            let count = captions.iter().filter(empty).count();
            warnings.push(Warning::EmptyCaptions { count, first });
        }
        Ok(Self { captions, warnings })
    }
}

/// Brings captions to the images of their names: by the whole name, by the name without folders, or by the number at its
/// end where the captions have numbers.
pub(super) fn of_images(
    mut file: CaptionFile,
    images: &[String],
) -> Result<Vec<String>, MeasureError> {
    file.keep_first();
    file.name_images();
    let last = |key: &str| key.rsplit('/').next().unwrap_or_default().to_owned();
    let number = |key: &str| {
        let digits = key.len() - key.trim_end_matches(|c: char| c.is_ascii_digit()).len();
        key[key.len() - digits..]
            .parse::<i64>()
            .ok()
            .map(|number| number.to_string())
    };
    let numbers = file
        .captions
        .iter()
        .all(|(id, _)| matches!(id, CaptionId::Number(_)));
    let ids: Vec<String> = file
        .captions
        .iter()
        .map(|(id, _)| id.key().to_string())
        .collect();
    let keys: Vec<String> = images.iter().map(|name| image_key(name)).collect();
    let short = |keys: &[String]| keys.iter().map(|key| last(key)).collect::<Vec<_>>();
    let mut ways = vec![(keys.clone(), ids.clone()), (short(&keys), short(&ids))];
    if numbers {
        let numbered = keys.iter().map(|key| number(key).unwrap_or_default());
        ways.push((numbered.collect(), ids.clone()));
    }
    let mut ways = ways.into_iter().map(|(keys, ids)| joined(&keys, &ids));
    let first = ways.next().unwrap_or_default();
    let found = if first.iter().all(Option::is_some) {
        first
    } else {
        let whole = |way: &Vec<Option<usize>>| way.iter().all(Option::is_some);
        ways.find(whole).unwrap_or(first)
    };
    let used: HashSet<usize> = found.iter().copied().flatten().collect();
    let without = (0..images.len()).filter(|at| found[*at].is_none());
    let without: Vec<&str> = without.map(|at| images[at].as_str()).collect();
    let left = (0..ids.len()).filter(|at| !used.contains(at));
    let left: Vec<&str> = left.map(|at| ids[at].as_str()).collect();
    if !without.is_empty() || !left.is_empty() {
        return Err(MeasureError::request(
            format!(
                "{} and the images do not go together by name: {} images without an entry{}, {} entries without an image{}",
                file.path.display(),
                without.len(),
                some_of(&without),
                left.len(),
                some_of(&left)
            ),
            "give every image one entry under its file name, and no others",
        ));
    }
    Ok(found
        .into_iter()
        .flatten()
        .map(|at| file.captions[at].1.clone())
        .collect())
}

/// Which id belongs to each key; none where several do, or several keys are equal.
fn joined(keys: &[String], ids: &[String]) -> Vec<Option<usize>> {
    let mut places: HashMap<&str, Vec<usize>> = HashMap::new();
    for (at, id) in ids.iter().enumerate() {
        places.entry(id).or_default().push(at);
    }
    let mut times: HashMap<&str, usize> = HashMap::new();
    for key in keys {
        *times.entry(key).or_default() += 1;
    }
    let found = keys
        .iter()
        .map(|key| match places.get(key.as_str()).map(Vec::as_slice) {
            Some([place]) if times[key.as_str()] == 1 => Some(*place),
            _ => None,
        });
    found.collect()
}

fn some_of(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [one] => format!(" ({one})"),
        [first, second] => format!(" ({first}, {second})"),
        [first, second, ..] => format!(" ({first}, {second}, ..)"),
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
                answer
                    .warnings
                    .extend(more.into_iter().map(|warning| match warning {
                        CaptionWarning::EmptyHypotheses { count, first } => {
                            Warning::EmptyHypotheses {
                                count,
                                first: self.set.items[first].id.quoted(),
                            }
                        }
                        other => other.into(),
                    }));
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
        let names = plain_lines(path)?;
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
    /// File name of the image, below the folder.
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
        let mut names = folder.files.names().into_iter();
        folder.each(CHUNK, decoding(runtime.device()), |paths, images| {
            let found = captioner.captions(images, self.count);
            let found = found.map_err(MeasureError::from)?;
            let captioned = paths.iter().zip(found).map(|(path, captions)| {
                let id = names.next().unwrap_or_default();
                in_utf8(path)?;
                Ok(Captioned { id, captions })
            });
            take(captioned.collect::<Result<_, MeasureError>>()?)
        })
    }
}

/// Refuses a name that JSON cannot hold.
fn in_utf8(path: &Path) -> Result<(), MeasureError> {
    if path.to_str().is_none() {
        return Err(MeasureError::request(
            format!("the name of {} is not valid UTF-8", path.display()),
            "rename the file",
        ));
    }
    Ok(())
}
