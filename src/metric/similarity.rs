//! Similarities of feature vectors: CLIP-T, CLIP-I, CLIPScore and the consistency of a story's frames.
//!
//! Vectors come as the network gives them. Cosines are taken in f64 and without an epsilon, as the
//! published scripts do; a vector of zeros has no direction and is a typed reason.

use super::pairwise::{mean, ordered_mean};
use super::{Feature, Side};
use ndarray::{ArrayView1, ArrayView2};
use std::collections::BTreeMap;

/// The factor of CLIPScore (Hessel et al. 2021).
const CLIPSCORE_FACTOR: f64 = 2.5;

/// Why there is no similarity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SimilarityUnscored {
    /// The sets have different numbers of vectors.
    #[error("one set has {first} vectors and the other {second}; they are compared row by row")]
    Rows {
        /// Of the first set.
        first: usize,
        /// Of the second set.
        second: usize,
    },
    /// Vectors have different lengths, or none.
    #[error("features have {first} dimensions in one set and {second} in the other")]
    Dimensions {
        /// Of the first set.
        first: usize,
        /// Of the second set.
        second: usize,
    },
    /// A feature is NaN or infinite.
    #[error("features of vector {row} of the {side} set are not finite")]
    NonFinite {
        /// Which set.
        side: Side,
        /// Position in the set, from 0.
        row: usize,
    },
    /// A vector of zeros has no direction.
    #[error("vector {row} of the {side} set is all zeros, and has no direction")]
    Zero {
        /// Which set.
        side: Side,
        /// Position in the set, from 0.
        row: usize,
    },
    /// A mean needs something.
    #[error("there is no pair to compare")]
    Nothing,
}

/// What is wrong with one vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    NonFinite,
    Zero,
}

impl Fault {
    fn at(self, side: Side, row: usize) -> SimilarityUnscored {
        match self {
            Self::NonFinite => SimilarityUnscored::NonFinite { side, row },
            Self::Zero => SimilarityUnscored::Zero { side, row },
        }
    }
}

/// A vector of length 1.
fn direction<T: Feature>(vector: &ArrayView1<'_, T>) -> Result<Vec<f64>, Fault> {
    let mut values: Vec<f64> = vector.iter().map(|value| (*value).into()).collect();
    let largest = values.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
    if values.iter().any(|value| !value.is_finite()) {
        return Err(Fault::NonFinite);
    }
    if largest == 0.0 {
        return Err(Fault::Zero);
    }
    // Squares of very large or small numbers leave the range of doubles; a power of two costs no digit.
    if !(1e-100..=1e100).contains(&largest) {
        let scale = largest.log2().floor().clamp(-1000.0, 1000.0).exp2();
        for value in &mut values {
            *value /= scale;
        }
    }
    let norm = values.iter().map(|v| v * v).sum::<f64>().sqrt();
    for value in &mut values {
        *value /= norm;
    }
    Ok(values)
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The cosine of two vectors, in `[-1, 1]` to the last bit.
///
/// # Errors
/// Different lengths, values that are not finite, a vector of zeros (always as row 0).
pub fn cosine<T: Feature>(first: &[T], second: &[T]) -> Result<f64, SimilarityUnscored> {
    let row = |values: &'_ [T]| ArrayView1::from(values).to_owned();
    let (first, second) = (row(first), row(second));
    if first.len() != second.len() || first.is_empty() {
        return Err(SimilarityUnscored::Dimensions {
            first: first.len(),
            second: second.len(),
        });
    }
    let a = direction(&first.view()).map_err(|fault| fault.at(Side::First, 0))?;
    let b = direction(&second.view()).map_err(|fault| fault.at(Side::Second, 0))?;
    Ok(dot(&a, &b))
}

/// The [`cosine`] of each row of one array with the same row of the other; `None` where it is not defined, as
/// for an absent frame.
#[must_use]
pub fn cosines_where_defined(
    first: &ArrayView2<'_, f32>,
    second: &ArrayView2<'_, f32>,
) -> Vec<Option<f64>> {
    let rows = first.rows().into_iter().zip(second.rows());
    rows.map(|(first, second)| cosine(&first.to_vec(), &second.to_vec()).ok())
        .collect()
}

/// Cosine of each row of one array with the same row of the other, both `[n, d]`: the items of CLIP-T
/// (frame and caption) and CLIP-I (frame and ground truth).
///
/// # Errors
/// See [`SimilarityUnscored`]. An empty array gives no items.
pub fn cosines<T: Feature>(
    first: &ArrayView2<'_, T>,
    second: &ArrayView2<'_, T>,
) -> Result<Vec<f64>, SimilarityUnscored> {
    if first.nrows() != second.nrows() {
        return Err(SimilarityUnscored::Rows {
            first: first.nrows(),
            second: second.nrows(),
        });
    }
    if first.ncols() != second.ncols() || first.ncols() == 0 {
        return Err(SimilarityUnscored::Dimensions {
            first: first.ncols(),
            second: second.ncols(),
        });
    }
    (0..first.nrows())
        .map(|row| {
            let a = direction(&first.row(row)).map_err(|fault| fault.at(Side::First, row))?;
            let b = direction(&second.row(row)).map_err(|fault| fault.at(Side::Second, row))?;
            Ok(dot(&a, &b))
        })
        .collect()
}

/// CLIPScore of one pair: `2.5 max(cos, 0)` (Hessel et al. 2021), in `[0, 2.5]`. Its captions begin
/// with "A photo depicts "; whoever encodes them puts it there.
#[must_use]
pub fn clip_score(cosine: f64) -> f64 {
    CLIPSCORE_FACTOR * cosine.max(0.0)
}

/// RefCLIPScore of one image: the harmonic mean of its [`clip_score`] and of the largest cosine of its
/// caption with a reference, at least 0 (the paper's; the code leaves out that clamp). 0 where both
/// are 0; `None` without references.
#[must_use]
pub fn ref_clip_score(cosine: f64, references: &[f64]) -> Option<f64> {
    let best = references.iter().copied().reduce(f64::max)?.max(0.0);
    let score = clip_score(cosine);
    Some(if score + best > 0.0 {
        2.0 * score * best / (score + best)
    } else {
        0.0
    })
}

/// `clip_score` of torchmetrics: 100 times the mean cosine, and only then at least 0. `None` without
/// pairs.
#[must_use]
pub fn torchmetrics_clip_score(cosines: &[f64]) -> Option<f64> {
    Some((100.0 * ordered_mean(cosines)?).max(0.0))
}

/// The mean of the means of consecutive batches: what StoryGPT-V's deleted `eval_clip.py` reports
/// (batches of 64; a short last batch weighs as much as a full one). `None` without values or with a
/// batch of 0.
#[must_use]
pub fn mean_of_batch_means(values: &[f64], batch: usize) -> Option<f64> {
    if batch == 0 {
        return None;
    }
    let means: Vec<f64> = values.chunks(batch).filter_map(mean).collect();
    mean(&means)
}

/// Where a frame stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FramePlace {
    /// Number of its story.
    pub story: usize,
    /// Its number within the story.
    pub frame: u32,
}

/// Which frames of a story are compared with each other.
#[derive(Clone, Copy, Debug)]
pub enum Pairing<'a> {
    /// Every frame with every other.
    All,
    /// Frames whose numbers follow each other.
    Consecutive,
    /// Frames that have a character in common; one label vector a frame.
    SharedCharacter(&'a [&'a [bool]]),
}

/// What one story adds to its mean consistency.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StorySimilarity {
    /// Number of the story.
    pub story: usize,
    /// Sum of cosines.
    pub sum: f64,
    /// Number of pairs, at least 1.
    pub pairs: usize,
}

/// Cosines between frames of the same story, summed per story in the order of the frames' numbers;
/// stories by number, without those that have no pair. Stories are the units: their pairs are dependent.
///
/// `features` is `[n, d]`, one row a frame; absent frames must be left out by the caller.
///
/// # Errors
/// See [`SimilarityUnscored`]: among them `Rows` when `places` or the labels have another length.
pub fn consistency<T: Feature>(
    features: &ArrayView2<'_, T>,
    places: &[FramePlace],
    pairing: Pairing<'_>,
) -> Result<Vec<StorySimilarity>, SimilarityUnscored> {
    let n = features.nrows();
    let labelled = match pairing {
        Pairing::SharedCharacter(labels) => labels.len(),
        Pairing::All | Pairing::Consecutive => n,
    };
    for other in [places.len(), labelled] {
        if other != n {
            return Err(SimilarityUnscored::Rows {
                first: n,
                second: other,
            });
        }
    }
    let mut stories: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (row, place) in places.iter().enumerate() {
        stories.entry(place.story).or_default().push(row);
    }
    let paired = |a: usize, b: usize| match pairing {
        Pairing::All => true,
        Pairing::Consecutive => places[a].frame.abs_diff(places[b].frame) == 1,
        Pairing::SharedCharacter(labels) => labels[a].iter().zip(labels[b]).any(|(a, b)| *a && *b),
    };
    let mut similarities = Vec::new();
    for (story, mut rows) in stories {
        rows.sort_by_key(|row| places[*row].frame);
        let directions = rows
            .iter()
            .map(|row| direction(&features.row(*row)).map_err(|fault| fault.at(Side::First, *row)))
            .collect::<Result<Vec<_>, _>>()?;
        let mut total = StorySimilarity {
            story,
            sum: 0.0,
            pairs: 0,
        };
        for (a, first) in rows.iter().enumerate() {
            for (b, second) in rows.iter().enumerate().skip(a + 1) {
                if paired(*first, *second) {
                    total.sum += dot(&directions[a], &directions[b]);
                    total.pairs += 1;
                }
            }
        }
        if total.pairs > 0 {
            similarities.push(total);
        }
    }
    Ok(similarities)
}

/// Mean cosine over all pairs of all stories; `None` without a pair.
#[must_use]
pub fn mean_consistency(stories: &[StorySimilarity]) -> Option<f64> {
    let pairs: usize = stories.iter().map(|story| story.pairs).sum();
    let sum: f64 = stories.iter().map(|story| story.sum).sum();
    (pairs > 0).then(|| sum / pairs as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::{Array2, array};

    #[test]
    fn cosines_need_no_unit_vectors_and_no_range() {
        assert_eq!(cosine(&[3.0_f32, 0.0], &[0.0, 2.0]), Ok(0.0));
        assert!((cosine(&[1.0_f64, 1.0], &[2.0, 0.0]).unwrap() - 0.5_f64.sqrt()).abs() < 1e-15);
        for scale in [1e-320, 1e-200, 1.0, 1e200, 1e308] {
            let found = cosine(&[scale, scale], &[scale, 0.0]).unwrap();
            assert!((found - 0.5_f64.sqrt()).abs() < 1e-3, "{scale} {found}");
        }
    }

    #[test]
    fn equals_the_formulas_of_the_published_tools() {
        use crate::metric::golden::{fill, number, numbers};
        for case in numbers("similarity.json") {
            let set = |seed, offset: &str| fill(70, 48, seed) + number(&case, offset) as f32;
            let (images, texts) = (set(1, "image_offset"), set(2, "text_offset"));
            let references = [set(3, "reference_offset"), set(4, "reference_offset")];
            let found = cosines(&images.view(), &texts.view()).unwrap();
            for (value, expected) in found.iter().zip(case["cosines"].as_array().unwrap()) {
                assert!((value - expected.as_f64().unwrap()).abs() < 1e-13);
            }
            let near = |value: f64, name: &str| {
                let expected = number(&case, name);
                assert!(
                    (value - expected).abs() < 1e-13 * expected.abs().max(1.0),
                    "{name}"
                );
            };
            let average = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
            near(average(&found), "mean");
            let scores: Vec<f64> = found.iter().map(|c| clip_score(*c)).collect();
            near(average(&scores), "clipscore");
            let to_references = references.map(|r| cosines(&texts.view(), &r.view()).unwrap());
            let with_references: Vec<f64> = (0..70)
                .map(|i| ref_clip_score(found[i], &[to_references[0][i], to_references[1][i]]))
                .collect::<Option<_>>()
                .unwrap();
            near(average(&with_references), "refclipscore");
            near(torchmetrics_clip_score(&found).unwrap(), "torchmetrics");
            near(mean_of_batch_means(&found, 64).unwrap(), "batch_means_64");
        }
    }

    #[test]
    fn what_has_no_direction_says_where() {
        let zeros = array![[1.0_f32, 0.0], [0.0, 0.0]];
        let ones = Array2::<f32>::ones((2, 2));
        let side = Side::Second;
        assert_eq!(
            cosines(&ones.view(), &zeros.view()),
            Err(SimilarityUnscored::Zero { side, row: 1 })
        );
        let broken = array![[f32::INFINITY, 0.0], [0.0, 0.0]];
        assert_eq!(
            cosines(&ones.view(), &broken.view()),
            Err(SimilarityUnscored::NonFinite { side, row: 0 })
        );
        let three = Array2::<f32>::ones((3, 2));
        assert!(matches!(
            cosines(&ones.view(), &three.view()),
            Err(SimilarityUnscored::Rows { .. })
        ));
        assert!(matches!(
            cosine::<f32>(&[], &[]),
            Err(SimilarityUnscored::Dimensions { .. })
        ));
    }

    #[test]
    fn the_scores_clamp_where_their_sources_do() {
        assert!((clip_score(0.3) - 0.75).abs() < 1e-15);
        assert!(clip_score(-0.3).abs() < f64::MIN_POSITIVE);
        let found = ref_clip_score(0.3, &[0.2, 0.5]).unwrap();
        assert!((found - 2.0 * 0.75 * 0.5 / 1.25).abs() < 1e-15);
        assert_eq!(ref_clip_score(-0.3, &[-0.2]), Some(0.0));
        assert_eq!(ref_clip_score(0.3, &[]), None);
        // On the mean, not on the pair.
        assert_eq!(
            torchmetrics_clip_score(&[-0.5, 0.25, 0.75]),
            Some(100.0 * (0.5 / 3.0))
        );
        assert_eq!(torchmetrics_clip_score(&[-0.5, 0.25]), Some(0.0));
        assert_eq!(torchmetrics_clip_score(&[]), None);
    }

    #[test]
    fn a_short_last_batch_weighs_as_much_as_a_full_one() {
        assert_eq!(mean_of_batch_means(&[0.0, 1.0, 4.0], 2), Some(2.25));
        assert_eq!(mean_of_batch_means(&[], 2), None);
        assert_eq!(mean_of_batch_means(&[1.0], 0), None);
    }

    #[test]
    fn only_frames_of_one_story_are_compared() {
        let features = array![
            [1.0_f32, 0.0],
            [0.0, 1.0],
            [1.0, 0.0],
            [1.0, 0.0],
            [5.0, 0.0]
        ];
        let place = |story, frame| FramePlace { story, frame };
        let places = [
            place(7, 1),
            place(7, 2),
            place(3, 1),
            place(7, 4),
            place(4, 1),
        ];
        let found = |pairing| consistency(&features.view(), &places, pairing).unwrap();
        let one = |sum, pairs| {
            vec![StorySimilarity {
                story: 7,
                sum,
                pairs,
            }]
        };
        assert_eq!(found(Pairing::All), one(1.0, 3));
        assert_eq!(found(Pairing::Consecutive), one(0.0, 1));
        let labels: [&[bool]; 5] = [
            &[true, false],
            &[false, true],
            &[true, true],
            &[true, false],
            &[true, true],
        ];
        assert_eq!(found(Pairing::SharedCharacter(&labels)), one(1.0, 1));
        assert_eq!(mean_consistency(&found(Pairing::All)), Some(1.0 / 3.0));
        assert_eq!(mean_consistency(&[]), None);
    }
}
