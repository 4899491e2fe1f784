//! Where the run of imported images may lie.

use super::PipelineError;
use crate::run::{MANIFEST, PLAN};
use std::path::{Path, PathBuf};

/// A run has a `manifest.json` too, which is no list of frames.
pub(super) fn refuse_run(images: &Path) -> Result<(), PipelineError> {
    if [MANIFEST, PLAN]
        .iter()
        .all(|file| images.join(file).is_file())
    {
        let run = images.to_path_buf();
        return Err(PipelineError::ImagesOfRun { run });
    }
    Ok(())
}

/// The run may not lie among the images: the next time it would be found there.
pub(super) fn refuse_nested(images: &Path, out: &Path) -> Result<(), PipelineError> {
    let (Ok(images), Ok(found)) = (std::fs::canonicalize(images), whole(out)) else {
        return Ok(());
    };
    if found.starts_with(&images) {
        return Err(PipelineError::NestedRun { run: found });
    }
    Ok(())
}

/// The path without links, also of a folder that is not there yet.
fn whole(path: &Path) -> std::io::Result<PathBuf> {
    let mut rest = Vec::new();
    let path = std::path::absolute(path)?;
    let mut existing = path.as_path();
    loop {
        match std::fs::canonicalize(existing) {
            Ok(found) => {
                return Ok(rest
                    .iter()
                    .rev()
                    .fold(found, |path: PathBuf, part| path.join(part)));
            }
            Err(error) => match (existing.parent(), existing.file_name()) {
                (Some(parent), Some(name)) => {
                    rest.push(name.to_owned());
                    existing = parent;
                }
                _ => return Err(error),
            },
        }
    }
}
