//! One cell of a published table, as `reference-data/papers/*.csv` holds it.

use crate::record::Unit;
use serde::{Deserialize, Serialize};
use std::fmt;

/// One cell: its place, its text, and how it came about, as far as that is known.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublishedCell {
    /// The paper, for example `storygpt-v`.
    pub paper: String,
    /// Its version: `arxiv-v3`, `cvpr-supp`.
    pub version: String,
    /// Id of the table.
    pub table: String,
    /// Row, from 1, in the order of the paper.
    pub row: usize,
    /// Column, from 1, in the order of the paper.
    pub col: usize,
    /// The line over the full width above the row.
    pub group: String,
    /// Heading of the column, without its arrow.
    pub heading: String,
    /// Id of the model here; empty where the cell is not about a model.
    pub model: String,
    /// What distinguishes the row, in words.
    pub setting: String,
    /// Id of the data set here.
    pub dataset: String,
    /// Split of the data set; empty where the cell is not about one.
    pub split: String,
    /// The text that models read.
    pub text: Option<Text>,
    /// Which frames of a story are scored, the last one being the story's length.
    pub frames: Option<ScoredFrames>,
    /// Metric id; empty for cells that only name their row.
    pub metric: String,
    /// What is printed, to the letter.
    pub printed: String,
    /// The number in it, in `unit`; `None` where there is none.
    pub value: Option<f64>,
    /// Unit of `printed` and `value`.
    pub unit: PublishedUnit,
    /// Which values are better, as the paper's arrow says.
    pub direction: Option<Trend>,
    /// Id of the protocol here that does what the paper's evaluation does.
    pub protocol: String,
    /// How sure that is.
    pub confidence: Option<Confidence>,
    /// Side, in pixels, of the real frames that the paper compares with.
    pub reference_pixels: Option<u32>,
    /// Why no run can be compared with this cell, whatever it does.
    pub obstacle: String,
    /// What a reader must know about the cell.
    pub note: String,
}

/// The text that models read, as papers distinguish it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Text {
    /// Captions with names.
    Original,
    /// Captions with pronouns in place of names.
    Referential,
}

/// Unit of a published number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PublishedUnit {
    /// 0 to 100.
    Percent,
    /// 0 to 1, where others print percent.
    Fraction,
    /// A distance.
    Distance,
    /// A cosine, -1 to 1.
    Cosine,
    /// A score without unit, such as BLEU (0 to 1) or CIDEr (0 to 10).
    Score,
    /// Seconds.
    Seconds,
    /// Hours.
    Hours,
    /// Gigabytes.
    Gigabytes,
    /// Thousands of millions.
    Billions,
    /// How many.
    Count,
    /// A number of another kind.
    Number,
    /// Words.
    Text,
}

/// Which values are better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trend {
    /// Larger ones.
    Up,
    /// Smaller ones.
    Down,
}

/// How sure it is that the protocol is the paper's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    /// The paper or its authors say so.
    Stated,
    /// From the scripts that the authors released.
    Inferred,
    /// From what others did at the time.
    Guessed,
}

/// Positions of the frames that are scored, both included: `1-4`; `2-5` where the first frame is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ScoredFrames {
    /// The first one.
    pub first: usize,
    /// The last one, which is the length of the story.
    pub last: usize,
}

impl TryFrom<String> for ScoredFrames {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let ends = text.split_once('-');
        match ends.map(|(first, last)| (first.parse(), last.parse())) {
            Some((Ok(first), Ok(last))) if 0 < first && first <= last => Ok(Self { first, last }),
            _ => Err(format!("`{text}` is not FIRST-LAST, for example 1-4")),
        }
    }
}

impl From<ScoredFrames> for String {
    fn from(frames: ScoredFrames) -> Self {
        frames.to_string()
    }
}

impl fmt::Display for ScoredFrames {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}-{}", self.first, self.last)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Original => "original",
            Self::Referential => "referential",
        })
    }
}

impl fmt::Display for Confidence {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Stated => "stated by the authors",
            Self::Inferred => "inferred from the released scripts",
            Self::Guessed => "guessed",
        })
    }
}

impl PublishedCell {
    /// Whether the cell only names its row.
    #[must_use]
    pub fn is_name(&self) -> bool {
        self.metric.is_empty()
    }

    /// Digits after the point as printed.
    #[must_use]
    pub fn decimals(&self) -> usize {
        let number = self.printed.split_once('.').map_or("", |(_, rest)| rest);
        number.chars().take_while(char::is_ascii_digit).count()
    }

    /// The number and half a unit of its last printed digit, in `unit`; `None` where there is no number or
    /// the units measure different things.
    #[must_use]
    pub fn value_in(&self, unit: Unit) -> Option<(f64, f64)> {
        let factor = match (self.unit, unit) {
            (PublishedUnit::Percent, Unit::Percent)
            | (PublishedUnit::Fraction | PublishedUnit::Score, Unit::Score)
            | (PublishedUnit::Distance, Unit::Distance)
            | (PublishedUnit::Cosine, Unit::Cosine) => 1.0,
            (PublishedUnit::Fraction, Unit::Percent) => 100.0,
            (PublishedUnit::Percent, Unit::Score) => 0.01,
            _ => return None,
        };
        let half_digit = 0.5 * 0.1_f64.powi(self.decimals() as i32);
        Some((self.value? * factor, half_digit * factor))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A cell of Char-Acc on FlintstonesSV.
    pub(in crate::paper) fn cell() -> PublishedCell {
        PublishedCell {
            paper: "storygpt-v".to_owned(),
            version: "cvpr-supp".to_owned(),
            table: "t".to_owned(),
            row: 1,
            col: 2,
            group: String::new(),
            heading: "Char-Acc".to_owned(),
            model: "storygpt-v".to_owned(),
            setting: String::new(),
            dataset: "flintstones".to_owned(),
            split: "test".to_owned(),
            text: Some(Text::Referential),
            frames: Some(ScoredFrames { first: 1, last: 4 }),
            metric: "char_acc".to_owned(),
            printed: "88.45".to_owned(),
            value: Some(88.45),
            unit: PublishedUnit::Percent,
            direction: Some(Trend::Up),
            protocol: "storygptv-released".to_owned(),
            confidence: Some(Confidence::Inferred),
            reference_pixels: None,
            obstacle: String::new(),
            note: String::new(),
        }
    }

    #[test]
    fn units_are_converted_or_refused() {
        let with = |printed: &str, value, unit| PublishedCell {
            printed: printed.to_owned(),
            value: Some(value),
            unit,
            ..cell()
        };
        let close = |found: Option<(f64, f64)>, value: f64, half: f64| {
            let (v, h) = found.unwrap();
            assert!(
                (v - value).abs() < 1e-12 && (h - half).abs() < 1e-12,
                "{v} {h}"
            );
        };
        close(cell().value_in(Unit::Percent), 88.45, 0.005);
        let fraction = with("0.8845", 0.8845, PublishedUnit::Fraction);
        close(fraction.value_in(Unit::Percent), 88.45, 0.005);
        let bleu = with(".5070", 0.507, PublishedUnit::Score);
        close(bleu.value_in(Unit::Score), 0.507, 0.00005);
        assert_eq!(bleu.value_in(Unit::Percent), None);
        let percent = with("50.7", 50.7, PublishedUnit::Percent);
        close(percent.value_in(Unit::Score), 0.507, 0.0005);
        assert_eq!(cell().value_in(Unit::Distance), None);
        assert_eq!(
            with("7", 7.0, PublishedUnit::Count).value_in(Unit::Score),
            None
        );
    }

    #[test]
    fn digits_are_those_that_are_printed() {
        for (printed, decimals) in [("55.3", 1), ("0.889", 3), ("225.75 sec", 2), ("7", 0)] {
            let cell = PublishedCell {
                printed: printed.to_owned(),
                ..cell()
            };
            assert_eq!(cell.decimals(), decimals, "{printed}");
        }
    }

    #[test]
    fn frames_are_a_range() {
        let frames = |text: &str| ScoredFrames::try_from(text.to_owned());
        assert_eq!(frames("2-5").unwrap().to_string(), "2-5");
        for bad in ["", "4", "0-4", "5-2", "1-x"] {
            assert!(frames(bad).is_err(), "{bad}");
        }
    }
}
