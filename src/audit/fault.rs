//! The faults, and how strong they can be.

use serde::Serialize;
use std::fmt;

/// What is wrong with the frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fault {
    /// A frame is the real frame of another clip in the same place with none of the characters.
    SwappedCharacter,
    /// A frame is the real frame of another clip with the same characters in another place.
    WrongBackground,
    /// Gaussian blur.
    Blur,
    /// Gaussian noise, each channel of each pixel by itself.
    Noise,
    /// The frames of a story stand one caption too early: frame k shows clip k + 1, the last one clip 1.
    ShiftedCaptions,
    /// Every frame of a story is its first.
    RepeatedFrame,
}

/// What a share is a share of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Grain {
    /// Frames that have a donor.
    Frames,
    /// Stories of two frames or more.
    Stories,
    /// Every frame is touched; strength is an amplitude.
    Pixels,
}

/// How strong a fault is: 0 (none) to 5.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Strength(u8);

impl Strength {
    /// No fault at all.
    pub const NONE: Self = Self(0);
    /// The five strengths, weakest first.
    pub const ALL: [Self; 5] = [Self(1), Self(2), Self(3), Self(4), Self(5)];

    /// 0 to 5.
    #[must_use]
    pub fn level(self) -> u8 {
        self.0
    }
}

/// Shares of frames or stories.
const SHARES: [f64; 5] = [0.1, 0.25, 0.5, 0.75, 1.0];
/// Standard deviations in pixels of the frame as the data set has it.
const BLURS: [f64; 5] = [0.5, 1.0, 2.0, 4.0, 8.0];
/// Standard deviations in grey levels, of 255.
const NOISES: [f64; 5] = [5.0, 10.0, 20.0, 40.0, 80.0];

impl Fault {
    /// All of them, in the order of tables.
    pub const ALL: [Self; 6] = [
        Self::SwappedCharacter,
        Self::WrongBackground,
        Self::Blur,
        Self::Noise,
        Self::ShiftedCaptions,
        Self::RepeatedFrame,
    ];

    /// What strength counts.
    #[must_use]
    pub fn grain(self) -> Grain {
        match self {
            Self::SwappedCharacter | Self::WrongBackground => Grain::Frames,
            Self::Blur | Self::Noise => Grain::Pixels,
            Self::ShiftedCaptions | Self::RepeatedFrame => Grain::Stories,
        }
    }

    /// What the five strengths mean: shares in (0, 1], or standard deviations.
    #[must_use]
    pub fn amounts(self) -> [f64; 5] {
        match self {
            Self::Blur => BLURS,
            Self::Noise => NOISES,
            _ => SHARES,
        }
    }

    /// What one strength means; 0 for [`Strength::NONE`].
    #[must_use]
    pub fn amount(self, strength: Strength) -> f64 {
        match strength.0 {
            0 => 0.0,
            level => self.amounts()[usize::from(level) - 1],
        }
    }

    /// The five amounts for people: `10, 25, 50, 75, 100 % of frames`.
    #[must_use]
    pub fn scale(self) -> String {
        let shares = matches!(self.grain(), Grain::Frames | Grain::Stories);
        let numbers = self.amounts().map(|amount| {
            if shares {
                format!("{:.0}", amount * 100.0)
            } else {
                format!("{amount}")
            }
        });
        let what = match (self, self.grain()) {
            (Self::Noise, _) => "grey levels (standard deviation)",
            (_, Grain::Pixels) => "pixels (standard deviation)",
            (_, Grain::Frames) => "% of frames",
            (_, Grain::Stories) => "% of stories",
        };
        format!("{} {what}", numbers.join(", "))
    }

    /// The name on the command line and in files.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::SwappedCharacter => "swapped-character",
            Self::WrongBackground => "wrong-background",
            Self::Blur => "blur",
            Self::Noise => "noise",
            Self::ShiftedCaptions => "shifted-captions",
            Self::RepeatedFrame => "repeated-frame",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.id())
    }
}
