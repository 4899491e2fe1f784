//! PSNR and SSIM of images in pairs.

use super::images::{Doubts, broken, items};
use super::interval::Groups;
use super::{Answer, Host, Measure, MeasureError, PairRequest, Unscored, Warning};
use crate::card::{PixelRule, PsnrVariant, SsimVariant};
use crate::evaluator::{EvaluatorError, Pixels};
use crate::format::ImagePair;
use crate::metric::{SquaredError, ordered_mean};
use crate::record::Signature;
use crate::stats::bootstrap;
use crate::vision::read_any_image;
use image::RgbImage;
use rayon::prelude::*;

/// Asks for the peak signal-to-noise ratio.
pub type PsnrRequest = PairRequest<PsnrVariant>;
/// Asks for the structural similarity.
pub type SsimRequest = PairRequest<SsimVariant>;

impl Measure for PsnrRequest {
    fn measure(&self, _: &dyn Host) -> Result<Answer, MeasureError> {
        let network = self.network(SsimVariant::ScikitImage);
        let (pairs, errors, warnings) =
            self.compared(&network, |_, pair| Ok(SquaredError::of(pair)))?;
        let n = errors.len();
        let of_pair: Vec<f64> = errors.iter().filter_map(SquaredError::psnr).collect();
        let equal = of_pair.iter().filter(|value| value.is_infinite()).count();
        let groups = self.groups(&pairs)?;
        let mut answer = Answer::of("psnr", of_pair.len());
        match self.of {
            PsnrVariant::ScikitImage if equal > 0 => {}
            PsnrVariant::ScikitImage => {
                answer.value = ordered_mean(&of_pair);
                answer.interval = self.interval.of_mean(&of_pair, &groups);
            }
            PsnrVariant::Torchmetrics => {
                answer.value = ratio_of_all(errors.iter().map(|error| (1.0, error)));
                if groups.count > 1 && answer.value.is_some() {
                    answer.interval = self.interval_of_all(&errors, &groups);
                }
            }
        }
        if answer.value.is_none() {
            let same = errors.iter().position(|error| error.sum == 0.0);
            let first = same.and_then(|at| pairs.get(at));
            answer = answer.without(Unscored::Infinite {
                equal,
                pairs: n,
                first: first.map_or(String::new(), |pair| pair.name.clone()),
            });
        }
        answer.items = Some(items(&pairs, &of_pair));
        answer.warnings = warnings;
        Ok(self.signed(answer, &network, &groups))
    }
}

impl PsnrRequest {
    fn interval_of_all(&self, errors: &[SquaredError], groups: &Groups) -> Option<[f64; 2]> {
        let resampled = bootstrap(groups.count, self.interval.resampling, |times| {
            let times = groups.numbers.iter().map(|group| f64::from(times[*group]));
            ratio_of_all(times.zip(errors))
        });
        resampled.interval(0.95)
    }
}

impl Measure for SsimRequest {
    fn measure(&self, _: &dyn Host) -> Result<Answer, MeasureError> {
        let network = self.network(self.of);
        let (pairs, values, warnings) =
            self.compared(&network, |at, pair| network.similarity(at, pair))?;
        let groups = self.groups(&pairs)?;
        let mut answer = Answer::of("ssim", values.len());
        answer.value = ordered_mean(&values);
        answer.interval = self.interval.of_mean(&values, &groups);
        answer.items = Some(items(&pairs, &values));
        answer.warnings = warnings;
        Ok(self.signed(answer, &network, &groups))
    }
}

/// The one ratio of all pairs, each so many times; none where all are equal.
fn ratio_of_all<'a>(errors: impl Iterator<Item = (f64, &'a SquaredError)>) -> Option<f64> {
    let mut total = SquaredError::default();
    for (times, error) in errors {
        total.add_times(error, times);
    }
    total.psnr().filter(|psnr| psnr.is_finite())
}

/// Pairs, what was found of each, and what is doubtful about their images.
type Compared<T> = (Vec<ImagePair>, Vec<T>, Vec<Warning>);

/// What was found of every pair; where images cannot be read, the error names all of them.
fn all_or_broken<T>(
    found: Vec<Result<T, MeasureError>>,
    pairs: &[ImagePair],
) -> Result<Vec<T>, MeasureError> {
    let all: Result<Vec<T>, MeasureError> = found.into_iter().collect();
    all.map_err(|error| match error {
        MeasureError::Vision(error) => {
            broken(pairs.iter().flat_map(|pair| &pair.paths).collect(), error)
        }
        other => other,
    })
}

impl<V: Copy + Into<&'static str> + Sync> PairRequest<V> {
    fn network(&self, ssim: SsimVariant) -> Pixels {
        let rule = PixelRule {
            resize: self.resize,
            psnr: PsnrVariant::ScikitImage,
            ssim,
        };
        Pixels::new(&rule, self.pillow)
    }

    /// What `find` finds of every pair, on all cores.
    fn compared<T: Send>(
        &self,
        network: &Pixels,
        find: impl Fn(usize, [&RgbImage; 2]) -> Result<T, EvaluatorError> + Sync,
    ) -> Result<Compared<T>, MeasureError> {
        let pairs = self.images.list()?;
        let found = pairs.par_iter().enumerate().map(|(at, pair)| {
            let [first, second] = pair.paths.each_ref().map(|path| read_any_image(path));
            let sources = [first?, second?];
            let mut doubts = [Doubts::default(); 2];
            for (doubts, source) in doubts.iter_mut().zip(&sources) {
                doubts.see(source);
            }
            let [first, second] = sources.each_ref().map(|source| &source.image);
            let differ = first.dimensions() != second.dimensions();
            let [first, second] = network.sized(at, first, second)?;
            let found = find(at, [&*first, &*second]).map_err(|error| match error {
                EvaluatorError::Ssim { source, .. } => MeasureError::Ssim {
                    paths: pair.paths.clone(),
                    source,
                },
                other => other.into(),
            })?;
            Ok((found, doubts, differ))
        });
        // As a list: of several errors, the one of the first pair is returned.
        let found: Vec<Result<_, MeasureError>> = found.collect();
        let found: Vec<(T, [Doubts; 2], bool)> = all_or_broken(found, &pairs)?;
        let (mut values, mut doubts, mut count) = (Vec::new(), [Doubts::default(); 2], 0);
        for (value, of_pair, differ) in found {
            values.push(value);
            count += usize::from(differ);
            for (all, these) in doubts.iter_mut().zip(of_pair) {
                all.add(these);
            }
        }
        let sides = doubts.into_iter().zip(&self.images.paths);
        let mut warnings: Vec<Warning> = sides
            .flat_map(|(doubts, path)| doubts.warnings(path))
            .collect();
        if count > 0 && self.resize.is_none() {
            warnings.push(Warning::Sizes { count });
        }
        Ok((pairs, values, warnings))
    }

    fn signed(&self, answer: Answer, network: &Pixels, groups: &Groups) -> Answer {
        let variant: &'static str = self.of.into();
        let parts = Signature::of(answer.metric)
            .with("pixels", network.preprocessing())
            .with("variant", variant);
        let (n, ci) = (answer.n, self.interval.name(groups));
        // Where every pair is equal, one ratio of all of them is infinite too.
        let some_differ = answer
            .items
            .iter()
            .flatten()
            .any(|item| item.value.is_finite());
        let hint = if some_differ {
            "compare images that differ, or take `--variant torchmetrics` for one ratio of all pairs"
        } else {
            "compare images that differ: those of every pair are equal"
        };
        answer.signed(parts, &ci, &[n]).hinted(hint)
    }
}
