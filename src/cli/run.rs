//! `storyeval run` and `storyeval generate`: from a data set and models to a table.

use super::common::{DeviceArguments, open_bundle};
use super::data::{DataArguments, DataChoice, open_dataset, selected, subset_name};
use super::failure::{Failure, Failures};
use super::folders::{Folders, GroupName};
use super::latents::LatentArguments;
use super::seeds::Seeds;
use super::stages::{self, PanelBundles, SkipArguments};
use super::talk::{print, progress, say};
use super::{Outcome, sheet, suite, table};
use clap::Args;
use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use storyeval::Error;
use storyeval::dataset::{Dataset, OpenDataset, referential};
use storyeval::evaluate::Wanted;
use storyeval::generator::{CharLdm, Generator, GroundTruth, Prompt, Shuffled, StoryGptV};
use storyeval::inference::{Bundle, Runtime};
use storyeval::record::{ClipId, ReferentialCaption, Scores, Seed, Story};
use storyeval::report;
use storyeval::run::{Identity, MANIFEST, Manifest, Partition, Plan, Session, Store, Unit};
use storyeval::spec::{self, GeneratorKind, ModelCard, Protocol, SuiteRun};

#[derive(Clone, Debug, Args)]
pub(crate) struct RunArguments {
    /// Data set: an id of `storyeval ls datasets`, or a card's path
    #[arg(long, short, required_unless_present = "suite")]
    dataset: Option<String>,
    /// Models, separated by commas: ids of `storyeval ls models`, or cards' paths
    #[arg(long, short, required_unless_present = "suite", value_delimiter = ',')]
    model: Vec<String>,
    /// Instead of all that: the runs of a table, an id of `storyeval ls suites` or a card's path
    #[arg(long, conflicts_with_all = ["dataset", "model", "protocol", "split", "story_length", "subset", "seed", "seeds"])]
    suite: Option<String>,
    /// Protocol: an id of `storyeval ls protocols`, or a card's path
    #[arg(long, short, default_value = "strict")]
    protocol: String,
    #[command(flatten)]
    pub(super) data: DataArguments,
    /// Only the first N stories
    #[arg(long, value_name = "N")]
    pub(super) limit: Option<usize>,
    /// Seed of every draw
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Several seeds, a run each in GROUP/MODEL/seed-K: `0..4` (both ends included) or `0,3,7`
    #[arg(long, value_name = "SEEDS", conflicts_with = "seed")]
    seeds: Option<Seeds>,
    /// Stories a network draws at once; the last float bits depend on it
    #[arg(long, default_value = "8", value_name = "N")]
    batch: NonZeroUsize,
    /// Run folder; with several models, the folder of their run folders [default: runs/...]
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
    /// Print the plan and what is missing, and do nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    #[command(flatten)]
    pub(super) latents: LatentArguments,
    #[command(flatten)]
    pub(super) skip: SkipArguments,
    #[command(flatten)]
    pub(super) device: DeviceArguments,
}

impl RunArguments {
    /// One run of a suite: its own choices, with what the command line says for all of them.
    pub(super) fn of_suite(&self, run: &SuiteRun, seed: Seed, out: &Path) -> Self {
        Self {
            suite: None,
            dataset: Some(run.dataset.clone()),
            model: vec![run.model.clone()],
            protocol: run.protocol.clone(),
            data: run_data(&self.data, run),
            limit: self.limit.or(run.limit.map(NonZeroUsize::get)),
            seed: seed.0,
            out: Some(out.to_owned()),
            dry_run: false,
            ..self.clone()
        }
    }

    /// The seeds of each model's runs.
    fn seeds(&self) -> Vec<Seed> {
        match &self.seeds {
            Some(seeds) => seeds.all().to_vec(),
            None => vec![Seed(self.seed)],
        }
    }
}

/// The data of one run of a suite.
pub(super) fn run_data(common: &DataArguments, run: &SuiteRun) -> DataArguments {
    DataArguments {
        split: Some(run.split.clone()),
        story_length: run.story_length,
        subset: run.subset.clone(),
        ..common.clone()
    }
}

/// How far a command goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Frames,
    Scores,
}

/// What is the same for every model of a command.
struct Context<'a> {
    arguments: &'a RunArguments,
    protocol: Protocol,
    choice: DataChoice,
    dataset: OpenDataset,
    stories: Vec<Story>,
    folders: Folders,
    /// Verified bundles of the models, by id. Verifying reads every byte, so each is opened once.
    bundles: BTreeMap<String, Bundle>,
    /// The bundles of the networks that look, for commands that go as far as scores.
    panel: Option<PanelBundles>,
}

/// The whole way to the table.
pub(crate) fn run(arguments: &RunArguments) -> Outcome {
    if let Some(suite) = &arguments.suite {
        return suite::run(suite, arguments);
    }
    let Some(measured) = measure(arguments)? else {
        return Ok(());
    };
    print_results(&measured.group, &measured.results)?;
    say(&format!("\nruns:  {}", measured.group.display()));
    say(&format!("sheet: {}", measured.sheet.display()));
    Ok(())
}

/// What a command measured, and where it put it.
pub(super) struct Measured {
    group: PathBuf,
    results: Vec<Scores>,
    sheet: PathBuf,
}

/// The whole way to the scores. `None` after a dry run.
pub(super) fn measure(arguments: &RunArguments) -> Result<Option<Measured>, Failure> {
    let Some((context, cards)) = prepare(arguments, Stage::Scores)? else {
        return Ok(None);
    };
    let runtime = arguments.device.open()?;
    let bundles = context.panel.as_ref().expect("it is found for scores");
    let mut panel = bundles.open(context.dataset.card(), &context.protocol, &runtime)?;
    let cache = stages::truth_cache(&arguments.device.cache);
    let mut results = Vec::new();
    let mut drawn = Vec::new();
    for card in &cards {
        let mut of_seeds = Vec::new();
        for seed in arguments.seeds() {
            let (store, prompts) = draw(&context, card, seed, &runtime)?;
            let wanted = Wanted {
                dataset: &context.dataset,
                protocol: &context.protocol,
                prompts: &prompts,
                cache: &cache,
                folder: store.root(),
            };
            stages::observe_with(&store, &wanted, &mut panel)?;
            of_seeds.push((seed, stages::score_store(&store)?));
            // The sheet shows the first seed.
            if of_seeds.len() == 1 {
                drawn.push((card.name.clone(), store));
            }
        }
        results.push(report::over_seeds(&of_seeds)?);
    }
    stages::tell_doubts(&context.dataset);
    let group = context.folders.group.clone();
    let sheet = sheet::write(
        &context.dataset,
        &context.protocol,
        &context.stories,
        &group,
        &drawn,
    )?;
    Ok(Some(Measured {
        group,
        results,
        sheet,
    }))
}

/// Frames only.
pub(crate) fn generate(arguments: &RunArguments) -> Outcome {
    let Some((context, cards)) = prepare(arguments, Stage::Frames)? else {
        return Ok(());
    };
    let runtime = arguments.device.open()?;
    for card in &cards {
        for seed in arguments.seeds() {
            let (store, _) = draw(&context, card, seed, &runtime)?;
            print(&format!("{}\n", store.root().display()))?;
        }
    }
    stages::tell_doubts(&context.dataset);
    Ok(())
}

/// Opens everything that can fail before the first frame is drawn. `None` after a dry run, which prints the
/// plan even where weights are missing, and then names them.
fn prepare(
    arguments: &RunArguments,
    stage: Stage,
) -> Result<Option<(Context<'_>, Vec<ModelCard>)>, Failure> {
    let Some(dataset) = &arguments.dataset else {
        return Err(Failure::Arguments {
            what: "a suite is run, not only drawn".to_owned(),
            hint: "write `storyeval run --suite`".to_owned(),
        });
    };
    let card = spec::dataset(dataset)?;
    let mut protocol = spec::protocol(&arguments.protocol)?;
    arguments.data.apply(&mut protocol)?;
    let cards: Vec<ModelCard> = arguments
        .model
        .iter()
        .map(|id| spec::model(id))
        .collect::<Result<_, _>>()?;
    if let Some(card) = cards
        .iter()
        .enumerate()
        .find_map(|(index, card)| cards[..index].iter().find(|earlier| earlier.id == card.id))
    {
        return Err(Failure::Arguments {
            what: format!("model {} is given twice", card.id),
            hint: "name each model once".to_owned(),
        });
    }
    if let Some(card) = cards
        .iter()
        .find(|card| card.generator == GeneratorKind::Images)
    {
        return Err(drawn_elsewhere(card));
    }
    let cache = &arguments.device.cache;
    arguments.latents.check(&cards)?;
    // Everything that is missing is named, not only the first.
    let mut failures = Failures::default();
    let choice = arguments.data.choose(dataset, &card, &protocol);
    let mut bundles = BTreeMap::new();
    for model in &cards {
        if let Some(id) = &model.bundle
            && !bundles.contains_key(id)
            && let Some(bundle) = failures.keep(model_bundle(model, id, &cache.folder()))
        {
            bundles.insert(id.clone(), bundle);
        }
    }
    let panel = (stage == Stage::Scores)
        .then(|| PanelBundles::find(&card, &protocol, &arguments.skip, cache, &mut failures));
    let dataset = open_dataset(card, &choice, cache);
    let Some(dataset) = failures.keep(dataset) else {
        return Err(failures.report());
    };
    if !failures.is_empty() && !arguments.dry_run {
        return Err(failures.report());
    }
    let stories = selected(&dataset, &protocol, arguments.limit)?;
    let name = GroupName {
        dataset: &dataset.card().id,
        protocol: &protocol.id,
        split: &choice.split,
        usual_split: &dataset.card().split,
        subset: arguments.data.subset.as_deref(),
        story_length: arguments.data.story_length.map(NonZeroUsize::get),
        limit: arguments.limit,
        seed: arguments.seed,
        seeds: arguments.seeds.is_some(),
    };
    let folders = Folders::new(arguments.out.as_deref(), &name, &cards);
    let context = Context {
        arguments,
        protocol,
        choice,
        dataset,
        stories,
        folders,
        bundles,
        panel,
    };
    if arguments.seeds.is_some() {
        refuse_runs(&context.folders, &cards)?;
    }
    if arguments.dry_run {
        for card in &cards {
            for seed in arguments.seeds() {
                let (plan, _) = plan(&context, card, seed)?;
                let out = context.folders.run(card, seed);
                print(&format!(
                    "{}\n  into {}\n",
                    plan.summary(Partition::WHOLE),
                    out.display()
                ))?;
            }
        }
        // The plan does not depend on what is missing; the exit code says that there is something.
        return if failures.is_empty() {
            Ok(None)
        } else {
            Err(failures.report())
        };
    }
    Ok(Some((context, cards)))
}

/// A folder that is a run of one seed does not become the folder of several.
fn refuse_runs(folders: &Folders, cards: &[ModelCard]) -> Outcome {
    for card in cards {
        let folder = folders.model(card);
        if folder.join(MANIFEST).exists() {
            return Err(Failure::Arguments {
                what: format!("{} is a run of one seed already", folder.display()),
                hint: "choose a new folder for the runs of several seeds with `--out DIR`"
                    .to_owned(),
            });
        }
    }
    Ok(())
}

/// The bundle with a model's weights.
fn model_bundle(card: &ModelCard, id: &str, cache: &Path) -> Result<Bundle, Failure> {
    let what = format!("model {}", card.id);
    open_bundle(id, &what, card.into(), cache)
}

impl Context<'_> {
    /// The verified bundle of a model that has weights.
    fn bundle(&self, card: &ModelCard) -> Option<&Bundle> {
        self.bundles.get(card.bundle.as_ref()?)
    }
}

fn plan(
    context: &Context<'_>,
    card: &ModelCard,
    seed: Seed,
) -> Result<(Plan, Vec<Vec<ReferentialCaption>>), Failure> {
    let variant = context.protocol.text_for(card)?;
    let data_card = context.dataset.card();
    let captions: Vec<Vec<ReferentialCaption>> = context
        .stories
        .iter()
        .map(|story| referential(story, variant, data_card))
        .collect::<Result<_, _>>()?;
    let arguments = context.arguments;
    let plan = Plan::new(&context.stories, &captions, &card.id, seed, arguments.batch)?;
    Ok((plan, captions))
}

/// Draws what is outstanding of one model's run.
fn draw(
    context: &Context<'_>,
    card: &ModelCard,
    seed: Seed,
    runtime: &Runtime,
) -> Result<(Store, Vec<Prompt>), Failure> {
    let (plan, captions) = plan(context, card, seed)?;
    let bundle = context.bundle(card);
    let latents_hash = match bundle {
        Some(bundle) => context.arguments.latents.hash(bundle, &plan)?,
        None => None,
    };
    let manifest = manifest(context, card, &plan, seed, runtime, latents_hash);
    let root = context.folders.run(card, seed);
    let mut store = Store::create_or_resume(&root, &manifest, &plan)?;
    let stories = context.stories.iter().cloned().zip(captions);
    let prompts: Vec<Prompt> = stories
        .map(|(story, captions)| Prompt { story, captions })
        .collect();
    if store.require_complete().is_err() {
        let mut generator = open_generator(context, card, bundle, runtime)?;
        let mut draw = |units: &[&Unit]| -> Result<_, Failure> {
            let batch: Vec<Prompt> = units
                .iter()
                .map(|unit| prompts[unit.unit].clone())
                .collect();
            Ok(generator.generate(&batch, seed)?)
        };
        storyeval::run::generate(&mut store, &mut draw, &mut progress(&card.id))?;
    }
    Ok((store, prompts))
}

fn manifest(
    context: &Context<'_>,
    card: &ModelCard,
    plan: &Plan,
    seed: Seed,
    runtime: &Runtime,
    latents_hash: Option<String>,
) -> Manifest {
    let dataset = &context.dataset;
    let bundle = context.bundle(card);
    let identity = Identity {
        dataset: dataset.card().id.clone(),
        dataset_hash: dataset.content_hash().to_owned(),
        model: card.id.clone(),
        bundle_hash: bundle.map(Bundle::content_hash),
        images_hash: None,
        latents_hash,
        protocol: context.protocol.id.clone(),
        protocol_hash: context.protocol.hash(),
        seed,
        batch: context.arguments.batch.get(),
        stories: plan.units().len(),
        plan_hash: plan.hash().to_owned(),
        partition: Partition::WHOLE,
        device_kind: runtime.device().kind().to_owned(),
    };
    let cards = serde_json::json!({
        "dataset": dataset.card(),
        "model": card,
        "protocol": context.protocol,
        "split": context.choice.split,
        "subset": subset_name(
            &context.choice.split,
            &context.protocol,
            &context.stories,
            dataset,
        ),
        "layout": dataset.layout(),
        "story_length": context.choice.story_length,
        "data": dataset.folder(),
    });
    let device = runtime.device().to_string();
    Manifest::new(
        identity,
        cards,
        Session::current(
            &device,
            Some(runtime.version()),
            context.arguments.device.threads,
        )
        .on_gpu(runtime.gpu()),
    )
}

/// The generator of a model.
fn open_generator<'a>(
    context: &'a Context<'_>,
    card: &ModelCard,
    bundle: Option<&Bundle>,
    runtime: &Runtime,
) -> Result<Box<dyn Generator + 'a>, Failure> {
    let rule = context.protocol.ground_truth;
    let frames = move |clip: &ClipId| -> Result<image::RgbImage, Box<Error>> {
        let frame = context.dataset.ground_truth(clip, rule);
        frame.map_err(|error| Box::new(error.into()))
    };
    let latents = &context.arguments.latents;
    Ok(match (card.generator, bundle) {
        (GeneratorKind::StorygptV, Some(bundle)) => {
            Box::new(StoryGptV::open(runtime, bundle)?.with_latents(latents.open()?))
        }
        (GeneratorKind::CharLdm, Some(bundle)) => {
            Box::new(CharLdm::open(runtime, bundle)?.with_latents(latents.open()?))
        }
        (GeneratorKind::GroundTruth, _) => Box::new(GroundTruth::new(frames)),
        // The whole split, so that overlapping windows find a story to swap with.
        (GeneratorKind::Shuffled, _) => Box::new(Shuffled::new(context.dataset.stories(), frames)),
        (GeneratorKind::Images, _) => return Err(drawn_elsewhere(card)),
        (GeneratorKind::StorygptV | GeneratorKind::CharLdm, None) => {
            return Err(Failure::Arguments {
                what: format!("the card of model {} names no bundle", card.id),
                hint: "add `bundle = \"...\"` to the card".to_owned(),
            });
        }
    })
}

fn drawn_elsewhere(card: &ModelCard) -> Failure {
    Failure::Arguments {
        what: format!("{} is drawn by another program", card.id),
        hint: format!(
            "score its frames with `storyeval score --images DIR --layout LAYOUT --name {}`",
            card.id
        ),
    }
}

/// The table on stdout, and as `table.md` beside the runs.
fn print_results(group: &Path, results: &[Scores]) -> Outcome {
    let markdown = table::markdown(results)?;
    storyeval::run::write_durably(&group.join("table.md"), markdown.as_bytes())?;
    print(&markdown)
}
