//! `storyeval dataset synth`: draw MiniSV.

use crate::cli::Outcome;
use crate::cli::talk::{SharedMeter, print, say};
use clap::Args;
use std::path::PathBuf;
use std::time::Instant;
use storyeval::card::Layout;
use storyeval::minisv::{SplitSizes, Step, World, write_in};

#[derive(Clone, Debug, Args)]
pub(crate) struct SynthArguments {
    /// New folder
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Layout to write (docs/convert.md)
    #[arg(long, value_enum, default_value_t = Layout::Flintstones)]
    layout: Layout,
    /// Stories in the test split, of 4 frames; of 5 in the layouts vist and arldm-h5
    #[arg(long, default_value_t = 100, value_name = "N")]
    stories: usize,
    /// Stories in the val split, counted in the same way
    #[arg(long, default_value_t = 0, value_name = "N")]
    val_stories: usize,
    /// Clips in the train split
    #[arg(long, default_value_t = 0, value_name = "N")]
    train_clips: usize,
    /// Seed of the world
    #[arg(long, default_value_t = 0)]
    seed: u64,
}

/// Draws.
pub(super) fn synth(arguments: &SynthArguments) -> Outcome {
    let world = World {
        seed: arguments.seed,
        sizes: SplitSizes {
            test_stories: arguments.stories,
            val_stories: arguments.val_stories,
            train_clips: arguments.train_clips,
        },
    };
    let begin = Instant::now();
    let drawing = SharedMeter::new("drawing MiniSV");
    let writing = SharedMeter::new("writing");
    let layout = arguments.layout;
    let report = write_in(
        &arguments.out,
        world,
        layout,
        &|step, done, total| match step {
            Step::Draw => drawing.at(done, total),
            Step::Convert => writing.at(done, total),
        },
    )?;
    drawing.finish();
    writing.finish();
    let seconds = begin.elapsed().as_secs_f64();
    say(&format!(
        "MiniSV: drew {} clips in {seconds:.1} s into {}, layout {layout}",
        report.clips,
        report.dir.display()
    ));
    print(&format!(
        "{}\ncontent sha256: {}\n",
        report.dir.display(),
        report.content_sha256
    ))
}
