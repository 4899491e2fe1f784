//! Perceptual distance between images in pairs.

use super::images::{Doubts, broken, items, origin_of};
use super::{Answer, Host, Measure, MeasureError, PairRequest, Warning};
use crate::evaluator::Lpips;
use crate::metric::ordered_mean;
use crate::record::Signature;
use crate::vision::{Resizer, read_any_image};

/// Pairs that are decoded together, at most.
const CHUNK: usize = 32;
/// Pixels of both images after which no further pair is decoded with them.
const CHUNK_PIXELS: u64 = 1 << 22;

/// Which network compares images, and how it gets them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LpipsNetwork {
    /// Its bundle: an id or a folder.
    pub bundle: String,
    /// How images are brought to one size.
    pub resizer: Resizer,
}

/// Asks for LPIPS.
pub type LpipsRequest = PairRequest<LpipsNetwork>;

impl Measure for LpipsRequest {
    fn measure(&self, host: &dyn Host) -> Result<Answer, MeasureError> {
        let pairs = self.images.list()?;
        let groups = self.groups(&pairs)?;
        let (bundle, runtime) = host.network(&self.of.bundle, "LPIPS")?;
        let mut network = Lpips::open(&runtime, &bundle)?
            .with_resizer(self.of.resizer)
            .with_pillow(self.pillow);
        let mut values = Vec::with_capacity(pairs.len());
        let (mut doubts, mut sizes_differ) = ([Doubts::default(); 2], 0);
        let (mut first, mut second, mut pixels) = (Vec::new(), Vec::new(), 0);
        for (at, pair) in pairs.iter().enumerate() {
            let [a, b] = pair.paths.each_ref().map(|path| read_any_image(path));
            let all = || pairs.iter().flat_map(|pair| &pair.paths).collect();
            let [a, b] = [a, b].map(|image| image.map_err(|error| broken(all(), error)));
            let (a, b) = (a?, b?);
            doubts[0].see(&a);
            doubts[1].see(&b);
            sizes_differ += usize::from(a.image.dimensions() != b.image.dimensions());
            for image in [&a.image, &b.image] {
                pixels += u64::from(image.width()) * u64::from(image.height());
            }
            first.push(a.image);
            second.push(b.image);
            if first.len() == CHUNK || pixels >= CHUNK_PIXELS || at + 1 == pairs.len() {
                let distances = network.distances(&first, &second, self.resize)?;
                values.extend(distances.into_iter().map(f64::from));
                (first, second, pixels) = (Vec::new(), Vec::new(), 0);
            }
        }
        let mut answer = Answer::of("lpips", values.len());
        for (doubts, path) in doubts.into_iter().zip(&self.images.paths) {
            answer.warnings.extend(doubts.warnings(path));
        }
        if sizes_differ > 0 && self.resize.is_none() {
            let count = sizes_differ;
            answer.warnings.push(Warning::Sizes { count });
        }
        answer.value = ordered_mean(&values);
        answer.interval = self.interval.of_mean(&values, &groups);
        answer.items = Some(items(&pairs, &values));
        let parts = Signature::of("lpips")
            .with("pixels", network.preprocessing(self.resize))
            .with("extractor", origin_of("lpips", &bundle))
            .with("avg", "mean");
        Ok(answer.signed(parts, &self.interval.name(&groups), &[Some(values.len())]))
    }
}
