//! Reading, row group by row group.

use super::column::kind_of;
use super::{FORMAT_KEY, OBSERVATIONS_FORMAT, PLANNED_COLUMNS, planned};
use crate::record::{ClipId, ColumnKind, FrameIndex, Observation, StoryId, Value};
use crate::run::error::RunError;
use parquet::column::reader::get_typed_column_reader;
use parquet::data_type::{
    BoolType, ByteArray, ByteArrayType, DataType, DoubleType, FloatType, Int32Type,
};
use parquet::errors::ParquetError;
use parquet::file::metadata::FileMetaData;
use parquet::file::reader::{FileReader, RowGroupReader, SerializedFileReader};
use parquet::schema::types::Type;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

/// Reads every row of an `observations.parquet`, but decodes only the columns of these names; the others are as in
/// [`Observation::unseen`], ids included. Columns of the file that are not among them are passed over.
///
/// # Errors
/// [`RunError::Read`], [`RunError::Observations`], [`RunError::ObservationsFormat`] for a file of another version, and
/// [`RunError::Column`] when one of these columns or of the plan's is missing, has another type or does not
/// fit the others.
pub fn read_columns(path: &Path, wanted: &[&'static str]) -> Result<Vec<Observation>, RunError> {
    let file = File::open(path).map_err(|error| RunError::read(path, error))?;
    let broken = |source| RunError::Observations {
        path: path.to_path_buf(),
        source,
    };
    let reader = SerializedFileReader::new(file).map_err(broken)?;
    let metadata = reader.metadata().file_metadata();
    check_format(path, metadata)?;
    let layout = Layout::of(path, metadata.schema(), wanted)?;
    let mut rows = Vec::new();
    for index in 0..reader.num_row_groups() {
        let group = reader.get_row_group(index).map_err(broken)?;
        let columns = Columns {
            path,
            group: &*group,
            layout: &layout,
        };
        columns.read(&mut rows)?;
    }
    Ok(rows)
}

/// A file that states no version is not refused for it: its columns are checked.
fn check_format(path: &Path, metadata: &FileMetaData) -> Result<(), RunError> {
    let mut stated = metadata.key_value_metadata().into_iter().flatten();
    let found = stated
        .find(|it| it.key == FORMAT_KEY)
        .and_then(|it| it.value.as_ref()?.parse().ok());
    match found {
        Some(found) if found != OBSERVATIONS_FORMAT => Err(RunError::ObservationsFormat {
            path: path.to_path_buf(),
            found,
            supported: OBSERVATIONS_FORMAT,
        }),
        _ => Ok(()),
    }
}

/// Where the columns of a file are.
struct Layout {
    /// Position of each column that is decoded. A column of this program has one leaf, so that it is that of
    /// the leaf too.
    places: BTreeMap<&'static str, usize>,
    /// The evaluators' columns among them.
    seen: Vec<(&'static str, ColumnKind)>,
}

impl Layout {
    fn of(path: &Path, file: &Type, wanted: &[&'static str]) -> Result<Self, RunError> {
        let bad = |column| RunError::Column {
            path: path.to_path_buf(),
            column,
        };
        let mut leaf = 0;
        let mut found = BTreeMap::new();
        for field in file.get_fields() {
            found.insert(field.name(), (leaf, field));
            leaf += leaves(field);
        }
        let mut places = BTreeMap::new();
        for (name, expected) in PLANNED_COLUMNS.into_iter().zip(planned().get_fields()) {
            let (place, _) = found
                .get(name)
                .filter(|(_, field)| *field == expected)
                .ok_or_else(|| bad(name))?;
            if wanted.contains(&name) {
                places.insert(name, *place);
            }
        }
        let mut seen = Vec::new();
        for name in wanted.iter().filter(|name| !PLANNED_COLUMNS.contains(name)) {
            let (place, field) = found.get(name).ok_or_else(|| bad(name))?;
            seen.push((*name, kind_of(field).ok_or_else(|| bad(name))?));
            places.insert(name, *place);
        }
        Ok(Self { places, seen })
    }
}

/// How many leaves a field has: columns as Parquet counts them.
fn leaves(field: &Type) -> usize {
    if field.is_primitive() {
        return 1;
    }
    field.get_fields().iter().map(|field| leaves(field)).sum()
}

/// The columns of one row group.
struct Columns<'a> {
    path: &'a Path,
    group: &'a dyn RowGroupReader,
    layout: &'a Layout,
}

impl Columns<'_> {
    fn read(&self, rows: &mut Vec<Observation>) -> Result<(), RunError> {
        let first = rows.len();
        let mut story = self.text("story")?.into_iter();
        let mut frame = self.flat::<Int32Type>("frame")?.into_iter();
        let mut clip = self.text("clip")?.into_iter();
        let mut text = self.text("text")?.into_iter();
        let mut caption = self.text("caption")?.into_iter();
        let mut pronoun = self.flat::<BoolType>("pronoun")?.into_iter();
        let mut characters = self.lists::<BoolType>("character_labels", 0)?.into_iter();
        let mut backgrounds = self.lists::<BoolType>("background_labels", 1)?.into_iter();
        for _ in 0..self.rows() {
            let mut row = Observation::unseen(
                StoryId::new(self.next("story", &mut story)?),
                FrameIndex(self.next("frame", &mut frame)?.cast_unsigned()),
                ClipId::new(self.next("clip", &mut clip)?),
            );
            row.text = self.next("text", &mut text)?;
            row.caption = self.next("caption", &mut caption)?;
            row.pronoun = self.next("pronoun", &mut pronoun)?;
            row.character_labels = self
                .next("character_labels", &mut characters)?
                .ok_or_else(|| self.bad("character_labels"))?;
            row.background_labels = self.next("background_labels", &mut backgrounds)?;
            rows.push(row);
        }
        let rows = &mut rows[first..];
        for (column, kind) in &self.layout.seen {
            match kind {
                ColumnKind::Number => {
                    self.fill(column, self.optional::<DoubleType>(column)?, rows)?;
                }
                ColumnKind::Vector => {
                    self.fill(column, self.lists::<FloatType>(column, 1)?, rows)?;
                }
                ColumnKind::Texts => self.fill(column, self.texts(column)?, rows)?,
                ColumnKind::Feature => return Err(self.bad(column)),
            }
        }
        Ok(())
    }

    fn fill(
        &self,
        column: &'static str,
        values: Vec<Option<impl Into<Value>>>,
        rows: &mut [Observation],
    ) -> Result<(), RunError> {
        if values.len() != rows.len() {
            return Err(self.bad(column));
        }
        for (row, value) in rows.iter_mut().zip(values) {
            row.set(column, value);
        }
        Ok(())
    }

    fn rows(&self) -> usize {
        usize::try_from(self.group.metadata().num_rows()).unwrap_or(0)
    }

    fn bad(&self, column: &'static str) -> RunError {
        RunError::Column {
            path: self.path.to_path_buf(),
            column,
        }
    }

    fn next<T>(
        &self,
        column: &'static str,
        values: &mut impl Iterator<Item = T>,
    ) -> Result<T, RunError> {
        values.next().ok_or_else(|| self.bad(column))
    }

    /// Where a column is; `None` for one that is not decoded.
    fn place(&self, column: &'static str) -> Option<usize> {
        self.layout.places.get(column).copied()
    }

    /// Values, definition levels and repetition levels of a column.
    fn levels<T: DataType>(&self, place: usize) -> Result<Levels<T::T>, RunError> {
        let read = || -> Result<Levels<T::T>, ParquetError> {
            let mut levels = Levels {
                values: Vec::new(),
                definition: Vec::new(),
                repetition: Vec::new(),
            };
            let mut reader = get_typed_column_reader::<T>(self.group.get_column_reader(place)?);
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

    fn flat<T: DataType>(&self, column: &'static str) -> Result<Vec<T::T>, RunError> {
        let Some(place) = self.place(column) else {
            return Ok(vec![T::T::default(); self.rows()]);
        };
        Ok(self.levels::<T>(place)?.values)
    }

    fn text(&self, column: &'static str) -> Result<Vec<String>, RunError> {
        if self.place(column).is_none() {
            return Ok(vec![String::new(); self.rows()]);
        }
        self.flat::<ByteArrayType>(column)?
            .iter()
            .map(|value| self.utf8(column, value))
            .collect()
    }

    fn utf8(&self, column: &'static str, value: &ByteArray) -> Result<String, RunError> {
        String::from_utf8(value.data().to_vec()).map_err(|_| self.bad(column))
    }

    fn texts(&self, column: &'static str) -> Result<Vec<Option<Vec<String>>>, RunError> {
        let text = |list: Vec<ByteArray>| {
            let texts = list.iter().map(|value| self.utf8(column, value));
            texts.collect::<Result<Vec<_>, _>>()
        };
        self.lists::<ByteArrayType>(column, 1)?
            .into_iter()
            .map(|list| list.map(text).transpose())
            .collect()
    }

    fn optional<T: DataType>(&self, column: &'static str) -> Result<Vec<Option<T::T>>, RunError> {
        let Some(place) = self.place(column) else {
            return Ok(vec![None; self.rows()]);
        };
        let levels = self.levels::<T>(place)?;
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
        column: &'static str,
        optional: i16,
    ) -> Result<Vec<Option<Vec<T::T>>>, RunError> {
        let Some(place) = self.place(column) else {
            // The row of a required list is empty, that of another is absent.
            return Ok(vec![(optional == 0).then(Vec::new); self.rows()]);
        };
        let levels = self.levels::<T>(place)?;
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
