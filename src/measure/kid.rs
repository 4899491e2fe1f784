//! Kernel distance between two sets of features.

use super::images::UNSEEN;
use super::matrix::both;
use super::preset::name_of;
use super::sets::{Features, origin};
use super::{Answer, FeatureSets, Host, Measure, MeasureError, Warning};
use crate::metric::{
    DrawOrder, Feature, KernelSpread, Kid, KidOptions, KidUnscored, kernel_spread, kid,
};
use crate::record::Signature;
use ndarray::ArrayView2;

/// How a signature names the interval of the estimate over all vectors.
const INTERVAL: &str = "item-jackknife-t";

/// Asks for the kernel distance.
#[derive(Clone, Debug, Default)]
pub struct KidRequest {
    /// The two sets.
    pub sets: FeatureSets,
    /// How subsets are drawn. In clean-fid's order a subset has at most as many vectors as there are.
    pub options: KidOptions,
    /// Compute the estimate over all vectors too, with an interval. It is the value where no subset fits.
    pub all: bool,
}

impl Measure for KidRequest {
    fn measure(&self, host: &dyn Host) -> Result<Answer, MeasureError> {
        if let Some([Some(n1), Some(n2)]) = self.sets.sizes()? {
            let plan = Plan::new(self, [n1, n2]);
            if let Some(fault) = plan.fault() {
                return Ok(plan.signed(plan.blank().without(fault), UNSEEN));
            }
        }
        Ok(self.of_features(&self.sets.features(host)?))
    }
}

impl KidRequest {
    /// The answer of sets that were read.
    pub(super) fn of_features(&self, [a, b]: &[Features; 2]) -> Answer {
        let plan = Plan::new(self, [a.numbers.dim().0, b.numbers.dim().0]);
        let mut answer = plan.blank();
        answer.warnings = [a.warnings.clone(), b.warnings.clone()].concat();
        match both!(&a.numbers, &b.numbers, |x, y| plan.compute(&x, &y)) {
            Err(reason) => answer = answer.without(reason),
            Ok((drawn, all)) => plan.fill(&mut answer, drawn.as_ref(), all.as_ref()),
        }
        plan.signed(answer, &origin(&a.origin, &b.origin))
    }
}

/// What is computed, and from how many.
struct Plan<'a> {
    request: &'a KidRequest,
    options: KidOptions,
    sizes: [usize; 2],
}

impl<'a> Plan<'a> {
    fn new(request: &'a KidRequest, sizes: [usize; 2]) -> Self {
        let mut options = request.options;
        if options.order == DrawOrder::SecondFirst {
            options.subset_size = options.subset_size.min(sizes[0]).min(sizes[1]);
        }
        Self {
            request,
            options,
            sizes,
        }
    }

    /// Why there is no value, as far as sizes say it. Where no subset fits, the estimate over all vectors does.
    fn fault(&self) -> Option<KidUnscored> {
        self.options.fit(self.sizes).err().filter(|fault| {
            !(self.request.all && matches!(fault, KidUnscored::SubsetTooLarge { .. }))
        })
    }

    fn has_subsets(&self) -> bool {
        self.options.fit(self.sizes).is_ok()
    }

    fn blank(&self) -> Answer {
        Answer::of_sets("kid", self.sizes.map(Some))
    }

    /// The mean over subsets where they fit, and the estimate over all vectors where it was asked for.
    fn compute<T: Feature>(
        &self,
        first: &ArrayView2<'_, T>,
        second: &ArrayView2<'_, T>,
    ) -> Result<(Option<Kid>, Option<KernelSpread>), KidUnscored> {
        let all = self.request.all;
        let drawn = if self.has_subsets() || !all {
            Some(kid(first, second, &self.options)?)
        } else {
            None
        };
        let spread = all.then(|| kernel_spread(first, second)).transpose()?;
        Ok((drawn, spread))
    }

    fn fill(&self, answer: &mut Answer, drawn: Option<&Kid>, all: Option<&KernelSpread>) {
        let interval = all.and_then(KernelSpread::interval);
        let of_all = all.map(|all| all.value).or(drawn.and_then(|it| it.all));
        answer.value = drawn.map(|it| it.mean).or(of_all);
        answer.detail("std", drawn.map(|it| it.std));
        answer.detail("all_vectors", of_all);
        if all.is_some() {
            answer.detail("all_vectors_interval", interval);
        }
        if drawn.is_none() {
            answer.interval = interval;
            answer.warnings.push(Warning::NoSubset {
                subset_size: self.options.subset_size,
                sizes: self.sizes,
            });
        }
        if all.is_some() && interval.is_none() {
            answer.warnings.push(Warning::NoIntervalOfAll);
        }
        if answer.value.is_some_and(|value| value < 0.0) {
            answer.warnings.push(Warning::BelowZero);
        }
    }

    fn signed(&self, answer: Answer, origin: &str) -> Answer {
        let options = &self.options;
        let parts = Signature::of("kid")
            .with("input", origin)
            .with("preset", name_of(&self.request.sets.network.preset))
            .with("kernel", "(x.y/d+1)^3");
        let parts = if self.has_subsets() || !self.request.all {
            let subsets = format!("{}x{}", options.subsets, options.subset_size);
            let parts = parts.with("subsets", subsets);
            let parts = parts.with("order", name_of(&options.order));
            parts.with("seed", options.seed)
        } else {
            parts.with("subsets", "all-vectors")
        };
        let ci = match answer.interval {
            Some(_) => INTERVAL,
            None => "none",
        };
        let fewest = self.sizes[0].min(self.sizes[1]);
        let subsets = if (2..options.subset_size).contains(&fewest) {
            format!(
                ". For these, `--all` gives the estimate over all vectors, and `--kid-subset-size {fewest}` is the most"
            )
        } else {
            String::new()
        };
        let answer = answer.signed(parts, ci, &self.sizes.map(Some));
        answer.hinted(format!(
            "give finite features of the same network, at least 2 in a set{subsets}"
        ))
    }
}
