//! `storyeval metric psnr` and `storyeval metric ssim`.

use super::answer::{Answer, Format, signed};
use super::interval::IntervalArguments;
use super::pillow::PillowArguments;
use crate::cli::Outcome;
use crate::cli::failure::Failure;
use clap::Args;
use rayon::prelude::*;
use serde_json::json;
use std::path::PathBuf;
use storyeval::card::{PixelRule, PsnrVariant, SsimVariant};
use storyeval::evaluator::Pixels;
use storyeval::format::{ImagePair, image_pairs};
use storyeval::metric::{SquaredError, ordered_mean};
use storyeval::record::Signature;
use storyeval::stats::bootstrap;
use storyeval::vision::read_image;

#[derive(Clone, Debug, Args)]
pub(crate) struct PairArguments {
    /// An image, or a folder of images
    first: PathBuf,
    /// The other image, or a folder with images of the same names; an image of another size is brought to its size
    second: PathBuf,
    /// Bring both images to a square of so many pixels by Pillow's bicubic filter
    #[arg(long, value_name = "PIXELS", value_parser = clap::value_parser!(u32).range(1..=8192))]
    resize: Option<u32>,
    #[command(flatten)]
    pillow: PillowArguments,
    #[command(flatten)]
    interval: IntervalArguments,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct PsnrArguments {
    #[command(flatten)]
    pairs: PairArguments,
    /// Whose definition
    #[arg(long, value_enum, default_value_t = PsnrVariant::ScikitImage)]
    variant: PsnrVariant,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct SsimArguments {
    #[command(flatten)]
    pairs: PairArguments,
    /// Whose definition
    #[arg(long, value_enum, default_value_t = SsimVariant::ScikitImage)]
    variant: SsimVariant,
}

/// Peak signal-to-noise ratio of images of the same name.
pub(crate) fn psnr(arguments: &PsnrArguments) -> Outcome {
    let pairs = &arguments.pairs;
    let compared = pairs.compare(None)?;
    let n = compared.errors.len();
    let of_pair: Vec<f64> = compared
        .errors
        .iter()
        .filter_map(SquaredError::psnr)
        .collect();
    let equal = of_pair.iter().filter(|value| value.is_infinite()).count();
    let groups = pairs.interval.groups(n)?;
    let total = |errors: &mut dyn Iterator<Item = (f64, &SquaredError)>| {
        let mut total = SquaredError::default();
        for (times, error) in errors {
            total.add_times(error, times);
        }
        total.psnr().filter(|psnr| psnr.is_finite())
    };
    let (value, interval) = match arguments.variant {
        PsnrVariant::ScikitImage if equal > 0 => (None, None),
        PsnrVariant::ScikitImage => (
            ordered_mean(&of_pair),
            pairs.interval.of_mean(&of_pair, &groups),
        ),
        PsnrVariant::Torchmetrics => {
            let value = total(&mut compared.errors.iter().map(|error| (1.0, error)));
            let interval = (groups.count > 1 && value.is_some()).then(|| {
                let resampled = bootstrap(groups.count, pairs.interval.plan(), |times| {
                    let times = groups.numbers.iter().map(|group| f64::from(times[*group]));
                    total(&mut times.zip(&compared.errors))
                });
                resampled.interval(0.95)
            });
            (value, interval.flatten())
        }
    };
    let answer = Answer {
        metric: "psnr".to_owned(),
        value,
        unscored: (value.is_none())
            .then(|| format!("PSNR is infinite: {equal} of {n} pairs are equal")),
        interval,
        ..compared.answer(&of_pair)
    };
    pairs.finish(answer, arguments.variant.into(), &groups)
}

/// Structural similarity of images of the same name.
pub(crate) fn ssim(arguments: &SsimArguments) -> Outcome {
    let pairs = &arguments.pairs;
    let compared = pairs.compare(Some(arguments.variant))?;
    let groups = pairs.interval.groups(compared.similarities.len())?;
    let answer = Answer {
        metric: "ssim".to_owned(),
        value: ordered_mean(&compared.similarities),
        interval: pairs.interval.of_mean(&compared.similarities, &groups),
        ..compared.answer(&compared.similarities)
    };
    pairs.finish(answer, arguments.variant.into(), &groups)
}

/// What was found of every pair.
struct Compared {
    pairs: Vec<ImagePair>,
    /// Empty where SSIM was asked for.
    errors: Vec<SquaredError>,
    /// Empty where PSNR was.
    similarities: Vec<f64>,
    pixels: String,
}

impl Compared {
    fn answer(&self, values: &[f64]) -> Answer {
        let items = self.pairs.iter().zip(values);
        let items = items.map(|(pair, value)| json!({"id": pair.name, "value": value}));
        Answer {
            n: Some(values.len()),
            items: Some(items.collect()),
            signature: self.pixels.clone(),
            ..Answer::default()
        }
    }
}

impl PairArguments {
    fn compare(&self, ssim: Option<SsimVariant>) -> Result<Compared, Failure> {
        let pairs = image_pairs(&self.first, &self.second)?;
        let rule = PixelRule {
            resize: self.resize,
            psnr: PsnrVariant::ScikitImage,
            ssim: ssim.unwrap_or(SsimVariant::ScikitImage),
        };
        let network = Pixels::new(&rule, self.pillow.order());
        let found = pairs
            .par_iter()
            .enumerate()
            .map(|(at, pair)| -> Result<_, Failure> {
                let [first, second] = pair.paths.each_ref().map(|path| read_image(path));
                let (first, second) = (first?.image, second?.image);
                let [first, second] = network.sized(at, &first, &second)?;
                let pair = [&*first, &*second];
                Ok(match ssim {
                    Some(_) => (None, Some(network.similarity(at, pair)?)),
                    None => (Some(SquaredError::of(pair)), None),
                })
            });
        // As a list: of several errors, the one of the first pair is returned.
        let found: Vec<Result<_, Failure>> = found.collect();
        let found = found.into_iter().collect::<Result<Vec<_>, _>>()?;
        let (errors, similarities): (Vec<_>, Vec<_>) = found.into_iter().unzip();
        Ok(Compared {
            pairs,
            errors: errors.into_iter().flatten().collect(),
            similarities: similarities.into_iter().flatten().collect(),
            pixels: network.preprocessing().to_owned(),
        })
    }

    /// Signs and prints.
    fn finish(
        &self,
        mut answer: Answer,
        variant: &'static str,
        groups: &super::interval::Groups,
    ) -> Outcome {
        let parts = Signature::of(&answer.metric)
            .with("pixels", &answer.signature)
            .with("variant", variant);
        answer.signature = signed(parts, &self.interval.name(groups), &[answer.n]);
        answer.finish(self.format, "compare images that differ, or take `--variant torchmetrics` for one ratio of all pairs")
    }
}
