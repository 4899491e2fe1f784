//! What is on a frame: the multi-label classifiers.

use super::EvaluatorError;
use super::input::NetworkInput;
use super::network::{GraphNetwork, PixelNet};
use super::registry::{Opened, Opening, named};
use super::{Chunk, Evaluator, Rows, kind, labels, signatures};
use crate::inference::{Bundle, BundleKind, Runtime};
use crate::metric::ExtractorName;
use crate::record::{Column, ColumnKind, Of, Role, SizedColumn};
use crate::vision::{InputScale, PassOrder, Recipe};
use image::RgbImage;

/// Which of the two classifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClassifierKind {
    /// Graph `char_classifier`.
    Characters,
    /// Graph `bg_classifier`.
    Backgrounds,
}

impl ClassifierKind {
    /// The name of its graph.
    #[must_use]
    pub fn graph(self) -> &'static str {
        match self {
            Self::Characters => signatures::CHAR_CLASSIFIER,
            Self::Backgrounds => signatures::BG_CLASSIFIER,
        }
    }

    /// What its labels are, in one word.
    #[must_use]
    pub fn noun(self) -> &'static str {
        match self {
            Self::Characters => "character",
            Self::Backgrounds => "background",
        }
    }
}

/// A multi-label classifier: a sigmoid a label.
pub struct Classifier {
    net: PixelNet,
    kind: ClassifierKind,
    labels: Vec<String>,
}

impl Classifier {
    /// Loads one classifier of an evaluators bundle; images reach it by `recipe`. The published
    /// classifiers differ in nothing but the recipe's value scale and the bundle's `[input] scale`
    /// (`transform_input` of torchvision's Inception is the latter's `symmetric`).
    ///
    /// # Errors
    /// A bundle of another kind, or without the graph or its labels; a graph that does not load or has
    /// other ports.
    pub fn open(
        runtime: &Runtime,
        bundle: &Bundle,
        kind: ClassifierKind,
        recipe: &Recipe,
    ) -> Result<Self, EvaluatorError> {
        kind::check(bundle, BundleKind::Evaluators)?;
        let labels = bundle.manifest().labels()?;
        let labels = match kind {
            ClassifierKind::Characters => &labels.characters,
            ClassifierKind::Backgrounds => &labels.backgrounds,
        };
        let network = GraphNetwork::open(
            runtime,
            bundle,
            &signatures::rows(bundle.manifest(), kind.graph(), "logits", labels.len()),
        )?;
        Ok(Self {
            net: PixelNet::new(
                runtime.device(),
                NetworkInput::with_recipe(bundle.manifest(), recipe),
                network,
            ),
            kind,
            labels: labels.clone(),
        })
    }

    /// Resizes as this version of Pillow does, where Pillow resizes; 12 unless said.
    #[must_use]
    pub fn with_pillow(mut self, order: PassOrder) -> Self {
        self.net.eye.set_pillow(order);
        self
    }

    /// Reads other pixel values than the bundle states: to find out whether it states the wrong ones.
    #[must_use]
    pub fn with_input_scale(mut self, scale: InputScale) -> Self {
        self.net.eye.set_input_scale(scale);
        self
    }

    /// What the probabilities stand for, in their order.
    #[must_use]
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// Checks that the labels are those of the data set, in the same order: otherwise every score would
    /// be a wrong number without a sign of it.
    ///
    /// # Errors
    /// [`EvaluatorError::Labels`] with the first position that differs.
    pub fn check_labels(&self, expected: &[String]) -> Result<(), EvaluatorError> {
        labels::same(self.kind.noun(), &self.labels, expected)
    }

    /// Sigmoid outputs in `[0, 1]`, a list in label order an image. The sigmoid is taken in f64.
    ///
    /// # Errors
    /// An empty image, a failing network, outputs of a wrong shape or that are not finite.
    pub fn probabilities(&mut self, images: &[RgbImage]) -> Result<Vec<Vec<f32>>, EvaluatorError> {
        let mut rows = self.net.rows(images)?.swap_remove(0);
        for value in rows.iter_mut().flatten() {
            *value = sigmoid(*value);
        }
        Ok(rows)
    }

    /// How images reach the network, as signatures and cache keys print it.
    #[must_use]
    pub fn preprocessing(&self) -> String {
        self.net.eye.preprocessing()
    }
}

/// Sigmoid outputs of the character classifier, in `[0, 1]`.
pub(super) const CHARACTERS: Column =
    Column::new("character_probabilities", ColumnKind::Vector, Of::Generated);
/// Sigmoid outputs of the background classifier, in `[0, 1]`.
pub(super) const BACKGROUNDS: Column = Column::new(
    "background_probabilities",
    ColumnKind::Vector,
    Of::Generated,
);

/// A classifier as an evaluator.
struct ClassifierEvaluator {
    network: Classifier,
    name: ExtractorName,
}

pub(super) fn open_characters(
    opening: &mut Opening<'_>,
    bundle: &Bundle,
) -> Result<Opened, EvaluatorError> {
    let labels = opening.characters();
    open(opening, bundle, ClassifierKind::Characters, Some(&labels))
}

pub(super) fn open_backgrounds(
    opening: &mut Opening<'_>,
    bundle: &Bundle,
) -> Result<Opened, EvaluatorError> {
    let labels = &opening.card.backgrounds;
    // Where the names of the places were never published, their number is checked row by row.
    let published = (!labels.is_empty()).then_some(labels.as_slice());
    open(opening, bundle, ClassifierKind::Backgrounds, published)
}

fn open(
    opening: &Opening<'_>,
    bundle: &Bundle,
    kind: ClassifierKind,
    labels: Option<&[String]>,
) -> Result<Opened, EvaluatorError> {
    let Some(rule) = &opening.protocol.classifiers else {
        return Ok(None);
    };
    let network = Classifier::open(opening.runtime, bundle, kind, &rule.recipe)?
        .with_pillow(opening.protocol.pillow);
    if let Some(labels) = labels {
        network.check_labels(labels)?;
    }
    let name = named(kind.graph(), bundle, network.preprocessing());
    Ok(Some(Box::new(ClassifierEvaluator { network, name })))
}

impl ClassifierEvaluator {
    fn column(&self) -> Column {
        match self.network.kind {
            ClassifierKind::Characters => CHARACTERS,
            ClassifierKind::Backgrounds => BACKGROUNDS,
        }
    }
}

impl Evaluator for ClassifierEvaluator {
    fn role(&self) -> Role {
        match self.network.kind {
            ClassifierKind::Characters => Role::CHARACTERS,
            ClassifierKind::Backgrounds => Role::BACKGROUNDS,
        }
    }

    fn name(&self) -> &ExtractorName {
        &self.name
    }

    fn columns(&self) -> Vec<SizedColumn> {
        vec![self.column().into()]
    }

    fn observe(&mut self, chunk: &Chunk<'_>, rows: &mut Rows) -> Result<(), EvaluatorError> {
        let probabilities = self.network.probabilities(chunk.frames)?;
        rows.write(self.column(), probabilities);
        Ok(())
    }
}

/// `1 / (1 + exp(-x))`, in f64 so that the last bit of the f32 does not depend on the vector width.
fn sigmoid(logit: f32) -> f32 {
    (1.0 / (1.0 + libm::exp(-f64::from(logit)))) as f32
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::network::tests::{images, net};
    use super::*;

    pub(crate) fn classifier(kind: ClassifierKind, labels: &[&str], scale: f32) -> Classifier {
        Classifier {
            net: net(kind.graph(), &[labels.len()], scale),
            kind,
            labels: labels.iter().map(|it| (*it).to_owned()).collect(),
        }
    }

    #[test]
    fn logits_become_probabilities() {
        let labels = ["a", "b", "c"];
        let mut up = classifier(ClassifierKind::Characters, &labels, 1.0);
        let rows = up.probabilities(&images(3)).unwrap();
        assert_eq!((rows.len(), rows[0].len()), (3, 3));
        assert!((rows[2][1] - 0.731_058_6).abs() < 1e-6);
        assert!((rows[2][2] - 0.5).abs() < f32::EPSILON);
        assert_eq!(up.preprocessing(), "pillow-bilinear-4+squash");
        let error = classifier(ClassifierKind::Backgrounds, &labels, f32::NAN)
            .probabilities(&images(1))
            .unwrap_err();
        assert!(matches!(
            error,
            EvaluatorError::NonFinite {
                graph: "bg_classifier",
                index: 0
            }
        ));
    }

    #[test]
    fn labels_are_compared_in_order() {
        let classifier = classifier(ClassifierKind::Backgrounds, &["a", "b"], 1.0);
        let names = |text: &str| text.split(' ').map(ToOwned::to_owned).collect::<Vec<_>>();
        assert!(classifier.check_labels(&names("a b")).is_ok());
        assert!(matches!(
            classifier.check_labels(&names("b a")).unwrap_err(),
            EvaluatorError::Labels {
                kind: "background",
                position: 0,
                ..
            }
        ));
    }
}
