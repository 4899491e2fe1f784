//! What a standalone metric prints: a line for people, or the JSON contract.

use crate::cli::Outcome;
use crate::cli::failure::Failure;
pub(crate) use crate::cli::format::Format;
use crate::cli::talk::{print, print_json, say};
use serde::Serialize;
use serde_json::{Map, Value};
use storyeval::record::Signature;

/// One number and everything a reader needs to believe it. Field names are a public contract.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Answer {
    /// Metric id: `fid`, `kid`, `bleu`, ...
    pub(crate) metric: String,
    /// The value; `null` with a reason in `unscored` where it is not defined.
    pub(crate) value: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) unscored: Option<String>,
    /// 95 % interval, low then high.
    pub(crate) interval: Option<[f64; 2]>,
    /// Items that entered the value; `null` where a file of statistics does not say.
    pub(crate) n: Option<usize>,
    /// How it was computed.
    pub(crate) signature: String,
    /// Further numbers of the same metric, for example `bleu1`..`bleu4`.
    #[serde(flatten)]
    pub(crate) more: Map<String, Value>,
    /// One entry per item, where a value per item exists: `{"id": ..., "value": ...}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) items: Option<Vec<Value>>,
    /// Things a reader must know.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) warnings: Vec<String>,
}

/// Raised when the meaning of a standalone metric's number, or of a part of its signature, changes.
const VERSION: u32 = 2;

/// A signature: the metric's own parts, how the interval came about, the numbers of items (`?` where a file of
/// statistics does not say), and the version.
pub(crate) fn signed(parts: Signature, ci: &str, n: &[Option<usize>]) -> String {
    let known = |n: &Option<usize>| n.map_or_else(|| "?".to_owned(), |n| n.to_string());
    let counts: Vec<String> = n.iter().map(known).collect();
    parts.end(ci, counts.join(","), VERSION)
}

impl Answer {
    /// Prints to stdout. Warnings of the text form go to stderr.
    pub(crate) fn print(&self, format: Format) -> Outcome {
        match format {
            Format::Json => print_json(self),
            Format::Text => {
                for warning in &self.warnings {
                    say(&format!("warning: {warning}"));
                }
                print(&self.text())
            }
        }
    }

    /// Prints, and fails with the reason where there is no value, so that a script notices.
    pub(crate) fn finish(&self, format: Format, hint: &str) -> Outcome {
        self.print(format)?;
        self.scored(hint)
    }

    /// Fails with the reason where there is no value.
    pub(crate) fn scored(&self, hint: &str) -> Outcome {
        match &self.unscored {
            None => Ok(()),
            Some(reason) => Err(Failure::Unscored {
                metric: self.metric.clone(),
                reason: reason.clone(),
                hint: hint.to_owned(),
            }),
        }
    }

    /// The same less the warnings that were said already.
    pub(crate) fn without(mut self, said: &[String]) -> Self {
        self.warnings.retain(|warning| !said.contains(warning));
        self
    }

    fn text(&self) -> String {
        use std::fmt::Write;
        let mut text = match (self.value, &self.unscored) {
            (Some(value), _) => format!("{}: {value:.6}", self.metric),
            (None, reason) => format!(
                "{}: not scored ({})",
                self.metric,
                reason.as_deref().unwrap_or("no reason given")
            ),
        };
        if let Some([low, high]) = self.interval {
            let _ = write!(text, "  95 % interval [{low:.6}, {high:.6}]");
        }
        match self.n {
            Some(n) => {
                let _ = write!(text, "  n = {n}");
            }
            None => text.push_str("  n unknown"),
        }
        for (name, value) in &self.more {
            let _ = write!(text, "\n  {name}: {value}");
        }
        let _ = writeln!(text, "\n  {}", self.signature);
        text
    }
}
