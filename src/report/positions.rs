//! A run by the position of its frames: how a model holds out in a long story.

use super::sections::print;
use crate::metric::{Group, about};
use crate::record::{FrameIndex, Score, Scores, Slice};
use crate::table::{Cell, Column, Direction, Row, Table};
use std::collections::{BTreeMap, BTreeSet};

/// A row per position in the story, a column per metric that has values of single positions. `metrics` are the columns, in
/// their order; those of papers where it is empty. `None` for a run of one position, or of none.
#[must_use]
pub fn by_position(run: &Scores, name: &str, metrics: &[String], intervals: bool) -> Option<Table> {
    let mut rows: BTreeMap<FrameIndex, Vec<&Score>> = BTreeMap::new();
    for score in &run.scores {
        if let Ok(Slice::Frame(frame)) = score.slice.parse() {
            rows.entry(frame).or_default().push(score);
        }
    }
    let wanted = |score: &&&Score| {
        if metrics.is_empty() {
            about(score).group != Group::Detail
        } else {
            metrics.contains(&score.metric)
        }
    };
    let place = |score: &Score| {
        let chosen = metrics.iter().position(|metric| *metric == score.metric);
        chosen.unwrap_or_else(|| about(score).order)
    };
    let shown = rows.values().flatten().filter(wanted);
    let with_value = shown.filter(|score| score.value.is_some());
    let columns: BTreeSet<(usize, &str)> = with_value
        .map(|score| (place(score), score.metric.as_str()))
        .collect();
    if rows.len() < 2 || columns.is_empty() {
        return None;
    }
    let heading = |(_, metric): &(usize, &str)| {
        let mut of_metric = rows.values().flatten().filter(|it| it.metric == *metric);
        let score = of_metric.next()?;
        let direction = Some(Direction::of(score.higher_is_better));
        Some(Column::number(&about(score).name, direction))
    };
    let mut headings = vec![Column::number("position", None)];
    headings.extend(columns.iter().filter_map(heading));
    headings.push(Column::number("scored / planned", None));
    let line = |(frame, scores): (&FrameIndex, &Vec<&Score>)| {
        let mut cells = vec![Cell::new(frame.to_string())];
        let (mut most, mut planned) = (0, 0);
        for (_, metric) in &columns {
            let score = scores.iter().find(|score| score.metric == *metric);
            cells.push(score.map_or_else(Cell::absent, |score| cell(score, intervals)));
            most = most.max(score.map_or(0, |score| score.n));
            planned = planned.max(score.map_or(0, |score| score.planned));
        }
        cells.push(Cell::new(format!("{most} / {planned}")));
        Row::Cells(cells)
    };
    Some(Table {
        title: Some(format!("{name}, by position in the story")),
        columns: headings,
        rows: rows.iter().map(line).collect(),
    })
}

fn cell(score: &Score, intervals: bool) -> Cell {
    let decimals = about(score).decimals;
    let Some(value) = score.value else {
        return Cell::absent();
    };
    let ends = score.interval.filter(|_| intervals);
    Cell {
        text: print(value, decimals),
        interval: ends.map(|ends| ends.map(|end| print(end, decimals))),
        ..Cell::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Unit;

    fn score(metric: &str, slice: &str, value: f64) -> Score {
        Score {
            metric: metric.to_owned(),
            slice: slice.to_owned(),
            value: Some(value),
            unscored: None,
            interval: Some([value - 1.0, value + 1.0]),
            unit: Unit::Percent,
            higher_is_better: true,
            n: 3,
            planned: 4,
            stories: 3,
            counts: None,
            seeds: None,
            signature: String::new(),
            warnings: Vec::new(),
            own: None,
        }
    }

    fn run(positions: usize) -> Scores {
        let mut scores = vec![score("char_acc", "all", 1.0)];
        for position in (1..=positions).rev() {
            for metric in ["bg_acc", "char_acc", "char_acc_label"] {
                scores.push(score(metric, &format!("frame_{position}"), position as f64));
            }
        }
        Scores {
            format: 1,
            run: "r".to_owned(),
            model: "m".to_owned(),
            protocol: "strict".to_owned(),
            notes: Vec::new(),
            scores,
        }
    }

    fn texts(row: &Row) -> Vec<&str> {
        let Row::Cells(cells) = row else { panic!() };
        cells.iter().map(|cell| cell.text.as_str()).collect()
    }

    #[test]
    fn forty_positions_are_forty_rows_in_their_order() {
        let table = by_position(&run(40), "m", &[], true).unwrap();
        let names: Vec<&str> = table.columns.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(
            names,
            ["position", "Char-Acc %", "BG-Acc %", "scored / planned"]
        );
        assert_eq!(table.rows.len(), 40);
        assert_eq!(texts(&table.rows[8]), ["9", "9.0", "9.0", "3 / 4"]);
        assert_eq!(texts(&table.rows[39]), ["40", "40.0", "40.0", "3 / 4"]);
        let chosen = ["bg_acc".to_owned(), "char_acc_label".to_owned()];
        let table = by_position(&run(2), "m", &chosen, false).unwrap();
        assert_eq!(table.columns[1].name, "BG-Acc %");
        assert_eq!(by_position(&run(1), "m", &[], true), None);
        assert_eq!(by_position(&run(3), "m", &["fid".to_owned()], true), None);
    }
}
