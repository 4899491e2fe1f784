//! `storyeval score --images`: frames that another program drew become a run, and are scored.

use super::Outcome;
use super::data::{DataArguments, DataChoice, links, open_dataset, selected, subset_name};
use super::dataset::Variant;
use super::failure::{Failure, Failures};
use super::folders::{Folders, GroupName};
use super::image_notes::Import;
use super::score::ScoreArguments;
use super::stages::{self, PanelBundles};
use super::talk::{SharedMeter, print, progress, say};
use super::{sheet, table};
use clap::{Args, ValueEnum};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use storyeval::dataset::{Dataset, OpenDataset, OpenOptions, referential};
use storyeval::evaluate::Wanted;
use storyeval::generator::Prompt;
use storyeval::generator::images::{
    Allowed, Doubt, Folder, FrameMatch, FramePlace, ImagesError, Inspection, LayoutKind, Matching,
    Mismatch, Taken, doubt, open_layout, stored_png,
};
use storyeval::inference::Runtime;
use storyeval::record::{Absence, FrameIndex, ReferentialCaption, Seed, Story, StoryId};
use storyeval::run::{
    Identity, ImportCounts, ImportRecord, ImportedFrame, Incoming, Manifest, Partition, Plan,
    RunError, Session, Store, Unit,
};
use storyeval::spec::{self, GeneratorKind, ModelCard, Protocol};

/// Stories a batch, as `run` has it by default: the same frames are then seen in the same company.
const BATCH: NonZeroUsize = NonZeroUsize::new(8).expect("8 is positive");

/// The layouts, for clap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum LayoutName {
    /// `<first clip id>/<clip id>.png`
    StorygptV,
    /// `gen_sample_<story>_<k>.png`, k = 0 for frame 2
    Storydalle,
    /// `img-<story>-<k>.png`, k = 0 for frame 1
    Vlc,
    /// 0000.png, 0001.png, ... story after story
    Arldm,
    /// `<last clip id>.png`, the last frame of each story
    Gill,
    /// As manifest.csv or manifest.jsonl in the folder says
    Manifest,
}

impl From<LayoutName> for LayoutKind {
    fn from(name: LayoutName) -> Self {
        match name {
            LayoutName::StorygptV => Self::StorygptV,
            LayoutName::Storydalle => Self::Storydalle,
            LayoutName::Vlc => Self::Vlc,
            LayoutName::Arldm => Self::Arldm,
            LayoutName::Gill => Self::Gill,
            LayoutName::Manifest => Self::Manifest,
        }
    }
}

/// `WIDTHxHEIGHT`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Size([u32; 2]);

impl FromStr for Size {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let sides = text.split_once(['x', 'X']);
        match sides.map(|(width, height)| (width.parse(), height.parse())) {
            Some((Ok(width), Ok(height))) if width > 0 && height > 0 => Ok(Self([width, height])),
            _ => Err("a size is WIDTHxHEIGHT in pixels, for example 256x256"),
        }
    }
}

#[derive(Clone, Debug, Args)]
pub(crate) struct ImagesArguments {
    /// Folder of the images
    #[arg(long, value_name = "DIR", conflicts_with = "run", requires_all = ["layout", "dataset"])]
    pub(crate) images: Option<PathBuf>,
    /// How the files are named
    #[arg(long, value_enum, requires = "images")]
    layout: Option<LayoutName>,
    /// Data set: an id of `storyeval ls datasets`, or a card's path
    #[arg(long, short, requires = "images")]
    dataset: Option<String>,
    /// Protocol: an id of `storyeval ls protocols`, or a card's path [default: strict]
    #[arg(long, short, requires = "images")]
    protocol: Option<String>,
    #[command(flatten)]
    data: DataArguments,
    /// Only the first N stories; files are still counted from the split's first story
    #[arg(long, value_name = "N", requires = "images")]
    limit: Option<usize>,
    /// First frame that was drawn, from 1, where the file names do not tell (arldm, vlc)
    #[arg(long, value_name = "K", requires = "images")]
    first_frame: Option<NonZeroUsize>,
    /// What tables call the model [default: the folder's name]
    #[arg(long, requires = "images")]
    name: Option<String>,
    /// Text that the other program read [default: the protocol's]
    #[arg(long, value_enum, requires = "images")]
    text: Option<Variant>,
    /// Run folder [default: runs/...]
    #[arg(long, value_name = "DIR", requires = "images")]
    out: Option<PathBuf>,
    /// Score without the frames that have no file, and count them
    #[arg(long, requires = "images")]
    allow_missing: bool,
    /// Leave out files that are no frame
    #[arg(long, requires = "images")]
    allow_extra: bool,
    /// Size that every image must have [default: one size, whichever]
    #[arg(long, value_name = "WxH", requires = "images")]
    size: Option<Size>,
    /// Say what matches, and write nothing
    #[arg(long, requires = "images")]
    dry_run: bool,
}

/// The images of a folder, matched with the plan and read.
struct Found {
    folder: Folder,
    matching: Matching,
    inspection: Inspection,
    counts: ImportCounts,
    notes: Vec<String>,
}

/// What is to be imported: stories of a data set under a protocol, and the model that they stand for.
struct Job<'a> {
    arguments: &'a ImagesArguments,
    images: &'a Path,
    layout: LayoutKind,
    choice: DataChoice,
    dataset: OpenDataset,
    protocol: Protocol,
    model: ModelCard,
    stories: Vec<Story>,
}

/// From a folder of images to a run folder and a table.
pub(crate) fn score_images(arguments: &ScoreArguments, images: &Path) -> Outcome {
    let (job, bundles) = prepare(arguments, images)?;
    let out = job.out();
    job.refuse_nested(&out)?;
    let found = job.find()?;
    say(&found.counts.to_string());
    for note in &found.notes {
        say(&format!("warning: {note}"));
    }
    let (plan, captions) = job.plan()?;
    let Some(bundles) = bundles else {
        return print(&format!(
            "{}\n{}\n  into {}\n",
            found.counts,
            plan.summary(Partition::WHOLE),
            out.display()
        ));
    };
    let runtime = arguments.device.open()?;
    let mut panel = bundles.open(job.dataset.card(), &job.protocol, &runtime)?;
    let store = job.import(&found, &plan, &runtime, &out, arguments.device.threads)?;
    let stories = job.stories.iter().cloned().zip(captions);
    let prompts: Vec<Prompt> = stories
        .map(|(story, captions)| Prompt { story, captions })
        .collect();
    let wanted = Wanted {
        dataset: &job.dataset,
        protocol: &job.protocol,
        prompts: &prompts,
        cache: &stages::truth_cache(&arguments.device.cache),
        folder: store.root(),
    };
    stages::observe_with(&store, &wanted, &mut panel)?;
    stages::tell_doubts(&job.dataset);
    let scores = stages::score_store(&store)?;
    let markdown = table::markdown(std::slice::from_ref(&scores))?;
    store.write("table.md", markdown.as_bytes())?;
    print(&arguments.rendered(scores)?)?;
    let runs = [(job.model.name.clone(), store)];
    let path = sheet::write(&job.dataset, &job.protocol, &job.stories, &out, &runs)?;
    say(&format!("\nrun:   {}", out.display()));
    say(&format!("sheet: {}", path.display()));
    Ok(())
}

/// Opens everything that can fail before the images are read. A dry run needs no network.
fn prepare<'a>(
    arguments: &'a ScoreArguments,
    images: &'a Path,
) -> Result<(Job<'a>, Option<PanelBundles>), Failure> {
    let own = &arguments.images;
    let (Some(layout), Some(dataset)) = (own.layout, &own.dataset) else {
        return Err(Failure::Arguments {
            what: "a layout and a data set are needed".to_owned(),
            hint: "add `--layout L --dataset D`".to_owned(),
        });
    };
    let card = spec::dataset(dataset)?;
    let mut protocol = spec::protocol(own.protocol.as_deref().unwrap_or("strict"))?;
    own.data.apply(&mut protocol)?;
    let choice = own.data.choose(dataset, &card, &protocol);
    let model = model_card(own, images, layout.into())?;
    protocol.text_for(&model)?;
    let cache = &arguments.device.cache;
    let mut failures = Failures::default();
    let bundles = (!own.dry_run)
        .then(|| PanelBundles::find(&card, &protocol, &arguments.skip, cache, &mut failures));
    let dataset = open_dataset(card, &choice, cache);
    let Some(dataset) = failures.keep(dataset) else {
        return Err(failures.report());
    };
    if !failures.is_empty() {
        return Err(failures.report());
    }
    let stories = selected(&dataset, &protocol, own.limit)?;
    let job = Job {
        arguments: own,
        images,
        layout: layout.into(),
        choice,
        dataset,
        protocol,
        model,
        stories,
    };
    Ok((job, bundles))
}

/// The card that the images stand for.
fn model_card(
    arguments: &ImagesArguments,
    images: &Path,
    layout: LayoutKind,
) -> Result<ModelCard, Failure> {
    let folder = || {
        let whole = std::fs::canonicalize(images).ok()?;
        Some(whole.file_name()?.to_string_lossy().into_owned())
    };
    let name = arguments.name.clone().or_else(folder);
    let name = name.unwrap_or_else(|| "images".to_owned());
    if name.trim().is_empty() || name.chars().any(char::is_control) {
        return Err(Failure::Arguments {
            what: format!("{name:?} cannot be a model's name"),
            hint: "choose one with `--name`".to_owned(),
        });
    }
    Ok(ModelCard {
        id: name.clone(),
        name,
        description: format!("frames that another program drew, in layout {layout}"),
        generator: GeneratorKind::Images,
        bundle: None,
        counterpart: None,
        text: arguments.text.map(Into::into),
        published_at: None,
        licence: None,
        notes: Vec::new(),
        export: None,
        files: Vec::new(),
    })
}

impl Job<'_> {
    /// `--out`, or a folder below `runs/`.
    fn out(&self) -> PathBuf {
        let name = GroupName {
            dataset: &self.dataset.card().id,
            protocol: &self.protocol.id,
            split: &self.choice.split,
            usual_split: &self.dataset.card().split,
            subset: self.arguments.data.subset.as_deref(),
            story_length: self.arguments.data.story_length.map(NonZeroUsize::get),
            limit: self.arguments.limit,
            seed: 0,
            seeds: false,
        };
        // A name that the user chose freely, as one part of a path.
        let folder = ModelCard {
            id: storyeval::run::folder_name(&StoryId::new(self.model.id.clone())),
            ..self.model.clone()
        };
        Folders::new(self.arguments.out.as_deref(), &name, &[folder]).group
    }

    /// The run may not lie among the images: the next time it would be found there.
    fn refuse_nested(&self, out: &Path) -> Outcome {
        let (Ok(images), Ok(out)) = (std::fs::canonicalize(self.images), whole(out)) else {
            return Ok(());
        };
        if out.starts_with(&images) {
            return Err(Failure::Arguments {
                what: format!(
                    "the run folder {} lies inside the folder of the images",
                    out.display()
                ),
                hint: "choose another place with `--out DIR`".to_owned(),
            });
        }
        Ok(())
    }

    /// Matches and reads the images; everything that does not fit is one error.
    fn find(&self) -> Result<Found, Failure> {
        let first = self.arguments.first_frame.map(NonZeroUsize::get);
        let folder = Folder::list(self.images)?;
        let split = self.dataset.stories();
        let layout = open_layout(self.layout, &folder, split, first)?;
        let matching = Matching::new(layout.as_ref(), &folder, split, self.stories.len());
        let size = self.arguments.size.map(|size| size.0);
        let meter = SharedMeter::new("reading images");
        let inspection = Inspection::read(&folder, &matching, size, &|done, total| {
            meter.at(done, total);
        });
        meter.finish();
        let allowed = Allowed {
            missing: self.arguments.allow_missing,
            extra: self.arguments.allow_extra,
        };
        let mismatch = Mismatch::find(self.layout, &folder, split, &matching, &inspection, allowed);
        if let Some(mismatch) = mismatch {
            return Err(ImagesError::Mismatch(Box::new(mismatch)).into());
        }
        let planned = matching.frames.iter().map(Vec::len).sum();
        let counts = ImportCounts {
            planned,
            matched: matching.matched(),
            missing: matching.wanted() - matching.matched(),
            not_drawn: planned - matching.wanted(),
            extra: matching.extra.len() + folder.closed().len(),
            not_selected: matching.not_selected,
        };
        let mut notes = Import {
            protocol: &self.protocol,
            frames: self.dataset.layout().image,
            layout: self.layout,
            stories: &self.stories,
            matching: &matching,
            inspection: &inspection,
        }
        .notes();
        if self.layout == LayoutKind::Arldm {
            notes.extend(self.doubt(&folder).map(|doubt| doubt.to_string()));
        }
        Ok(Found {
            folder,
            matching,
            inspection,
            counts,
            notes,
        })
    }

    /// Whether a numbered list may have been meant otherwise.
    fn doubt(&self, folder: &Folder) -> Option<Doubt> {
        let own = self.dataset.stories();
        let others: Vec<OpenDataset> = [4, 5]
            .into_iter()
            .filter(|length| *length != own[0].frames.len())
            .filter_map(|story_length| {
                storyeval::dataset::open(&OpenOptions {
                    layout: Some(self.dataset.layout().layout),
                    split: self.choice.split.clone(),
                    story_length: Some(story_length),
                    windows: self.choice.windows,
                    links: links(),
                    ..OpenOptions::new(
                        self.dataset.card().clone(),
                        self.dataset.folder().to_owned(),
                    )
                })
                .ok()
            })
            .collect();
        let mut stories = vec![own];
        stories.extend(others.iter().map(Dataset::stories));
        let first = self.arguments.first_frame.map(NonZeroUsize::get);
        let length_is_sure =
            self.arguments.data.story_length.is_some() || self.protocol.stories.length.is_some();
        let taken = Taken {
            stories: &stories,
            planned: self.stories.len(),
            first_frame: first.unwrap_or(1),
            length_is_sure,
            first_is_sure: first.is_some(),
        };
        doubt(folder, taken)
    }

    fn plan(&self) -> Result<(Plan, Vec<Vec<ReferentialCaption>>), Failure> {
        let variant = self.protocol.text_for(&self.model)?;
        let card = self.dataset.card();
        let captions: Vec<_> = self
            .stories
            .iter()
            .map(|story| referential(story, variant, card))
            .collect::<Result<_, _>>()?;
        let plan = Plan::new(&self.stories, &captions, &self.model.id, Seed(0), BATCH)?;
        Ok((plan, captions))
    }

    /// Copies what is outstanding into the run folder.
    fn import(
        &self,
        found: &Found,
        plan: &Plan,
        runtime: &Runtime,
        out: &Path,
        threads: Option<usize>,
    ) -> Result<Store, Failure> {
        let record = self.record(found);
        let manifest = self.manifest(plan, runtime, threads, &record);
        refuse_other_images(out, &manifest, &record)?;
        let mut store = Store::create_or_resume(out, &manifest, plan)?;
        // Kept when it is there: the same images may have moved to another folder since.
        if ImportRecord::read(out)?.is_none() {
            store.write(storyeval::run::IMPORT, &record.to_bytes())?;
        }
        let files = found.folder.files();
        let mut fetch = |unit: &Unit| -> Result<Vec<Incoming>, Failure> {
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
        storyeval::run::import(&mut store, &mut fetch, &mut progress(&self.model.name))?;
        Ok(store)
    }

    fn record(&self, found: &Found) -> ImportRecord {
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
            folder: self.images.display().to_string(),
            layout: self.layout.name().to_owned(),
            content_hash: ImportRecord::content_hash(&frames),
            counts: found.counts,
            notes: found.notes.clone(),
            frames,
        }
    }

    fn manifest(
        &self,
        plan: &Plan,
        runtime: &Runtime,
        threads: Option<usize>,
        record: &ImportRecord,
    ) -> Manifest {
        let identity = Identity {
            dataset: self.dataset.card().id.clone(),
            dataset_hash: self.dataset.content_hash().to_owned(),
            model: self.model.id.clone(),
            bundle_hash: None,
            images_hash: Some(record.content_hash.clone()),
            latents_hash: None,
            protocol: self.protocol.id.clone(),
            protocol_hash: self.protocol.hash(),
            seed: Seed(0),
            batch: BATCH.get(),
            stories: plan.units().len(),
            plan_hash: plan.hash().to_owned(),
            partition: Partition::WHOLE,
            device_kind: runtime.device().kind().to_owned(),
        };
        let cards = serde_json::json!({
            "dataset": self.dataset.card(),
            "model": self.model,
            "protocol": self.protocol,
            "split": self.choice.split,
            "subset": subset_name(
                &self.choice.split,
                &self.protocol,
                &self.stories,
                &self.dataset,
            ),
            "layout": self.dataset.layout(),
            "story_length": self.choice.story_length,
            "data": self.dataset.folder(),
            "images": {
                "folder": record.folder,
                "layout": record.layout,
                "first_frame": self.arguments.first_frame,
                "counts": record.counts,
                "notes": record.notes,
            },
        });
        let device = runtime.device().to_string();
        let session =
            Session::current(&device, Some(runtime.version()), threads).on_gpu(runtime.gpu());
        Manifest::new(identity, cards, session)
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
fn refuse_other_images(out: &Path, asked: &Manifest, record: &ImportRecord) -> Outcome {
    let found = match Manifest::read(out) {
        Err(RunError::NoRun { .. }) => return Ok(()),
        found => found?,
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
