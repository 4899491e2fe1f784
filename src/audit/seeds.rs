//! Studies of several seeds as one: means, and how far seeds lie apart.

use super::{Cell, Damage, Row};

impl Damage {
    /// The mean of studies that differ in their seed alone; one study is its own mean. Marks hold where
    /// they hold under every seed.
    #[must_use]
    pub fn over(studies: &[Self]) -> Self {
        let Some((first, others)) = studies.split_first() else {
            return Self { rows: Vec::new() };
        };
        if others.is_empty() {
            return first.clone();
        }
        let rows = first.rows.iter().map(|row| {
            let same = studies.iter().flat_map(|study| &study.rows);
            let same: Vec<&Row> = same.filter(|it| it.metric == row.metric).collect();
            mean_row(row, &same)
        });
        Self {
            rows: rows.collect(),
        }
    }
}

fn mean_row(first: &Row, same: &[&Row]) -> Row {
    let of = |value: fn(&Row) -> Option<f64>| mean(same.iter().map(|row| value(row)));
    let cells = first.cells.iter().enumerate().map(|(at, cell)| {
        let cells: Vec<&Cell> = same.iter().map(|row| &row.cells[at]).collect();
        mean_cell(cell, &cells)
    });
    Row {
        shuffled: of(|row| row.shuffled),
        uniform: of(|row| row.uniform),
        range: of(|row| row.range),
        anchor: first
            .anchor
            .filter(|anchor| same.iter().all(|row| row.anchor == Some(*anchor))),
        cells: cells.collect(),
        ..first.clone()
    }
}

fn mean_cell(first: &Cell, same: &[&Cell]) -> Cell {
    let at = |strength: usize| same.iter().map(move |cell| cell.damage[strength]);
    let seen: Option<Vec<bool>> = same.iter().map(|cell| cell.seen_at_1).collect();
    Cell {
        fault: first.fault,
        damage: std::array::from_fn(|strength| mean(at(strength))),
        deviation: std::array::from_fn(|strength| deviation(at(strength))),
        monotone: same.iter().all(|cell| cell.monotone),
        seen_at_1: seen.map(|seen| seen.iter().all(|seen| *seen)),
    }
}

/// The mean; `None` where one has no value.
fn mean(values: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    let values: Vec<f64> = values.collect::<Option<_>>()?;
    Some(values.iter().sum::<f64>() / values.len() as f64)
}

/// The standard deviation with divisor n - 1.
fn deviation(values: impl Iterator<Item = Option<f64>> + Clone) -> Option<f64> {
    let mean = mean(values.clone())?;
    let squares: Vec<f64> = values.flatten().map(|it| (it - mean).powi(2)).collect();
    let others = squares.len().checked_sub(1).filter(|others| *others > 0)?;
    Some((squares.iter().sum::<f64>() / others as f64).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::{Anchor, Fault};

    fn study(last: Option<f64>, seen: Option<bool>, anchor: Anchor) -> Damage {
        let cells = Fault::ALL.map(|fault| Cell {
            fault,
            damage: [Some(0.0), Some(0.0), Some(0.0), Some(0.5), last],
            deviation: [None; 5],
            monotone: last.is_some(),
            seen_at_1: seen,
        });
        Damage {
            rows: vec![Row {
                metric: "lpips".to_owned(),
                higher_is_better: false,
                clean: 0.25,
                shuffled: last,
                uniform: None,
                range: Some(1.0),
                anchor: Some(anchor),
                cells: cells.to_vec(),
            }],
        }
    }

    #[test]
    fn means_and_deviations_are_those_of_a_hand_count() {
        let damage = Damage::over(&[
            study(Some(1.0), Some(true), Anchor::Static),
            study(Some(2.0), Some(true), Anchor::Static),
            study(Some(6.0), Some(false), Anchor::Shuffled),
        ]);
        let row = &damage.rows[0];
        let cell = &row.cells[0];
        assert!((cell.damage[4].unwrap() - 3.0).abs() < 1e-12);
        // Distances 2, 1 and 3 from the mean: the variance is 14 / 2.
        assert!((cell.deviation[4].unwrap() - 7.0_f64.sqrt()).abs() < 1e-12);
        assert_eq!(cell.deviation[3], Some(0.0));
        assert_eq!((cell.monotone, cell.seen_at_1), (true, Some(false)));
        assert!((row.shuffled.unwrap() - 3.0).abs() < 1e-12);
        assert_eq!((row.uniform, row.anchor, row.clean), (None, None, 0.25));
    }

    #[test]
    fn a_seed_without_a_value_leaves_none() {
        let damage = Damage::over(&[
            study(Some(1.0), Some(true), Anchor::Static),
            study(None, None, Anchor::Static),
        ]);
        let cell = &damage.rows[0].cells[0];
        assert_eq!((cell.damage[4], cell.deviation[4]), (None, None));
        assert_eq!((cell.monotone, cell.seen_at_1), (false, None));
        assert_eq!(damage.rows[0].anchor, Some(Anchor::Static));
        assert!(Damage::over(&[]).rows.is_empty());
    }

    #[test]
    fn one_study_is_its_own_mean() {
        let one = study(Some(1.0), None, Anchor::Static);
        assert_eq!(Damage::over(std::slice::from_ref(&one)), one);
    }
}
