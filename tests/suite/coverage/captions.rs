//! Captions from a grammar, for BLEU and CIDEr: a story has a cast and a place, a frame an action.

use super::world::Dice;

const WHO: [&str; 7] = [
    "fred",
    "wilma",
    "barney",
    "betty",
    "pebbles",
    "dino",
    "mister slate",
];
const DOES: [&str; 9] = [
    "is talking to",
    "is standing next to",
    "looks at",
    "is laughing with",
    "walks away from",
    "shouts at",
    "gives a stone to",
    "is sitting beside",
    "runs towards",
];
const WHERE: [&str; 12] = [
    "in the living room",
    "in the kitchen",
    "outside the house",
    "in the car",
    "at the quarry",
    "by the pool",
    "on the street",
    "in a large office",
    "behind a wooden door",
    "in the garden at night",
    "on a rocky hill",
    "in the bowling hall",
];
const HOW: [&str; 6] = [
    "",
    "happily",
    "with a worried face",
    "while holding a cup",
    "again",
    "very slowly",
];

/// What a caption says: two characters, an action, a place, a manner.
#[derive(Clone, Copy)]
pub(super) struct Scene([usize; 5]);

const CHOICES: [usize; 5] = [WHO.len(), DOES.len(), WHO.len(), WHERE.len(), HOW.len()];

/// The frames of a story: the place and the first character stay more often than not.
pub(super) fn story(dice: &mut Dice, frames: usize) -> Vec<Scene> {
    let mut scene = CHOICES.map(|choices| dice.below(choices));
    (0..frames)
        .map(|_| {
            for (slot, choices) in CHOICES.into_iter().enumerate() {
                let stays = if slot == 0 || slot == 3 { 0.8 } else { 0.2 };
                if !dice.chance(stays) {
                    scene[slot] = dice.below(choices);
                }
            }
            Scene(scene)
        })
        .collect()
}

impl Scene {
    /// What a captioner says of the frame that a model drew: each part right with a chance of `skill`.
    pub(super) fn seen(self, dice: &mut Dice, skill: f64) -> Self {
        let mut seen = self.0;
        for (slot, choices) in CHOICES.into_iter().enumerate() {
            if !dice.chance(skill) {
                seen[slot] = dice.below(choices);
            }
        }
        Self(seen)
    }

    pub(super) fn caption(self) -> String {
        let [who, does, whom, place, how] = self.0;
        let words = [WHO[who], DOES[does], WHO[whom], WHERE[place], HOW[how]];
        words.join(" ").trim().to_owned()
    }
}
