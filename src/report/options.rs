//! What a table shows.

use std::str::FromStr;

/// What a table shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableOptions {
    /// Slices, a table each, of which one that no run has is an error; `None` for the frames of papers,
    /// with and without pronouns, as far as there are any.
    pub slices: Option<Vec<String>>,
    /// Columns in this order, one table per slice; empty for the columns of papers.
    pub columns: Vec<ColumnChoice>,
    /// Names of the rows, one a run; empty for the models' ids.
    pub labels: Vec<String>,
    /// Show every metric, not only the columns of papers.
    pub detail: bool,
    /// Print intervals.
    pub intervals: bool,
    /// Show scores with different signatures in one column all the same, marked.
    pub force: bool,
}

impl Default for TableOptions {
    fn default() -> Self {
        Self {
            slices: None,
            columns: Vec::new(),
            labels: Vec::new(),
            detail: false,
            intervals: true,
            force: false,
        }
    }
}

impl TableOptions {
    /// The slices that are shown.
    pub(super) fn slices(&self) -> Vec<String> {
        let usual = || ["all", "pronoun", "no_pronoun"].map(ToOwned::to_owned);
        self.slices.clone().unwrap_or_else(|| usual().to_vec())
    }
}

/// A column that the user chose: `fid`, or `fid=FID (64 px)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnChoice {
    /// Metric id.
    pub metric: String,
    /// Its heading; `None` for the field's name.
    pub name: Option<String>,
}

impl FromStr for ColumnChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (metric, name) = match text.split_once('=') {
            Some((metric, name)) => (metric, Some(name.trim().to_owned())),
            None => (text, None),
        };
        let metric = metric.trim();
        if metric.is_empty() || name.as_deref() == Some("") {
            return Err("write METRIC or METRIC=NAME, for example `fid=FID (64 px)`".to_owned());
        }
        Ok(Self {
            metric: metric.to_owned(),
            name,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_may_be_renamed() {
        let column: ColumnChoice = " fid = FID = 64".parse().unwrap();
        assert_eq!(column.metric, "fid");
        assert_eq!(column.name.as_deref(), Some("FID = 64"));
        assert_eq!("fid".parse::<ColumnChoice>().unwrap().name, None);
        assert!("=x".parse::<ColumnChoice>().is_err());
        assert!("fid=".parse::<ColumnChoice>().is_err());
    }
}
