//! `storyeval metric`: one metric on files of any program, without a run. Arguments become a request of
//! `storyeval::measure`, and its answer is printed.

mod answer;
mod arguments;
mod audit;
mod captions;
mod clip;
mod fidelity;
mod labels;
mod pairs;
mod sets;

use super::Outcome;
use super::common::DeviceArguments;
use super::talk::Screen;
use answer::{Format, finish};
use clap::Subcommand;
use storyeval::measure::{FilesOnly, Measure};
use storyeval::pipeline::Networks;

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum MetricCommand {
    /// Which metric sees which fault: corrupt real frames and watch every metric
    Audit(audit::AuditArguments),
    /// Captions of the images of a folder, a JSON line each
    Caption(captions::CaptionArguments),
    /// PTB tokens of captions on stdin, a line each, after the COCO punctuation filter
    Tokenize,
    /// BLEU-1 to BLEU-4 of captions, as pycocoevalcap
    Bleu(captions::BleuArguments),
    /// CIDEr of captions, as pycocoevalcap
    Cider(captions::CiderArguments),
    /// BLEU-1 to BLEU-4 and CIDEr at once, tokenised once, as pycocoevalcap's `COCOEvalCap`
    Cocoeval(captions::CocoevalArguments),
    /// Fréchet distance ("FID") between two sets of images or features
    Fid(sets::FidArguments),
    /// FID, KID, precision, recall, density, coverage and the Inception Score, each image read once
    Fidelity(fidelity::FidelityArguments),
    /// Kernel distance ("KID") between two sets of images or features
    Kid(sets::KidArguments),
    /// Improved precision and recall, density and coverage of two sets of images or features
    Prdc(sets::PrdcArguments),
    /// Inception Score of images or logits
    Is(sets::IsArguments),
    /// Accuracy, precision, recall and F1 of label vectors
    Accuracy(labels::AccuracyArguments),
    /// Perceptual distance between images, or between images of the same name in two folders
    Lpips(pairs::LpipsArguments),
    /// Peak signal-to-noise ratio of two images, or of images of the same name in two folders
    Psnr(pairs::PsnrArguments),
    /// Structural similarity of two images, or of images of the same name in two folders
    Ssim(pairs::SsimArguments),
    /// CLIP similarity, CLIPScore and RefCLIPScore of features
    Clip(clip::ClipArguments),
}

/// Computes and prints.
pub(crate) fn metric(command: &MetricCommand) -> Outcome {
    match command {
        MetricCommand::Audit(arguments) => audit::audit(arguments),
        MetricCommand::Caption(arguments) => captions::caption(arguments),
        MetricCommand::Tokenize => captions::tokenize(),
        MetricCommand::Fidelity(arguments) => fidelity::fidelity(arguments),
        MetricCommand::Cocoeval(arguments) => captions::cocoeval(arguments),
        MetricCommand::Bleu(it) => of_files(&it.request(), it.shown.format),
        MetricCommand::Cider(it) => of_files(&it.request(), it.shown.format),
        MetricCommand::Accuracy(it) => of_files(&it.request(), it.shown.format),
        MetricCommand::Psnr(it) => of_files(&it.request(), it.pixels.options.shown.format),
        MetricCommand::Ssim(it) => of_files(&it.request(), it.pixels.options.shown.format),
        MetricCommand::Fid(it) => it.sets.device().answer(&it.request(), it.shown.format),
        MetricCommand::Kid(it) => it.sets.device().answer(&it.request(), it.format),
        MetricCommand::Prdc(it) => it.sets.device().answer(&it.request(), it.shown.format),
        MetricCommand::Is(it) => it.network.device.answer(&it.request(), it.format),
        MetricCommand::Lpips(it) => it.device.answer(&it.request(), it.options.shown.format),
        MetricCommand::Clip(it) => it.device.answer(&it.request()?, it.options.shown.format),
    }
}

/// Answers a request that needs no network.
fn of_files(request: &dyn Measure, format: Format) -> Outcome {
    finish(&request.measure(&FilesOnly)?, format)
}

impl DeviceArguments {
    /// Answers a request whose networks run here.
    fn answer(&self, request: &dyn Measure, format: Format) -> Outcome {
        let screen = Screen::new();
        let networks = Networks::new(self.options(), screen.control());
        finish(&request.measure(&networks)?, format)
    }
}
