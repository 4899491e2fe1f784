//! The later stages of a run that lies on the disk: observing again, scoring, and other protocols.

use super::data::open_dataset;
use super::evaluators::truth_cache;
use super::started::{observe, tell_doubts};
use super::{Control, DataChoice, EvaluatorSet, Gathered, PipelineError};
use crate::card::{self, CardKind, Protocol};
use crate::dataset::{Dataset, OpenDataset, referential};
use crate::evaluate::{self, ObserveRequest};
use crate::generator::Prompt;
use crate::inference::{Runtime, RuntimeOptions};
use crate::record::{Role, Scores, Story, StoryId};
use crate::run::{Manifest, StageTime, Store, TimedStage, Unit, record_time, write_scores};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// Below a run's folder, what other protocols see on its frames.
const EFFECT: &str = "effect";

/// How the later stages of a run are done.
#[derive(Clone, Debug)]
pub struct LaterRequest {
    /// The run folder.
    pub run: PathBuf,
    /// Folder of the data set; where the run found it unless given.
    pub data: Option<PathBuf>,
    /// Networks to do without.
    pub skip: BTreeSet<Role>,
    /// Device, threads and cache.
    pub runtime: RuntimeOptions,
}

/// Scores a run that was observed: reduces its observations to `scores.json`.
///
/// # Errors
/// A folder without a run or observations, and output that cannot be written.
pub fn score_run(folder: &Path) -> Result<Scores, PipelineError> {
    score_store(&Store::open(folder)?)
}

pub(super) fn score_store(store: &Store) -> Result<Scores, PipelineError> {
    let protocol = store.manifest().cards(store.root())?.protocol;
    score_in(store, store.root(), &protocol)
}

/// Reduces the observations in `folder` (the run's own, or one below it) under a protocol.
fn score_in(store: &Store, folder: &Path, protocol: &Protocol) -> Result<Scores, PipelineError> {
    let begin = Instant::now();
    let scores = evaluate::score(
        store.root(),
        store.manifest(),
        store.name(),
        folder,
        protocol,
    )?;
    write_scores(folder, &scores)?;
    let seconds = begin.elapsed().as_secs_f64();
    let time = StageTime::now(TimedStage::Score, store.planned_frames(), seconds);
    record_time(store.root(), &time.within(store.root(), folder))?;
    Ok(scores)
}

/// Observes the frames of a run under its own protocol.
///
/// # Errors
/// Frames that are outstanding, another data set, networks that are missing or fail.
pub fn observe_run(request: &LaterRequest, control: Control<'_>) -> Result<(), PipelineError> {
    let store = Store::open(&request.run)?;
    let protocol = store.manifest().cards(store.root())?.protocol;
    let folder = store.root().to_owned();
    observe_under(request, &store, &[(protocol, folder)], control, &mut |_| {
        Ok(())
    })
}

/// Scores the frames of a run under several protocols, its own first. With no `ids`, under all that count frames in
/// another way.
///
/// # Errors
/// Those of [`observe_run`] and [`score_run`].
pub fn effect_of_protocols(
    request: &LaterRequest,
    ids: &[String],
    control: Control<'_>,
) -> Result<Vec<Scores>, PipelineError> {
    let store = Store::open(&request.run)?;
    let own = store.manifest().cards(store.root())?.protocol;
    let protocols = wanted_protocols(ids, &own)?
        .into_iter()
        .map(|protocol| {
            let folder = store.root().join(EFFECT).join(&protocol.id);
            (protocol, folder)
        })
        .collect::<Vec<_>>();
    let length = (store.plan().units().first()).map_or(0, |unit| unit.clips.len());
    let mut scores = Vec::new();
    let mut each = |(protocol, folder): &(Protocol, PathBuf)| {
        if let Some(other) = protocol.stories.length.filter(|other| *other != length) {
            control.note(&format!(
                "note: {} is defined on stories of {other} frames; the run has {length}",
                protocol.id
            ));
        }
        scores.push(score_in(&store, folder, protocol)?);
        Ok(())
    };
    observe_under(request, &store, &protocols, control, &mut each)?;
    Ok(scores)
}

/// What is done with each protocol and folder once its observations are there.
type Each<'a> = dyn FnMut(&(Protocol, PathBuf)) -> Result<(), PipelineError> + 'a;

/// Observes a run under each protocol, into its folder.
fn observe_under(
    request: &LaterRequest,
    store: &Store,
    protocols: &[(Protocol, PathBuf)],
    control: Control<'_>,
    each: &mut Each<'_>,
) -> Result<(), PipelineError> {
    let cache = &request.runtime.cache;
    let (dataset, prompts) = reopen(
        (store.root(), store.manifest()),
        store.plan().units(),
        request.data.as_deref(),
        cache,
        control,
    )?;
    let mut missing = Gathered::default();
    let sets: Vec<EvaluatorSet> = protocols
        .iter()
        .map(|(protocol, _)| {
            EvaluatorSet::find(
                dataset.card(),
                protocol,
                &request.skip,
                cache,
                &mut missing,
                control,
            )
        })
        .collect();
    missing.check()?;
    let runtime = Runtime::open(&request.runtime, &mut |line| control.note(line))?;
    for (place, set) in protocols.iter().zip(&sets) {
        let (protocol, folder) = place;
        let mut panel = set.open(dataset.card(), protocol, &runtime)?;
        let wanted = ObserveRequest {
            dataset: &dataset,
            protocol,
            prompts: &prompts,
            cache: &truth_cache(cache),
            folder,
        };
        if protocols.len() > 1 {
            control.note(&format!("protocol {}", protocol.id));
        }
        observe(store, &wanted, &mut panel, control)?;
        each(place)?;
    }
    tell_doubts(&dataset, control);
    Ok(())
}

/// The data set that a run was made from, and the story and captions of each of these units.
pub(super) fn reopen(
    (root, manifest): (&Path, &Manifest),
    units: &[Unit],
    data: Option<&Path>,
    cache: &Path,
    control: Control<'_>,
) -> Result<(OpenDataset, Vec<Prompt>), PipelineError> {
    let cards = manifest.cards(root)?;
    let variant = cards.text()?;
    let choice = DataChoice {
        layout: match data {
            Some(_) => None,
            None => cards.layout.map(|card| card.layout),
        },
        data: Some(data.map_or(cards.data, Path::to_owned)),
        split: cards.split,
        story_length: cards.story_length,
        windows: cards.protocol.stories.windows(),
        passed_over: None,
    };
    let dataset = open_dataset(cards.dataset, &choice, cache, control)?;
    let stories: BTreeMap<&StoryId, &Story> = dataset
        .stories()
        .iter()
        .map(|story| (&story.id, story))
        .collect();
    let other_data = |story: &StoryId| PipelineError::OtherData {
        run: root.to_owned(),
        story: story.clone(),
    };
    let prompts = units
        .iter()
        .map(|unit| {
            let story = stories
                .get(&unit.story)
                .ok_or_else(|| other_data(&unit.story))?;
            let captions = referential(story, variant, dataset.card())?;
            Ok(Prompt::new((*story).clone(), captions))
        })
        .collect::<Result<Vec<_>, PipelineError>>()?;
    if dataset.content_hash() != manifest.identity.dataset_hash {
        return Err(other_data(&prompts[0].story.id));
    }
    Ok((dataset, prompts))
}

/// The run's own protocol first, then those asked for.
fn wanted_protocols(ids: &[String], own: &Protocol) -> Result<Vec<Protocol>, PipelineError> {
    let ids = if ids.is_empty() {
        card::ids(CardKind::Protocol)
    } else {
        ids.to_vec()
    };
    let mut protocols = vec![own.clone()];
    for id in ids {
        let protocol = card::protocol(&id)?;
        // Protocols that only give generators another text count these frames alike.
        let same = |known: &Protocol| {
            let choices = |protocol: &Protocol| Protocol {
                id: String::new(),
                version: 0,
                text: own.text,
                text_overrides: Vec::new(),
                ..protocol.choices()
            };
            choices(known) == choices(&protocol)
        };
        if !protocols.iter().any(same) {
            protocols.push(protocol);
        }
    }
    Ok(protocols)
}
