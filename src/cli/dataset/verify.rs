//! `storyeval dataset verify`: the health of a data set.

use crate::cli::Outcome;
use crate::cli::common::CacheArguments;
use crate::cli::data::{DataArguments, NamedDataset};
use crate::cli::failure::Failure;
use crate::cli::format::Format;
use crate::cli::talk::{Screen, SharedMeter, print, print_json, say};
use clap::Args;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use storyeval::card::{self, Layout};
use storyeval::dataset::{ALL_SPLITS, DatasetError, OpenOptions};
use storyeval::pipeline::to_open;
use storyeval::table::{self, Block, Cell, Column, Document, Line, Row, Table};
use storyeval::verify::{Content, Journal, Report, Severity, Verified};

#[derive(Clone, Debug, Args)]
pub(crate) struct VerifyArguments {
    #[command(flatten)]
    dataset: NamedDataset,
    /// Folder of the data set, or its file
    #[arg(long, value_name = "DIR", env = "STORYEVAL_DATA_DIR")]
    data: Option<PathBuf>,
    /// Layout of the data set [default: found out]
    #[arg(long, value_enum, value_name = "LAYOUT", hide_possible_values = true)]
    data_layout: Option<Layout>,
    /// Split whose clips are checked, or `all`. What splits share is only found with all of them
    #[arg(long, default_value = ALL_SPLITS)]
    split: String,
    /// Frames a story [default: the data set's]
    #[arg(long, value_name = "N")]
    story_length: Option<NonZeroUsize>,
    /// Let warnings fail too
    #[arg(long)]
    strict: bool,
    /// Check every file again, also those that did not change since the last time
    #[arg(long)]
    fresh: bool,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    cache: CacheArguments,
}

/// Verifies and prints. An unsound data set is printed all the same.
pub(super) fn verify(arguments: &VerifyArguments) -> Outcome {
    let card = card::dataset(arguments.dataset.name())?;
    let data = DataArguments {
        data: arguments.data.clone(),
        data_layout: arguments.data_layout,
        split: Some(arguments.split.clone()),
        story_length: arguments.story_length,
        subset: None,
    };
    let choice = data
        .request()
        .choose_alone(arguments.dataset.name(), &card)?;
    let cache = arguments.cache.folder();
    let options = to_open(card, &choice, &cache, Screen::new().control())?;
    let report = look(arguments, &options)?;
    match arguments.format {
        Format::Json => {
            print_json(&report)?;
        }
        Format::Text => print(&document(&report).render(table::Format::Markdown)?)?,
    }
    if report.sound(arguments.strict) {
        return Ok(());
    }
    Err(DatasetError::Unsound {
        dataset: report.dataset.clone(),
        folder: report.folder.clone(),
        errors: report.count(Severity::Error),
        warnings: if arguments.strict {
            report.count(Severity::Warning)
        } else {
            0
        },
    }
    .into())
}

/// The pass, with a meter and the journal of earlier ones.
fn look(arguments: &VerifyArguments, options: &OpenOptions) -> Result<Report, Failure> {
    let path = Journal::path_in(&arguments.cache.folder(), &options.card.id, &options.folder);
    let journal = Journal::open(&path, arguments.fresh);
    let journal = journal.map_err(|error| no_journal(&path, &error)).ok();
    let meter = SharedMeter::new("verifying");
    let verified = storyeval::verify::verify(options, journal.as_ref(), &|done, all| {
        meter.at(done, all);
    });
    meter.finish();
    if let Some(Err(error)) = journal.map(Journal::finish) {
        no_journal(&path, &error);
    }
    let Verified { report, known } = verified?;
    if known > 0 {
        say(&format!(
            "{known} of {} clips have not changed since they were last checked ({}); `--fresh` checks them again",
            report.clips,
            path.display()
        ));
    }
    Ok(report)
}

fn no_journal(path: &std::path::Path, error: &std::io::Error) {
    say(&format!(
        "warning: {} cannot be kept ({error}); the next pass will check every file again",
        path.display()
    ));
}

/// The report as tables.
fn document(report: &Report) -> Document {
    let mut document = Document::default();
    let layout = report.layout.unwrap_or("not found out");
    document.blocks.push(Block::Heading(format!(
        "{} ({}), layout {layout}, {}",
        report.name,
        report.dataset,
        report.folder.display()
    )));
    if !report.splits.is_empty() {
        document.blocks.push(Block::Table(splits(report)));
    }
    if !report.findings.is_empty() {
        document.blocks.push(Block::Table(findings(report)));
    }
    let mut hints: Vec<String> = Vec::new();
    for finding in &report.findings {
        let hint = format!("{}: {}", finding.kind, finding.hint.replace('`', ""));
        if finding.severity != Severity::Note && !hints.contains(&hint) {
            hints.push(hint);
        }
    }
    document.note("What to do", hints.into_iter().map(Line::Prose).collect());
    document.note("Result", result(report));
    document
}

fn splits(report: &Report) -> Table {
    let rows = report.splits.iter().map(|(name, split)| {
        Row::Cells(vec![
            Cell::new(name),
            Cell::new(format!("{} {}", split.found, split.lists)),
            split
                .expected
                .map_or_else(Cell::absent, |size| Cell::new(size.to_string())),
            Cell::new(split.stories.to_string()),
            Cell::new(split.clips.to_string()),
        ])
    });
    Table {
        title: None,
        columns: vec![
            Column::text("split"),
            Column::number("lists", None),
            Column::number("on the card", None),
            Column::number("stories", None),
            Column::number("different clips", None),
        ],
        rows: rows.collect(),
    }
}

fn findings(report: &Report) -> Table {
    let rows = report.findings.iter().map(|finding| {
        let split = finding.split.as_deref();
        Row::Cells(vec![
            Cell::new(finding.severity.to_string()),
            Cell::new(finding.kind.to_string()),
            split.map_or_else(Cell::absent, Cell::new),
            Cell::new(finding.count.to_string()),
            // Markdown would show the marks of code, not the code.
            Cell::new(finding.message.replace('`', "")),
            finding
                .examples
                .first()
                .map_or_else(Cell::absent, Cell::new),
        ])
    });
    Table {
        title: None,
        columns: vec![
            Column::text("severity"),
            Column::text("finding"),
            Column::text("split"),
            Column::number("count", None),
            Column::text("what"),
            Column::text("for example"),
        ],
        rows: rows.collect(),
    }
}

fn result(report: &Report) -> Vec<Line> {
    let mut lines = vec![format!(
        "{}: {} kinds of error, {} of warning, {} of note; {} frames of {} clips decoded.",
        if report.passed { "passed" } else { "failed" },
        report.count(Severity::Error),
        report.count(Severity::Warning),
        report.count(Severity::Note),
        report.frames,
        report.clips
    )];
    if let Some(Content {
        split,
        sha256,
        signature,
    }) = &report.content
    {
        lines.push(format!(
            "Scores on split {split} are signed {signature}. To pin this content, write on the card: content_sha256 = \"{sha256}\""
        ));
    }
    lines.into_iter().map(Line::Prose).collect()
}
