//! The statistics of a data set as tables to read.

use crate::dataset::PRONOUNS;
use crate::dataset::stats::{Histogram, LabelStatistics, ReferenceStatistics, Spread, Statistics};
use crate::paper::Printed;
use crate::table::{Block, Cell, Column, Document, Line, Table};

/// Labels that a table shows, the most frequent ones; JSON has all.
const SHOWN: usize = 20;

/// Everything, as tables with notes; `figures` are those that a paper prints of the data set.
#[must_use]
pub fn statistics(title: String, statistics: &Statistics, figures: &[Printed]) -> Document {
    let mut document = Document::default();
    let mut table = |table: Table| document.blocks.push(Block::Table(table));
    table(sizes(statistics));
    table(references(statistics));
    table(pronouns(statistics));
    if !figures.is_empty() {
        table(published(figures));
    }
    table(histogram(
        "Characters a frame",
        "characters",
        "frames",
        &statistics.characters.per_frame,
    ));
    table(labels("Characters", &statistics.characters));
    table(histogram(
        "Re-appearance: frames since a character was last seen",
        "distance",
        "times",
        &statistics.reappearance.distance,
    ));
    if !statistics.backgrounds.each.is_empty() {
        table(labels("Backgrounds", &statistics.backgrounds));
    }
    document.blocks.insert(0, Block::Heading(title));
    document.note("Notes", notes(statistics));
    document
}

fn grid(title: &str, columns: &[&str], rows: impl IntoIterator<Item = Vec<Cell>>) -> Table {
    let (first, numbers) = columns.split_first().unwrap_or((&"", &[]));
    let numbers = numbers.iter().map(|name| Column::number(*name, None));
    let columns = std::iter::once(Column::text(*first)).chain(numbers);
    Table::of(columns.collect(), rows).titled(title)
}

fn decimal(number: Option<f64>) -> Cell {
    number.map(|number| format!("{number:.2}")).into()
}

fn sizes(statistics: &Statistics) -> Table {
    let count = |name: &str, number: usize| vec![name.into(), number.into()];
    let mut rows = vec![
        count("stories", statistics.stories),
        count("frames", statistics.frames),
        count("distinct clips", statistics.clips),
    ];
    if let Some(words) = statistics.caption_words {
        let Spread {
            mean,
            min,
            q25,
            median,
            q75,
            max,
            ..
        } = words;
        rows.push(vec![
            "words per caption, mean".into(),
            Cell::new(format!("{mean:.2}")),
        ]);
        rows.push(vec![
            "words per caption, min / quartiles / max".into(),
            Cell::new(format!("{min} / {q25} {median} {q75} / {max}")),
        ]);
    }
    let introductions = statistics.reappearance.introductions;
    rows.push(count("characters introduced in a story", introductions));
    grid("Size", &["what", "count"], rows)
}

/// The original first, then the variants by name.
fn texts(statistics: &Statistics) -> Vec<(&str, &ReferenceStatistics)> {
    let variants = statistics.variants.iter();
    std::iter::once(("original", &statistics.original))
        .chain(variants.map(|(name, found)| (*name, found)))
        .collect()
}

fn references(statistics: &Statistics) -> Table {
    let row = |(name, found): (&str, &ReferenceStatistics)| {
        vec![
            name.into(),
            found.stories.into(),
            found.crashed.into(),
            decimal(found.refs_true),
            decimal(found.refs_compat),
            found.replaced_frames.into(),
            found.carried_over_frames.into(),
            found.flagged_frames.into(),
        ]
    };
    let columns = [
        "text",
        "stories",
        "crashed",
        "refs_true",
        "refs_compat",
        "frames replaced",
        "carried over",
        "flagged",
    ];
    let rows = texts(statistics).into_iter().map(row);
    grid("References a story", &columns, rows)
}

fn pronouns(statistics: &Statistics) -> Table {
    let texts = texts(statistics);
    let columns: Vec<&str> = std::iter::once("pronoun")
        .chain(texts.iter().map(|(name, _)| *name))
        .collect();
    let rows = PRONOUNS.iter().map(|pronoun| {
        let counts = texts
            .iter()
            .map(|(_, found)| found.pronouns.get(pronoun).copied().unwrap_or(0).into());
        std::iter::once(Cell::from(*pronoun))
            .chain(counts)
            .collect()
    });
    grid("Pronouns in all captions", &columns, rows)
}

fn published(figures: &[Printed]) -> Table {
    let rows = figures.iter().map(|figure| {
        let counted = match figure.counted {
            Some(number) if number.fract() == 0.0 => Cell::new(format!("{number:.0}")),
            other => decimal(other),
        };
        vec![
            Cell::new(format!("{}: {}", figure.row, figure.heading)),
            Cell::new(&figure.published),
            counted,
            Cell::new(format!("{}, {}", figure.figure, figure.counted_in)),
        ]
    });
    let table = figures.first().map_or("", |figure| figure.table.as_str());
    grid(
        &format!("Published ({table}) and counted here"),
        &["figure", "published", "here", "what is counted here"],
        rows,
    )
}

fn histogram(title: &str, number: &str, times: &str, of: &Histogram) -> Table {
    let share = |count: usize| Cell::new(format!("{:.1} %", 100.0 * count as f64 / of.n as f64));
    let mut rows: Vec<Vec<Cell>> = of
        .counts
        .iter()
        .map(|(number, count)| vec![(*number).into(), (*count).into(), share(*count)])
        .collect();
    rows.push(vec!["mean".into(), decimal(of.mean), Cell::absent()]);
    grid(title, &[number, times, "share"], rows)
}

fn labels(title: &str, labels: &LabelStatistics) -> Table {
    let mut shown: Vec<_> = labels.each.iter().collect();
    let title = if shown.len() > SHOWN {
        shown.sort_by_key(|one| std::cmp::Reverse(one.frames));
        shown.truncate(SHOWN);
        format!(
            "{title}: the {SHOWN} most frequent of {}",
            labels.each.len()
        )
    } else {
        title.to_owned()
    };
    let rows = shown.into_iter().map(|one| {
        vec![
            Cell::new(&one.name),
            one.frames.into(),
            one.clips.into(),
            one.stories.into(),
        ]
    });
    let columns = ["name", "frames", "clips", "stories"];
    grid(&title, &columns, rows)
}

fn notes(statistics: &Statistics) -> Vec<Line> {
    let mut lines = vec![
        "refs_true counts pronouns as whole words. refs_compat counts as Make-A-Story's released loop does: letters \"he\" anywhere, also in \"the\", and replaced frames twice. They are different things; docs/referential.md defines both.".to_owned(),
        "Stories are windows that overlap. Frames count a clip once a story, clips count it once.".to_owned(),
    ];
    if !statistics.variants_not_defined.is_empty() {
        lines.push(format!(
            "No released code makes this text of this data set: {}.",
            statistics.variants_not_defined.join(", ")
        ));
    }
    if statistics.variants.values().any(|found| found.crashed > 0) {
        lines.push(
            "Numbers of a text are over the stories that have it; on the crashed ones the code that defines it stops with an exception."
                .to_owned(),
        );
    }
    lines.into_iter().map(Line::Prose).collect()
}
