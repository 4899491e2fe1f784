//! What can be found, how bad it is, and what to do about it.

use serde::{Serialize, Serializer};
use std::fmt;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, strum::Display)]
#[strum(serialize_all = "kebab-case")]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// The data set is not what it should be; scores on it would be wrong or impossible.
    Error,
    /// Scores are possible, and may not mean what they seem to.
    Warning,
    /// Worth knowing.
    Note,
}

macro_rules! kinds {
    ($($(#[$about:meta])* $name:ident = $id:literal, $severity:ident, $meaning:literal, $hint:literal;)+) => {
        /// A kind of finding. `docs/verify.md` explains each.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Kind {
            $(#[doc = $meaning] $name,)+
        }

        impl Kind {
            /// Every kind: errors, then warnings, then notes.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// The stable id.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => $id,)+ }
            }

            /// How bad it is.
            #[must_use]
            pub fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity,)+ }
            }

            /// What was found, in a few words.
            #[must_use]
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$name => $meaning,)+ }
            }

            /// What to do about it.
            #[must_use]
            pub fn hint(self) -> &'static str {
                match self { $(Self::$name => $hint,)+ }
            }
        }
    };
}

kinds! {
    FilesMissing = "files-missing", Error, "files of the layout that are not there",
        "put them in place, or name the layout with `--data-layout`";
    FileUnreadable = "file-unreadable", Error, "a file that cannot be read",
        "check it with `ls -l`";
    FileMalformed = "file-malformed", Error, "a file that is damaged or holds something else",
        "fetch it again";
    LinkOutside = "link-outside", Error, "symbolic links that lead out of the data set",
        "if you trust the data set, set STORYEVAL_FOLLOW_LINKS=1";
    IdUnsafe = "id-unsafe", Error, "an id that could name a file outside the folder",
        "do not use this data set before you know where it comes from";
    IdMalformed = "id-malformed", Error, "an id without season and episode",
        "add following_cache3.pkl, or correct the id";
    IdTwice = "id-twice", Error, "ids that are listed twice",
        "remove one of the two entries";
    Empty = "empty", Error, "no split lists a clip or a story",
        "check the file of the split: is it of this layout, and whole?";
    CountDiffers = "count-differs", Error, "a split with another number of entries than on the card",
        "fetch the data again; for a part of a data set or your own data, write a card with its `[expected]`";
    ContentDiffers = "content-differs", Error, "content with another hash than on the card",
        "fetch the data again, or correct `content_sha256` on the card";
    CaptionMissing = "caption-missing", Error, "clips of a split without a caption",
        "the files are not of one release: fetch the annotations again";
    FollowerMissing = "follower-missing", Error, "followers without metadata",
        "move following_cache*.pkl away to compute followers from the split";
    LabelsMissing = "labels-missing", Error, "clips without labels",
        "the files are not of one release: fetch the labels again";
    LabelArity = "label-arity", Error, "label vectors of another length than on the card",
        "the labels belong to another data set or release";
    LabelsMalformed = "labels-malformed", Error, "labels that are no vectors of 0 and 1",
        "fetch the labels again";
    CharacterUnknown = "character-unknown", Error, "characters that are not in the closed cast of the card",
        "correct the name, add the character to the card, or set `closed_cast = false`";
    BackgroundUnknown = "background-unknown", Error, "places that are not on the card",
        "correct the name, or add the place to the card";
    ClipInTwoSplits = "clip-in-two-splits", Error, "clips that start stories of two splits",
        "whatever is trained on one split has seen the other: correct the split";
    FramesMissing = "frames-missing", Error, "clips without their files of frames",
        "fetch the frames again";
    FramesUndecodable = "frames-undecodable", Error, "clips whose frames cannot be decoded",
        "fetch the frames again";
    FrameSize = "frame-size", Error, "clips with frames of another size than on the card",
        "these are frames of another layout or release";
    CaptionEmpty = "caption-empty", Warning, "captions without a word",
        "a generator gets no text there; check the annotations";
    EntryTwice = "entry-twice", Warning, "clips with two entries in the annotations",
        "the last one counts, as in the published loaders; remove the other";
    LabelsContradict = "labels-contradict-characters", Warning, "clips whose labels are not those of their characters",
        "character accuracy is measured against the labels, text with pronouns is made from the names";
    FollowersDiffer = "followers-differ", Warning, "stories that differ between the cache of followers and the ids",
        "the cache counts; move it away to compute followers from the ids";
    StoryLeavesSplit = "story-leaves-split", Warning, "stories with clips of other splits",
        "a model trained there has seen them; use a subset of own clips (`storyeval ls subsets`) to be sure";
    ClipInStoriesOfTwoSplits = "clip-in-stories-of-two-splits", Warning, "clips in stories of this split and of others",
        "use a subset of own clips (`storyeval ls subsets`) for training and test";
    NamesOutsideCard = "names-outside-card", Warning, "names in the stories that are not on the card",
        "they have no label: correct the name, or add the character or another spelling of it to the card";
    NamesAlike = "names-alike", Warning, "names that differ by one letter from a far more frequent one",
        "where it is a slip, correct it; each name is a character of its own";
    FrameCount = "frame-count", Warning, "clips with another number of frames than on the card",
        "which frame is scored depends on the number; fetch the frames again";
    FrameConstant = "frame-constant", Warning, "clips with frames of a single colour",
        "inspect them: fades are natural, failed extractions are not";
    FramesFourChannels = "frames-four-channels", Warning, "clips with CMYK or YCCK JPEG files",
        "their colours are those of Pillow's convert(\"RGB\"), without a profile: convert them to RGB with a tool that knows it if that matters";
    FramesDamaged = "frames-damaged", Warning, "clips with damaged files (data of a JPEG, the end of a PNG)",
        "they are decoded as far as Pillow decodes them; fetch them again";
    FramesDuplicate = "frames-duplicate", Warning, "clips that are in another split too, pixel by pixel",
        "scores on them say how well a model remembers";
    FramesAlike = "frames-alike", Warning, "clips that look like one of another split and episode",
        "inspect the pairs: the test may be in the training data";
    StoriesLeftOut = "stories-left-out", Warning, "stories that are left out",
        "complete the files if you can";
    PhotosUnreadable = "photos-unreadable", Warning, "photos that cannot be read; their stories are left out",
        "fetch them again if you can";
    NoStory = "no-story", Warning, "splits without a story of the length asked for",
        "give a shorter `--story-length`";
    FramesAlikeInEpisode = "frames-alike-in-episode", Note, "clips that look like one of another split in the same episode",
        "natural in cartoons, where neighbours share a scene";
    BackgroundNotOneHot = "background-not-one-hot", Note, "clips with no background label or several",
        "background accuracy counts each label";
    ClipsWithoutStory = "clips-without-story", Note, "clips that start no story, too near the end of their episode",
        "a shorter `--story-length` has more stories";
    LabelsWithoutCard = "labels-without-card", Note, "labels that no card describes; the names were taken from the stories",
        "write them on a card, which gives them pronouns and classifiers";
    StoryLengthsDiffer = "story-lengths-differ", Note, "stories of several lengths",
        "`--story-length` makes them equal";
    SizesDiffer = "sizes-differ", Note, "clips whose frames have another size than most",
        "the resize rule of a protocol decides what becomes of them";
}

impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.name())
    }
}

impl Serialize for Kind {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn kinds_are_sorted_by_severity_and_have_ids_of_their_own() {
        assert!(Kind::ALL.is_sorted_by_key(|kind| kind.severity()));
        let ids: BTreeSet<&str> = Kind::ALL.iter().map(|kind| kind.name()).collect();
        assert_eq!(ids.len(), Kind::ALL.len());
    }

    #[test]
    fn the_documentation_explains_every_kind_with_its_severity() {
        let text = include_str!("../../docs/verify.md");
        for kind in Kind::ALL {
            let row = format!("| `{kind}` | {} |", kind.severity());
            assert!(text.contains(&row), "{row}");
        }
    }
}
