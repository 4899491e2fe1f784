//! `storyeval metric`: one metric on files of any program, without a run. One file per metric.

mod accuracy;
mod answer;
mod audit;
mod bleu;
mod caption;
mod captions;
mod cider;
mod clip;
mod cocoeval;
mod doubts;
mod fid;
mod interval;
mod is;
mod kid;
mod lpips;
mod pillow;
mod pixels;
mod prdc;
mod preset;
mod source;
mod tokenize;

use super::Outcome;
use clap::Subcommand;

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum MetricCommand {
    /// Which metric sees which fault: corrupt real frames and watch every metric
    Audit(audit::AuditArguments),
    /// Captions of the images of a folder, a JSON line each
    Caption(caption::CaptionArguments),
    /// PTB tokens of captions on stdin, a line each, after the COCO punctuation filter
    Tokenize,
    /// BLEU-1 to BLEU-4 of captions, as pycocoevalcap
    Bleu(bleu::BleuArguments),
    /// CIDEr of captions, as pycocoevalcap
    Cider(cider::CiderArguments),
    /// BLEU-1 to BLEU-4 and CIDEr at once, tokenised once, as pycocoevalcap's `COCOEvalCap`
    Cocoeval(cocoeval::CocoevalArguments),
    /// Fréchet distance ("FID") between two sets of images or features
    Fid(fid::FidArguments),
    /// Kernel distance ("KID") between two sets of images or features
    Kid(kid::KidArguments),
    /// Improved precision and recall, density and coverage of two sets of images or features
    Prdc(prdc::PrdcArguments),
    /// Inception Score of images or logits
    Is(is::IsArguments),
    /// Accuracy, precision, recall and F1 of label vectors
    Accuracy(accuracy::AccuracyArguments),
    /// Perceptual distance between images, or between images of the same name in two folders
    Lpips(lpips::LpipsArguments),
    /// Peak signal-to-noise ratio of two images, or of images of the same name in two folders
    Psnr(pixels::PsnrArguments),
    /// Structural similarity of two images, or of images of the same name in two folders
    Ssim(pixels::SsimArguments),
    /// CLIP similarity, CLIPScore and RefCLIPScore of features
    Clip(clip::ClipArguments),
}

/// Computes and prints.
pub(crate) fn metric(command: &MetricCommand) -> Outcome {
    match command {
        MetricCommand::Audit(arguments) => audit::audit(arguments),
        MetricCommand::Caption(arguments) => caption::caption(arguments),
        MetricCommand::Tokenize => tokenize::tokenize(),
        MetricCommand::Bleu(arguments) => bleu::bleu(arguments),
        MetricCommand::Cider(arguments) => cider::cider(arguments),
        MetricCommand::Cocoeval(arguments) => cocoeval::cocoeval(arguments),
        MetricCommand::Fid(arguments) => fid::fid(arguments),
        MetricCommand::Kid(arguments) => kid::kid(arguments),
        MetricCommand::Prdc(arguments) => prdc::prdc(arguments),
        MetricCommand::Is(arguments) => is::is(arguments),
        MetricCommand::Accuracy(arguments) => accuracy::accuracy(arguments),
        MetricCommand::Lpips(arguments) => lpips::lpips(arguments),
        MetricCommand::Psnr(arguments) => pixels::psnr(arguments),
        MetricCommand::Ssim(arguments) => pixels::ssim(arguments),
        MetricCommand::Clip(arguments) => clip::clip(arguments),
    }
}
