//! Which stories of a data set a run has, as signatures and manifests write it.

use super::WindowRule;
use crate::record::Story;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// The stories of a run. Displays as `test/followers-3`, `test/listed`, `test/followers-3+disjoint[:25]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Subset {
    /// Split of the data set.
    pub split: String,
    /// Clips that follow the first one; `None` for stories of unequal length.
    pub followers: Option<usize>,
    /// How clips in sequence became stories.
    pub windows: WindowRule,
    /// Only so many stories from the start; `None` for all.
    pub first: Option<usize>,
}

impl Subset {
    /// The first stories of a split that has `all` of them.
    #[must_use]
    pub fn of(split: &str, windows: WindowRule, stories: &[Story], all: usize) -> Self {
        let mut lengths = stories.iter().map(|story| story.frames.len());
        let length = lengths.next().unwrap_or(0);
        Self {
            split: split.to_owned(),
            followers: lengths
                .all(|other| other == length)
                .then_some(length.saturating_sub(1)),
            windows,
            first: (stories.len() < all).then_some(stories.len()),
        }
    }

    /// Only the first stories of it.
    #[must_use]
    pub fn cut(mut self, first: usize) -> Self {
        self.first = Some(self.first.unwrap_or(usize::MAX).min(first));
        self
    }
}

impl fmt::Display for Subset {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.followers {
            Some(followers) => write!(formatter, "{}/followers-{followers}", self.split)?,
            None => write!(formatter, "{}/listed", self.split)?,
        }
        self.windows.fmt(formatter)?;
        match self.first {
            Some(first) => write!(formatter, "[:{first}]"),
            None => Ok(()),
        }
    }
}

impl From<Subset> for String {
    fn from(subset: Subset) -> Self {
        subset.to_string()
    }
}

/// A subset as another program wrote it, or a damaged manifest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no subset of stories")]
pub struct UnknownSubset(String);

impl TryFrom<String> for Subset {
    type Error = UnknownSubset;

    fn try_from(text: String) -> Result<Self, UnknownSubset> {
        text.parse()
    }
}

impl FromStr for Subset {
    type Err = UnknownSubset;

    fn from_str(text: &str) -> Result<Self, UnknownSubset> {
        parse(text).ok_or_else(|| UnknownSubset(text.to_owned()))
    }
}

fn parse(text: &str) -> Option<Subset> {
    let (text, first) = match text.strip_suffix(']') {
        Some(text) => {
            let (text, first) = text.rsplit_once("[:")?;
            (text, Some(first.parse().ok()?))
        }
        None => (text, None),
    };
    let (split, kind) = text.rsplit_once('/')?;
    let (stories, windows) = match kind.find('+') {
        Some(at) => kind.split_at(at),
        None => (kind, ""),
    };
    let followers = match stories.strip_prefix("followers-") {
        Some(followers) => Some(followers.parse().ok()?),
        None if stories == "listed" => None,
        None => return None,
    };
    Some(Subset {
        split: split.to_owned(),
        followers,
        windows: WindowRule::of_suffix(windows)?,
        first,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::card::{ClipScope, EpisodeRule, Overlap};

    #[test]
    fn what_is_written_is_read_again() {
        for text in [
            "test/followers-3",
            "test/listed",
            "my/own/split/followers-0[:25]",
            "val/followers-4+disjoint",
            "test/listed+across+own-split[:1]",
            "test/followers-3+disjoint+across+own-split[:100]",
        ] {
            let subset: Subset = text.parse().unwrap();
            assert_eq!(subset.to_string(), text);
            let json = serde_json::to_string(&subset).unwrap();
            assert_eq!(json, format!("\"{text}\""));
            assert_eq!(serde_json::from_str::<Subset>(&json).unwrap(), subset);
        }
        let all: Subset = "test/followers-3+disjoint+across+own-split[:9]"
            .parse()
            .unwrap();
        let windows = WindowRule {
            overlap: Overlap::Disjoint,
            episodes: EpisodeRule::Across,
            clips: ClipScope::OwnSplit,
        };
        assert_eq!((all.windows, all.first), (windows, Some(9)));
        assert_eq!(all.clone().cut(20).first, Some(9));
        assert_eq!(
            all.cut(4).to_string(),
            "test/followers-3+disjoint+across+own-split[:4]"
        );
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "test",
            "test/followers",
            "test/followers-x",
            "test/listed[:]",
            "test/listed[:2",
            "test/listed+across+disjoint",
            "test/listed+backwards",
        ] {
            let error = text.parse::<Subset>().unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("`{text}` is no subset of stories")
            );
        }
    }
}
