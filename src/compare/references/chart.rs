//! References as a picture: a panel per grouping, referents found with their intervals.

use super::{GroupResult, Grouping, References};
use crate::table::Svg;

/// Plot area of a panel.
const PLOT: [f64; 2] = [250.0, 200.0];
/// A panel with its title and ticks.
const PANEL: [f64; 2] = [320.0, 280.0];
/// Plot area's place in its panel.
const INSET: [f64; 2] = [48.0, 30.0];
/// Above the panels.
const TOP: f64 = 70.0;
/// Below the panels.
const BOTTOM: f64 = 14.0;

const TICK: &str = "font-size=\"10.5\" fill=\"#666\" text-anchor=\"middle\"";

/// What is drawn of a group: its name, its colour, and how far from the middle of its place it is drawn.
type Series = (
    &'static str,
    &'static str,
    f64,
    fn(&GroupResult) -> super::Measured,
);

const SERIES: [Series; 2] = [
    ("referents found", "#c1121f", -5.0, |group| {
        group.referent_found
    }),
    ("Char-Acc", "#2a6f97", 5.0, |group| group.char_acc),
];

/// An SVG of a run's references: percentages by pronoun, distance and candidates, with 95 % intervals.
#[must_use]
pub fn chart(references: &References) -> String {
    let panels = [Grouping::Pronoun, Grouping::Distance, Grouping::Candidates];
    let size = [PANEL[0] * panels.len() as f64, TOP + PANEL[1] + BOTTOM];
    let mut svg = Svg::new(size, "How references are resolved");
    let heading = format!("References of {} ({})", references.model, references.text);
    svg.text(
        [16.0, 26.0],
        "font-size=\"16\" font-weight=\"bold\"",
        &heading,
    );
    let mut left = 16.0;
    for (name, colour, ..) in SERIES {
        svg.line(&format!(
            "<circle cx=\"{:.1}\" cy=\"42.0\" r=\"4\" fill=\"{colour}\"/>",
            left + 4.0
        ));
        svg.text([left + 13.0, 46.0], "fill=\"#555\"", &format!("{name} %"));
        left += 130.0;
    }
    let style = "fill=\"#555\"";
    svg.text(
        [left, 46.0],
        style,
        "with 95 % intervals over stories; below each group its references",
    );
    for (at, by) in panels.into_iter().enumerate() {
        let groups: Vec<&GroupResult> = references.groups.iter().filter(|it| it.by == by).collect();
        panel(&mut svg, by, &groups, PANEL[0] * at as f64);
    }
    svg.finish()
}

fn panel(svg: &mut Svg, by: Grouping, groups: &[&GroupResult], corner: f64) {
    let (left, top) = (corner + INSET[0], TOP + INSET[1]);
    let y = |value: f64| top + PLOT[1] * (1.0 - value.clamp(0.0, 100.0) / 100.0);
    let title = by.title().split(':').next().unwrap_or_default();
    svg.text(
        [left, TOP + 18.0],
        "font-size=\"14\" font-weight=\"bold\"",
        title,
    );
    for value in [0.0, 25.0, 50.0, 75.0, 100.0] {
        svg.line(&format!(
            "<path d=\"M{left:.1} {:.1}h{}\" stroke=\"#e3e3e6\"/>",
            y(value),
            PLOT[0]
        ));
        let style = "font-size=\"10.5\" fill=\"#666\" text-anchor=\"end\"";
        svg.text([left - 6.0, y(value) + 3.5], style, &value.to_string());
    }
    let step = PLOT[0] / groups.len().max(1) as f64;
    for (at, group) in groups.iter().enumerate() {
        let x = left + step * (at as f64 + 0.5);
        svg.text([x, top + PLOT[1] + 15.0], TICK, &group.group);
        let count = format!("n {}", group.references);
        svg.text([x, top + PLOT[1] + 28.0], TICK, &count);
        for (_, colour, shift, of) in SERIES {
            let measured = of(group);
            let x = x + shift;
            if let Some([low, high]) = measured.interval {
                svg.line(&format!(
                    "<path d=\"M{x:.1} {:.1}V{:.1}\" stroke=\"{colour}\" stroke-width=\"1.5\"/>",
                    y(low),
                    y(high)
                ));
            }
            if let Some(value) = measured.value {
                svg.line(&format!(
                    "<circle cx=\"{x:.1}\" cy=\"{:.1}\" r=\"3.5\" fill=\"{colour}\"/>",
                    y(value)
                ));
            }
        }
    }
}
