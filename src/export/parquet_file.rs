//! Parquet with flat columns.

use super::schema::{Column, Kind, VERSION, What};
use parquet::basic::{LogicalType, Repetition, Type as Physical};
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::Type;
use polars::prelude::{DataFrame, PolarsError};
use std::io::{self, Write};
use std::sync::Arc;

pub(super) struct ParquetFile<W: Write + Send>(SerializedFileWriter<W>);

impl<W: Write + Send> ParquetFile<W> {
    pub(super) fn new(out: W, what: What, columns: &[Column]) -> io::Result<Self> {
        let note = |key: &str, value: String| KeyValue::new(key.to_owned(), value);
        let properties = WriterProperties::builder()
            .set_created_by("storyeval".to_owned())
            .set_key_value_metadata(Some(vec![
                note("storyeval.table", what.name().to_owned()),
                note("storyeval.schema", VERSION.to_string()),
            ]))
            .build();
        let schema = schema(columns).map_err(cause)?;
        let writer = SerializedFileWriter::new(out, Arc::new(schema), Arc::new(properties));
        Ok(Self(writer.map_err(cause)?))
    }

    /// Writes rows as a group of their own.
    pub(super) fn write(&mut self, columns: &[Column], rows: &DataFrame) -> io::Result<()> {
        self.group(columns, rows).map_err(cause)
    }

    fn group(&mut self, columns: &[Column], rows: &DataFrame) -> Result<(), ParquetError> {
        let mut group = self.0.next_row_group()?;
        for (column, values) in columns.iter().zip(rows.columns()) {
            let out = &mut group;
            match column.kind {
                Kind::Text => {
                    let texts = values.str().map_err(other)?.iter();
                    let texts = texts.map(|it| Some(ByteArray::from(it?.as_bytes().to_vec())));
                    write::<ByteArrayType, _>(out, column, texts)
                }
                Kind::Natural => {
                    let numbers = values.u64().map_err(other)?.iter();
                    write::<Int64Type, _>(out, column, numbers.map(|it| it.map(u64::cast_signed)))
                }
                Kind::Number => {
                    write::<DoubleType, _>(out, column, values.f64().map_err(other)?.iter())
                }
                Kind::Flag => {
                    write::<BoolType, _>(out, column, values.bool().map_err(other)?.iter())
                }
            }?;
        }
        group.close()?;
        Ok(())
    }

    pub(super) fn finish(mut self) -> io::Result<()> {
        self.0.finish().map_err(cause)?;
        Ok(())
    }
}

fn schema(columns: &[Column]) -> Result<Type, ParquetError> {
    let fields = columns.iter().map(|column| {
        let (physical, logical) = match column.kind {
            Kind::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
            Kind::Natural => (Physical::INT64, Some(LogicalType::integer(64, false))),
            Kind::Number => (Physical::DOUBLE, None),
            Kind::Flag => (Physical::BOOLEAN, None),
        };
        let repetition = if column.optional {
            Repetition::OPTIONAL
        } else {
            Repetition::REQUIRED
        };
        let field = Type::primitive_type_builder(column.name, physical)
            .with_repetition(repetition)
            .with_logical_type(logical)
            .build()?;
        Ok(Arc::new(field))
    });
    Type::group_type_builder("storyeval")
        .with_fields(fields.collect::<Result<_, ParquetError>>()?)
        .build()
}

fn write<T: DataType, W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    column: &Column,
    values: impl Iterator<Item = Option<T::T>>,
) -> Result<(), ParquetError> {
    let mut levels = Vec::new();
    let present: Vec<T::T> = values
        .inspect(|value| levels.push(i16::from(value.is_some())))
        .flatten()
        .collect();
    let mut writer = group
        .next_column()?
        .ok_or_else(|| ParquetError::General("more columns than the schema has".to_owned()))?;
    writer
        .typed::<T>()
        .write_batch(&present, column.optional.then_some(&levels[..]), None)?;
    writer.close()
}

fn other(error: PolarsError) -> ParquetError {
    ParquetError::External(Box::new(error))
}

/// What the output itself said, where it was that: a full disk is no fault of the format.
fn cause(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(inner) => match inner.downcast::<io::Error>() {
            Ok(source) => *source,
            Err(inner) => io::Error::other(inner),
        },
        other => io::Error::other(other),
    }
}
