//! The evaluators: one row each. Adding one is a file with an [`Evaluator`], and a row here.

use super::{
    Clip, Evaluator, EvaluatorError, captioner, classifier, clip, crops, features, lpips, pixels,
    writing,
};
use crate::card::{DatasetCard, EvaluatorBundles, Protocol};
use crate::inference::{Bundle, Runtime};
use crate::metric::ExtractorName;
use crate::record::{Column, ColumnKind, Of, Role};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::rc::Rc;

/// An evaluator as the program knows it before it is opened.
pub struct EvaluatorRow {
    /// What it is asked for.
    pub role: Role,
    /// Whether a protocol has a rule that asks for it.
    pub wanted_by: fn(&Protocol) -> bool,
    /// Every column that it may write. Of the first one that is [of generated frames](Of::Generated) or of pairs,
    /// every frame that it observed has a value.
    pub columns: &'static [Column],
    /// How it is opened.
    pub source: Source,
}

/// How an evaluator is opened.
pub enum Source {
    /// A network, of the bundle that a data set's card names for it.
    Network {
        /// The key of the card.
        bundle: fn(&EvaluatorBundles) -> Option<&str>,
        /// Opens it.
        open: OpenNetwork,
    },
    /// Arithmetic on pixels, as the protocol says.
    Arithmetic(fn(&Protocol) -> Opened),
}

/// Opens the network of a bundle.
type OpenNetwork = fn(&mut Opening<'_>, &Bundle) -> Result<Opened, EvaluatorError>;
/// `None` where the protocol has no rule for the evaluator.
pub(super) type Opened = Option<Box<dyn Evaluator>>;

/// The evaluators, in the order that commands name them and that they observe in.
pub static EVALUATORS: [EvaluatorRow; 9] = [
    EvaluatorRow::network(
        Role::CHARACTERS,
        &[classifier::CHARACTERS],
        |protocol| protocol.classifiers.is_some(),
        |bundles| bundles.characters.as_deref(),
        classifier::open_characters,
    ),
    EvaluatorRow::network(
        Role::BACKGROUNDS,
        &[classifier::BACKGROUNDS],
        |protocol| protocol.classifiers.is_some(),
        |bundles| bundles.backgrounds.as_deref(),
        classifier::open_backgrounds,
    ),
    EvaluatorRow::network(
        Role::FEATURES,
        &[
            features::GENERATED,
            features::GROUND_TRUTH,
            features::LOGITS,
        ],
        |protocol| protocol.features.is_some(),
        |bundles| bundles.features.as_deref(),
        features::open,
    ),
    EvaluatorRow::network(
        Role::CLIP,
        &[clip::GENERATED, clip::GROUND_TRUTH, clip::TEXT],
        |protocol| protocol.clip.is_some(),
        |bundles| bundles.clip.as_deref(),
        clip::open,
    ),
    EvaluatorRow::network(
        Role::LPIPS,
        &[lpips::DISTANCE],
        |protocol| protocol.lpips.is_some(),
        |bundles| bundles.lpips.as_deref(),
        lpips::open,
    ),
    EvaluatorRow::network(
        Role::CAPTIONER,
        &[captioner::GENERATED, captioner::GROUND_TRUTH],
        |protocol| protocol.captions.is_some(),
        |bundles| bundles.captioner.as_deref(),
        captioner::open,
    ),
    EvaluatorRow::network(
        Role::LOCATOR,
        &[crops::GENERATED, crops::GROUND_TRUTH],
        |protocol| protocol.crops.is_some(),
        |bundles| bundles.locator.as_deref(),
        crops::open,
    ),
    EvaluatorRow {
        role: Role::PIXELS,
        wanted_by: |protocol| protocol.pixels.is_some(),
        columns: &[pixels::SQUARED_ERROR, pixels::PIXEL_VALUES, pixels::SSIM],
        source: Source::Arithmetic(pixels::open),
    },
    EvaluatorRow {
        role: Role::WRITING,
        wanted_by: |protocol| protocol.task.writes(),
        columns: &[writing::WRITTEN, writing::NAMES, writing::LIKELIHOOD],
        source: Source::Arithmetic(writing::open),
    },
];

impl EvaluatorRow {
    const fn network(
        role: Role,
        columns: &'static [Column],
        wanted_by: fn(&Protocol) -> bool,
        bundle: fn(&EvaluatorBundles) -> Option<&str>,
        open: OpenNetwork,
    ) -> Self {
        Self {
            role,
            wanted_by,
            columns,
            source: Source::Network { bundle, open },
        }
    }

    /// The row of a role.
    #[must_use]
    pub fn of(role: Role) -> Option<&'static Self> {
        EVALUATORS.iter().find(|row| row.role == role)
    }

    /// The column in which every frame that it observed has a value.
    #[must_use]
    pub fn telling(&self) -> Option<&'static Column> {
        let of_frames = |column: &&Column| matches!(column.of, Of::Generated | Of::Pair);
        self.columns.iter().find(of_frames)
    }

    /// The names of its columns of `observations.parquet`.
    pub fn table_columns(&self) -> impl Iterator<Item = &'static str> {
        self.of_table(|kind| kind != ColumnKind::Feature)
    }

    /// The names of its feature files.
    pub fn feature_files(&self) -> impl Iterator<Item = &'static str> {
        self.of_table(|kind| kind == ColumnKind::Feature)
    }

    fn of_table(&self, keep: fn(ColumnKind) -> bool) -> impl Iterator<Item = &'static str> {
        let kept = self.columns.iter().filter(move |it| keep(it.kind));
        kept.map(|column| column.name)
    }

    /// The bundle that a data set's card names for it; `None` where it names none, or where it needs none.
    #[must_use]
    pub fn bundle<'a>(&self, bundles: &'a EvaluatorBundles) -> Option<&'a str> {
        match &self.source {
            Source::Network { bundle, .. } => bundle(bundles),
            Source::Arithmetic(_) => None,
        }
    }

    /// Whether it needs weights.
    #[must_use]
    pub fn is_network(&self) -> bool {
        matches!(self.source, Source::Network { .. })
    }
}

impl fmt::Debug for EvaluatorRow {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "EvaluatorRow({})", self.role)
    }
}

/// What evaluators are opened with.
pub struct Opening<'a> {
    pub(super) runtime: &'a Runtime,
    pub(super) card: &'a DatasetCard,
    pub(super) protocol: &'a Protocol,
    /// CLIP, once it is open: characters that were cut out are observed with it too.
    pub(super) clip: Option<SharedClip>,
}

/// CLIP, and what signatures call it.
#[derive(Clone)]
pub(super) struct SharedClip {
    pub(super) network: Rc<RefCell<Clip>>,
    pub(super) name: ExtractorName,
}

impl Opening<'_> {
    /// The names of the data set's characters, in label order.
    pub(super) fn characters(&self) -> Vec<String> {
        let characters = self.card.characters.iter();
        characters.map(|it| it.name.clone()).collect()
    }
}

/// Opens every evaluator that `protocol` has a rule for, in the order of [`EVALUATORS`]: networks that `bundles`
/// has weights for, and arithmetic that is not to be skipped.
///
/// # Errors
/// A bundle of another kind, a graph that does not load, labels that are not the data set's.
pub fn open(
    runtime: &Runtime,
    bundles: &BTreeMap<Role, &Bundle>,
    skip: &BTreeSet<Role>,
    card: &DatasetCard,
    protocol: &Protocol,
) -> Result<Vec<Box<dyn Evaluator>>, EvaluatorError> {
    let mut opening = Opening {
        runtime,
        card,
        protocol,
        clip: None,
    };
    let mut opened = Vec::new();
    for row in EVALUATORS.iter().filter(|row| (row.wanted_by)(protocol)) {
        match &row.source {
            Source::Network { open, .. } => {
                if let Some(bundle) = bundles.get(&row.role) {
                    opened.extend(open(&mut opening, bundle)?);
                }
            }
            Source::Arithmetic(open) => {
                if !skip.contains(&row.role) {
                    opened.extend(open(protocol));
                }
            }
        }
    }
    Ok(opened)
}

/// A network of a bundle as signatures name it.
pub(super) fn named(graph: &str, bundle: &Bundle, preprocessing: String) -> ExtractorName {
    ExtractorName {
        graph: graph.to_owned(),
        hash: bundle.content_hash(),
        preprocessing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::{CLIP, CLIP_TEXT, CROPS, FEATURES, LOGITS};

    #[test]
    fn roles_and_columns_have_names_of_their_own() {
        let roles: BTreeSet<&str> = EVALUATORS.iter().map(|row| row.role.id()).collect();
        assert_eq!(roles.len(), EVALUATORS.len());
        let columns = || EVALUATORS.iter().flat_map(|row| row.columns);
        let names: BTreeSet<&str> = columns().map(|column| column.name).collect();
        assert_eq!(names.len(), columns().count());
        let plain = |name: &str| name.bytes().all(|it| it.is_ascii_lowercase() || it == b'_');
        assert!(names.iter().all(|name| plain(name)), "{names:?}");
        assert!(EVALUATORS.iter().all(|row| row.telling().is_some()));
    }

    #[test]
    fn every_feature_that_a_metric_reads_is_written() {
        let read = [FEATURES, CLIP, CROPS].into_iter().flatten();
        for name in read.chain([LOGITS, CLIP_TEXT]) {
            let mut files = EVALUATORS.iter().flat_map(EvaluatorRow::feature_files);
            assert!(files.any(|file| file == name), "{name}");
        }
    }
}
