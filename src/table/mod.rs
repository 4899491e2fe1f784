//! What printed tables are, and how each format writes them. Knows no metric and no run.
//!
//! Everything that reaches a table may come from somebody else's files: names of models, captions, warnings.
//! Each format escapes all of it, and loses none.

mod document;
mod error;
mod html;
mod latex;
mod markdown;
mod spreadsheet;
#[cfg(test)]
mod tests;
mod text;

pub use document::{Align, Block, Cell, Column, Direction, Document, Format, Line, Row, Table};
pub use error::TableError;
pub use spreadsheet::tame;
