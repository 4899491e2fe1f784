//! The lower bound: ground-truth frames of other stories.

use super::{FrameSource, Generator, GeneratorError, Prompt};
use crate::record::{ClipId, DrawnFrame, Seed, Story, StoryId};
use rand::{SeedableRng, seq::SliceRandom};
use rand_chacha::ChaCha12Rng;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Gives each story the frames of another one, so that images are real but fit no caption.
///
/// The assignment is a permutation: over all stories every clip is shown exactly as often as in the data set, so
/// a distance between the two sets of images stays at its best while accuracies fall to chance. No story gets a
/// story that shares a clip with it, which in sliding-window data sets its neighbours do.
#[derive(Debug)]
pub struct Shuffled<S> {
    stories: Vec<(StoryId, Vec<ClipId>)>,
    source: S,
    /// The assignment of the seed that was last asked for.
    donors: Option<(Seed, BTreeMap<StoryId, usize>)>,
}

impl<S: FrameSource> Shuffled<S> {
    /// Shuffles over `stories`: everything that may be asked for, not only one batch or shard of it, because
    /// the assignment depends on the whole list. A longer list than the plan is allowed and helps where
    /// the planned stories overlap each other.
    pub fn new(stories: &[Story], source: S) -> Self {
        let stories = stories
            .iter()
            .map(|story| {
                (
                    story.id.clone(),
                    story
                        .frames
                        .iter()
                        .map(|frame| frame.clip.clone())
                        .collect(),
                )
            })
            .collect();
        Self {
            stories,
            source,
            donors: None,
        }
    }

    /// Index of the story whose frames `story` gets.
    fn donor(&mut self, story: &StoryId, seed: Seed) -> Result<usize, GeneratorError> {
        if self.donors.as_ref().is_none_or(|(of, _)| *of != seed) {
            let assigned = derangement(&self.stories, seed)?;
            let donors = self
                .stories
                .iter()
                .map(|(id, _)| id.clone())
                .zip(assigned)
                .collect();
            self.donors = Some((seed, donors));
        }
        self.donors
            .as_ref()
            .and_then(|(_, donors)| donors.get(story).copied())
            .ok_or_else(|| GeneratorError::NotPlanned {
                story: story.clone(),
            })
    }
}

impl<S: FrameSource> Generator for Shuffled<S> {
    fn generate(
        &mut self,
        prompts: &[Prompt],
        seed: Seed,
    ) -> Result<Vec<Vec<DrawnFrame>>, GeneratorError> {
        let mut frame = |prompt: &Prompt, index: usize| {
            let donor = self.donor(&prompt.story.id, seed)?;
            let clips = &self.stories[donor].1;
            // A donor shorter than the story starts again: every planned frame gets an image.
            prompt.real(index, &clips[index % clips.len()], &self.source)
        };
        frame.generate(prompts, seed)
    }
}

/// For each story the index of its donor. A random permutation in which conflicts are mended along
/// augmenting paths, so that an assignment is found whenever there is one.
fn derangement(
    stories: &[(StoryId, Vec<ClipId>)],
    seed: Seed,
) -> Result<Vec<usize>, GeneratorError> {
    let clips: Vec<BTreeSet<&ClipId>> = stories
        .iter()
        .map(|(_, clips)| clips.iter().collect())
        .collect();
    let may_give = |to: usize, from: usize| {
        to != from && !clips[from].is_empty() && clips[to].is_disjoint(&clips[from])
    };
    let mut order: Vec<usize> = (0..stories.len()).collect();
    let mut random = ChaCha12Rng::seed_from_u64(seed.0);
    order.shuffle(&mut random);
    let mut donor_of: Vec<Option<usize>> = order
        .iter()
        .enumerate()
        .map(|(to, &from)| may_give(to, from).then_some(from))
        .collect();
    let mut taker_of = vec![None; stories.len()];
    for (to, from) in donor_of.iter().enumerate() {
        if let Some(from) = *from {
            taker_of[from] = Some(to);
        }
    }
    order.shuffle(&mut random);
    for to in 0..stories.len() {
        if donor_of[to].is_none() && !augment(to, &order, &may_give, &mut donor_of, &mut taker_of) {
            return Err(GeneratorError::NoOtherStory {
                story: stories[to].0.clone(),
                stories: stories.len(),
            });
        }
    }
    Ok(donor_of.into_iter().flatten().collect())
}

/// Finds a donor for `start`, moving other stories to other donors where that is needed. Breadth first, so
/// that as few as possible move. False when there is none.
fn augment(
    start: usize,
    order: &[usize],
    may_give: &impl Fn(usize, usize) -> bool,
    donor_of: &mut [Option<usize>],
    taker_of: &mut [Option<usize>],
) -> bool {
    // For each donor that was reached, the story it would go to.
    let mut reached: Vec<Option<usize>> = vec![None; order.len()];
    let mut queue = VecDeque::from([start]);
    while let Some(to) = queue.pop_front() {
        for &from in order {
            if reached[from].is_some() || !may_give(to, from) {
                continue;
            }
            reached[from] = Some(to);
            if let Some(taker) = taker_of[from] {
                queue.push_back(taker);
                continue;
            }
            // A free donor: hand donors along the path back to the start.
            let mut free = Some(from);
            while let Some(from) = free {
                let Some(to) = reached[from] else { break };
                free = if to == start { None } else { donor_of[to] };
                donor_of[to] = Some(from);
                taker_of[from] = Some(to);
            }
            return true;
        }
    }
    false
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::record::{CallerError, ReferentialCaption, StoryFrame};
    use image::{Rgb, RgbImage};

    pub(crate) fn story(id: &str, clips: &[&str]) -> Story {
        let frames = clips
            .iter()
            .map(|clip| StoryFrame {
                clip: ClipId::new(*clip),
                caption: format!("caption of {clip}").into(),
                characters: [].into(),
                character_labels: None,
                background_labels: None,
            })
            .collect();
        Story {
            id: StoryId::new(id),
            frames,
        }
    }

    pub(crate) fn prompt(story: &Story) -> Prompt {
        let captions = story
            .frames
            .iter()
            .map(|frame| ReferentialCaption::unchanged(&*frame.caption))
            .collect();
        Prompt::new(story.clone(), captions)
    }

    /// Sliding windows of four clips, as data sets have them.
    fn windows(count: usize) -> Vec<Story> {
        (0..count)
            .map(|first| {
                let clips: Vec<String> = (first..first + 4)
                    .map(|clip| format!("{clip:03}"))
                    .collect();
                story(
                    &clips[0],
                    &clips.iter().map(String::as_str).collect::<Vec<_>>(),
                )
            })
            .collect()
    }

    #[allow(clippy::unnecessary_wraps, reason = "it replaces a data set")]
    fn number(clip: &ClipId) -> Result<RgbImage, CallerError> {
        Ok(RgbImage::from_pixel(
            1,
            1,
            Rgb([clip.as_str().parse().unwrap(), 0, 0]),
        ))
    }

    fn drawn(stories: &[Story], of: &[Story], seed: u64) -> Vec<Vec<u8>> {
        let prompts: Vec<Prompt> = of.iter().map(prompt).collect();
        let images = Shuffled::new(stories, number)
            .generate(&prompts, Seed(seed))
            .unwrap();
        images
            .iter()
            .map(|frames| {
                frames
                    .iter()
                    .map(|frame| frame.image.as_ref().unwrap().get_pixel(0, 0).0[0])
                    .collect()
            })
            .collect()
    }

    #[test]
    fn no_story_gets_a_clip_of_its_own_and_every_story_is_used_once() {
        for count in [8, 9, 25, 200] {
            for seed in 0..10 {
                let stories = windows(count);
                let frames = drawn(&stories, &stories, seed);
                let mut firsts = BTreeSet::new();
                for (index, clips) in frames.iter().enumerate() {
                    let own = index as u8..index as u8 + 4;
                    assert!(
                        clips.iter().all(|clip| !own.contains(clip)),
                        "{count} {seed} {index}: {clips:?}"
                    );
                    firsts.insert(clips[0]);
                }
                assert_eq!(firsts.len(), count);
            }
        }
    }

    #[test]
    fn it_follows_from_the_seed_and_not_from_the_batch() {
        let stories = windows(30);
        let all = drawn(&stories, &stories, 5);
        assert_eq!(all[7..9], drawn(&stories, &stories[7..9], 5));
        assert_ne!(all, drawn(&stories, &stories, 6));
    }

    #[test]
    fn the_only_assignment_is_found() {
        // Stories 0 and 4 overlap only their neighbours; with eight windows choices are few.
        let stories = [
            story("x", &["1", "2"]),
            story("y", &["2", "3"]),
            story("z", &["3", "4"]),
            story("w", &["4", "1"]),
        ];
        let frames = drawn(&stories, &stories, 3);
        assert_eq!(frames, [[3, 4], [4, 1], [1, 2], [2, 3]]);
    }

    #[test]
    fn too_few_stories_are_an_error_and_unknown_ones_too() {
        let stories = windows(2);
        let error = Shuffled::new(&stories, number)
            .generate(&[prompt(&stories[0])], Seed(1))
            .unwrap_err();
        assert!(matches!(
            error,
            GeneratorError::NoOtherStory { stories: 2, .. }
        ));
        let other = story("elsewhere", &["1"]);
        let error = Shuffled::new(&windows(20), number)
            .generate(&[prompt(&other)], Seed(1))
            .unwrap_err();
        assert!(matches!(error, GeneratorError::NotPlanned { .. }));
    }
}
