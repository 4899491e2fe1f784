//! The table of one slice, as rows and columns of values.

use super::TableOptions;
use super::footnotes::Footnotes;
use crate::metric::{Group, about};
use crate::record::{Score, Scores, Slice};

/// The table of one slice.
#[derive(Clone, Debug)]
pub(super) struct Section {
    pub(super) slice: String,
    pub(super) title: String,
    pub(super) columns: Vec<Heading>,
    pub(super) rows: Vec<SectionRow>,
}

/// A metric.
#[derive(Clone, Debug)]
pub(super) struct Heading {
    pub(super) metric: String,
    pub(super) name: String,
    pub(super) higher_is_better: bool,
    pub(super) mark: Option<String>,
}

/// A model.
#[derive(Clone, Debug)]
pub(super) struct SectionRow {
    /// One a column; `None` where there is no value.
    pub(super) cells: Vec<Option<Entry>>,
    /// Frames scored, smallest and largest over the columns, and planned.
    pub(super) scored: [usize; 2],
    pub(super) planned: usize,
}

/// A value as it is printed.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) number: f64,
    pub(super) value: String,
    pub(super) interval: Option<[String; 2]>,
    /// Where it was not computed as the column says.
    pub(super) mark: Option<String>,
}

/// The tables of a slice: what follows its title, and the metrics with their names.
pub(super) fn columns_of(
    runs: &[Scores],
    slice: &str,
    options: &TableOptions,
) -> Vec<(&'static str, Vec<(String, String)>)> {
    let scores = || {
        let all = runs.iter().flat_map(|run| &run.scores);
        all.filter(|score| score.slice == slice)
    };
    if !options.columns.is_empty() {
        let named = options.columns.iter().filter_map(|column| {
            let score = scores().find(|score| score.metric == column.metric)?;
            let name = column.name.clone().unwrap_or_else(|| about(score).name);
            Some((column.metric.clone(), name))
        });
        return vec![("", named.collect())];
    }
    let groups = Group::ALL
        .into_iter()
        .filter(|group| options.detail || *group != Group::Detail);
    groups
        .map(|group| {
            let mut metrics: Vec<&Score> = Vec::new();
            for score in scores().filter(|score| about(score).group == group) {
                if !metrics.iter().any(|known| known.metric == score.metric) {
                    metrics.push(score);
                }
            }
            metrics.sort_by_key(|score| about(score).order);
            let named = metrics
                .into_iter()
                .map(|score| (score.metric.clone(), about(score).name));
            (group.title(), named.collect())
        })
        .collect()
}

/// The table of a slice; `None` where no run has a frame in it, as the original text has no pronouns.
pub(super) fn section(
    runs: &[Scores],
    slice: &str,
    suffix: &str,
    metrics: &[(String, String)],
    footnotes: &mut Footnotes,
) -> Option<Section> {
    let find = |run: &'_ Scores, metric: &str| -> Option<Score> {
        let mut of_slice = run.scores.iter().filter(|s| s.slice == slice);
        of_slice.find(|s| s.metric == metric).cloned()
    };
    let scores: Vec<Vec<Option<Score>>> = runs
        .iter()
        .map(|run| {
            metrics
                .iter()
                .map(|(metric, _)| find(run, metric))
                .collect()
        })
        .collect();
    if scores
        .iter()
        .flatten()
        .flatten()
        .all(|score| score.planned == 0)
    {
        return None;
    }
    let mut columns = Vec::new();
    for (at, (metric, name)) in metrics.iter().enumerate() {
        let of_column = || scores.iter().filter_map(|row| row[at].as_ref());
        let with_value = of_column().find(|score| score.value.is_some());
        columns.push(Heading {
            metric: metric.clone(),
            name: name.clone(),
            higher_is_better: of_column().next()?.higher_is_better,
            mark: with_value.map(|score| footnotes.mark(&score.signature)),
        });
    }
    let mut rows = Vec::new();
    for scores in &scores {
        let mut cells = Vec::new();
        for (score, column) in scores.iter().zip(&columns) {
            cells.push(
                score
                    .as_ref()
                    .and_then(|score| entry(score, column, footnotes)),
            );
        }
        let known = || scores.iter().flatten();
        rows.push(SectionRow {
            cells,
            scored: [
                known().map(|s| s.n).min().unwrap_or(0),
                known().map(|s| s.n).max().unwrap_or(0),
            ],
            planned: known().map(|s| s.planned).max().unwrap_or(0),
        });
    }
    Some(Section {
        slice: slice.to_owned(),
        title: title(slice) + suffix,
        columns,
        rows,
    })
}

fn entry(score: &Score, column: &Heading, footnotes: &mut Footnotes) -> Option<Entry> {
    let decimals = about(score).decimals;
    let number = score.value?;
    let mark = footnotes.mark(&score.signature);
    let value = match score.seeds.and_then(|seeds| seeds.sd) {
        Some(sd) => format!("{} ± {}", print(number, decimals), print(sd, decimals)),
        None => print(number, decimals),
    };
    Some(Entry {
        number,
        value,
        interval: score
            .interval
            .map(|ends| ends.map(|end| print(end, decimals))),
        mark: (column.mark.as_ref() != Some(&mark)).then_some(mark),
    })
}

/// `400 / 400`, or `396–400 / 400` when the columns differ.
pub(super) fn scored(row: &SectionRow) -> String {
    let [low, high] = row.scored;
    if low == high {
        format!("{high} / {}", row.planned)
    } else {
        format!("{low}–{high} / {}", row.planned)
    }
}

fn title(slice: &str) -> String {
    match slice.parse() {
        Ok(Slice::All) => "All frames".to_owned(),
        Ok(Slice::Pronoun(true)) => "Frames whose text has a pronoun in place of a name".to_owned(),
        Ok(Slice::Pronoun(false)) => "Frames whose text names everybody".to_owned(),
        Ok(Slice::Character(name)) => format!("Character {name}, on all frames"),
        Ok(Slice::Frame(frame)) => format!("Frame {frame}"),
        Ok(Slice::Length(frames)) => format!("Stories of {frames} frames"),
        Err(_) => slice.to_owned(),
    }
}

/// A number with so many digits after the point.
pub(super) fn print(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    // A rounded minus zero reads like a mistake.
    match text.strip_prefix('-') {
        Some(rest) if rest.chars().all(|c| c == '0' || c == '.') => rest.to_owned(),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounded_minus_zero_is_zero() {
        assert_eq!(print(-1e-9, 2), "0.00");
        assert_eq!(print(-0.25, 2), "-0.25");
        assert_eq!(print(99.96, 1), "100.0");
    }
}
