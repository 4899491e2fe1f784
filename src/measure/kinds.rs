//! What the numbers of a file are, by their range: logits and probabilities, features and pixels are distinguished before
//! they are scored.

use super::{MeasureError, Warning};
use crate::format::{FormatError, NpyArray};
use std::path::Path;

/// Columns from which whole numbers up to 255 are taken for the pixels of an image.
const FEWEST_PIXELS: usize = 48;
/// From which largest level whole numbers up to 255 are taken for pixels in fewer columns.
const BRIGHT: f64 = 128.0;
/// How far a number may be outside its range, in parts of it: what single precision rounds.
const SLACK: f64 = 1e-5;
/// How far a row of probabilities may be from 1: half precision and printed decimals.
const ROUNDING: f64 = 5e-3;

const LOGITS_HINT: &str = "the Inception Score applies the softmax itself: save what the network gives before it, or \
`numpy.save(\"OUT.npy\", numpy.log(numpy.maximum(p, 1e-38)))`";
const PERCENT_HINT: &str = "the Inception Score applies the softmax itself: save what the network gives before it, or \
`numpy.save(\"OUT.npy\", numpy.log(numpy.maximum(p / 100, 1e-38)))`";
const FLOATS_HINT: &str = "save what the network gives, as floats";
const ONE_CLASS_HINT: &str = "save what the network gives before its softmax: `numpy.save(\"OUT.npy\", logits)`, [images, classes]";
const PIXELS_HINT: &str =
    "save images as PNG files and give their folder; or save the network's features as floats";

/// Facts about the numbers of a matrix.
#[derive(Clone, Copy, Debug)]
pub(super) struct Range {
    /// Smallest and largest.
    pub(super) least: f64,
    pub(super) most: f64,
    /// Smallest and largest sum of a row.
    sums: [f64; 2],
    /// Whether all are whole; and whether all are after multiplication by 255.
    whole: bool,
    levels: bool,
    columns: usize,
}

impl Range {
    /// Of a matrix with at least one number, all of them finite.
    pub(super) fn of(array: &NpyArray) -> Option<Self> {
        let numbers = array.numbers.to_f64();
        let mut range = Self {
            least: f64::INFINITY,
            most: f64::NEG_INFINITY,
            sums: [f64::INFINITY, f64::NEG_INFINITY],
            whole: true,
            levels: true,
            columns: numbers.dim().1,
        };
        for row in numbers.rows() {
            let mut sum = 0.0;
            for value in row {
                range.least = range.least.min(*value);
                range.most = range.most.max(*value);
                range.whole &= is_whole(*value, 0.0);
                range.levels &= is_whole(*value * 255.0, 1e-3);
                sum += value;
            }
            range.sums = [range.sums[0].min(sum), range.sums[1].max(sum)];
        }
        let all_finite = numbers.iter().all(|value| value.is_finite());
        (all_finite && !numbers.is_empty()).then_some(range)
    }

    /// Whether every number is in `[0, most]`, but for rounding.
    pub(super) fn within(&self, most: f64) -> bool {
        self.least >= -SLACK * most && self.most <= most * (1.0 + SLACK)
    }

    /// Whether all numbers are whole.
    pub(super) fn whole(&self) -> bool {
        self.whole
    }

    /// Whether every row sums to this.
    fn sums_to(&self, total: f64) -> bool {
        let near = |sum: f64| (sum - total).abs() <= ROUNDING * total;
        self.columns > 1 && self.sums.into_iter().all(near)
    }

    fn pixels(&self) -> bool {
        let bytes = self.whole && self.most > 1.0 && self.within(255.0);
        let many = self.columns >= FEWEST_PIXELS;
        bytes && (many || self.most >= BRIGHT)
            || many && self.levels && !self.whole && self.within(1.0)
    }
}

fn is_whole(value: f64, tolerance: f64) -> bool {
    (value - value.round()).abs() <= tolerance
}

/// Refuses a file of logits that holds something else for certain; says what is doubtful.
pub(super) fn logits(path: &Path, array: &NpyArray) -> Result<Vec<Warning>, MeasureError> {
    let expected = "a file of logits";
    not_bytes(path, array, expected)?;
    if array.numbers.dim().1 == 1 {
        let found = "it has one number per image, as a list of classes has; the score needs one logit per class";
        return Err(refused(path, expected, found, ONE_CLASS_HINT));
    }
    let Some(range) = Range::of(array) else {
        return Ok(Vec::new());
    };
    if range.within(1.0) && range.sums_to(1.0) {
        let found = "every row is in [0, 1] and sums to 1, as probabilities do";
        return Err(refused(path, expected, found, LOGITS_HINT));
    }
    if range.within(100.0) && range.sums_to(100.0) {
        let found = "every row is in [0, 100] and sums to 100, as probabilities in percent do";
        return Err(refused(path, expected, found, PERCENT_HINT));
    }
    let warning = if range.pixels() {
        Some("holds whole levels of 0 to 255, as pixels are; logits are expected")
    } else if range.within(1.0) {
        Some("holds only values from 0 to 1, as probabilities are; logits are expected")
    } else {
        None
    };
    Ok(doubts(path, warning))
}

/// Refuses a file of features that holds something else for certain; says what is doubtful.
pub(super) fn features(path: &Path, array: &NpyArray) -> Result<Vec<Warning>, MeasureError> {
    not_bytes(path, array, "a file of features")?;
    let warning = Range::of(array).and_then(|range| {
        if range.within(1.0) && range.sums_to(1.0) {
            Some("holds rows that sum to 1, as probabilities do; features are expected")
        } else if range.pixels() {
            Some("holds whole levels of 0 to 255, as pixels are; features are expected")
        } else {
            None
        }
    });
    Ok(doubts(path, warning))
}

fn doubts(path: &Path, what: Option<&'static str>) -> Vec<Warning> {
    let warning = |what| Warning::Numbers {
        path: path.to_owned(),
        what,
    };
    what.map(warning).into_iter().collect()
}

fn not_bytes(path: &Path, array: &NpyArray, expected: &'static str) -> Result<(), MeasureError> {
    if array.booleans {
        let found = "its numbers are true and false (bool), as labels and masks are";
        return Err(refused(path, expected, found, FLOATS_HINT));
    }
    if array.bytes {
        let found = "its numbers are bytes (uint8), as pixels and labels are";
        return Err(refused(path, expected, found, PIXELS_HINT));
    }
    Ok(())
}

fn refused(path: &Path, expected: &'static str, found: &str, hint: &'static str) -> MeasureError {
    let (path, found) = (path.to_owned(), found.to_owned());
    FormatError::Malformed {
        path,
        expected,
        found,
        hint,
    }
    .into()
}
