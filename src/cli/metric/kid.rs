//! `storyeval metric kid`.

use super::answer::{Answer, Format, signed};
use super::source::{PairArguments, UNSEEN, both, origin};
use crate::cli::Outcome;
use crate::cli::numbers::count;
use clap::{Args, ValueEnum};
use ndarray::ArrayView2;
use serde_json::json;
use storyeval::metric::{
    DrawOrder, Feature, KernelSpread, Kid, KidOptions, KidUnscored, kernel_spread, kid as kernel,
};
use storyeval::record::Signature;

/// How a signature names the interval of the estimate over all vectors.
const INTERVAL: &str = "item-jackknife-t";

/// Which set is drawn from first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Order {
    /// The first set, as torch-fidelity does
    #[default]
    TorchFidelity,
    /// The second set, as clean-fid does
    CleanFid,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct KidArguments {
    #[command(flatten)]
    pair: PairArguments,
    /// Vectors of a subset, drawn without replacement [clean-fid order: at most as many as there are]
    #[arg(long, visible_alias = "subset-size", default_value_t = 1000, value_parser = count)]
    kid_subset_size: usize,
    /// Number of subsets
    #[arg(long, default_value_t = 100, value_parser = count)]
    kid_subsets: usize,
    /// Seed of numpy's RandomState, which draws the subsets
    #[arg(long, default_value_t = 2020)]
    seed: u32,
    /// Which set is drawn from first
    #[arg(long, value_enum, default_value_t)]
    order: Order,
    /// Compute the estimate over all vectors too, with an interval. It is the value where there are too few
    /// vectors for a subset
    #[arg(long)]
    all: bool,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// What is computed, and from how many.
struct Plan<'a> {
    arguments: &'a KidArguments,
    options: KidOptions,
    sizes: [usize; 2],
}

impl<'a> Plan<'a> {
    fn new(arguments: &'a KidArguments, sizes: [usize; 2]) -> Self {
        let clean = arguments.order == Order::CleanFid;
        let size = arguments.kid_subset_size;
        let options = KidOptions {
            subsets: arguments.kid_subsets,
            subset_size: if clean {
                size.min(sizes[0]).min(sizes[1])
            } else {
                size
            },
            seed: arguments.seed,
            order: if clean {
                DrawOrder::SecondFirst
            } else {
                DrawOrder::FirstSecond
            },
        };
        Self {
            arguments,
            options,
            sizes,
        }
    }

    /// Why there is no value, as far as sizes say it. Where no subset fits, the estimate over all vectors does.
    fn fault(&self) -> Option<KidUnscored> {
        self.options.fit(self.sizes).err().filter(|fault| {
            !(self.arguments.all && matches!(fault, KidUnscored::SubsetTooLarge { .. }))
        })
    }

    fn has_subsets(&self) -> bool {
        self.options.fit(self.sizes).is_ok()
    }

    fn blank(&self) -> Answer {
        let [n1, n2] = self.sizes;
        let mut answer = Answer {
            metric: "kid".to_owned(),
            n: Some(n1),
            ..Answer::default()
        };
        answer.more.insert("n_generated".to_owned(), json!(n1));
        answer.more.insert("n_reference".to_owned(), json!(n2));
        answer
    }

    fn finish(&self, mut answer: Answer, origin: &str) -> Outcome {
        let (options, [n1, n2]) = (&self.options, self.sizes);
        let parts = Signature::of("kid")
            .with("input", origin)
            .with("preset", self.arguments.pair.network.preset.name())
            .with("kernel", "(x.y/d+1)^3");
        let parts = if self.has_subsets() || !self.arguments.all {
            let order = match options.order {
                DrawOrder::FirstSecond => "torch-fidelity",
                DrawOrder::SecondFirst => "clean-fid",
            };
            let subsets = format!("{}x{}", options.subsets, options.subset_size);
            let parts = parts.with("subsets", subsets).with("order", order);
            parts.with("seed", options.seed)
        } else {
            parts.with("subsets", "all-vectors")
        };
        let ci = match answer.interval {
            Some(_) => INTERVAL,
            None => "none",
        };
        answer.signature = signed(parts, ci, &[Some(n1), Some(n2)]);
        answer.finish(self.arguments.format, &self.hint())
    }

    fn hint(&self) -> String {
        let fewest = self.sizes[0].min(self.sizes[1]);
        let subsets = if (2..self.options.subset_size).contains(&fewest) {
            format!(
                ". For these, `--all` gives the estimate over all vectors, and `--subset-size {fewest}` is the most"
            )
        } else {
            String::new()
        };
        format!("give finite features of the same network, at least 2 in a set{subsets}")
    }
}

/// Kernel distance between two sets of features.
pub(crate) fn kid(arguments: &KidArguments) -> Outcome {
    if let Some([Some(n1), Some(n2)]) = arguments.pair.sizes()? {
        let plan = Plan::new(arguments, [n1, n2]);
        if let Some(fault) = plan.fault() {
            let mut answer = plan.blank();
            answer.unscored = Some(fault.to_string());
            return plan.finish(answer, UNSEEN);
        }
    }
    let [a, b] = arguments.pair.features()?;
    let plan = Plan::new(arguments, [a.numbers.dim().0, b.numbers.dim().0]);
    let mut answer = plan.blank();
    answer.warnings = [a.warnings.clone(), b.warnings.clone()].concat();
    let result = both!(&a.numbers, &b.numbers, |x, y| compute(&plan, &x, &y));
    match result {
        Err(reason) => answer.unscored = Some(reason.to_string()),
        Ok((drawn, all)) => fill(&mut answer, &plan, drawn.as_ref(), all.as_ref()),
    }
    plan.finish(answer, &origin(&a.origin, &b.origin))
}

/// The mean over subsets where they fit, and the estimate over all vectors where it was asked for.
fn compute<T: Feature>(
    plan: &Plan<'_>,
    first: &ArrayView2<'_, T>,
    second: &ArrayView2<'_, T>,
) -> Result<(Option<Kid>, Option<KernelSpread>), KidUnscored> {
    let all = plan.arguments.all;
    let drawn = if plan.has_subsets() || !all {
        Some(kernel(first, second, &plan.options)?)
    } else {
        None
    };
    let spread = all.then(|| kernel_spread(first, second)).transpose()?;
    Ok((drawn, spread))
}

fn fill(answer: &mut Answer, plan: &Plan<'_>, drawn: Option<&Kid>, all: Option<&KernelSpread>) {
    let interval = all.and_then(KernelSpread::interval);
    let of_all = all.map(|all| all.value).or(drawn.and_then(|it| it.all));
    answer.value = drawn.map(|it| it.mean).or(of_all);
    let mut more = |name: &str, value| answer.more.insert(name.to_owned(), value);
    more("std", json!(drawn.map(|it| it.std)));
    more("all_vectors", json!(of_all));
    if all.is_some() {
        more("all_vectors_interval", json!(interval));
    }
    if drawn.is_none() {
        answer.interval = interval;
        let [n1, n2] = plan.sizes;
        answer.warnings.push(format!(
            "no subset of {} fits {n1} and {n2} vectors: the value is the estimate over all of them",
            plan.options.subset_size
        ));
    }
    if all.is_some() && interval.is_none() {
        answer.warnings.push(
            "no interval of the estimate over all vectors: a jackknife needs at least 8 vectors in each set"
                .to_owned(),
        );
    }
    if answer.value.is_some_and(|value| value < 0.0) {
        answer.warnings.push(
            "below zero: the estimate is unbiased, so sets that are alike give values around zero"
                .to_owned(),
        );
    }
}
