//! `storyeval metric prdc`.

use super::answer::{Answer, Format, signed};
use super::interval::{Groups, IntervalArguments};
use super::source::{PairArguments, UNSEEN, both, origin};
use crate::cli::Outcome;
use crate::cli::numbers::count;
use clap::Args;
use serde_json::json;
use storyeval::metric::{GeneratedPlace, PrdcOptions, RealPlace, prdc as compute};
use storyeval::record::Signature;

#[derive(Clone, Debug, Args)]
pub(crate) struct PrdcArguments {
    #[command(flatten)]
    pair: PairArguments,
    /// Neighbours of all four values [default: 3 for precision and recall, 5 for density and coverage]
    #[arg(long, value_name = "K", value_parser = count)]
    nearest_k: Option<usize>,
    #[command(flatten)]
    interval: IntervalArguments,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Improved precision and recall, density and coverage. The value is the precision.
pub(crate) fn prdc(arguments: &PrdcArguments) -> Outcome {
    let options = arguments
        .nearest_k
        .map_or_else(PrdcOptions::default, |k| PrdcOptions {
            precision_k: k,
            density_k: k,
        });
    if let Some([Some(n1), Some(n2)]) = arguments.pair.sizes()? {
        arguments.interval.groups(n1)?;
        if let Err(reason) = options.fit([n1, n2]) {
            let mut answer = blank([n1, n2]);
            answer.unscored = Some(reason.to_string());
            return finish(answer, arguments, &options, [UNSEEN, "none"], [n1, n2]);
        }
    }
    let [a, b] = arguments.pair.features()?;
    let [n1, n2] = [a.numbers.dim().0, b.numbers.dim().0];
    let mut answer = blank([n1, n2]);
    answer.warnings = [a.warnings.clone(), b.warnings.clone()].concat();
    let mut ci = "none".to_owned();
    match both!(&a.numbers, &b.numbers, |x, y| compute(&x, &y, &options)) {
        Err(reason) => answer.unscored = Some(reason.to_string()),
        Ok(found) => {
            answer.value = Some(found.precision);
            let plan = &arguments.interval;
            // Groups are of the generated set; the reference's are taken from the same file when it is
            // as long.
            let generated = plan.groups(n1)?;
            let real = if n1 == n2 {
                generated.clone()
            } else {
                Groups::each(n2)
            };
            ci = plan.name(&generated);
            let k = options.density_k as f64;
            let of_generated = |value: &dyn Fn(&GeneratedPlace) -> f64| {
                let values: Vec<f64> = found.generated.iter().map(value).collect();
                plan.of_mean(&values, &generated)
            };
            let of_real = |value: &dyn Fn(&RealPlace) -> f64| {
                let values: Vec<f64> = found.real.iter().map(value).collect();
                plan.of_mean(&values, &real)
            };
            let flag = |flag: bool| f64::from(u8::from(flag));
            answer.interval = of_generated(&|place| flag(place.in_closed));
            let intervals = json!({
                "precision": answer.interval,
                "recall": of_real(&|place| flag(place.in_closed)),
                "density": of_generated(&|place| place.open as f64 / k),
                "coverage": of_real(&|place| flag(place.covered)),
            });
            for (name, value) in [
                ("precision", json!(found.precision)),
                ("recall", json!(found.recall)),
                ("density", json!(found.density)),
                ("coverage", json!(found.coverage)),
                ("f_score", json!(found.f_score())),
                ("open_precision", json!(found.open_precision)),
                ("open_recall", json!(found.open_recall)),
                ("intervals", intervals),
            ] {
                answer.more.insert(name.to_owned(), value);
            }
            if answer.interval.is_some() {
                answer.warnings.push(
                    "intervals resample who is counted, not the neighbourhoods they are counted in"
                        .to_owned(),
                );
            }
        }
    }
    let origin = origin(&a.origin, &b.origin);
    finish(answer, arguments, &options, [&origin, &ci], [n1, n2])
}

/// An answer that says only how many there are.
fn blank([n1, n2]: [usize; 2]) -> Answer {
    let mut answer = Answer {
        metric: "prdc".to_owned(),
        n: Some(n1),
        ..Answer::default()
    };
    answer.more.insert("n_generated".to_owned(), json!(n1));
    answer.more.insert("n_reference".to_owned(), json!(n2));
    answer
}

fn finish(
    mut answer: Answer,
    arguments: &PrdcArguments,
    options: &PrdcOptions,
    [origin, ci]: [&str; 2],
    [n1, n2]: [usize; 2],
) -> Outcome {
    let parts = Signature::of("prdc")
        .with("input", origin)
        .with("preset", arguments.pair.network.preset.name())
        .with(
            "k",
            format!("{},{}", options.precision_k, options.density_k),
        )
        .with("precision,recall", "closed")
        .with("density,coverage", "open");
    answer.signature = signed(parts, ci, &[Some(n1), Some(n2)]);
    let most = n1.min(n2).saturating_sub(1);
    let fewer = if most > 0 && most < options.precision_k.max(options.density_k) {
        format!("; for these, `--nearest-k {most}` is the most")
    } else {
        String::new()
    };
    let hint = format!(
        "give finite features of one network, with more images in each set than neighbours{fewer}"
    );
    answer.finish(arguments.format, &hint)
}
