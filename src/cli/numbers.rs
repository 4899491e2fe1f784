//! Numbers on the command line that have to make sense.

/// Resamples of an interval. Fewer make no 95 % interval, more take no end of memory.
pub(crate) fn resamples(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count @ (0 | 100..=1_000_000)) => Ok(count),
        _ => Err("give 0 for no interval, or 100 to 1000000".to_owned()),
    }
}

/// How often something is done, or of how many.
pub(crate) fn count(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count @ 1..=1_000_000) => Ok(count),
        _ => Err("give a number from 1 to 1000000".to_owned()),
    }
}

/// A number that something can be above of.
pub(crate) fn finite(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() => Ok(number),
        _ => Err("give a finite number, such as 0.5".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_makes_no_sense_is_refused() {
        assert_eq!(resamples("0"), Ok(0));
        assert_eq!(resamples("1000"), Ok(1000));
        for text in ["1", "99", "1000001", "100000000000", "-1", "x"] {
            assert!(resamples(text).is_err(), "{text}");
        }
        assert_eq!(count("1"), Ok(1));
        assert!(count("0").is_err() && count("100000000000").is_err());
        assert!(finite("0.5").is_ok() && finite("nan").is_err() && finite("inf").is_err());
    }
}
