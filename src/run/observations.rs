//! `observations.parquet`: a row a frame, in plan order.
//!
//! Plain Parquet that pandas and polars read as it is: text and numbers are required columns, labels and
//! probabilities are columns of the `LIST` logical type. The same rows give the same bytes: the
//! writer's name is fixed, there are no dates, and row groups are cut at fixed counts.

use super::durable::DurableFile;
use super::error::RunError;
use crate::record::{ClipId, FrameIndex, Observation, StoryId};
use parquet::column::reader::get_typed_column_reader;
use parquet::data_type::{BoolType, ByteArray, ByteArrayType, DataType, FloatType, Int32Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader, RowGroupReader, SerializedFileReader};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::Type;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Rows a row group, and so the most rows that are ever held in memory.
const GROUP: usize = 2048;

const SCHEMA: &str = "message storyeval {
  required binary story (STRING);
  required int32 frame (INTEGER(32,false));
  required binary clip (STRING);
  required binary text (STRING);
  required boolean pronoun;
  required group character_labels (LIST) { repeated group list { required boolean element; } }
  optional group background_labels (LIST) { repeated group list { required boolean element; } }
  optional group character_probabilities (LIST) { repeated group list { required float element; } }
  optional group background_probabilities (LIST) { repeated group list { required float element; } }
}";

const COLUMNS: [&str; 9] = [
    "story",
    "frame",
    "clip",
    "text",
    "pronoun",
    "character_labels",
    "background_labels",
    "character_probabilities",
    "background_probabilities",
];

fn schema() -> Type {
    parse_message_type(SCHEMA).expect("the schema is a constant and tested")
}

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
    rows: Vec<Observation>,
    written: usize,
}

impl ObservationWriter {
    /// Begins a table that will replace `path`.
    ///
    /// # Errors
    /// [`RunError::Output`] and its kin.
    pub fn create(path: &Path) -> Result<Self, RunError> {
        let file = Shared(Arc::new(Mutex::new(Some(DurableFile::create(path)?))));
        let properties = WriterProperties::builder()
            .set_created_by("storyeval".to_owned())
            .set_key_value_metadata(Some(vec![KeyValue::new(
                "storyeval.format".to_owned(),
                super::manifest::FORMAT.to_string(),
            )]))
            .build();
        let writer =
            SerializedFileWriter::new(file.clone(), Arc::new(schema()), Arc::new(properties))
                .map_err(|error| write_error(path, error))?;
        Ok(Self {
            writer,
            file,
            path: path.to_path_buf(),
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
        write_group(&mut self.writer, &rows).map_err(|error| write_error(&self.path, error))
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

fn write_group(
    writer: &mut SerializedFileWriter<Shared>,
    rows: &[Observation],
) -> Result<(), ParquetError> {
    let text = |get: fn(&Observation) -> &str| -> Vec<ByteArray> {
        rows.iter().map(|row| ByteArray::from(get(row))).collect()
    };
    let mut group = writer.next_row_group()?;
    write_flat::<ByteArrayType>(&mut group, &text(|row| row.story.as_str()))?;
    let frames: Vec<i32> = rows.iter().map(|row| row.frame.0.cast_signed()).collect();
    write_flat::<Int32Type>(&mut group, &frames)?;
    write_flat::<ByteArrayType>(&mut group, &text(|row| row.clip.as_str()))?;
    write_flat::<ByteArrayType>(&mut group, &text(|row| &row.text))?;
    let pronouns: Vec<bool> = rows.iter().map(|row| row.pronoun).collect();
    write_flat::<BoolType>(&mut group, &pronouns)?;
    let labels = rows.iter().map(|row| Some(row.character_labels.as_slice()));
    write_lists::<BoolType>(&mut group, 0, labels)?;
    let labels = rows.iter().map(|row| row.background_labels.as_deref());
    write_lists::<BoolType>(&mut group, 1, labels)?;
    let values = rows
        .iter()
        .map(|row| row.character_probabilities.as_deref());
    write_lists::<FloatType>(&mut group, 1, values)?;
    let values = rows
        .iter()
        .map(|row| row.background_probabilities.as_deref());
    write_lists::<FloatType>(&mut group, 1, values)?;
    group.close()?;
    Ok(())
}

fn write_flat<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, Shared>,
    values: &[T::T],
) -> Result<(), ParquetError> {
    write_levels::<T>(group, values, None, None)
}

/// Writes a list a row. Definition levels: below `optional` the list is null, at it empty, above it an
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

/// Reads every row of an `observations.parquet`.
///
/// # Errors
/// [`RunError::Read`], [`RunError::Observations`], and [`RunError::Column`] when a column is missing,
/// has another type or does not fit the others.
pub fn read_observations(path: &Path) -> Result<Vec<Observation>, RunError> {
    let file = File::open(path).map_err(|error| RunError::read(path, error))?;
    let broken = |source| RunError::Observations {
        path: path.to_path_buf(),
        source,
    };
    let reader = SerializedFileReader::new(file).map_err(broken)?;
    let found = reader.metadata().file_metadata().schema();
    for (position, expected) in schema().get_fields().iter().enumerate() {
        if found.get_fields().get(position) != Some(expected) {
            return Err(RunError::Column {
                path: path.to_path_buf(),
                column: COLUMNS[position],
            });
        }
    }
    let mut rows = Vec::new();
    for index in 0..reader.num_row_groups() {
        let group = reader.get_row_group(index).map_err(broken)?;
        read_group(path, &*group, &mut rows)?;
    }
    Ok(rows)
}

fn read_group(
    path: &Path,
    group: &dyn RowGroupReader,
    rows: &mut Vec<Observation>,
) -> Result<(), RunError> {
    let columns = Columns { path, group };
    let mut story = columns.text(0)?.into_iter();
    let mut frame = columns.flat::<Int32Type>(1)?.into_iter();
    let mut clip = columns.text(2)?.into_iter();
    let mut text = columns.text(3)?.into_iter();
    let mut pronoun = columns.flat::<BoolType>(4)?.into_iter();
    let mut character_labels = columns.lists::<BoolType>(5, 0)?.into_iter();
    let mut background_labels = columns.lists::<BoolType>(6, 1)?.into_iter();
    let mut characters = columns.lists::<FloatType>(7, 1)?.into_iter();
    let mut backgrounds = columns.lists::<FloatType>(8, 1)?.into_iter();
    for _ in 0..columns.rows() {
        rows.push(Observation {
            story: StoryId::new(columns.next(0, &mut story)?),
            frame: FrameIndex(columns.next(1, &mut frame)?.cast_unsigned()),
            clip: ClipId::new(columns.next(2, &mut clip)?),
            text: columns.next(3, &mut text)?,
            pronoun: columns.next(4, &mut pronoun)?,
            character_labels: columns
                .next(5, &mut character_labels)?
                .ok_or_else(|| columns.bad(5))?,
            background_labels: columns.next(6, &mut background_labels)?,
            character_probabilities: columns.next(7, &mut characters)?,
            background_probabilities: columns.next(8, &mut backgrounds)?,
        });
    }
    Ok(())
}

/// The columns of one row group.
struct Columns<'a> {
    path: &'a Path,
    group: &'a dyn RowGroupReader,
}

impl Columns<'_> {
    fn rows(&self) -> usize {
        usize::try_from(self.group.metadata().num_rows()).unwrap_or(0)
    }

    fn bad(&self, column: usize) -> RunError {
        RunError::Column {
            path: self.path.to_path_buf(),
            column: COLUMNS[column],
        }
    }

    fn next<T>(&self, column: usize, values: &mut impl Iterator<Item = T>) -> Result<T, RunError> {
        values.next().ok_or_else(|| self.bad(column))
    }

    /// Values, definition levels and repetition levels of a column.
    fn levels<T: DataType>(&self, column: usize) -> Result<Levels<T::T>, RunError> {
        let read = || -> Result<Levels<T::T>, ParquetError> {
            let mut levels = Levels {
                values: Vec::new(),
                definition: Vec::new(),
                repetition: Vec::new(),
            };
            let mut reader = get_typed_column_reader::<T>(self.group.get_column_reader(column)?);
            reader.read_records(
                self.rows(),
                Some(&mut levels.definition),
                Some(&mut levels.repetition),
                &mut levels.values,
            )?;
            Ok(levels)
        };
        read().map_err(|source| RunError::Observations {
            path: self.path.to_path_buf(),
            source,
        })
    }

    fn flat<T: DataType>(&self, column: usize) -> Result<Vec<T::T>, RunError> {
        Ok(self.levels::<T>(column)?.values)
    }

    fn text(&self, column: usize) -> Result<Vec<String>, RunError> {
        self.flat::<ByteArrayType>(column)?
            .into_iter()
            .map(|value| String::from_utf8(value.data().to_vec()).map_err(|_| self.bad(column)))
            .collect()
    }

    fn lists<T: DataType>(
        &self,
        column: usize,
        optional: i16,
    ) -> Result<Vec<Option<Vec<T::T>>>, RunError> {
        let levels = self.levels::<T>(column)?;
        let mut values = levels.values.into_iter();
        let mut lists: Vec<Option<Vec<T::T>>> = Vec::new();
        for (definition, repetition) in levels.definition.iter().zip(&levels.repetition) {
            if *repetition == 0 {
                lists.push((*definition >= optional).then(Vec::new));
            }
            if *definition > optional {
                let value = self.next(column, &mut values)?;
                match lists.last_mut() {
                    Some(Some(list)) => list.push(value),
                    _ => return Err(self.bad(column)),
                }
            }
        }
        Ok(lists)
    }
}

struct Levels<T> {
    values: Vec<T>,
    definition: Vec<i16>,
    repetition: Vec<i16>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn row(index: usize) -> Observation {
        Observation {
            story: StoryId::new(format!("s{}", index / 4)),
            frame: FrameIndex(index as u32 % 4 + 1),
            clip: ClipId::new(format!("c{index}")),
            text: format!("Élodie waves, \"{index}\"\nand leaves."),
            pronoun: index.is_multiple_of(3),
            character_labels: vec![index.is_multiple_of(2), true, false],
            background_labels: (!index.is_multiple_of(5))
                .then(|| vec![false, index.is_multiple_of(2)]),
            character_probabilities: (index % 7 != 1).then(|| vec![0.25, index as f32 / 3.0, 1.0]),
            background_probabilities: match index % 4 {
                0 => None,
                1 => Some(Vec::new()),
                _ => Some(vec![f32::MIN_POSITIVE]),
            },
        }
    }

    fn write(path: &Path, count: usize) -> Vec<Observation> {
        let rows: Vec<_> = (0..count).map(row).collect();
        let mut writer = ObservationWriter::create(path).expect("create");
        for row in &rows {
            writer.push(row.clone()).expect("push");
        }
        assert_eq!(writer.commit().expect("commit"), count);
        rows
    }

    #[test]
    fn rows_survive_the_disk_with_absent_and_empty_lists() {
        let folder = tempfile::tempdir().expect("tempdir");
        let path = folder.path().join("o.parquet");
        for count in [0, 1, 40, GROUP, GROUP + 3] {
            let rows = write(&path, count);
            assert!(
                read_observations(&path).expect("read") == rows,
                "{count} rows"
            );
        }
    }

    #[test]
    fn the_same_rows_are_the_same_bytes() {
        let folder = tempfile::tempdir().expect("tempdir");
        let (a, b) = (folder.path().join("a"), folder.path().join("b"));
        write(&a, 100);
        write(&b, 100);
        assert_eq!(fs::read(a).expect("read"), fs::read(b).expect("read"));
    }

    #[test]
    fn cut_and_foreign_files_are_refused() {
        let folder = tempfile::tempdir().expect("tempdir");
        let path = folder.path().join("o.parquet");
        write(&path, 10);
        let bytes = fs::read(&path).expect("read");
        for length in [0, 4, bytes.len() / 2, bytes.len() - 1] {
            fs::write(&path, &bytes[..length]).expect("cut");
            let error = read_observations(&path).expect_err("cut");
            assert!(matches!(error, RunError::Observations { .. }), "{error:?}");
        }
    }

    #[test]
    fn a_missing_column_is_named() {
        let folder = tempfile::tempdir().expect("tempdir");
        let path = folder.path().join("o.parquet");
        let other = parse_message_type(
            "message m { required binary story (STRING); required int64 frame; }",
        );
        let file = File::create(&path).expect("create");
        let writer =
            SerializedFileWriter::new(file, Arc::new(other.expect("schema")), Arc::default());
        writer.expect("writer").close().expect("close");
        let error = read_observations(&path).expect_err("foreign");
        assert!(
            matches!(
                error,
                RunError::Column {
                    column: "frame",
                    ..
                }
            ),
            "{error:?}"
        );
    }

    #[test]
    fn column_names_are_those_of_the_schema() {
        let schema = schema();
        let names: Vec<_> = schema
            .get_fields()
            .iter()
            .map(|field| field.name())
            .collect();
        assert_eq!(names, COLUMNS);
    }
}
