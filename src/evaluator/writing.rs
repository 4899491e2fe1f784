//! The captions that the generator wrote itself, as columns. No network is asked: what observes a frame fills them from the
//! journal of the run, with the names that the caption holds.

use super::{Chunk, Evaluator, EvaluatorError, Rows};
use crate::card::Protocol;
use crate::metric::ExtractorName;
use crate::record::{Column, ColumnKind, Likelihood, Observation, Of, Role, SizedColumn, Value};

/// What was written; empty where nothing was.
pub(super) const WRITTEN: Column = Column::new("written", ColumnKind::Texts, Of::Generated);
/// Which characters that names, in label order: 1 or 0; empty where nothing was written.
pub(super) const NAMES: Column = Column::new("written_names", ColumnKind::Vector, Of::Generated);
/// Logarithm of the probability of the true caption, and its tokens; empty where the generator does not say.
pub(super) const LIKELIHOOD: Column = Column::new("likelihood", ColumnKind::Vector, Of::Caption);

/// What was written for a frame.
pub(super) fn written(row: &Observation) -> Option<&str> {
    row.texts(WRITTEN.name)?.first().map(String::as_str)
}

/// Puts what a generator wrote for a frame into its row, with the characters that it names and how likely the generator
/// holds the true caption.
pub fn put_written(
    row: &mut Observation,
    text: Option<&str>,
    names: &[bool],
    likelihood: Option<Likelihood>,
) {
    if let Some(text) = text {
        row.set(WRITTEN.name, Some(vec![text.to_owned()]));
        let names = names.iter().map(|named| f32::from(u8::from(*named)));
        row.set(NAMES.name, Some(names.collect::<Vec<f32>>()));
    }
    if let Some(found) = likelihood {
        let numbers = vec![found.log_probability as f32, found.tokens as f32];
        row.set(LIKELIHOOD.name, Some(numbers));
    }
}

/// Captions of the generator as an evaluator.
struct WritingEvaluator(ExtractorName);

pub(super) fn open(protocol: &Protocol) -> Option<Box<dyn Evaluator>> {
    protocol.task.writes().then(|| {
        let name = ExtractorName {
            graph: "generator".to_owned(),
            ..ExtractorName::default()
        };
        Box::new(WritingEvaluator(name)) as Box<dyn Evaluator>
    })
}

impl Evaluator for WritingEvaluator {
    fn role(&self) -> Role {
        Role::WRITING
    }

    fn name(&self) -> &ExtractorName {
        &self.0
    }

    fn columns(&self) -> Vec<SizedColumn> {
        vec![WRITTEN.into(), NAMES.into(), LIKELIHOOD.into()]
    }

    fn observe(&mut self, chunk: &Chunk<'_>, rows: &mut Rows) -> Result<(), EvaluatorError> {
        let texts = chunk.rows.iter().map(|row| {
            let text = written(row).map(str::to_owned);
            text.into_iter().collect::<Vec<String>>()
        });
        rows.write(WRITTEN, texts);
        for column in [NAMES, LIKELIHOOD] {
            let numbers = chunk.rows.iter().map(|row| {
                let numbers = row.vector(column.name).unwrap_or_default();
                Value::Vector(numbers.to_vec())
            });
            rows.write(column, numbers);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::{ClipId, FrameIndex, StoryId};

    #[test]
    fn what_was_written_passes_through_and_nothing_is_made_up() {
        let unseen = || {
            let (story, clip) = (StoryId::new("s"), ClipId::new("c"));
            Observation::unseen(story, FrameIndex(2), clip)
        };
        let mut told = unseen();
        let likelihood = Likelihood {
            log_probability: -3.5,
            tokens: 4,
        };
        put_written(
            &mut told,
            Some("Otto waves"),
            &[true, false],
            Some(likelihood),
        );
        let silent = unseen();
        let mut protocol = crate::card::protocol("strict-written").unwrap();
        let mut evaluator = open(&protocol).unwrap();
        let chunk = Chunk {
            frames: &[],
            truth: &[],
            rows: &[&told, &silent],
        };
        let mut rows = Rows::default();
        evaluator.observe(&chunk, &mut rows).unwrap();
        let columns: Vec<_> = rows.into_columns().collect();
        let texts = [vec!["Otto waves".to_owned()], Vec::new()].map(Value::Texts);
        assert_eq!(columns[0], ("written", texts.to_vec()));
        let names = [vec![1.0, 0.0], Vec::new()].map(Value::Vector);
        assert_eq!(columns[1], ("written_names", names.to_vec()));
        let numbers = [vec![-3.5, 4.0], Vec::new()].map(Value::Vector);
        assert_eq!(columns[2], ("likelihood", numbers.to_vec()));
        protocol.task = crate::card::Task::Visualisation;
        assert!(open(&protocol).is_none());
    }
}
