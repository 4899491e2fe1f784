//! `storyeval model verify --dataset`: a bundle's classifiers on real frames.

use crate::cli::common::DeviceArguments;
use crate::cli::data::DataArguments;
use crate::cli::failure::Failure;
use crate::cli::talk::Screen;
use clap::Args;
use std::fmt::Write as _;
use std::num::NonZeroUsize;
use storyeval::inference::{Bundle, Runtime};
use storyeval::pipeline::{PipelineError, RehearsalRequest, Rehearsed, rehearse};

#[derive(Clone, Debug, Args)]
pub(crate) struct RehearseArguments {
    /// Run the classifiers on the real frames of this data set too: an id of `storyeval ls datasets`, or a card's path
    #[arg(long, short)]
    dataset: Option<String>,
    #[command(flatten)]
    data: DataArguments,
    /// Stories to take frames of [default: all of the split]
    #[arg(long, value_name = "N", requires = "dataset")]
    limit: Option<NonZeroUsize>,
}

/// How the classifiers did; `None` where no data set is named.
pub(crate) fn rehearsed(
    arguments: &RehearseArguments,
    device: &DeviceArguments,
    runtime: &Runtime,
    bundle: &Bundle,
) -> Result<Option<Vec<Rehearsed>>, Failure> {
    let Some(dataset) = &arguments.dataset else {
        return Ok(None);
    };
    let request = RehearsalRequest {
        dataset,
        data: arguments.data.request(),
        limit: arguments.limit.map(NonZeroUsize::get),
        cache: &device.cache.folder(),
    };
    let screen = Screen::new();
    Ok(Some(rehearse(runtime, bundle, &request, screen.control())?))
}

/// The scores, beside those of a constant answer.
pub(crate) fn text(tried: &[Rehearsed]) -> String {
    let mut text = String::new();
    for one in tried {
        let _ = writeln!(text, "{} on {} real frames", one.graph, one.frames);
        let f1 = one
            .f1
            .map_or_else(|| "–".to_owned(), |f1| format!("{f1:.1}"));
        let rows = [
            (
                one.names[0],
                format!("{:.1}", one.accuracy),
                one.constant_accuracy,
            ),
            (one.names[1], f1, one.constant_f1),
        ];
        for (name, value, constant) in rows {
            let _ = writeln!(
                text,
                "  {name:<8} {value:>5}   (the best constant answer: {constant:.1})"
            );
        }
        if one.near_chance {
            let _ = writeln!(text, "  warning: {} is near chance", one.names[1]);
        }
        for cause in &one.causes {
            let _ = writeln!(text, "  hint: {cause}");
        }
    }
    text
}

/// An error where a classifier is near chance.
pub(crate) fn near_chance(bundle: &Bundle, tried: &[Rehearsed]) -> Result<(), Failure> {
    let near = tried.iter().filter(|one| one.near_chance);
    let graphs: Vec<&str> = near.map(|one| one.graph).collect();
    if graphs.is_empty() {
        return Ok(());
    }
    Err(PipelineError::NearChance {
        bundle: bundle.dir().to_owned(),
        graphs: graphs.join(", "),
    }
    .into())
}
