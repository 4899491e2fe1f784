//! From a condition to its scores, by way of a run folder that is thrown away.

use super::key::random;
use super::{Anchor, Corruption, Extent, Fault, Scratch, Strength, pixels};
use crate::card::{self, Protocol};
use crate::dataset::Dataset;
use crate::evaluate::EvaluateError;
use crate::evaluate::{ObserveRequest, Panel, observe, score};
use crate::generator::{Generator, Prompt, Shuffled};
use crate::record::{CallerError, ClipId, Score, Seed, Story};
use crate::run::{
    Identity, Manifest, Partition, Plan, RunCards, RunError, Session, Store, Unit, generate,
};
use image::RgbImage;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

/// Draws the frames of units.
type Draw<'a> = Box<dyn FnMut(&[&Unit]) -> Result<Vec<Vec<RgbImage>>, EvaluateError> + 'a>;

/// Stories that are held in memory together.
const BATCH: NonZeroUsize = NonZeroUsize::new(8).expect("it is positive");

/// What is scored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// The real frames.
    Clean,
    /// A worthless generator.
    Anchor(Anchor),
    /// The real frames with a fault.
    Faulty(Fault, Strength),
}

impl Condition {
    /// Everything that a study observes, in order: 33 conditions.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let faulty = Fault::ALL.into_iter().flat_map(|fault| {
            Strength::ALL
                .into_iter()
                .map(move |strength| Self::Faulty(fault, strength))
        });
        [Self::Clean]
            .into_iter()
            .chain(Anchor::ALL.into_iter().map(Self::Anchor))
            .chain(faulty)
            .collect()
    }
}

/// What came of a condition.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// The condition.
    pub condition: Condition,
    /// How many frames or stories were hit, for faults.
    pub extent: Option<Extent>,
    /// Its scores over all frames.
    pub scores: Vec<Score>,
}

/// What stays the same over all conditions.
#[derive(Clone, Copy)]
pub struct Study<'a> {
    /// The data set; donors come from all stories of its split.
    pub dataset: &'a dyn Dataset,
    /// How to look and to score.
    pub protocol: &'a Protocol,
    /// The stories that are drawn, with the captions that a generator would read.
    pub prompts: &'a [Prompt],
    /// The story subset as signatures say it.
    pub subset: &'a str,
    /// Folder of the caches of real frames.
    pub cache: &'a Path,
    /// For run folders; each is removed when it is scored.
    pub scratch: &'a Scratch,
    /// Of every draw.
    pub seed: Seed,
}

impl Study<'_> {
    /// Draws, observes and scores one condition.
    ///
    /// # Errors
    /// Frames that cannot be read, networks that fail, a scratch folder that cannot be written, and a
    /// split without another story to shuffle with.
    pub fn look(&self, condition: Condition, panel: &mut Panel) -> Result<Finding, EvaluateError> {
        let root = self.scratch.run();
        let mut store = self.store(&root)?;
        let extent = self.draw(condition, &mut store)?;
        let wanted = ObserveRequest {
            dataset: self.dataset,
            protocol: self.protocol,
            prompts: self.prompts,
            cache: self.cache,
            folder: store.root(),
        };
        observe(&store, &wanted, panel, &mut |_| {})?;
        let mut scores = score(
            store.root(),
            store.manifest(),
            store.name(),
            store.root(),
            self.protocol,
        )?
        .scores;
        scores.retain(|score| score.slice == "all");
        drop(store);
        std::fs::remove_dir_all(&root).map_err(|source| RunError::write(&root, source))?;
        Ok(Finding {
            condition,
            extent,
            scores,
        })
    }

    fn store(&self, root: &Path) -> Result<Store, EvaluateError> {
        let stories: Vec<Story> = self.prompts.iter().map(|p| p.story.clone()).collect();
        let captions: Vec<_> = self.prompts.iter().map(|p| p.captions.clone()).collect();
        let plan = Plan::new(&stories, &captions, "audit", self.seed, BATCH)?;
        let identity = Identity {
            dataset: self.dataset.card().id.clone(),
            dataset_hash: self.dataset.content_hash().to_owned(),
            model: "audit".to_owned(),
            bundle_hash: None,
            protocol: self.protocol.id.clone(),
            protocol_hash: self.protocol.hash(),
            seed: self.seed,
            batch: BATCH.get(),
            stories: plan.units().len(),
            plan_hash: plan.hash().to_owned(),
            partition: Partition::WHOLE,
            images_hash: None,
            latents_hash: None,
            device_kind: "any".to_owned(),
        };
        let session = Session {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            binary_sha256: None,
            onnxruntime: None,
            device: "any".to_owned(),
            gpu: None,
            threads: None,
            command: Vec::new(),
        };
        let manifest = Manifest::new(identity, &self.cards()?, session);
        Ok(Store::create_or_resume(root, &manifest, &plan)?)
    }

    fn cards(&self) -> Result<RunCards, EvaluateError> {
        Ok(RunCards {
            dataset: self.dataset.card().clone(),
            model: card::model("ground-truth")?,
            protocol: self.protocol.clone(),
            split: String::new(),
            subset: self.subset.to_owned(),
            layout: None,
            story_length: None,
            data: PathBuf::new(),
            images: None,
        })
    }

    fn draw(
        &self,
        condition: Condition,
        store: &mut Store,
    ) -> Result<Option<Extent>, EvaluateError> {
        let rule = self.protocol.ground_truth;
        let real = |clip: &ClipId| Ok(self.dataset.ground_truth(clip, rule)?);
        let mut extent = None;
        let mut draw: Draw<'_> = match condition {
            Condition::Clean => Box::new(|units| self.each(units, |clip, _, _| real(clip))),
            Condition::Anchor(Anchor::Static) => Box::new(|units| {
                self.each(units, |clip, story, frame| {
                    let (width, height) = real(clip)?.dimensions();
                    let purpose = ["static", story.id.as_str(), &frame.to_string()];
                    let mut random = random(self.seed, &purpose);
                    Ok(pixels::uniform(width, height, &mut random))
                })
            }),
            Condition::Anchor(Anchor::Shuffled) => {
                let source = move |clip: &ClipId| real(clip).map_err(CallerError::new);
                // The whole split, so that overlapping windows find a story to swap with.
                let mut shuffled = Shuffled::new(self.dataset.stories(), source);
                Box::new(move |units| {
                    let prompts: Vec<Prompt> = units
                        .iter()
                        .map(|unit| self.prompts[unit.unit].clone())
                        .collect();
                    Ok(shuffled.generate(&prompts, self.seed)?)
                })
            }
            Condition::Faulty(fault, strength) => {
                let stories: Vec<&Story> = self.prompts.iter().map(|p| &p.story).collect();
                let split = self.dataset.stories();
                let plan = Corruption::new(&stories, split, fault, strength, self.seed);
                extent = Some(plan.extent());
                Box::new(move |units| {
                    let stories = units.iter().map(|unit| {
                        let story = &self.prompts[unit.unit].story;
                        let shown = plan.frames()[unit.unit].iter().enumerate();
                        shown
                            .map(|(frame, shown)| {
                                Ok(plan.apply(story, frame, shown, real(&shown.clip)?))
                            })
                            .collect()
                    });
                    stories.collect()
                })
            }
        };
        generate(store, &mut *draw, &mut |_| {})?;
        drop(draw);
        Ok(extent)
    }

    /// A frame for each frame of each unit.
    fn each(
        &self,
        units: &[&Unit],
        frame: impl Fn(&ClipId, &Story, usize) -> Result<RgbImage, EvaluateError>,
    ) -> Result<Vec<Vec<RgbImage>>, EvaluateError> {
        let stories = units.iter().map(|unit| {
            let story = &self.prompts[unit.unit].story;
            let clips = unit.clips.iter().enumerate();
            clips.map(|(k, clip)| frame(clip, story, k)).collect()
        });
        stories.collect()
    }
}
