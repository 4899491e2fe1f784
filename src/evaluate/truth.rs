//! What networks see on real frames, taken from the cache where it is known.

use super::EvaluateError;
use super::crops::Cutter;
use super::panel::Panel;
use crate::card::CropRule;
use crate::metric::ExtractorName;
use crate::record::ClipId;
use crate::run::Cache;
use image::RgbImage;
use std::collections::BTreeMap;
use std::path::Path;

/// Caches of one way of looking at the real frames of a data set.
pub(super) struct Truth {
    features: Option<Cache>,
    clip: Option<Cache>,
    captions: Option<Cache>,
    crops: Option<Cache>,
    references: usize,
}

/// Real frames that were decoded for the current chunk.
pub(super) struct Frames<'a> {
    load: &'a dyn Fn(&ClipId) -> Result<RgbImage, EvaluateError>,
    loaded: BTreeMap<ClipId, RgbImage>,
}

impl<'a> Frames<'a> {
    pub(super) fn new(load: &'a dyn Fn(&ClipId) -> Result<RgbImage, EvaluateError>) -> Self {
        Self {
            load,
            loaded: BTreeMap::new(),
        }
    }

    /// The frame of a clip; decoded once a chunk.
    pub(super) fn get(&mut self, clip: &ClipId) -> Result<RgbImage, EvaluateError> {
        if let Some(image) = self.loaded.get(clip) {
            return Ok(image.clone());
        }
        let image = (self.load)(clip)?;
        self.loaded.insert(clip.clone(), image.clone());
        Ok(image)
    }
}

impl Truth {
    /// Opens the caches below `root` that fit a panel, a data set (by content) and a ground-truth rule.
    pub(super) fn open(
        root: &Path,
        dataset: &str,
        ground_truth: &str,
        panel: &Panel,
        references: usize,
        crops: Option<CropRule>,
    ) -> Result<Self, EvaluateError> {
        let open = |name: &Option<ExtractorName>, pixels: Option<String>, what: &str| {
            let Some(name) = name else { return Ok(None) };
            let pixels = pixels.unwrap_or_else(|| name.preprocessing.clone());
            // With the arithmetic, what the cache gives has the very bits that looking again would give.
            let key = serde_json::json!({
                // 3: JPEG files are decoded as Pillow does it; large networks take one image per pass.
                "format": 3,
                "what": what,
                "dataset": dataset,
                "ground_truth": ground_truth,
                "bundle": name.hash,
                "pixels": pixels,
                "arithmetic": panel.arithmetic,
            });
            Cache::open(root, &key.to_string()).map(Some)
        };
        let pixels = panel
            .features
            .as_ref()
            .map(|(generated, reference)| reference.as_ref().unwrap_or(generated).preprocessing());
        let captions = format!("{references} captions");
        Ok(Self {
            features: open(&panel.names.features, pixels, "features")?,
            clip: open(&panel.names.clip, None, "clip")?,
            captions: open(&panel.names.captioner, None, &captions)?,
            crops: match crops {
                Some(rule) => {
                    let cut = rule.named(panel.pillow);
                    open(&both(panel), None, &format!("crops {cut}"))?
                }
                None => None,
            },
            references,
        })
    }

    /// Features of the real frames of `clips`, in their order.
    pub(super) fn features(
        &mut self,
        panel: &mut Panel,
        clips: &[&ClipId],
        frames: &mut Frames<'_>,
    ) -> Result<Vec<Vec<f32>>, EvaluateError> {
        let (Some(cache), Some((generated, reference))) = (&mut self.features, &mut panel.features)
        else {
            return Ok(Vec::new());
        };
        let network = reference.as_mut().unwrap_or(generated);
        vectors(cache, clips, frames, |_, images| {
            Ok(network.features(images)?)
        })
    }

    /// CLIP embeddings of the real frames of `clips`.
    pub(super) fn clip(
        &mut self,
        panel: &mut Panel,
        clips: &[&ClipId],
        frames: &mut Frames<'_>,
    ) -> Result<Vec<Vec<f32>>, EvaluateError> {
        let (Some(cache), Some(network)) = (&mut self.clip, &mut panel.clip) else {
            return Ok(Vec::new());
        };
        vectors(
            cache,
            clips,
            frames,
            |_, images| Ok(network.images(images)?),
        )
    }

    /// Captions of the real frames of `clips`, best first.
    pub(super) fn captions(
        &mut self,
        panel: &mut Panel,
        clips: &[&ClipId],
        frames: &mut Frames<'_>,
    ) -> Result<Vec<Vec<String>>, EvaluateError> {
        let (Some(cache), Some(network)) = (&mut self.captions, &mut panel.captioner) else {
            return Ok(Vec::new());
        };
        let count = self.references;
        let values = cached(cache, clips, frames, |_, images| {
            let captions = network.captions(images, count)?;
            Ok(captions
                .iter()
                .map(|texts| serde_json::to_vec(texts).expect("captions are text"))
                .collect())
        })?;
        Ok(values
            .iter()
            .map(|value| serde_json::from_slice(value).unwrap_or_default())
            .collect())
    }

    /// Embeddings of the labelled characters on the real frames of `clips`, cut out by the same rule
    /// and the same locator as those of the generated ones.
    pub(super) fn crops(
        &mut self,
        panel: &mut Panel,
        rule: CropRule,
        clips: &[&ClipId],
        labels: &[&[bool]],
        frames: &mut Frames<'_>,
    ) -> Result<Vec<Vec<f32>>, EvaluateError> {
        let (Some(cache), Some(mut cutter)) = (&mut self.crops, Cutter::of(panel, rule)) else {
            return Ok(Vec::new());
        };
        let labels: BTreeMap<&ClipId, &[bool]> =
            clips.iter().copied().zip(labels.iter().copied()).collect();
        vectors(cache, clips, frames, |missing, images| {
            let labels: Vec<&[bool]> = missing.iter().map(|clip| labels[clip]).collect();
            cutter.embeddings(images, &labels)
        })
    }

    /// Writes what is new.
    pub(super) fn flush(&mut self) -> Result<(), EvaluateError> {
        let all = [
            &mut self.features,
            &mut self.clip,
            &mut self.captions,
            &mut self.crops,
        ];
        for cache in all.into_iter().flatten() {
            cache.flush()?;
        }
        Ok(())
    }
}

/// Locator and CLIP as one extractor.
fn both(panel: &Panel) -> Option<ExtractorName> {
    let (locator, clip) = (panel.names.locator.as_ref()?, panel.names.clip.as_ref()?);
    let pair = |first: &str, second: &str| format!("{first}+{second}");
    Some(ExtractorName {
        graph: pair(&locator.graph, &clip.graph),
        hash: pair(&locator.hash, &clip.hash),
        preprocessing: pair(&locator.preprocessing, &clip.preprocessing),
    })
}

fn vectors(
    cache: &mut Cache,
    clips: &[&ClipId],
    frames: &mut Frames<'_>,
    mut look: impl FnMut(&[&ClipId], &[RgbImage]) -> Result<Vec<Vec<f32>>, EvaluateError>,
) -> Result<Vec<Vec<f32>>, EvaluateError> {
    let values = cached(cache, clips, frames, |clips, images| {
        let bytes = |row: &Vec<f32>| row.iter().flat_map(|v| v.to_le_bytes()).collect();
        Ok(look(clips, images)?.iter().map(bytes).collect())
    })?;
    Ok(values
        .iter()
        .map(|value| {
            let words = value.chunks_exact(4);
            words
                .map(|word| f32::from_le_bytes([word[0], word[1], word[2], word[3]]))
                .collect()
        })
        .collect())
}

/// Values of `clips`; `look` is shown those that the cache has not, each once.
fn cached(
    cache: &mut Cache,
    clips: &[&ClipId],
    frames: &mut Frames<'_>,
    mut look: impl FnMut(&[&ClipId], &[RgbImage]) -> Result<Vec<Vec<u8>>, EvaluateError>,
) -> Result<Vec<Vec<u8>>, EvaluateError> {
    let mut missing: Vec<&ClipId> = Vec::new();
    for clip in clips {
        if !missing.contains(clip) && cache.get(clip)?.is_none() {
            missing.push(clip);
        }
    }
    if !missing.is_empty() {
        let images = missing
            .iter()
            .map(|clip| frames.get(clip))
            .collect::<Result<Vec<_>, _>>()?;
        for (clip, value) in missing.iter().zip(look(&missing, &images)?) {
            cache.put(clip, value)?;
        }
    }
    clips
        .iter()
        .map(|clip| Ok(cache.get(clip)?.unwrap_or_default()))
        .collect()
}
