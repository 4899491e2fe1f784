//! Noise schedules of diffusion samplers: betas, cumulated alphas and time-steps.
//!
//! Definitions are those of diffusers' `PNDMScheduler` with its configuration names, because the published
//! checkpoints carry such configurations. Golden values come from `tools/golden/pndm.py`.

use crate::inference::{BetaSchedule, PredictionType, Scheduler, TimestepSpacing};

/// A scheduler configuration that this program does not implement.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SchedulerError {
    /// A named choice is not implemented.
    #[error("this value of the scheduler setting {field} is not implemented, only {supported} is")]
    Unsupported {
        /// Key in the bundle's `[scheduler]` table.
        field: &'static str,
        /// The values that are allowed.
        supported: &'static str,
    },
    /// The betas are not variances.
    #[error("scheduler betas {start} to {end} are not an ascending range inside 0..1")]
    Betas {
        /// `beta_start`.
        start: f64,
        /// `beta_end`.
        end: f64,
    },
    /// The steps do not fit into the training levels.
    #[error(
        "{steps} inference steps with offset {offset} do not fit into {levels} training levels"
    )]
    Steps {
        /// `num_inference_steps`.
        steps: usize,
        /// `steps_offset`.
        offset: usize,
        /// `num_train_timesteps`.
        levels: usize,
    },
}

/// A checked schedule for a fixed number of inference steps.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    alphas_cumprod: Vec<f32>,
    final_alpha_cumprod: f32,
    timesteps: Vec<i64>,
    stride: i64,
    prediction: PredictionType,
}

impl Schedule {
    /// Builds the schedule of `steps` inference steps.
    ///
    /// # Errors
    /// [`SchedulerError`] when the configuration is not PNDM in PLMS mode with leading spacing, or is not
    /// consistent.
    pub fn new(config: &Scheduler, steps: usize) -> Result<Self, SchedulerError> {
        if config.timestep_spacing != TimestepSpacing::Leading {
            return Err(SchedulerError::Unsupported {
                field: "timestep_spacing",
                supported: "\"leading\"",
            });
        }
        if !config.skip_prk_steps {
            return Err(SchedulerError::Unsupported {
                field: "skip_prk_steps",
                supported: "true",
            });
        }
        let alphas_cumprod = alphas_cumprod(config)?;
        let final_alpha_cumprod = if config.set_alpha_to_one {
            1.0
        } else {
            alphas_cumprod[0]
        };
        Ok(Self {
            final_alpha_cumprod,
            timesteps: timesteps(config, steps)?,
            stride: (config.num_train_timesteps / steps) as i64,
            alphas_cumprod,
            prediction: config.prediction_type,
        })
    }

    /// The time-step of every network call, first to last. PLMS repeats the second one, so that N steps
    /// need N + 1 calls.
    #[must_use]
    pub fn timesteps(&self) -> &[i64] {
        &self.timesteps
    }

    /// Distance of two neighbouring time-steps.
    pub(crate) fn stride(&self) -> i64 {
        self.stride
    }

    /// What the network predicts.
    #[must_use]
    pub fn prediction(&self) -> PredictionType {
        self.prediction
    }

    /// Share of the image's variance that is left at a level. Below level 0 it is the final one.
    #[must_use]
    pub fn alpha_cumprod(&self, timestep: i64) -> f32 {
        usize::try_from(timestep)
            .ok()
            .and_then(|level| self.alphas_cumprod.get(level).copied())
            .unwrap_or(self.final_alpha_cumprod)
    }
}

/// Cumulated products of `1 - beta`, rounded where torch rounds: betas and alphas are single precision, the
/// product runs in double and is stored in single precision.
fn alphas_cumprod(config: &Scheduler) -> Result<Vec<f32>, SchedulerError> {
    let (start, end) = (config.beta_start, config.beta_end);
    if !(start > 0.0 && start <= end && end < 1.0) {
        return Err(SchedulerError::Betas { start, end });
    }
    let scaled = config.beta_schedule == BetaSchedule::ScaledLinear;
    let (first, last) = if scaled {
        (start.sqrt(), end.sqrt())
    } else {
        (start, end)
    };
    let mut product = 1.0_f64;
    Ok(
        linspace(first as f32, last as f32, config.num_train_timesteps)
            .map(|value| {
                let beta = if scaled { value * value } else { value };
                product *= f64::from(1.0 - beta);
                product as f32
            })
            .collect(),
    )
}

/// `torch.linspace`: counts from the nearer end, so that both ends are exact.
fn linspace(start: f32, end: f32, count: usize) -> impl Iterator<Item = f32> {
    let step = if count > 1 {
        (end - start) / (count - 1) as f32
    } else {
        0.0
    };
    (0..count).map(move |index| {
        if index < count / 2 || count == 1 {
            start + step * index as f32
        } else {
            end - step * (count - 1 - index) as f32
        }
    })
}

/// Leading spacing: multiples of the stride plus the offset, descending, with the second one repeated.
fn timesteps(config: &Scheduler, steps: usize) -> Result<Vec<i64>, SchedulerError> {
    let levels = config.num_train_timesteps;
    let misfit = SchedulerError::Steps {
        steps,
        offset: config.steps_offset,
        levels,
    };
    if steps == 0 || steps > levels {
        return Err(misfit);
    }
    let stride = levels / steps;
    let mut descending: Vec<i64> = (0..steps)
        .rev()
        .map(|index| (index * stride + config.steps_offset) as i64)
        .collect();
    // The first PLMS step looks one stride back and then forward again, so no level above the first is read.
    if descending[0] >= levels as i64 {
        return Err(misfit);
    }
    if steps > 1 {
        descending.insert(1, descending[1]);
    }
    Ok(descending)
}

#[cfg(test)]
mod tests {
    use super::super::golden;
    use super::*;

    fn config() -> Scheduler {
        golden::scheduler_config(&golden::read("schedules")["schedules"][0]["config"])
    }

    #[test]
    fn timesteps_and_alphas_are_those_of_diffusers() {
        let file = golden::read("schedules");
        for entry in file["schedules"].as_array().unwrap() {
            let config = golden::scheduler_config(&entry["config"]);
            for (steps, expected) in entry["timesteps"].as_object().unwrap() {
                let schedule = Schedule::new(&config, steps.parse().unwrap()).unwrap();
                let expected: Vec<i64> = expected
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|t| t.as_i64().unwrap())
                    .collect();
                assert_eq!(schedule.timesteps(), expected);
            }
            let schedule = Schedule::new(&config, 30).unwrap();
            for pair in entry["alphas_cumprod"].as_array().unwrap() {
                let (level, expected) = (pair[0].as_i64().unwrap(), pair[1].as_f64().unwrap());
                let found = f64::from(schedule.alpha_cumprod(level));
                assert!(
                    (found / expected - 1.0).abs() < 1e-6,
                    "level {level}: {found} and {expected}"
                );
            }
            let expected = entry["final_alpha_cumprod"].as_f64().unwrap();
            assert!((f64::from(schedule.alpha_cumprod(-1)) / expected - 1.0).abs() < 1e-6);
        }
    }

    #[test]
    fn thirty_steps_are_thirty_one_calls() {
        let schedule = Schedule::new(&config(), 30).unwrap();
        assert_eq!(schedule.timesteps().len(), 31);
        assert_eq!(schedule.timesteps()[1], schedule.timesteps()[2]);
    }

    #[test]
    fn unsupported_settings_are_named() {
        let trailing = Scheduler {
            timestep_spacing: TimestepSpacing::Trailing,
            ..config()
        };
        let linspace = Scheduler {
            timestep_spacing: TimestepSpacing::Linspace,
            ..config()
        };
        let runge_kutta = Scheduler {
            skip_prk_steps: false,
            ..config()
        };
        for (name, config) in [
            ("timestep_spacing", trailing),
            ("timestep_spacing", linspace),
            ("skip_prk_steps", runge_kutta),
        ] {
            match Schedule::new(&config, 30) {
                Err(SchedulerError::Unsupported { field, .. }) => assert_eq!(field, name),
                other => panic!("{name}: {other:?}"),
            }
        }
    }

    #[test]
    fn inconsistent_numbers_are_refused() {
        let mut changed = config();
        changed.beta_end = 1.5;
        assert!(matches!(
            Schedule::new(&changed, 30),
            Err(SchedulerError::Betas { .. })
        ));
        for steps in [0, 1000, 1001] {
            assert!(
                matches!(
                    Schedule::new(&config(), steps),
                    Err(SchedulerError::Steps { .. })
                ),
                "{steps}"
            );
        }
    }
}
