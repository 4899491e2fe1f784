//! The networks as ONNX graphs.

use super::super::Fault;
use super::networks::{DiffusionNetworks, LanguageNetworks};
use super::resident::ResidentSampler;
use super::settings::DiffusionSettings;
use super::signatures::{
    self, CHAR_IMAGE_ENCODER, FUSE, LDM_MAPPER, LLM_EMBED, LLM_HIDDEN, LLM_VISION, TEXT_ENCODER,
};
use super::signatures::{UNET, VAE_DECODER};
use crate::inference::{Bundle, Graph, GraphSignature, InferenceError, Input, Llm, Runtime};
use ndarray::{
    Array, Array2, Array3, Array4, ArrayView, ArrayView1, ArrayView2, ArrayView3, ArrayView4,
    Dimension,
};
use std::collections::BTreeMap;

/// Loaded graphs by name.
struct Graphs(BTreeMap<&'static str, Graph>);

impl Graphs {
    fn load(
        runtime: &Runtime,
        bundle: &Bundle,
        signatures: &[GraphSignature],
    ) -> Result<Self, InferenceError> {
        let mut graphs = BTreeMap::new();
        for signature in signatures {
            graphs.insert(
                signature.name,
                runtime.load(&bundle.graph(signature.name)?, signature)?,
            );
        }
        Ok(Self(graphs))
    }

    /// Runs a graph with one output.
    fn run<D: Dimension>(
        &mut self,
        name: &'static str,
        inputs: &[(&str, Input<'_>)],
    ) -> Result<Array<f32, D>, Fault> {
        let graph = self
            .0
            .get_mut(name)
            .expect("every graph that is run is in the list that was loaded");
        run(graph, inputs)
    }
}

/// Runs a graph with one output.
fn run<D: Dimension>(
    graph: &mut Graph,
    inputs: &[(&str, Input<'_>)],
) -> Result<Array<f32, D>, Fault> {
    let name = graph.name();
    let output = graph
        .run(inputs)
        .map_err(|source| Fault::Network {
            graph: name,
            source: Box::new(source),
        })?
        .into_iter()
        .next()
        .expect("every signature has one output");
    let found = output.ndim();
    output.into_dimensionality().map_err(|_| Fault::Rank {
        graph: name,
        expected: D::NDIM.unwrap_or(found),
        found,
    })
}

fn floats<D: Dimension>(view: ArrayView<'_, f32, D>) -> Input<'_> {
    Input::F32(view.into_dyn())
}

fn integers<D: Dimension>(view: ArrayView<'_, i64, D>) -> Input<'_> {
    Input::I64(view.into_dyn())
}

/// The diffusion model's graphs.
pub struct OnnxDiffusion {
    graphs: Graphs,
    /// Has the denoiser, which is then not among the graphs.
    resident: Option<ResidentSampler>,
}

impl OnnxDiffusion {
    /// Loads the graphs of a bundle's diffusion model.
    ///
    /// # Errors
    /// [`InferenceError`] for graphs that are missing or have another signature.
    pub fn load(
        runtime: &Runtime,
        bundle: &Bundle,
        settings: &DiffusionSettings,
    ) -> Result<Self, InferenceError> {
        let mut graphs = Graphs::load(runtime, bundle, &signatures::diffusion(settings))?;
        let resident = if runtime.is_resident() {
            let unet = graphs.0.remove(UNET);
            unet.map(|unet| ResidentSampler::new(runtime, unet))
                .transpose()?
        } else {
            None
        };
        Ok(Self { graphs, resident })
    }
}

impl DiffusionNetworks for OnnxDiffusion {
    fn text_encoder(&mut self, ids: ArrayView2<'_, i64>) -> Result<Array3<f32>, Fault> {
        self.graphs
            .run(TEXT_ENCODER, &[("input_ids", integers(ids))])
    }

    fn char_image_encoder(&mut self, pixels: ArrayView4<'_, f32>) -> Result<Array2<f32>, Fault> {
        self.graphs
            .run(CHAR_IMAGE_ENCODER, &[("pixel_values", floats(pixels))])
    }

    fn fuse(
        &mut self,
        text: ArrayView2<'_, f32>,
        visual: ArrayView2<'_, f32>,
    ) -> Result<Array2<f32>, Fault> {
        self.graphs
            .run(FUSE, &[("text", floats(text)), ("visual", floats(visual))])
    }

    fn unet(
        &mut self,
        sample: ArrayView4<'_, f32>,
        timestep: ArrayView1<'_, i64>,
        context: ArrayView3<'_, f32>,
    ) -> Result<Array4<f32>, Fault> {
        let inputs = [
            ("sample", floats(sample)),
            ("timestep", integers(timestep)),
            ("encoder_hidden_states", floats(context)),
        ];
        match &mut self.resident {
            Some(sampler) => run(sampler.unet(), &inputs),
            None => self.graphs.run(UNET, &inputs),
        }
    }

    fn vae_decoder(&mut self, latents: ArrayView4<'_, f32>) -> Result<Array4<f32>, Fault> {
        self.graphs
            .run(VAE_DECODER, &[("latents", floats(latents))])
    }

    fn resident(&mut self) -> Option<&mut ResidentSampler> {
        self.resident.as_mut()
    }
}

/// The graphs of the language model and its mapper.
pub struct OnnxLanguage(Graphs);

impl OnnxLanguage {
    /// Loads the four graphs of a bundle's language model.
    ///
    /// # Errors
    /// [`InferenceError`] for graphs that are missing or have another signature.
    pub fn load(
        runtime: &Runtime,
        bundle: &Bundle,
        llm: &Llm,
        settings: &DiffusionSettings,
    ) -> Result<Self, InferenceError> {
        Graphs::load(runtime, bundle, &signatures::language(llm, settings)).map(Self)
    }
}

impl LanguageNetworks for OnnxLanguage {
    fn llm_vision(&mut self, pixels: ArrayView4<'_, f32>) -> Result<Array3<f32>, Fault> {
        self.0.run(LLM_VISION, &[("pixel_values", floats(pixels))])
    }

    fn llm_embed(&mut self, ids: ArrayView2<'_, i64>) -> Result<Array3<f32>, Fault> {
        self.0.run(LLM_EMBED, &[("input_ids", integers(ids))])
    }

    fn llm_hidden(
        &mut self,
        embeds: ArrayView3<'_, f32>,
        mask: ArrayView2<'_, i64>,
    ) -> Result<Array3<f32>, Fault> {
        self.0.run(
            LLM_HIDDEN,
            &[
                ("inputs_embeds", floats(embeds)),
                ("attention_mask", integers(mask)),
            ],
        )
    }

    fn ldm_mapper(
        &mut self,
        hidden: ArrayView3<'_, f32>,
        images: ArrayView3<'_, f32>,
    ) -> Result<Array3<f32>, Fault> {
        self.0.run(
            LDM_MAPPER,
            &[("hidden", floats(hidden)), ("img_embeds", floats(images))],
        )
    }
}
