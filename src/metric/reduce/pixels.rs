//! PSNR and SSIM of a slice.

use super::chosen::{Chosen, Clusters};
use super::draft::Draft;
use super::parts::{Reduced, StorySums};
use super::slice::Slice;
use crate::card::PsnrVariant;
use crate::metric::{Family, MetricId, Reduction, SquaredError};
use crate::record::{Observation, Role};
use crate::stats::{ClusterSums, Range};

/// Pixels against those of the ground truth.
pub(in crate::metric) static PIXELS: Family = Family {
    roles: &[Role::PIXELS],
    choices: &["pixels", "ground_truth"],
    reduction: Reduction::StorySums,
    large: false,
    asked: |protocol| protocol.pixels.is_some(),
    drop: |protocol| protocol.pixels = None,
    leaves_out: |_| false,
    reduce: scores,
};

fn scores(chosen: &Chosen<'_>, slice: &Slice) -> Vec<Reduced> {
    let Some(rule) = &chosen.input.protocol.pixels else {
        return Vec::new();
    };
    let frames = Frames::of(chosen, slice);
    let (psnr, ssim) = (rule.psnr.to_string(), rule.ssim.to_string());
    let draft = |metric| {
        let mut draft = Draft::new(chosen, metric, slice.name(), frames.planned);
        draft.entered(frames.seen.len(), frames.stories());
        draft
    };
    let mut of_errors = draft(MetricId::Psnr);
    frames.psnr(&mut of_errors, rule.psnr);
    let mut of_windows = draft(MetricId::Ssim);
    let sums = frames.sums(|frame| [frame.ssim, 1.0]);
    fill(
        &mut of_windows,
        &frames,
        StorySums::of_mean(sums),
        Range::Between(-1.0, 1.0),
    );
    let name = chosen.input.context.extractors.get(Role::PIXELS);
    vec![
        of_errors.sign(name, &[("variant", &psnr)]),
        of_windows.sign(name, &[("avg", "mean"), ("variant", &ssim)]),
    ]
}

/// What was observed on a frame.
struct Frame {
    story: usize,
    error: SquaredError,
    ssim: f64,
}

struct Frames {
    seen: Vec<Frame>,
    planned: usize,
    /// Stories of the plan.
    of_plan: usize,
}

impl Frames {
    fn of(chosen: &Chosen<'_>, slice: &Slice) -> Self {
        let mut frames = Self {
            seen: Vec::new(),
            planned: 0,
            of_plan: chosen.stories(),
        };
        for (row, observation) in chosen.observations().filter(|(_, o)| slice.holds(o)) {
            frames.planned += 1;
            frames
                .seen
                .extend(Frame::read(chosen.story(row), observation));
        }
        frames
    }

    fn stories(&self) -> usize {
        let mut clusters = Clusters::default();
        for frame in &self.seen {
            clusters.number(frame.story);
        }
        clusters.len()
    }

    fn sums<const N: usize>(&self, of: impl Fn(&Frame) -> [f64; N]) -> ClusterSums {
        let mut sums = ClusterSums::new(self.of_plan, N);
        for frame in &self.seen {
            sums.add(frame.story, &of(frame));
        }
        sums
    }

    fn psnr(&self, draft: &mut Draft<'_, '_>, variant: PsnrVariant) {
        let made = match variant {
            PsnrVariant::ScikitImage => {
                let of_frame = |frame: &Frame| [frame.error.psnr().unwrap_or(f64::NAN), 1.0];
                StorySums::of_mean(self.sums(of_frame))
            }
            PsnrVariant::Torchmetrics => {
                let sums = self.sums(|frame| [frame.error.sum, frame.error.values, 1.0]);
                StorySums::new(sums, |sums| {
                    let error = SquaredError {
                        sum: sums[0],
                        values: sums[1],
                    };
                    error.psnr().filter(|psnr| psnr.is_finite())
                })
            }
        };
        let equal = self
            .seen
            .iter()
            .filter(|frame| frame.error.sum <= 0.0)
            .count();
        let endless = match variant {
            PsnrVariant::ScikitImage => equal > 0,
            PsnrVariant::Torchmetrics => equal == self.seen.len() && equal > 0,
        };
        if endless {
            draft.value(Err(format!(
                "PSNR is infinite: {equal} frames equal their ground truth"
            )));
        } else {
            fill(draft, self, made, Range::AtLeast(0.0));
        }
    }
}

impl Frame {
    fn read(story: usize, observation: &Observation) -> Option<Self> {
        Some(Self {
            story,
            error: SquaredError {
                sum: observation.number("squared_error")?,
                values: observation.number("pixel_values")?,
            },
            ssim: observation.number("ssim")?,
        })
    }
}

fn fill(draft: &mut Draft<'_, '_>, frames: &Frames, made: StorySums, range: Range) {
    let reason = if frames.planned == 0 {
        "no frame in this slice"
    } else {
        "no frame of this slice was compared with its ground truth"
    };
    let value = made.value(&made.sums.total());
    draft.value(value.ok_or_else(|| reason.to_owned()));
    draft.made_of(made, range);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(errors: &[(usize, f64)]) -> Frames {
        let seen = errors.iter().map(|(story, sum)| Frame {
            story: *story,
            error: SquaredError {
                sum: *sum,
                values: 300.0,
            },
            ssim: 0.5,
        });
        Frames {
            seen: seen.collect(),
            planned: errors.len(),
            of_plan: 3,
        }
    }

    #[test]
    fn stories_are_counted_once_and_sums_are_theirs() {
        let frames = frames(&[(0, 30.0), (0, 60.0), (2, 90.0)]);
        assert_eq!(frames.stories(), 2);
        let sums = frames.sums(|frame| [frame.error.sum, 1.0]);
        assert_eq!(sums.total(), [180.0, 3.0]);
        assert_eq!(sums.clusters(), 3);
    }
}
