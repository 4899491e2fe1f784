//! Several seeds as one text.

use crate::record::Seed;
use std::str::FromStr;

/// Most seeds of one command; more is a slip of the finger.
const MOST: u64 = 1000;

/// `0..4`, both ends included, or `0,3,7`, or both mixed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeedList(Vec<Seed>);

impl SeedList {
    /// In the order given.
    #[must_use]
    pub fn all(&self) -> &[Seed] {
        &self.0
    }
}

impl FromStr for SeedList {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |text: &str| {
            let text = text.trim();
            text.parse::<u64>()
                .map_err(|_| format!("`{text}` is no seed; write `0..4` or `0,3,7`"))
        };
        let mut seeds: Vec<Seed> = Vec::new();
        for part in text.split(',') {
            let (first, last) = match part.split_once("..") {
                Some((first, last)) => (number(first)?, number(last)?),
                None => (number(part)?, number(part)?),
            };
            if last < first {
                return Err(format!(
                    "`{part}` holds no seed: its end comes before its start"
                ));
            }
            if last - first >= MOST {
                return Err(format!("`{part}` holds more than {MOST} seeds"));
            }
            for seed in first..=last {
                if seeds.contains(&Seed(seed)) {
                    return Err(format!("seed {seed} is given twice"));
                }
                seeds.push(Seed(seed));
            }
        }
        if seeds.len() as u64 > MOST {
            return Err(format!("more than {MOST} seeds"));
        }
        Ok(Self(seeds))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_and_lists() {
        let seeds = |text: &str| -> Vec<u64> {
            let seeds: SeedList = text.parse().unwrap();
            seeds.all().iter().map(|seed| seed.0).collect()
        };
        assert_eq!(seeds("0..4"), [0, 1, 2, 3, 4]);
        assert_eq!(seeds("7"), [7]);
        assert_eq!(seeds("3, 1,5..6"), [3, 1, 5, 6]);
        assert_eq!(seeds("18446744073709551615"), [u64::MAX]);
        for wrong in [
            "",
            "a",
            "4..0",
            "0..",
            "..",
            "1,1",
            "0..3,2",
            "-1",
            "0..5000",
            "0..18446744073709551615",
        ] {
            assert!(wrong.parse::<SeedList>().is_err(), "{wrong}");
        }
    }
}
