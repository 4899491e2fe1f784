//! The room of what people read: tables and sheets.

mod error;

pub use error::ReportError;
