//! Reading, row group by row group.

use super::{COLUMNS, schema};
use crate::record::{ClipId, FrameIndex, Observation, StoryId};
use crate::run::error::RunError;
use parquet::column::reader::get_typed_column_reader;
use parquet::data_type::{
    BoolType, ByteArray, ByteArrayType, DataType, DoubleType, FloatType, Int32Type,
};
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader, RowGroupReader, SerializedFileReader};
use std::fs::File;
use std::path::Path;

/// Reads every row of an `observations.parquet`, but decodes only the columns of these names; the others are as in
/// [`Observation::unseen`], ids included.
///
/// # Errors
/// [`RunError::Read`], [`RunError::Observations`], and [`RunError::Column`] when a column is missing,
/// has another type or does not fit the others.
pub fn read_columns(path: &Path, wanted: &[&str]) -> Result<Vec<Observation>, RunError> {
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
        read_group(path, &*group, wanted, &mut rows)?;
    }
    Ok(rows)
}

fn read_group(
    path: &Path,
    group: &dyn RowGroupReader,
    wanted: &[&str],
    rows: &mut Vec<Observation>,
) -> Result<(), RunError> {
    let columns = Columns {
        path,
        group,
        wanted,
    };
    let mut story = columns.text(0)?.into_iter();
    let mut frame = columns.flat::<Int32Type>(1)?.into_iter();
    let mut clip = columns.text(2)?.into_iter();
    let mut text = columns.text(3)?.into_iter();
    let mut caption = columns.text(4)?.into_iter();
    let mut pronoun = columns.flat::<BoolType>(5)?.into_iter();
    let mut character_labels = columns.lists::<BoolType>(6, 0)?.into_iter();
    let mut background_labels = columns.lists::<BoolType>(7, 1)?.into_iter();
    let mut characters = columns.lists::<FloatType>(8, 1)?.into_iter();
    let mut backgrounds = columns.lists::<FloatType>(9, 1)?.into_iter();
    let mut generated = columns.texts(10)?.into_iter();
    let mut ground_truth = columns.texts(11)?.into_iter();
    let mut clip_ti = columns.optional::<DoubleType>(12)?.into_iter();
    let mut clip_ii = columns.optional::<DoubleType>(13)?.into_iter();
    let mut lpips = columns.optional::<DoubleType>(14)?.into_iter();
    for _ in 0..columns.rows() {
        rows.push(Observation {
            story: StoryId::new(columns.next(0, &mut story)?),
            frame: FrameIndex(columns.next(1, &mut frame)?.cast_unsigned()),
            clip: ClipId::new(columns.next(2, &mut clip)?),
            text: columns.next(3, &mut text)?,
            caption: columns.next(4, &mut caption)?,
            pronoun: columns.next(5, &mut pronoun)?,
            character_labels: columns
                .next(6, &mut character_labels)?
                .ok_or_else(|| columns.bad(6))?,
            background_labels: columns.next(7, &mut background_labels)?,
            character_probabilities: columns.next(8, &mut characters)?,
            background_probabilities: columns.next(9, &mut backgrounds)?,
            generated_captions: columns.next(10, &mut generated)?,
            ground_truth_captions: columns.next(11, &mut ground_truth)?,
            clip_ti: columns.next(12, &mut clip_ti)?,
            clip_ii: columns.next(13, &mut clip_ii)?,
            lpips: columns.next(14, &mut lpips)?,
        });
    }
    Ok(())
}

/// The columns of one row group.
struct Columns<'a> {
    path: &'a Path,
    group: &'a dyn RowGroupReader,
    wanted: &'a [&'a str],
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

    fn passes_over(&self, column: usize) -> bool {
        !self.wanted.contains(&COLUMNS[column])
    }

    fn flat<T: DataType>(&self, column: usize) -> Result<Vec<T::T>, RunError> {
        if self.passes_over(column) {
            return Ok(vec![T::T::default(); self.rows()]);
        }
        Ok(self.levels::<T>(column)?.values)
    }

    fn text(&self, column: usize) -> Result<Vec<String>, RunError> {
        if self.passes_over(column) {
            return Ok(vec![String::new(); self.rows()]);
        }
        self.flat::<ByteArrayType>(column)?
            .iter()
            .map(|value| self.utf8(column, value))
            .collect()
    }

    fn utf8(&self, column: usize, value: &ByteArray) -> Result<String, RunError> {
        String::from_utf8(value.data().to_vec()).map_err(|_| self.bad(column))
    }

    fn texts(&self, column: usize) -> Result<Vec<Option<Vec<String>>>, RunError> {
        let text = |list: Vec<ByteArray>| {
            let texts = list.iter().map(|value| self.utf8(column, value));
            texts.collect::<Result<Vec<_>, _>>()
        };
        self.lists::<ByteArrayType>(column, 1)?
            .into_iter()
            .map(|list| list.map(text).transpose())
            .collect()
    }

    fn optional<T: DataType>(&self, column: usize) -> Result<Vec<Option<T::T>>, RunError> {
        if self.passes_over(column) {
            return Ok(vec![None; self.rows()]);
        }
        let levels = self.levels::<T>(column)?;
        let mut values = levels.values.into_iter();
        levels
            .definition
            .iter()
            .map(|present| match present {
                0 => Ok(None),
                _ => self.next(column, &mut values).map(Some),
            })
            .collect()
    }

    fn lists<T: DataType>(
        &self,
        column: usize,
        optional: i16,
    ) -> Result<Vec<Option<Vec<T::T>>>, RunError> {
        if self.passes_over(column) {
            // The row of a required list is empty, that of another is absent.
            return Ok(vec![(optional == 0).then(Vec::new); self.rows()]);
        }
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
