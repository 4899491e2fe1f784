//! `storyeval metric audit`.

use super::answer::Format;
use crate::cli::Outcome;
use crate::cli::common::{DeviceArguments, open_dataset};
use crate::cli::failure::{Failure, Failures};
use crate::cli::stages::{PanelBundles, SkipArguments, truth_cache};
use crate::cli::talk::{Meter, print, say};
use clap::Args;
use serde_json::json;
use std::path::PathBuf;
use storyeval::dataset::{Dataset, FlintstonesSv, referential};
use storyeval::evaluate::audit::{
    Condition, Damage, Extent, Fault, Finding, Row, Strength, Study, chart, listing,
};
use storyeval::generator::Prompt;
use storyeval::record::{Seed, Story};
use storyeval::run::{RunError, write_durably};
use storyeval::spec::{self, Protocol};

/// The definition that goes with every number.
const DEFINITION: &str = "damage = movement towards worse / range; range = distance from the clean value to \
                          the value on shuffled or on static frames, whichever is larger";

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
    /// Folder of the data set
    #[arg(long, value_name = "DIR", env = "STORYEVAL_DATA_DIR")]
    data: Option<PathBuf>,
    /// Split of the data set
    #[arg(long, default_value = "test")]
    split: String,
    /// Seed of every draw
    #[arg(long, default_value_t = 0)]
    seed: u64,
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
    let protocol = spec::protocol(&arguments.protocol)?;
    let card = spec::dataset(&arguments.dataset)?;
    let cache = &arguments.device.cache;
    let mut failures = Failures::default();
    let bundles = PanelBundles::find(&card, &protocol, &arguments.skip, cache, &mut failures);
    let dataset = open_dataset(
        card,
        arguments.data.as_deref(),
        &arguments.split,
        protocol.stories.length,
        cache,
    );
    let Some(dataset) = failures.keep(dataset) else {
        return Err(failures.report());
    };
    if !failures.is_empty() {
        return Err(failures.report());
    }
    let scratch = scratch(arguments)?;
    let (prompts, subset) = prompts(arguments, &protocol, &dataset)?;
    let runtime = arguments.device.open()?;
    let mut panel = bundles.open(dataset.card(), &protocol, &runtime)?;
    let study = Study {
        dataset: &dataset,
        protocol: &protocol,
        prompts: &prompts,
        text: protocol.text_for(&spec::model("ground-truth")?)?,
        subset: &subset,
        cache: &truth_cache(cache),
        scratch: scratch.path(),
        seed: Seed(arguments.seed),
    };
    let conditions = Condition::all();
    let mut meter = Meter::new("auditing", conditions.len());
    let mut findings = Vec::with_capacity(conditions.len());
    for condition in conditions {
        findings.push(study.look(condition, &mut panel)?);
        meter.at(findings.len());
    }
    meter.finish();
    let damage = Damage::new(&findings);
    if damage.rows.is_empty() {
        return Err(Failure::Arguments {
            what: format!("under {} no metric is left to audit", protocol.id),
            hint: "leave a network out of `--skip`, or take the protocol `strict`".to_owned(),
        });
    }
    let frames: usize = prompts.iter().map(|prompt| prompt.story.frames.len()).sum();
    let what = format!(
        "{} {subset}, {} stories, {frames} frames, protocol {}, seed {}",
        dataset.card().id,
        prompts.len(),
        protocol.id,
        arguments.seed
    );
    if let Some(out) = &arguments.out {
        write_durably(
            &out.join("audit.csv"),
            listing(&findings, &damage)?.as_bytes(),
        )?;
        write_durably(
            &out.join("audit.svg"),
            chart(&damage, [&what, DEFINITION]).as_bytes(),
        )?;
        say(&format!("audit.csv and audit.svg: {}", out.display()));
    }
    match arguments.format {
        Format::Text => print(&table(&what, &findings, &damage)),
        Format::Json => {
            let faults: Vec<_> = Fault::ALL
                .iter()
                .map(|fault| {
                    let hit = Strength::ALL.map(|strength| extent(&findings, *fault, strength));
                    json!({
                        "fault": fault,
                        "amounts": fault.amounts(),
                        "unit": fault.grain(),
                        "scale": fault.scale(),
                        "extent": hit,
                    })
                })
                .collect();
            let answer = json!({
                "metric": "audit",
                "dataset": dataset.card().id,
                "dataset_hash": dataset.content_hash(),
                "protocol": protocol.id,
                "subset": subset,
                "stories": prompts.len(),
                "frames": frames,
                "seed": arguments.seed,
                "definition": DEFINITION,
                "faults": faults,
                "rows": damage,
            });
            let text = serde_json::to_string_pretty(&answer).expect("it has only text keys");
            print(&format!("{text}\n"))
        }
    }
}

/// A folder for run folders, beside the output so that it is on a disk with room; the output folder is
/// made now, before minutes of work.
fn scratch(arguments: &AuditArguments) -> Result<tempfile::TempDir, Failure> {
    let place = arguments.out.clone().unwrap_or_else(std::env::temp_dir);
    let failed = |source| RunError::write(&place, source);
    std::fs::create_dir_all(&place).map_err(failed)?;
    let folder = tempfile::Builder::new()
        .prefix(".audit-")
        .tempdir_in(&place)
        .map_err(failed)?;
    Ok(folder)
}

/// The stories with the captions that a generator would read, and the subset as signatures say it.
fn prompts(
    arguments: &AuditArguments,
    protocol: &Protocol,
    dataset: &FlintstonesSv,
) -> Result<(Vec<Prompt>, String), Failure> {
    let first = protocol.stories.first.unwrap_or(usize::MAX);
    let limit = first.min(arguments.stories as usize);
    let stories: Vec<&Story> = dataset.stories().iter().take(limit).collect();
    let Some(story) = stories.first() else {
        return Err(Failure::NothingSelected);
    };
    let mut subset = format!("{}/followers-{}", arguments.split, story.frames.len() - 1);
    if stories.len() < dataset.stories().len() {
        subset = format!("{subset}[:{}]", stories.len());
    }
    let variant = protocol.text_for(&spec::model("ground-truth")?)?;
    let cast = &dataset.card().characters;
    let prompts = stories
        .into_iter()
        .map(|story| {
            Ok(Prompt {
                story: story.clone(),
                captions: referential(story, variant, cast)?,
            })
        })
        .collect::<Result<_, Failure>>()?;
    Ok((prompts, subset))
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
        .map(|column| lines.iter().map(|line| line[column].len()).max())
        .map(Option::unwrap_or_default)
        .collect();
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
         1: at strength 1 the interval excludes the clean value.\n"
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
        let mut text = format!("{:.2}", (damage * 100.0).round() / 100.0 + 0.0);
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
