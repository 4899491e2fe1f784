//! CLIP similarities of frames, from the embeddings that were stored.

use super::input::{CLIP, CLIP_TEXT, ReduceInput};
use crate::metric::cosines_where_defined;
use std::sync::OnceLock;

/// A cosine per planned frame; computed when a score first asks for it, and once for all slices.
#[derive(Default)]
pub(super) struct Similarities {
    text_image: OnceLock<Vec<Option<f64>>>,
    image_image: OnceLock<Vec<Option<f64>>>,
}

impl Similarities {
    /// Of generated frame and caption.
    pub(super) fn text_image(&self, input: &ReduceInput<'_>) -> &[Option<f64>] {
        self.text_image
            .get_or_init(|| between(input, [CLIP[0], CLIP_TEXT]))
    }

    /// Of generated and ground-truth frame.
    pub(super) fn image_image(&self, input: &ReduceInput<'_>) -> &[Option<f64>] {
        self.image_image.get_or_init(|| between(input, CLIP))
    }
}

/// Frames have no value where the run lacks embeddings, or has others than planned.
fn between(input: &ReduceInput<'_>, names: [&str; 2]) -> Vec<Option<f64>> {
    let planned = input.observations.len();
    let [first, second] = names.map(|name| input.features.get(name));
    match (first, second) {
        (Some(first), Some(second)) if [first.nrows(), second.nrows()] == [planned; 2] => {
            cosines_where_defined(&first, &second)
        }
        _ => vec![None; planned],
    }
}
