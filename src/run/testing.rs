//! Made-up stories for this room's tests.

use super::cards::RunCards;
use super::manifest::{Identity, Manifest, Session};
use super::partition::Partition;
use super::plan::Plan;
use crate::card;
use crate::record::{
    ClipId, Reading, ReferentialCaption, Seed, Story, StoryContext, StoryFrame, StoryId,
    WorkerFacts,
};
use std::num::NonZeroUsize;

/// Frames of every made-up story.
pub(super) const FRAMES: usize = 2;

pub(super) fn stories(count: usize) -> (Vec<Story>, Vec<Vec<ReferentialCaption>>) {
    let story = |story: usize| Story {
        id: StoryId::new(format!("story-{story}")),
        frames: (0..FRAMES)
            .map(|frame| StoryFrame {
                clip: ClipId::new(format!("clip-{story}-{frame}")),
                caption: format!("Otto waves {frame} times.").into(),
                characters: ["Otto".to_owned()].into(),
                character_labels: Some([true, false].into()),
                background_labels: None,
            })
            .collect(),
    };
    let captions = (0..FRAMES)
        .map(|frame| ReferentialCaption::unchanged(format!("He waves {frame} times.")))
        .collect();
    ((0..count).map(story).collect(), vec![captions; count])
}

pub(super) fn plan(count: usize, batch: usize) -> Plan {
    let (stories, captions) = stories(count);
    let batch = NonZeroUsize::new(batch).expect("batch");
    Plan::new(&stories, &captions, "toy", Seed(1), batch).expect("plan")
}

pub(super) fn manifest(plan: &Plan) -> Manifest {
    let identity = Identity {
        dataset: "minisv".to_owned(),
        dataset_hash: "d".to_owned(),
        model: "toy".to_owned(),
        bundle_hash: None,
        images_hash: None,
        latents_hash: None,
        worker: None,
        service_hash: None,
        prompt_hash: None,
        drawing: None,
        protocol: "strict".to_owned(),
        protocol_hash: "p".to_owned(),
        seed: Seed(1),
        batch: 2,
        stories: plan.units().len(),
        plan_hash: plan.hash().to_owned(),
        partition: Partition::WHOLE,
        device_kind: "cpu".to_owned(),
    };
    let session = Session {
        version: "0.0.0".to_owned(),
        binary_sha256: None,
        onnxruntime: None,
        device: "cpu".to_owned(),
        gpu: None,
        threads: None,
        command: vec!["storyeval".to_owned()],
    };
    Manifest::new(identity, &cards(), session)
}

pub(super) fn worker() -> WorkerFacts {
    WorkerFacts {
        name: "toy".to_owned(),
        version: "1.0".to_owned(),
        device_kind: "cpu".to_owned(),
        batch: 1,
        context: StoryContext::Story,
        earlier_frames: false,
        reads: vec![Reading::Caption],
        latents: None,
        card_hash: "c".to_owned(),
    }
}

pub(super) fn cards() -> RunCards {
    RunCards {
        dataset: card::dataset("minisv").expect("card"),
        model: card::model("ground-truth").expect("card"),
        protocol: card::protocol("strict").expect("card"),
        split: "test".to_owned(),
        subset: "test/followers-1".parse().expect("a subset"),
        layout: None,
        story_length: None,
        data: "data".into(),
        images: None,
    }
}
