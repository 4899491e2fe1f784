//! How numbers of a comparison are printed.

use crate::record::Unit;

/// A number with at least as many decimals as its metric is printed with, and two digits that say something;
/// with its sign, if asked.
pub(super) fn amount(value: f64, decimals: usize, signed: bool) -> String {
    let size = value.abs();
    let needed = if size > 0.0 && size < 1.0 {
        (1.0 - size.log10().floor()).max(0.0) as usize
    } else {
        0
    };
    let decimals = decimals.max(needed.min(decimals + 3));
    if signed {
        format!("{value:+.decimals$}")
    } else {
        format!("{value:.decimals$}")
    }
}

/// ` points` after differences of percentages.
pub(super) fn percent_points(unit: Unit) -> &'static str {
    match unit {
        Unit::Percent => " points",
        Unit::Distance | Unit::Cosine | Unit::Decibel | Unit::Score => "",
    }
}

/// A value with the decimals of its metric; a zero has no sign.
pub(super) fn plainly(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    match text.strip_prefix('-') {
        Some(rest) if rest.chars().all(|c| matches!(c, '0' | '.')) => rest.to_owned(),
        _ => text,
    }
}

/// A p value: four decimals, and never 0.
pub(super) fn p_value(p: f64) -> String {
    if p < 0.000_1 {
        format!("{p:.0e}")
    } else {
        format!("{p:.4}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_differences_keep_two_digits() {
        assert_eq!(amount(4.2, 1, true), "+4.2");
        assert_eq!(amount(-0.0123, 4, true), "-0.0123");
        assert_eq!(amount(0.000_12, 4, false), "0.00012");
        assert_eq!(amount(0.0, 1, true), "+0.0");
        assert_eq!(p_value(0.000_000_123), "1e-7");
        assert_eq!(p_value(0.04), "0.0400");
        assert_eq!(plainly(-0.000_1, 2), "0.00");
        assert_eq!(plainly(-0.01, 2), "-0.01");
    }
}
