//! `storyeval run` and `storyeval generate`: from a data set and models to a table.

use super::common::DeviceArguments;
use super::data::DataArguments;
use super::failure::Failure;
use super::format::{IN_SCORES, SignatureArguments, TableFormat};
use super::latents::LatentArguments;
use super::observe::SkipArguments;
use super::spending::SpendingArguments;
use super::talk::{Screen, print, say};
use super::{Outcome, interrupt, suite, table};
use clap::Args;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use storyeval::pipeline::SeedList;
use storyeval::pipeline::{Goal, Planned, RunRequest, Seeds};
use storyeval::record::{Scores, Seed};

#[derive(Clone, Debug, Args)]
pub(crate) struct RunArguments {
    /// Data set: an id of `storyeval ls datasets`, a card's path, or a folder with `stories.jsonl`
    #[arg(long, short, required_unless_present = "suite")]
    dataset: Option<String>,
    /// Models, separated by commas: ids of `storyeval ls models`, cards' paths, `command:PATH` of a worker, or addresses
    /// of servers
    #[arg(long, short, required_unless_present = "suite", value_delimiter = ',')]
    model: Vec<String>,
    /// Instead of all that: the runs of a table, an id of `storyeval ls suites` or a card's path
    #[arg(long, conflicts_with_all = ["dataset", "model", "protocol", "split", "story_length", "subset", "seed", "seeds"])]
    suite: Option<String>,
    /// Protocol: an id of `storyeval ls protocols`, or a card's path
    #[arg(long, short, default_value = "strict")]
    protocol: String,
    #[command(flatten)]
    data: DataArguments,
    /// Only the first N stories
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Seed of every draw
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Several seeds, a run each in GROUP/MODEL/seed-K: `0..4` (both ends included) or `0,3,7`
    #[arg(long, value_name = "SEEDS", conflicts_with = "seed")]
    seeds: Option<SeedList>,
    /// Stories a network draws at once; the last float bits depend on it
    #[arg(long, default_value = "8", value_name = "N", value_parser = clap::value_parser!(u16).range(1..=4096))]
    batch: u16,
    /// Workers at once of a model that another program draws, one GPU each [default: the card's]
    #[arg(long, value_name = "N", conflicts_with = "suite", value_parser = clap::value_parser!(u16).range(1..=256))]
    workers: Option<u16>,
    /// Run folder; with several models, the folder of their run folders [default: runs/...]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print the plan and what is missing, and do nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    spending: SpendingArguments,
    #[command(flatten)]
    latents: LatentArguments,
    #[command(flatten)]
    skip: SkipArguments,
    #[command(flatten)]
    device: DeviceArguments,
}

impl RunArguments {
    /// The same for the library. Of a suite, it is what holds for all of its runs.
    fn request(&self) -> RunRequest {
        RunRequest {
            dataset: self.dataset.clone().unwrap_or_default(),
            models: self.model.clone(),
            protocol: self.protocol.clone(),
            data: self.data.request(),
            limit: self.limit,
            seeds: match &self.seeds {
                Some(seeds) => Seeds::Several(seeds.all().to_vec()),
                None => Seeds::One(Seed(self.seed)),
            },
            batch: NonZeroUsize::new(usize::from(self.batch)).unwrap_or(NonZeroUsize::MIN),
            workers: self
                .workers
                .and_then(|it| NonZeroUsize::new(usize::from(it))),
            out: self.out.clone(),
            latents: self.latents.request(),
            spending: self.spending.caps(),
            skip: self.skip.roles(),
            runtime: self.device.options(),
        }
    }
}

/// The whole way to the table.
pub(crate) fn run(arguments: &RunArguments, signatures: SignatureArguments) -> Outcome {
    interrupt::says(interrupt::RUN);
    let screen = Screen::new();
    let request = arguments.request();
    if let Some(id) = &arguments.suite {
        return suite::run(id, &request, arguments.dry_run, signatures, &screen);
    }
    let planned = request.plan(Goal::Scores, screen.control())?;
    if arguments.dry_run {
        return outlook(planned);
    }
    let measured = planned.measure(screen.control())?;
    let table = table::of_runs(&measured.results)?;
    table::keep(&table, &measured.group)?;
    signatures.print(&table, TableFormat::Md, IN_SCORES)?;
    say(&format!("runs:  {}", measured.group.display()));
    say(&format!("sheet: {}", measured.sheet.display()));
    some_value(&measured.results)
}

/// A page of dashes is no success.
pub(super) fn some_value(results: &[Scores]) -> Outcome {
    if results.iter().any(Scores::has_values) {
        Ok(())
    } else {
        Err(Failure::NothingScored)
    }
}

/// Frames only.
pub(crate) fn generate(arguments: &RunArguments) -> Outcome {
    if arguments.suite.is_some() {
        return Err(Failure::Arguments {
            what: "a suite is run, not only drawn".to_owned(),
            hint: "write `storyeval run --suite`".to_owned(),
        });
    }
    interrupt::says(interrupt::RUN);
    let screen = Screen::new();
    let planned = arguments.request().plan(Goal::Frames, screen.control())?;
    if arguments.dry_run {
        return outlook(planned);
    }
    let started = planned.start(screen.control())?;
    for model in started.planned().models() {
        for seed in started.planned().seeds() {
            let drawn = started.draw(model, *seed)?;
            print(&format!("{}\n", drawn.folder().display()))?;
        }
    }
    started.tell_doubts();
    Ok(())
}

/// Prints the plan even where weights are missing, and then names them: the plan does not depend on what is missing,
/// the exit code does.
fn outlook(planned: Planned) -> Outcome {
    let outlays = planned.outlays()?;
    for (summary, folder) in planned.outlook()? {
        print(&format!("{summary}\n  into {}\n", folder.display()))?;
        if let Some(outlay) = outlays.get(&folder) {
            print(&format!("  {outlay}\n"))?;
        }
    }
    Ok(planned.require_complete()?)
}
