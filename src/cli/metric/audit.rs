//! `storyeval metric audit`.

use super::answer::Format;
use crate::cli::Outcome;
use crate::cli::common::DeviceArguments;
use crate::cli::data::DataArguments;
use crate::cli::failure::Failure;
use crate::cli::observe::SkipArguments;
use crate::cli::talk::{Screen, print, print_json, say};
use clap::Args;
use serde_json::{Value, json};
use std::path::PathBuf;
use storyeval::audit::{
    Condition, Damage, Extent, Fault, Finding, Row, Strength, Study, chart, listing,
};
use storyeval::dataset::Dataset;
use storyeval::pipeline::{Planned, RunRequest};
use storyeval::record::Seed;
use storyeval::run::write_durably;

/// The definition that goes with every number.
const DEFINITION: &str = "damage = movement towards worse / range; range = distance from the clean value to \
                          the value on shuffled or on static frames, whichever is larger";

/// What the table says besides when there are several seeds.
const SEVERAL: &str =
    "Numbers are means over seeds, ± the standard deviation; marks hold under every seed.\n";

#[derive(Clone, Debug, Args)]
pub(crate) struct AuditArguments {
    /// Data set: an id of `storyeval ls datasets`, or a card's path
    #[arg(long, short, default_value = "minisv")]
    dataset: String,
    /// The first N stories of the split; donors come from all of them
    #[arg(long, value_name = "N", default_value_t = 25)]
    #[arg(value_parser = clap::value_parser!(u32).range(2..))]
    stories: u32,
    /// Protocol: an id of `storyeval ls protocols`, or a card's path
    #[arg(long, short, default_value = "strict")]
    protocol: String,
    #[command(flatten)]
    data: DataArguments,
    /// Seed of every draw; with `--seeds`, the first one
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Number of seeds, from `--seed` on: the table has means and, behind ±, standard deviations
    #[arg(long, value_name = "N", default_value_t = 1)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    seeds: u32,
    /// Folder that receives `audit.csv` (every number) and `audit.svg` (a plot)
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// How to print
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    #[command(flatten)]
    skip: SkipArguments,
    #[command(flatten)]
    device: DeviceArguments,
}

/// Corrupts, observes, scores, compares.
pub(crate) fn audit(arguments: &AuditArguments) -> Outcome {
    let screen = Screen::new();
    // Beside the output, so that it is on a disk with room; the output folder is made now, before minutes
    // of work.
    let place = arguments.out.clone().unwrap_or_else(std::env::temp_dir);
    let mut study = Study::open(&arguments.request(), &place, screen.control())?;
    let seeds: Vec<Seed> = arguments.seeds().into_iter().map(Seed).collect();
    let studies = study.run(&seeds)?;
    let planned = study.planned();
    let each: Vec<Damage> = studies.iter().map(|study| study.damage.clone()).collect();
    let damage = Damage::over(&each);
    let findings = &studies[0].findings;
    if damage.rows.is_empty() {
        return Err(Failure::Arguments {
            what: format!("under {} no metric is left to audit", planned.protocol().id),
            hint: "leave a network out of `--skip`, or take the protocol `strict`".to_owned(),
        });
    }
    let what = format!(
        "{} {}, {} stories, {} frames, protocol {}, {}",
        planned.dataset().card().id,
        planned.subset(),
        planned.stories().len(),
        frames_of(planned),
        planned.protocol().id,
        arguments.seed_words()
    );
    if let Some(out) = &arguments.out {
        write_durably(&out.join("audit.csv"), listing(&studies)?.as_bytes())?;
        write_durably(
            &out.join("audit.svg"),
            chart(&damage, [&what, DEFINITION]).as_bytes(),
        )?;
        say(&format!("audit.csv and audit.svg: {}", out.display()));
    }
    match arguments.format {
        Format::Text => print(&table(&what, findings, &damage)),
        Format::Json => print_json(&answer(planned, findings, &damage, &arguments.seeds())),
    }
}

/// What `--format json` prints.
fn answer(planned: &Planned, findings: &[Finding], damage: &Damage, seeds: &[u64]) -> Value {
    let faults: Vec<_> = Fault::ALL
        .iter()
        .map(|fault| {
            let hit = Strength::ALL.map(|strength| extent(findings, *fault, strength));
            json!({
                "fault": fault,
                "amounts": fault.amounts(),
                "unit": fault.grain(),
                "scale": fault.scale(),
                "extent": hit,
            })
        })
        .collect();
    json!({
        "metric": "audit",
        "dataset": planned.dataset().card().id,
        "dataset_hash": planned.dataset().content_hash(),
        "protocol": planned.protocol().id,
        "subset": planned.subset(),
        "stories": planned.stories().len(),
        "frames": frames_of(planned),
        "seeds": seeds,
        "definition": DEFINITION,
        "faults": faults,
        "rows": damage,
    })
}

fn frames_of(planned: &Planned) -> usize {
    let stories = planned.stories().iter();
    stories.map(|story| story.frames.len()).sum()
}

impl AuditArguments {
    fn request(&self) -> RunRequest {
        RunRequest {
            protocol: self.protocol.clone(),
            data: self.data.request(),
            limit: Some(self.stories as usize),
            skip: self.skip.roles(),
            runtime: self.device.options(),
            ..RunRequest::new(&self.dataset, &[])
        }
    }

    /// Every seed, in order.
    fn seeds(&self) -> Vec<u64> {
        (0..u64::from(self.seeds))
            .map(|more| self.seed.wrapping_add(more))
            .collect()
    }

    /// The seeds, as headlines say them.
    fn seed_words(&self) -> String {
        let seeds = self.seeds();
        match (seeds.first(), seeds.last()) {
            (Some(first), Some(last)) if first != last => {
                format!("mean of seeds {first} to {last}")
            }
            _ => format!("seed {}", self.seed),
        }
    }
}

/// How many frames or stories a fault hit.
fn extent(findings: &[Finding], fault: Fault, strength: Strength) -> Option<Extent> {
    let condition = Condition::Faulty(fault, strength);
    let finding = findings.iter().find(|f| f.condition == condition)?;
    finding.extent
}

/// A Markdown table in columns of even width.
fn table(what: &str, findings: &[Finding], damage: &Damage) -> String {
    use std::fmt::Write;
    let mut lines = vec![vec![
        "metric".to_owned(),
        "clean".to_owned(),
        "shuffled".to_owned(),
        "static".to_owned(),
    ]];
    lines[0].extend(Fault::ALL.map(|fault| fault.to_string()));
    lines.extend(damage.rows.iter().map(line));
    let widths: Vec<usize> = (0..lines[0].len())
        .map(|column| lines.iter().map(|line| line[column].chars().count()).max())
        .map(Option::unwrap_or_default)
        .collect();
    let several = damage
        .rows
        .iter()
        .any(|row| row.cells.iter().any(|cell| cell.deviation[4].is_some()));
    let mut text = format!("{what}\n\n");
    for (row, line) in lines.iter().enumerate() {
        for (cell, width) in line.iter().zip(&widths) {
            let _ = write!(text, "| {cell:<width$} ");
        }
        text.push_str("|\n");
        if row == 0 {
            for width in &widths {
                let _ = write!(text, "|{}", "-".repeat(width + 2));
            }
            text.push_str("|\n");
        }
    }
    let _ = writeln!(
        text,
        "\nA cell is the damage at strength 5: {DEFINITION}.\n\
         Below 0 the fault looks like an improvement. m: from strength 0 to 5 it never turns round.\n\
         1: at strength 1 the interval excludes the clean value.\n{}",
        if several { SEVERAL } else { "" }
    );
    for fault in Fault::ALL {
        let _ = write!(text, "{fault}: {}", fault.scale());
        if let Some(extent) = extent(findings, fault, Strength::ALL[4])
            && extent.possible < extent.all
        {
            let _ = write!(
                text,
                " that can have it ({} of {})",
                extent.possible, extent.all
            );
        }
        text.push('\n');
    }
    text
}

fn line(row: &Row) -> Vec<String> {
    use std::fmt::Write;
    let value = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), significant);
    let mut line = vec![
        row.metric.clone(),
        significant(row.clean),
        value(row.shuffled),
        value(row.uniform),
    ];
    line.extend(row.cells.iter().map(|cell| {
        let Some(damage) = cell.damage[4] else {
            return "-".to_owned();
        };
        // Adding 0 takes the minus from a rounded -0.00.
        let rounded = |value: f64| (value * 100.0).round() / 100.0 + 0.0;
        let mut text = format!("{:.2}", rounded(damage));
        if let Some(deviation) = cell.deviation[4] {
            let _ = write!(text, " ±{:.2}", rounded(deviation));
        }
        let marks = [(cell.monotone, 'm'), (cell.seen_at_1 == Some(true), '1')];
        for (position, (_, mark)) in marks.iter().filter(|(set, _)| *set).enumerate() {
            if position == 0 {
                text.push(' ');
            }
            text.push(*mark);
        }
        text
    }));
    line
}

/// Three decimals, fewer for large numbers.
fn significant(value: f64) -> String {
    if value.abs() >= 10.0 {
        format!("{value:.1}")
    } else {
        format!("{:.3}", (value * 1000.0).round() / 1000.0 + 0.0)
    }
}
