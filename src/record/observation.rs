//! What the evaluators wrote of one frame.

use super::{ClipId, FrameIndex, StoryId, Value};

/// One row of `observations.parquet`: a frame that was planned, and what evaluators wrote of it.
///
/// Evaluators' values are found by the name of their column and by type. What is absent is `None` and
/// is counted as not scored, never filled in.
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    /// The story.
    pub story: StoryId,
    /// Position in the story, from 1.
    pub frame: FrameIndex,
    /// The clip whose caption and labels this frame has.
    pub clip: ClipId,
    /// Text that the generator read.
    pub text: String,
    /// The annotated caption, with names.
    pub caption: String,
    /// Whether the text that was read holds a pronoun that replaced a name.
    pub pronoun: bool,
    /// True labels, in the card's character order.
    pub character_labels: Vec<bool>,
    /// True labels, in the card's background order.
    pub background_labels: Option<Vec<bool>>,
    /// What evaluators wrote, in order of the columns' names. A handful, so that a list is quicker than a map.
    seen: Vec<(&'static str, Value)>,
}

impl Observation {
    /// A planned frame that no evaluator saw: the start of every row.
    #[must_use]
    pub fn unseen(story: StoryId, frame: FrameIndex, clip: ClipId) -> Self {
        Self {
            story,
            frame,
            clip,
            text: String::new(),
            caption: String::new(),
            pronoun: false,
            character_labels: Vec::new(),
            background_labels: None,
            seen: Vec::new(),
        }
    }

    /// Writes a value into a column, or takes it out.
    pub fn set(&mut self, column: &'static str, value: Option<impl Into<Value>>) {
        let place = self.seen.binary_search_by_key(&column, |(name, _)| name);
        match (place, value) {
            (Ok(at), Some(value)) => self.seen[at].1 = value.into(),
            (Ok(at), None) => drop(self.seen.remove(at)),
            (Err(at), Some(value)) => self.seen.insert(at, (column, value.into())),
            (Err(_), None) => {}
        }
    }

    /// The same row with a value in a column.
    #[must_use]
    pub fn with(mut self, column: &'static str, value: impl Into<Value>) -> Self {
        self.set(column, Some(value));
        self
    }

    /// Takes out everything that evaluators wrote.
    pub fn forget(&mut self) {
        self.seen.clear();
    }

    /// Whether an evaluator wrote anything.
    #[must_use]
    pub fn is_seen(&self) -> bool {
        !self.seen.is_empty()
    }

    /// What an evaluator wrote into a column.
    #[must_use]
    pub fn value(&self, column: &str) -> Option<&Value> {
        let found = self.seen.iter().find(|(name, _)| *name == column);
        found.map(|(_, value)| value)
    }

    /// The number in a column of numbers.
    #[must_use]
    pub fn number(&self, column: &str) -> Option<f64> {
        match self.value(column)? {
            Value::Number(value) => Some(*value),
            _ => None,
        }
    }

    /// The numbers in a column of vectors.
    #[must_use]
    pub fn vector(&self, column: &str) -> Option<&[f32]> {
        match self.value(column)? {
            Value::Vector(values) => Some(values),
            _ => None,
        }
    }

    /// The texts in a column of texts.
    #[must_use]
    pub fn texts(&self, column: &str) -> Option<&[String]> {
        match self.value(column)? {
            Value::Texts(texts) => Some(texts),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_by_name_and_type() {
        let ids = (StoryId::new("s"), FrameIndex(1), ClipId::new("c"));
        let mut row = Observation::unseen(ids.0, ids.1, ids.2);
        assert!(!row.is_seen());
        row.set("b", Some(0.5));
        row.set("a", Some(vec![1.0_f32]));
        row.set("b", Some(0.25));
        assert_eq!((row.number("b"), row.vector("b")), (Some(0.25), None));
        assert_eq!(row.vector("a"), Some(&[1.0][..]));
        assert_eq!(row.texts("c"), None);
        // The order in which evaluators wrote does not show.
        let other = row.clone();
        row.set("b", None::<f64>);
        assert_ne!(row, other);
        assert_eq!(row.with("b", 0.25), other);
    }
}
