//! The twelve places, in six pairs that are easily mistaken for each other.

use super::draw::Dice;
use super::pen::{Ink, OUTLINE, Pen, mix};

/// Where a clip happens. The order is the order of background labels; neighbours (0-1, 2-3, ...) are alike.
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
pub enum Place {
    /// Cream tiles, a stove and hanging pans.
    Kitchen,
    /// Cream tiles, a brick oven and a shelf of loaves.
    Bakery,
    /// Blue wallpaper, a bed, a window with the moon.
    Bedroom,
    /// Blue boards under a sloping roof, a round window, a trunk.
    Attic,
    /// Grass, round trees, a bench.
    Park,
    /// Grass, apple trees, a fence.
    Orchard,
    /// Sand and sea, a parasol.
    Beach,
    /// Planks and sea, a boat.
    Harbour,
    /// Brown panelling with book shelves.
    Library,
    /// Brown boards with tools on the wall and a work bench.
    Workshop,
    /// Houses at dusk, a street lamp.
    Street,
    /// A platform at dusk, a train, a clock.
    Station,
}

/// y of the line where wall or sky meets the floor.
pub(super) const HORIZON: f32 = 84.0;
const SIZE: f32 = 128.0;

impl Place {
    /// All of them, in label order.
    pub const ALL: &[Self] = <Self as strum::VariantArray>::VARIANTS;

    /// The word for it, in captions and as `setting`.
    #[must_use]
    pub fn word(self) -> &'static str {
        self.into()
    }

    /// "in the kitchen", "at the beach", "on the street".
    pub(super) fn phrase(self) -> String {
        let preposition = match self {
            Self::Beach | Self::Harbour | Self::Station => "at",
            Self::Street => "on",
            _ => "in",
        };
        format!("{preposition} the {}", self.word())
    }

    /// Draws the place. `dice` shifts the furniture and the light a little.
    pub(super) fn draw(self, pen: &mut Pen<'_>, dice: &mut Dice) {
        let shift = dice.between(-7.0, 7.0);
        let light = dice.between(-0.05, 0.05);
        let lit = |ink: Ink| {
            if light < 0.0 {
                mix(ink, OUTLINE, -light)
            } else {
                mix(ink, [255, 255, 255], light)
            }
        };
        match self {
            Self::Kitchen => kitchen(pen, shift, &lit),
            Self::Bakery => bakery(pen, shift, &lit),
            Self::Bedroom => bedroom(pen, shift, &lit),
            Self::Attic => attic(pen, shift, &lit),
            Self::Park => park(pen, shift, &lit),
            Self::Orchard => orchard(pen, shift, &lit),
            Self::Beach => beach(pen, shift, &lit),
            Self::Harbour => harbour(pen, shift, &lit),
            Self::Library => library(pen, shift, &lit),
            Self::Workshop => workshop(pen, shift, &lit),
            Self::Street => street(pen, shift, &lit),
            Self::Station => station(pen, shift, &lit),
        }
    }
}

type Lit<'a> = &'a dyn Fn(Ink) -> Ink;

const CREAM: Ink = [250, 232, 196];
const WOOD: Ink = [168, 116, 70];
const DARK_WOOD: Ink = [116, 78, 50];
const SKY: Ink = [160, 214, 246];
const GRASS: Ink = [128, 196, 92];
const SEA: Ink = [72, 160, 206];
const WHITE: Ink = [250, 250, 246];

/// A wall and a floor with a skirting line.
fn room(pen: &mut Pen<'_>, wall: Ink, floor: Ink) {
    pen.wash(0.0, 0.0, SIZE, HORIZON, wall);
    pen.wash(0.0, HORIZON, SIZE, SIZE - HORIZON, floor);
    pen.wash(0.0, HORIZON - 2.0, SIZE, 3.0, mix(floor, OUTLINE, 0.35));
}

fn tiles(pen: &mut Pen<'_>, lit: Lit<'_>) {
    room(pen, lit(CREAM), lit([206, 150, 112]));
    let line = mix(lit(CREAM), OUTLINE, 0.12);
    for step in 1..8 {
        pen.wash(step as f32 * 16.0, 48.0, 1.0, HORIZON - 50.0, line);
    }
    pen.wash(0.0, 48.0, SIZE, 1.2, line);
    pen.wash(0.0, 64.0, SIZE, 1.0, line);
}

fn kitchen(pen: &mut Pen<'_>, shift: f32, lit: Lit<'_>) {
    tiles(pen, lit);
    pen.line(&[(14.0 + shift, 14.0), (66.0 + shift, 14.0)], 2.2, OUTLINE);
    for (x, r) in [(22.0, 7.0), (40.0, 8.5), (58.0, 6.5)] {
        pen.line(&[(x + shift, 14.0), (x + shift, 22.0)], 1.6, OUTLINE);
        pen.oval(x + shift, 22.0 + r, r, r, lit([204, 110, 60]));
    }
    let x = 84.0 + shift;
    pen.block(x, 54.0, 34.0, 34.0, lit([226, 232, 234]));
    pen.block(x + 5.0, 66.0, 24.0, 15.0, lit([70, 74, 86]));
    for dx in [7.0, 17.0, 27.0] {
        pen.blob(x + dx, 60.0, 2.4, 2.4, OUTLINE);
    }
    pen.oval(x + 17.0, 49.0, 10.0, 5.5, lit([200, 60, 56]));
}

fn bakery(pen: &mut Pen<'_>, shift: f32, lit: Lit<'_>) {
    tiles(pen, lit);
    let x = 12.0 + shift;
    pen.poly(
        &[
            (x, 88.0),
            (x, 46.0),
            (x + 10.0, 34.0),
            (x + 30.0, 34.0),
            (x + 40.0, 46.0),
            (x + 40.0, 88.0),
        ],
        lit([190, 92, 70]),
    );
    pen.oval(x + 20.0, 64.0, 13.0, 11.0, lit([64, 44, 44]));
    pen.blob(x + 20.0, 69.0, 8.0, 5.0, [255, 160, 50]);
    for row in [22.0, 42.0] {
        pen.block(68.0 + shift, row, 50.0, 4.0, lit(WOOD));
        for step in 0..4 {
            pen.oval(
                74.5 + shift + step as f32 * 12.5,
                row - 4.0,
                5.8,
                4.4,
                lit([222, 160, 84]),
            );
        }
    }
}

fn bedroom(pen: &mut Pen<'_>, shift: f32, lit: Lit<'_>) {
    room(pen, lit([142, 170, 220]), lit([188, 150, 120]));
    for step in 0..8 {
        pen.wash(
            step as f32 * 16.0 + 7.0,
            0.0,
            2.0,
            HORIZON - 2.0,
            lit([128, 156, 210]),
        );
    }
    let x = 16.0 + shift;
    pen.block(x, 14.0, 32.0, 32.0, lit([30, 40, 92]));
    pen.blob(x + 20.0, 26.0, 7.5, 7.5, [252, 240, 170]);
    pen.blob(x + 16.5, 24.0, 6.0, 6.0, lit([30, 40, 92]));
    pen.line(&[(x + 16.0, 14.0), (x + 16.0, 46.0)], 1.4, WHITE);
    let x = 70.0 + shift;
    pen.block(x + 40.0, 52.0, 8.0, 38.0, lit(DARK_WOOD));
    pen.block(x, 68.0, 42.0, 18.0, lit([222, 90, 100]));
    pen.oval(x + 33.0, 66.0, 9.0, 5.5, WHITE);
}

fn attic(pen: &mut Pen<'_>, shift: f32, lit: Lit<'_>) {
    room(pen, lit([146, 166, 204]), lit([176, 140, 108]));
    for step in 1..6 {
        pen.wash(0.0, step as f32 * 14.0, SIZE, 1.2, lit([118, 138, 182]));
    }
    pen.poly(&[(-4.0, -4.0), (46.0, -4.0), (-4.0, 58.0)], lit(DARK_WOOD));
    pen.poly(
        &[(132.0, -4.0), (82.0, -4.0), (132.0, 58.0)],
        lit(DARK_WOOD),
    );
    let x = 64.0 + shift * 0.6;
    pen.oval(x, 28.0, 16.0, 16.0, lit([196, 226, 248]));
    pen.line(&[(x, 13.0), (x, 43.0)], 1.8, OUTLINE);
    pen.line(&[(x - 15.0, 28.0), (x + 15.0, 28.0)], 1.8, OUTLINE);
    let x = 12.0 + shift;
    pen.block(x, 66.0, 32.0, 20.0, lit([150, 92, 50]));
    pen.line(&[(x, 73.0), (x + 32.0, 73.0)], 1.6, OUTLINE);
    pen.blob(x + 16.0, 75.0, 2.6, 3.2, [252, 210, 70]);
}

fn meadow(pen: &mut Pen<'_>, lit: Lit<'_>) {
    pen.wash(0.0, 0.0, SIZE, HORIZON, lit(SKY));
    pen.blob(30.0, 88.0, 56.0, 16.0, lit([108, 178, 84]));
    pen.blob(104.0, 90.0, 48.0, 18.0, lit([116, 186, 88]));
    pen.wash(0.0, HORIZON, SIZE, SIZE - HORIZON, lit(GRASS));
}

fn cloud(pen: &mut Pen<'_>, x: f32, y: f32) {
    pen.blob(x, y, 10.0, 5.5, WHITE);
    pen.blob(x + 9.0, y + 1.5, 8.0, 4.5, WHITE);
}

fn tree(pen: &mut Pen<'_>, x: f32, crown: Ink, lit: Lit<'_>) {
    pen.block(x - 4.0, 54.0, 8.0, 34.0, lit(DARK_WOOD));
    pen.oval(x, 38.0, 20.0, 22.0, lit(crown));
}

fn park(pen: &mut Pen<'_>, shift: f32, lit: Lit<'_>) {
    meadow(pen, lit);
    cloud(pen, 60.0 + shift, 14.0);
    tree(pen, 22.0 + shift, [64, 150, 72], lit);
    let x = 74.0 + shift;
    for row in [62.0, 69.0] {
        pen.block(x, row, 44.0, 5.0, lit([206, 90, 50]));
    }
    pen.block(x - 1.0, 78.0, 46.0, 5.0, lit([206, 90, 50]));
    for dx in [4.0, 38.0] {
        pen.limb(&[(x + dx, 83.0), (x + dx, 92.0)], 2.6, OUTLINE);
    }
    pen.limb(
        &[(x + 22.0, 58.0), (x + 22.0, 20.0)],
        2.0,
        lit([90, 90, 96]),
    );
    pen.oval(x + 22.0, 17.0, 5.5, 6.5, [255, 250, 214]);
}

fn orchard(pen: &mut Pen<'_>, shift: f32, lit: Lit<'_>) {
    meadow(pen, lit);
    for x in [20.0, 64.0, 108.0] {
        tree(pen, x + shift, [92, 168, 60], lit);
        for (dx, y) in [(-9.0, 32.0), (2.0, 26.0), (10.0, 38.0), (-4.0, 46.0)] {
            pen.oval(x + shift + dx, y, 3.6, 3.6, [226, 52, 52]);
        }
    }
    for step in 0..7 {
        pen.block(
            step as f32 * 21.0 - 4.0 + shift,
            66.0,
            5.0,
            24.0,
            lit(WHITE),
        );
    }
    pen.block(-6.0, 72.0, 140.0, 4.0, lit(WHITE));
}

fn shore(pen: &mut Pen<'_>, ground: Ink, lit: Lit<'_>) {
    pen.wash(0.0, 0.0, SIZE, 46.0, lit([186, 226, 248]));
    pen.wash(0.0, 46.0, SIZE, HORIZON - 46.0, lit(SEA));
    for (x, y) in [
        (12.0, 56.0),
        (48.0, 64.0),
        (92.0, 54.0),
        (76.0, 74.0),
        (20.0, 75.0),
    ] {
        pen.line(&[(x, y), (x + 14.0, y)], 1.4, lit([170, 216, 236]));
    }
    pen.wash(0.0, HORIZON, SIZE, SIZE - HORIZON, lit(ground));
}

fn beach(pen: &mut Pen<'_>, shift: f32, lit: Lit<'_>) {
    shore(pen, [244, 218, 150], lit);
    pen.blob(100.0 - shift, 18.0, 11.0, 11.0, [255, 236, 120]);
    let x = 32.0 + shift;
    pen.limb(&[(x, 26.0), (x + 3.0, 94.0)], 2.6, lit(WHITE));
    pen.poly(
        &[
            (x - 27.0, 40.0),
            (x - 16.0, 24.0),
            (x, 18.0),
            (x + 16.0, 24.0),
            (x + 27.0, 40.0),
        ],
        lit([232, 70, 70]),
    );
    pen.patch(&[(x - 9.0, 39.0), (x, 19.0), (x + 9.0, 39.0)], WHITE);
    pen.block(74.0 + shift, 86.0, 34.0, 8.0, lit([90, 190, 200]));
}

fn harbour(pen: &mut Pen<'_>, shift: f32, lit: Lit<'_>) {
    shore(pen, [190, 158, 118], lit);
    for row in 0..4 {
        pen.wash(0.0, 92.0 + row as f32 * 11.0, SIZE, 1.4, lit(DARK_WOOD));
    }
    let x = 74.0 + shift;
    pen.limb(&[(x + 16.0, 60.0), (x + 16.0, 8.0)], 2.6, lit(DARK_WOOD));
    pen.poly(
        &[(x + 19.0, 10.0), (x + 42.0, 50.0), (x + 19.0, 50.0)],
        lit(WHITE),
    );
    pen.poly(
        &[
            (x - 14.0, 56.0),
            (x + 46.0, 56.0),
            (x + 36.0, 72.0),
            (x - 4.0, 72.0),
        ],
        lit([200, 60, 56]),
    );
    for post in [10.0, 40.0] {
        pen.block(post + shift, 66.0, 9.0, 26.0, lit(DARK_WOOD));
    }
}

fn panels(pen: &mut Pen<'_>, lit: Lit<'_>) {
    room(pen, lit([204, 164, 118]), lit([142, 100, 70]));
    for step in 0..7 {
        pen.wash(
            step as f32 * 20.0 + 3.0,
            0.0,
            1.4,
            HORIZON - 2.0,
            lit([176, 136, 94]),
        );
    }
}

/// Colours of book spines.
const SPINES: [Ink; 5] = [
    [190, 58, 58],
    [60, 110, 170],
    [70, 140, 90],
    [226, 190, 80],
    [130, 84, 150],
];

fn library(pen: &mut Pen<'_>, shift: f32, lit: Lit<'_>) {
    panels(pen, lit);
    for (x, width) in [(6.0, 48.0), (72.0, 48.0)] {
        let x = x + shift;
        pen.block(x, 8.0, width, 80.0, lit(DARK_WOOD));
        for row in 0..3 {
            let top = 13.0 + row as f32 * 24.0;
            pen.wash(x + 3.0, top, width - 6.0, 19.0, lit([84, 56, 40]));
            for book in 0..7 {
                let tall = 14.0 + ((book * 5 + row * 3) % 4) as f32;
                let ink = SPINES[(book + 2 * row) % SPINES.len()];
                pen.wash(
                    x + 4.0 + book as f32 * 6.0,
                    top + 19.0 - tall,
                    4.6,
                    tall,
                    lit(ink),
                );
            }
        }
    }
}

fn workshop(pen: &mut Pen<'_>, shift: f32, lit: Lit<'_>) {
    panels(pen, lit);
    let x = 16.0 + shift;
    pen.line(&[(x, 18.0), (x, 46.0)], 3.4, lit(DARK_WOOD));
    pen.block(x - 8.0, 13.0, 16.0, 8.0, lit([128, 134, 144]));
    pen.poly(
        &[
            (x + 18.0, 14.0),
            (x + 30.0, 14.0),
            (x + 25.0, 48.0),
            (x + 23.0, 48.0),
        ],
        lit([190, 196, 204]),
    );
    pen.oval(x + 48.0, 28.0, 12.0, 12.0, lit([150, 156, 166]));
    pen.blob(x + 48.0, 28.0, 5.0, 5.0, lit([204, 164, 118]));
    pen.limb(
        &[(x + 74.0, 16.0), (x + 88.0, 44.0)],
        3.6,
        lit([206, 66, 54]),
    );
    pen.block(58.0 + shift, 64.0, 62.0, 7.0, lit(WOOD));
    for dx in [62.0, 110.0] {
        pen.block(dx + shift, 71.0, 6.0, 20.0, lit(DARK_WOOD));
    }
    pen.block(72.0 + shift, 54.0, 16.0, 10.0, lit([90, 120, 150]));
}

fn dusk(pen: &mut Pen<'_>, floor: Ink, lit: Lit<'_>) {
    for (row, ink) in [
        [92, 84, 140],
        [124, 98, 150],
        [164, 118, 154],
        [206, 146, 150],
    ]
    .into_iter()
    .enumerate()
    {
        pen.wash(0.0, row as f32 * 21.0, SIZE, 22.0, lit(ink));
    }
    pen.wash(0.0, HORIZON, SIZE, SIZE - HORIZON, lit(floor));
}

fn street(pen: &mut Pen<'_>, shift: f32, lit: Lit<'_>) {
    dusk(pen, [120, 118, 128], lit);
    for (x, top, ink) in [
        (2.0, 34.0, [176, 96, 86]),
        (38.0, 24.0, [110, 124, 150]),
        (90.0, 38.0, [170, 140, 96]),
    ] {
        let x = x + shift;
        pen.block(x, top, 34.0, 90.0 - top, lit(ink));
        pen.poly(
            &[(x - 3.0, top), (x + 17.0, top - 15.0), (x + 37.0, top)],
            lit([86, 58, 66]),
        );
        for (dx, dy) in [(5.0, 10.0), (20.0, 10.0), (5.0, 28.0)] {
            pen.block(x + dx, top + dy, 9.0, 10.0, [255, 226, 120]);
        }
    }
    let x = 81.0 + shift;
    pen.limb(&[(x, 94.0), (x, 26.0)], 2.4, lit([60, 58, 70]));
    pen.oval(x, 22.0, 6.0, 7.0, [255, 244, 170]);
}

fn station(pen: &mut Pen<'_>, shift: f32, lit: Lit<'_>) {
    dusk(pen, [132, 128, 136], lit);
    pen.wash(0.0, 92.0, SIZE, 3.0, [250, 214, 80]);
    let x = 10.0 + shift;
    pen.block(x, 40.0, 122.0, 44.0, lit([50, 120, 104]));
    pen.wash(x + 1.0, 68.0, 120.0, 5.0, lit([240, 226, 180]));
    for step in 0..4 {
        pen.block(
            x + 8.0 + step as f32 * 28.0,
            47.0,
            18.0,
            15.0,
            [255, 236, 160],
        );
    }
    pen.limb(
        &[(30.0 + shift, 0.0), (30.0 + shift, 10.0)],
        2.4,
        lit([60, 58, 70]),
    );
    pen.oval(30.0 + shift, 20.0, 11.5, 11.5, WHITE);
    pen.line(&[(30.0 + shift, 20.0), (30.0 + shift, 13.0)], 1.8, OUTLINE);
    pen.line(&[(30.0 + shift, 20.0), (35.5 + shift, 22.0)], 1.8, OUTLINE);
}
