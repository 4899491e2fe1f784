//! Writes the world to disk in the FlintstonesSV layout of StoryDALL-E and Make-A-Story, with the
//! background labels of StoryGPT-V's repack and our own `minisv.json` beside them.

use super::cast::Character;
use super::draw::Dice;
use super::scene::{FRAMES, Footage, SIZE, portrait, render};
use super::script::{Clip, episode};
use super::stage::Place;
use crate::convert::{ConvertError, Draft, DraftError};
use crate::dataset::DatasetError;
use crate::format::npy_dump as npy;
use crate::format::pickle_dump::{Value, dump};
use crate::record::{FaultKind, Hint, hex, sha256_hex};
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Version of the drawing. It changes whenever a pixel or a caption does.
pub const WORLD_VERSION: u32 = 1;
/// Name of the file that says how a world was made.
pub(super) const SUMMARY: &str = "minisv.json";
const EPISODES_A_SEASON: usize = 40;
/// Frames of a story in the published 4-frame protocol; it decides how many clips `stories` needs.
const STORY_LENGTH: usize = 4;

/// How much of each split to draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SplitSizes {
    /// Stories of 4 consecutive clips in the test split.
    pub test_stories: usize,
    /// Stories in the validation split.
    pub val_stories: usize,
    /// Clips in the training split.
    pub train_clips: usize,
}

/// A drawn world on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MinisvReport {
    /// Where it lies.
    pub dir: PathBuf,
    /// Clips drawn, over all splits.
    pub clips: usize,
    /// SHA-256 over the sorted names and hashes of all files except `minisv.json`.
    pub content_sha256: String,
}

/// Which world to draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct World {
    /// Seed of everything.
    pub seed: u64,
    /// How much of it.
    pub sizes: SplitSizes,
}

/// What can go wrong while drawing.
#[derive(Debug, thiserror::Error)]
pub enum MinisvError {
    /// The target folder holds something else, or cannot be written.
    #[error(transparent)]
    Draft(#[from] DraftError),
    /// No story was asked for.
    #[error("a test split of 0 stories holds nothing to evaluate")]
    Empty,
    /// What was drawn could not be opened again.
    #[error(transparent)]
    Dataset(Box<DatasetError>),
    /// What was drawn could not be written in another layout.
    #[error(transparent)]
    Convert(Box<ConvertError>),
}

impl From<DatasetError> for MinisvError {
    fn from(error: DatasetError) -> Self {
        Self::Dataset(Box::new(error))
    }
}

impl From<ConvertError> for MinisvError {
    fn from(error: ConvertError) -> Self {
        Self::Convert(Box::new(error))
    }
}

impl Hint for MinisvError {
    fn fault_kind(&self) -> FaultKind {
        match self {
            Self::Draft(error) => error.fault_kind(),
            Self::Empty => FaultKind::NothingSelected,
            Self::Dataset(error) => error.fault_kind(),
            Self::Convert(error) => error.fault_kind(),
        }
    }

    fn hint(&self) -> Option<String> {
        match self {
            Self::Draft(error) => error.hint(),
            Self::Empty => {
                Some("ask for at least one story: `storyeval dataset synth --stories 25`".into())
            }
            Self::Dataset(error) => error.hint(),
            Self::Convert(error) => error.hint(),
        }
    }
}

/// The clips of the three splits: test, val, train. Episodes are the same whatever the `story_length`
/// that stories are counted in; it decides where the last one ends.
fn script(world: World, story_length: usize) -> [Vec<Clip>; 3] {
    let World { seed, sizes } = world;
    let split = |first_season: usize, enough: &dyn Fn(usize, usize) -> Option<usize>| {
        let mut clips = Vec::new();
        let mut stories = 0;
        for count in 0.. {
            let season = first_season + count / EPISODES_A_SEASON;
            let number = 1 + count % EPISODES_A_SEASON;
            let name = [season.to_string(), number.to_string()];
            let length = STORY_LENGTH + Dice::new(seed, &["length", &name[0], &name[1]]).index(4);
            let Some(length) = enough(stories, clips.len()).map(|room| length.min(room)) else {
                break;
            };
            stories += length.saturating_sub(story_length - 1);
            clips.extend(episode(seed, season, number, length));
        }
        clips
    };
    // The last episode is cut so that the number of stories is exactly what was asked for.
    let by_stories = |wanted: usize| {
        move |stories: usize, _: usize| {
            (stories < wanted).then(|| wanted - stories + story_length - 1)
        }
    };
    let by_clips =
        |wanted: usize| move |_: usize, clips: usize| (clips < wanted).then(|| wanted - clips);
    [
        split(1, &by_stories(sizes.test_stories)),
        split(21, &by_stories(sizes.val_stories)),
        split(41, &by_clips(sizes.train_clips)),
    ]
}

/// Draws `world` into `dir`, which must be absent or empty. The folder appears whole or not at all.
/// `progress` hears how many clips are drawn, of how many; it may be called from several threads.
///
/// # Errors
/// When `dir` is occupied or something cannot be written.
pub fn write(
    dir: &Path,
    world: World,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<MinisvReport, MinisvError> {
    write_counted(dir, world, STORY_LENGTH, progress)
}

/// As [`write`], with the stories of [`SplitSizes`] counted in `story_length` frames, at least 1.
pub(super) fn write_counted(
    dir: &Path,
    world: World,
    story_length: usize,
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<MinisvReport, MinisvError> {
    if world.sizes.test_stories == 0 {
        return Err(MinisvError::Empty);
    }
    let draft = Draft::begin(dir)?;
    let splits = script(world, story_length);
    let clips: Vec<&Clip> = splits.iter().flatten().collect();
    let sink = Sink {
        draft: &draft,
        hashes: Mutex::new(BTreeMap::new()),
    };
    let boxes = draw_all(&sink, world.seed, &clips, progress)?;
    write_tables(&sink, &splits, &clips, &boxes)?;
    for &character in Character::ALL {
        let image = portrait(character);
        let mut png = io::Cursor::new(Vec::new());
        let name = format!("chars/{}.png", character.label());
        image
            .write_to(&mut png, image::ImageFormat::Png)
            .map_err(|error| DraftError::Write {
                path: dir.join(&name),
                source: io::Error::other(error),
            })?;
        sink.put(&name, png.get_ref())?;
    }
    let content_sha256 = write_summary(&sink, world, &splits)?;

    draft.finish()?;
    Ok(MinisvReport {
        dir: dir.to_owned(),
        clips: clips.len(),
        content_sha256,
    })
}

/// Writes files and remembers their hashes.
struct Sink<'a> {
    draft: &'a Draft,
    hashes: Mutex<BTreeMap<String, String>>,
}

impl Sink<'_> {
    fn put(&self, name: &str, bytes: &[u8]) -> Result<(), MinisvError> {
        self.draft.put(name, bytes)?;
        self.hashes
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .insert(name.to_owned(), sha256_hex(bytes));
        Ok(())
    }
}

type Boxes = Vec<Vec<[u32; 4]>>;

/// Draws every clip on all cores. Boxes come back in the order of `clips`.
fn draw_all(
    sink: &Sink<'_>,
    seed: u64,
    clips: &[&Clip],
    progress: &(dyn Fn(usize, usize) + Sync),
) -> Result<Vec<Boxes>, MinisvError> {
    let next = AtomicUsize::new(0);
    let done = AtomicUsize::new(0);
    let worker = || -> Result<Vec<(usize, Boxes)>, MinisvError> {
        let mut drawn = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(clip) = clips.get(index) else {
                return Ok(drawn);
            };
            let Footage { frames, boxes } = render(seed, clip);
            sink.put(
                &format!("video_frames_sampled/{}.npy", clip.id),
                &npy_file(&frames),
            )?;
            drawn.push((index, boxes));
            progress(done.fetch_add(1, Ordering::Relaxed) + 1, clips.len());
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let mut drawn: Vec<(usize, Boxes)> = Vec::with_capacity(clips.len());
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(worker)).collect();
        for worker in workers {
            match worker.join() {
                Ok(part) => drawn.extend(part?),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        Ok::<(), MinisvError>(())
    })?;
    drawn.sort_by_key(|(index, _)| *index);
    Ok(drawn.into_iter().map(|(_, boxes)| boxes).collect())
}

/// Frames as an NPY file: uint8, C order, [frames, height, width, 3].
fn npy_file(frames: &[image::RgbImage]) -> Vec<u8> {
    let side = SIZE as usize;
    let mut bytes = npy::header("|u1", &[frames.len(), side, side, 3]);
    for frame in frames {
        bytes.extend(frame.as_raw());
    }
    bytes
}

fn write_tables(
    sink: &Sink<'_>,
    [test, val, train]: &[Vec<Clip>; 3],
    clips: &[&Clip],
    boxes: &[Boxes],
) -> Result<(), MinisvError> {
    let annotations: Vec<Json> = clips
        .iter()
        .zip(boxes)
        .map(|(clip, boxes)| annotation(clip, boxes))
        .collect();
    sink.put(
        "flintstones_annotations_v1-0.json",
        &json_bytes(&Json::Array(annotations)),
    )?;
    let ids = |clips: &[Clip]| clips.iter().map(|clip| clip.id.clone()).collect::<Vec<_>>();
    let split = json!({ "train": ids(train), "val": ids(val), "test": ids(test) });
    sink.put("train-val-test_split.json", &json_bytes(&split))?;

    let labels = clips.iter().map(|clip| {
        (
            clip.id.clone(),
            Value::zero_one(Character::ALL.iter().map(|one| clip.cast.contains(one))),
        )
    });
    sink.put("labels.pkl", &dump(&Value::Dict(labels.collect())))?;
    let places = clips.iter().map(|clip| {
        (
            clip.id.clone(),
            Value::zero_one(Place::ALL.iter().map(|place| *place == clip.place)),
        )
    });
    let places = Value::Dict(vec![("label".into(), Value::Dict(places.collect()))]);
    sink.put("labels_bg.pkl", &dump(&places))?;
    for count in [STORY_LENGTH - 1, STORY_LENGTH] {
        sink.put(
            &format!("following_cache{count}.pkl"),
            &dump(&followers(clips, count)),
        )?;
    }
    Ok(())
}

fn annotation(clip: &Clip, boxes: &Boxes) -> Json {
    let characters: Vec<Json> = clip
        .cast
        .iter()
        .zip(boxes)
        .map(|(character, boxes)| json!({ "entityLabel": character.label(), "rectangles": boxes }))
        .collect();
    let objects: Vec<Json> = clip
        .standing
        .into_iter()
        .chain(clip.held.map(|(_, prop)| prop))
        .map(|prop| json!({ "entityLabel": prop.word() }))
        .collect();
    json!({
        "globalID": clip.id,
        "description": clip.caption,
        "setting": clip.place.word(),
        "characters": characters,
        "objects": objects,
    })
}

/// As published: all ids sorted; each is followed by the next ones of its season and episode, fewer at the end.
fn followers(clips: &[&Clip], count: usize) -> Value {
    let mut ids: Vec<&str> = clips.iter().map(|clip| clip.id.as_str()).collect();
    ids.sort_unstable();
    let episode = |id: &str| id.split("_shot_").next().map(str::to_owned);
    let entries = ids.iter().enumerate().map(|(index, id)| {
        let next = ids[index + 1..]
            .iter()
            .take(count)
            .take_while(|other| episode(other) == episode(id))
            .map(|other| Value::Text((*other).to_owned()));
        ((*id).to_owned(), Value::List(next.collect()))
    });
    Value::Dict(entries.collect())
}

fn json_bytes(value: &Json) -> Vec<u8> {
    let mut bytes = value.to_string().into_bytes();
    bytes.push(b'\n');
    bytes
}

/// SHA-256 over the sorted names and hashes of files, in the form `sha256sum` prints.
pub(super) fn content_hash(hashes: &BTreeMap<String, String>) -> String {
    let mut all = Sha256::new();
    for (name, hash) in hashes {
        all.update(format!("{hash}  {name}\n"));
    }
    hex(&all.finalize())
}

/// `minisv.json`: how the folder was made, and the hash of every file in it.
fn write_summary(
    sink: &Sink<'_>,
    world: World,
    [test, val, train]: &[Vec<Clip>; 3],
) -> Result<String, MinisvError> {
    let hashes = sink
        .hashes
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
        .clone();
    let content_sha256 = content_hash(&hashes);
    let characters: Vec<Json> = Character::ALL
        .iter()
        .map(|one| json!({ "name": one.label(), "gender": if one.is_female() { "female" } else { "male" } }))
        .collect();
    let summary = json!({
        "format": 1,
        "world_version": WORLD_VERSION,
        "seed": world.seed,
        "test_stories": world.sizes.test_stories,
        "val_stories": world.sizes.val_stories,
        "train_clips": world.sizes.train_clips,
        "clips": { "test": test.len(), "val": val.len(), "train": train.len() },
        "frames_a_clip": FRAMES,
        "frame_size": SIZE,
        "characters": characters,
        "backgrounds": Place::ALL.iter().map(|place| place.word()).collect::<Vec<_>>(),
        "content_sha256": content_sha256,
        "sha256": hashes,
    });
    let text = serde_json::to_string_pretty(&summary).unwrap_or_else(|_| summary.to_string());
    sink.draft.put(SUMMARY, (text + "\n").as_bytes())?;
    Ok(content_sha256)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    const TINY: World = World {
        seed: 5,
        sizes: SplitSizes {
            test_stories: 3,
            val_stories: 1,
            train_clips: 2,
        },
    };

    #[test]
    fn the_same_seed_gives_the_same_bytes() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        let first = write(&folder.path().join("a"), TINY, &|_, _| {})?;
        let second = write(&folder.path().join("b"), TINY, &|_, _| {})?;
        assert_eq!(first.content_sha256, second.content_sha256);
        let other = World { seed: 6, ..TINY };
        let third = write(&folder.path().join("c"), other, &|_, _| {})?;
        assert_ne!(first.content_sha256, third.content_sha256);
        Ok(())
    }

    #[test]
    fn an_occupied_folder_is_left_alone() -> Result<(), Box<dyn std::error::Error>> {
        let folder = tempfile::tempdir()?;
        fs::write(folder.path().join("thesis.tex"), "chapter 1")?;
        let error = write(folder.path(), TINY, &|_, _| {});
        assert!(matches!(
            error,
            Err(MinisvError::Draft(DraftError::Occupied { .. }))
        ));
        assert_eq!(
            fs::read_to_string(folder.path().join("thesis.tex"))?,
            "chapter 1"
        );
        Ok(())
    }

    #[test]
    fn the_number_of_test_stories_is_exact() {
        for test_stories in [1, 7, 50] {
            let sizes = SplitSizes {
                test_stories,
                ..TINY.sizes
            };
            let [test, ..] = script(World { seed: 0, sizes }, STORY_LENGTH);
            let clips: Vec<&Clip> = test.iter().collect();
            let Value::Dict(entries) = followers(&clips, STORY_LENGTH - 1) else {
                unreachable!()
            };
            let whole = entries
                .iter()
                .filter(
                    |(_, next)| matches!(next, Value::List(next) if next.len() == STORY_LENGTH - 1),
                )
                .count();
            assert_eq!(whole, test_stories);
        }
    }

    #[test]
    fn stories_of_another_length_are_counted_exactly_too() {
        for (wanted, length) in [(1, 5), (9, 5), (4, 7)] {
            let sizes = SplitSizes {
                test_stories: wanted,
                ..TINY.sizes
            };
            let [test, ..] = script(World { seed: 0, sizes }, length);
            let clips: Vec<&Clip> = test.iter().collect();
            let Value::Dict(entries) = followers(&clips, length - 1) else {
                unreachable!()
            };
            let whole =
                |next: &Value| matches!(next, Value::List(next) if next.len() == length - 1);
            let found = entries.iter().filter(|(_, next)| whole(next)).count();
            assert_eq!(found, wanted);
        }
    }

    #[test]
    fn a_longer_world_begins_with_the_shorter_one() {
        let clips = |test_stories| {
            let sizes = SplitSizes {
                test_stories,
                ..TINY.sizes
            };
            let [test, ..] = script(World { seed: 0, sizes }, STORY_LENGTH);
            test
        };
        let (short, long) = (clips(20), clips(40));
        // The last episode of the shorter world may be cut, not different.
        let same = short.iter().zip(&long).take_while(|(a, b)| a == b).count();
        assert!(
            same + 4 >= short.len(),
            "{same} of {} clips agree",
            short.len()
        );
    }
}
