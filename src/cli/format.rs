//! The choices of `--format`.

use clap::ValueEnum;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use storyeval::table;

/// How values are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    #[default]
    Text,
    /// JSON
    Json,
}

/// How tables are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TableFormat {
    /// GitHub's Markdown
    Md,
    /// LaTeX with booktabs
    Latex,
    /// A page for browsers
    Html,
    /// Comma-separated values; scores are in full
    Csv,
    /// JSON; scores are in full
    Json,
}

impl TableFormat {
    /// How a document is written; what JSON holds is each verb's own.
    pub(crate) fn of_document(self) -> table::Format {
        match self {
            Self::Md | Self::Json => table::Format::Markdown,
            Self::Latex => table::Format::Latex,
            Self::Html => table::Format::Html,
            Self::Csv => table::Format::Csv,
        }
    }

    /// Whether it holds numbers in full rather than as printed.
    pub(crate) fn in_full(self) -> bool {
        matches!(self, Self::Csv | Self::Json)
    }
}

/// Reads one of these formats, for verbs that do not know all.
pub(crate) fn among(formats: &[TableFormat]) -> impl TypedValueParser<Value = TableFormat> {
    let values = formats.iter().filter_map(TableFormat::to_possible_value);
    PossibleValuesParser::new(values).try_map(|name| TableFormat::from_str(&name, false))
}
