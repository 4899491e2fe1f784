//! The networks as ONNX graphs.

use super::super::Fault;
use super::networks::{Cache, DiffusionNetworks, LanguageNetworks};
use super::resident::ResidentSampler;
use super::settings::DiffusionSettings;
use super::signatures::{
    self, CHAR_IMAGE_ENCODER, FUSE, LDM_MAPPER, LLM_EMBED, LLM_HIDDEN, LLM_LOGITS, LLM_STEP,
    LLM_VISION, TEXT_ENCODER, UNET, VAE_DECODER,
};
use crate::inference::{
    Bundle, CacheSizes, Graph, GraphSignature, InferenceError, Input, Llm, Runtime, Writing,
};
use ndarray::{
    Array, Array2, Array3, Array4, ArrayD, ArrayView, ArrayView1, ArrayView2, ArrayView3,
    ArrayView4, Dimension,
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
    let [output] = run_all(graph, inputs)?;
    fixed(name, output)
}

/// Runs a graph whose signature has so many outputs.
fn run_all<const N: usize>(
    graph: &mut Graph,
    inputs: &[(&str, Input<'_>)],
) -> Result<[ArrayD<f32>; N], Fault> {
    let name = graph.name();
    let outputs = graph.run(inputs).map_err(|source| Fault::Network {
        graph: name,
        source: Box::new(source),
    })?;
    Ok(outputs
        .try_into()
        .expect("a graph gives the outputs of its signature"))
}

/// An output with the number of dimensions that its signature has.
fn fixed<D: Dimension>(name: &'static str, output: ArrayD<f32>) -> Result<Array<f32, D>, Fault> {
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
pub struct OnnxLanguage {
    graphs: Graphs,
    cache: Option<CacheSizes>,
}

impl OnnxLanguage {
    /// Loads the graphs of a bundle's language model.
    ///
    /// # Errors
    /// [`InferenceError`] for graphs that are missing or have another signature.
    pub fn load(
        runtime: &Runtime,
        bundle: &Bundle,
        llm: &Llm,
        settings: &DiffusionSettings,
    ) -> Result<Self, InferenceError> {
        let writing = bundle.manifest().writing();
        let signatures = signatures::language(llm, writing, settings);
        Ok(Self {
            graphs: Graphs::load(runtime, bundle, &signatures)?,
            cache: writing.and_then(|it| it.cache),
        })
    }

    /// The embedding and the graphs that write, of a bundle that draws nothing.
    #[cfg(test)]
    pub(super) fn of_writer(
        runtime: &Runtime,
        bundle: &Bundle,
        llm: &Llm,
        writing: &Writing,
    ) -> Result<Self, InferenceError> {
        let embed = signatures::embed(llm);
        let empty = Self {
            graphs: Graphs::load(runtime, bundle, &[embed])?,
            cache: None,
        };
        empty.with_writer(runtime, bundle, llm, writing)
    }

    /// Loads the graphs that make it write from another bundle.
    ///
    /// # Errors
    /// Those of [`OnnxLanguage::load`].
    pub fn with_writer(
        mut self,
        runtime: &Runtime,
        bundle: &Bundle,
        llm: &Llm,
        writing: &Writing,
    ) -> Result<Self, InferenceError> {
        let signatures = signatures::writing(llm, writing);
        let Graphs(more) = Graphs::load(runtime, bundle, &signatures)?;
        self.graphs.0.extend(more);
        self.cache = writing.cache;
        Ok(self)
    }
}

impl LanguageNetworks for OnnxLanguage {
    fn llm_vision(&mut self, pixels: ArrayView4<'_, f32>) -> Result<Array3<f32>, Fault> {
        self.graphs
            .run(LLM_VISION, &[("pixel_values", floats(pixels))])
    }

    fn llm_embed(&mut self, ids: ArrayView2<'_, i64>) -> Result<Array3<f32>, Fault> {
        self.graphs.run(LLM_EMBED, &[("input_ids", integers(ids))])
    }

    fn llm_hidden(
        &mut self,
        embeds: ArrayView3<'_, f32>,
        mask: ArrayView2<'_, i64>,
    ) -> Result<Array3<f32>, Fault> {
        if !self.graphs.0.contains_key(LLM_HIDDEN)
            && let Some(mut nothing) = self.cache(embeds.shape()[0])
        {
            return self.llm_step(embeds, mask, &mut nothing);
        }
        self.graphs.run(
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
        self.graphs.run(
            LDM_MAPPER,
            &[("hidden", floats(hidden)), ("img_embeds", floats(images))],
        )
    }

    fn llm_logits(&mut self, hidden: ArrayView3<'_, f32>) -> Result<Array3<f32>, Fault> {
        if !self.graphs.0.contains_key(LLM_LOGITS) {
            return Err(Fault::NoGraph { graph: LLM_LOGITS });
        }
        self.graphs
            .run(LLM_LOGITS, &[("hidden_states", floats(hidden))])
    }

    fn cache(&self, rows: usize) -> Option<Cache> {
        self.cache.map(|sizes| Cache::empty(sizes, rows))
    }

    fn llm_step(
        &mut self,
        embeds: ArrayView3<'_, f32>,
        mask: ArrayView2<'_, i64>,
        cache: &mut Cache,
    ) -> Result<Array3<f32>, Fault> {
        let graph = self
            .graphs
            .0
            .get_mut(LLM_STEP)
            .ok_or(Fault::NoGraph { graph: LLM_STEP })?;
        let mut expected = cache.keys.shape().to_vec();
        expected[3] += embeds.shape()[1];
        let [hidden, keys, values] = run_all(
            graph,
            &[
                ("inputs_embeds", floats(embeds)),
                ("attention_mask", integers(mask)),
                ("past_keys", floats(cache.keys.view())),
                ("past_values", floats(cache.values.view())),
            ],
        )?;
        for side in [&keys, &values] {
            if side.shape() != expected {
                return Err(Fault::Shape {
                    graph: LLM_STEP,
                    expected,
                    found: side.shape().to_vec(),
                });
            }
        }
        *cache = Cache { keys, values };
        fixed(LLM_STEP, hidden)
    }
}
