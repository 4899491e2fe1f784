//! PororoSV as StoryGAN's successors read it: a tall PNG a clip, and tables in NPY files.
//!
//! The lists of `train_seen_unseen_ids.npy` are positions in the cache of the clips that start a story, so
//! a folder is for stories of one length: of 5 frames with StoryDALL-E's caches (byte strings) and
//! Make-A-Story's beside them for the same starts, of 4 frames with Make-A-Story's (text with a leading
//! slash) alone.

use super::clips::Clips;
use super::error::ConvertError;
use super::{Job, Written, name};
use crate::dataset::path::check_id;
use crate::format::npy_dump::{byte_strings, object, objects, texts};
use crate::format::pickle_dump::Value;
use crate::record::StoryFrame;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

/// Followers in StoryDALL-E's caches.
const LONG: usize = 4;
/// Followers in Make-A-Story's.
const SHORT: usize = 3;

/// Writes the clips, and the caches of the stories that are asked for.
pub(super) fn write(job: &mut Job<'_>) -> Result<Written, ConvertError> {
    let clips = Clips::of(job)?;
    job.only_published_splits(clips.lists.iter().map(|(split, _)| split.as_str()))?;
    let length = job.length.unwrap_or(job.card().story_length);
    if length <= SHORT {
        return Err(ConvertError::TooShort { to: job.to, length });
    }
    let (names, renamed) = names(&clips.sequences);
    let clips = Pororo { clips, names };
    let followers = clips.followers(if length > LONG { LONG } else { SHORT });
    let mut splits = BTreeMap::new();
    let mut positions = Vec::new();
    let mut starts = Vec::new();
    for split in ["train", "val", "test"] {
        let list = clips.clips.lists.iter().find(|(name, _)| name == split);
        let frames = list.map_or(&[][..], |(_, frames)| frames.as_slice());
        let begin = starts.len();
        starts.extend(
            frames
                .iter()
                .filter(|frame| followers.contains_key(frame.clip.as_str())),
        );
        let places = begin..starts.len();
        if list.is_some() {
            splits.insert(split.to_owned(), places.len());
        }
        let places = places.map(|place| Value::Int(place as i32));
        positions.push(Value::List(places.collect()));
    }
    if starts.is_empty() {
        return Err(job.no_story());
    }
    job.put("train_seen_unseen_ids.npy", &objects(&positions))?;
    if length > LONG {
        let (images, next) = clips.cache(&starts, &followers, LONG, "");
        job.put("img_cache4.npy", &byte_strings(&images, None))?;
        job.put("following_cache4.npy", &byte_strings(&next, Some(LONG)))?;
    }
    let (images, next) = clips.cache(&starts, &followers, SHORT, "/");
    job.put("img_cache3.npy", &texts(&images, None))?;
    job.put("following_cache3.npy", &texts(&next, Some(SHORT)))?;
    clips.write_metadata(job)?;
    job.footage.expect(clips.clips.all().count());
    for frame in clips.clips.all() {
        let bytes = job.footage.open(&frame.clip)?.column_png(false)?;
        job.put(&format!("{}.png", clips.name(frame)), &bytes)?;
    }
    Ok(Written {
        splits,
        length: Some(length),
        renamed,
    })
}

/// Clips under their names in the layout, `<folder>/<number>`.
struct Pororo<'a> {
    clips: Clips<'a>,
    names: HashMap<&'a str, String>,
}

impl<'a> Pororo<'a> {
    fn name<'n>(&'n self, frame: &'n StoryFrame) -> &'n str {
        self.names
            .get(frame.clip.as_str())
            .map_or(frame.clip.as_str(), String::as_str)
    }

    /// The next `count` clips of those that so many follow.
    fn followers(&self, count: usize) -> HashMap<&'a str, Vec<&'a StoryFrame>> {
        let windows = self
            .clips
            .sequences
            .iter()
            .flat_map(|s| s.windows(count + 1));
        windows
            .map(|frames| (frames[0].clip.as_str(), frames[1..].to_vec()))
            .collect()
    }

    /// Paths of the clips that start a story, and of the next `count` of each.
    fn cache(
        &self,
        starts: &[&StoryFrame],
        followers: &HashMap<&str, Vec<&StoryFrame>>,
        count: usize,
        before: &str,
    ) -> (Vec<String>, Vec<String>) {
        let path = |frame: &StoryFrame| format!("{before}{}.png", self.name(frame));
        let next = starts
            .iter()
            .filter_map(|frame| followers.get(frame.clip.as_str()))
            .flat_map(|next| next.iter().take(count));
        (
            starts.iter().map(|frame| path(frame)).collect(),
            next.map(|frame| path(frame)).collect(),
        )
    }

    /// Captions, labels, and how many clips each folder has.
    fn write_metadata(&self, job: &Job<'_>) -> Result<(), ConvertError> {
        let mut captions = Vec::new();
        let mut labels = Vec::new();
        let mut counts: BTreeMap<&str, i32> = BTreeMap::new();
        for frame in self.clips.all() {
            let name = self.name(frame);
            let Some(own) = &frame.character_labels else {
                return Err(ConvertError::NoLabels {
                    clip: frame.clip.clone(),
                    to: job.to,
                });
            };
            captions.push((
                name.to_owned(),
                Value::List(vec![Value::Text(frame.caption.to_string())]),
            ));
            labels.push((name.to_owned(), Value::zero_one(own.iter().copied())));
            let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
            *counts.entry(folder).or_default() += 1;
        }
        let counts = counts
            .into_iter()
            .map(|(folder, count)| (format!("{folder}/"), Value::Int(count)));
        job.put("descriptions.npy", &object(Value::Dict(captions)))?;
        job.put("labels.npy", &object(Value::Dict(labels)))?;
        job.put("frames_counter.npy", &object(Value::Dict(counts.collect())))
    }
}

/// Ids as they are where they are those of the layout, else a folder a sequence and numbers from 1; and
/// whether they were changed.
fn names<'a>(sequences: &[Vec<&'a StoryFrame>]) -> (HashMap<&'a str, String>, bool) {
    if are_of_the_layout(sequences) {
        return (HashMap::new(), false);
    }
    let mut names = HashMap::new();
    for sequence in sequences {
        let Some(first) = sequence.first() else {
            continue;
        };
        let folder = name::ascii(first.clip.as_str());
        for (place, frame) in sequence.iter().enumerate() {
            names.insert(frame.clip.as_str(), format!("{folder}/{}", place + 1));
        }
    }
    (names, true)
}

/// Whether all ids are `<folder>/<number>`, and numbers that follow one another are what readers take for a
/// sequence.
fn are_of_the_layout(sequences: &[Vec<&StoryFrame>]) -> bool {
    let parsed = |frame: &StoryFrame| -> Option<(String, u64)> {
        let (folder, number) = frame.clip.as_str().rsplit_once('/')?;
        let safe = folder
            .split('/')
            .all(|part| check_id(Path::new(""), part).is_ok());
        let number: u64 = number.parse().ok()?;
        // `01` and `1` would be one number.
        let plain = frame.clip.as_str() == format!("{folder}/{number}");
        (safe && plain && folder.is_ascii() && !folder.contains('\''))
            .then(|| (folder.to_owned(), number))
    };
    let mut all = HashSet::new();
    let mut starts = Vec::new();
    for sequence in sequences {
        let mut last: Option<(String, u64)> = None;
        for frame in sequence {
            let Some((folder, number)) = parsed(frame) else {
                return false;
            };
            match &last {
                None => starts.push((folder.clone(), number)),
                Some((other, before)) if *other == folder && before + 1 == number => {}
                Some(_) => return false,
            }
            all.insert((folder.clone(), number));
            last = Some((folder, number));
        }
    }
    starts
        .into_iter()
        .all(|(folder, number)| number == 0 || !all.contains(&(folder, number - 1)))
}
