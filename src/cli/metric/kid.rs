//! `storyeval metric kid`.

use super::answer::{Answer, Format, signed};
use super::source::{PairArguments, both, origin};
use crate::cli::Outcome;
use crate::cli::numbers::count;
use clap::{Args, ValueEnum};
use serde_json::json;
use storyeval::metric::{DrawOrder, KidOptions, kernel_distance, kid as compute};

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
    #[arg(long, default_value_t = 1000, value_parser = count)]
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
    /// Compute the estimate over all vectors too where it costs more than the subsets
    #[arg(long)]
    all: bool,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Kernel distance between two sets of features.
pub(crate) fn kid(arguments: &KidArguments) -> Outcome {
    let [a, b] = arguments.pair.features()?;
    let [n1, n2] = [a.numbers.dim().0, b.numbers.dim().0];
    let clean = arguments.order == Order::CleanFid;
    let size = arguments.kid_subset_size;
    let options = KidOptions {
        subsets: arguments.kid_subsets,
        subset_size: if clean { size.min(n1).min(n2) } else { size },
        seed: arguments.seed,
        order: if clean {
            DrawOrder::SecondFirst
        } else {
            DrawOrder::FirstSecond
        },
    };
    let mut answer = Answer {
        metric: "kid".to_owned(),
        n: Some(n1),
        warnings: [a.warnings.clone(), b.warnings.clone()].concat(),
        ..Answer::default()
    };
    answer.more.insert("n_generated".to_owned(), json!(n1));
    answer.more.insert("n_reference".to_owned(), json!(n2));
    let result = both!(&a.numbers, &b.numbers, |x, y| {
        compute(&x, &y, &options).and_then(|found| {
            let all = match found.all {
                None if arguments.all => Some(kernel_distance(&x, &y)?),
                all => all,
            };
            Ok((found, all))
        })
    });
    match result {
        Err(reason) => answer.unscored = Some(reason.to_string()),
        Ok((found, all)) => {
            answer.value = Some(found.mean);
            answer.more.insert("std".to_owned(), json!(found.std));
            answer.more.insert("all_vectors".to_owned(), json!(all));
            if found.mean < 0.0 {
                answer.warnings.push(
                    "below zero: the estimate is unbiased, so sets that are alike give values around zero"
                        .to_owned(),
                );
            }
        }
    }
    let parts = format!(
        "kid|{}|preset:{}|kernel:(x.y/d+1)^3|subsets:{}x{}|order:{}|seed:{}",
        origin(&a.origin, &b.origin),
        arguments.pair.network.preset.name(),
        options.subsets,
        options.subset_size,
        if clean { "clean-fid" } else { "torch-fidelity" },
        options.seed
    );
    answer.signature = signed(&parts, "none", &[Some(n1), Some(n2)]);
    let fewest = n1.min(n2);
    let subsets = if (2..options.subset_size).contains(&fewest) {
        format!(", and subsets that fit, for example `--kid-subset-size {fewest}`")
    } else {
        String::new()
    };
    let hint = format!("give finite features of the same network, at least 2 in a set{subsets}");
    answer.finish(arguments.format, &hint)
}
