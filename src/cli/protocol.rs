//! `storyeval protocol`: what a protocol says, how two differ, and what that is worth in points.

use super::Outcome;
use super::format::Format;
use super::observe::LaterArguments;
use super::talk::{Screen, print, print_json};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;
use storyeval::card::{self, CardKind, Protocol};
use storyeval::pipeline::effect_of_protocols;
use storyeval::report;
use storyeval::table;

#[derive(Clone, Debug, Subcommand)]
pub(crate) enum ProtocolCommand {
    /// Every choice of a protocol, with its source and its traps
    Show {
        /// Protocol: an id of `storyeval ls protocols`, or a card's path
        protocol: String,
        /// How to print; toml is the card's own text, which can be copied
        #[arg(long, value_enum, default_value_t = ProtocolFormat::Text)]
        format: ProtocolFormat,
    },
    /// The choices in which two protocols differ
    Diff {
        /// One protocol
        first: String,
        /// The other
        second: String,
        /// How to print
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
    /// The frames of a run scored under several protocols
    Effect(EffectArguments),
}

/// Forms of a protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProtocolFormat {
    Text,
    Toml,
    Json,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct EffectArguments {
    /// Run folder
    run: PathBuf,
    /// Protocols, separated by commas [default: all that are known]
    #[arg(long, value_delimiter = ',', value_name = "IDS")]
    protocols: Vec<String>,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    later: LaterArguments,
}

/// Prints.
pub(crate) fn protocol(command: &ProtocolCommand) -> Outcome {
    match command {
        ProtocolCommand::Show { protocol, format } => {
            let card = card::protocol(protocol)?;
            match format {
                ProtocolFormat::Text => show(&card, Format::Text),
                ProtocolFormat::Json => show(&card, Format::Json),
                ProtocolFormat::Toml => print(&card::text(CardKind::Protocol, protocol)?),
            }
        }
        ProtocolCommand::Diff {
            first,
            second,
            format,
        } => diff(&card::protocol(first)?, &card::protocol(second)?, *format),
        ProtocolCommand::Effect(arguments) => effect(arguments),
    }
}

fn show(protocol: &Protocol, format: Format) -> Outcome {
    if format == Format::Json {
        let mut card = serde_json::to_value(protocol).expect("a protocol is plain data");
        card["sha256"] = protocol.hash().into();
        return print(&format!("{card:#}\n"));
    }
    let mut text = format!("{}: {}\n", protocol.id, protocol.description);
    if let Some(source) = &protocol.source {
        let _ = writeln!(text, "follows {source}");
    }
    text.push('\n');
    for (name, value) in choices(protocol) {
        let _ = writeln!(text, "  {name:32} {value}");
    }
    if !protocol.notes.is_empty() {
        text.push_str("\nwhat to know:\n");
    }
    for note in &protocol.notes {
        let _ = writeln!(text, "  - {note}");
    }
    let _ = writeln!(text, "\nsha256 {}", protocol.hash());
    print(&text)
}

fn diff(first: &Protocol, second: &Protocol, format: Format) -> Outcome {
    let (a, b) = (choices(first), choices(second));
    let names: std::collections::BTreeSet<&String> = a.keys().chain(b.keys()).collect();
    let of = |map: &BTreeMap<String, String>, name: &String| map.get(name).cloned();
    let rows: Vec<(&String, Option<String>, Option<String>)> = names
        .into_iter()
        .filter(|name| name.as_str() != "id" && name.as_str() != "version")
        .map(|name| (name, of(&a, name), of(&b, name)))
        .filter(|(_, left, right)| left != right)
        .collect();
    if format == Format::Json {
        let rows: Vec<Value> = rows
            .iter()
            .map(|(name, left, right)| serde_json::json!({"choice": name, "first": left, "second": right}))
            .collect();
        let answer =
            serde_json::json!({"first": first.id, "second": second.id, "differences": rows});
        return print(&format!("{answer:#}\n"));
    }
    if rows.is_empty() {
        return print(&format!(
            "{} and {} make the same choices: their numbers are comparable\n",
            first.id, second.id
        ));
    }
    let absent = || "-".to_owned();
    let mut text = format!("{:32} {:44} {}\n", "", first.id, second.id);
    for (name, left, right) in rows {
        let (left, right) = (left.unwrap_or_else(absent), right.unwrap_or_else(absent));
        let _ = writeln!(text, "{name:32} {left:44} {right}");
    }
    print(&text)
}

/// Every choice by its dotted name. A metric without a section has none.
fn choices(protocol: &Protocol) -> BTreeMap<String, String> {
    let card = serde_json::to_value(protocol.choices()).expect("a protocol is plain data");
    let mut flat = BTreeMap::new();
    flatten("", &card, &mut flat);
    for explained in ["description", "source", "notes"] {
        flat.remove(explained);
    }
    flat
}

/// Choices whose values may have a parameter.
const WITH_PARAMETER: [&str; 2] = ["ground_truth", "clip.mean"];

fn flatten(name: &str, value: &Value, flat: &mut BTreeMap<String, String>) {
    match value {
        Value::Null => {}
        // Rules with a parameter are one choice: `random(42)`, not a choice called `random`.
        Value::Object(map) if WITH_PARAMETER.contains(&name) => {
            let rules: Vec<String> = map
                .iter()
                .map(|(rule, of)| format!("{rule}({of})"))
                .collect();
            flat.insert(name.to_owned(), rules.join(","));
        }
        Value::Object(map) => {
            for (key, value) in map {
                let name = if name.is_empty() {
                    key.clone()
                } else {
                    format!("{name}.{key}")
                };
                flatten(&name, value, flat);
            }
        }
        Value::String(text) => drop(flat.insert(name.to_owned(), text.clone())),
        other => drop(flat.insert(name.to_owned(), other.to_string())),
    }
}

fn effect(arguments: &EffectArguments) -> Outcome {
    let request = arguments.later.request(&arguments.run);
    let screen = Screen::new();
    let scores = effect_of_protocols(&request, &arguments.protocols, screen.control())?;
    match arguments.format {
        Format::Text => {
            let document = report::effect(&scores)?;
            print(&document.render(table::Format::Markdown)?)
        }
        Format::Json => print_json(&scores),
    }
}
