//! What a rule demands of a score.

use crate::metric::GateRule;
use crate::record::Unit;
use serde::Deserialize;

/// How far a value may move without a question. The widest of the parts counts.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tolerance {
    /// In the unit of the score.
    pub absolute: Option<f64>,
    /// As a share of the baseline's value: 0.25 is a quarter of it.
    pub relative: Option<f64>,
    /// As many frames as may change their mind: for percentages, `100 / n` points each.
    pub frames: Option<f64>,
}

impl Tolerance {
    /// Whether any part is given.
    #[must_use]
    pub fn is_given(&self) -> bool {
        self.absolute.is_some() || self.relative.is_some() || self.frames.is_some()
    }

    /// Half the width of the window around a baseline's `value` on `n` frames. `None` where frames are not a
    /// unit of the score.
    #[must_use]
    pub fn around(&self, value: f64, n: usize, unit: Unit) -> Option<f64> {
        let frames = match self.frames {
            Some(_) if unit != Unit::Percent || n == 0 => return None,
            frames => frames.unwrap_or(0.0) * 100.0 / n.max(1) as f64,
        };
        let relative = self.relative.unwrap_or(0.0) * value.abs();
        Some(frames.max(relative).max(self.absolute.unwrap_or(0.0)))
    }
}

/// How many of the planned frames must have been scored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Coverage {
    /// All.
    Complete,
    /// As many as in the baseline, which is made of complete runs. Some metrics never take all: a frame without
    /// a character has no likeness of characters.
    #[default]
    Baseline,
    /// Any.
    Any,
}

/// Whether a score must have been computed as the baseline's was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SignatureRule {
    /// Every part of the signature is the same.
    #[default]
    Same,
    /// Values are compared whatever the signature says; data and stories must be the same all
    /// the same.
    Any,
}

/// What a rule demands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Check {
    /// How far a value may move without a question.
    pub tolerance: Tolerance,
    /// Beyond the tolerance, a value fails only if chance does not explain the difference.
    pub statistical: bool,
    /// A value beyond the tolerance on the good side fails as well.
    pub two_sided: bool,
    /// Least value, in the unit of the score.
    pub min: Option<f64>,
    /// Largest value.
    pub max: Option<f64>,
    /// How many frames must have been scored.
    pub coverage: Coverage,
    /// How the score must have been computed.
    pub signature: SignatureRule,
}

impl Check {
    /// As a metric's row has it: what chance does not explain fails.
    pub(super) fn by_chance(rule: GateRule) -> Self {
        Self {
            tolerance: Tolerance::default(),
            statistical: true,
            two_sided: rule.two_sided,
            min: None,
            max: None,
            coverage: Coverage::default(),
            signature: SignatureRule::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_widest_part_of_a_tolerance_counts() {
        let tolerance = Tolerance {
            absolute: Some(0.05),
            relative: Some(0.25),
            frames: None,
        };
        assert_eq!(tolerance.around(16.0, 100, Unit::Distance), Some(4.0));
        assert_eq!(tolerance.around(0.1, 100, Unit::Distance), Some(0.05));
        let frames = Tolerance {
            frames: Some(4.0),
            ..Tolerance::default()
        };
        assert_eq!(frames.around(90.0, 50, Unit::Percent), Some(8.0));
        assert_eq!(frames.around(0.7, 50, Unit::Cosine), None);
    }
}
