//! What evaluators write of ground-truth frames, taken from the cache where it is known.

use super::EvaluateError;
use super::panel::Panel;
use crate::evaluator::{Chunk, Evaluator, TruthColumn};
use crate::record::{ClipId, Column, ColumnKind, Observation, Value};
use crate::run::Cache;
use image::RgbImage;
use std::collections::BTreeMap;
use std::path::Path;

/// Ground-truth frames that were decoded for the current chunk.
pub(super) struct Frames<'a> {
    load: &'a dyn Fn(&ClipId) -> Result<RgbImage, EvaluateError>,
    loaded: BTreeMap<ClipId, RgbImage>,
}

impl<'a> Frames<'a> {
    pub(super) fn new(load: &'a dyn Fn(&ClipId) -> Result<RgbImage, EvaluateError>) -> Self {
        Self {
            load,
            loaded: BTreeMap::new(),
        }
    }

    fn require(&mut self, clip: &ClipId) -> Result<(), EvaluateError> {
        if !self.loaded.contains_key(clip) {
            self.loaded.insert(clip.clone(), (self.load)(clip)?);
        }
        Ok(())
    }

    /// The frame of each row's clip, however often a clip is among them.
    pub(super) fn of(&mut self, rows: &[&Observation]) -> Result<Vec<&RgbImage>, EvaluateError> {
        for row in rows {
            self.require(&row.clip)?;
        }
        Ok(rows.iter().map(|row| &self.loaded[&row.clip]).collect())
    }

    /// Lends the frames of different clips as one slice; none is copied.
    fn lend<T>(
        &mut self,
        rows: &[&Observation],
        act: impl FnOnce(&[RgbImage]) -> T,
    ) -> Result<T, EvaluateError> {
        for row in rows {
            self.require(&row.clip)?;
        }
        let taken = rows.iter().map(|row| self.loaded.remove(&row.clip));
        let frames: Vec<RgbImage> = taken.flatten().collect();
        let given = act(&frames);
        let clips = rows.iter().map(|row| row.clip.clone());
        self.loaded.extend(clips.zip(frames));
        Ok(given)
    }
}

/// The column that an evaluator writes of ground-truth frames, and what is known of it.
pub(super) struct GroundTruthCache {
    column: Column,
    cache: Cache,
}

impl GroundTruthCache {
    /// Opens the caches below `root` that fit a data set (by content) and a ground-truth rule: one for each
    /// evaluator that has such a column.
    pub(super) fn open(
        root: &Path,
        dataset: &str,
        ground_truth: &str,
        panel: &Panel,
    ) -> Result<Vec<Option<Self>>, EvaluateError> {
        let open = |of: TruthColumn| -> Result<Self, EvaluateError> {
            // With the arithmetic, what the cache gives has the very bits that observing again would give.
            let key = serde_json::json!({
                // 3: JPEG files are decoded as Pillow does it; large networks take one image per pass.
                "format": 3,
                "what": of.what,
                "dataset": dataset,
                "ground_truth": ground_truth,
                "bundle": of.bundle,
                "pixels": of.pixels,
                "arithmetic": panel.arithmetic,
            });
            Ok(Self {
                column: of.column,
                cache: Cache::open(root, &key.to_string())?,
            })
        };
        let all = panel.evaluators.iter();
        all.map(|it| it.truth().map(open).transpose()).collect()
    }

    /// The column, and the value of each row's clip. The evaluator is shown those that are not known, each once.
    pub(super) fn values(
        &mut self,
        evaluator: &mut dyn Evaluator,
        rows: &[&Observation],
        frames: &mut Frames<'_>,
    ) -> Result<(&'static str, Vec<Value>), EvaluateError> {
        let mut missing: Vec<&Observation> = Vec::new();
        let mut known: Vec<Option<Vec<u8>>> = Vec::with_capacity(rows.len());
        for row in rows {
            let value = self.cache.get(&row.clip)?;
            if value.is_none() && !missing.iter().any(|other| other.clip == row.clip) {
                missing.push(row);
            }
            known.push(value);
        }
        if !missing.is_empty() {
            let observed = frames.lend(&missing, |frames| {
                evaluator.observe_truth(&Chunk {
                    frames,
                    truth: &[],
                    rows: &missing,
                })
            })??;
            for (row, value) in missing.iter().zip(&observed) {
                self.cache.put(&row.clip, encoded(value))?;
            }
        }
        let mut values = Vec::with_capacity(rows.len());
        for (row, known) in rows.iter().zip(known) {
            let bytes = match known {
                Some(bytes) => bytes,
                None => self.cache.get(&row.clip)?.unwrap_or_default(),
            };
            values.push(decoded(self.column.kind, &bytes));
        }
        Ok((self.column.name, values))
    }

    /// Writes what is new.
    pub(super) fn flush(&mut self) -> Result<(), EvaluateError> {
        Ok(self.cache.flush()?)
    }
}

/// A value as the cache has it: numbers in little-endian order, texts as JSON.
fn encoded(value: &Value) -> Vec<u8> {
    match value {
        Value::Number(value) => value.to_le_bytes().to_vec(),
        Value::Vector(values) => values.iter().flat_map(|it| it.to_le_bytes()).collect(),
        Value::Texts(texts) => serde_json::to_vec(texts).expect("captions are text"),
    }
}

/// The value again. What does not fit the kind is empty, and the run refuses a row of it.
fn decoded(kind: ColumnKind, bytes: &[u8]) -> Value {
    match kind {
        ColumnKind::Number => {
            let number = bytes.first_chunk().map(|it| f64::from_le_bytes(*it));
            number.map_or_else(|| Value::Vector(Vec::new()), Value::Number)
        }
        ColumnKind::Vector | ColumnKind::Feature => {
            let (words, _) = bytes.as_chunks();
            Value::Vector(words.iter().map(|it| f32::from_le_bytes(*it)).collect())
        }
        ColumnKind::Texts => Value::Texts(serde_json::from_slice(bytes).unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_out_of_the_cache_as_they_went_in() {
        let all = [
            (ColumnKind::Number, Value::Number(-0.1)),
            (ColumnKind::Vector, Value::Vector(vec![0.1, f32::MIN])),
            (ColumnKind::Feature, Value::Vector(Vec::new())),
            (ColumnKind::Texts, Value::Texts(vec!["é".to_owned()])),
        ];
        for (kind, value) in all {
            assert_eq!(decoded(kind, &encoded(&value)), value);
        }
        assert_eq!(decoded(ColumnKind::Number, &[]), Value::Vector(Vec::new()));
        // The bytes that caches of before have.
        assert_eq!(encoded(&Value::Vector(vec![1.0])), [0, 0, 128, 63]);
        assert_eq!(encoded(&Value::Texts(vec!["a".to_owned()])), br#"["a"]"#);
    }
}
