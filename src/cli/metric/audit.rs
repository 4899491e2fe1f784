//! `storyeval metric audit`.

use super::answer::Format;
use crate::cli::Outcome;
use crate::cli::common::DeviceArguments;
use crate::cli::data::DataArguments;
use crate::cli::failure::Failure;
use crate::cli::observe::SkipArguments;
use crate::cli::talk::{Meter, Screen, print, print_json, say};
use clap::Args;
use serde_json::{Value, json};
use std::path::PathBuf;
use storyeval::audit::{
    Condition, Damage, Extent, Fault, Finding, Row, Scratch, Strength, Study, chart, listing,
};
use storyeval::card::{self, Protocol};
use storyeval::dataset::{Dataset, OpenDataset, referential};
use storyeval::evaluate::Panel;
use storyeval::generator::Prompt;
use storyeval::pipeline::{
    DataChoice, EvaluatorSet, Gathered, open_dataset, selected, subset_name, truth_cache,
};
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
    let mut protocol = card::protocol(&arguments.protocol)?;
    let data = arguments.data.request();
    data.apply(&mut protocol)?;
    let card = card::dataset(&arguments.dataset)?;
    let cache = arguments.device.cache.folder();
    let screen = Screen::new();
    let mut missing = Gathered::default();
    let skip = arguments.skip.roles();
    let set = EvaluatorSet::find(
        &card,
        &protocol,
        &skip,
        &cache,
        &mut missing,
        screen.control(),
    );
    let choice = data.choose(&arguments.dataset, &card, &protocol);
    let dataset = missing.keep(open_dataset(card, &choice, &cache, screen.control()));
    missing.check()?;
    let Some(dataset) = dataset else {
        return Ok(());
    };
    // Beside the output, so that it is on a disk with room; the output folder is made now, before minutes
    // of work.
    let place = arguments.out.clone().unwrap_or_else(std::env::temp_dir);
    let scratch = Scratch::below(&place)?;
    let (prompts, subset) = prompts(arguments, &choice, &protocol, &dataset)?;
    let runtime = arguments.device.open()?;
    let mut panel = set.open(dataset.card(), &protocol, &runtime)?;
    let study = Study {
        dataset: &dataset,
        protocol: &protocol,
        prompts: &prompts,
        subset: &subset,
        cache: &truth_cache(&cache),
        scratch: &scratch,
        seed: Seed(arguments.seed),
    };
    let studies = studies(&study, &arguments.seeds(), &mut panel)?;
    let each: Vec<Damage> = studies
        .iter()
        .map(|(_, _, damage)| damage.clone())
        .collect();
    let damage = Damage::over(&each);
    let findings = &studies[0].1;
    if damage.rows.is_empty() {
        return Err(Failure::Arguments {
            what: format!("under {} no metric is left to audit", protocol.id),
            hint: "leave a network out of `--skip`, or take the protocol `strict`".to_owned(),
        });
    }
    let frames = frames_of(&study);
    let what = format!(
        "{} {subset}, {} stories, {frames} frames, protocol {}, {}",
        dataset.card().id,
        prompts.len(),
        protocol.id,
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
        Format::Json => print_json(&answer(&study, findings, &damage, &arguments.seeds())),
    }
}

/// What `--format json` prints.
fn answer(study: &Study<'_>, findings: &[Finding], damage: &Damage, seeds: &[u64]) -> Value {
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
        "dataset": study.dataset.card().id,
        "dataset_hash": study.dataset.content_hash(),
        "protocol": study.protocol.id,
        "subset": study.subset,
        "stories": study.prompts.len(),
        "frames": frames_of(study),
        "seeds": seeds,
        "definition": DEFINITION,
        "faults": faults,
        "rows": damage,
    })
}

fn frames_of(study: &Study<'_>) -> usize {
    let prompts = study.prompts.iter();
    prompts.map(|prompt| prompt.story.frames.len()).sum()
}

impl AuditArguments {
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

/// One study per seed. The real frames are observed once: no seed changes them.
fn studies(
    study: &Study<'_>,
    seeds: &[u64],
    panel: &mut Panel,
) -> Result<Vec<(Seed, Vec<Finding>, Damage)>, Failure> {
    let conditions = Condition::all();
    let mut meter = Meter::new("auditing", 1 + seeds.len() * (conditions.len() - 1));
    let mut done = 0;
    let mut clean: Option<Finding> = None;
    let mut studies = Vec::with_capacity(seeds.len());
    for seed in seeds.iter().copied().map(Seed) {
        let study = Study { seed, ..*study };
        let mut findings = Vec::with_capacity(conditions.len());
        for condition in &conditions {
            let known = clean.clone().filter(|known| known.condition == *condition);
            if let Some(known) = known {
                findings.push(known);
                continue;
            }
            let found = study.look(*condition, panel)?;
            if *condition == Condition::Clean {
                clean = Some(found.clone());
            }
            findings.push(found);
            done += 1;
            meter.at(done);
        }
        let damage = Damage::new(&findings);
        studies.push((seed, findings, damage));
    }
    meter.finish();
    Ok(studies)
}

/// The stories with the captions that a generator would read, and the subset as signatures say it.
fn prompts(
    arguments: &AuditArguments,
    choice: &DataChoice,
    protocol: &Protocol,
    dataset: &OpenDataset,
) -> Result<(Vec<Prompt>, String), Failure> {
    let stories = selected(dataset, protocol, Some(arguments.stories as usize))?;
    let subset = subset_name(&choice.split, protocol, &stories, dataset);
    let variant = protocol.text_for(&card::model("ground-truth")?)?;
    let prompts = stories
        .into_iter()
        .map(|story| {
            let captions = referential(&story, variant, dataset.card())?;
            Ok(Prompt { story, captions })
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
