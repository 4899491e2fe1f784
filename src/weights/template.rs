//! Templates: what `python -m storyeval_export template` wrote, compiled into the program.

use super::WeightsError;
use include_dir::{Dir, include_dir};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{Cursor, Read};
use zip::ZipArchive;

static TEMPLATES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/reference-data/templates");

/// How a network's bundle is made of its checkpoint.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Template {
    /// Also the usual id of the bundle.
    pub id: String,
    /// What network it is, for people.
    pub network: String,
    /// What it was made with.
    pub(super) versions: BTreeMap<String, String>,
    /// Checkpoints that it is filled from, by name.
    pub(super) checkpoint: BTreeMap<String, Slot>,
    /// Graphs, by name.
    pub(super) graph: BTreeMap<String, Rules>,
    /// Files of the bundle that are packed in an archive beside the templates.
    #[serde(default)]
    pub(super) packed: BTreeMap<String, String>,
    /// What `bundle.toml` says besides `format`, `id`, `[export]` and `[files]`.
    pub(super) bundle: toml::Table,
}

/// A checkpoint that a template is filled from.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Slot {
    /// Names of its file where a folder is given.
    pub(super) usual: Vec<String>,
    /// Weights and their shapes, under the exporter's names.
    pub(super) keys: BTreeMap<String, Vec<usize>>,
    /// Names that are left out, with the reason.
    pub(super) ignored: BTreeMap<String, String>,
    /// Other ways of naming the weights.
    pub(super) layouts: BTreeMap<String, Layout>,
}

/// Names that a publisher gives the weights. All entries go by the exporter's name.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Layout {
    /// The publisher's names.
    #[serde(default)]
    pub(super) names: BTreeMap<String, String>,
    /// The order of the publisher's axes that gives the exporter's.
    #[serde(default)]
    pub(super) order: BTreeMap<String, Vec<usize>>,
    /// Which of how many parts of the publisher's first axis.
    #[serde(default)]
    pub(super) part: BTreeMap<String, [usize; 2]>,
}

/// What the initialisers of a graph are made of.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rules {
    /// The checkpoint.
    pub(super) checkpoint: String,
    /// Of the batch norms that are folded.
    #[serde(default)]
    pub(super) epsilon: f32,
    /// Initialiser to weight: the same bytes, whatever the shape.
    #[serde(default)]
    copied: BTreeMap<String, String>,
    /// Initialiser to the weight whose two axes change places.
    #[serde(default)]
    transposed: BTreeMap<String, String>,
    /// Initialiser to the convolution whose kernel it is, with the batch norm behind it folded in.
    #[serde(default)]
    folded_weights: BTreeMap<String, String>,
    /// The same, its bias.
    #[serde(default)]
    folded_biases: BTreeMap<String, String>,
}

/// What becomes an initialiser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule<'t> {
    /// This weight.
    Copied(&'t str),
    /// This matrix, its axes exchanged.
    Transposed(&'t str),
    /// The kernel of the convolution with this prefix, times the factor of its batch norm.
    FoldedWeight(&'t str),
    /// What the batch norm of the convolution with this prefix adds.
    FoldedBias(&'t str),
}

impl Rules {
    /// The rule of an initialiser; `None` for a constant.
    pub(super) fn of(&self, initialiser: &str) -> Option<Rule<'_>> {
        let copied = self.copied.get(initialiser).map(|key| Rule::Copied(key));
        let transposed = || {
            self.transposed
                .get(initialiser)
                .map(|key| Rule::Transposed(key))
        };
        let weight = || {
            self.folded_weights
                .get(initialiser)
                .map(|key| Rule::FoldedWeight(key))
        };
        let bias = || {
            self.folded_biases
                .get(initialiser)
                .map(|key| Rule::FoldedBias(key))
        };
        copied.or_else(transposed).or_else(weight).or_else(bias)
    }

    /// How many initialisers have a rule.
    pub(super) fn len(&self) -> usize {
        self.copied.len()
            + self.transposed.len()
            + self.folded_weights.len()
            + self.folded_biases.len()
    }
}

impl Template {
    /// The template of an id.
    ///
    /// # Errors
    /// [`WeightsError::NoTemplate`] with the nearest id.
    pub fn find(id: &str) -> Result<Self, WeightsError> {
        let file = TEMPLATES.get_file(format!("{id}/template.toml"));
        let text = file.and_then(|file| file.contents_utf8());
        let Some(text) = text else {
            let known = templates();
            let nearest = known
                .iter()
                .min_by_key(|candidate| strsim::damerau_levenshtein(id, candidate))
                .map(|it| (*it).to_owned());
            return Err(WeightsError::NoTemplate {
                id: id.to_owned(),
                nearest: nearest.unwrap_or_default(),
                known: known.into_iter().collect::<Vec<_>>().join(", "),
            });
        };
        toml::from_str(text).map_err(|error| WeightsError::Template {
            template: id.to_owned(),
            problem: error.to_string(),
        })
    }

    /// The bytes of a graph, without its weights.
    pub(super) fn graph_file(&self, graph: &str) -> Result<&'static [u8], WeightsError> {
        let name = format!("{}/{graph}.onnx", self.id);
        let file = TEMPLATES.get_file(&name);
        file.map(include_dir::File::contents)
            .ok_or_else(|| self.damaged(format!("it has no {name}")))
    }

    /// A file of the bundle that is packed in an archive.
    pub(super) fn unpacked(&self, archive: &str, file: &str) -> Result<Vec<u8>, WeightsError> {
        let packed = TEMPLATES.get_file(archive).map(include_dir::File::contents);
        let packed = packed.ok_or_else(|| self.damaged(format!("it has no {archive}")))?;
        let read = || -> zip::result::ZipResult<Vec<u8>> {
            let mut content = Vec::new();
            ZipArchive::new(Cursor::new(packed))?
                .by_name(file)?
                .read_to_end(&mut content)?;
            Ok(content)
        };
        read().map_err(|error| self.damaged(format!("{archive}: {error}")))
    }

    pub(super) fn damaged(&self, problem: String) -> WeightsError {
        WeightsError::Template {
            template: self.id.clone(),
            problem,
        }
    }
}

/// Ids of all templates, sorted.
#[must_use]
pub fn templates() -> BTreeSet<&'static str> {
    let names = TEMPLATES.dirs().filter_map(|dir| dir.path().to_str());
    names.collect()
}
