//! What printed tables are, how each format writes them, and how rows of several runs are joined. Knows no metric and no run.
//!
//! Everything that reaches a table may come from somebody else's files: names of models, captions, warnings.
//! Each format escapes all of it, and loses none.

mod document;
mod error;
mod fit;
mod frame;
mod html;
mod latex;
mod markdown;
mod spreadsheet;
mod svg;
#[cfg(test)]
mod tests;
mod text;

pub use document::{Align, Block, Cell, Column, Direction, Document, Format, Line, Row, Table};
pub use error::TableError;
pub use frame::join_all;
pub use spreadsheet::tame;
pub use svg::Svg;
