//! A comparison as people read it.

use super::finding::Finding;
use super::stories::ChangedStory;
use super::study::{Against, Study, family};
use super::text::{amount, p_value, percent_points, plainly};
use crate::stats::{LEVEL, POWER};
use crate::table::{Block, Cell, Column, Document, Line, Row, Table};

/// Titles of the tables, by family.
const TITLES: [&str; 5] = [
    "all frames",
    "with and without pronouns",
    "by character",
    "by position in the story",
    "by length of the story",
];

/// Characters of a story's captions that a text shows at most; JSON has them whole.
const CAPTIONS: usize = 80;

impl Study {
    /// What is printed: for each candidate the tables and the stories that changed most; last the verdicts.
    #[must_use]
    pub fn document(&self) -> Document {
        let mut document = Document::default();
        for against in &self.candidates {
            let heading = format!("{} against {}", against.candidate, self.base);
            document.blocks.push(Block::Heading(heading));
            for (number, title) in TITLES.iter().enumerate() {
                let of_family = |finding: &&Finding| family(&finding.slice) == number;
                let findings: Vec<&Finding> = against.findings.iter().filter(of_family).collect();
                if !findings.is_empty() {
                    document
                        .blocks
                        .push(Block::Table(table(title, number, &findings)));
                }
            }
            if let Some(seeds) = seeds(against) {
                document.blocks.push(Block::Table(seeds));
            }
            if !against.changed.is_empty() {
                document
                    .blocks
                    .push(Block::Table(changed(&against.changed)));
            }
            let remarks = remarks(against).into_iter().map(Line::Prose).collect();
            document.note("Notes", remarks);
        }
        document.blocks.push(Block::Text(self.method()));
        let notes = self.notes.iter().cloned().map(Line::Prose).collect();
        document.note("About these runs", notes);
        let signatures = self
            .signatures
            .iter()
            .cloned()
            .map(Line::Signature)
            .collect();
        document.note("Signatures", signatures);
        for against in &self.candidates {
            let verdict = format!("Verdict: {}", against.verdict.sentence);
            document.blocks.push(Block::Text(verdict));
        }
        document
    }

    /// How it was done, in a paragraph.
    fn method(&self) -> String {
        format!(
            "{} frames of {} stories are in every run, and everything is paired by story. Difference: candidate minus base, with \
             a 95 % interval over stories. p: two-sided. Interval and p are of one Student's t, on what the difference is without each \
             story in turn, so that p is below 0.05 where the interval leaves out 0; where the difference has no standard error, whole \
             stories are swapped between the two for p ({} arrangements, seed {}). p (Holm): over all tests of the table's kind, \
             candidates included; the verdict is of all frames. Effect: difference in standard deviations of its stories. \
             Detectable: the smallest true difference that a single test of this size finds with {:.0} % power at {:.0} %.",
            self.frames,
            self.stories,
            self.resamples,
            self.seed,
            100.0 * POWER,
            100.0 * LEVEL,
        )
    }
}

fn table(title: &str, number: usize, findings: &[&Finding]) -> Table {
    let mut columns = vec![Column::text("metric")];
    for name in [
        "base",
        "candidate",
        "difference",
        "p",
        "p (Holm)",
        "effect",
        "detectable",
        "stories",
    ] {
        columns.push(Column::number(name, None));
    }
    let mut rows = Vec::new();
    let mut slice = None;
    for finding in findings {
        if number > 0 && slice != Some(&finding.slice) {
            slice = Some(&finding.slice);
            rows.push(Row::Group(finding.slice.clone()));
        }
        rows.push(Row::Cells(row(finding)));
    }
    Table {
        title: Some(title.to_owned()),
        columns,
        rows,
    }
}

fn row(finding: &Finding) -> Vec<Cell> {
    let about = finding.about();
    let arrow = if finding.higher_is_better {
        "↑"
    } else {
        "↓"
    };
    let number = |value: Option<f64>, signed| -> Cell {
        value
            .map(|value| amount(value, about.decimals, signed))
            .into()
    };
    let plain =
        |value: Option<f64>| -> Cell { value.map(|value| plainly(value, about.decimals)).into() };
    let p = |p: Option<f64>| -> Cell { p.map(p_value).into() };
    let mut difference = number(finding.difference, true);
    difference.interval = finding
        .interval
        .map(|ends| ends.map(|end| amount(end, about.decimals, true)));
    difference.best = finding.significant().is_some();
    vec![
        Cell::new(format!("{} {arrow}", about.name)),
        plain(finding.base),
        plain(finding.candidate),
        difference,
        p(finding.p),
        p(finding.p_holm),
        finding
            .effect
            .map_or_else(Cell::absent, |effect| Cell::new(format!("{effect:+.2}"))),
        number(finding.detectable, false),
        Cell::new(finding.stories.to_string()),
    ]
}

/// Where the uncertainty comes from, where a side has several seeds.
fn seeds(against: &Against) -> Option<Table> {
    let rows: Vec<Row> = against
        .findings
        .iter()
        .filter(|finding| finding.slice == "all")
        .filter_map(|finding| {
            let part = finding.seeds.as_ref()?;
            let about = finding.about();
            let deviation = |side: usize| match part.deviation[side] {
                Some(value) => Cell::new(format!(
                    "{} ({} df)",
                    amount(value, about.decimals, false),
                    part.freedom[side]
                )),
                None => Cell::absent(),
            };
            Some(Row::Cells(vec![
                Cell::new(about.name),
                deviation(0),
                deviation(1),
                Cell::new(
                    finding
                        .error
                        .map_or_else(String::new, |error| amount(error, about.decimals, false)),
                ),
                Cell::new(amount(part.error, about.decimals, false)),
                Cell::new(format!("{:.0} %", 100.0 * part.share)),
                Cell::new(format!("{:.0} %", 100.0 * (1.0 - part.share))),
            ]))
        })
        .collect();
    let mut columns = vec![Column::text("metric")];
    for name in [
        "sd over seeds, base",
        "sd over seeds, candidate",
        "error over stories",
        "error in all",
        "variance from seeds",
        "variance from stories",
    ] {
        columns.push(Column::number(name, None));
    }
    (!rows.is_empty()).then(|| Table {
        title: Some("where the uncertainty of the difference comes from".to_owned()),
        columns,
        rows,
    })
}

fn changed(stories: &[ChangedStory]) -> Table {
    let row = |story: &ChangedStory| {
        let metrics: Vec<String> = story
            .metrics
            .iter()
            .map(|(metric, moved)| format!("{metric} {moved:+.1}"))
            .collect();
        let captions = story.captions.iter().enumerate();
        let captions: Vec<String> = captions
            .map(|(at, text)| format!("{}. {text}", at + 1))
            .collect();
        Row::Cells(vec![
            Cell::new(&story.story),
            Cell::new(format!("{:+.1}", story.change)),
            Cell::new(metrics.join(", ")),
            Cell::new(captions.join(" ")),
        ])
    };
    let (better, worse): (Vec<_>, Vec<_>) = stories.iter().partition(|story| story.change > 0.0);
    let mut rows = Vec::new();
    for (name, stories) in [("better", better), ("worse", worse)] {
        if !stories.is_empty() {
            rows.push(Row::Group(name.to_owned()));
            rows.extend(stories.into_iter().map(row));
        }
    }
    Table {
        title: Some("stories that changed most (in standard deviations over stories)".to_owned()),
        columns: vec![
            Column::text("story"),
            Column::number("change", None),
            Column::text("most in"),
            Column {
                at_most: Some(CAPTIONS),
                ..Column::text("captions")
            },
        ],
        rows,
    }
}

/// What findings say of themselves; the same words of several are put together.
fn remarks(against: &Against) -> Vec<String> {
    let mut lines: Vec<(&String, Vec<String>)> = Vec::new();
    for finding in &against.findings {
        for remark in &finding.remarks {
            let name = format!("{} on {}", finding.metric, finding.slice);
            match lines.iter_mut().find(|(known, _)| *known == remark) {
                Some((_, names)) => names.push(name),
                None => lines.push((remark, vec![name])),
            }
        }
    }
    let mut lines: Vec<String> = lines
        .into_iter()
        .map(|(remark, names)| format!("{}: {remark}", names.join(", ")))
        .collect();
    if against
        .findings
        .iter()
        .any(|f| !percent_points(f.unit).is_empty() && f.difference.is_some())
    {
        lines.push("differences of percentages are in points".to_owned());
    }
    lines
}
