//! Which values the pixels of a graph have.

use super::VisionError;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// Means of ImageNet's red, green and blue.
pub(super) const IMAGENET_MEAN: [f32; 3] = [0.485, 0.456, 0.406];
/// Deviations of ImageNet's red, green and blue.
pub(super) const IMAGENET_STD: [f32; 3] = [0.229, 0.224, 0.225];

/// The value range of a graph's pixels; a property of the network, read from `bundle.toml` `[input]`.
///
/// Written as `"unit"`, `"symmetric"` or `{ mean = [..], std = [..] }`.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum InputScale {
    /// `v / 255`, in `[0, 1]`.
    #[default]
    Unit,
    /// `2 v / 255 - 1`, in `[-1, 1]`.
    Symmetric,
    /// `(v / 255 - mean) / std`, a mean and a deviation for each of red, green and blue.
    Standardised {
        /// Means of red, green and blue in `[0, 1]`.
        mean: [f32; 3],
        /// Deviations of red, green and blue; positive.
        std: [f32; 3],
    },
}

impl InputScale {
    /// ImageNet's constants, as torchvision's models expect them.
    pub const IMAGENET: Self = Self::Standardised {
        mean: IMAGENET_MEAN,
        std: IMAGENET_STD,
    };

    /// CLIP's constants (openai/CLIP; open_clip uses the same for OpenAI's weights).
    pub const CLIP: Self = Self::Standardised {
        mean: [0.481_454_66, 0.457_827_5, 0.408_210_73],
        std: [0.268_629_54, 0.261_302_6, 0.275_777_1],
    };

    /// Refuses constants that give infinite pixels or none.
    pub(super) fn check(&self) -> Result<(), VisionError> {
        match *self {
            Self::Standardised { mean, std } if !usable(mean, std) => {
                Err(VisionError::Constants { mean, std })
            }
            _ => Ok(()),
        }
    }
}

fn usable(mean: [f32; 3], std: [f32; 3]) -> bool {
    mean.iter().all(|value| value.is_finite()) && std.iter().all(|v| v.is_normal() && *v > 0.0)
}

impl fmt::Display for InputScale {
    /// As signatures print it; constants in full.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unit => formatter.write_str("unit"),
            Self::Symmetric => formatter.write_str("symmetric"),
            standardised if *standardised == Self::IMAGENET => formatter.write_str("imagenet"),
            standardised if *standardised == Self::CLIP => formatter.write_str("clip"),
            Self::Standardised { mean, std } => {
                write!(formatter, "mean{mean:?}std{std:?}")
            }
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Constants {
    mean: [f32; 3],
    std: [f32; 3],
}

impl Serialize for InputScale {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self {
            Self::Unit => serializer.serialize_str("unit"),
            Self::Symmetric => serializer.serialize_str("symmetric"),
            Self::Standardised { mean, std } => Constants { mean, std }.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for InputScale {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScaleVisitor)
    }
}

struct ScaleVisitor;

impl<'de> Visitor<'de> for ScaleVisitor {
    type Value = InputScale;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(r#""unit", "symmetric" or { mean = [..], std = [..] }"#)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<InputScale, E> {
        match text {
            "unit" => Ok(InputScale::Unit),
            "symmetric" => Ok(InputScale::Symmetric),
            other => Err(E::invalid_value(de::Unexpected::Str(other), &self)),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<InputScale, A::Error> {
        let Constants { mean, std } = Constants::deserialize(MapAccessDeserializer::new(map))?;
        let scale = InputScale::Standardised { mean, std };
        scale.check().map_err(de::Error::custom)?;
        Ok(scale)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Serialize, Deserialize)]
    struct Section {
        scale: InputScale,
    }

    fn parse(text: &str) -> Result<InputScale, toml::de::Error> {
        toml::from_str::<Section>(text).map(|section| section.scale)
    }

    #[test]
    fn scales_are_read_as_the_bundle_writes_them() {
        assert_eq!(parse(r#"scale = "unit""#).unwrap(), InputScale::Unit);
        assert_eq!(
            parse(r#"scale = "symmetric""#).unwrap(),
            InputScale::Symmetric
        );
        let text = "scale = { mean = [0.485, 0.456, 0.406], std = [0.229, 0.224, 0.225] }";
        let imagenet = parse(text).unwrap();
        assert_eq!(imagenet, InputScale::IMAGENET);
        for scale in [InputScale::Unit, InputScale::Symmetric, InputScale::CLIP] {
            let written = toml::to_string(&Section { scale }).unwrap();
            assert_eq!(parse(&written).unwrap(), scale, "{written}");
            let json = serde_json::to_string(&scale).unwrap();
            assert_eq!(serde_json::from_str::<InputScale>(&json).unwrap(), scale);
        }
    }

    #[test]
    fn constants_that_break_pixels_are_refused() {
        for text in [
            r#"scale = "half""#,
            "scale = 3",
            "scale = { mean = [0, 0, 0], std = [1, 0, 1] }",
            "scale = { mean = [nan, 0, 0], std = [1, 1, 1] }",
            "scale = { mean = [0, 0, 0], std = [1, -1, 1] }",
            "scale = { mean = [0, 0], std = [1, 1, 1] }",
            "scale = { mean = [0, 0, 0] }",
            "scale = { mean = [0, 0, 0], std = [1, 1, 1], more = 1 }",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn known_constants_have_names() {
        assert_eq!(InputScale::CLIP.to_string(), "clip");
        assert_eq!(InputScale::IMAGENET.to_string(), "imagenet");
        let other = InputScale::Standardised {
            mean: [0.5; 3],
            std: [0.25; 3],
        };
        assert_eq!(
            other.to_string(),
            "mean[0.5, 0.5, 0.5]std[0.25, 0.25, 0.25]"
        );
    }
}
