//! `storyeval metric caption`.

use super::doubts::Doubts;
use super::pillow::PillowArguments;
use crate::cli::Outcome;
use crate::cli::common::DeviceArguments;
use crate::cli::failure::Failure;
use crate::cli::talk::{print, say};
use clap::Args;
use image::RgbImage;
use serde_json::json;
use std::path::{Path, PathBuf};
use storyeval::evaluate::decoding;
use storyeval::evaluator::Captioner;
use storyeval::format::{Depth, ImageFiles};
use storyeval::pipeline::bundle_by_name;

/// Images that are decoded together; a multiple of what the captioner reads in one pass.
const CHUNK: usize = 16;

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
pub(crate) fn caption(arguments: &CaptionArguments) -> Outcome {
    let files = ImageFiles::list(&arguments.folder, Depth::Flat)?;
    let cache = arguments.device.cache.folder();
    let bundle = bundle_by_name(&arguments.bundle, "the captioner", &cache)?;
    let runtime = arguments.device.open()?;
    let order = arguments.pillow.order();
    let mut captioner = Captioner::open(&runtime, &bundle)?.with_pillow(order);
    let mut doubts = Doubts::default();
    let chunks = files.paths().chunks(CHUNK);
    decoding(runtime.device()).feed(files.batches(CHUNK), |batches| {
        for (paths, batch) in chunks.zip(batches) {
            let batch = batch?;
            for image in &batch {
                doubts.see(image);
            }
            let images: Vec<RgbImage> = batch.into_iter().map(|image| image.image).collect();
            let captions = captioner.captions(&images, usize::from(arguments.count))?;
            let mut lines = String::new();
            for (path, captions) in paths.iter().zip(captions) {
                let line = json!({"id": name(path)?, "captions": captions});
                lines.push_str(&line.to_string());
                lines.push('\n');
            }
            print(&lines)?;
        }
        Ok::<(), Failure>(())
    })?;
    for warning in doubts.warnings(&arguments.folder) {
        say(&format!("warning: {warning}"));
    }
    Ok(())
}

/// A file's name as JSON can hold it.
fn name(path: &Path) -> Result<&str, Failure> {
    let name = path.file_name().and_then(|name| name.to_str());
    name.ok_or_else(|| Failure::Arguments {
        what: format!("the name of {} is not valid UTF-8", path.display()),
        hint: "rename the file".to_owned(),
    })
}
