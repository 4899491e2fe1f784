//! What `metric bleu`, `metric cider` and `metric cocoeval` have in common: reading captions, and the parts of a
//! signature that say how.

use super::answer::Answer;
use super::interval::numbered;
use crate::cli::failure::Failure;
use clap::{Args, ValueEnum};
use rayon::prelude::*;
use serde_json::{Map, Value, json};
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::thread;
use storyeval::format::{CaptionSet, FormatError, pair_captions, read_caption_lines, read_coco};
use storyeval::metric::caption::{
    CaptionUnscored, CaptionWarning, Corpus, Tokeniser, line_separators,
};
use storyeval::record::Signature;

/// What to do about captions without a value.
pub(super) const CAPTIONS_HINT: &str = "give at least one hypothesis and a reference for each";

/// How captions become tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum TokeniserName {
    /// PTB tokens, lower case, without punctuation: as pycocoevalcap's evaluation
    #[default]
    Ptb,
    /// Cut at white space: as pycocoevalcap's scorers when called on their own
    Whitespace,
}

impl TokeniserName {
    pub(crate) fn tokeniser(self) -> Tokeniser {
        match self {
            Self::Ptb => Tokeniser::Ptb,
            Self::Whitespace => Tokeniser::Whitespace,
        }
    }
}

#[derive(Clone, Debug, Args)]
pub(crate) struct CaptionArguments {
    /// References: COCO JSON (a name ending in .json), or text: one file with the references of a
    /// line apart by tabs, or a file a reference
    #[arg(long, required = true, num_args = 1.., value_name = "R")]
    refs: Vec<PathBuf>,
    /// Hypotheses: COCO result JSON (a name ending in .json), or text, one a line
    #[arg(long, value_name = "H")]
    hyps: PathBuf,
    /// How captions become tokens
    #[arg(long, visible_alias = "tokenizer", value_enum, default_value_t)]
    tokeniser: TokeniserName,
    /// Score the items that both sides have, and say which were left out
    #[arg(long)]
    allow_missing: bool,
}

/// Captions to score.
pub(crate) struct Captions {
    pub(crate) set: CaptionSet,
    pub(crate) tokeniser: Tokeniser,
    warnings: Vec<String>,
}

impl CaptionArguments {
    /// Reads both sides.
    pub(crate) fn read(&self) -> Result<Captions, Failure> {
        let (references, hypotheses) = match self.refs.as_slice() {
            [refs] if is_json(refs) && is_json(&self.hyps) => {
                // The larger file on this thread, whose heap grows in larger steps than others'.
                thread::scope(|scope| {
                    let hyps = scope.spawn(|| read_coco(&self.hyps));
                    let refs = read_coco(refs)?;
                    let hyps = hyps.join();
                    Ok::<_, FormatError>((refs, hyps.unwrap_or_else(|panic| resume_unwind(panic))?))
                })?
            }
            refs if refs.iter().any(|path| is_json(path)) || is_json(&self.hyps) => {
                return Err(Failure::Arguments {
                    what: "JSON and text, or several JSON files, do not go together".to_owned(),
                    hint: "give `--refs R.json --hyps H.json`, or text on both sides".to_owned(),
                });
            }
            refs => read_caption_lines(refs, &self.hyps)?,
        };
        let set = pair_captions(references, hypotheses, self.allow_missing)?;
        let mut warnings = Vec::new();
        for (count, what) in [
            (set.without_hypothesis.len(), "items have no hypothesis"),
            (
                set.without_references.len(),
                "hypotheses have no references",
            ),
        ] {
            if count > 0 {
                warnings.push(format!("{count} {what}; left out, as asked for"));
            }
        }
        let captions = set
            .items
            .iter()
            .flat_map(|item| std::iter::once(&item.hypothesis).chain(&item.references));
        let count = line_separators(captions.map(String::as_str));
        if count > 0 {
            warnings.push(CaptionWarning::LineSeparators { count }.to_string());
        }
        Ok(Captions {
            set,
            tokeniser: self.tokeniser.tokeniser(),
            warnings,
        })
    }
}

fn is_json(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("json"))
}

impl Captions {
    /// Hypotheses with references, as the metrics take them.
    pub(crate) fn pairs(&self) -> Vec<(&str, Vec<&str>)> {
        self.set
            .items
            .iter()
            .map(|item| {
                let references = item.references.iter().map(String::as_str).collect();
                (item.hypothesis.as_str(), references)
            })
            .collect()
    }

    /// The captions as tokens.
    pub(crate) fn corpus(&self) -> Result<Corpus, CaptionUnscored> {
        Corpus::from_captions(&self.pairs(), self.tokeniser)
    }

    /// An answer that says why it has no value.
    pub(crate) fn unscored(&self, answer: Answer, reason: &CaptionUnscored) -> Answer {
        Answer {
            unscored: Some(reason.to_string()),
            warnings: self.warnings(&[]),
            ..answer
        }
    }

    /// Number of references.
    pub(crate) fn references(&self) -> usize {
        self.set
            .items
            .iter()
            .map(|item| item.references.len())
            .sum()
    }

    /// The part of a signature that says what was scored.
    pub(crate) fn signature(&self, metric: &str) -> Signature {
        let tokeniser = match self.tokeniser {
            Tokeniser::Ptb => "ptb-corenlp-3.4.1+coco-punctuation",
            Tokeniser::Whitespace => "whitespace",
        };
        let subset = if self.set.items.len() < self.set.hypotheses
            || !self.set.without_hypothesis.is_empty()
        {
            "intersection"
        } else {
            "all"
        };
        Signature::of(metric)
            .with("tokeniser", tokeniser)
            .with("items", subset)
            .with("references", self.references())
    }

    /// Warnings of the reading, then those of a metric.
    pub(crate) fn warnings(&self, metric: &[CaptionWarning]) -> Vec<String> {
        let mut warnings = self.warnings.clone();
        warnings.extend(metric.iter().map(ToString::to_string));
        warnings
    }

    /// Entries of `items`: the id, and what a metric adds for each.
    pub(crate) fn entries(
        &self,
        add: impl Fn(usize, &mut Map<String, Value>) + Sync,
    ) -> Vec<Value> {
        self.set
            .items
            .par_iter()
            .enumerate()
            .map(|(at, item)| {
                let mut entry = Map::new();
                entry.insert("id".to_owned(), json!(item.id));
                add(at, &mut entry);
                Value::Object(entry)
            })
            .collect()
    }

    /// Cluster of every item, from 0 in the order of ids or names, and how many there are. A file of groups has a line a hypothesis,
    /// also for those left out.
    pub(crate) fn groups(&self, path: Option<&Path>) -> Result<Groups, Failure> {
        let Some(path) = path else {
            let ids: Vec<String> = self.set.items.iter().map(|i| i.id.to_string()).collect();
            let numbers = numbered(ids.iter().map(String::as_str));
            return Ok(Groups {
                count: numbers.iter().max().map_or(0, |last| last + 1),
                numbers,
                kind: "item",
            });
        };
        let names = storyeval::format::read_lines(path)?;
        if names.len() != self.set.hypotheses {
            return Err(FormatError::from(storyeval::format::CaptionFault::Lines {
                path: path.to_owned(),
                lines: names.len(),
                other: "the hypotheses".into(),
                expected: self.set.hypotheses,
            })
            .into());
        }
        let numbers = numbered(self.set.items.iter().map(|item| names[item.place].trim()));
        Ok(Groups {
            count: numbers.iter().max().map_or(0, |last| last + 1),
            numbers,
            kind: "group",
        })
    }
}

/// Which cluster each item is in.
pub(crate) struct Groups {
    pub(crate) numbers: Vec<usize>,
    pub(crate) count: usize,
    kind: &'static str,
}

impl Groups {
    /// What a signature says about the interval; `None` where there can be none.
    pub(crate) fn interval(&self, resamples: usize, seed: u64) -> Option<String> {
        (resamples > 0 && self.count > 1)
            .then(|| format!("{}-bootstrap-{resamples}@{seed}", self.kind))
    }
}
