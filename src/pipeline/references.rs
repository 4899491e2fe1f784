//! The references of a run that lies on the disk.

use super::scoring::reopen;
use super::{Control, PipelineError};
use crate::compare::{self, ComparedRun, References, ReferentialStory};
use crate::record::TextVariant;
use crate::run::{Manifest, PLAN, Plan};
use std::path::{Path, PathBuf};

/// Whose references are measured.
#[derive(Clone, Debug)]
pub struct ReferenceRequest {
    /// The folder of a run of referential text.
    pub run: PathBuf,
    /// The folder of the same run on captions with names.
    pub restored: Option<PathBuf>,
    /// Folder of the data set; where the run found it unless given.
    pub data: Option<PathBuf>,
    /// The cache folder.
    pub cache: PathBuf,
}

/// Measures the references of a run: how they were resolved, and what they cost where there is a run on captions with
/// names. The captions are made again from the data set, with what was replaced in them.
///
/// # Errors
/// A folder without a scored run, another data set, a run without references, and a second run that is not the first
/// with names restored.
pub fn measure_references(
    request: &ReferenceRequest,
    control: Control<'_>,
) -> Result<References, PipelineError> {
    let read =
        |folder: &Path| -> Result<ComparedRun, PipelineError> { Ok(ComparedRun::read(folder)?) };
    let run = read(&request.run)?;
    let restored = request.restored.as_deref().map(read).transpose()?;
    let mut stories = Vec::new();
    if run.context.text != TextVariant::Original {
        // Not opened as a store, which would lock it: nothing is written.
        let manifest = Manifest::read(&request.run)?;
        let plan = Plan::read(&request.run.join(PLAN))?;
        let (_, prompts) = reopen(
            (&request.run, &manifest),
            plan.units(),
            request.data.as_deref(),
            &request.cache,
            control,
        )?;
        stories.extend(prompts.into_iter().map(|prompt| ReferentialStory {
            story: prompt.story.id,
            captions: prompt.captions,
        }));
    }
    Ok(compare::references(run, restored, &stories)?)
}
