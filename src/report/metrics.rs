//! What `storyeval ls metrics` and docs/metrics.md list.

use crate::metric::{METRICS, Metric, Slices};
use crate::record::Role;
use crate::table::{Cell, Column, Direction, Document, Table};
use serde_json::Value;

/// Properties of a metric, in the order of columns.
const PROPERTIES: [&str; 6] = ["id", "name", "unit", "better", "slices", "evaluators"];

/// Every metric of runs, one row each.
#[must_use]
pub fn metrics() -> Document {
    let row = |metric| properties(metric).map(Cell::new).to_vec();
    let columns = PROPERTIES.map(Column::text).to_vec();
    Table::of(columns, METRICS.iter().map(row)).into()
}

/// The same as a JSON array of objects.
#[must_use]
pub fn metrics_json() -> Value {
    let object = |metric| -> Value {
        let cells = properties(metric).into_iter().map(Value::from);
        Value::Object(
            PROPERTIES
                .map(str::to_owned)
                .into_iter()
                .zip(cells)
                .collect(),
        )
    };
    METRICS.iter().map(object).collect()
}

fn properties(metric: &Metric) -> [String; 6] {
    let unit = metric.unit.name();
    let slices = match metric.slices {
        Slices::All => "all",
        Slices::Frames => "all, pronouns, positions",
        Slices::Characters => "all, pronouns, positions, characters",
    };
    let roles: Vec<String> = metric.family.roles.iter().map(Role::to_string).collect();
    let better = match Direction::of(metric.higher_is_better) {
        Direction::Up => "higher",
        Direction::Down => "lower",
    };
    let roles = roles.join(", ");
    [metric.id, metric.name, unit, better, slices, &roles].map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Format;

    #[test]
    fn the_page_lists_what_the_program_computes() {
        let page = include_str!("../../docs/metrics.md");
        let list = metrics().render(Format::Markdown).unwrap();
        assert!(page.contains(&list), "docs/metrics.md lacks:\n{list}");
    }
}
