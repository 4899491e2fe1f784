//! `storyeval observe` and `storyeval score`: the later stages, alone or as steps of a run.

use super::Outcome;
use super::common::{CacheArguments, DeviceArguments, open_bundle, open_dataset};
use super::failure::Failure;
use super::table;
use super::talk::{print, progress, say};
use clap::Args;
use image::RgbImage;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use storyeval::dataset::{Dataset, FlintstonesSv, referential};
use storyeval::extract::{Evaluators, Glance};
use storyeval::generator::Prompt;
use storyeval::inference::{Bundle, Runtime};
use storyeval::metric::{FeaturePair, ReduceInput, ScoreProtocol, reduce};
use storyeval::record::{Observation, Scores, Story, StoryId};
use storyeval::run::{
    FrameRef, Look, Looking, OBSERVATIONS, SCORES, Store, read_features, read_observations,
};
use storyeval::spec::{DatasetCard, ModelCard, Protocol, ResizeRule};
use storyeval::vision::Filter;

/// Feature files of a run.
const GENERATED: &str = "generated";
const GROUND_TRUTH: &str = "ground_truth";
/// Frames that are looked at together.
const CHUNK: NonZeroUsize =
    NonZeroUsize::new(storyeval::extract::BATCH).expect("the batch is positive");

#[derive(Clone, Debug, Args)]
pub(crate) struct ObserveArguments {
    /// Run folder
    run: PathBuf,
    /// Folder of the data set [default: where the run found it]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(flatten)]
    device: DeviceArguments,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct ScoreArguments {
    /// Run folder
    run: PathBuf,
    /// How to print the scores
    #[arg(long, value_enum, default_value_t = table::Format::Md)]
    format: table::Format,
}

/// What frames are compared with, and how.
pub(crate) struct Wanted<'a> {
    pub(crate) dataset: &'a FlintstonesSv,
    pub(crate) protocol: &'a Protocol,
    /// Story and captions of each unit of the plan.
    pub(crate) prompts: &'a [Prompt],
}

/// The evaluators of a data set, and the hash of their weights.
pub(crate) struct Lookers {
    evaluators: Evaluators,
    hash: String,
}

/// Everything the observations depend on besides frames; kept as the key of the observations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Key {
    evaluators: String,
    resize: String,
    ground_truth: String,
    dataset: String,
}

/// Finds and verifies the bundle of a data set's evaluators.
pub(crate) fn evaluators_bundle(
    card: &DatasetCard,
    cache: &CacheArguments,
) -> Result<Bundle, Failure> {
    let id = card.evaluators.as_deref().unwrap_or(&card.id);
    let what = format!("the evaluators of {}", card.name);
    open_bundle(id, &what, &card.evaluator_files, None, &cache.folder())
}

/// Loads the evaluators of a data set, which bring images to their size as the protocol says.
pub(crate) fn open_evaluators(
    card: &DatasetCard,
    protocol: &Protocol,
    runtime: &Runtime,
    bundle: &Bundle,
) -> Result<Lookers, Failure> {
    let filter = match protocol.resize {
        ResizeRule::PillowBilinear => Filter::Bilinear,
        ResizeRule::PillowBicubic => Filter::Bicubic,
        ResizeRule::PillowLanczos => Filter::Lanczos,
    };
    let evaluators = Evaluators::open(runtime, bundle, filter)?;
    let names: Vec<String> = card
        .characters
        .iter()
        .map(|character| character.name.clone())
        .collect();
    evaluators.check_labels(&names, &card.backgrounds)?;
    Ok(Lookers {
        evaluators,
        hash: bundle.content_hash(),
    })
}

/// Looks at every frame of a run. Does nothing when that was done with the same evaluators.
pub(crate) fn observe_with(store: &Store, wanted: &Wanted<'_>, lookers: &mut Lookers) -> Outcome {
    let rule = wanted.protocol.ground_truth;
    let key = Key {
        evaluators: lookers.hash.clone(),
        resize: lookers.evaluators.resize_rule(),
        ground_truth: rule.to_string(),
        dataset: wanted.dataset.content_hash().to_owned(),
    };
    let key = serde_json::to_string(&key).expect("a key has only text fields");
    let dim = lookers.evaluators.feature_dim();
    let looking = Looking {
        key: &key,
        chunk: CHUNK,
        features: &[(GENERATED, dim), (GROUND_TRUTH, dim)],
    };
    let mut look = |frames: &[FrameRef<'_>], images: &[RgbImage]| -> Result<Vec<Look>, Failure> {
        let truth = frames
            .iter()
            .map(|frame| wanted.dataset.ground_truth(frame.clip(), rule))
            .collect::<Result<Vec<_>, _>>()?;
        let generated = lookers.evaluators.look(images)?;
        let truth = lookers.evaluators.look(&truth)?;
        let rows = frames.iter().zip(generated.into_iter().zip(truth));
        Ok(rows
            .map(|(frame, (seen, truth))| row(wanted.prompts, *frame, seen, truth))
            .collect())
    };
    let model = store.manifest().identity.model.clone();
    storyeval::run::observe(store, &looking, &mut look, &mut progress(&model))?;
    Ok(())
}

fn row(prompts: &[Prompt], frame: FrameRef<'_>, seen: Glance, truth: Glance) -> Look {
    let prompt = &prompts[frame.unit.unit];
    let labels = &prompt.story.frames[frame.position()];
    let observation = Observation {
        story: frame.unit.story.clone(),
        frame: frame.frame,
        clip: frame.clip().clone(),
        text: frame.text().to_owned(),
        pronoun: !prompt.captions[frame.position()].replacements.is_empty(),
        character_labels: labels.character_labels.clone(),
        background_labels: labels.background_labels.clone(),
        character_probabilities: Some(seen.characters),
        background_probabilities: Some(seen.backgrounds),
    };
    Look {
        observation,
        features: vec![seen.features, truth.features],
    }
}

/// Reduces the observations of a run to `scores.json`.
pub(crate) fn score_store(store: &Store) -> Result<Scores, Failure> {
    let root = store.root();
    let protocol: Protocol = card(store, "protocol")?;
    let dataset: DatasetCard = card(store, "dataset")?;
    let model: ModelCard = card(store, "model")?;
    let identity = &store.manifest().identity;
    let key = storyeval::run::observed_key(root)?;
    let key: Key = serde_json::from_str(&key).map_err(|source| stale(store, &source))?;
    let observations = read_observations(&root.join(OBSERVATIONS))?;
    let generated = read_features(&storyeval::run::features_path(root, GENERATED)?)?;
    let truth = read_features(&storyeval::run::features_path(root, GROUND_TRUTH)?)?;
    let choices = ScoreProtocol {
        dataset: identity.dataset.clone(),
        dataset_hash: identity.dataset_hash.clone(),
        subset: card(store, "subset")?,
        text: protocol.text_for(&model)?,
        ground_truth: key.ground_truth,
        resize: key.resize,
        evaluators_hash: key.evaluators,
        characters: dataset
            .characters
            .into_iter()
            .map(|character| character.name)
            .collect(),
        resamples: protocol.bootstrap.resamples,
        fid_resamples: ScoreProtocol::FID_RESAMPLES,
        seed: protocol.bootstrap.seed,
    };
    let scores = Scores {
        format: 1,
        run: store.name(),
        model: identity.model.clone(),
        scores: reduce(&ReduceInput {
            observations: &observations,
            features: Some(FeaturePair {
                generated: generated.view(),
                ground_truth: truth.view(),
            }),
            protocol: &choices,
        }),
    };
    let mut text = serde_json::to_string_pretty(&scores).expect("scores have only text keys");
    text.push('\n');
    store.write(SCORES, text.as_bytes())?;
    Ok(scores)
}

/// A card out of the manifest.
fn card<T: DeserializeOwned>(store: &Store, name: &str) -> Result<T, Failure> {
    serde_json::from_value(store.manifest().cards[name].clone())
        .map_err(|source| stale(store, &source))
}

fn stale(store: &Store, source: &serde_json::Error) -> Failure {
    Failure::Arguments {
        what: format!(
            "the run in {} was made by another version of storyeval ({source})",
            store.root().display()
        ),
        hint: "run it again into a new folder".to_owned(),
    }
}

fn other_data(store: &Store, story: &StoryId) -> Failure {
    Failure::Arguments {
        what: format!(
            "the data set is not the one that {} was made from (story {story})",
            store.root().display()
        ),
        hint: "give the folder of the same data set with `--data DIR`".to_owned(),
    }
}

/// The second stage alone.
pub(crate) fn observe(arguments: &ObserveArguments) -> Outcome {
    let store = Store::open(&arguments.run)?;
    let protocol: Protocol = card(&store, "protocol")?;
    let model: ModelCard = card(&store, "model")?;
    let split: String = card(&store, "split")?;
    let data: PathBuf = card(&store, "data")?;
    let length = store.plan().units().first().map(|unit| unit.clips.len());
    let data = arguments.data.clone().unwrap_or(data);
    let dataset = open_dataset(
        card(&store, "dataset")?,
        Some(&data),
        &split,
        length,
        &arguments.device.cache,
    )?;
    let variant = protocol.text_for(&model)?;
    let stories: BTreeMap<&StoryId, &Story> = dataset
        .stories()
        .iter()
        .map(|story| (&story.id, story))
        .collect();
    let units = store.plan().units().iter();
    let prompts = units
        .map(|unit| {
            let story = stories
                .get(&unit.story)
                .ok_or_else(|| other_data(&store, &unit.story))?;
            let captions = referential(story, variant, &dataset.card().characters)?;
            Ok(Prompt {
                story: (*story).clone(),
                captions,
            })
        })
        .collect::<Result<Vec<_>, Failure>>()?;
    if dataset.content_hash() != store.manifest().identity.dataset_hash {
        return Err(other_data(&store, &prompts[0].story.id));
    }
    let runtime = arguments.device.open()?;
    let bundle = evaluators_bundle(dataset.card(), &arguments.device.cache)?;
    let mut lookers = open_evaluators(dataset.card(), &protocol, &runtime, &bundle)?;
    let wanted = Wanted {
        dataset: &dataset,
        protocol: &protocol,
        prompts: &prompts,
    };
    observe_with(&store, &wanted, &mut lookers)?;
    say(&format!(
        "observations: {}",
        store.root().join(OBSERVATIONS).display()
    ));
    Ok(())
}

/// The third stage alone.
pub(crate) fn score(arguments: &ScoreArguments) -> Outcome {
    let store = Store::open(&arguments.run)?;
    let scores = score_store(&store)?;
    print(&table::render(&[scores], arguments.format, false)?)
}
