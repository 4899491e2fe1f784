//! What a run folder's manifest is made of when the run begins, whoever draws the frames.

use super::DataChoice;
use crate::card::{ModelCard, Protocol};
use crate::dataset::{Dataset, OpenDataset};
use crate::inference::Runtime;
use crate::record::{Seed, Story};
use crate::run::{Identity, Manifest, Partition, Plan, RunCards, Session};

/// The stories of a run, under which protocol, by which model, and where.
pub(super) struct Beginning<'a> {
    pub(super) dataset: &'a OpenDataset,
    pub(super) choice: &'a DataChoice,
    pub(super) protocol: &'a Protocol,
    pub(super) stories: &'a [Story],
    pub(super) model: &'a ModelCard,
    pub(super) plan: &'a Plan,
    pub(super) seed: Seed,
    /// Stories per batch.
    pub(super) batch: usize,
    pub(super) runtime: &'a Runtime,
    /// CPU threads of a network, where the user chose.
    pub(super) threads: Option<usize>,
}

impl Beginning<'_> {
    /// The manifest of frames that come from the data set alone: without hashes of weights, images and latents, and
    /// not imported. `complete` adds what there is of them.
    pub(super) fn manifest(&self, complete: impl FnOnce(&mut Identity, &mut RunCards)) -> Manifest {
        let (mut identity, mut cards) = (self.identity(), self.cards());
        complete(&mut identity, &mut cards);
        let device = self.runtime.device().to_string();
        let session = Session::current(&device, Some(self.runtime.version()), self.threads);
        Manifest::new(identity, &cards, session.on_gpu(self.runtime.gpu()))
    }

    fn identity(&self) -> Identity {
        Identity {
            dataset: self.dataset.card().id.clone(),
            dataset_hash: self.dataset.content_hash().to_owned(),
            model: self.model.id.clone(),
            bundle_hash: None,
            images_hash: None,
            latents_hash: None,
            worker: None,
            service_hash: None,
            prompt_hash: None,
            drawing: None,
            protocol: self.protocol.id.clone(),
            protocol_hash: self.protocol.hash(),
            seed: self.seed,
            batch: self.batch,
            stories: self.plan.units().len(),
            plan_hash: self.plan.hash().to_owned(),
            partition: Partition::WHOLE,
            device_kind: self.runtime.device().kind().to_owned(),
        }
    }

    fn cards(&self) -> RunCards {
        let split = &self.choice.split;
        RunCards {
            dataset: self.dataset.card().clone(),
            model: self.model.clone(),
            protocol: self.protocol.clone(),
            split: split.clone(),
            subset: self.choice.subset(self.stories, self.dataset),
            layout: Some(self.dataset.layout().clone()),
            story_length: self.choice.story_length,
            data: self.dataset.folder().to_owned(),
            images: None,
        }
    }
}
