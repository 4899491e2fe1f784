//! The columns of evaluators as Parquet has them. Each may be null.

use crate::record::{Column, ColumnKind};
use parquet::basic::{ConvertedType, LogicalType, Repetition, Type as Physical};
use parquet::errors::ParquetError;
use parquet::schema::types::{Type, TypePtr};
use std::sync::Arc;

/// The Parquet type of a column; `None` for a feature file, which is none of the table's.
pub(super) fn parquet_type(column: &Column) -> Result<Option<TypePtr>, ParquetError> {
    let name = column.name;
    let built = match column.kind {
        ColumnKind::Feature => return Ok(None),
        ColumnKind::Number => Type::primitive_type_builder(name, Physical::DOUBLE)
            .with_repetition(Repetition::OPTIONAL)
            .build()?,
        ColumnKind::Vector => list(
            name,
            Type::primitive_type_builder("element", Physical::FLOAT)
                .with_repetition(Repetition::REQUIRED)
                .build()?,
        )?,
        ColumnKind::Texts => list(
            name,
            Type::primitive_type_builder("element", Physical::BYTE_ARRAY)
                .with_repetition(Repetition::REQUIRED)
                .with_converted_type(ConvertedType::UTF8)
                .with_logical_type(Some(LogicalType::String))
                .build()?,
        )?,
    };
    Ok(Some(Arc::new(built)))
}

fn list(name: &str, element: Type) -> Result<Type, ParquetError> {
    let repeated = Type::group_type_builder("list")
        .with_repetition(Repetition::REPEATED)
        .with_fields(vec![Arc::new(element)])
        .build()?;
    Type::group_type_builder(name)
        .with_repetition(Repetition::OPTIONAL)
        .with_converted_type(ConvertedType::LIST)
        .with_logical_type(Some(LogicalType::List))
        .with_fields(vec![Arc::new(repeated)])
        .build()
}

/// What a column of this type holds; `None` for types that no evaluator writes.
pub(super) fn kind_of(found: &Type) -> Option<ColumnKind> {
    let leaf = |found: &Type| match found {
        Type::PrimitiveType { physical_type, .. } => Some(*physical_type),
        Type::GroupType { .. } => None,
    };
    if !found.is_optional() {
        return None;
    }
    if found.is_primitive() {
        return (leaf(found) == Some(Physical::DOUBLE)).then_some(ColumnKind::Number);
    }
    let [repeated] = found.get_fields() else {
        return None;
    };
    let repeats = repeated.get_basic_info().repetition() == Repetition::REPEATED;
    let [element] = (repeats && repeated.is_group()).then(|| repeated.get_fields())? else {
        return None;
    };
    match (leaf(element)?, element.is_optional()) {
        (Physical::FLOAT, false) => Some(ColumnKind::Vector),
        (Physical::BYTE_ARRAY, false) => Some(ColumnKind::Texts),
        _ => None,
    }
}
