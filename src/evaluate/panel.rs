//! The networks that look at the frames of a data set.

use super::EvaluateError;
use super::Role;
use crate::card::{DatasetCard, Protocol};
use crate::extract::{Captioner, Classifier, ClassifierKind, Clip, FeatureNet, Locator, Lpips};
use crate::inference::{Bundle, Device, Runtime};
use crate::metric::{ExtractorName, Extractors};
use crate::vision::PassOrder;
use std::collections::BTreeMap;

/// The networks, opened as a protocol asks for them; absent ones see nothing.
pub struct Panel {
    pub(super) characters: Option<Classifier>,
    pub(super) backgrounds: Option<Classifier>,
    /// The feature network as generated frames reach it, and as real frames do where that differs.
    pub(super) features: Option<(FeatureNet, Option<FeatureNet>)>,
    pub(super) clip: Option<Clip>,
    pub(super) lpips: Option<Lpips>,
    pub(super) captioner: Option<Captioner>,
    pub(super) locator: Option<Locator>,
    /// What signatures call them.
    pub(super) names: Extractors,
    /// The version of Pillow whose order of passes images are resized in.
    pub(super) pillow: PassOrder,
    /// Where they run.
    pub(super) device: Device,
    /// What their last float bits depend on ([`Runtime::arithmetic`]).
    pub(super) arithmetic: String,
}

impl Panel {
    /// Opens the network of every role that `protocol` has a use for and `bundles` has weights for.
    ///
    /// # Errors
    /// A bundle of another kind, a graph that does not load, labels that are not the data set's.
    pub fn open(
        runtime: &Runtime,
        bundles: &BTreeMap<Role, &Bundle>,
        card: &DatasetCard,
        protocol: &Protocol,
    ) -> Result<Self, EvaluateError> {
        let bundle = |role: Role| {
            bundles
                .get(&role)
                .copied()
                .filter(|_| role.wanted_by(protocol))
        };
        let pillow = protocol.pillow;
        let mut panel = Self {
            characters: None,
            backgrounds: None,
            features: None,
            clip: None,
            lpips: None,
            captioner: None,
            locator: None,
            names: Extractors::default(),
            pillow,
            device: runtime.device(),
            arithmetic: runtime.arithmetic(),
        };
        panel.open_classifiers(runtime, &bundle, card, protocol)?;
        if let (Some(bundle), Some(rule)) = (bundle(Role::Features), protocol.features) {
            let generated = FeatureNet::open(runtime, bundle, &rule.generated)?.with_pillow(pillow);
            let reference = if rule.reference == rule.generated {
                None
            } else {
                let network = FeatureNet::open(runtime, bundle, &rule.reference)?;
                Some(network.with_pillow(pillow))
            };
            let mut pixels = generated.preprocessing();
            if let Some(reference) = &reference {
                pixels = format!("{pixels};reference={}", reference.preprocessing());
            }
            panel.names.features = Some(name("features", bundle, pixels));
            panel.features = Some((generated, reference));
        }
        if let Some(bundle) = bundle(Role::Clip) {
            let clip = Clip::open(runtime, bundle)?.with_pillow(pillow);
            panel.names.clip = Some(name("clip", bundle, clip.preprocessing()));
            panel.clip = Some(clip);
        }
        if let (Some(bundle), Some(rule)) = (bundle(Role::Lpips), protocol.lpips) {
            let lpips = Lpips::open(runtime, bundle)?
                .with_resizer(rule.resizer)
                .with_pillow(pillow);
            let pixels = lpips.preprocessing(rule.resize);
            panel.names.lpips = Some(name("lpips", bundle, pixels));
            panel.lpips = Some(lpips);
        }
        if let Some(bundle) = bundle(Role::Captioner) {
            let captioner = Captioner::open(runtime, bundle)?.with_pillow(pillow);
            panel.names.captioner = Some(name("captioner", bundle, captioner.preprocessing()));
            panel.captioner = Some(captioner);
        }
        if let Some(bundle) = bundle(Role::Locator) {
            let locator = Locator::open(runtime, bundle)?.with_pillow(pillow);
            let labels: Vec<String> = card.characters.iter().map(|c| c.name.clone()).collect();
            locator.check_characters(&labels)?;
            panel.names.locator = Some(name("locator", bundle, locator.preprocessing()));
            panel.locator = Some(locator);
        }
        Ok(panel)
    }

    fn open_classifiers<'a>(
        &mut self,
        runtime: &Runtime,
        bundle: &dyn Fn(Role) -> Option<&'a Bundle>,
        card: &DatasetCard,
        protocol: &Protocol,
    ) -> Result<(), EvaluateError> {
        let Some(rule) = &protocol.classifiers else {
            return Ok(());
        };
        if let Some(bundle) = bundle(Role::Characters) {
            let kind = ClassifierKind::Characters;
            let network =
                Classifier::open(runtime, bundle, kind, &rule.recipe)?.with_pillow(protocol.pillow);
            let labels: Vec<String> = card.characters.iter().map(|c| c.name.clone()).collect();
            network.check_labels(&labels)?;
            let pixels = network.preprocessing();
            self.names.characters = Some(name("char_classifier", bundle, pixels));
            self.characters = Some(network);
        }
        if let Some(bundle) = bundle(Role::Backgrounds) {
            let kind = ClassifierKind::Backgrounds;
            let network =
                Classifier::open(runtime, bundle, kind, &rule.recipe)?.with_pillow(protocol.pillow);
            // Where nobody published the names of the places, their number is checked row by row.
            if !card.backgrounds.is_empty() {
                network.check_labels(&card.backgrounds)?;
            }
            let pixels = network.preprocessing();
            self.names.backgrounds = Some(name("bg_classifier", bundle, pixels));
            self.backgrounds = Some(network);
        }
        Ok(())
    }
}

fn name(graph: &str, bundle: &Bundle, preprocessing: String) -> ExtractorName {
    ExtractorName {
        graph: graph.to_owned(),
        hash: bundle.content_hash(),
        preprocessing,
    }
}
