//! Times, sizes and scores in words.

use crate::metric::about;
use crate::record::Score;
use crate::report::sections::print;
use chrono::{DateTime, SecondsFormat, Utc};
use std::time::SystemTime;

/// `2026-11-26T11:09:45Z`.
pub(super) fn moment(time: SystemTime) -> String {
    DateTime::<Utc>::from(time).to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// A moment given in seconds since 1970; empty beyond the calendar.
pub(super) fn moment_of(seconds: u64) -> String {
    i64::try_from(seconds)
        .ok()
        .and_then(|seconds| DateTime::from_timestamp(seconds, 0))
        .map_or_else(String::new, |time| {
            time.to_rfc3339_opts(SecondsFormat::Secs, true)
        })
}

/// Bytes in the largest decimal unit that leaves a number of at least 1.
pub(super) fn size(bytes: u64) -> String {
    let units = [(1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")];
    for (unit, name) in units {
        if bytes as f64 >= unit {
            return format!("{:.1} {name}", bytes as f64 / unit);
        }
    }
    format!("{bytes} B")
}

/// Seconds, short ones with more digits.
pub(super) fn duration(seconds: f64) -> String {
    if seconds < 10.0 {
        format!("{seconds:.3} s")
    } else if seconds < 600.0 {
        format!("{seconds:.1} s")
    } else {
        let minutes = seconds / 60.0;
        if minutes < 600.0 {
            format!("{minutes:.1} min")
        } else {
            format!("{:.1} h", minutes / 60.0)
        }
    }
}

/// A score's value with the digits of its metric; empty when there is none.
pub(super) fn value(score: &Score) -> String {
    let decimals = about(score).decimals;
    score
        .value
        .map_or_else(String::new, |value| print(value, decimals))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn times_and_sizes_are_legible() {
        let time = SystemTime::UNIX_EPOCH + Duration::from_hours(264_384);
        assert_eq!(moment(time), "2000-02-29T00:00:00Z");
        assert_eq!(moment_of(951_782_400), "2000-02-29T00:00:00Z");
        assert_eq!(moment_of(u64::MAX), "");
        assert_eq!(size(999), "999 B");
        assert_eq!(size(1_500_000), "1.5 MB");
        assert_eq!(duration(0.0123), "0.012 s");
        assert_eq!(duration(7200.0), "120.0 min");
    }
}
