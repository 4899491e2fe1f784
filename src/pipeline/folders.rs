//! Where the runs of a command lie.

use crate::card::ModelCard;
use crate::record::Seed;
use crate::run::one_folder;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// What the default name of a group of runs is made of.
pub(super) struct GroupName<'a> {
    pub(super) dataset: &'a str,
    pub(super) protocol: &'a str,
    /// Named when it is not the usual one.
    pub(super) split: &'a str,
    /// The split that the data set's card names.
    pub(super) usual_split: &'a str,
    /// Named when the user chose it.
    pub(super) subset: Option<&'a str>,
    /// Named when the user chose it.
    pub(super) story_length: Option<usize>,
    /// Named when the user chose it.
    pub(super) limit: Option<usize>,
    /// Named when it is not 0.
    pub(super) seed: u64,
    /// Whether runs of several seeds lie below.
    pub(super) seeds: bool,
}

impl GroupName<'_> {
    fn folder(&self) -> PathBuf {
        let mut name = format!("{}-{}", self.dataset, self.protocol);
        if self.split != self.usual_split {
            let _ = write!(name, "-{}", self.split);
        }
        if let Some(subset) = self.subset {
            let stem = Path::new(subset).file_stem().unwrap_or_default();
            let _ = write!(name, "-{}", stem.to_string_lossy());
        }
        if let Some(length) = self.story_length {
            let _ = write!(name, "-{length}frames");
        }
        if let Some(limit) = self.limit {
            let _ = write!(name, "-first{limit}");
        }
        if self.seed != 0 {
            let _ = write!(name, "-seed{}", self.seed);
        }
        if self.seeds {
            name.push_str("-seeds");
        }
        // Parts of it come from cards and from the command line.
        Path::new("runs").join(one_folder(&name))
    }
}

/// The folder of table and sheet, and those of the runs.
#[derive(Debug)]
pub(super) struct Folders {
    /// Table and sheet go here. With one model it is the run itself.
    pub(super) group: PathBuf,
    several: bool,
    seeds: bool,
}

impl Folders {
    /// `--out`, or a name below `runs/`.
    pub(super) fn new(out: Option<&Path>, name: &GroupName<'_>, models: &[ModelCard]) -> Self {
        let several = models.len() > 1;
        let group = match (out, models) {
            (Some(out), _) => out.to_owned(),
            (None, [only]) => name.folder().join(&only.id),
            (None, _) => name.folder(),
        };
        Self {
            group,
            several,
            seeds: name.seeds,
        }
    }

    /// The folder of a model: its run, or with several seeds the folder of its runs.
    pub(super) fn model(&self, model: &ModelCard) -> PathBuf {
        if self.several {
            self.group.join(&model.id)
        } else {
            self.group.clone()
        }
    }

    /// The run folder of a model and seed.
    pub(super) fn run(&self, model: &ModelCard, seed: Seed) -> PathBuf {
        let folder = self.model(model);
        if self.seeds {
            folder.join(format!("seed-{}", seed.0))
        } else {
            folder
        }
    }
}
