//! The tables that FlintstonesSV and StoryGPT-V have in common: splits, labels, followers, and an NPY file
//! a clip.

use super::clips::Clips;
use super::error::ConvertError;
use super::{Job, Written};
use crate::dataset::DatasetError;
use crate::dataset::followers::episodes;
use crate::dataset::path::check_id;
use crate::dataset::split::Splits;
use crate::format::npy_dump as npy;
use crate::format::pickle_dump::{Value, dump};
use crate::record::StoryFrame;
use serde_json::{Map, json};
use std::collections::{BTreeMap, HashMap};

/// Numbers of followers that caches are published for.
const CACHES: [usize; 2] = [3, 4];
/// What ids of FlintstonesSV are.
const IDS: &str = "s_<season>_e_<episode>_...";

/// Clips with the names that they have in the layout.
pub(super) struct Named<'a> {
    pub(super) clips: Clips<'a>,
    names: HashMap<&'a str, String>,
}

impl<'a> Named<'a> {
    /// The clips of a conversion under names that `name` makes of their ids. Names are checked: they are
    /// those of files, no two are one, and where they say season and episode, readers take what is
    /// filmed together from them.
    pub(super) fn new(
        job: &Job<'a>,
        must_say_episode: bool,
        name: impl Fn(&str) -> String,
    ) -> Result<Self, ConvertError> {
        let clips = Clips::of(job)?;
        job.only_published_splits(clips.lists.iter().map(|(split, _)| split.as_str()))?;
        let mut names = HashMap::new();
        let mut taken = BTreeMap::new();
        for frame in clips.all() {
            let id = frame.clip.as_str();
            let name = name(id);
            let other = taken.insert(name.clone(), id);
            if check_id(job.draft.folder(), &name).is_err()
                || other.is_some_and(|other| other != id)
            {
                return Err(ConvertError::Name {
                    clip: frame.clip.clone(),
                    to: job.to,
                    wanted: "plain file names, each once",
                });
            }
            names.insert(id, name);
        }
        let named = Self { clips, names };
        named.agrees(job, must_say_episode)?;
        Ok(named)
    }

    /// The name of a clip.
    pub(super) fn name<'n>(&'n self, frame: &'n StoryFrame) -> &'n str {
        self.names
            .get(frame.clip.as_str())
            .map_or(frame.clip.as_str(), String::as_str)
    }

    /// The split file.
    fn splits(&self) -> Vec<u8> {
        let mut lists = Map::new();
        for (split, frames) in &self.clips.lists {
            let ids: Vec<&str> = frames.iter().map(|frame| self.name(frame)).collect();
            lists.insert(split.clone(), json!(ids));
        }
        // Loaders ask for all three.
        for split in ["train", "val", "test"] {
            lists.entry(split).or_insert_with(|| json!([]));
        }
        let mut bytes = serde_json::Value::Object(lists).to_string().into_bytes();
        bytes.push(b'\n');
        bytes
    }

    /// What readers make of the ids is what the data set has: the same clip follows each.
    fn agrees(&self, job: &Job<'_>, must_say_episode: bool) -> Result<(), ConvertError> {
        let splits = Splits::parse(&self.splits(), &job.draft.place("split.json"))?;
        let read = match episodes(&splits) {
            Ok(read) => read,
            Err(DatasetError::MalformedId { id, .. }) if must_say_episode => {
                return Err(ConvertError::Name {
                    clip: crate::record::ClipId::new(id),
                    to: job.to,
                    wanted: IDS,
                });
            }
            // Without season and episode, followers come from the cache.
            Err(DatasetError::MalformedId { .. }) => return Ok(()),
            Err(other) => return Err(other.into()),
        };
        let pairs = read.iter().flat_map(|ids| ids.windows(2));
        let would: HashMap<&str, &str> = pairs.map(|pair| (pair[0], pair[1])).collect();
        let next = self.clips.next();
        for frame in self.clips.all() {
            let found = next.get(&frame.clip).map(|clip| clip.as_str());
            let found = found.map(|id| self.names.get(id).map_or(id, String::as_str));
            let would = would.get(self.name(frame)).copied();
            if found != would {
                let say = |clip: Option<&str>| {
                    clip.map_or_else(|| "nothing".to_owned(), |clip| format!("clip `{clip}`"))
                };
                return Err(ConvertError::Sequence {
                    clip: frame.clip.clone(),
                    to: job.to,
                    found: say(found),
                    would: say(would),
                });
            }
        }
        Ok(())
    }

    /// Writes everything but the metadata of the clips.
    pub(super) fn write(
        &self,
        job: &mut Job<'a>,
        split_file: &str,
        frames: &str,
    ) -> Result<Written, ConvertError> {
        job.put(split_file, &self.splits())?;
        let (labels, backgrounds) = self.labels(job)?;
        job.put("labels.pkl", &dump(&labels))?;
        if let Some(backgrounds) = backgrounds {
            let under = Value::Dict(vec![("label".to_owned(), backgrounds)]);
            job.put("labels_bg.pkl", &dump(&under))?;
        }
        for count in CACHES {
            let name = format!("following_cache{count}.pkl");
            job.put(&name, &dump(&self.followers(count)))?;
        }
        job.footage.expect(self.clips.all().count());
        for frame in self.clips.all() {
            let mut reel = job.footage.open(&frame.clip)?;
            let [count, height, width] = reel.shape()?;
            let file = format!("{frames}/{}.npy", self.name(frame));
            let mut file = job.draft.create(&file)?;
            file.add(&npy::header("|u1", &[count, height, width, 3]))?;
            for index in 0..count {
                file.add(reel.frame(index)?.as_raw())?;
            }
            file.finish()?;
        }
        let lists = self.clips.lists.iter();
        Ok(Written {
            splits: lists
                .map(|(split, frames)| (split.clone(), frames.len()))
                .collect(),
            renamed: self.names.iter().any(|(id, name)| id != name),
            ..Written::default()
        })
    }

    /// Labels of characters, and of the clips that have them of backgrounds.
    fn labels(&self, job: &Job<'_>) -> Result<(Value, Option<Value>), ConvertError> {
        let mut labels = Vec::new();
        let mut backgrounds = Vec::new();
        for frame in self.clips.all() {
            let name = self.name(frame).to_owned();
            let Some(own) = &frame.character_labels else {
                return Err(ConvertError::NoLabels {
                    clip: frame.clip.clone(),
                    to: job.to,
                });
            };
            labels.push((name.clone(), Value::zero_one(own.iter().copied())));
            if let Some(own) = &frame.background_labels {
                backgrounds.push((name, Value::zero_one(own.iter().copied())));
            }
        }
        let backgrounds = (!backgrounds.is_empty()).then_some(Value::Dict(backgrounds));
        Ok((Value::Dict(labels), backgrounds))
    }

    /// The next `count` clips of every clip, fewer at the end of a sequence.
    fn followers(&self, count: usize) -> Value {
        let mut entries = Vec::new();
        for sequence in &self.clips.sequences {
            for (place, frame) in sequence.iter().enumerate() {
                let next = sequence[place + 1..].iter().take(count);
                let next = next.map(|frame| Value::Text(self.name(frame).to_owned()));
                entries.push((self.name(frame).to_owned(), Value::List(next.collect())));
            }
        }
        Value::Dict(entries)
    }
}
