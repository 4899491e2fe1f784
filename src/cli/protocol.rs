//! `storyeval protocol`: what a protocol says, how two differ, and what that is worth in points.

use super::Outcome;
use super::format::{Format, SignatureArguments, TableFormat};
use super::observe::LaterArguments;
use super::talk::{Screen, print, print_json};
use clap::{Args, Subcommand, ValueEnum};
use std::fmt::Write;
use std::path::PathBuf;
use storyeval::card::{self, CardKind, Protocol};
use storyeval::pipeline::effect_of_protocols;
use storyeval::report;

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
    signatures: SignatureArguments,
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
    for (name, value) in protocol.named_choices() {
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
    let rows = first.differences(second);
    if format == Format::Json {
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
    for row in rows {
        let (left, right) = (
            row.first.unwrap_or_else(absent),
            row.second.unwrap_or_else(absent),
        );
        let _ = writeln!(text, "{:32} {left:44} {right}", row.choice);
    }
    print(&text)
}

fn effect(arguments: &EffectArguments) -> Outcome {
    let request = arguments.later.request(&arguments.run);
    let screen = Screen::new();
    let scores = effect_of_protocols(&request, &arguments.protocols, screen.control())?;
    match arguments.format {
        Format::Text => arguments.signatures.print(
            &report::effect(&scores)?,
            TableFormat::Md,
            "`--format json` has them",
        ),
        Format::Json => print_json(&scores),
    }
}
