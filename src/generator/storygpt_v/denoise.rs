//! Sampling with guidance and delayed conditioning.

use super::super::{Fault, Pndm};
use super::networks::{DiffusionNetworks, shaped};
use super::settings::DiffusionSettings;
use super::signatures::UNET;
use ndarray::{Array1, Array2, Array3, Array4, Axis, Zip, concatenate, s};

/// One frame to sample.
#[derive(Clone, Debug)]
pub(super) struct Job {
    /// Initial noise `[c, h, w]`.
    pub(super) latents: Array3<f32>,
    /// Plain text embedding of the caption `[L, D]`: the context of the first calls.
    pub(super) plain: Array2<f32>,
    /// Context `[L, D]` of the calls after [`Self::merge_step`].
    pub(super) merged: Array2<f32>,
    /// Index of the last call that sees the plain text. Inclusive, as released: 15 means sixteen calls.
    pub(super) merge_step: usize,
}

/// Samples a batch of frames: initial noise to latents `[B, c, h, w]`.
///
/// `unconditional` is the embedding `[L, D]` of the empty caption. Both halves of the guidance run in one call
/// of batch 2B, unconditional first.
pub(super) fn denoise(
    networks: &mut impl DiffusionNetworks,
    settings: &DiffusionSettings,
    unconditional: &Array2<f32>,
    jobs: &[Job],
) -> Result<Array4<f32>, Fault> {
    let sample = match networks.resident() {
        Some(sampler) => sampler.sample(settings, unconditional, jobs)?,
        None => walk(networks, settings, unconditional, jobs)?,
    };
    // Checked once and not at every call: what is not finite stays so until the end.
    if let Some(row) = sample
        .outer_iter()
        .position(|latents| latents.iter().any(|value| !value.is_finite()))
    {
        return Err(Fault::NotFinite { graph: UNET, row });
    }
    Ok(sample)
}

/// The sampler's arithmetic in the host's memory.
fn walk(
    networks: &mut impl DiffusionNetworks,
    settings: &DiffusionSettings,
    unconditional: &Array2<f32>,
    jobs: &[Job],
) -> Result<Array4<f32>, Fault> {
    let batch = jobs.len();
    let guidance = settings.diffusion.guidance_scale as f32;
    let mut sample = Array4::zeros(settings.latents(batch));
    let [_, positions, width] = settings.context(batch);
    let mut context = Array3::zeros((2 * batch, positions, width));
    for (row, job) in jobs.iter().enumerate() {
        sample.slice_mut(s![row, .., .., ..]).assign(&job.latents);
        context.slice_mut(s![row, .., ..]).assign(unconditional);
    }
    let mut sampler = Pndm::with(&settings.schedule, settings.multistep);
    let mut call = 0;
    while let Some(timestep) = sampler.timestep() {
        for (row, job) in jobs.iter().enumerate() {
            let chosen = if call <= job.merge_step {
                &job.plain
            } else {
                &job.merged
            };
            context.slice_mut(s![batch + row, .., ..]).assign(chosen);
        }
        let doubled = double(&sample);
        let timesteps = Array1::from_elem(2 * batch, timestep);
        let output = networks.unet(doubled.view(), timesteps.view(), context.view())?;
        let output = shaped(UNET, output, &settings.latents(2 * batch))?;
        let (without, with) = output.view().split_at(Axis(0), batch);
        let mut guided = without.to_owned();
        Zip::from(&mut guided)
            .and(&with)
            .for_each(|value, &with| *value += guidance * (with - *value));
        sample = sampler.step(guided, &sample);
        call += 1;
    }
    Ok(sample)
}

/// A batch twice, for the two halves of the guidance.
pub(super) fn double(sample: &Array4<f32>) -> Array4<f32> {
    concatenate(Axis(0), &[sample.view(), sample.view()])
        .expect("two views of one array have one shape")
}

#[cfg(test)]
#[allow(clippy::float_cmp, reason = "contexts are copied and never computed")]
mod tests {
    use super::super::fake::{Fakes, settings};
    use super::*;

    fn job(merge_step: usize, seed: f32) -> Job {
        let settings = settings();
        let [_, channels, height, width] = settings.latents(1);
        let [_, positions, hidden] = settings.context(1);
        Job {
            latents: Array3::from_shape_fn((channels, height, width), |(c, y, x)| {
                (seed + c as f32 + 0.3 * y as f32 - 0.2 * x as f32).sin()
            }),
            plain: Array2::from_elem((positions, hidden), 0.1),
            merged: Array2::from_elem((positions, hidden), 0.9),
            merge_step,
        }
    }

    fn run(jobs: &[Job]) -> (Array4<f32>, Fakes) {
        let settings = settings();
        let mut fakes = Fakes::default();
        let [_, positions, hidden] = settings.context(1);
        let unconditional = Array2::from_elem((positions, hidden), -0.5);
        let latents = denoise(&mut fakes, &settings, &unconditional, jobs).unwrap();
        (latents, fakes)
    }

    /// What each UNet call saw as the conditional context of a row, by its first value.
    fn seen(fakes: &Fakes, row: usize) -> Vec<f32> {
        fakes
            .unet_calls
            .iter()
            .map(|call| call.contexts[call.contexts.len() / 2 + row])
            .collect()
    }

    #[test]
    fn thirty_steps_are_thirty_one_calls_sixteen_of_them_text_only() {
        let (_, fakes) = run(&[job(15, 0.0)]);
        let seen = seen(&fakes, 0);
        assert_eq!(seen.len(), 31);
        assert!(seen[..16].iter().all(|value| *value == 0.1));
        assert!(seen[16..].iter().all(|value| *value == 0.9));
    }

    #[test]
    fn merge_step_zero_is_one_text_only_call() {
        let (_, fakes) = run(&[job(0, 0.0)]);
        let seen = seen(&fakes, 0);
        assert_eq!(seen.iter().filter(|value| **value == 0.1).count(), 1);
        assert_eq!(seen[0], 0.1);
    }

    #[test]
    fn merge_steps_may_differ_inside_a_batch() {
        let (_, fakes) = run(&[job(15, 0.0), job(0, 1.0)]);
        assert_eq!(
            seen(&fakes, 0)
                .iter()
                .filter(|value| **value == 0.1)
                .count(),
            16
        );
        assert_eq!(
            seen(&fakes, 1)
                .iter()
                .filter(|value| **value == 0.1)
                .count(),
            1
        );
    }

    #[test]
    fn both_halves_of_the_guidance_are_one_call() {
        let (_, fakes) = run(&[job(15, 0.0), job(0, 1.0), job(3, 2.0)]);
        for call in &fakes.unet_calls {
            assert_eq!(call.contexts.len(), 6);
            assert!(call.contexts[..3].iter().all(|value| *value == -0.5));
            assert!(
                call.timesteps
                    .iter()
                    .all(|timestep| *timestep == call.timesteps[0])
            );
        }
    }

    #[test]
    fn a_batch_gives_what_its_members_give_alone() {
        let jobs = [job(15, 0.0), job(0, 1.0), job(3, 2.0)];
        let (together, _) = run(&jobs);
        for (row, job) in jobs.iter().enumerate() {
            let (alone, _) = run(std::slice::from_ref(job));
            assert_eq!(
                together.slice(s![row, .., .., ..]),
                alone.slice(s![0, .., .., ..])
            );
        }
    }

    #[test]
    fn what_is_not_finite_is_an_error_that_names_the_row() {
        let settings = settings();
        let mut broken = job(0, 1.0);
        broken.latents.fill(f32::NAN);
        let [_, positions, hidden] = settings.context(1);
        let unconditional = Array2::zeros((positions, hidden));
        let jobs = [job(0, 0.0), broken];
        let fault = denoise(&mut Fakes::default(), &settings, &unconditional, &jobs).unwrap_err();
        assert!(matches!(
            fault,
            Fault::NotFinite {
                graph: UNET,
                row: 1
            }
        ));
    }
}
