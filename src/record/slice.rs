//! Which frames a score is about.

use super::FrameIndex;
use std::fmt;
use std::str::FromStr;

/// A subset of the scored frames, or one label on all of them. Displays as scores, tables and options write it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Slice {
    /// `all`: every frame.
    All,
    /// `pronoun`, `no_pronoun`: frames whose text holds a pronoun that replaced a name, or the others.
    Pronoun(bool),
    /// `frame_1`, ...: frames at one position of their story.
    Frame(FrameIndex),
    /// `length_4`, ...: frames of stories of one length.
    Length(usize),
    /// `character:otto`, ...: every frame, one character.
    Character(String),
}

impl fmt::Display for Slice {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => formatter.write_str("all"),
            Self::Pronoun(true) => formatter.write_str("pronoun"),
            Self::Pronoun(false) => formatter.write_str("no_pronoun"),
            Self::Frame(frame) => write!(formatter, "frame_{frame}"),
            Self::Length(frames) => write!(formatter, "length_{frames}"),
            Self::Character(name) => write!(formatter, "character:{name}"),
        }
    }
}

/// A slice of another version of the program, or a slip of the finger.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no slice is called `{0}`")]
pub struct UnknownSlice(String);

impl FromStr for Slice {
    type Err = UnknownSlice;

    fn from_str(text: &str) -> Result<Self, UnknownSlice> {
        let unknown = || UnknownSlice(text.to_owned());
        if let Some(name) = text.strip_prefix("character:") {
            return Ok(Self::Character(name.to_owned()));
        }
        match (text, text.split_once('_')) {
            ("all", _) => Ok(Self::All),
            ("pronoun", _) => Ok(Self::Pronoun(true)),
            ("no_pronoun", _) => Ok(Self::Pronoun(false)),
            (_, Some(("frame", number))) => {
                let number = number.parse().map_err(|_| unknown())?;
                Ok(Self::Frame(FrameIndex(number)))
            }
            (_, Some(("length", number))) => {
                Ok(Self::Length(number.parse().map_err(|_| unknown())?))
            }
            _ => Err(unknown()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_read_as_it_is_written() {
        for name in [
            "all",
            "pronoun",
            "no_pronoun",
            "frame_12",
            "length_5",
            "character:frame_1",
        ] {
            let slice: Slice = name.parse().expect(name);
            assert_eq!(slice.to_string(), name);
        }
        for wrong in [
            "",
            "frame_",
            "frame_x",
            "Frame_1",
            "characters:otto",
            "length",
        ] {
            assert!(wrong.parse::<Slice>().is_err(), "{wrong}");
        }
    }
}
