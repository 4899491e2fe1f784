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
