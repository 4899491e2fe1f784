//! Sampling where latents and contexts stay on the device.
//!
//! The denoiser gets its context when it changes, which is twice a frame, and the sampler's arithmetic is a graph
//! of its own: from the initial noise to the final latents, only time-steps and factors are copied to the
//! device, and nothing comes back.

use super::super::{Fault, Pndm};
use super::denoise::{Job, double};
use super::settings::DiffusionSettings;
use super::signatures::UNET;
use crate::inference::{
    DeviceTensor, Graph, GraphSignature, InferenceError, Input, Port, ResidentGraph, Runtime,
};
use ndarray::{Array, Array1, Array2, Array3, Array4, Axis, Dimension, Ix4, arr1, stack};
use std::collections::VecDeque;

const STEP: &str = "sampler_step";
/// Made by `tools/golden/tiny_onnx.py`.
const STEP_GRAPH: &[u8] = include_bytes!("sampler_step.onnx");
const THREE: &str = "the step's signature has three outputs";
const SLOPES: [&str; 3] = ["slope1", "slope2", "slope3"];

/// The denoiser and the sampler's arithmetic on one device.
#[derive(Debug)]
pub struct ResidentSampler {
    unet: ResidentGraph,
    step: ResidentGraph,
}

impl ResidentSampler {
    /// Takes the denoiser.
    ///
    /// # Errors
    /// [`InferenceError`] where the device cannot bind or gives wrong numbers.
    pub(super) fn new(runtime: &Runtime, unet: Graph) -> Result<Self, InferenceError> {
        let step = runtime.load_bytes(STEP_GRAPH, &signature())?;
        Ok(Self {
            unet: ResidentGraph::new(runtime, unet)?,
            step: ResidentGraph::new(runtime, step)?,
        })
    }

    /// The denoiser, for calls from the host's memory.
    pub(super) fn unet(&mut self) -> &mut Graph {
        self.unet.graph()
    }

    /// Samples a batch of frames; see [`denoise`](super::denoise::denoise).
    pub(super) fn sample(
        &mut self,
        settings: &DiffusionSettings,
        unconditional: &Array2<f32>,
        jobs: &[Job],
    ) -> Result<Array4<f32>, Fault> {
        self.walk(settings, unconditional, jobs)
            .map_err(|source| Fault::Network {
                graph: UNET,
                source: Box::new(source),
            })
    }

    fn walk(
        &mut self,
        settings: &DiffusionSettings,
        unconditional: &Array2<f32>,
        jobs: &[Job],
    ) -> Result<Array4<f32>, InferenceError> {
        let batch = jobs.len();
        let start: Vec<_> = jobs.iter().map(|job| job.latents.view()).collect();
        let start = stack(Axis(0), &start).expect("latents of one bundle have one shape");
        let doubled = double(&start);
        let guidance = arr1(&[settings.diffusion.guidance_scale as f32]);
        self.unet.give("sample", &floats(&doubled))?;
        self.step.give("guidance", &floats(&guidance))?;
        self.step.give("base", &floats(&start))?;
        let none = Array4::<f32>::zeros(settings.latents(batch));
        for slope in SLOPES {
            self.step.give(slope, &floats(&none))?;
        }
        let moves = Pndm::moves(&settings.schedule, settings.multistep);
        let mut slopes: VecDeque<DeviceTensor> = VecDeque::new();
        // The sample that a call starts from, and the one before it; `None` is the initial noise.
        let (mut sample, mut before): (Option<DeviceTensor>, Option<DeviceTensor>) = (None, None);
        let mut shown = None;
        for (call, it) in moves.iter().enumerate() {
            let plain: Vec<bool> = jobs.iter().map(|job| call <= job.merge_step).collect();
            if shown.as_ref() != Some(&plain) {
                let context = contexts(unconditional, jobs, &plain);
                self.unet.give("encoder_hidden_states", &floats(&context))?;
                shown = Some(plain);
            }
            let timesteps = Array1::from_elem(2 * batch, it.timestep);
            let timesteps = Input::I64(timesteps.view().into_dyn());
            self.unet.give("timestep", &timesteps)?;
            let noise = self.unet.run()?;
            self.step.set("noise", only(&noise))?;
            match if it.from_before_trial {
                &before
            } else {
                &sample
            } {
                Some(base) => self.step.set("base", base)?,
                None => self.step.give("base", &floats(&start))?,
            }
            for (name, slope) in SLOPES.iter().zip(&slopes) {
                self.step.set(name, slope)?;
            }
            self.step.give("of_base", &floats(&arr1(&[it.of_sample])))?;
            self.step.give("of_slopes", &floats(&arr1(&it.of_slopes)))?;
            let outputs: [DeviceTensor; 3] = self.step.run()?.try_into().expect(THREE);
            let [slope, next, doubled] = outputs;
            self.unet.set("sample", &doubled)?;
            before = sample.replace(next);
            if it.keeps_slope {
                slopes.push_front(slope);
                slopes.truncate(SLOPES.len());
            }
        }
        let Some(sample) = sample else {
            return Ok(start);
        };
        let array = self.step.fetch(&sample)?;
        Ok(array
            .into_dimensionality::<Ix4>()
            .expect("the step's signature has four axes"))
    }
}

/// The one output of the denoiser.
fn only(outputs: &[DeviceTensor]) -> &DeviceTensor {
    outputs
        .first()
        .expect("the denoiser's signature has one output")
}

fn floats<D: Dimension>(array: &Array<f32, D>) -> Input<'_> {
    Input::F32(array.view().into_dyn())
}

/// Both halves of the guidance, `[2B, L, D]`: the empty caption's embedding, then each story's.
fn contexts(unconditional: &Array2<f32>, jobs: &[Job], plain: &[bool]) -> Array3<f32> {
    let nothing = std::iter::repeat_n(unconditional.view(), jobs.len());
    let something = jobs.iter().zip(plain).map(|(job, plain)| {
        if *plain {
            job.plain.view()
        } else {
            job.merged.view()
        }
    });
    let all: Vec<_> = nothing.chain(something).collect();
    stack(Axis(0), &all).expect("embeddings of one bundle have one shape")
}

fn signature() -> GraphSignature {
    let latents = [None, None, None, None];
    let mut inputs = vec![
        Port::f32("noise", latents),
        Port::f32("base", latents),
        Port::f32("guidance", [Some(1)]),
        Port::f32("of_base", [Some(1)]),
        Port::f32("of_slopes", [Some(4)]),
    ];
    inputs.extend(SLOPES.map(|name| Port::f32(name, latents)));
    GraphSignature {
        name: STEP,
        inputs,
        outputs: ["slope", "sample", "doubled"]
            .map(|name| Port::f32(name, latents))
            .to_vec(),
    }
}
