//! Metrics of the user's own, as `score` takes them: by a card, or in short by a file.

use super::Outcome;
use super::failure::Failure;
use super::talk::say;
use clap::Args;
use std::path::{Path, PathBuf};
use storyeval::card::{Better, ColumnCard};
use storyeval::pipeline;

#[derive(Clone, Debug, Args)]
pub(crate) struct ColumnArguments {
    /// Join the values of a file (CSV, JSON lines, Parquet; keyed by `story` and `frame`) as a metric, or those of the
    /// TOML card of a column. Repeat for several
    #[arg(long = "column", value_name = "[ID=]FILE[:NAME]|CARD.toml")]
    columns: Vec<String>,
    /// Larger values of the files of `--column` are better
    #[arg(long, requires = "columns", conflicts_with = "lower_is_better")]
    higher_is_better: bool,
    /// Smaller values of the files of `--column` are better
    #[arg(long, requires = "columns")]
    lower_is_better: bool,
    /// Unit of the files of `--column`: percent, distance, cosine, decibel, score, or any word [default: score]
    #[arg(long, requires = "columns", value_name = "UNIT")]
    unit: Option<String>,
    /// Take a joined metric out of the run
    #[arg(long = "drop-column", value_name = "ID")]
    dropped: Vec<String>,
}

impl ColumnArguments {
    /// Joins and takes out what the user says.
    pub(crate) fn apply(&self, run: &Path) -> Outcome {
        if self.columns.is_empty() && self.dropped.is_empty() {
            return Ok(());
        }
        let cards = self.columns.iter().map(|text| self.card(text));
        let cards = cards.collect::<Result<Vec<_>, _>>()?;
        for joined in pipeline::bring_columns(run, &cards, &self.dropped)? {
            let (id, scored, planned) = (&joined.id, joined.scored, joined.planned);
            say(&format!("{id}: {scored} of {planned} frames have a value"));
            for note in &joined.notes {
                say(&format!("note: {id}: {note}"));
            }
        }
        Ok(())
    }

    /// Images are observed first; their run takes columns afterwards.
    pub(crate) fn none_with_images(&self) -> Outcome {
        if self.columns.is_empty() && self.dropped.is_empty() {
            return Ok(());
        }
        Err(Failure::Arguments {
            what: "`--column` is for a run, and `--images` makes one".to_owned(),
            hint: "score the images first, then `storyeval score RUN --column FILE`".to_owned(),
        })
    }

    fn card(&self, text: &str) -> Result<ColumnCard, Failure> {
        let parts = Parts::of(text);
        if parts.is_card() {
            return Ok(ColumnCard::read(&parts.file)?);
        }
        let better = match (self.higher_is_better, self.lower_is_better) {
            (true, _) => Better::Higher,
            (_, true) => Better::Lower,
            _ => {
                return Err(Failure::Arguments {
                    what: format!("nothing says whether larger values of `{text}` are better"),
                    hint: "add `--higher-is-better` or `--lower-is-better`, or give the card of a column (docs/own-metrics.md)".to_owned(),
                });
            }
        };
        let card = ColumnCard {
            id: parts.id(),
            name: None,
            better,
            unit: self.unit.clone().unwrap_or_else(|| "score".to_owned()),
            file: parts.file,
            column: parts.column,
            decimals: None,
            minimum: None,
            maximum: None,
            version: 1,
        };
        card.check(&format!("--column {text}"))?;
        Ok(card)
    }
}

/// `ID=FILE:NAME` taken apart.
#[derive(Debug, PartialEq)]
struct Parts {
    id: Option<String>,
    file: PathBuf,
    column: Option<String>,
}

impl Parts {
    /// A file whose own name has `=` or `:` is found where it is there.
    fn of(text: &str) -> Self {
        let (id, rest) = match text.split_once('=') {
            Some((id, rest)) if !Path::new(text).is_file() => (Some(id.to_owned()), rest),
            _ => (None, text),
        };
        let (file, column) = match rest.rsplit_once(':') {
            // `C:\taste.csv` is a file.
            Some((file, column)) if !Path::new(rest).is_file() && !column.contains(['/', '\\']) => {
                (file, Some(column.to_owned()))
            }
            _ => (rest, None),
        };
        Self {
            id,
            file: PathBuf::from(file),
            column,
        }
    }

    fn is_card(&self) -> bool {
        let ending = self.file.extension();
        ending.is_some_and(|ending| ending.eq_ignore_ascii_case("toml"))
    }

    /// The id that was said, else the name of the column or of the file.
    fn id(&self) -> String {
        let stem = || {
            let stem = self.file.file_stem().unwrap_or_default();
            stem.to_string_lossy().into_owned()
        };
        let said = self.id.clone().or_else(|| self.column.clone());
        said.unwrap_or_else(stem)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_comes_before_a_file_and_a_column_behind_it() {
        for (text, id, file, column) in [
            ("taste.csv", "taste", "taste.csv", None),
            ("a/b.csv:taste", "taste", "a/b.csv", Some("taste")),
            ("fine=a.csv:taste", "fine", "a.csv", Some("taste")),
            (r"C:\a.csv", "a", r"C:\a.csv", None),
        ] {
            let parts = Parts::of(text);
            assert_eq!(parts.file, PathBuf::from(file), "{text}");
            assert_eq!(parts.column.as_deref(), column, "{text}");
            if cfg!(windows) || !text.contains('\\') {
                assert_eq!(parts.id(), id, "{text}");
            }
        }
        assert!(Parts::of("taste.toml").is_card());
    }
}
