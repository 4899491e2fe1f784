//! What a run will do, before it does it.

use super::error::RunError;
use super::layout::json_line;
use super::partition::Partition;
use crate::record::{ClipId, FrameIndex, ReferentialCaption, Seed, Story, StoryId, sha256_hex};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;

/// One story to be drawn by one model with one seed: a line of `plan.jsonl`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unit {
    /// Position in the plan, from 0.
    pub unit: usize,
    /// The story.
    pub story: StoryId,
    /// The clip of each frame.
    pub clips: Vec<ClipId>,
    /// Id of the model.
    pub model: String,
    /// Seed of every draw.
    pub seed: Seed,
    /// Batch of the whole plan that this unit is drawn in, from 0.
    pub batch: usize,
    /// The caption of each frame, as the generator reads it.
    pub text: Vec<String>,
    /// The reference flag of each caption ([`ReferentialCaption::reference_flag`]).
    pub flags: Vec<bool>,
}

impl Unit {
    /// Refuses another number of frames than the story has.
    pub(super) fn has(&self, found: usize) -> Result<(), RunError> {
        if found == self.clips.len() {
            return Ok(());
        }
        Err(RunError::FrameCount {
            story: self.story.clone(),
            expected: self.clips.len(),
            found,
        })
    }

    /// The frames of the story: 1 to n.
    #[must_use]
    pub fn frames(&self) -> impl ExactSizeIterator<Item = FrameIndex> + use<> {
        (0..self.clips.len()).map(|position| FrameIndex(position as u32 + 1))
    }
}

/// Every unit of a run, in order. One plan has one model and one seed, and a story at most once,
/// because the run folder names frames by story: another seed is another folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    units: Vec<Unit>,
    hash: String,
}

impl Plan {
    /// Plans `stories` in their order, cut into batches of `batch` consecutive units (the last may be
    /// smaller). `captions[i]` belongs to `stories[i]`.
    ///
    /// # Errors
    /// [`RunError::EmptyPlan`], [`RunError::RepeatedStory`] and [`RunError::CaptionCount`].
    pub fn new(
        stories: &[Story],
        captions: &[Vec<ReferentialCaption>],
        model: &str,
        seed: Seed,
        batch: NonZeroUsize,
    ) -> Result<Self, RunError> {
        let mut units = Vec::with_capacity(stories.len());
        for (index, story) in stories.iter().enumerate() {
            let captions = captions.get(index).map_or(&[][..], Vec::as_slice);
            if captions.len() != story.frames.len() {
                return Err(RunError::CaptionCount {
                    story: story.id.clone(),
                    frames: story.frames.len(),
                    captions: captions.len(),
                });
            }
            units.push(Unit {
                unit: index,
                story: story.id.clone(),
                clips: story
                    .frames
                    .iter()
                    .map(|frame| frame.clip.clone())
                    .collect(),
                model: model.to_owned(),
                seed,
                batch: index / batch.get(),
                text: captions
                    .iter()
                    .map(|caption| caption.text.clone())
                    .collect(),
                flags: captions
                    .iter()
                    .map(|caption| caption.reference_flag)
                    .collect(),
            });
        }
        Self::checked(units)
    }

    fn checked(units: Vec<Unit>) -> Result<Self, RunError> {
        if units.is_empty() {
            return Err(RunError::EmptyPlan);
        }
        let mut seen = BTreeSet::new();
        for unit in &units {
            if !seen.insert(&unit.story) {
                return Err(RunError::RepeatedStory {
                    story: unit.story.clone(),
                });
            }
        }
        let hash = sha256_hex(lines(&units).as_bytes());
        Ok(Self { units, hash })
    }

    /// Reads a `plan.jsonl`.
    ///
    /// # Errors
    /// [`RunError::Read`], [`RunError::Json`] with the line, [`RunError::Damaged`].
    pub fn read(path: &Path) -> Result<Self, RunError> {
        let text = fs::read_to_string(path).map_err(|error| RunError::read(path, error))?;
        let units = text
            .lines()
            .enumerate()
            .map(|(index, line)| {
                serde_json::from_str(line).map_err(|source| RunError::Json {
                    path: path.to_path_buf(),
                    line: index + 1,
                    source,
                })
            })
            .collect::<Result<Vec<Unit>, _>>()?;
        // What a plan may not be is a fault of the selection when it is made, and of the file when it is read.
        Self::checked(units).map_err(|error| RunError::Damaged {
            path: path.to_path_buf(),
            what: match error {
                RunError::EmptyPlan => "it holds no story".to_owned(),
                other => other.to_string(),
            },
        })
    }

    /// The units, in order.
    #[must_use]
    pub fn units(&self) -> &[Unit] {
        &self.units
    }

    /// SHA-256 of `plan.jsonl`: two plans with one hash are the same plan.
    #[must_use]
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// The plan as `plan.jsonl` holds it, one line per unit.
    #[must_use]
    pub fn to_jsonl(&self) -> String {
        lines(&self.units)
    }

    /// The batches of the whole plan that belong to `partition`, in order.
    ///
    /// A part takes whole batches, by the hash of the batch's first story. Were stories dealt out one by
    /// one, every part would have to draw nearly every batch again, because a batch is never drawn in
    /// another composition than the plan's.
    pub fn batches(&self, partition: Partition) -> impl Iterator<Item = &[Unit]> {
        self.units
            .chunk_by(|left, right| left.batch == right.batch)
            .filter(move |batch| partition.holds(&batch[0].story))
    }

    /// The units that belong to `partition`, in order.
    pub fn partition(&self, partition: Partition) -> impl Iterator<Item = &Unit> {
        self.batches(partition).flatten()
    }

    /// What `--dry-run` prints.
    #[must_use]
    pub fn summary(&self, partition: Partition) -> PlanSummary {
        let mut summary = PlanSummary {
            stories: 0,
            frames: 0,
            batches: 0,
            planned: self.units.len(),
            partition,
        };
        for batch in self.batches(partition) {
            summary.batches += 1;
            summary.stories += batch.len();
            summary.frames += batch.iter().map(|unit| unit.clips.len()).sum::<usize>();
        }
        summary
    }
}

fn lines(units: &[Unit]) -> String {
    let mut text = String::new();
    for unit in units {
        text.push_str(&json_line(unit));
        text.push('\n');
    }
    text
}

/// The size of a part of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlanSummary {
    /// Stories in the part.
    pub stories: usize,
    /// Frames in the part.
    pub frames: usize,
    /// Batches in the part.
    pub batches: usize,
    /// Stories in the whole plan.
    pub planned: usize,
    /// The part.
    pub partition: Partition,
}

impl fmt::Display for PlanSummary {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{} stories, {} frames, {} batches",
            self.stories, self.frames, self.batches
        )?;
        if self.partition != Partition::WHOLE {
            write!(
                formatter,
                " (part {} of {} stories)",
                self.partition, self.planned
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use super::*;
    use crate::record::{FaultKind, Hint};

    #[test]
    fn batches_are_cut_from_the_plan() {
        let plan = testing::plan(10, 4);
        let batches: Vec<usize> = plan.units().iter().map(|unit| unit.batch).collect();
        assert_eq!(batches, [0, 0, 0, 0, 1, 1, 1, 1, 2, 2]);
        assert_eq!(
            plan.summary(Partition::WHOLE).to_string(),
            "10 stories, 20 frames, 3 batches"
        );
    }

    #[test]
    fn parts_hold_whole_batches_and_together_everything() {
        let plan = testing::plan(50, 4);
        let mut seen = Vec::new();
        for index in 1..=3 {
            let part = Partition::new(index, 3).expect("part");
            for batch in plan.batches(part) {
                assert!(batch.len() == 4 || batch[0].batch == 12);
                seen.extend(batch.iter().map(|unit| unit.unit));
            }
            assert_eq!(plan.summary(part).planned, 50);
        }
        seen.sort_unstable();
        assert_eq!(seen, (0..50).collect::<Vec<_>>());
    }

    #[test]
    fn a_plan_survives_the_disk() {
        let folder = tempfile::tempdir().expect("tempdir");
        let path = folder.path().join("plan.jsonl");
        let plan = testing::plan(5, 2);
        fs::write(&path, plan.to_jsonl()).expect("write");
        assert_eq!(Plan::read(&path).expect("read"), plan);
        fs::write(&path, plan.to_jsonl() + "{\n").expect("write");
        let error = Plan::read(&path).expect_err("torn");
        assert!(matches!(error, RunError::Json { line: 6, .. }), "{error:?}");
        // The file is damaged, not the selection or the split.
        for (text, what) in [
            (String::new(), "holds no story"),
            (plan.to_jsonl().repeat(2), "twice"),
        ] {
            fs::write(&path, text).expect("write");
            let error = Plan::read(&path).expect_err("damaged");
            assert!(
                matches!(&error, RunError::Damaged { what: it, .. } if it.contains(what)),
                "{error:?}"
            );
            assert_eq!(error.fault_kind(), FaultKind::DataVerification);
        }
    }

    #[test]
    fn the_hash_follows_every_field() {
        let plan = testing::plan(5, 2);
        assert_eq!(plan.hash(), testing::plan(5, 2).hash());
        assert_ne!(plan.hash(), testing::plan(5, 3).hash());
        assert_ne!(plan.hash(), testing::plan(4, 2).hash());
    }

    #[test]
    fn impossible_plans_are_refused() {
        let (stories, captions) = testing::stories(2);
        let batch = NonZeroUsize::MIN;
        let plan = |stories: &[Story], captions: &[Vec<ReferentialCaption>]| {
            Plan::new(stories, captions, "m", Seed(0), batch)
        };
        assert!(matches!(plan(&[], &[]), Err(RunError::EmptyPlan)));
        assert!(matches!(
            plan(&stories, &captions[..1]),
            Err(RunError::CaptionCount { captions: 0, .. })
        ));
        let twice = [stories[0].clone(), stories[0].clone()];
        assert!(matches!(
            plan(&twice, &captions),
            Err(RunError::RepeatedStory { .. })
        ));
    }
}
