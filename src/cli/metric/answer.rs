//! What a standalone metric prints: a line for people, or the JSON contract.

use crate::cli::Outcome;
use crate::cli::failure::Failure;
pub(crate) use crate::cli::format::Format;
use crate::cli::talk::{print, print_json, say};
use storyeval::measure::{Answer, Warning};

/// Prints, and fails with the reason where there is no value, so that a script notices.
pub(super) fn finish(answer: &Answer, format: Format) -> Outcome {
    match format {
        Format::Json => print_json(answer)?,
        Format::Text => print_text(answer, &[])?,
    }
    scored(answer)
}

/// Prints to stdout, and warnings that were not said already to stderr.
pub(super) fn print_text(answer: &Answer, said: &[Warning]) -> Outcome {
    let new = |warning: &&Warning| !said.contains(warning);
    warn(answer.warnings.iter().filter(new));
    print(&text(answer))
}

/// Says warnings.
pub(super) fn warn<'a>(warnings: impl IntoIterator<Item = &'a Warning>) {
    for warning in warnings {
        say(&format!("warning: {warning}"));
    }
}

/// Fails with the reason where there is no value.
pub(super) fn scored(answer: &Answer) -> Outcome {
    match &answer.unscored {
        None => Ok(()),
        Some(reason) => Err(Failure::Unscored {
            metric: answer.metric.to_owned(),
            reason: reason.to_string(),
            hint: answer.hint.clone(),
        }),
    }
}

fn text(answer: &Answer) -> String {
    use std::fmt::Write;
    let mut text = match (answer.value, &answer.unscored) {
        (Some(value), _) => format!("{}: {value:.6}", answer.metric),
        (None, Some(reason)) => format!("{}: not scored ({reason})", answer.metric),
        (None, None) => format!("{}: not scored (no reason given)", answer.metric),
    };
    if let Some([low, high]) = answer.interval {
        let _ = write!(text, "  95 % interval [{low:.6}, {high:.6}]");
    }
    match answer.n {
        Some(n) => {
            let _ = write!(text, "  n = {n}");
        }
        None => text.push_str("  n unknown"),
    }
    for (name, value) in &answer.details {
        let _ = write!(text, "\n  {name}: {value}");
    }
    let _ = writeln!(text, "\n  {}", answer.signature);
    text
}
