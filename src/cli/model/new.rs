//! `storyeval model new`: a first model of the user's own, checked by drawing one story.

use crate::cli::common::DeviceArguments;
use crate::cli::data::DataArguments;
use crate::cli::talk::{Screen, print, say};
use crate::cli::{Outcome, interrupt};
use clap::Args;
use clap::builder::PossibleValuesParser;
use std::path::PathBuf;
use storyeval::pipeline::{Goal, MODEL_STARTERS, RunRequest};
use storyeval::run::RunSummary;

#[derive(Clone, Debug, Args)]
pub(crate) struct NewArguments {
    /// New folder; the model gets its name
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// What draws: a worker of your own, or a network from a bundle
    #[arg(long, default_value = "command", value_parser = generators())]
    generator: String,
    /// Data set whose first story is drawn as a check: an id of `storyeval ls datasets`, a card's path, or a folder
    #[arg(long, short, default_value = "minisv")]
    dataset: String,
    #[command(flatten)]
    data: DataArguments,
    #[command(flatten)]
    device: DeviceArguments,
}

fn generators() -> PossibleValuesParser {
    MODEL_STARTERS.map(|starter| starter.generator).into()
}

/// Writes the card, draws a story with it, and says what came of it.
pub(super) fn new(arguments: &NewArguments) -> Outcome {
    interrupt::says("what is written stays");
    let dir = &arguments.dir;
    for starter in &MODEL_STARTERS {
        if starter.generator == arguments.generator {
            starter.write(dir)?;
            say(&format!("wrote {}", dir.join("model.toml").display()));
            check(arguments)?;
            say(&format!(
                "next: {}; then\n  storyeval run --dataset {} --model {} --limit 4",
                starter.next,
                arguments.dataset,
                dir.join("model.toml").display()
            ));
        }
    }
    print(&format!("{}\n", dir.display()))
}

fn check(arguments: &NewArguments) -> Outcome {
    let card = arguments.dir.join("model.toml").display().to_string();
    let mut request = RunRequest::new(&arguments.dataset, &[&card]);
    request.data = arguments.data.request();
    request.limit = Some(1);
    request.out = Some(arguments.dir.join("check"));
    request.runtime = arguments.device.options();
    let screen = Screen::new();
    let started = request
        .plan(Goal::Frames, screen.control())?
        .start(screen.control())?;
    for model in started.planned().models() {
        for seed in started.planned().seeds() {
            let drawn = started.draw(model, *seed)?;
            let summary = RunSummary::read(drawn.folder())?;
            let absent: usize = summary.absences().values().sum();
            let story = summary.plan.units().first().map(|unit| unit.story.clone());
            say(&format!(
                "checked: {} of {} frames of story {} are in {}",
                summary.planned_frames() - absent,
                summary.planned_frames(),
                story.map_or_else(String::new, |story| story.to_string()),
                drawn.folder().join("frames").display()
            ));
        }
    }
    Ok(())
}
