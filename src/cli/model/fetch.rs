//! `storyeval model fetch`: the authors' files, from their server or from a file at hand.

use crate::cli::common::CacheArguments;
use crate::cli::failure::Failure;
use crate::cli::format::Format;
use crate::cli::talk::{BytesMeter, print, print_json, say};
use crate::cli::{Outcome, interrupt};
use clap::Args;
use serde::Serialize;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use storyeval::card::{self, WeightsCard, WeightsFile};
use storyeval::fetch::{Environment, Event, Fetcher, Origin, Patience, megabytes};
use storyeval::pipeline::{FetchedWeights, Outlook, WeightsRequest, data_sets_of, locate_bundle};
use storyeval::weights::{self, ImportRequest};

#[derive(Clone, Debug, Args)]
pub(crate) struct FetchArguments {
    /// What to fetch, by the id of the bundle: `storyeval ls weights` lists them
    #[arg(required = true, value_name = "ID")]
    ids: Vec<String>,
    /// Files that are at hand, checked by the same hash; the others are fetched
    #[arg(long, value_name = "FILE", num_args = 1..)]
    from: Vec<PathBuf>,
    /// Say what would be fetched, from where, how large and under which licence, and stop there
    #[arg(long)]
    dry_run: bool,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    cache: CacheArguments,
}

/// What is printed of a card as JSON.
#[derive(Serialize)]
struct Answer<'a, F: Serialize> {
    id: &'a str,
    title: &'a str,
    publisher: &'a str,
    licence: &'a str,
    citation: &'a str,
    /// Verbs of `storyeval metric`.
    metrics: &'a [String],
    /// Data sets whose cards name the bundle.
    data_sets: Vec<String>,
    files: F,
    /// The bundle's folder, where it is installed.
    bundle: Option<PathBuf>,
}

impl<'a, F: Serialize> Answer<'a, F> {
    fn new(card: &'a WeightsCard, files: F, bundle: Option<PathBuf>) -> Self {
        Self {
            id: &card.id,
            title: &card.title,
            publisher: &card.publisher,
            licence: &card.licence,
            citation: &card.citation,
            metrics: &card.metrics,
            data_sets: data_sets_of(&card.id),
            files,
            bundle,
        }
    }
}

/// Fetches the files of every card, one card after the other.
pub(crate) fn fetch(arguments: &FetchArguments) -> Outcome {
    if arguments.ids.len() > 1 && !arguments.from.is_empty() {
        return Err(Failure::Arguments {
            what: format!("`--from` is for one id, not {}", arguments.ids.len()),
            hint: "give the files of each in a command of its own".to_owned(),
        });
    }
    interrupt::says("what was received is kept; the same command goes on from there");
    let cards: Result<Vec<WeightsCard>, _> =
        arguments.ids.iter().map(|id| card::weights(id)).collect();
    let cards = cards?;
    let mut environment = Environment::of_process()?;
    environment.offline |= arguments.cache.offline();
    let fetcher = Fetcher::new(environment, Patience::default());
    let cache = arguments.cache.folder();
    let mut answers = Vec::new();
    for card in &cards {
        let request = WeightsRequest {
            card: card.clone(),
            given: arguments.from.clone(),
            cache: cache.clone(),
        };
        let json = if arguments.dry_run {
            foresee(&request, &fetcher, arguments.format)?
        } else {
            bring(&request, &fetcher, arguments.format)?
        };
        answers.extend(json);
    }
    match arguments.format {
        Format::Text => Ok(()),
        Format::Json => print_json(&answers),
    }
}

/// The folder of the bundle, where it is installed.
fn installed(request: &WeightsRequest) -> Result<Option<PathBuf>, Failure> {
    Ok(locate_bundle(&request.card.id, &request.cache)?)
}

fn foresee(
    request: &WeightsRequest,
    fetcher: &Fetcher,
    format: Format,
) -> Result<Option<serde_json::Value>, Failure> {
    let files = request.outlook(fetcher);
    let bundle = installed(request)?;
    match format {
        Format::Json => Ok(Some(json(&Answer::new(&request.card, files, bundle)))),
        Format::Text => {
            print(&foreseen(&request.card, &files, bundle.as_deref()))?;
            Ok(None)
        }
    }
}

fn foreseen(card: &WeightsCard, files: &[Outlook], bundle: Option<&Path>) -> String {
    let mut text = format!(
        "{}: {}\n  publisher {} ({})\n  licence   {}\n  cite      {}\n",
        card.id, card.title, card.publisher, card.published_at, card.licence, card.citation
    );
    let data_sets = data_sets_of(&card.id);
    let users = [
        ("storyeval metric", card.metrics.join(", ")),
        ("data sets", data_sets.join(", ")),
    ];
    let users: Vec<String> = users
        .iter()
        .filter(|(_, names)| !names.is_empty())
        .map(|(what, names)| format!("{what} {names}"))
        .collect();
    if !users.is_empty() {
        let _ = writeln!(text, "  used by   {}", users.join("; "));
    }
    for note in &card.notes {
        let _ = writeln!(text, "  note      {note}");
    }
    for file in files {
        let _ = writeln!(text, "  file      {}: {}", file.file, file.meaning);
        let size = file.bytes.map_or("size not published".to_owned(), |bytes| {
            format!("{} ({bytes} bytes)", megabytes(bytes))
        });
        let hash = file.sha256.as_deref().unwrap_or("not published");
        let _ = writeln!(text, "    size    {size}\n    SHA-256 {hash}");
        let from = match (&file.from, file.present) {
            (_, true) => "there already".to_owned(),
            (Some(from), _) if file.left_over > 0 => {
                format!(
                    "{from}, where {} are there already",
                    megabytes(file.left_over)
                )
            }
            (Some(from), _) => from.clone(),
            (None, _) => format!(
                "not by a program; see {}, then `--from FILE`",
                card.published_at
            ),
        };
        let _ = writeln!(
            text,
            "    from    {from}\n    to      {}",
            file.path.display()
        );
    }
    if let Some(dir) = bundle {
        let _ = writeln!(text, "  bundle    installed in {}", dir.display());
    }
    text
}

fn bring(
    request: &WeightsRequest,
    fetcher: &Fetcher,
    format: Format,
) -> Result<Option<serde_json::Value>, Failure> {
    // Whoever made the bundle in another way needs no files.
    if request.given.is_empty()
        && request.card.template.is_some()
        && let Some(dir) = installed(request)?
    {
        let none: [FetchedWeights; 0] = [];
        return match format {
            Format::Json => Ok(Some(json(&Answer::new(&request.card, none, Some(dir))))),
            Format::Text => {
                let id = &request.card.id;
                print(&format!(
                    "{id}: the bundle is installed in {}; nothing is fetched\n",
                    dir.display()
                ))?;
                Ok(None)
            }
        };
    }
    let mut teller = Teller::default();
    let files = request.run(fetcher, &mut |file, event| teller.hear(file, &event));
    teller.finish();
    let files = files?;
    let bundle = import(request, &files)?;
    match format {
        Format::Json => Ok(Some(json(&Answer::new(&request.card, files, bundle)))),
        Format::Text => {
            print(&brought(request, &files, bundle.as_deref()))?;
            Ok(None)
        }
    }
}

/// From the files to the bundle, unless it is installed or no template of it is known.
fn import(request: &WeightsRequest, files: &[FetchedWeights]) -> Result<Option<PathBuf>, Failure> {
    let card = &request.card;
    if let Some(dir) = installed(request)? {
        return Ok(Some(dir));
    }
    let Some(template) = card.template.as_deref() else {
        return Ok(None);
    };
    let from: Vec<PathBuf> = files.iter().map(|file| file.fetched.path.clone()).collect();
    let made = weights::import(&ImportRequest {
        template,
        from: &from,
        id: Some(&card.id),
        out: &request.cache.join("bundles").join(&card.id),
    })?;
    for note in &made.notes {
        say(note);
    }
    Ok(Some(made.folder))
}

fn brought(request: &WeightsRequest, files: &[FetchedWeights], bundle: Option<&Path>) -> String {
    let card = &request.card;
    let mut text = format!("{}: {} ({})\n", card.id, card.title, card.licence);
    for file in files {
        let how = match file.fetched.origin {
            Origin::Present => "there already",
            Origin::Fetched => "fetched",
            Origin::Given => "copied",
        };
        let checked = if file.checked {
            "as on the card"
        } else {
            "recorded: the publishers state none"
        };
        let _ = writeln!(
            text,
            "  {how}: {} ({})\n  SHA-256 {}, {checked}",
            file.fetched.path.display(),
            megabytes(file.fetched.digest.bytes),
            file.fetched.digest.sha256
        );
    }
    let out = request.cache.join("bundles").join(&card.id);
    match (bundle, request.export_command(&out)) {
        (Some(dir), _) => {
            let _ = writeln!(text, "  the bundle is installed in {}", dir.display());
        }
        (None, Some(command)) => {
            let _ = writeln!(text, "  the bundle is made of it by: {command}");
        }
        (None, None) => {}
    }
    text
}

fn json(answer: &impl Serialize) -> serde_json::Value {
    serde_json::to_value(answer).unwrap_or_default()
}

/// stderr while files are fetched.
#[derive(Default)]
struct Teller {
    meter: Option<BytesMeter>,
}

impl Teller {
    fn hear(&mut self, file: &WeightsFile, event: &Event<'_>) {
        match event {
            Event::Waiting => say(&format!(
                "waiting for another storyeval that is fetching {}",
                file.path
            )),
            Event::Damaged { found } => say(&format!(
                "warning: the {} that is there is not as it should be ({found}); it is fetched again",
                file.path
            )),
            Event::Begun { from, have } => {
                self.finish();
                let rest = match have {
                    0 => String::new(),
                    have => format!(", from {} on", megabytes(*have)),
                };
                say(&format!("{}: from {from}{rest}", file.path));
            }
            Event::Received { done, total } => {
                self.meter
                    .get_or_insert_with(|| BytesMeter::new(&file.path, *done))
                    .at(*done, *total);
            }
            Event::Retrying { why, wait } => {
                self.finish();
                let cause = std::error::Error::source(why);
                let cause = cause.map_or_else(String::new, |cause| format!(" ({cause})"));
                let seconds = wait.as_secs_f64();
                say(&format!(
                    "warning: {why}{cause}; trying again in {seconds:.0} s"
                ));
            }
            Event::Checking => self.finish(),
        }
    }

    fn finish(&mut self) {
        if let Some(meter) = self.meter.take() {
            meter.finish();
        }
    }
}
