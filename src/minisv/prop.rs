//! Small objects: held, or lying about.

use super::pen::{Ink, OUTLINE, Pen};

const RED: Ink = [226, 56, 60];
const WOOD: Ink = [164, 112, 64];
const CREAM: Ink = [250, 236, 206];

/// An object that captions can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "kebab-case")]
pub(super) enum Prop {
    Balloon,
    Ball,
    Book,
    Cake,
    Drum,
    Gift,
    Umbrella,
    Basket,
    Barrel,
    Lantern,
}

impl Prop {
    /// Things a hand can hold.
    pub(super) const HELD: [Self; 7] = [
        Self::Balloon,
        Self::Ball,
        Self::Book,
        Self::Cake,
        Self::Gift,
        Self::Umbrella,
        Self::Lantern,
    ];
    /// Things on the floor.
    pub(super) const STANDING: [Self; 7] = [
        Self::Ball,
        Self::Cake,
        Self::Drum,
        Self::Gift,
        Self::Basket,
        Self::Barrel,
        Self::Lantern,
    ];

    /// The word for it in captions.
    pub(super) fn word(self) -> &'static str {
        self.into()
    }

    /// "a" or "an".
    pub(super) fn article(self) -> &'static str {
        if self == Self::Umbrella { "an" } else { "a" }
    }

    /// Draws it standing on the pen's origin, about 16 units tall.
    pub(super) fn draw(self, pen: &mut Pen<'_>) {
        match self {
            Self::Balloon => {
                pen.line(&[(0.0, 0.0), (1.5, -14.0)], 1.0, OUTLINE);
                pen.oval(2.0, -23.0, 8.0, 9.5, RED);
                pen.blob(-0.5, -26.0, 2.0, 2.8, [250, 170, 170]);
            }
            Self::Ball => {
                pen.oval(0.0, -7.0, 7.0, 7.0, [66, 130, 226]);
                pen.line(&[(-6.0, -8.0), (0.0, -6.0), (6.0, -8.0)], 2.2, CREAM);
            }
            Self::Book => {
                pen.poly(
                    &[(-8.0, -9.0), (0.0, -7.0), (0.0, 3.0), (-8.0, 1.0)],
                    [40, 140, 120],
                );
                pen.poly(
                    &[(8.0, -9.0), (0.0, -7.0), (0.0, 3.0), (8.0, 1.0)],
                    [60, 170, 146],
                );
                pen.line(&[(-5.5, -5.0), (-2.0, -4.2)], 1.0, CREAM);
                pen.line(&[(2.0, -4.2), (5.5, -5.0)], 1.0, CREAM);
            }
            Self::Cake => {
                pen.block(-8.0, -9.0, 16.0, 9.0, [246, 180, 196]);
                pen.block(-8.0, -12.0, 16.0, 4.0, CREAM);
                pen.line(&[(0.0, -12.0), (0.0, -17.0)], 1.8, [90, 150, 220]);
                pen.blob(0.0, -18.5, 1.6, 2.2, [255, 190, 40]);
            }
            Self::Drum => drum(pen),
            Self::Gift => {
                pen.block(-7.5, -13.0, 15.0, 13.0, [70, 170, 210]);
                pen.line(&[(0.0, -13.0), (0.0, -1.0)], 2.6, [255, 220, 70]);
                pen.oval(-3.2, -15.0, 3.2, 2.2, [255, 220, 70]);
                pen.oval(3.2, -15.0, 3.2, 2.2, [255, 220, 70]);
            }
            Self::Umbrella => umbrella(pen),
            Self::Basket => {
                pen.curve((-7.0, -9.0), (0.0, -22.0), (7.0, -9.0), 2.0, WOOD);
                for x in [-4.5, 0.0, 4.5] {
                    pen.oval(x, -10.0, 3.4, 3.4, RED);
                }
                pen.poly(&[(-9.0, -9.0), (9.0, -9.0), (6.5, 0.0), (-6.5, 0.0)], WOOD);
            }
            Self::Barrel => barrel(pen),
            Self::Lantern => {
                pen.curve((-3.5, -14.0), (0.0, -21.0), (3.5, -14.0), 1.2, OUTLINE);
                pen.block(-5.0, -14.0, 10.0, 14.0, [90, 90, 100]);
                pen.blob(0.0, -7.0, 3.4, 5.0, [255, 226, 110]);
            }
        }
    }
}

fn drum(pen: &mut Pen<'_>) {
    pen.block(-9.0, -13.0, 18.0, 13.0, RED);
    pen.line(
        &[
            (-9.0, -11.0),
            (-4.5, -2.0),
            (0.0, -11.0),
            (4.5, -2.0),
            (9.0, -11.0),
        ],
        1.2,
        [255, 214, 80],
    );
    pen.oval(0.0, -13.0, 9.0, 3.0, CREAM);
}

fn umbrella(pen: &mut Pen<'_>) {
    pen.limb(&[(0.0, 2.0), (0.0, -26.0)], 1.4, WOOD);
    pen.poly(
        &[
            (-16.0, -22.0),
            (-11.0, -31.0),
            (0.0, -35.0),
            (11.0, -31.0),
            (16.0, -22.0),
            (8.0, -24.5),
            (0.0, -22.0),
            (-8.0, -24.5),
        ],
        [230, 70, 130],
    );
}

fn barrel(pen: &mut Pen<'_>) {
    pen.poly(
        &[
            (-7.5, -19.0),
            (7.5, -19.0),
            (9.5, -9.5),
            (7.5, 0.0),
            (-7.5, 0.0),
            (-9.5, -9.5),
        ],
        WOOD,
    );
    pen.line(&[(-8.5, -14.0), (8.5, -14.0)], 1.6, OUTLINE);
    pen.line(&[(-8.5, -5.0), (8.5, -5.0)], 1.6, OUTLINE);
}
