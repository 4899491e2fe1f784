//! What a model card chooses of how a language model reads a story and writes one.

use serde::{Deserialize, Serialize};

/// What the language model of a StoryGPT-V reads of the story so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StoryReading {
    /// The captions with the frames between them.
    #[default]
    CaptionsAndFrames,
    /// The captions alone (the rows "Caption" of the paper's ablation of the second stage).
    Captions,
}

impl StoryReading {
    /// Whether frames are read.
    #[must_use]
    pub fn has_frames(self) -> bool {
        self == Self::CaptionsAndFrames
    }
}

/// How a language model picks the next token of a caption, named as `generate` of Hugging Face transformers does. What is
/// absent is left to the bundle, and there to the default.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sampling {
    /// Divisor of the logits; 0 takes the likeliest token always (greedy). 1 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature: Option<f64>,
    /// Only so many of the likeliest tokens; all by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_k: Option<usize>,
    /// Only the likeliest tokens that together reach this probability; all by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_p: Option<f64>,
    /// Most tokens of a caption; 64 by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_tokens: Option<usize>,
    /// A caption ends before the first of these texts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<Vec<String>>,
}

impl Sampling {
    /// These choices, and those of `base` where there are none.
    #[must_use]
    pub fn over(&self, base: &Self) -> Self {
        Self {
            temperature: self.temperature.or(base.temperature),
            top_k: self.top_k.or(base.top_k),
            top_p: self.top_p.or(base.top_p),
            max_tokens: self.max_tokens.or(base.max_tokens),
            stop: self.stop.clone().or_else(|| base.stop.clone()),
        }
    }

    /// The choice that makes no sense, by its key, and what is allowed.
    #[must_use]
    pub fn broken(&self) -> Option<(&'static str, &'static str)> {
        let outside = |value: Option<f64>, low: f64, high: f64| {
            value.is_some_and(|value| !(low..=high).contains(&value))
        };
        if outside(self.temperature, 0.0, 100.0) {
            return Some(("temperature", "is from 0 to 100"));
        }
        if self.top_p.is_some_and(|p| p <= 0.0) || outside(self.top_p, 0.0, 1.0) {
            return Some(("top_p", "is above 0 and at most 1"));
        }
        if self.top_k == Some(0) {
            return Some(("top_k", "is at least 1"));
        }
        if self
            .max_tokens
            .is_some_and(|most| !(1..=4096).contains(&most))
        {
            return Some(("max_tokens", "is from 1 to 4096"));
        }
        let empty = |texts: &Vec<String>| texts.iter().any(|text| text.trim().is_empty());
        if self.stop.as_ref().is_some_and(empty) {
            return Some(("stop", "holds no empty text"));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sampling(text: &str) -> Sampling {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn a_card_chooses_before_its_bundle() {
        let bundle = sampling("temperature = 0.8\ntop_p = 0.9\nstop = [\"Image:\"]");
        let card = sampling("temperature = 0\nmax_tokens = 5");
        let both = card.over(&bundle);
        assert_eq!((both.temperature, both.top_p), (Some(0.0), Some(0.9)));
        assert_eq!((both.max_tokens, both.top_k), (Some(5), None));
        assert_eq!(both.stop.unwrap(), ["Image:"]);
    }

    #[test]
    fn choices_that_make_no_sense_are_named() {
        for (text, key) in [
            ("temperature = -1", "temperature"),
            ("temperature = nan", "temperature"),
            ("top_p = 0", "top_p"),
            ("top_p = 1.5", "top_p"),
            ("top_k = 0", "top_k"),
            ("max_tokens = 0", "max_tokens"),
            ("stop = [\" \"]", "stop"),
        ] {
            assert_eq!(sampling(text).broken().unwrap().0, key, "{text}");
        }
        assert_eq!(sampling("temperature = 0\ntop_p = 1").broken(), None);
    }
}
