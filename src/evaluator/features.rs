//! The pooled features of a frame, for distribution distances.

use super::EvaluatorError;
use super::contract::values;
use super::input::NetworkInput;
use super::network::{GraphNetwork, PixelNet};
use super::registry::{Opened, Opening, named};
use super::{Chunk, Evaluator, Rows, TruthColumn, kind, signatures};
use crate::inference::{Bundle, BundleKind, Runtime};
use crate::metric::ExtractorName;
use crate::record::{Column, ColumnKind, Of, Role, SizedColumn, Value};
use crate::vision::{PassOrder, Recipe};
use image::RgbImage;

/// A feature network, for example the Inception of FID.
pub struct FeatureNet {
    net: PixelNet,
    has_logits: bool,
}

impl FeatureNet {
    /// Loads the graph `features` of an evaluators bundle; images reach it by `recipe`. Its output
    /// `features` is `[N, dim]`; an output `logits` `[N, K]` (without bias, for the Inception Score) is
    /// taken where there is one.
    ///
    /// # Errors
    /// A bundle of another kind, or without the graph or `[features]`; a graph that does not load or
    /// has other ports.
    pub fn open(
        runtime: &Runtime,
        bundle: &Bundle,
        recipe: &Recipe,
    ) -> Result<Self, EvaluatorError> {
        kind::check(bundle, BundleKind::Evaluators)?;
        let dim = bundle.manifest().features()?.dim;
        let signature = signatures::rows(bundle.manifest(), signatures::FEATURES, "features", dim);
        let mut network = GraphNetwork::open(runtime, bundle, &signature)?;
        let has_logits = network.also("logits")?;
        Ok(Self {
            net: PixelNet::new(
                runtime.device(),
                NetworkInput::with_recipe(bundle.manifest(), recipe),
                network,
            ),
            has_logits,
        })
    }

    /// Resizes as this version of Pillow does, where Pillow resizes; 12 unless said.
    #[must_use]
    pub fn with_pillow(mut self, order: PassOrder) -> Self {
        self.net.eye.set_pillow(order);
        self
    }

    /// Length of a feature vector.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.net.width()
    }

    /// Whether the network classifies too.
    #[must_use]
    pub fn has_logits(&self) -> bool {
        self.has_logits
    }

    /// Features, a row an image.
    ///
    /// # Errors
    /// An empty image, a failing network, outputs of a wrong shape or that are not finite.
    pub fn features(&mut self, images: &[RgbImage]) -> Result<Vec<Vec<f32>>, EvaluatorError> {
        Ok(self.net.rows(images)?.swap_remove(0))
    }

    /// Number of classes, where the network classifies too.
    #[must_use]
    pub fn classes(&self) -> Option<usize> {
        self.net.network.widths().get(1).copied()
    }

    /// Features and, where the network has them, class logits, of one pass.
    ///
    /// # Errors
    /// As [`FeatureNet::features`].
    #[expect(
        clippy::type_complexity,
        reason = "two lists of rows, the second of which may be absent"
    )]
    pub fn features_and_logits(
        &mut self,
        images: &[RgbImage],
    ) -> Result<(Vec<Vec<f32>>, Option<Vec<Vec<f32>>>), EvaluatorError> {
        let mut outputs = self.net.rows(images)?.into_iter();
        let features = outputs.next().unwrap_or_default();
        Ok((features, outputs.next()))
    }

    /// Class logits, a row an image; `None` where the network has none.
    ///
    /// # Errors
    /// As [`features`](Self::features).
    pub fn logits(&mut self, images: &[RgbImage]) -> Result<Option<Vec<Vec<f32>>>, EvaluatorError> {
        if !self.has_logits {
            return Ok(None);
        }
        Ok(self.net.rows(images)?.pop())
    }

    /// How images reach the network, as signatures and cache keys print it.
    #[must_use]
    pub fn preprocessing(&self) -> String {
        self.net.eye.preprocessing()
    }
}

/// Pooled features of the generated frame.
pub(super) const GENERATED: Column = Column::new("generated", ColumnKind::Feature, Of::Generated);
/// And of the ground-truth frame.
pub(super) const GROUND_TRUTH: Column =
    Column::new("ground_truth", ColumnKind::Feature, Of::GroundTruth);
/// Class logits of the generated frame, of networks that classify too.
pub(super) const LOGITS: Column = Column::new("logits", ColumnKind::Feature, Of::Generated);

/// The feature network as an evaluator.
struct FeatureEvaluator {
    /// As generated frames reach it.
    generated: FeatureNet,
    /// As real frames reach it, where that differs.
    reference: Option<FeatureNet>,
    name: ExtractorName,
}

pub(super) fn open(opening: &mut Opening<'_>, bundle: &Bundle) -> Result<Opened, EvaluatorError> {
    let Some(rule) = opening.protocol.features else {
        return Ok(None);
    };
    let network = |recipe: &Recipe| {
        let network = FeatureNet::open(opening.runtime, bundle, recipe)?;
        Ok::<_, EvaluatorError>(network.with_pillow(opening.protocol.pillow))
    };
    let generated = network(&rule.generated)?;
    let differs = rule.reference != rule.generated;
    let reference = differs.then(|| network(&rule.reference)).transpose()?;
    let mut pixels = generated.preprocessing();
    if let Some(reference) = &reference {
        pixels = format!("{pixels};reference={}", reference.preprocessing());
    }
    Ok(Some(Box::new(FeatureEvaluator {
        generated,
        reference,
        name: named(signatures::FEATURES, bundle, pixels),
    })))
}

impl Evaluator for FeatureEvaluator {
    fn role(&self) -> Role {
        Role::FEATURES
    }

    fn name(&self) -> &ExtractorName {
        &self.name
    }

    fn columns(&self) -> Vec<SizedColumn> {
        let dim = self.generated.dim();
        let mut columns = vec![GENERATED.sized(dim), GROUND_TRUTH.sized(dim)];
        let classes = self.generated.classes();
        columns.extend(classes.map(|classes| LOGITS.sized(classes)));
        columns
    }

    fn observe(&mut self, chunk: &Chunk<'_>, rows: &mut Rows) -> Result<(), EvaluatorError> {
        let (features, logits) = self.generated.features_and_logits(chunk.frames)?;
        rows.write(GENERATED, features);
        if let Some(logits) = logits {
            rows.write(LOGITS, logits);
        }
        Ok(())
    }

    fn truth(&self) -> Option<TruthColumn> {
        let network = self.reference.as_ref().unwrap_or(&self.generated);
        Some(TruthColumn {
            column: GROUND_TRUTH,
            what: "features".to_owned(),
            bundle: self.name.hash.clone(),
            pixels: network.preprocessing(),
        })
    }

    fn observe_truth(&mut self, chunk: &Chunk<'_>) -> Result<Vec<Value>, EvaluatorError> {
        let network = self.reference.as_mut().unwrap_or(&mut self.generated);
        Ok(values(network.features(chunk.frames)?))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::network::tests::{images, net};
    use super::*;

    pub(crate) fn features(widths: &[usize]) -> FeatureNet {
        FeatureNet {
            net: net("features", widths, 1.0),
            has_logits: widths.len() > 1,
        }
    }

    #[test]
    fn logits_come_where_the_network_has_them() {
        let mut plain = features(&[3]);
        assert_eq!(plain.dim(), 3);
        assert_eq!(plain.logits(&images(2)).unwrap(), None);
        let mut both = features(&[3, 2]);
        assert_eq!(
            both.features(&images(2)).unwrap(),
            plain.features(&images(2)).unwrap()
        );
        let logits = both.logits(&images(2)).unwrap().unwrap();
        assert_eq!((logits.len(), logits[0].len()), (2, 2));
    }
}
