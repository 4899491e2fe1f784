//! The card of a column: a metric that the user brings, and the file that its values come from.

use super::read::BrokenRule;
use super::{CardError, parse_toml};
use crate::record::{OwnMetric, Per, Unit};
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};

/// Which values are better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Better {
    /// The larger ones.
    Higher,
    /// The smaller ones.
    Lower,
}

/// A metric that the user brings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnCard {
    /// What the metric is called in scores and on the command line.
    pub id: String,
    /// Name in tables; the id where there is none.
    #[serde(default)]
    pub name: Option<String>,
    /// Which values are better.
    pub better: Better,
    /// `percent`, `distance`, `cosine`, `decibel`, `score`, or any word of the user's.
    #[serde(default = "score")]
    pub unit: String,
    /// The table with the values: CSV, JSON lines or Parquet; beside the card where it is no whole path.
    pub file: PathBuf,
    /// Name of the values in the table; the only one that is no key where there is none.
    #[serde(default)]
    pub column: Option<String>,
    /// Digits after the point; those of the unit where nothing is said.
    #[serde(default)]
    pub decimals: Option<usize>,
    /// The smallest value there can be.
    #[serde(default)]
    pub minimum: Option<f64>,
    /// The largest value there can be.
    #[serde(default)]
    pub maximum: Option<f64>,
    /// Version of the definition; scores of different versions do not share a column.
    #[serde(default = "first")]
    pub version: u32,
}

fn score() -> String {
    Unit::Score.name().to_owned()
}

fn first() -> u32 {
    1
}

/// Longest id, name or unit, in bytes.
const LONGEST: usize = 60;

/// Most digits after the point.
const MOST_DECIMALS: usize = 9;

impl ColumnCard {
    /// Reads a card; its file is looked for beside it.
    ///
    /// # Errors
    /// A card that cannot be read, or breaks a rule.
    pub fn read(path: &Path) -> Result<Self, CardError> {
        let text = fs::read_to_string(path).map_err(|source| CardError::Read {
            path: path.to_path_buf(),
            source,
        })?;
        let shown = path.display().to_string();
        let mut card: Self = parse_toml(&shown, &text)?;
        card.check(&shown)?;
        if let Some(folder) = path.parent() {
            card.file = folder.join(&card.file);
        }
        Ok(card)
    }

    /// Refuses a card that breaks a rule; `from` is only for messages.
    ///
    /// # Errors
    /// [`CardError::Invalid`].
    pub fn check(&self, from: &str) -> Result<(), CardError> {
        match self.broken_rule() {
            None => Ok(()),
            Some((rule, found)) => Err(CardError::Invalid {
                path: from.to_owned(),
                rule,
                found,
            }),
        }
    }

    fn broken_rule(&self) -> Option<BrokenRule> {
        if !is_metric_id(&self.id) {
            let rule = "the id of a metric is of small letters, digits and `_`, begins with a letter, does not end with `_gt`, is not `all` and has at most 60 bytes";
            return Some((rule, self.id.chars().take(LONGEST).collect()));
        }
        let texts = [self.name.as_ref(), Some(&self.unit)].into_iter().flatten();
        for text in texts {
            if text.trim().is_empty() || text.len() > LONGEST || text.contains(char::is_control) {
                let rule = "a name or unit has 1 to 60 bytes on one line";
                return Some((
                    rule,
                    format!("{:?}", text.chars().take(LONGEST).collect::<String>()),
                ));
            }
        }
        if self.decimals > Some(MOST_DECIMALS) {
            return Some((
                "there are at most 9 digits after the point",
                format!("{:?}", self.decimals),
            ));
        }
        let [low, high] = self.ends();
        let finite = |end: Option<f64>| end.is_none_or(f64::is_finite);
        if !finite(self.minimum) || !finite(self.maximum) || low >= high {
            return Some((
                "the minimum is a number below the maximum",
                format!("{low} to {high}"),
            ));
        }
        if low.is_infinite() && high.is_finite() {
            return Some(("a maximum has a minimum beside it", high.to_string()));
        }
        None
    }

    /// The smallest and the largest value: as the card says, or as the unit has it.
    #[must_use]
    pub fn ends(&self) -> [f64; 2] {
        let [low, high] = match Unit::named(&self.unit) {
            Some(Unit::Percent) => [0.0, 100.0],
            Some(Unit::Cosine) => [-1.0, 1.0],
            Some(Unit::Distance) => [0.0, f64::INFINITY],
            Some(Unit::Decibel | Unit::Score) | None => [f64::NEG_INFINITY, f64::INFINITY],
        };
        [self.minimum.unwrap_or(low), self.maximum.unwrap_or(high)]
    }

    /// What tables say of it, of values that are `per` this.
    #[must_use]
    pub fn about(&self, per: Per) -> OwnMetric {
        let unit = Unit::named(&self.unit).unwrap_or(Unit::Score);
        OwnMetric {
            name: self.name.clone().unwrap_or_else(|| self.id.clone()),
            unit: self.unit.clone(),
            decimals: self.decimals.unwrap_or_else(|| unit.decimals()),
            per,
        }
    }
}

/// Whether a text can be the id of a metric that the user brings. It names a file too.
#[must_use]
pub fn is_metric_id(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    text.len() <= LONGEST
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(plain)
        && !text.ends_with("_gt")
        && text != "all"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card(extra: &str) -> Result<ColumnCard, CardError> {
        let text = format!("id = \"taste\"\nbetter = \"higher\"\nfile = \"t.csv\"\n{extra}");
        let card: ColumnCard = parse_toml("t.toml", &text)?;
        card.check("t.toml").map(|()| card)
    }

    #[test]
    fn a_card_says_what_its_unit_leaves_open() {
        let taste = card("").unwrap();
        assert!(taste.ends().iter().all(|end| end.is_infinite()));
        assert_eq!(taste.about(Per::Frame).name, "taste");
        let share = card("unit = \"percent\"\nname = \"Taste\"").unwrap();
        assert_eq!(
            (share.ends(), share.about(Per::Run).decimals),
            ([0.0, 100.0], 1)
        );
        let points =
            card("unit = \"points\"\nminimum = 1.0\nmaximum = 10.0\ndecimals = 2").unwrap();
        assert_eq!(
            (points.ends(), points.about(Per::Story).decimals),
            ([1.0, 10.0], 2)
        );
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for wrong in [
            "maximum = 1.0",
            "minimum = 2.0\nmaximum = 1.0",
            "minimum = nan",
            "unit = \"\"",
            "decimals = 10",
            "colour = 1",
        ] {
            assert!(card(wrong).is_err(), "{wrong}");
        }
        for id in ["", "Taste", "../taste", "taste_gt", "all", "1st", "a-b"] {
            assert!(!is_metric_id(id), "{id}");
        }
    }
}
