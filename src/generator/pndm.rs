//! The PLMS sampler: PNDM without Runge-Kutta steps.
//!
//! Liu et al. 2022, formula 9, in the form that diffusers' `PNDMScheduler.step_plms` gives it. The first
//! call is a trial step whose output is averaged with that of the second call, which is why N steps need N + 1 calls.

use super::scheduler::Schedule;
use crate::inference::PredictionType;
use ndarray::{Array4, Zip};
use std::collections::VecDeque;

/// Network outputs that the longest multi-step formula reads.
const HISTORY: usize = 4;

/// Numerators of the Adams-Bashforth formulas, newest output first; their denominators are 2, 12 and 24.
///
/// They are data so that a test can put a wrong one into a whole pipeline and see whether a metric notices.
/// Neither a bundle nor the command line can state them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Multistep {
    /// Of order 2, over 2.
    pub second: [f32; 2],
    /// Of order 3, over 12.
    pub third: [f32; 3],
    /// Of order 4, over 24.
    pub fourth: [f32; 4],
}

impl Multistep {
    /// As published.
    pub const ADAMS_BASHFORTH: Self = Self {
        second: [3.0, -1.0],
        third: [23.0, -16.0, 5.0],
        fourth: [55.0, -59.0, 37.0, -9.0],
    };
}

impl Multistep {
    /// Numerators and denominator of the formula over so many stored outputs, newest first.
    fn formula(&self, stored: usize) -> (&[f32], f32) {
        match stored {
            0 | 1 => (&[1.0], 1.0),
            2 => (&self.second, 2.0),
            3 => (&self.third, 12.0),
            _ => (&self.fourth, 24.0),
        }
    }

    /// The same as one factor per output.
    fn weights(&self, stored: usize) -> [f32; HISTORY] {
        let (numerators, denominator) = self.formula(stored);
        let mut weights = [0.0; HISTORY];
        for (weight, numerator) in weights.iter_mut().zip(numerators) {
            *weight = numerator / denominator;
        }
        weights
    }
}

/// Between which time-steps a call moves the sample.
struct Interval {
    from: i64,
    to: i64,
    /// Whether it is the second call, which repeats the interval of the trial step with the mean of the slopes at
    /// its two ends. That slope is not stored, as in diffusers.
    again: bool,
}

impl Interval {
    fn of(call: usize, timestep: i64, stride: i64) -> Self {
        let again = call == 1;
        let to = if again { timestep } else { timestep - stride };
        Self {
            from: to + stride,
            to,
            again,
        }
    }
}

/// One call of a run as a linear map: the next sample is `of_sample` of a sample, and of each of the last slopes (the
/// network's outputs, newest first) its part.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Move {
    /// Time-step of the network call.
    pub timestep: i64,
    /// Whether the sample is not the latest but that before the trial step.
    pub from_before_trial: bool,
    /// Factor of the sample.
    pub of_sample: f32,
    /// Factors of the slopes, newest first.
    pub of_slopes: [f32; HISTORY],
    /// Whether the newest slope is among those of later calls.
    pub keeps_slope: bool,
}

/// The factors of formula 9 for one interval.
struct Level {
    /// The noise, of the network's output and of the sample.
    noise_of: [f32; 2],
    /// The next sample, of the sample and (taken away) of the noise.
    next_of: [f32; 2],
}

/// One sampling run of a batch, from noise to an image.
#[derive(Debug)]
pub struct Pndm<'a> {
    schedule: &'a Schedule,
    multistep: Multistep,
    /// Outputs of earlier calls, newest first.
    outputs: VecDeque<Array4<f32>>,
    /// The sample before the trial step, to which the second call goes back.
    before_trial: Option<Array4<f32>>,
    calls: usize,
}

impl<'a> Pndm<'a> {
    /// Starts a run.
    #[must_use]
    pub fn new(schedule: &'a Schedule) -> Self {
        Self::with(schedule, Multistep::ADAMS_BASHFORTH)
    }

    /// Starts a run with other numerators.
    #[must_use]
    pub fn with(schedule: &'a Schedule, multistep: Multistep) -> Self {
        Self {
            schedule,
            multistep,
            outputs: VecDeque::with_capacity(HISTORY),
            before_trial: None,
            calls: 0,
        }
    }

    /// Time-step of the next network call, or `None` when the run is over.
    #[must_use]
    pub fn timestep(&self) -> Option<i64> {
        self.schedule.timesteps().get(self.calls).copied()
    }

    /// Takes the network's output `[B, c, h, w]` for the sample at [`Self::timestep`] and gives the next,
    /// less noisy sample. After the last time-step the sample is returned as it is.
    #[must_use]
    pub fn step(&mut self, output: Array4<f32>, sample: &Array4<f32>) -> Array4<f32> {
        let Some(timestep) = self.timestep() else {
            return sample.to_owned();
        };
        let Interval { from, to, again } =
            Interval::of(self.calls, timestep, self.schedule.stride());
        let trial = self.calls == 0;
        self.calls += 1;
        if again {
            let mean = self
                .outputs
                .front()
                .map_or_else(|| output.clone(), |first| (&output + first) / 2.0);
            let start = self
                .before_trial
                .take()
                .unwrap_or_else(|| sample.to_owned());
            return self.previous(&start, from, to, mean);
        }
        if trial {
            self.before_trial = Some(sample.to_owned());
        }
        self.outputs.truncate(HISTORY - 1);
        self.outputs.push_front(output);
        let slope = self.slope();
        self.previous(sample, from, to, slope)
    }

    /// Adams-Bashforth combination of the stored outputs, of the highest order they allow.
    fn slope(&self) -> Array4<f32> {
        let (numerators, denominator) = self.multistep.formula(self.outputs.len());
        let terms = self.outputs.iter().zip(numerators);
        let sum = terms
            .map(|(output, numerator)| output * *numerator)
            .reduce(|sum, term| sum + term)
            .expect("an output is stored before each slope");
        // As diffusers rounds: it divides by 2 and 12, and multiplies by 1/24.
        if numerators.len() == HISTORY {
            sum * (1.0 / denominator)
        } else {
            sum / denominator
        }
    }

    /// The calls of a whole run as linear maps, first to last: what [`Self::step`] does to its arrays, as numbers. A
    /// device that keeps the arrays needs no more.
    #[must_use]
    pub fn moves(schedule: &'a Schedule, multistep: Multistep) -> Vec<Move> {
        let stride = schedule.stride();
        let sampler = Self::with(schedule, multistep);
        let mut moves = Vec::with_capacity(schedule.timesteps().len());
        let mut kept = 0_usize;
        for (call, timestep) in schedule.timesteps().iter().copied().enumerate() {
            let Interval { from, to, again } = Interval::of(call, timestep, stride);
            let weights = if again {
                [0.5, 0.5, 0.0, 0.0]
            } else {
                kept += 1;
                multistep.weights(kept)
            };
            let it = sampler.level(from, to);
            moves.push(Move {
                timestep,
                from_before_trial: again,
                of_sample: it.next_of[0] - it.next_of[1] * it.noise_of[1],
                of_slopes: weights.map(|weight| -it.next_of[1] * it.noise_of[0] * weight),
                keeps_slope: !again,
            });
        }
        moves
    }

    /// Formula 9: moves a sample from one level to a less noisy one along `output`.
    fn previous(
        &self,
        sample: &Array4<f32>,
        from: i64,
        to: i64,
        output: Array4<f32>,
    ) -> Array4<f32> {
        let Level {
            noise_of: [of_output, of_sample],
            next_of: [of_base, of_noise],
        } = self.level(from, to);
        let mut noise = output;
        if self.schedule.prediction() == PredictionType::VPrediction {
            Zip::from(&mut noise)
                .and(sample)
                .for_each(|noise, &sample| {
                    *noise = of_output * *noise + of_sample * sample;
                });
        }
        Zip::from(&mut noise)
            .and(sample)
            .for_each(|noise, &sample| *noise = of_base * sample - of_noise * *noise);
        noise
    }

    /// The numbers of formula 9 for one interval.
    fn level(&self, from: i64, to: i64) -> Level {
        let alpha = f64::from(self.schedule.alpha_cumprod(from));
        let alpha_to = f64::from(self.schedule.alpha_cumprod(to));
        let (beta, beta_to) = (1.0 - alpha, 1.0 - alpha_to);
        let denominator = alpha * beta_to.sqrt() + (alpha * beta * alpha_to).sqrt();
        Level {
            noise_of: match self.schedule.prediction() {
                PredictionType::Epsilon => [1.0, 0.0],
                PredictionType::VPrediction => [alpha.sqrt() as f32, beta.sqrt() as f32],
            },
            next_of: [
                (alpha_to / alpha).sqrt() as f32,
                ((alpha_to - alpha) / denominator) as f32,
            ],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::golden;
    use super::*;

    /// Largest difference from a stored trajectory, relative to the largest value of its step. Each step goes on
    /// from this sampler's own previous sample.
    fn deviation(name: &str, multistep: Multistep) -> f32 {
        let file = golden::read(name);
        let config = golden::scheduler_config(&file["config"]);
        let schedule = Schedule::new(&config, file["steps"].as_u64().unwrap() as usize).unwrap();
        let shape: Vec<usize> = file["shape"]
            .as_array()
            .unwrap()
            .iter()
            .map(|size| size.as_u64().unwrap() as usize)
            .collect();
        let array = |value: &serde_json::Value| {
            let values = value
                .as_array()
                .unwrap()
                .iter()
                .map(|v| v.as_f64().unwrap() as f32)
                .collect();
            Array4::from_shape_vec((shape[0], shape[1], shape[2], shape[3]), values).unwrap()
        };
        let rows = file["rows"].as_array().unwrap();
        assert_eq!(rows.len(), schedule.timesteps().len(), "{name}");
        let mut sampler = Pndm::with(&schedule, multistep);
        let mut sample = array(&file["sample"]);
        let mut largest = 0.0_f32;
        for (index, row) in rows.iter().enumerate() {
            let timestep = row["timestep"].as_i64();
            assert_eq!(sampler.timestep(), timestep, "{name} call {index}");
            sample = sampler.step(array(&row["model_output"]), &sample);
            let expected = array(&row["prev_sample"]);
            let scale = expected
                .iter()
                .fold(0.0_f32, |scale, value| scale.max(value.abs()));
            for (found, expected) in sample.iter().zip(&expected) {
                largest = largest.max((found - expected).abs() / scale);
            }
        }
        assert_eq!(sampler.timestep(), None);
        let end = sampler.step(sample.clone(), &sample);
        assert_eq!(end, sample, "a finished run stays where it is");
        largest
    }

    #[test]
    fn trajectories_are_those_of_diffusers() {
        for name in [
            "epsilon-30",
            "epsilon-30-alpha-one",
            "v-30",
            "v-30-alpha-one",
            "v-20-linear",
            "epsilon-50-offset-0",
            "epsilon-3",
            "epsilon-1",
        ] {
            // One step is exact to a few units in the last place; thirty add up.
            let deviation = deviation(name, Multistep::ADAMS_BASHFORTH);
            assert!(deviation <= 1e-6, "{name}: {deviation}");
        }
    }

    /// Smaller than what the scores of drawn frames show (`tests/suite/mutants.rs`), and yet far from exact.
    #[test]
    fn trajectories_see_a_coefficient_that_is_a_little_wrong() {
        let mut multistep = Multistep::ADAMS_BASHFORTH;
        multistep.fourth[2] = 39.0;
        assert!(deviation("v-30", multistep) > 1e-3);
    }

    /// What a device does with the numbers is what the sampler does with arrays.
    #[test]
    fn moves_are_the_steps_as_numbers() {
        for name in [
            "epsilon-1",
            "epsilon-3",
            "epsilon-30",
            "epsilon-30-alpha-one",
            "epsilon-50-offset-0",
            "v-20-linear",
            "v-30",
            "v-30-alpha-one",
        ] {
            let file = golden::read(name);
            let config = golden::scheduler_config(&file["config"]);
            let steps = file["steps"].as_u64().unwrap() as usize;
            let schedule = Schedule::new(&config, steps).unwrap();
            let moves = Pndm::moves(&schedule, Multistep::ADAMS_BASHFORTH);
            assert_eq!(moves.len(), schedule.timesteps().len());
            let output = |call: usize, sample: &Array4<f32>| {
                sample.mapv(|value| (value * 0.7 + 0.1 * call as f32).sin())
            };
            let mut sampler = Pndm::new(&schedule);
            let mut sample = Array4::from_shape_fn((2, 1, 2, 3), |(a, _, b, c)| {
                (a as f32 + 0.3 * b as f32 - 0.2 * c as f32).cos()
            });
            let (mut moved, mut before) = (sample.clone(), sample.clone());
            let mut slopes: VecDeque<Array4<f32>> = VecDeque::new();
            for (call, step) in moves.iter().enumerate() {
                assert_eq!(Some(step.timestep), sampler.timestep());
                sample = sampler.step(output(call, &sample), &sample);
                let base = if step.from_before_trial {
                    &before
                } else {
                    &moved
                };
                let slope = output(call, &moved);
                let mut next = base * step.of_sample + &slope * step.of_slopes[0];
                for (slope, factor) in slopes.iter().zip(&step.of_slopes[1..]) {
                    next = next + slope * *factor;
                }
                before = moved;
                moved = next;
                if step.keeps_slope {
                    slopes.push_front(slope);
                }
                let apart = (&moved - &sample).mapv(f32::abs);
                let scale = sample.iter().fold(0.0_f32, |most, it| most.max(it.abs()));
                assert!(
                    apart.iter().all(|it| *it <= 1e-4 * scale.max(1.0)),
                    "{name}, call {call}: {apart}"
                );
            }
        }
    }
}
