//! What the released loaders of FlintstonesSV do: Make-A-Story's (its `ldm/data/flintstones_data.py`
//! at commit 593ee04) and the two that StoryGPT-V made of it (its `gill/data.py` for training and
//! `models/data.py` for evaluation at commit 3969f68).
//!
//! They differ from Algorithm 1: characters come from the annotation and not from the text; they must
//! equal the kept frame's, a subset is not enough; a fixed text is looked for and replaced wherever
//! it occurs, inside words too, always with a capital. How they differ from each other is
//! [`Quirks`].

use super::decision::{Decision, Explained};
use super::python::capitalize;
use super::rewrite::Rewrite;
use crate::card::{Character, Gender};
use crate::dataset::DatasetError;
use crate::record::{FrameIndex, Story, TextVariant};

/// In what the loaders differ.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quirks {
    variant: TextVariant,
    /// Whether the characters must also be annotated in the same order.
    ordered: bool,
    single: Single,
    many: Many,
    flag: Flag,
}

/// The pronoun of one character.
#[derive(Clone, Copy, Debug)]
enum Single {
    /// Whether a list is in a list of names is asked, and never so: everybody is a man.
    AlwaysHe,
    /// Only the names of the cast, spelt as there, have a pronoun.
    ByGender,
}

/// What happens to four characters and more, for which no text to look for is made.
#[derive(Clone, Copy, Debug)]
enum Many {
    /// The text last looked for in this story is looked for again; without one the code crashes.
    LeftOver,
    /// Nothing.
    Nothing,
}

/// What the reference flag says.
#[derive(Clone, Copy, Debug)]
enum Flag {
    /// Something was replaced. The loader has no flag; this one is ours.
    Replaced,
    /// The characters are those of the kept frame, replaced or not.
    SameCharacters,
    /// The same, unless a name is left standing as a word between spaces.
    SameCharactersUnnamed,
}

pub(super) const MAKE_A_STORY: Quirks = Quirks {
    variant: TextVariant::MakeAStory,
    ordered: true,
    single: Single::AlwaysHe,
    many: Many::LeftOver,
    flag: Flag::Replaced,
};

pub(super) const STORYGPTV_TRAIN: Quirks = Quirks {
    variant: TextVariant::StorygptvTrain,
    ordered: false,
    single: Single::AlwaysHe,
    many: Many::LeftOver,
    flag: Flag::SameCharacters,
};

pub(super) const STORYGPTV_EVAL: Quirks = Quirks {
    variant: TextVariant::StorygptvEval,
    ordered: false,
    single: Single::ByGender,
    many: Many::Nothing,
    flag: Flag::SameCharactersUnnamed,
};

/// What to look for, in this order, and what replaces the first of them that occurs.
struct Order {
    literals: Vec<String>,
    pronoun: &'static str,
    rule: &'static str,
}

pub(super) fn captions(
    story: &Story,
    cast: &[Character],
    quirks: Quirks,
) -> Result<Vec<Explained>, DatasetError> {
    // Characters of the last frame that did not match: the comparison is with them. After a match the
    // list stays, which matters: its order decides what is looked for.
    let mut kept: Option<&[String]> = None;
    let mut left_over: Option<String> = None;
    let mut out = Vec::with_capacity(story.frames.len());
    for (index, frame) in story.frames.iter().enumerate() {
        let (text, here): (&str, &[String]) = (&frame.caption, &frame.characters);
        let explained = match kept {
            Some(kept) if quirks.same(here, kept) => {
                let order =
                    quirks
                        .order(kept, cast, left_over.as_deref())
                        .map_err(|exception| DatasetError::ReleasedCodeCrashes {
                            story: story.id.clone(),
                            frame: FrameIndex(index as u32 + 1),
                            variant: quirks.variant,
                            exception,
                        })?;
                quirks.carried_out(text, order, cast, &mut left_over)
            }
            other => {
                kept = Some(here);
                Explained::unchanged(
                    text,
                    if other.is_none() {
                        Decision::FirstFrame
                    } else {
                        Decision::OtherCast
                    },
                )
            }
        };
        out.push(explained);
    }
    Ok(out)
}

impl Quirks {
    fn same(self, here: &[String], kept: &[String]) -> bool {
        let sorted = |names: &[String]| {
            let mut names = names.to_vec();
            names.sort_unstable();
            names
        };
        here == kept || (!self.ordered && here.len() == kept.len() && sorted(here) == sorted(kept))
    }

    /// What is to be done where the characters are those kept; `None` where the code has no rule, and
    /// an exception where it crashes.
    fn order(
        self,
        kept: &[String],
        cast: &[Character],
        left_over: Option<&str>,
    ) -> Result<Option<Order>, &'static str> {
        let order = |literals, pronoun, rule| {
            Ok(Some(Order {
                literals,
                pronoun,
                rule,
            }))
        };
        match (kept, self.single, self.many) {
            ([], ..) => {
                Err("IndexError: neither this frame nor the one before has an annotated character")
            }
            ([name], Single::AlwaysHe, _) => order(vec![capitalize(name)], "He", "released-single"),
            ([name], Single::ByGender, _) => {
                match cast.iter().find(|character| character.name == *name) {
                    Some(known) => {
                        let pronoun = match known.gender {
                            Gender::Female => "She",
                            Gender::Male => "He",
                            Gender::Unknown => "They",
                        };
                        order(vec![capitalize(name)], pronoun, "released-single")
                    }
                    None => Ok(None),
                }
            }
            ([first, second], ..) => {
                let (first, second) = (capitalize(first), capitalize(second));
                let both = vec![
                    format!("{first} and {second}"),
                    format!("{second} and {first}"),
                ];
                order(both, "They", "released-pair")
            }
            ([first, second, third], ..) => {
                let [first, second, third] = [first, second, third].map(|name| capitalize(name));
                let all = format!("{first}, {second} and {third}");
                order(vec![all], "They", "released-triple")
            }
            (_, _, Many::Nothing) => Ok(None),
            (_, _, Many::LeftOver) => match left_over {
                Some(literal) => order(vec![literal.to_owned()], "They", "released-left-over"),
                None => Err(
                    "UnboundLocalError, a NameError: for four annotated characters it uses the name to replace of an earlier frame, and there is none",
                ),
            },
        }
    }

    fn carried_out(
        self,
        text: &str,
        order: Option<Order>,
        cast: &[Character],
        left_over: &mut Option<String>,
    ) -> Explained {
        let mut rewrite = Rewrite::new(text);
        let decision = match order {
            None => Decision::NoRule,
            Some(order) => {
                // Of a pair, the second order is looked for only where the first does not occur.
                let occurs = |literal: &&String| text.contains(literal.as_str());
                let literal = order.literals.iter().find(occurs);
                *left_over = literal.or(order.literals.last()).cloned();
                match literal {
                    Some(literal) => {
                        rewrite.replace(literal, order.pronoun, order.rule, usize::MAX);
                        Decision::Replaced
                    }
                    None => Decision::LiteralAbsent {
                        literals: order.literals,
                    },
                }
            }
        };
        let flag = match self.flag {
            Flag::Replaced => rewrite.is_changed(),
            Flag::SameCharacters => true,
            Flag::SameCharactersUnnamed => !names_a_word(rewrite.text(), cast),
        };
        Explained {
            caption: rewrite.caption(flag),
            decision,
        }
    }
}

/// Whether a word between single spaces is a name of the cast. Punctuation stays on: "Fred." is not one.
fn names_a_word(text: &str, cast: &[Character]) -> bool {
    text.split(' ').any(|token| {
        let token = token.to_lowercase();
        cast.iter().any(|character| character.name == token)
    })
}
