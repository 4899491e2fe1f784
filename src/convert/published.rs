//! What the published annotations of FlintstonesSV hold beside what this program reads: settings,
//! objects, boxes. It is carried over entry by entry.

use super::draft::DraftError;
use super::error::ConvertError;
use super::flintstones::ANNOTATIONS;
use crate::card::Layout;
use crate::dataset::annotation::plain_message;
use crate::dataset::path::open;
use crate::dataset::{DatasetError, OpenDataset};
use serde::de::{Deserializer, Error, SeqAccess, Visitor};
use serde_json::Value;
use std::fmt;

/// Hands every entry of the source's annotation file to `take`, in its order, where its layout has one.
pub(super) fn entries(
    source: &OpenDataset,
    take: impl FnMut(Value) -> Result<(), DraftError>,
) -> Result<(), ConvertError> {
    let has = matches!(
        source.layout().layout,
        Layout::Flintstones | Layout::FlintstonesFull | Layout::StorygptV
    );
    if !has || !source.root.has_file(ANNOTATIONS) {
        return Ok(());
    }
    let path = source.root.file(ANNOTATIONS)?;
    let (input, _) = open(&path)?;
    let mut taker = Taker { take, failed: None };
    let read = serde_json::Deserializer::from_reader(input).deserialize_seq(&mut taker);
    match (taker.failed, read) {
        (Some(error), _) => Err(error.into()),
        (None, Ok(())) => Ok(()),
        (None, Err(source)) => Err(DatasetError::Json {
            path,
            line: source.line(),
            column: source.column(),
            what: plain_message(&source),
            clip: None,
            source,
        }
        .into()),
    }
}

/// Takes entries while they are read: the file is never held whole.
struct Taker<F> {
    take: F,
    failed: Option<DraftError>,
}

impl<'de, F: FnMut(Value) -> Result<(), DraftError>> Visitor<'de> for &mut Taker<F> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a list of annotations")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        while let Some(entry) = entries.next_element::<Value>()? {
            if let Err(error) = (self.take)(entry) {
                self.failed = Some(error);
                return Err(A::Error::custom("the copy cannot be written"));
            }
        }
        Ok(())
    }
}
