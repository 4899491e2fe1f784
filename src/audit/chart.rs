//! The study as a picture: a panel a fault, a line a metric.

use super::{Damage, Fault, Row};
use crate::metric::{Audit, ChartLine, METRICS};
use crate::table::Svg;

/// Metrics with a line of their own: metrics that nearly always go together have one line between them, because
/// more than a dozen lines cannot be told apart.
fn lines() -> impl Iterator<Item = (&'static str, ChartLine)> {
    METRICS.iter().filter_map(|metric| match metric.audit {
        Audit::Drawn(line) => Some((metric.id, line)),
        Audit::Left | Audit::Compared => None,
    })
}
const COLUMNS: usize = 3;
/// Plot area of a panel.
const PLOT: [f64; 2] = [210.0, 220.0];
/// A panel with its title, ticks and line labels.
const PANEL: [f64; 2] = [385.0, 310.0];
/// Plot area's place in its panel.
const INSET: [f64; 2] = [44.0, 42.0];
/// Above the panels.
const TOP: f64 = 76.0;
/// Between labels at the ends of lines.
const LABEL_HEIGHT: f64 = 12.5;
/// Damage beyond these is drawn at the edge.
const MOST: [f64; 2] = [-1.5, 1.5];

/// An SVG of the damage over strength, small multiples on one scale. `captions` stand above it.
#[must_use]
pub fn chart(damage: &Damage, captions: [&str; 2]) -> String {
    let rows = Fault::ALL.len().div_ceil(COLUMNS);
    let (width, height) = (PANEL[0] * COLUMNS as f64, TOP + PANEL[1] * rows as f64);
    let span = span(damage);
    let mut svg = Svg::new(
        [width, height],
        "Damage of each metric by fault and strength",
    );
    svg.text(
        [16.0, 26.0],
        "font-size=\"16\" font-weight=\"bold\"",
        "Which metric sees which fault",
    );
    for (line, caption) in captions.into_iter().enumerate() {
        let y = 45.0 + 16.0 * line as f64;
        svg.text([16.0, y], "fill=\"#555\"", caption);
    }
    for (index, fault) in Fault::ALL.into_iter().enumerate() {
        let corner = [
            PANEL[0] * (index % COLUMNS) as f64,
            TOP + PANEL[1] * (index / COLUMNS) as f64,
        ];
        panel(&mut svg, damage, fault, index, corner, span);
    }
    svg.finish()
}

/// Lowest and highest damage of any line, with 0 and 1, on a grid of quarters.
fn span(damage: &Damage) -> [f64; 2] {
    let values = lines().filter_map(|(metric, _)| find(damage, metric));
    let values = values
        .flat_map(|row| row.cells.iter().flat_map(|cell| cell.damage))
        .flatten();
    let [low, high] = values.fold([0.0_f64, 1.0_f64], |[low, high], value| {
        [low.min(value), high.max(value)]
    });
    let on_grid = [(low * 4.0).floor() / 4.0, (high * 4.0).ceil() / 4.0];
    [on_grid[0].max(MOST[0]), on_grid[1].min(MOST[1])]
}

fn find<'a>(damage: &'a Damage, metric: &str) -> Option<&'a Row> {
    damage.rows.iter().find(|row| row.metric == metric)
}

fn panel(
    svg: &mut Svg,
    damage: &Damage,
    fault: Fault,
    index: usize,
    corner: [f64; 2],
    span: [f64; 2],
) {
    let left = corner[0] + INSET[0];
    let top = corner[1] + INSET[1];
    let x = |level: usize| left + PLOT[0] * level as f64 / 5.0;
    let y = |value: f64| {
        let value = value.clamp(span[0], span[1]);
        top + PLOT[1] * (span[1] - value) / (span[1] - span[0])
    };
    svg.text(
        [left, corner[1] + 18.0],
        "font-size=\"14\" font-weight=\"bold\"",
        fault.id(),
    );
    let scale = fault.scale();
    svg.text(
        [left, corner[1] + 34.0],
        "font-size=\"10.5\" fill=\"#666\"",
        &scale,
    );
    grid(svg, index, [left, top], span, &x, &y);
    let mut labels = Vec::new();
    for (metric, ChartLine { colour, dashes }) in lines() {
        let Some(row) = find(damage, metric) else {
            continue;
        };
        let Some(cell) = row.cells.iter().find(|cell| cell.fault == fault) else {
            continue;
        };
        let points: Vec<(usize, f64)> = std::iter::once((0, 0.0))
            .chain(
                cell.damage
                    .iter()
                    .enumerate()
                    .filter_map(|(i, d)| Some((i + 1, (*d)?))),
            )
            .collect();
        let path: Vec<String> = points
            .iter()
            .map(|(level, value)| format!("{:.1},{:.1}", x(*level), y(*value)))
            .collect();
        let dash = if dashes.is_empty() {
            String::new()
        } else {
            format!(" stroke-dasharray=\"{dashes}\"")
        };
        svg.line(&format!("<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.8\"{dash}/>",
            path.join(" ")
        ));
        if let Some((level, value)) = points.last() {
            labels.push((y(*value), x(*level), *value, metric, colour));
        }
    }
    ends(svg, labels, left + PLOT[0], top);
}

/// Grid lines and ticks; the scale's name on the first panel of a row.
fn grid(
    svg: &mut Svg,
    index: usize,
    [left, top]: [f64; 2],
    span: [f64; 2],
    x: &impl Fn(usize) -> f64,
    y: &impl Fn(f64) -> f64,
) {
    let quarters = [span[0], span[1]].map(|value| (value * 4.0).round() as i32);
    for quarter in quarters[0]..=quarters[1] {
        if quarter % 2 != 0 {
            continue;
        }
        let value = f64::from(quarter) / 4.0;
        let colour = if quarter == 0 { "#777" } else { "#e3e3e6" };
        svg.line(&format!(
            "<path d=\"M{left:.1} {0:.1}h{1}\" stroke=\"{colour}\"/>",
            y(value),
            PLOT[0]
        ));
        let style = "font-size=\"10.5\" fill=\"#666\" text-anchor=\"end\"";
        svg.text([left - 6.0, y(value) + 3.5], style, &format!("{value}"));
    }
    for level in 0..=5 {
        let style = "font-size=\"10.5\" fill=\"#666\" text-anchor=\"middle\"";
        svg.text([x(level), top + PLOT[1] + 15.0], style, &level.to_string());
    }
    let style = "font-size=\"10.5\" fill=\"#666\" text-anchor=\"middle\"";
    svg.text(
        [left + PLOT[0] / 2.0, top + PLOT[1] + 30.0],
        style,
        "strength",
    );
    if index.is_multiple_of(COLUMNS) {
        let (x, y) = (left - 32.0, top + PLOT[1] / 2.0);
        let turned = format!("{style} transform=\"rotate(-90 {x:.1} {y:.1})\"");
        svg.text([x, y], &turned, "damage");
    }
}

/// Names at the ends of lines, pushed apart where they would overlap.
fn ends(svg: &mut Svg, mut labels: Vec<(f64, f64, f64, &str, &str)>, right: f64, top: f64) {
    labels.sort_by(|first, second| first.0.total_cmp(&second.0));
    let mut places: Vec<f64> = Vec::new();
    let mut free = top - 4.0;
    for label in &labels {
        let place = label.0.max(free);
        places.push(place);
        free = place + LABEL_HEIGHT;
    }
    // What was pushed over the lower edge comes back up.
    let mut free = top + PLOT[1] + LABEL_HEIGHT;
    for place in places.iter_mut().rev() {
        *place = place.min(free);
        free = *place - LABEL_HEIGHT;
    }
    for ((y, x, value, metric, colour), place) in labels.into_iter().zip(places) {
        let elbow = right + 10.0;
        svg.line(&format!("<path d=\"M{x:.1} {y:.1}L{elbow:.1} {place:.1}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"0.7\"/>"
        ));
        let style = format!("font-size=\"10.5\" fill=\"{colour}\"");
        // Rounded away from a minus in front of nothing.
        let shown = (value * 100.0).round() / 100.0 + 0.0;
        let name = format!("{metric} {shown:.2}");
        svg.text([elbow + 3.0, place + 3.5], &style, &name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::Cell;

    fn damage(value: f64) -> Damage {
        let cells = Fault::ALL.map(|fault| Cell {
            fault,
            damage: [1.0, 2.0, 3.0, 4.0, 5.0].map(|level| Some(level * value / 5.0)),
            deviation: [None; 5],
            monotone: true,
            seen_at_1: None,
        });
        let rows = lines().map(|(metric, _)| Row {
            metric: metric.to_owned(),
            higher_is_better: true,
            clean: 0.0,
            shuffled: None,
            uniform: None,
            range: Some(1.0),
            anchor: None,
            cells: cells.to_vec(),
        });
        Damage {
            rows: rows.collect(),
        }
    }

    #[test]
    fn every_fault_has_a_panel_and_every_metric_a_line_in_it() {
        let svg = chart(&damage(0.5), ["minisv <test>", "& more"]);
        assert_eq!(svg.matches("<polyline").count(), 6 * lines().count());
        assert!(svg.contains("minisv &lt;test&gt;"));
        for fault in Fault::ALL {
            assert!(svg.contains(fault.id()));
        }
    }

    #[test]
    fn wild_damage_stays_in_its_panel() {
        for value in [-40.0, 1e300, f64::MIN] {
            let svg = chart(&damage(value), [""; 2]);
            let heights = svg.split("points=\"").skip(1).flat_map(|rest| {
                let points = rest.split('"').next().unwrap().split(' ');
                points.map(|point| point.split_once(',').unwrap().1.parse::<f64>().unwrap())
            });
            let all = TOP..=TOP + 2.0 * PANEL[1];
            assert!(heights.into_iter().all(|height| all.contains(&height)));
        }
    }

    #[test]
    fn labels_do_not_overlap() {
        let svg = chart(&damage(0.0), [""; 2]);
        let mut last = f64::MIN;
        for (metric, _) in lines() {
            let label = format!(">{metric} 0.00<");
            let before = &svg[..svg.find(&label).unwrap()];
            let y = before.rsplit(" y=\"").next().unwrap();
            let y: f64 = y.split('"').next().unwrap().parse().unwrap();
            assert!(
                y >= last + LABEL_HEIGHT - 0.11,
                "{metric} at {y} after {last}"
            );
            last = y;
        }
    }
}
