//! The choices of `--format`.

use super::Outcome;
use super::failure::Failure;
use super::talk::{print, say};
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};
use std::io::IsTerminal;
use storyeval::table::{self, Document};
use terminal_size::terminal_size_of;

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

/// What is printed of a document.
#[derive(Clone, Copy, Debug, Args)]
pub(crate) struct SignatureArguments {
    /// Print below the tables how each number was computed; JSON and CSV say it anyway
    #[arg(long)]
    signatures: bool,
}

impl SignatureArguments {
    /// Prints a document: on a terminal, in tables that are no wider than it is. `elsewhere` says where the
    /// signatures are that are not printed.
    pub(crate) fn print(
        self,
        document: &Document,
        format: TableFormat,
        elsewhere: &str,
    ) -> Outcome {
        print(&self.text(document, format, terminal_width())?)?;
        if document.has_signatures() && !self.signatures {
            say(&format!(
                "\nsignatures (how each number was computed): add `--signatures`; {elsewhere}"
            ));
        }
        Ok(())
    }

    /// A document as text, for a terminal of a width.
    pub(crate) fn text(
        self,
        document: &Document,
        format: TableFormat,
        width: Option<usize>,
    ) -> Result<String, Failure> {
        let mut document = document.clone();
        if !self.signatures {
            document = document.folded();
        }
        document = match format {
            TableFormat::Md => document.within(width),
            TableFormat::Latex => document.within(None),
            _ => document,
        };
        Ok(document.render(format.of_document())?)
    }
}

/// Where the signatures of a run's scores are.
pub(crate) const IN_SCORES: &str = "`scores.json` of the run has them";

/// Columns of the terminal that stdout is, by `COLUMNS` where it is set; none where it is a file or a pipe.
fn terminal_width() -> Option<usize> {
    let stdout = std::io::stdout();
    if !stdout.is_terminal() {
        return None;
    }
    let set = std::env::var("COLUMNS").ok();
    let set = set.and_then(|columns| columns.parse().ok());
    set.filter(|width| *width > 0)
        .or_else(|| Some(usize::from(terminal_size_of(stdout)?.0.0)))
}
