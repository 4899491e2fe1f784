//! `storyeval score --images`: frames that another program drew become a run, and are scored.

use super::data::DataArguments;
use super::failure::Failure;
use super::run::some_value;
use super::score::ScoreArguments;
use super::talk::{Screen, print, say};
use super::{Outcome, interrupt, table};
use clap::Args;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use storyeval::generator::images::{LayoutKind, Numbers};
use storyeval::pipeline::ImageRequest;
use storyeval::record::{Seed, TextVariant};

/// `WIDTHxHEIGHT`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Size([u32; 2]);

impl FromStr for Size {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let sides = text.split_once(['x', 'X']);
        match sides.map(|(width, height)| (width.parse(), height.parse())) {
            Some((Ok(width), Ok(height))) if width > 0 && height > 0 => Ok(Self([width, height])),
            _ => Err("a size is WIDTHxHEIGHT in pixels, for example 256x256"),
        }
    }
}

#[derive(Clone, Debug, Args)]
pub(crate) struct ImagesArguments {
    /// Folder of the images
    #[arg(long, value_name = "DIR", conflicts_with = "run", requires = "dataset")]
    pub(crate) images: Option<PathBuf>,
    /// How the files are named [default: the layout that has a file for every frame]
    #[arg(long, value_enum, requires = "images")]
    layout: Option<LayoutKind>,
    /// Data set: an id of `storyeval ls datasets`, a card's path, or a folder with `stories.jsonl`
    #[arg(long, short, requires = "images")]
    dataset: Option<String>,
    /// Protocol: an id of `storyeval ls protocols`, or a card's path [default: strict]
    #[arg(long, short, requires = "images")]
    protocol: Option<String>,
    #[command(flatten)]
    data: DataArguments,
    /// Only the first N stories; files are still counted from the split's first story
    #[arg(long, value_name = "N", requires = "images")]
    limit: Option<usize>,
    /// First frame that was drawn, from 1, where the file names do not tell (arldm, vlc)
    #[arg(long, value_name = "K", requires = "images")]
    first_frame: Option<NonZeroUsize>,
    /// What the numbers in the file names begin at, or two for stories and frames, as 0,1 [default: what fits]
    #[arg(long, value_name = "N", requires = "images")]
    numbers_from: Option<Numbers>,
    /// Seed that your program drew with, for several runs of a model in one table
    #[arg(long, value_name = "S", requires = "images")]
    seed: Option<u64>,
    /// What tables call the model [default: the folder's name]
    #[arg(long, requires = "images")]
    name: Option<String>,
    /// Text that the other program read [default: the protocol's]
    #[arg(long, value_enum, requires = "images")]
    text: Option<TextVariant>,
    /// Run folder [default: runs/...]
    #[arg(long, value_name = "DIR", requires = "images")]
    out: Option<PathBuf>,
    /// Score without the frames that have no file, and count them
    #[arg(long, requires = "images")]
    allow_missing: bool,
    /// Leave out files that are no frame
    #[arg(long, requires = "images")]
    allow_extra: bool,
    /// Size that every image must have [default: one size, whichever]
    #[arg(long, value_name = "WxH", requires = "images")]
    size: Option<Size>,
    /// Say what matches, and write nothing
    #[arg(long, requires = "images")]
    dry_run: bool,
}

/// The same for the library.
fn request(arguments: &ScoreArguments, images: &Path) -> Result<ImageRequest, Failure> {
    let own = &arguments.images;
    let Some(dataset) = &own.dataset else {
        return Err(Failure::Arguments {
            what: "a data set is needed".to_owned(),
            hint: "add `--dataset D`".to_owned(),
        });
    };
    Ok(ImageRequest {
        images: images.to_owned(),
        layout: own.layout,
        dataset: dataset.clone(),
        protocol: own.protocol.clone().unwrap_or_else(|| "strict".to_owned()),
        data: own.data.request(),
        limit: own.limit,
        first_frame: own.first_frame,
        numbers: own.numbers_from,
        seed: own.seed.map(Seed),
        name: own.name.clone(),
        text: own.text,
        out: own.out.clone(),
        allow_missing: own.allow_missing,
        allow_extra: own.allow_extra,
        size: own.size.map(|size| size.0),
        skip: arguments.skip.roles(),
        runtime: arguments.device.options(),
    })
}

/// From a folder of images to a run folder and a table.
pub(crate) fn score_images(arguments: &ScoreArguments, images: &Path) -> Outcome {
    interrupt::says(interrupt::RUN);
    let screen = Screen::new();
    let matched = request(arguments, images)?.find(!arguments.images.dry_run, screen.control())?;
    if arguments.images.layout.is_none() {
        let layout = matched.layout();
        say(&format!("layout: {layout} ({})", layout.pattern()));
    }
    say(&matched.counts().to_string());
    for note in matched.notes() {
        say(&format!("warning: {note}"));
    }
    if arguments.images.dry_run {
        let (summary, out) = matched.outlook()?;
        let counts = matched.counts();
        return print(&format!("{counts}\n{summary}\n  into {}\n", out.display()));
    }
    let imported = matched.score(screen.control())?;
    let scores = std::slice::from_ref(&imported.scores);
    table::keep(&table::of_runs(scores)?, &imported.run)?;
    arguments.show(scores)?;
    say(&format!("run:   {}", imported.run.display()));
    say(&format!("sheet: {}", imported.sheet.display()));
    some_value(scores)
}
