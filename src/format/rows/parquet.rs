//! Parquet, as pandas and polars write it.

use super::{KIND, RowCell, RowFile, UserRow};
use crate::format::FormatError;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Field;
use std::fs::File;
use std::path::Path;

pub(super) fn read(path: &Path) -> Result<RowFile, FormatError> {
    let file = File::open(path).map_err(|source| FormatError::Read {
        path: path.to_path_buf(),
        source,
    })?;
    let damaged = |error: parquet::errors::ParquetError| KIND.malformed(path, error.to_string());
    let reader = SerializedFileReader::new(file).map_err(damaged)?;
    let schema = reader.metadata().file_metadata().schema().get_fields();
    let names = schema.iter().map(|field| field.name().to_owned()).collect();
    let mut rows = Vec::new();
    for (line, row) in (1..).zip(reader.get_row_iter(None).map_err(damaged)?) {
        let row = row.map_err(damaged)?;
        rows.push(UserRow {
            line,
            cells: row
                .get_column_iter()
                .map(|(_, field)| cell(field))
                .collect(),
        });
    }
    Ok(RowFile {
        path: path.to_path_buf(),
        counted: "row",
        untyped: false,
        names,
        rows,
    })
}

fn cell(field: &Field) -> RowCell {
    match field {
        Field::Null => RowCell::Missing,
        Field::Str(text) => RowCell::Text(text.clone()),
        Field::Byte(number) => RowCell::Whole((*number).into()),
        Field::Short(number) => RowCell::Whole((*number).into()),
        Field::Int(number) => RowCell::Whole((*number).into()),
        Field::Long(number) => RowCell::Whole(*number),
        Field::UByte(number) => RowCell::Whole((*number).into()),
        Field::UShort(number) => RowCell::Whole((*number).into()),
        Field::UInt(number) => RowCell::Whole((*number).into()),
        Field::ULong(number) => match i64::try_from(*number) {
            Ok(number) => RowCell::Whole(number),
            Err(_) => RowCell::Other(number.to_string()),
        },
        Field::Float16(number) => RowCell::Number(number.to_f64()),
        Field::Float(number) => RowCell::Number((*number).into()),
        Field::Double(number) => RowCell::Number(*number),
        other => RowCell::Other(other.to_string()),
    }
}
