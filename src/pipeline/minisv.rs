//! The MiniSV that a run draws for itself when there is none.

use super::{Control, PipelineError};
use crate::minisv::{self, SplitSizes, World};
use crate::record::wait_for_lock;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// Test stories of the MiniSV that `run` draws when there is none.
const MINISV_STORIES: usize = 100;
/// Seed of that MiniSV.
const MINISV_SEED: u64 = 0;
/// Content hash of that MiniSV, as drawn on x86-64.
const MINISV_SHA256: &str = "433009f4dae6d3627bfebc893298aeade6d760ddb621577ae81bfc0073969eb9";

/// The folder of the default MiniSV, drawn now when it is not there whole.
pub(super) fn minisv(cache: &Path, control: Control<'_>) -> Result<PathBuf, PipelineError> {
    let datasets = cache.join("datasets");
    let dir = datasets.join(format!("minisv-v{}", minisv::WORLD_VERSION));
    // Before the lock, which needs a cache that can be written.
    if minisv::check(&dir).is_ok() {
        return Ok(dir);
    }
    // One process draws; the others wait and find it drawn. The lock goes with the file handle.
    let _turn = take_turns(
        &datasets,
        &format!(".minisv-v{}.lock", minisv::WORLD_VERSION),
    )?;
    match minisv::check(&dir) {
        Ok(_) => return Ok(dir),
        Err(minisv::CheckError::Absent) => {}
        Err(error) => {
            control.note(&format!(
                "the MiniSV in the cache is damaged ({error}); drawing it again"
            ));
            minisv::remove(&dir)?;
        }
    }
    let sizes = SplitSizes {
        test_stories: MINISV_STORIES,
        val_stories: 0,
        train_clips: 0,
    };
    let world = World {
        seed: MINISV_SEED,
        sizes,
    };
    let report = draw_minisv(&dir, world, control)?;
    if report.content_sha256 != MINISV_SHA256 {
        control.note(
            "warning: this machine draws MiniSV with other pixels than the reference machine; scores carry its own hash",
        );
    }
    Ok(dir)
}

/// Waits until no other process holds the lock file `name` in `folder`.
fn take_turns(folder: &Path, name: &str) -> Result<File, PipelineError> {
    let path = folder.join(name);
    fs::create_dir_all(folder)
        .and_then(|()| File::create(&path))
        .and_then(|file| wait_for_lock(&file).map(|()| file))
        .map_err(|source| PipelineError::CacheWrite { path, source })
}

/// Draws a MiniSV into a folder, and says how far it is.
fn draw_minisv(
    dir: &Path,
    world: World,
    control: Control<'_>,
) -> Result<minisv::MinisvReport, PipelineError> {
    let begin = std::time::Instant::now();
    let what = "drawing MiniSV";
    let report = minisv::write(dir, world, &control.step(what))?;
    control.step_done(what);
    let seconds = begin.elapsed().as_secs_f64();
    control.note(&format!(
        "MiniSV: drew {} clips in {seconds:.1} s into {}",
        report.clips,
        report.dir.display()
    ));
    Ok(report)
}
