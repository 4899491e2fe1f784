//! What is written of an import: the frames, where each comes from, and the manifest.

use super::super::beginning::Beginning;
use super::super::started::tell_renewed;
use super::{BATCH, Control, Found, Job, PipelineError, Runtime};
use crate::generator::images::{FrameMatch, FramePlace, stored_png};
use crate::record::{Absence, FrameIndex};
use crate::run::{
    IMPORT, ImportRecord, ImportedFrame, ImportedFrom, Incoming, Manifest, Plan, RunError, Store,
    Unit, nothing_drawn,
};
use std::path::Path;

impl Job {
    /// Copies what is outstanding into the run folder.
    pub(super) fn import(
        &self,
        found: &Found,
        plan: &Plan,
        (manifest, record): (&Manifest, &ImportRecord),
        out: &Path,
        control: Control<'_>,
    ) -> Result<Store, PipelineError> {
        refuse_other_images(out, manifest, record)?;
        let mut store = Store::create_or_resume(out, manifest, plan)?;
        tell_renewed(&store, control);
        // Kept when it is there: the same images may have moved to another folder since.
        if ImportRecord::read(out)?.is_none() {
            store.write(IMPORT, &record.to_bytes())?;
        }
        let files = found.folder.files();
        let mut fetch = |unit: &Unit| -> Result<Vec<Incoming>, PipelineError> {
            control.check()?;
            found.matching.frames[unit.unit]
                .iter()
                .map(|frame| match frame {
                    FrameMatch::File(file) => {
                        let inspected = &found.inspection.files[file];
                        Ok(Ok(stored_png(&found.folder, &files[*file], inspected)?))
                    }
                    other => Ok(Err(absence(other))),
                })
                .collect()
        };
        let mut progress = control.progress(&self.model.name);
        crate::run::import(&mut store, &mut fetch, &mut progress)?;
        Ok(store)
    }

    pub(super) fn record(&self, found: &Found) -> ImportRecord {
        let frames: Vec<ImportedFrame> = FramePlace::all(&self.stories)
            .map(|place| {
                let mut frame = ImportedFrame {
                    story: place.story_id().clone(),
                    frame: FrameIndex(place.position as u32 + 1),
                    clip: place.of.frames[place.position].clip.clone(),
                    source: None,
                    sha256: None,
                    kind: None,
                    size: None,
                    absent: None,
                };
                match &found.matching.frames[place.story][place.position] {
                    FrameMatch::File(file) => {
                        let inspected = &found.inspection.files[file];
                        frame.source = Some(found.folder.files()[*file].relative.clone());
                        frame.sha256 = Some(inspected.sha256.clone());
                        frame.kind = Some(if inspected.jpeg { "jpeg" } else { "png" }.to_owned());
                        frame.size = Some(inspected.size);
                    }
                    other => frame.absent = Some(absence(other)),
                }
                frame
            })
            .collect();
        ImportRecord {
            format: ImportRecord::FORMAT,
            folder: self.request.images.display().to_string(),
            layout: found.layout.name().to_owned(),
            content_hash: ImportRecord::content_hash(&frames),
            counts: found.counts,
            notes: found.notes.clone(),
            frames,
        }
    }

    pub(super) fn manifest(
        &self,
        plan: &Plan,
        runtime: &Runtime,
        record: &ImportRecord,
    ) -> Manifest {
        let beginning = Beginning {
            dataset: &self.dataset,
            choice: &self.choice,
            protocol: &self.protocol,
            stories: &self.stories,
            model: &self.model,
            plan,
            seed: self.seed(),
            batch: BATCH.get(),
            runtime,
            threads: self.request.runtime.threads,
        };
        beginning.manifest(|identity, cards| {
            identity.images_hash = Some(record.content_hash.clone());
            cards.images = Some(ImportedFrom {
                folder: record.folder.clone(),
                layout: record.layout.clone(),
                first_frame: self.request.first_frame,
                counts: record.counts,
                notes: record.notes.clone(),
            });
        })
    }
}

/// Why a frame without a file has none.
fn absence(frame: &FrameMatch) -> Absence {
    if *frame == FrameMatch::NotDrawn {
        Absence::NotDrawn
    } else {
        Absence::Missing
    }
}

/// Names every frame that differs where a folder holds an import of other images and is the same run
/// otherwise.
fn refuse_other_images(
    out: &Path,
    asked: &Manifest,
    record: &ImportRecord,
) -> Result<(), PipelineError> {
    if nothing_drawn(out) {
        return Ok(());
    }
    let Some(found) = Manifest::find(out)? else {
        return Ok(());
    };
    let differences = found.identity.differences(&asked.identity);
    let only_images = matches!(&differences[..], [only] if only.field == "images_hash");
    if let (true, Some(there)) = (only_images, ImportRecord::read(out)?) {
        return Err(RunError::ImagesChanged {
            path: out.to_owned(),
            changes: there.changes(&record.frames),
        }
        .into());
    }
    Ok(())
}
