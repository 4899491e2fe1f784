//! Errors of this room.

use crate::record::{FaultKind, Hint};

/// What can go wrong when tables and sheets are made.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// Two runs computed a metric in different ways.
    #[error(
        "`{metric}` of run `{first}` and of run `{second}` are not comparable: {}",
        differences.join("; ")
    )]
    Incomparable {
        /// The metric.
        metric: String,
        /// Run whose score came first.
        first: String,
        /// Run whose score differs.
        second: String,
        /// The parts that differ, as `key: first / second`.
        differences: Vec<String>,
    },
    /// There is no run to show.
    #[error("no run was given")]
    NoRuns,
    /// Two runs hold the same metric of the same slice more than once.
    #[error("run `{run}` has two scores `{metric}` on slice `{slice}`")]
    DuplicateScore {
        /// The run.
        run: String,
        /// The metric.
        metric: String,
        /// The slice.
        slice: String,
    },
    /// A column or slice was asked for that no run has.
    #[error("no run has the {kind} `{name}`")]
    Unknown {
        /// `metric` or `slice`.
        kind: &'static str,
        /// What was asked for.
        name: String,
        /// What the runs have.
        known: Vec<String>,
    },
    /// Not every row got a name.
    #[error("{labels} labels for {runs} runs")]
    Labels {
        /// Labels given.
        labels: usize,
        /// Runs given.
        runs: usize,
    },
    /// A table could not be written as CSV.
    #[error("failed to write the table as CSV")]
    Csv(#[source] csv::Error),
    /// A table could not be written as JSON.
    #[error("failed to write the table as JSON")]
    Json(#[from] serde_json::Error),
    /// An image of a sheet could not be resized.
    #[error("could not place an image of story {story} on the sheet")]
    Image {
        /// The story.
        story: String,
        /// What was wrong with it.
        source: crate::vision::VisionError,
    },
}

impl ReportError {
    pub(super) fn unknown(kind: &'static str, name: &str, known: Vec<String>) -> Self {
        Self::Unknown {
            kind,
            name: name.to_owned(),
            known,
        }
    }
}

impl Hint for ReportError {
    fn fault_kind(&self) -> FaultKind {
        match self {
            Self::Incomparable { .. } => FaultKind::Incomparable,
            Self::NoRuns | Self::Unknown { .. } | Self::Labels { .. } => FaultKind::Usage,
            Self::DuplicateScore { .. } => FaultKind::DataVerification,
            Self::Csv(_) | Self::Json(_) => FaultKind::Bug,
            Self::Image { source, .. } => source.fault_kind(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Incomparable { .. } => Some(
                "score both with one protocol, or show them together all the same with `--force-incomparable`".to_owned(),
            ),
            Self::Unknown { name, known, .. } => Some(known_names(name, known)),
            Self::Labels { .. } => Some("give `--label` once a run, in their order".to_owned()),
            Self::NoRuns => {
                Some("name one or more run folders: `storyeval table runs/NAME`".to_owned())
            }
            Self::DuplicateScore { run, .. } => {
                Some(format!("score the run again: `storyeval score {run}`"))
            }
            Self::Csv(_) | Self::Json(_) => None,
            Self::Image { source, .. } => source.hint(),
        }
    }
}

/// The nearest known name, or all of them.
fn known_names(name: &str, known: &[String]) -> String {
    if let Some(first) = name.strip_suffix('0').map(|start| format!("{start}1"))
        && known.contains(&first)
    {
        return format!("frames count from 1: the first is `{first}`");
    }
    let near = known
        .iter()
        .map(|other| (strsim::jaro_winkler(name, other), other))
        .max_by(|(a, _), (b, _)| a.total_cmp(b));
    match near {
        Some((likeness, other)) if likeness > 0.8 => format!("did you mean `{other}`?"),
        _ => format!("there are: {}", known.join(", ")),
    }
}
