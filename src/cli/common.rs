//! Arguments that several verbs share, and where things are found.

use super::failure::Failure;
use super::talk::{SharedMeter, say};
use clap::Args;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use storyeval::dataset::DatasetError;
use storyeval::dataset::synth::{self, SplitSizes, SynthError, World};
use storyeval::inference::{Bundle, DeviceRequest, Runtime, RuntimeOptions, default_cache};
use storyeval::spec::{BundleSource, ModelCard, NeededFile};

/// Test stories of the MiniSV that `run` draws when there is none.
const MINISV_STORIES: usize = 100;
/// Seed of that MiniSV.
const MINISV_SEED: u64 = 0;
/// Content hash of that MiniSV, as drawn on x86-64.
const MINISV_SHA256: &str = "433009f4dae6d3627bfebc893298aeade6d760ddb621577ae81bfc0073969eb9";

/// Where networks run.
#[derive(Clone, Debug, Args)]
pub(crate) struct DeviceArguments {
    /// auto, cpu, cuda or cuda:N
    #[arg(long, default_value = "auto", env = "STORYEVAL_DEVICE")]
    device: DeviceRequest,
    /// CPU threads of a network; the last float bits depend on it [default: all]
    #[arg(long, env = "STORYEVAL_THREADS")]
    pub(crate) threads: Option<usize>,
    #[command(flatten)]
    pub(crate) cache: CacheArguments,
}

/// Where fetched and drawn things are kept.
#[derive(Clone, Debug, Args)]
pub(crate) struct CacheArguments {
    /// Folder for ONNX Runtime, drawn data and bundles [default: the user's cache folder]
    #[arg(long, value_name = "DIR", env = "STORYEVAL_CACHE")]
    cache: Option<PathBuf>,
    /// Fetch nothing
    #[arg(long)]
    offline: bool,
}

impl CacheArguments {
    /// The cache folder.
    pub(crate) fn folder(&self) -> PathBuf {
        self.cache.clone().unwrap_or_else(default_cache)
    }
}

impl DeviceArguments {
    /// Finds ONNX Runtime and settles on a device.
    pub(crate) fn open(&self) -> Result<Runtime, Failure> {
        let options = RuntimeOptions {
            device: self.device,
            threads: self.threads,
            offline: self.cache.offline,
            cache: self.cache.folder(),
        };
        Ok(Runtime::open(&options, &mut say)?)
    }
}

/// The folder of the default MiniSV, drawn now when it is not there whole.
pub(super) fn minisv(cache: &Path) -> Result<PathBuf, Failure> {
    let datasets = cache.join("datasets");
    let dir = datasets.join(format!("minisv-v{}", synth::WORLD_VERSION));
    // One process draws; the others wait and find it drawn. The lock goes with the file handle.
    let _turn = take_turns(
        &datasets,
        &format!(".minisv-v{}.lock", synth::WORLD_VERSION),
    )?;
    match synth::check(&dir) {
        Ok(_) => return Ok(dir),
        Err(synth::CheckError::Absent) => {}
        Err(error) => {
            say(&format!(
                "the MiniSV in the cache is damaged ({error}); drawing it again"
            ));
            synth::remove(&dir).map_err(DatasetError::from)?;
        }
    }
    let sizes = SplitSizes {
        test_stories: MINISV_STORIES,
        val_stories: 0,
        train_clips: 0,
    };
    let report = draw(
        &dir,
        World {
            seed: MINISV_SEED,
            sizes,
        },
    )?;
    if report.content_sha256 != MINISV_SHA256 {
        say(
            "warning: this machine draws MiniSV with other pixels than the reference machine; scores carry its own hash",
        );
    }
    Ok(dir)
}

/// Waits until no other process holds the lock file `name` in `folder`.
fn take_turns(folder: &Path, name: &str) -> Result<File, Failure> {
    let path = folder.join(name);
    fs::create_dir_all(folder)
        .and_then(|()| File::create(&path))
        .and_then(|file| file.lock().map(|()| file))
        .map_err(|source| DatasetError::from(SynthError::Write { path, source }).into())
}

/// Draws a MiniSV with a meter.
pub(crate) fn draw(dir: &Path, world: World) -> Result<synth::SynthReport, Failure> {
    let begin = std::time::Instant::now();
    let meter = SharedMeter::new("drawing MiniSV");
    let report = synth::write(dir, world, &|done, total| meter.at(done, total))
        .map_err(DatasetError::from)?;
    meter.finish();
    let seconds = begin.elapsed().as_secs_f64();
    say(&format!(
        "MiniSV: drew {} clips in {seconds:.1} s into {}",
        report.clips,
        report.dir.display()
    ));
    Ok(report)
}

/// Folders that may hold a bundle, in the order they are looked in.
pub(crate) fn bundle_places(id: &str, cache: &Path) -> Vec<PathBuf> {
    let mut places = Vec::new();
    if let Some(dir) = std::env::var_os("STORYEVAL_BUNDLES") {
        places.push(PathBuf::from(dir).join(id));
    }
    places.push(Path::new("reference-data").join("bundles").join(id));
    places.push(cache.join("bundles").join(id));
    // The checkout this program was built from, so that `cargo run` works from any folder.
    places.push(
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("reference-data")
            .join("bundles")
            .join(id),
    );
    places
}

/// Where the weights of a bundle come from, as far as a card says.
#[derive(Clone, Copy, Default)]
pub(crate) struct Origin<'a> {
    /// Files of the authors.
    pub(crate) files: &'a [NeededFile],
    /// Model and arguments of the exporter.
    pub(crate) export: Option<&'a str>,
    /// Where the authors describe them.
    pub(crate) published_at: Option<&'a str>,
}

impl<'a> From<&'a ModelCard> for Origin<'a> {
    fn from(card: &'a ModelCard) -> Self {
        Self {
            files: &card.files,
            export: card.export.as_deref(),
            published_at: card.published_at.as_deref(),
        }
    }
}

impl<'a> From<Option<&'a BundleSource>> for Origin<'a> {
    fn from(source: Option<&'a BundleSource>) -> Self {
        source.map_or_else(Self::default, |source| Self {
            files: &source.files,
            export: Some(&source.export),
            published_at: None,
        })
    }
}

impl Origin<'_> {
    /// The files, a line or two each.
    pub(crate) fn list(&self, margin: &str) -> String {
        use std::fmt::Write;
        let mut text = String::new();
        for file in self.files {
            let _ = write!(text, "\n{margin}{}: {}", file.path, file.meaning);
            if let Some(place) = &file.published_at {
                let _ = write!(text, "\n{margin}  published at {place}");
            }
        }
        text
    }

    /// The command that makes the bundle in a folder.
    pub(crate) fn command(&self, out: &Path) -> Option<String> {
        let export = self.export?;
        Some(format!(
            "python -m storyeval_export {export} --out {}",
            out.display()
        ))
    }
}

/// Finds and verifies a bundle: every file is there and has the hash that `bundle.toml` states.
pub(crate) fn open_bundle(
    id: &str,
    what: &str,
    origin: Origin<'_>,
    cache: &Path,
) -> Result<Bundle, Failure> {
    let bundle = find_bundle(id, what, origin, cache)?;
    bundle.verify()?;
    Ok(bundle)
}

/// Finds a bundle without reading its files.
pub(crate) fn find_bundle(
    id: &str,
    what: &str,
    origin: Origin<'_>,
    cache: &Path,
) -> Result<Bundle, Failure> {
    let places = bundle_places(id, cache);
    match places.iter().find(|dir| dir.join("bundle.toml").is_file()) {
        Some(dir) => Ok(Bundle::open(dir)?),
        None => Err(no_bundle(what, id, origin, &places)),
    }
}

/// A verified bundle by its id, or by its folder.
pub(crate) fn bundle_by_name(name: &str, what: &str, cache: &Path) -> Result<Bundle, Failure> {
    let bundle = find_bundle_by_name(name, what, cache)?;
    bundle.verify()?;
    Ok(bundle)
}

/// A bundle by its id, or by its folder, without reading its files.
pub(crate) fn find_bundle_by_name(name: &str, what: &str, cache: &Path) -> Result<Bundle, Failure> {
    let dir = Path::new(name);
    if dir.join("bundle.toml").is_file() {
        return Ok(Bundle::open(dir)?);
    }
    find_bundle(name, what, Origin::default(), cache)
}

fn no_bundle(what: &str, id: &str, origin: Origin<'_>, places: &[PathBuf]) -> Failure {
    use std::fmt::Write;
    let mut missing = format!("\n  bundle `{id}` was looked for in:");
    // The last place is the checkout, which only those who build the program know.
    let places = &places[..places.len() - 1];
    for place in places {
        let _ = write!(missing, "\n    {}", place.join("bundle.toml").display());
    }
    if !origin.files.is_empty() {
        missing.push_str("\n  it is made from these files of the authors:");
        missing.push_str(&origin.list("    "));
    }
    let command = places.last().and_then(|place| origin.command(place));
    if let Some(command) = &command {
        let _ = write!(missing, "\n  by: {command}");
    }
    if let Some(place) = origin.published_at {
        let _ = write!(missing, "\n  the authors describe them at {place}");
    }
    let mini = "to see the whole pipeline without any download, run \
                `storyeval run --dataset minisv --model storygpt-v-mini`";
    Failure::NoBundle {
        what: what.to_owned(),
        missing,
        hint: match command {
            Some(_) => format!("docs/export.md says how bundles are made; {mini}"),
            None => mini.to_owned(),
        },
    }
}
