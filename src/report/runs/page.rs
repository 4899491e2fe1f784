//! Everything about one run: what `storyeval show` prints.

use super::reports::FrameReports;
use super::text::{duration, moment_of, value};
use crate::evaluate::NetworkCoverage;
use crate::metric::about;
use crate::record::{Score, Scores};
use crate::report::by_position;
use crate::report::sections::print;
use crate::run::{Identity, RunSummary, Session, StageTime, State, TimedStage};
use crate::table::{Block, Cell, Column, Document, Line, Row, Table};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// How long a stage took.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StageSeconds {
    /// `generate`, `observe` or `score`, with the folder of other ways to look.
    pub stage: String,
    /// Frames that it went over.
    pub frames: usize,
    /// Wall time in seconds: of drawing, the sum over stories.
    pub seconds: f64,
    /// The shortest, median and longest story, in seconds; only of drawing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub story_seconds: Option<[f64; 3]>,
    /// When it was done, in UTC; of drawing it was not noted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub finished: Option<String>,
}

/// Everything about one run. Field names are a public contract.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunPage {
    /// Its folder.
    pub run: PathBuf,
    /// How far it is.
    pub state: State,
    /// What makes it this run.
    pub identity: Identity,
    /// The cards as resolved.
    pub cards: Value,
    /// Every distinct way it was worked on, first to last.
    pub sessions: Vec<Session>,
    /// Stories drawn and planned.
    pub stories: [usize; 2],
    /// Frames that have an image, and that are planned.
    pub frames: [usize; 2],
    /// Frames of drawn stories without an image, by reason.
    pub absences: BTreeMap<String, usize>,
    /// What the model says of its frames.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reports: Option<FrameReports>,
    /// What each network has seen; `None` before the run was observed.
    pub networks: Option<Vec<NetworkCoverage>>,
    /// The stages, in the order in which they were done.
    pub timing: Vec<StageSeconds>,
    /// What will be mended when the run goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub damage: Option<String>,
    /// The scores.
    pub scores: Option<Scores>,
}

impl RunPage {
    /// Puts together what is known of a run. `networks` is `None` before the run was observed; `times` are those
    /// of the later stages.
    #[must_use]
    pub fn new(
        glance: RunSummary,
        networks: Option<Vec<NetworkCoverage>>,
        times: &[StageTime],
    ) -> Self {
        let planned = glance.planned_frames();
        let absences = glance.absences();
        let absent: usize = absences.values().sum();
        let drawn: usize = glance
            .entries
            .values()
            .map(|entry| entry.frames.len())
            .sum();
        let mut timing: Vec<StageSeconds> = generation(&glance).into_iter().collect();
        timing.extend(times.iter().map(stage));
        Self {
            state: glance.state(),
            stories: [glance.drawn_stories(), glance.planned_stories()],
            frames: [drawn - absent, planned],
            absences: absences
                .into_iter()
                .map(|(absence, count)| (absence.to_string(), count))
                .collect(),
            reports: FrameReports::of(glance.entries.values()),
            networks,
            timing,
            damage: (!glance.recovery.is_clean()).then(|| glance.recovery.to_string()),
            run: glance.root,
            cards: glance.manifest.raw_cards().clone(),
            identity: glance.manifest.identity,
            sessions: glance.manifest.sessions,
            scores: glance.scores,
        }
    }

    /// What people read: scores of all frames only, or of every slice.
    #[must_use]
    pub fn document(&self, every_slice: bool) -> Document {
        let mut document = Document::default();
        let title = format!("{}: {}", self.run.display(), self.state);
        document.blocks.push(Block::Heading(title));
        document.blocks.push(Block::Table(self.facts()));
        for (number, session) in self.sessions.iter().enumerate() {
            document.note(&format!("Session {}", number + 1), lines(session));
        }
        if let Some(networks) = &self.networks {
            document.blocks.push(Block::Table(coverage(networks)));
        }
        let absences = self.absences.iter();
        let line = |(why, count): (&String, &usize)| Line::Prose(format!("{count} {why}"));
        document.note("Frames without an image", absences.map(line).collect());
        let reports = self.reports.iter().flat_map(FrameReports::lines);
        document.note("The model says of its frames", reports.collect());
        let damage = self.damage.iter().cloned().map(Line::Prose);
        document.note("To be mended when the run goes on", damage.collect());
        if !self.timing.is_empty() {
            document.blocks.push(Block::Table(self.times()));
        }
        if let Some(scores) = &self.scores {
            let shown: Vec<&Score> = scores
                .scores
                .iter()
                .filter(|score| every_slice || score.slice == "all")
                .collect();
            document.blocks.push(Block::Table(table(&shown)));
            let positions = by_position(scores, &scores.model, &[], true);
            document.blocks.extend(positions.map(Block::Table));
            let reasons = shown.iter().filter_map(|score| {
                let why = score.unscored.as_ref()?;
                let line = format!("{} on {}: {why}", score.metric, score.slice);
                Some(Line::Prose(line))
            });
            document.note("Not scored", reasons.collect());
            document.note("Warnings", warnings(&shown));
            let notes = scores.notes.iter().cloned().map(Line::Prose);
            document.note("Notes", notes.collect());
        }
        document
    }

    fn facts(&self) -> Table {
        let identity = &self.identity;
        let hashed = |id: &str, hash: &str| {
            let hash: String = hash.chars().take(12).collect();
            format!("{id} @ {hash}")
        };
        let card = |path: &str| {
            let found = self.cards.pointer(path).and_then(Value::as_str);
            found.map_or_else(String::new, str::to_owned)
        };
        let mut facts = vec![
            ("dataset", hashed(&identity.dataset, &identity.dataset_hash)),
            ("data set", card("/dataset/name")),
            ("subset", card("/subset")),
            ("data", card("/data")),
            (
                "protocol",
                hashed(&identity.protocol, &identity.protocol_hash),
            ),
            ("protocol is", card("/protocol/description")),
            ("model", identity.model.clone()),
            ("model is", card("/model/description")),
            ("weights", identity.bundle_hash.clone().unwrap_or_default()),
            (
                "drawn by",
                identity
                    .worker
                    .as_ref()
                    .map_or_else(String::new, ToString::to_string),
            ),
            (
                "images of another program",
                identity.images_hash.clone().unwrap_or_default(),
            ),
            ("seed", identity.seed.0.to_string()),
            ("batch", identity.batch.to_string()),
            ("partition", identity.partition.to_string()),
            ("device", identity.device_kind.clone()),
        ];
        let [drawn, planned] = self.stories;
        facts.push(("stories drawn", format!("{drawn} / {planned}")));
        let [drawn, planned] = self.frames;
        facts.push(("frames drawn", format!("{drawn} / {planned}")));
        facts.retain(|(_, value)| !value.is_empty());
        Table {
            title: None,
            columns: vec![Column::text("what"), Column::text("value")],
            rows: facts
                .into_iter()
                .map(|(name, value)| Row::Cells(vec![Cell::new(name), Cell::new(value)]))
                .collect(),
        }
    }

    fn times(&self) -> Table {
        let rows = self.timing.iter().map(|stage| {
            let rate = stage.frames as f64 / stage.seconds;
            let story = stage
                .story_seconds
                .map_or_else(String::new, |[low, median, high]| {
                    format!(
                        "{} / {} / {}",
                        duration(low),
                        duration(median),
                        duration(high)
                    )
                });
            Row::Cells(vec![
                Cell::new(&stage.stage),
                Cell::new(stage.frames.to_string()),
                Cell::new(duration(stage.seconds)),
                Cell::new(if rate.is_finite() {
                    format!("{rate:.1}")
                } else {
                    String::new()
                }),
                Cell::new(story),
                Cell::new(stage.finished.clone().unwrap_or_default()),
            ])
        });
        Table {
            title: Some("Timing".to_owned()),
            columns: vec![
                Column::text("stage"),
                Column::number("frames", None),
                Column::number("time", None),
                Column::number("frames / s", None),
                Column::text("story: shortest / median / longest"),
                Column::text("done (UTC)"),
            ],
            rows: rows.collect(),
        }
    }
}

/// Drawing, of which the journal keeps the time of each story.
fn generation(glance: &RunSummary) -> Option<StageSeconds> {
    let mut stories: Vec<f64> = glance.entries.values().map(|entry| entry.seconds).collect();
    stories.sort_by(f64::total_cmp);
    let (low, high) = (*stories.first()?, *stories.last()?);
    let middle = stories.len() / 2;
    let median = if stories.len().is_multiple_of(2) {
        f64::midpoint(stories[middle - 1], stories[middle])
    } else {
        stories[middle]
    };
    Some(StageSeconds {
        stage: "generate".to_owned(),
        frames: glance
            .entries
            .values()
            .map(|entry| entry.frames.len())
            .sum(),
        seconds: stories.iter().sum(),
        story_seconds: Some([low, median, high]),
        finished: None,
    })
}

fn stage(time: &StageTime) -> StageSeconds {
    let name = match time.stage {
        TimedStage::Observe => "observe",
        TimedStage::Score => "score",
    };
    let stage = match time.folder.as_str() {
        "" => name.to_owned(),
        folder => format!("{name} ({folder})"),
    };
    StageSeconds {
        stage,
        frames: time.frames,
        seconds: time.seconds,
        story_seconds: None,
        finished: Some(moment_of(time.finished)),
    }
}

fn lines(session: &Session) -> Vec<Line> {
    let ort = session.onnxruntime.as_deref().unwrap_or("not used");
    let threads = session
        .threads
        .map_or_else(String::new, |threads| format!(", {threads} threads"));
    let gpu = session
        .gpu
        .as_deref()
        .map_or_else(String::new, |gpu| format!(" ({gpu})"));
    let binary = session.binary_sha256.as_deref().unwrap_or("unknown");
    vec![
        Line::Prose(format!(
            "storyeval {} ({}), ONNX Runtime {ort}, {}{gpu}{threads}",
            session.version,
            binary.chars().take(12).collect::<String>(),
            session.device
        )),
        Line::Code(session.command.join(" ")),
    ]
}

fn coverage(networks: &[NetworkCoverage]) -> Table {
    let rows = networks.iter().map(|network| {
        Row::Cells(vec![
            Cell::new(&network.network),
            Cell::new(network.bundle.clone().unwrap_or_default()),
            Cell::new(format!("{} / {}", network.seen, network.planned)),
        ])
    });
    Table {
        title: Some("Networks".to_owned()),
        columns: vec![
            Column::text("network"),
            Column::text("bundle"),
            Column::number("frames seen / planned", None),
        ],
        rows: rows.collect(),
    }
}

/// One line per warning, with the scores that it concerns.
fn warnings(scores: &[&Score]) -> Vec<Line> {
    let mut warnings: Vec<(&String, Vec<String>)> = Vec::new();
    for score in scores {
        for warning in &score.warnings {
            let name = format!("{} on {}", score.metric, score.slice);
            match warnings.iter_mut().find(|(known, _)| *known == warning) {
                Some((_, names)) => names.push(name),
                None => warnings.push((warning, vec![name])),
            }
        }
    }
    let line = |(warning, names): (&String, Vec<String>)| {
        Line::Prose(format!("{}: {warning}", names.join(", ")))
    };
    warnings.into_iter().map(line).collect()
}

fn table(scores: &[&Score]) -> Table {
    let rows = scores.iter().map(|score| {
        let decimals = about(score).decimals;
        let interval = score
            .interval
            .map(|ends| ends.map(|end| print(end, decimals)));
        Row::Cells(vec![
            Cell::new(about(score).name),
            Cell::new(&score.slice),
            Cell {
                text: value(score),
                interval,
                ..Cell::default()
            },
            Cell::new(format!("{} / {}", score.n, score.planned)),
        ])
    });
    Table {
        title: Some("Scores".to_owned()),
        columns: vec![
            Column::text("metric"),
            Column::text("slice"),
            Column::number("value", None),
            Column::number("scored / planned", None),
        ],
        rows: rows.collect(),
    }
}
