//! What happens: episodes of consecutive clips, who is in them, and the captions.

use super::cast::{Character, Pose};
use super::draw::Dice;
use super::prop::Prop;
use super::stage::Place;

/// One clip: everything that its caption and its drawing need.
#[derive(Clone, Debug, PartialEq)]
pub struct Clip {
    /// `s_<season>_e_<episode>_shot_<start>_<end>`.
    pub id: String,
    /// Where it happens.
    pub place: Place,
    /// Who is there, in the order of the caption.
    pub cast: Vec<Character>,
    /// The caption, with names.
    pub caption: String,
    pub(super) poses: Vec<Pose>,
    /// Object in the hand of a member of the cast (index), if any.
    pub(super) held: Option<(usize, Prop)>,
    /// Object on the floor.
    pub(super) standing: Option<Prop>,
}

/// Consecutive clips.
pub type Episode = Vec<Clip>;

/// Frames between two clips of the invented footage: a clip is 75 frames long, as in FlintstonesSV.
const CLIP_LENGTH: usize = 75;

/// Writes an episode of `length` clips.
#[must_use]
pub fn episode(seed: u64, season: usize, number: usize, length: usize) -> Episode {
    let mut dice = Dice::new(seed, &["script", &season.to_string(), &number.to_string()]);
    let mut place = *dice.pick(Place::ALL);
    let mut cast: Vec<Character> = Vec::new();
    let mut start = dice.index(200);
    let mut clips = Vec::with_capacity(length);
    for position in 0..length {
        let moved = position > 0 && dice.chance(0.35);
        if moved {
            place = *dice.pick(Place::ALL);
        }
        cast = next_cast(&mut dice, &cast);
        // A later clip in the same place may leave the place unsaid: context has to supply it.
        let silent = position > 0 && !moved && dice.chance(0.2);
        let id = format!(
            "s_{season:02}_e_{number:02}_shot_{start:06}_{:06}",
            start + CLIP_LENGTH - 1
        );
        clips.push(write_clip(&mut dice, id, place, &cast, silent));
        start += CLIP_LENGTH + dice.index(120);
    }
    clips
}

/// Who is in the next clip, given who was in the last one.
fn next_cast(dice: &mut Dice, last: &[Character]) -> Vec<Character> {
    let roll = dice.between(0.0, 1.0);
    let mut cast = if last.is_empty() || roll >= 0.8 {
        fresh_cast(dice)
    } else if roll < 0.5 {
        last.to_vec()
    } else if roll < 0.65 && last.len() > 1 {
        vec![stays(dice, last)]
    } else {
        let mut more = last.to_vec();
        let absent: Vec<Character> = Character::ALL
            .iter()
            .copied()
            .filter(|character| !last.contains(character))
            .collect();
        if more.len() < 3 && dice.chance(0.6) {
            more.push(*dice.pick(&absent));
        } else {
            let leaver = dice.index(more.len());
            more[leaver] = *dice.pick(&absent);
        }
        more
    };
    dice.shuffle(&mut cast);
    cast
}

fn fresh_cast(dice: &mut Dice) -> Vec<Character> {
    let mut all = Character::ALL.to_vec();
    dice.shuffle(&mut all);
    let roll = dice.between(0.0, 1.0);
    all.truncate(if roll < 0.55 {
        1
    } else if roll < 0.88 {
        2
    } else {
        3
    });
    all
}

/// The one who stays when the others leave: mostly one whose pronoun says who it is.
fn stays(dice: &mut Dice, last: &[Character]) -> Character {
    let clear: Vec<Character> = last
        .iter()
        .copied()
        .filter(|one| {
            last.iter()
                .filter(|other| other.is_female() == one.is_female())
                .count()
                == 1
        })
        .collect();
    if clear.is_empty() || dice.chance(0.1) {
        *dice.pick(last)
    } else {
        *dice.pick(&clear)
    }
}

/// Something a character or a group does: verb phrases and the pose that shows them.
struct Deed {
    /// After "is" or "are".
    doing: &'static str,
    /// Third person singular.
    does: &'static str,
    pose: Pose,
}

const DEEDS: [Deed; 12] = [
    Deed {
        doing: "standing",
        does: "stands",
        pose: Pose::Stand,
    },
    Deed {
        doing: "waiting",
        does: "waits",
        pose: Pose::Stand,
    },
    Deed {
        doing: "looking around",
        does: "looks around",
        pose: Pose::Stand,
    },
    Deed {
        doing: "waving",
        does: "waves",
        pose: Pose::Wave,
    },
    Deed {
        doing: "saying hello",
        does: "says hello",
        pose: Pose::Wave,
    },
    Deed {
        doing: "walking",
        does: "walks",
        pose: Pose::Walk,
    },
    Deed {
        doing: "strolling about",
        does: "strolls about",
        pose: Pose::Walk,
    },
    Deed {
        doing: "sitting",
        does: "sits",
        pose: Pose::Sit,
    },
    Deed {
        doing: "resting",
        does: "rests",
        pose: Pose::Sit,
    },
    Deed {
        doing: "jumping",
        does: "jumps",
        pose: Pose::Cheer,
    },
    Deed {
        doing: "cheering",
        does: "cheers",
        pose: Pose::Cheer,
    },
    Deed {
        doing: "dancing",
        does: "dances",
        pose: Pose::Cheer,
    },
];

/// "Otto", "Otto and Mira", "Otto, Mira and Pip".
fn enumerate(cast: &[Character]) -> String {
    match cast {
        [] => String::new(),
        [one] => one.name().to_owned(),
        [init @ .., last] => {
            let init: Vec<&str> = init.iter().map(|character| character.name()).collect();
            format!("{} and {}", init.join(", "), last.name())
        }
    }
}

fn write_clip(dice: &mut Dice, id: String, place: Place, cast: &[Character], silent: bool) -> Clip {
    let deed = dice.pick(&DEEDS);
    let mut clip = Clip {
        id,
        place,
        cast: cast.to_vec(),
        caption: String::new(),
        poses: vec![deed.pose; cast.len()],
        held: None,
        standing: None,
    };
    clip.caption = caption(dice, deed, &mut clip, silent);
    clip
}

/// The caption, and what of the clip it changes. Every draw of the dice is part of the world: their order stays.
fn caption(dice: &mut Dice, deed: &Deed, clip: &mut Clip, silent: bool) -> String {
    let place = clip.place;
    let there = if silent {
        String::new()
    } else {
        format!(" {}", place.phrase())
    };
    let cast = &clip.cast;
    let who = enumerate(cast);
    let first = cast[0].name();
    let (is, verb) = if cast.len() == 1 {
        ("is", deed.does)
    } else {
        ("are", deed.doing)
    };
    let second = dice.between(0.0, 1.0);
    match dice.index(8) {
        0 | 1 => format!("{who} {is} {}{there}.", deed.doing),
        2 if cast.len() == 1 => format!("{first} {verb}{there}."),
        2 if cast.len() == 2 && second < 0.5 => {
            clip.poses = vec![Pose::Wave, Pose::Stand];
            format!("{first} waves at {}{there}.", cast[1].name())
        }
        2 if cast.len() == 2 => {
            clip.poses = vec![Pose::Stand; 2];
            format!("{first} talks to {}{there}.", cast[1].name())
        }
        3 if cast.len() == 1 && !silent => {
            let mut phrase = place.phrase();
            phrase[..1].make_ascii_uppercase();
            format!("{phrase}, {first} {verb}.")
        }
        4 => {
            let prop = *dice.pick(&Prop::HELD);
            clip.held = Some((0, prop));
            clip.poses[0] = Pose::Hold;
            match (cast.len(), silent) {
                (1, _) => format!("{first} is holding {}{there}.", object(prop)),
                (_, true) => format!("{who} are together. {first} is holding {}.", object(prop)),
                (_, false) => format!("{who} are{there}. {first} is holding {}.", object(prop)),
            }
        }
        5 => {
            let prop = *dice.pick(&Prop::STANDING);
            clip.standing = Some(prop);
            format!("{who} {is} {}{there} next to {}.", deed.doing, object(prop))
        }
        6 if cast.len() == 1 => {
            let prop = *dice.pick(&Prop::STANDING);
            clip.standing = Some(prop);
            clip.poses[0] = Pose::Stand;
            format!("There is {} near {first}{there}.", object(prop))
        }
        6 if second < 0.4 => format!("{who} laugh while {}{there}.", deed.doing),
        7 if cast.len() == 1 => {
            let other = dice.pick(&DEEDS);
            clip.poses[0] = other.pose;
            if silent {
                format!("{first} looks happy. {first} is {}.", other.doing)
            } else {
                format!("{first} is{there}. {first} {}.", other.does)
            }
        }
        _ => format!("{who} {is} happily {}{there}.", deed.doing),
    }
}

/// "an umbrella".
fn object(prop: Prop) -> String {
    format!("{} {}", prop.article(), prop.word())
}
