//! `storyeval metric clip`.

use super::answer::{Answer, Format};
use super::interval::IntervalArguments;
use super::source::both;
use crate::cli::Outcome;
use crate::cli::failure::Failure;
use clap::{Args, ValueEnum};
use serde_json::json;
use std::path::PathBuf;
use storyeval::exchange::{Numbers, read_npy};
use storyeval::metric::{
    clip_score, cosines, mean_of_batch_means, ref_clip_score, torchmetrics_clip_score,
};

/// Batch of the deleted `eval_clip.py` of StoryGPT-V.
const RELEASED_BATCH: usize = 64;

/// Which score.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum ScoreName {
    /// Mean cosine (CLIP-T, CLIP-I of story papers)
    #[default]
    Similarity,
    /// 2.5 max(cosine, 0), mean of pairs (Hessel et al. 2021)
    Clipscore,
    /// Harmonic mean of it with the best reference's cosine
    Refclipscore,
    /// 100 times the mean cosine, at least 0
    Torchmetrics,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct ClipArguments {
    /// Features of images, one row an image
    #[arg(long, visible_alias = "image-features", value_name = "A.npy")]
    #[arg(required_unless_present = "features")]
    images_features: Option<PathBuf>,
    /// Features of the caption of each image, one row an image
    #[arg(long, value_name = "B.npy", requires = "images_features")]
    #[arg(required_unless_present_any = ["features", "other_images_features"])]
    text_features: Option<PathBuf>,
    /// Features of other images, such as the ground truth, one row an image
    #[arg(long, value_name = "B.npy", conflicts_with = "text_features")]
    #[arg(requires = "images_features")]
    other_images_features: Option<PathBuf>,
    /// Any two files of features, compared row by row
    #[arg(long, num_args = 2, value_names = ["A.npy", "B.npy"])]
    #[arg(conflicts_with_all = ["images_features", "text_features", "other_images_features"])]
    features: Vec<PathBuf>,
    /// Features of reference captions, one row an image; may be given several times
    #[arg(long, value_name = "R.npy")]
    reference_features: Vec<PathBuf>,
    /// Which score
    #[arg(long, value_enum, default_value_t)]
    score: ScoreName,
    #[command(flatten)]
    interval: IntervalArguments,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Similarity of images with captions, or with images.
pub(crate) fn clip(arguments: &ClipArguments) -> Outcome {
    let (first, second, kind) = sets(arguments);
    let (a, b) = (read_npy(&first)?.numbers, read_npy(&second)?.numbers);
    let n = a.dim().0;
    let mut answer = Answer {
        metric: "clip".to_owned(),
        n,
        ..Answer::default()
    };
    let plan = &arguments.interval;
    let groups = plan.groups(n)?;
    let items = match both!(&a, &b, |x, y| cosines(&x, &y)) {
        Ok(found) if found.is_empty() => {
            answer.unscored = Some("there is no pair to compare".to_owned());
            None
        }
        Ok(found) => Some(found),
        Err(reason) => {
            answer.unscored = Some(reason.to_string());
            None
        }
    };
    if let Some(cosines) = items {
        score(arguments, &b, &cosines, &mut answer, |values| {
            plan.of_mean(values, &groups)
        })?;
        answer.more.insert(
            format!("mean_of_batch_means_{RELEASED_BATCH}"),
            json!(mean_of_batch_means(&cosines, RELEASED_BATCH)),
        );
    }
    answer.signature = format!(
        "clip|features|{kind}|score:{}|ci:{}",
        arguments
            .score
            .to_possible_value()
            .map_or_else(String::new, |value| value.get_name().to_owned()),
        plan.name(&groups)
    );
    answer.finish(
        arguments.format,
        "give two .npy files with the same number of rows, of the same network, without rows of zeros",
    )
}

fn sets(arguments: &ClipArguments) -> (PathBuf, PathBuf, &'static str) {
    if let [a, b] = arguments.features.as_slice() {
        return (a.clone(), b.clone(), "pairs");
    }
    // clap asks for them.
    let images = arguments.images_features.clone().unwrap_or_default();
    match (&arguments.text_features, &arguments.other_images_features) {
        (Some(texts), _) => (images, texts.clone(), "image-text"),
        (None, other) => (images, other.clone().unwrap_or_default(), "image-image"),
    }
}

fn score(
    arguments: &ClipArguments,
    texts: &Numbers,
    cosines: &[f64],
    answer: &mut Answer,
    interval: impl Fn(&[f64]) -> Option<[f64; 2]>,
) -> Outcome {
    let values: Vec<f64> = match arguments.score {
        ScoreName::Similarity | ScoreName::Torchmetrics => cosines.to_vec(),
        ScoreName::Clipscore => cosines.iter().map(|cosine| clip_score(*cosine)).collect(),
        ScoreName::Refclipscore => match with_references(arguments, texts, cosines)? {
            Ok(values) => values,
            Err(reason) => {
                answer.unscored = Some(reason);
                return Ok(());
            }
        },
    };
    if arguments.score == ScoreName::Torchmetrics {
        answer.value = torchmetrics_clip_score(&values);
        answer.interval = interval(&values).map(|ends| ends.map(|end| (100.0 * end).max(0.0)));
    } else {
        answer.value = Some(values.iter().sum::<f64>() / values.len() as f64);
        answer.interval = interval(&values);
    }
    answer.items = Some(
        values
            .iter()
            .enumerate()
            .map(|(id, value)| json!({"id": id, "value": value}))
            .collect(),
    );
    Ok(())
}

/// RefCLIPScore of each item, or why there is none.
fn with_references(
    arguments: &ClipArguments,
    texts: &Numbers,
    cosines: &[f64],
) -> Result<Result<Vec<f64>, String>, Failure> {
    let mut to_references = Vec::new();
    for path in &arguments.reference_features {
        let references = read_npy(path)?.numbers;
        match both!(texts, &references, |x, y| storyeval::metric::cosines(
            &x, &y
        )) {
            Ok(found) => to_references.push(found),
            Err(reason) => return Ok(Err(format!("{}: {reason}", path.display()))),
        }
    }
    let values: Option<Vec<f64>> = cosines
        .iter()
        .enumerate()
        .map(|(item, cosine)| {
            let references: Vec<f64> = to_references.iter().map(|found| found[item]).collect();
            ref_clip_score(*cosine, &references)
        })
        .collect();
    values.map(Ok).ok_or_else(|| Failure::Arguments {
        what: "RefCLIPScore needs references".to_owned(),
        hint: "give `--reference-features R.npy`, once for every reference of an image".to_owned(),
    })
}
