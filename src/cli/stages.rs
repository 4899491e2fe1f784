//! `storyeval observe` and `storyeval score`: the later stages, alone or as steps of a run.

use super::Outcome;
use super::common::{CacheArguments, DeviceArguments, open_bundle};
use super::data::{DataChoice, open_dataset, stored_layout};
use super::failure::{Failure, Failures};
use super::talk::{progress, say};
use clap::{Args, ValueEnum};
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;
use storyeval::dataset::{Dataset, OpenDataset, referential};
use storyeval::evaluate::{self, Panel, Role, ScoreRequest, Wanted};
use storyeval::generator::Prompt;
use storyeval::inference::{Bundle, Runtime};
use storyeval::record::{Scores, Story, StoryId};
use storyeval::run::{OBSERVATIONS, SCORES, StageTime, Store, TimedStage};
use storyeval::spec::{DatasetCard, ModelCard, Protocol};

#[derive(Clone, Debug, Args)]
pub(crate) struct ObserveArguments {
    /// Run folder
    run: PathBuf,
    /// Folder of the data set [default: where the run found it]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    #[command(flatten)]
    skip: SkipArguments,
    #[command(flatten)]
    device: DeviceArguments,
}

/// A network that may be left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Skipped {
    Characters,
    Backgrounds,
    Features,
    Clip,
    Lpips,
    Captioner,
    Locator,
}

impl From<Skipped> for Role {
    fn from(skipped: Skipped) -> Self {
        match skipped {
            Skipped::Characters => Self::Characters,
            Skipped::Backgrounds => Self::Backgrounds,
            Skipped::Features => Self::Features,
            Skipped::Clip => Self::Clip,
            Skipped::Lpips => Self::Lpips,
            Skipped::Captioner => Self::Captioner,
            Skipped::Locator => Self::Locator,
        }
    }
}

/// Which networks do not look.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct SkipArguments {
    /// Networks to do without, separated by commas; their metrics are then not scored
    #[arg(long, value_enum, value_delimiter = ',', value_name = "NETWORKS")]
    skip: Vec<Skipped>,
}

impl SkipArguments {
    /// Whether a network is to be done without.
    pub(crate) fn skips(&self, role: Role) -> bool {
        self.skip.iter().any(|skipped| Role::from(*skipped) == role)
    }
}

/// The verified bundles of a data set's networks, by role. A bundle that several roles use is one.
pub(crate) struct PanelBundles {
    bundles: BTreeMap<String, Bundle>,
    roles: BTreeMap<Role, String>,
}

impl PanelBundles {
    /// Finds and verifies every bundle that a protocol has a use for. All that are missing are named.
    pub(crate) fn find(
        card: &DatasetCard,
        protocol: &Protocol,
        skip: &SkipArguments,
        cache: &CacheArguments,
        failures: &mut Failures,
    ) -> Self {
        let skipped: Vec<Role> = skip.skip.iter().map(|role| Role::from(*role)).collect();
        let mut found = Self {
            bundles: BTreeMap::new(),
            roles: BTreeMap::new(),
        };
        let mut missing: Vec<String> = Vec::new();
        for role in Role::ALL {
            if !role.wanted_by(protocol) || skipped.contains(&role) {
                continue;
            }
            let Some(id) = role.bundle(&card.evaluators) else {
                say(&format!(
                    "note: the card of {} names no network for {role}; what needs it is not scored",
                    card.name
                ));
                continue;
            };
            if !found.bundles.contains_key(id) && !missing.iter().any(|known| known == id) {
                let what = format!(
                    "the {role} network of {} (`--skip {role}` does without it)",
                    card.name
                );
                let bundle = open_bundle(id, &what, card.source_of(id).into(), &cache.folder());
                match failures.keep(bundle) {
                    Some(bundle) => drop(found.bundles.insert(id.to_owned(), bundle)),
                    None => missing.push(id.to_owned()),
                }
            }
            found.roles.insert(role, id.to_owned());
        }
        found
    }

    /// Opens the networks.
    pub(crate) fn open(
        &self,
        card: &DatasetCard,
        protocol: &Protocol,
        runtime: &Runtime,
    ) -> Result<Panel, Failure> {
        let bundles = self
            .roles
            .iter()
            .filter_map(|(role, id)| Some((*role, self.bundles.get(id)?)))
            .collect();
        Ok(Panel::open(runtime, &bundles, card, protocol)?)
    }
}

/// Folder of what networks saw on real frames.
pub(crate) fn truth_cache(cache: &CacheArguments) -> PathBuf {
    cache.folder().join("ground-truth")
}

/// Looks at every frame of a run with a panel.
pub(crate) fn observe_with(store: &Store, wanted: &Wanted<'_>, panel: &mut Panel) -> Outcome {
    let model = store.manifest().identity.model.clone();
    evaluate::observe(store, wanted, panel, &mut progress(&model))?;
    Ok(())
}

/// Tells what is doubtful about the files that frames of a data set were read from.
pub(crate) fn tell_doubts(dataset: &dyn Dataset) {
    for doubt in dataset.doubts() {
        say(&format!("warning: {doubt}"));
    }
}

/// Reduces the observations in `folder` (the run's own, or one below it) under a protocol.
pub(crate) fn score_in(
    store: &Store,
    folder: &Path,
    protocol: &Protocol,
) -> Result<Scores, Failure> {
    let own: Protocol = card(store, "protocol")?;
    let dataset: DatasetCard = card(store, "dataset")?;
    let model: ModelCard = card(store, "model")?;
    let identity = &store.manifest().identity;
    let begin = Instant::now();
    let scores = evaluate::score(ScoreRequest {
        folder,
        run: store.name(),
        model: identity.model.clone(),
        protocol,
        dataset: identity.dataset.clone(),
        dataset_hash: identity.dataset_hash.clone(),
        subset: card(store, "subset")?,
        // The frames were drawn under the run's own protocol, whichever scores them.
        text: own.text_for(&model)?,
        characters: dataset
            .characters
            .into_iter()
            .map(|character| character.name)
            .collect(),
        notes: image_notes(store),
    })?;
    let mut text = serde_json::to_string_pretty(&scores).expect("scores have only text keys");
    text.push('\n');
    storyeval::run::write_durably(&folder.join(SCORES), text.as_bytes())?;
    let seconds = begin.elapsed().as_secs_f64();
    let time = StageTime::now(TimedStage::Score, store.planned_frames(), seconds);
    storyeval::run::record_time(store.root(), &time.within(store.root(), folder))?;
    Ok(scores)
}

/// Reduces the observations of a run to `scores.json`.
pub(crate) fn score_store(store: &Store) -> Result<Scores, Failure> {
    let protocol: Protocol = card(store, "protocol")?;
    score_in(store, store.root(), &protocol)
}

/// What readers of the scores of imported images must know.
fn image_notes(store: &Store) -> Vec<String> {
    let notes = &store.manifest().cards["images"]["notes"];
    serde_json::from_value(notes.clone()).unwrap_or_default()
}

/// A card out of the manifest.
pub(crate) fn card<T: DeserializeOwned>(store: &Store, name: &str) -> Result<T, Failure> {
    serde_json::from_value(store.manifest().cards[name].clone()).map_err(|source| {
        Failure::Arguments {
            what: format!(
                "the run in {} was made by another version of storyeval ({source})",
                store.root().display()
            ),
            hint: "run it again into a new folder".to_owned(),
        }
    })
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

/// The data set that a run was made from, and the story and captions of each of its units.
pub(crate) fn reopen(
    store: &Store,
    data: Option<&Path>,
    cache: &CacheArguments,
) -> Result<(OpenDataset, Vec<Prompt>), Failure> {
    let protocol: Protocol = card(store, "protocol")?;
    let model: ModelCard = card(store, "model")?;
    let split: String = card(store, "split")?;
    let found: PathBuf = card(store, "data")?;
    let of: DatasetCard = card(store, "dataset")?;
    let choice = DataChoice {
        layout: match data {
            Some(_) => None,
            None => stored_layout(card(store, "layout").ok()),
        },
        data: Some(data.map_or(found, Path::to_owned)),
        split,
        story_length: card(store, "story_length")?,
        windows: protocol.stories.windows(),
    };
    let dataset = open_dataset(of, &choice, cache)?;
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
                .ok_or_else(|| other_data(store, &unit.story))?;
            let captions = referential(story, variant, dataset.card())?;
            Ok(Prompt {
                story: (*story).clone(),
                captions,
            })
        })
        .collect::<Result<Vec<_>, Failure>>()?;
    if dataset.content_hash() != store.manifest().identity.dataset_hash {
        return Err(other_data(store, &prompts[0].story.id));
    }
    Ok((dataset, prompts))
}

/// The second stage alone.
pub(crate) fn observe(arguments: &ObserveArguments) -> Outcome {
    let store = Store::open(&arguments.run)?;
    let protocol: Protocol = card(&store, "protocol")?;
    let cache = &arguments.device.cache;
    let (dataset, prompts) = reopen(&store, arguments.data.as_deref(), cache)?;
    let mut failures = Failures::default();
    let bundles = PanelBundles::find(
        dataset.card(),
        &protocol,
        &arguments.skip,
        cache,
        &mut failures,
    );
    if !failures.is_empty() {
        return Err(failures.report());
    }
    let runtime = arguments.device.open()?;
    let mut panel = bundles.open(dataset.card(), &protocol, &runtime)?;
    let wanted = Wanted {
        dataset: &dataset,
        protocol: &protocol,
        prompts: &prompts,
        cache: &truth_cache(cache),
        folder: store.root(),
    };
    observe_with(&store, &wanted, &mut panel)?;
    tell_doubts(wanted.dataset);
    say(&format!(
        "observations: {}",
        store.root().join(OBSERVATIONS).display()
    ));
    Ok(())
}
