//! Amounts of money, exact to a millionth of a US dollar.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;
use std::iter::Sum;
use std::ops::{Add, Mul};
use std::str::FromStr;

/// Millionths of a dollar: prices of services are exact in them, and sums do not round.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Money(u64);

const UNIT: f64 = 1e6;
/// The largest amount that is taken: sums of many stay far from the end of 64 bits.
const MOST: f64 = 1e9;

/// A number that is no amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an amount is a number of dollars from 0 to a thousand million, such as 0.04")]
pub struct NoAmount;

impl Money {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// An amount of dollars.
    ///
    /// # Errors
    /// [`NoAmount`] where it is negative, not finite or too large.
    pub fn of_dollars(dollars: f64) -> Result<Self, NoAmount> {
        if (0.0..=MOST).contains(&dollars) {
            Ok(Self((dollars * UNIT).round() as u64))
        } else {
            Err(NoAmount)
        }
    }

    /// The amount in dollars.
    #[must_use]
    pub fn dollars(self) -> f64 {
        self.0 as f64 / UNIT
    }
}

impl fmt::Display for Money {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{}.{:06}", self.0 / 1_000_000, self.0 % 1_000_000);
        // Cents are always printed; what follows them only where there is any.
        let kept = text.trim_end_matches('0').len().max(text.len() - 4);
        write!(formatter, "${}", &text[..kept])
    }
}

impl FromStr for Money {
    type Err = NoAmount;

    fn from_str(text: &str) -> Result<Self, NoAmount> {
        let text = text.trim().trim_start_matches('$');
        text.parse()
            .map_err(|_| NoAmount)
            .and_then(Self::of_dollars)
    }
}

impl Add for Money {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Mul<u64> for Money {
    type Output = Self;

    fn mul(self, times: u64) -> Self {
        Self(self.0.saturating_mul(times))
    }
}

impl Sum for Money {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::ZERO, Self::add)
    }
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.dollars())
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::of_dollars(f64::deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_exact_and_print_their_cents() {
        let of = |text: &str| text.parse::<Money>().unwrap();
        assert_eq!(of("0.04") * 3 + of("$0.12"), of("0.24"));
        for (text, shown) in [("0.04", "$0.04"), ("3", "$3.00"), ("0.0025", "$0.0025")] {
            assert_eq!(of(text).to_string(), shown);
            let json = serde_json::to_string(&of(text)).unwrap();
            assert_eq!(serde_json::from_str::<Money>(&json).unwrap(), of(text));
        }
        for text in ["", "-1", "nan", "inf", "1e12", "four"] {
            assert_eq!(text.parse::<Money>(), Err(NoAmount), "{text}");
        }
        assert_eq!([of("1"), of("2.5")].into_iter().sum::<Money>(), of("3.5"));
    }
}
