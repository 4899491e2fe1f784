//! Writing, row group by row group.

use super::column::parquet_type;
use super::{FORMAT_KEY, GROUP, OBSERVATIONS_FORMAT, planned};
use crate::record::{Column, ColumnKind, Observation};
use crate::run::durable::DurableFile;
use crate::run::error::RunError;
use parquet::data_type::{
    BoolType, ByteArray, ByteArrayType, DataType, DoubleType, FloatType, Int32Type,
};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::{Type, TypePtr};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// The file, shared with the Parquet writer. Taking it back out of that writer would lose the cause of
/// a failed flush, and with it the difference between a full disk and a bug.
#[derive(Debug, Clone)]
struct Shared(Arc<Mutex<Option<DurableFile>>>);

impl Shared {
    fn with<T>(&self, act: impl FnOnce(&mut DurableFile) -> io::Result<T>) -> io::Result<T> {
        let mut guard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match guard.as_mut() {
            Some(file) => act(file),
            None => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    fn take(&self) -> DurableFile {
        let mut guard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        guard
            .take()
            .expect("only `commit` takes the file, and it consumes the writer")
    }
}

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.with(|file| file.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.with(Write::flush)
    }
}

/// Writes observations as they come.
#[derive(Debug)]
pub struct ObservationWriter {
    writer: SerializedFileWriter<Shared>,
    file: Shared,
    path: PathBuf,
    /// The evaluators' columns.
    columns: Vec<Column>,
    rows: Vec<Observation>,
    written: usize,
}

impl ObservationWriter {
    /// Begins a table that will replace `path`, with these columns of evaluators; feature files among
    /// them are passed over.
    ///
    /// # Errors
    /// [`RunError::Output`] and its kin.
    pub fn create(path: &Path, columns: &[Column]) -> Result<Self, RunError> {
        let (schema, columns) = schema(columns).map_err(|error| write_error(path, error))?;
        let file = Shared(Arc::new(Mutex::new(Some(DurableFile::create(path)?))));
        let properties = WriterProperties::builder()
            .set_created_by("storyeval".to_owned())
            .set_key_value_metadata(Some(vec![KeyValue::new(
                FORMAT_KEY.to_owned(),
                OBSERVATIONS_FORMAT.to_string(),
            )]))
            .build();
        let writer =
            SerializedFileWriter::new(file.clone(), Arc::new(schema), Arc::new(properties))
                .map_err(|error| write_error(path, error))?;
        Ok(Self {
            writer,
            file,
            path: path.to_path_buf(),
            columns,
            rows: Vec::new(),
            written: 0,
        })
    }

    /// Appends a row.
    ///
    /// # Errors
    /// [`RunError::Output`] and its kin.
    pub fn push(&mut self, row: Observation) -> Result<(), RunError> {
        self.rows.push(row);
        if self.rows.len() == GROUP {
            self.flush()?;
        }
        Ok(())
    }

    /// Ends the table and gives the file its name. Returns the number of rows.
    ///
    /// # Errors
    /// [`RunError::Output`] and its kin.
    pub fn commit(mut self) -> Result<usize, RunError> {
        if !self.rows.is_empty() {
            self.flush()?;
        }
        self.writer
            .finish()
            .map_err(|error| write_error(&self.path, error))?;
        self.file.take().commit()?;
        Ok(self.written)
    }

    fn flush(&mut self) -> Result<(), RunError> {
        let rows = std::mem::take(&mut self.rows);
        self.written += rows.len();
        write_group(&mut self.writer, &self.columns, &rows)
            .map_err(|error| write_error(&self.path, error))
    }
}

fn write_error(path: &Path, error: ParquetError) -> RunError {
    let source = match error {
        ParquetError::External(inner) => match inner.downcast::<io::Error>() {
            Ok(source) => *source,
            Err(inner) => io::Error::other(inner),
        },
        other => io::Error::other(other),
    };
    RunError::write(path, source)
}

/// The plan's columns and those of the table among `columns`; and these.
fn schema(columns: &[Column]) -> Result<(Type, Vec<Column>), ParquetError> {
    let mut fields: Vec<TypePtr> = planned().get_fields().to_vec();
    let mut kept = Vec::new();
    for column in columns {
        if let Some(field) = parquet_type(column)? {
            fields.push(field);
            kept.push(*column);
        }
    }
    let schema = Type::group_type_builder("storyeval").with_fields(fields);
    Ok((schema.build()?, kept))
}

/// The plan's columns in their order, then those of the evaluators.
fn write_group(
    writer: &mut SerializedFileWriter<Shared>,
    columns: &[Column],
    rows: &[Observation],
) -> Result<(), ParquetError> {
    let mut open = writer.next_row_group()?;
    let group = &mut open;
    write_planned(group, rows)?;
    for column in columns {
        let name = column.name;
        match column.kind {
            ColumnKind::Number => {
                let numbers = rows.iter().map(|row| row.number(name));
                write_optional::<DoubleType>(group, numbers)?;
            }
            ColumnKind::Vector => {
                let vectors = rows.iter().map(|row| row.vector(name));
                write_lists::<FloatType>(group, 1, vectors)?;
            }
            ColumnKind::Texts => {
                let bytes = |texts: &[String]| texts.iter().map(|it| it.as_str().into()).collect();
                let lists: Vec<Option<Vec<ByteArray>>> =
                    rows.iter().map(|row| row.texts(name).map(bytes)).collect();
                write_lists::<ByteArrayType>(group, 1, lists.iter().map(Option::as_deref))?;
            }
            ColumnKind::Feature => {}
        }
    }
    open.close()?;
    Ok(())
}

fn write_planned(
    group: &mut SerializedRowGroupWriter<'_, Shared>,
    rows: &[Observation],
) -> Result<(), ParquetError> {
    let text = |get: fn(&Observation) -> &str| -> Vec<ByteArray> {
        rows.iter().map(|row| ByteArray::from(get(row))).collect()
    };
    write_flat::<ByteArrayType>(group, &text(|row| row.story.as_str()))?;
    let frames: Vec<i32> = rows.iter().map(|row| row.frame.0.cast_signed()).collect();
    write_flat::<Int32Type>(group, &frames)?;
    write_flat::<ByteArrayType>(group, &text(|row| row.clip.as_str()))?;
    write_flat::<ByteArrayType>(group, &text(|row| &row.text))?;
    write_flat::<ByteArrayType>(group, &text(|row| &row.caption))?;
    let pronouns: Vec<bool> = rows.iter().map(|row| row.pronoun).collect();
    write_flat::<BoolType>(group, &pronouns)?;
    let labels = rows.iter().map(|row| Some(row.character_labels.as_slice()));
    write_lists::<BoolType>(group, 0, labels)?;
    let labels = rows.iter().map(|row| row.background_labels.as_deref());
    write_lists::<BoolType>(group, 1, labels)
}

/// Writes a value per row, or null.
fn write_optional<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, Shared>,
    rows: impl Iterator<Item = Option<T::T>>,
) -> Result<(), ParquetError> {
    let (mut values, mut definition) = (Vec::new(), Vec::new());
    for row in rows {
        definition.push(i16::from(row.is_some()));
        values.extend(row);
    }
    write_levels::<T>(group, &values, Some(&definition), None)
}

fn write_flat<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, Shared>,
    values: &[T::T],
) -> Result<(), ParquetError> {
    write_levels::<T>(group, values, None, None)
}

/// Writes a list per row. Definition levels: below `optional` the list is null, at it empty, above it an
/// element; `optional` is 1 for a column that may be null, else 0.
fn write_lists<'a, T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, Shared>,
    optional: i16,
    rows: impl Iterator<Item = Option<&'a [T::T]>>,
) -> Result<(), ParquetError>
where
    T::T: 'a,
{
    let (mut values, mut definition, mut repetition) = (Vec::new(), Vec::new(), Vec::new());
    for row in rows {
        match row {
            None | Some([]) => {
                definition.push(if row.is_some() { optional } else { 0 });
                repetition.push(0);
            }
            Some(row) => {
                for (index, value) in row.iter().enumerate() {
                    values.push(value.clone());
                    definition.push(optional + 1);
                    repetition.push(i16::from(index > 0));
                }
            }
        }
    }
    write_levels::<T>(group, &values, Some(&definition), Some(&repetition))
}

fn write_levels<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, Shared>,
    values: &[T::T],
    definition: Option<&[i16]>,
    repetition: Option<&[i16]>,
) -> Result<(), ParquetError> {
    let mut column = group
        .next_column()?
        .ok_or_else(|| ParquetError::General("more columns than the schema has".to_owned()))?;
    column
        .typed::<T>()
        .write_batch(values, definition, repetition)?;
    column.close()
}
