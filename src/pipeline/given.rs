//! Real frames that a protocol gives to the model, and what becomes of them in the run.

use super::{PipelineError, Planned};
use crate::card::Protocol;
use crate::dataset::Dataset;
use crate::generator::{GeneratorError, Prompt, Writing};
use crate::record::{Absence, CallerError, ClipId, DrawnFrame};
use image::RgbImage;

/// A prompt with the real frames that the protocol gives.
pub(super) fn with_given(planned: &Planned, prompt: &Prompt) -> Result<Prompt, PipelineError> {
    let protocol = planned.protocol();
    let mut prompt = prompt.clone();
    if !protocol.task.continues() {
        return Ok(prompt);
    }
    let frames = |clip: &ClipId| {
        let frame = planned.dataset().ground_truth(clip, protocol.ground_truth);
        frame.map_err(CallerError::new)
    };
    let count = prompt.story.frames.len();
    let last = if protocol.task.writes() {
        count
    } else {
        protocol.given.min(count)
    };
    let real: Result<Vec<RgbImage>, GeneratorError> = (0..last)
        .map(|index| prompt.real(index, &prompt.story.frames[index].clip, &frames))
        .collect();
    let mut real = real?;
    let behind = real.split_off(protocol.given.min(last));
    prompt.given = real;
    prompt.writing = protocol.task.writes().then_some(Writing { real: behind });
    prompt.check()?;
    Ok(prompt)
}

/// Frames as a run stores them: those that were given count as not drawn, whatever a generator put in their place.
///
/// # Errors
/// [`GeneratorError::CannotWrite`] where the protocol asks for captions and a generator wrote none.
pub(super) fn without_given(
    protocol: &Protocol,
    prompts: &[Prompt],
    mut drawn: Vec<Vec<DrawnFrame>>,
) -> Result<Vec<Vec<DrawnFrame>>, PipelineError> {
    for (prompt, frames) in prompts.iter().zip(&mut drawn) {
        for frame in frames.iter_mut().take(prompt.given.len()) {
            *frame = DrawnFrame::absent(Absence::NotDrawn);
        }
        let mut behind = frames.iter().enumerate().skip(prompt.given.len());
        if protocol.task.writes()
            && let Some((index, _)) =
                behind.find(|(_, it)| it.image.is_ok() && it.written.is_none())
        {
            let place = prompt.place(index);
            return Err(GeneratorError::CannotWrite { place }.into());
        }
    }
    Ok(drawn)
}
