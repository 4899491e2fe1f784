//! Worlds of stories with known truth. Everything of a story hangs on its difficulty, and a model has stories that it is
//! good at.

use super::captions;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use storyeval::record::{ClipId, FrameIndex, Observation, StoryId};

/// Mean CLIP similarity of the base.
pub(super) const CLIP: f64 = 0.25;
/// Share of the variance of a story's difficulty that is a model's own.
const OWN: f64 = 0.25;

/// How often the frames of a story are right.
#[derive(Clone, Copy, Debug)]
pub(super) enum Right {
    /// Half of the stories are hard: frames of one are right together, and wrong together.
    Halves(f64, f64),
    /// This rate over all stories, whose logits are normal with this deviation.
    Logit(f64, f64),
}

/// What a world is like.
#[derive(Clone, Copy, Debug)]
pub(super) struct World {
    /// What tables call it.
    pub(super) name: &'static str,
    /// How often frames are right.
    pub(super) right: Right,
    /// Deviations of the logarithm of LPIPS over stories and over frames.
    pub(super) lpips: [f64; 2],
    /// Frames of a story: four, or two to eight.
    pub(super) unequal: bool,
}

/// How the candidate differs from the base.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gap {
    /// Difference of accuracies, as a share.
    pub(super) accuracy: f64,
    /// Difference of CLIP similarities.
    pub(super) clip: f64,
    /// Ratio of LPIPS.
    pub(super) lpips: f64,
    /// Change of the chance that a caption's word is right.
    pub(super) words: f64,
}

impl Gap {
    pub(super) const NONE: Self = Self {
        accuracy: 0.0,
        clip: 0.0,
        lpips: 1.0,
        words: 0.0,
    };
}

impl World {
    /// Accuracy of an endless test set, as a share.
    pub(super) fn accuracy(&self) -> f64 {
        match self.right {
            Right::Halves(hard, easy) => f64::midpoint(hard, easy),
            Right::Logit(rate, _) => rate,
        }
    }

    /// Micro F1 of an endless test set with so many right frames, in percent: of two labels, one is always there and one
    /// on every second frame, and a wrong frame has both wrong.
    pub(super) fn f1(right: f64) -> f64 {
        100.0 * 3.0 * right / (2.0 + right)
    }

    /// LPIPS of an endless test set.
    pub(super) fn lpips(&self) -> f64 {
        let [story, frame] = self.lpips;
        (-1.2 + f64::midpoint(story * story, frame * frame)).exp()
    }

    /// Mean logit at which the stories have a rate.
    fn centre(rate: f64, deviation: f64) -> f64 {
        let of = |centre: f64| {
            let (mut sum, mut weights) = (0.0, 0.0);
            for step in -400..=400 {
                let z = f64::from(step) / 50.0;
                let weight = (-z * z / 2.0).exp();
                sum += weight / (1.0 + (-centre - deviation * z).exp());
                weights += weight;
            }
            sum / weights
        };
        let (mut low, mut high) = (-30.0, 30.0);
        for _ in 0..60 {
            let middle = f64::midpoint(low, high);
            if of(middle) < rate {
                low = middle;
            } else {
                high = middle;
            }
        }
        low
    }

    /// What a draw needs, computed once for many studies.
    pub(super) fn prepared(self, gap: Gap) -> Prepared {
        let centre = match self.right {
            Right::Halves(..) => [0.0; 2],
            Right::Logit(rate, deviation) => {
                [rate, rate + gap.accuracy].map(|rate| Self::centre(rate, deviation))
            }
        };
        Prepared {
            world: self,
            gap,
            centre,
        }
    }
}

/// A world and a gap, ready to be drawn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Prepared {
    pub(super) world: World,
    pub(super) gap: Gap,
    centre: [f64; 2],
}

/// The dice of a study.
pub(super) struct Dice(ChaCha8Rng);

impl Dice {
    pub(super) fn new(study: usize) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(20_240);
        random.set_stream(study as u64);
        Self(random)
    }

    pub(super) fn normal(&mut self) -> f64 {
        StandardNormal.sample(&mut self.0)
    }

    pub(super) fn chance(&mut self, p: f64) -> bool {
        self.0.random_bool(p.clamp(0.0, 1.0))
    }

    pub(super) fn below(&mut self, bound: usize) -> usize {
        self.0.random_range(0..bound)
    }
}

impl Prepared {
    /// Runs of one or two models over the same stories.
    pub(super) fn runs(
        &self,
        dice: &mut Dice,
        stories: usize,
        systems: usize,
        captioned: bool,
    ) -> Vec<Vec<Observation>> {
        let mut runs = vec![Vec::new(); systems];
        for story in 0..stories {
            let frames = if self.world.unequal {
                2 + dice.below(7)
            } else {
                4
            };
            let hard = dice.chance(0.5);
            let shared: [f64; 4] = std::array::from_fn(|_| dice.normal());
            let scenes: Vec<captions::Scene> = if captioned {
                captions::story(dice, frames)
            } else {
                Vec::new()
            };
            for (system, run) in runs.iter_mut().enumerate() {
                let of_story =
                    shared.map(|shared| (1.0 - OWN).sqrt() * shared + OWN.sqrt() * dice.normal());
                for frame in 0..frames {
                    let mut o = self.frame(dice, system, hard, of_story, [story, frame]);
                    if let Some(scene) = scenes.get(frame) {
                        let gain = if system > 0 { self.gap.words } else { 0.0 };
                        let skill = 0.6 + gain + 0.15 * of_story[3];
                        o.set("ground_truth_captions", Some(vec![scene.caption()]));
                        let seen = scene.seen(dice, skill).caption();
                        o.set("generated_captions", Some(vec![seen]));
                    }
                    run.push(o);
                }
            }
        }
        runs
    }

    fn frame(
        &self,
        dice: &mut Dice,
        system: usize,
        hard: bool,
        of_story: [f64; 4],
        [story, frame]: [usize; 2],
    ) -> Observation {
        let candidate = system > 0;
        let chance = match self.world.right {
            Right::Halves(low, high) => {
                let gain = if candidate { self.gap.accuracy } else { 0.0 };
                gain + if hard { low } else { high }
            }
            Right::Logit(_, deviation) => {
                1.0 / (1.0 + (-self.centre[system] - deviation * of_story[0]).exp())
            }
        };
        let right = dice.chance(chance);
        let second = frame % 2 == 1;
        let mut o = Observation::unseen(
            StoryId::new(format!("story {story:04}")),
            FrameIndex(frame as u32 + 1),
            ClipId::new(format!("clip {story} {frame}")),
        );
        o.character_labels = vec![true, second];
        let sure = |label: bool| if label == right { 0.9 } else { 0.1 };
        let seen = vec![sure(true), sure(second)];
        o.set("character_probabilities", Some(seen));
        let (gain, factor) = if candidate {
            (self.gap.clip, self.gap.lpips)
        } else {
            (0.0, 1.0)
        };
        let cosine = CLIP + gain + 0.03 * of_story[1] + 0.02 * dice.normal();
        o.set("clip_ii", Some(cosine));
        let [of_stories, of_frames] = self.world.lpips;
        let logarithm = -1.2 + of_stories * of_story[2] + of_frames * dice.normal();
        o.set("lpips", Some(factor * logarithm.exp()));
        o
    }
}
