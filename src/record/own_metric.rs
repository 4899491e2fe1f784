//! A metric that the user brings: what travels with its scores, since no program knows it.

use super::Unit;
use serde::{Deserialize, Serialize};

/// What a value of the user's metric is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Per {
    /// A frame.
    Frame,
    /// A story.
    Story,
    /// The whole run.
    Run,
}

impl Per {
    /// Its name in files and signatures.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// What tables say of a metric that the user brings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnMetric {
    /// Name in tables, without its unit.
    pub name: String,
    /// Unit as the user calls it: one of this program's, or any other word.
    pub unit: String,
    /// Digits after the point.
    pub decimals: usize,
    /// What a value is of.
    pub per: Per,
}

impl OwnMetric {
    /// The unit as this program knows it; a word that it does not know is a score.
    #[must_use]
    pub fn known_unit(&self) -> Unit {
        Unit::named(&self.unit).unwrap_or(Unit::Score)
    }

    /// The heading of its column.
    #[must_use]
    pub fn heading(&self) -> String {
        let name = &self.name;
        match Unit::named(&self.unit) {
            Some(Unit::Percent) => format!("{name} %"),
            Some(Unit::Decibel) => format!("{name} dB"),
            Some(Unit::Distance | Unit::Cosine | Unit::Score) => name.clone(),
            None => format!("{name} ({})", self.unit),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_of_the_user_is_in_the_heading() {
        let of = |unit: &str| OwnMetric {
            name: "Taste".to_owned(),
            unit: unit.to_owned(),
            decimals: 2,
            per: Per::Frame,
        };
        let headings = ["percent", "distance", "points"].map(|unit| of(unit).heading());
        assert_eq!(headings, ["Taste %", "Taste", "Taste (points)"]);
        assert_eq!(of("points").known_unit(), Unit::Score);
        assert_eq!(of("decibel").known_unit(), Unit::Decibel);
    }
}
