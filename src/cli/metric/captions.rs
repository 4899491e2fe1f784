//! `storyeval metric bleu`, `cider`, `cocoeval`, `tokenize` and `caption`.

use super::answer::{Format, print_text, scored, warn};
use super::arguments::{PillowArguments, ShownArguments};
use crate::cli::Outcome;
use crate::cli::common::DeviceArguments;
use crate::cli::failure::Failure;
use crate::cli::talk::{Screen, print, print_json};
use clap::Args;
use serde_json::json;
use std::io::{BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use storyeval::measure::{
    BleuRequest, CaptionFiles, CaptionerRequest, CiderRequest, CocoevalRequest, tokenise_lines,
};
use storyeval::metric::caption::{BleuMode, CiderOptions, Tokeniser};
use storyeval::pipeline::Networks;

#[derive(Clone, Debug, Args)]
pub(crate) struct FileArguments {
    /// References: COCO JSON, JSON lines or a table with names, or text: one file with the references of a
    /// line apart by tabs, or one file per reference
    #[arg(long, required = true, num_args = 1.., value_name = "R")]
    refs: Vec<PathBuf>,
    /// Hypotheses: COCO result JSON, the JSON lines of `metric caption`, a table with names, or text, one a line
    #[arg(long, value_name = "H")]
    hyps: PathBuf,
    /// How captions become tokens
    #[arg(long, visible_alias = "tokenizer", value_enum, default_value_t)]
    tokeniser: Tokeniser,
    /// Score the items that both sides have, and say which were left out
    #[arg(long)]
    allow_missing: bool,
}

impl FileArguments {
    fn files(&self, shown: &ShownArguments) -> CaptionFiles {
        CaptionFiles {
            references: self.refs.clone(),
            hypotheses: self.hyps.clone(),
            tokeniser: self.tokeniser,
            allow_missing: self.allow_missing,
            order: shown.order,
        }
    }
}

#[derive(Clone, Debug, Args)]
pub(crate) struct BleuArguments {
    #[command(flatten)]
    files: FileArguments,
    /// How BLEU is put together
    #[arg(long, value_enum, default_value_t)]
    mode: BleuMode,
    #[command(flatten)]
    pub(super) shown: ShownArguments,
}

impl BleuArguments {
    pub(super) fn request(&self) -> BleuRequest {
        BleuRequest {
            captions: self.files.files(&self.shown),
            mode: self.mode,
            interval: self.shown.interval(),
        }
    }
}

#[derive(Clone, Debug, Args)]
pub(crate) struct CiderArguments {
    #[command(flatten)]
    files: FileArguments,
    /// Standard deviation of the penalty for a difference in length
    #[arg(long, default_value_t = CiderOptions::default().sigma)]
    sigma: f64,
    #[command(flatten)]
    pub(super) shown: ShownArguments,
}

impl CiderArguments {
    pub(super) fn request(&self) -> CiderRequest {
        CiderRequest {
            captions: self.files.files(&self.shown),
            options: CiderOptions { sigma: self.sigma },
            interval: self.shown.interval(),
        }
    }
}

#[derive(Clone, Debug, Args)]
pub(crate) struct CocoevalArguments {
    #[command(flatten)]
    files: FileArguments,
    #[command(flatten)]
    shown: ShownArguments,
}

/// Both, each with the answer that its own command gives.
pub(super) fn cocoeval(arguments: &CocoevalArguments) -> Outcome {
    let request = CocoevalRequest {
        captions: arguments.files.files(&arguments.shown),
        interval: arguments.shown.interval(),
    };
    let both = request.measure()?;
    match arguments.shown.format {
        Format::Json => print_json(&both)?,
        Format::Text => {
            print_text(&both.bleu, &[])?;
            // The warnings of the reading are the same; they were said.
            print_text(&both.cider, &both.bleu.warnings)?;
        }
    }
    scored(&both.bleu)
}

/// Writes the tokens of every line of stdin.
pub(super) fn tokenize() -> Outcome {
    let input = BufReader::with_capacity(1 << 16, std::io::stdin().lock());
    let mut output = BufWriter::with_capacity(1 << 16, std::io::stdout().lock());
    let warning = tokenise_lines(input, Path::new("<stdin>"), |tokens| {
        writeln!(output, "{tokens}").map_err(Failure::Stdout)
    })?;
    output.flush().map_err(Failure::Stdout)?;
    warn(&warning);
    Ok(())
}

#[derive(Clone, Debug, Args)]
pub(crate) struct CaptionArguments {
    /// Folder of images
    folder: PathBuf,
    /// Bundle of the captioner: an id or a folder
    #[arg(long, value_name = "ID|DIR")]
    bundle: String,
    /// Captions of an image: the best beams, best first, at most as many as the bundle has
    #[arg(long, value_name = "N", default_value_t = 5)]
    #[arg(value_parser = clap::value_parser!(u16).range(1..))]
    count: u16,
    #[command(flatten)]
    pillow: PillowArguments,
    #[command(flatten)]
    device: DeviceArguments,
}

/// A JSON line an image, in the order of file names: `{"id": file name, "captions": [...]}`.
pub(super) fn caption(arguments: &CaptionArguments) -> Outcome {
    let request = CaptionerRequest {
        folder: arguments.folder.clone(),
        bundle: arguments.bundle.clone(),
        count: usize::from(arguments.count),
        pillow: arguments.pillow.pillow,
    };
    let screen = Screen::new();
    let networks = Networks::new(arguments.device.options(), screen.control());
    let warnings = request.each(&networks, |batch| {
        let lines = batch
            .iter()
            .map(|captioned| json!(captioned).to_string() + "\n");
        print(&lines.collect::<String>())
    })?;
    warn(&warnings);
    Ok(())
}
