//! The figures that a paper prints of a data set, beside those that are counted here.

use super::{Library, PaperError, Text};
use crate::dataset::stats::{LabelStatistics, ReferenceStatistics, Statistics};
use crate::record::TextVariant;
use serde::Serialize;

/// The table of the statistics of data sets.
const TABLE: &str = "cvpr-supp-table-6";
/// The text that the paper names for its extended data sets.
const EXTENDED: TextVariant = TextVariant::MakeAStory;

/// A figure of a data set as a paper prints it, and as it is counted here.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Printed {
    /// Where it is printed.
    pub table: String,
    /// The data set as the paper calls it.
    pub row: String,
    /// The heading there.
    pub heading: String,
    /// What it is called here.
    pub figure: String,
    /// As printed.
    pub published: String,
    /// What is counted here; `None` where it cannot be.
    pub counted: Option<f64>,
    /// The text that it is counted in.
    pub counted_in: &'static str,
}

/// Every figure that is printed of this data set; none of one that the paper does not speak of.
///
/// # Errors
/// Published tables that cannot be read.
pub fn figures(dataset: &str, statistics: &Statistics) -> Result<Vec<Printed>, PaperError> {
    let library = Library::open()?;
    let table = library.find(TABLE)?;
    let mut figures = Vec::new();
    for row in table.rows() {
        for cell in row.cells.iter().flatten() {
            if cell.dataset != dataset || cell.is_name() {
                continue;
            }
            let variant = match cell.text {
                Some(Text::Referential) => EXTENDED,
                Some(Text::Original) | None => TextVariant::Original,
            };
            let references = match variant {
                TextVariant::Original => Some(&statistics.original),
                other => statistics.variants.get(other.name()),
            };
            figures.push(Printed {
                table: TABLE.to_owned(),
                row: row.label(),
                heading: cell.heading.clone(),
                figure: cell.metric.clone(),
                published: cell.printed.clone(),
                counted: counted(&cell.metric, references, statistics),
                counted_in: variant.name(),
            });
        }
    }
    Ok(figures)
}

fn counted(
    figure: &str,
    references: Option<&ReferenceStatistics>,
    statistics: &Statistics,
) -> Option<f64> {
    let that_occur = |labels: &LabelStatistics| {
        let each = &labels.each;
        (!each.is_empty()).then(|| each.iter().filter(|one| one.frames > 0).count() as f64)
    };
    match figure {
        "refs_compat" => references?.refs_compat,
        "characters" => that_occur(&statistics.characters),
        "backgrounds" => that_occur(&statistics.backgrounds),
        _ => None,
    }
}
