//! The seven characters of MiniSV: who they are and how they look.

use super::pen::{Ink, OUTLINE, Pen, mix};

/// A member of the cast. The order is the order of labels.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[strum(serialize_all = "kebab-case")]
pub enum Character {
    /// A tall lighthouse keeper in a yellow raincoat, with a white beard.
    Otto,
    /// A woman in a violet dress with long black hair.
    Mira,
    /// Her cousin: the same dress in blue, auburn hair and a yellow scarf. Easily confused with Mira.
    Tilda,
    /// A small boy in a green frog hood.
    Pip,
    /// A boxy robot.
    Bolt,
    /// A fox.
    Luna,
    /// A broad cook with a tall white hat and a moustache.
    Hank,
}

/// How a character holds itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pose {
    Stand,
    Wave,
    Walk,
    Sit,
    Cheer,
    Hold,
}

impl Character {
    /// All of them, in label order.
    pub const ALL: &[Self] = <Self as strum::VariantArray>::VARIANTS;

    /// The name as annotated: lower case, as in FlintstonesSV.
    #[must_use]
    pub fn label(self) -> &'static str {
        self.into()
    }

    /// The name as written in captions.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Otto => "Otto",
            Self::Mira => "Mira",
            Self::Tilda => "Tilda",
            Self::Pip => "Pip",
            Self::Bolt => "Bolt",
            Self::Luna => "Luna",
            Self::Hank => "Hank",
        }
    }

    /// Whether the pronoun is "she".
    #[must_use]
    pub fn is_female(self) -> bool {
        matches!(self, Self::Mira | Self::Tilda | Self::Luna)
    }

    /// Width and height of the figure at scale 1, in pixels, for boxes and for placing it.
    pub(super) fn extent(self) -> (f32, f32) {
        match self {
            Self::Otto => (34.0, 88.0),
            Self::Mira | Self::Tilda => (32.0, 72.0),
            Self::Pip => (28.0, 52.0),
            Self::Bolt => (38.0, 74.0),
            Self::Luna => (52.0, 46.0),
            Self::Hank => (44.0, 82.0),
        }
    }

    /// Draws the figure with its feet at the pen's origin, facing right. `phase` in [0, 1) moves it a little.
    pub(super) fn draw(self, pen: &mut Pen<'_>, pose: Pose, phase: f32) {
        match self {
            Self::Luna => fox(pen, pose, phase),
            Self::Bolt => robot(pen, pose, phase),
            Self::Otto => person(pen, pose, phase, &OTTO, otto_head),
            Self::Mira => person(pen, pose, phase, &MIRA, |pen, y, front| {
                cousin_head(pen, y, front, BLACK_HAIR);
            }),
            Self::Tilda => person(pen, pose, phase, &TILDA, |pen, y, front| {
                cousin_head(pen, y, front, AUBURN_HAIR);
            }),
            Self::Pip => person(pen, pose, phase, &PIP, pip_head),
            Self::Hank => person(pen, pose, phase, &HANK, hank_head),
        }
    }
}

/// Position of the hand that holds things, relative to the feet, at scale 1.
pub(super) fn hand(character: Character) -> (f32, f32) {
    match character {
        Character::Otto => (19.0, -42.0),
        Character::Mira | Character::Tilda => (17.0, -34.0),
        Character::Pip => (15.0, -20.0),
        Character::Bolt => (22.0, -36.0),
        Character::Luna => (27.0, -20.0),
        Character::Hank => (23.0, -38.0),
    }
}

/// Measures and colours of an upright figure.
struct Figure {
    leg: f32,
    torso: f32,
    shoulder: f32,
    hem: f32,
    head: f32,
    coat: Ink,
    trousers: Ink,
    shoes: Ink,
    skin: Ink,
    sleeve: Ink,
}

const BLACK_HAIR: Ink = [38, 30, 48];
const AUBURN_HAIR: Ink = [186, 84, 30];
const BLUSH: Ink = [240, 130, 120];
const WHITE: Ink = [250, 250, 246];

const OTTO: Figure = Figure {
    leg: 12.0,
    torso: 36.0,
    shoulder: 9.0,
    hem: 13.0,
    head: 12.5,
    coat: [250, 204, 40],
    trousers: [52, 70, 110],
    shoes: [60, 50, 46],
    skin: [240, 190, 150],
    sleeve: [236, 184, 24],
};
const MIRA: Figure = Figure {
    leg: 11.0,
    torso: 27.0,
    shoulder: 7.0,
    hem: 15.0,
    head: 13.5,
    coat: [160, 70, 190],
    trousers: [244, 206, 176],
    shoes: [120, 40, 120],
    skin: [250, 216, 188],
    sleeve: [160, 70, 190],
};
const TILDA: Figure = Figure {
    coat: [112, 84, 206],
    shoes: [60, 50, 140],
    sleeve: [112, 84, 206],
    ..MIRA
};
const PIP: Figure = Figure {
    leg: 8.0,
    torso: 17.0,
    shoulder: 8.0,
    hem: 11.0,
    head: 13.0,
    coat: [76, 180, 70],
    trousers: [60, 150, 56],
    shoes: [220, 50, 44],
    skin: [252, 214, 176],
    sleeve: [76, 180, 70],
};
const HANK: Figure = Figure {
    leg: 9.0,
    torso: 32.0,
    shoulder: 13.0,
    hem: 19.0,
    head: 13.5,
    coat: WHITE,
    trousers: [90, 90, 100],
    shoes: [50, 44, 44],
    skin: [236, 170, 130],
    sleeve: [236, 236, 232],
};

/// sin(2 pi phase), from `libm` so that every platform draws the same.
pub(super) fn swing(phase: f32) -> f32 {
    libm::sinf(phase * core::f32::consts::TAU)
}

/// A smile and two eyes on a head of radius `r` around (x, y), looking right.
fn face(pen: &mut Pen<'_>, x: f32, y: f32, r: f32, smile: bool) {
    for side in [-0.28, 0.48] {
        pen.blob(x + r * side, y - r * 0.06, r * 0.13, r * 0.18, OUTLINE);
    }
    pen.blob(x - r * 0.52, y + r * 0.34, r * 0.17, r * 0.12, BLUSH);
    pen.blob(x + r * 0.72, y + r * 0.34, r * 0.15, r * 0.12, BLUSH);
    if smile {
        let at = |dx: f32, dy: f32| (x + r * dx, y + r * dy);
        pen.curve(
            at(-0.2, 0.38),
            at(0.1, 0.72),
            at(0.4, 0.38),
            r * 0.11,
            OUTLINE,
        );
    }
}

fn legs(pen: &mut Pen<'_>, pose: Pose, phase: f32, figure: &Figure, lift: f32) {
    let spread = figure.hem * 0.45;
    let width = 5.0;
    let hip = -figure.leg - lift;
    let feet: [(f32, f32); 2] = match pose {
        Pose::Walk => {
            let step = 4.0 + 3.0 * swing(phase);
            [(-spread - step, -1.5), (spread + step, -1.5)]
        }
        Pose::Sit => [(figure.hem * 0.7, -2.0), (figure.hem * 1.25, -2.0)],
        _ => [(-spread, -1.5 - lift), (spread, -1.5 - lift)],
    };
    for (side, foot) in [-spread, spread].into_iter().zip(feet) {
        pen.limb(&[(side, hip), foot], width, figure.trousers);
        pen.oval(foot.0 + 1.6, foot.1, 4.6, 2.7, figure.shoes);
    }
}

fn arm(pen: &mut Pen<'_>, from: (f32, f32), to: (f32, f32), figure: &Figure) {
    pen.limb(&[from, to], 5.0, figure.sleeve);
    pen.oval(to.0, to.1, 3.2, 3.2, figure.skin);
}

/// Hands of (back arm, front arm) relative to the shoulders.
fn reach(pose: Pose, phase: f32, length: f32) -> [(f32, f32); 2] {
    let sway = swing(phase);
    match pose {
        Pose::Stand | Pose::Sit => [(-4.5, length), (4.5, length - 0.5 * sway)],
        Pose::Wave => [(-4.5, length), (7.5 + 2.6 * sway, -length * 0.95)],
        Pose::Walk => [
            (-6.0 * sway - 2.0, length * 0.9),
            (6.0 * sway + 2.0, length * 0.9),
        ],
        Pose::Cheer => [
            (-8.5 - 1.5 * sway, -length * 0.85),
            (8.5 + 1.5 * sway, -length * 0.85),
        ],
        Pose::Hold => [(-4.5, length), (length * 0.62, length * 0.3 + sway)],
    }
}

fn person(
    pen: &mut Pen<'_>,
    pose: Pose,
    phase: f32,
    figure: &Figure,
    head: impl Fn(&mut Pen<'_>, f32, bool),
) {
    let bob = match pose {
        Pose::Cheer => 3.0 + 2.5 * swing(phase),
        Pose::Walk => 0.8 * swing(phase + 0.25),
        _ => 0.0,
    };
    let lift = if pose == Pose::Sit {
        -figure.leg * 0.35
    } else {
        bob
    };
    let hip = -figure.leg - lift;
    let neck = hip - figure.torso;
    let centre = neck - figure.head * 0.72;
    if pose == Pose::Sit {
        pen.block(
            -figure.hem * 0.8,
            hip,
            figure.hem * 1.6,
            -hip,
            [150, 104, 66],
        );
    }
    head(pen, centre, false);
    legs(pen, pose, phase, figure, lift);
    let length = figure.torso * 0.56;
    let [back, front] = reach(pose, phase, length);
    let shoulder = neck + 5.0;
    arm(
        pen,
        (-figure.shoulder, shoulder),
        (-figure.shoulder + back.0, shoulder + back.1),
        figure,
    );
    pen.poly(
        &[
            (-figure.shoulder, neck),
            (figure.shoulder, neck),
            (figure.hem, hip + 2.0),
            (-figure.hem, hip + 2.0),
        ],
        figure.coat,
    );
    pen.line(
        &[
            (figure.hem * 0.55, hip - 1.0),
            (figure.shoulder * 0.6, neck + 4.0),
        ],
        1.2,
        mix(figure.coat, OUTLINE, 0.18),
    );
    pen.oval(0.0, centre, figure.head, figure.head * 0.95, figure.skin);
    face(pen, 0.0, centre, figure.head, true);
    head(pen, centre, true);
    arm(
        pen,
        (figure.shoulder, shoulder),
        (figure.shoulder + front.0, shoulder + front.1),
        figure,
    );
}

fn otto_head(pen: &mut Pen<'_>, y: f32, front: bool) {
    if !front {
        return;
    }
    // Beard, then the sou'wester.
    pen.poly(
        &[
            (-11.5, y + 2.0),
            (-5.0, y + 5.0),
            (1.5, y + 4.0),
            (8.0, y + 5.0),
            (12.0, y + 2.0),
            (10.0, y + 13.0),
            (1.0, y + 20.0),
            (-8.5, y + 13.0),
        ],
        WHITE,
    );
    pen.curve(
        (-2.0, y + 8.5),
        (1.0, y + 11.0),
        (4.5, y + 8.5),
        1.3,
        OUTLINE,
    );
    pen.poly(
        &[
            (-18.0, y - 3.0),
            (-9.0, y - 14.0),
            (0.0, y - 18.0),
            (9.0, y - 14.0),
            (16.0, y - 4.5),
        ],
        OTTO.coat,
    );
    pen.line(&[(-17.0, y - 3.6), (15.5, y - 5.0)], 3.0, OTTO.sleeve);
}

fn cousin_head(pen: &mut Pen<'_>, y: f32, front: bool, hair: Ink) {
    if front {
        pen.patch(
            &[
                (-13.0, y - 1.0),
                (-11.0, y - 10.0),
                (0.0, y - 14.0),
                (11.0, y - 10.0),
                (13.0, y - 2.0),
                (7.0, y - 6.5),
                (-4.0, y - 7.0),
            ],
            hair,
        );
        if hair == AUBURN_HAIR {
            pen.limb(&[(-7.0, y + 13.5), (7.0, y + 13.5)], 3.4, [252, 214, 60]);
            pen.limb(&[(-5.0, y + 14.0), (-6.0, y + 23.0)], 3.0, [252, 214, 60]);
        }
    } else {
        pen.oval(0.0, y - 1.5, 16.5, 15.5, hair);
        pen.poly(
            &[
                (-16.0, y),
                (-17.5, y + 21.0),
                (-6.0, y + 22.0),
                (7.0, y + 22.0),
                (17.5, y + 21.0),
                (16.0, y),
            ],
            hair,
        );
    }
}

fn pip_head(pen: &mut Pen<'_>, y: f32, front: bool) {
    if front {
        pen.patch(
            &[
                (-13.2, y - 1.0),
                (-11.0, y - 9.5),
                (0.0, y - 13.5),
                (11.0, y - 9.5),
                (13.2, y - 1.0),
                (8.0, y - 6.0),
                (-7.0, y - 6.0),
            ],
            PIP.coat,
        );
        for side in [-7.5, 7.5] {
            pen.oval(side, y - 14.5, 5.4, 5.4, PIP.coat);
            pen.blob(side, y - 14.8, 3.4, 3.4, WHITE);
            pen.blob(side + 0.8, y - 14.6, 1.6, 1.8, OUTLINE);
        }
    } else {
        pen.oval(0.0, y, 16.0, 15.0, PIP.coat);
    }
}

fn hank_head(pen: &mut Pen<'_>, y: f32, front: bool) {
    if !front {
        return;
    }
    pen.poly(
        &[
            (-9.0, y + 13.0),
            (10.0, y + 13.0),
            (5.0, y + 18.0),
            (1.0, y + 21.0),
            (-4.0, y + 18.0),
        ],
        [220, 44, 48],
    );
    pen.poly(
        &[
            (-11.0, y + 4.5),
            (-4.0, y + 2.5),
            (1.5, y + 4.0),
            (7.0, y + 2.5),
            (13.5, y + 4.5),
            (8.0, y + 8.5),
            (1.5, y + 6.5),
            (-5.5, y + 8.5),
        ],
        [70, 42, 30],
    );
    for (x, top) in [(-8.0, -20.0), (0.0, -23.0), (8.0, -20.0)] {
        pen.oval(x, y + top, 7.5, 6.5, WHITE);
    }
    pen.patch(
        &[
            (-11.0, y - 7.0),
            (-10.0, y - 20.0),
            (10.0, y - 20.0),
            (11.0, y - 7.0),
        ],
        WHITE,
    );
    pen.block(-12.0, y - 11.0, 24.0, 6.0, WHITE);
}

fn robot(pen: &mut Pen<'_>, pose: Pose, phase: f32) {
    const STEEL: Ink = [120, 176, 208];
    const DARK: Ink = [74, 112, 146];
    let lift = match pose {
        Pose::Cheer => 3.0 + 2.5 * swing(phase),
        Pose::Sit => -4.0,
        _ => 0.0,
    };
    let hip = -11.0 - lift;
    let step = if pose == Pose::Walk {
        3.0 + 3.0 * swing(phase)
    } else {
        0.0
    };
    for side in [-1.0, 1.0] {
        pen.block(side * (7.0 + step) - 4.0, hip - 1.0, 8.0, -hip - 1.0, DARK);
    }
    let shoulder = hip - 22.0;
    let [back, front] = reach(pose, phase, 16.0);
    pen.limb(
        &[(-14.0, shoulder), (-16.0 + back.0, shoulder + back.1)],
        5.0,
        DARK,
    );
    pen.block(-15.0, hip - 27.0, 30.0, 27.0, STEEL);
    pen.block(-8.5, hip - 21.0, 17.0, 12.0, [230, 240, 244]);
    pen.blob(-4.0, hip - 15.0, 2.6, 2.6, [236, 60, 52]);
    pen.blob(4.0, hip - 15.0, 2.6, 2.6, [80, 200, 90]);
    let top = hip - 27.0;
    pen.block(-4.0, top - 3.0, 8.0, 4.0, DARK);
    pen.block(-13.0, top - 22.0, 26.0, 20.0, STEEL);
    for x in [-4.0, 7.0] {
        pen.oval(x, top - 13.5, 4.0, 4.0, [255, 232, 90]);
        pen.blob(x + 0.8, top - 13.5, 1.7, 1.7, OUTLINE);
    }
    pen.line(&[(-5.0, top - 6.0), (8.0, top - 6.0)], 1.8, OUTLINE);
    pen.line(&[(0.0, top - 22.0), (0.0, top - 30.0)], 1.8, OUTLINE);
    pen.oval(0.0, top - 31.0, 3.6, 3.6, [236, 60, 52]);
    pen.limb(
        &[(14.0, shoulder), (15.0 + front.0, shoulder + front.1)],
        5.0,
        DARK,
    );
    pen.oval(15.0 + front.0, shoulder + front.1, 3.6, 3.6, STEEL);
}

fn fox(pen: &mut Pen<'_>, pose: Pose, phase: f32) {
    const FUR: Ink = [238, 122, 36];
    const SOCK: Ink = [70, 46, 44];
    let sway = swing(phase);
    let hop = if pose == Pose::Cheer {
        3.0 + 2.5 * sway
    } else {
        0.0
    };
    let sit = if pose == Pose::Sit { 4.0 } else { 0.0 };
    // Tail, white at the tip.
    let tip = (-30.0 - sway, -40.0 + 2.0 * sway - hop);
    pen.limb(
        &[(-14.0, -16.0 - hop), (-24.0, -22.0 - hop), tip],
        11.0,
        FUR,
    );
    pen.blob(tip.0, tip.1, 5.6, 5.6, WHITE);
    let stride = if pose == Pose::Walk { 4.0 * sway } else { 0.0 };
    for (x, shift) in [
        (-12.0, -stride),
        (-7.0, stride),
        (8.0, stride),
        (13.0, -stride),
    ] {
        pen.limb(
            &[(x, -14.0 - hop + sit), (x + shift, -2.0 - hop)],
            4.0,
            SOCK,
        );
    }
    pen.oval(0.0, -18.0 - hop + sit * 0.5, 18.0, 10.0, FUR);
    pen.blob(8.0, -15.0 - hop + sit * 0.5, 8.0, 6.0, WHITE);
    if matches!(pose, Pose::Wave | Pose::Cheer | Pose::Hold) {
        pen.limb(
            &[(13.0, -18.0 - hop), (24.0, -22.0 - hop + 2.5 * sway)],
            4.0,
            SOCK,
        );
    }
    let (x, y) = (15.0, -33.0 - hop);
    for (near, far) in [(-9.0, -7.0), (3.0, 6.5)] {
        pen.poly(
            &[
                (x + near, y - 7.0),
                (x + far, y - 20.0),
                (x + near + 8.0, y - 9.0),
            ],
            FUR,
        );
    }
    pen.oval(x, y, 13.0, 11.0, FUR);
    pen.poly(
        &[
            (x - 6.0, y + 4.0),
            (x + 2.0, y - 1.0),
            (x + 16.0, y + 4.0),
            (x + 4.0, y + 10.0),
        ],
        WHITE,
    );
    pen.blob(x + 15.5, y + 3.6, 2.2, 1.9, OUTLINE);
    for side in [-3.5, 6.0] {
        pen.blob(x + side, y - 2.0, 1.7, 2.4, OUTLINE);
    }
}
