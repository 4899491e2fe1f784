//! What a suite will do and cost, before it does it.

use super::job::{Job, Missing, State};
use crate::card::Suite;
use crate::pipeline::PipelineError;
use crate::run::{Drawn, MANIFEST, Manifest};
use crate::table::{Block, Column, Document, Format, Line, Table};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// How deep below a folder of runs earlier runs are looked for.
const DEPTH: usize = 5;

/// The plan as Markdown: one row per run, what is missing, and where that is published.
pub(super) fn render(suite: &Suite, root: &Path, jobs: &[Job]) -> Result<String, PipelineError> {
    let rates = Rates::below(&[Path::new("runs"), root]);
    let mut document = Document::default();
    let title = format!("Suite {}: {}", suite.id, suite.name);
    document.blocks.push(Block::Heading(title));
    let fills = suite.table.as_ref();
    let fills = fills.map_or_else(String::new, |table| format!(" Fills {table}."));
    let words = format!("{}.{fills} Into {}.", suite.description, root.display());
    document.blocks.push(Block::Text(words));
    document.blocks.push(Block::Table(table(jobs, &rates)));
    document.blocks.push(Block::Text(summary(jobs, &rates)));
    let notes = suite.notes.iter().cloned().map(Line::Prose);
    document.note("Notes", notes.collect());
    let mut text = document.render(Format::Markdown)?;
    for lacks in missing(jobs) {
        let _ = writeln!(text, "\nMissing: {}", lacks.what);
        for line in lacks.detail.lines() {
            let _ = writeln!(text, "  {line}");
        }
    }
    Ok(text)
}

/// Everything that is missing, once.
fn missing(jobs: &[Job]) -> Vec<&Missing> {
    let mut all: Vec<&Missing> = Vec::new();
    for job in jobs {
        if let State::Blocked(missing) = &job.state {
            for lacks in missing {
                // Frames of one model go into another folder for each of its runs.
                if !all.contains(&lacks) {
                    all.push(lacks);
                }
            }
        }
    }
    all
}

fn table(jobs: &[Job], rates: &Rates) -> Table {
    let mut columns = vec![Column::text("row"), Column::text("run")];
    columns.extend(
        [
            "stories",
            "frames",
            "drawn",
            "denoising calls",
            "LLM calls",
            "looks",
            "drawing takes",
        ]
        .map(|name| Column::number(name, None)),
    );
    columns.push(Column::text("state"));
    let rows = jobs.iter().map(|job| {
        let row = match (&job.run.label, job.run.row) {
            (Some(label), _) => label.clone(),
            (None, Some(row)) => row.to_string(),
            (None, None) => job.run.model.clone(),
        };
        let cost = job.cost;
        vec![
            row.into(),
            job.name().into(),
            cost.map(|cost| cost.stories).into(),
            cost.map(|cost| cost.frames).into(),
            job.drawn.frames.to_string().into(),
            cost.and_then(|cost| cost.denoising).into(),
            cost.and_then(|cost| cost.language).into(),
            cost.map(|cost| cost.looks).into(),
            rates
                .of(job)
                .map_or_else(|| "unknown".into(), |seconds| duration(seconds).into()),
            state(&job.state).into(),
        ]
    });
    Table::of(columns, rows)
}

fn state(state: &State) -> String {
    match state {
        State::Runnable => "can be run".to_owned(),
        State::Done => "has scores".to_owned(),
        State::Failed(why) => format!("failed: {why}"),
        State::Blocked(missing) => {
            let names: Vec<&str> = missing.iter().map(|lacks| lacks.what.as_str()).collect();
            format!("lacks {}", names.join(", "))
        }
    }
}

fn summary(jobs: &[Job], rates: &Rates) -> String {
    let runnable = || {
        jobs.iter()
            .filter(|job| matches!(job.state, State::Runnable))
    };
    let blocked = jobs
        .iter()
        .filter(|job| matches!(job.state, State::Blocked(_)));
    let frames: usize = runnable()
        .filter_map(|job| Some(job.cost?.frames.saturating_sub(job.drawn.frames)))
        .sum();
    let times: Vec<Option<f64>> = runnable().map(|job| rates.of(job)).collect();
    let known: f64 = times.iter().flatten().sum();
    let unknown = times.iter().filter(|time| time.is_none()).count();
    let time = match (times.len() - unknown, unknown) {
        (0, 0) => "nothing to wait for".to_owned(),
        (0, _) => "how long is not known, no earlier run tells".to_owned(),
        (_, 0) => format!("about {} at the pace of earlier runs", duration(known)),
        (_, some) => format!(
            "about {} at the pace of earlier runs, and {some} runs of which none tells",
            duration(known)
        ),
    };
    format!(
        "{} runs: {} can be run, {} lack something. {frames} frames to draw: {time}. Observing them comes on top.",
        jobs.len(),
        runnable().count(),
        blocked.count()
    )
}

/// Pace of drawing, by model, from the journals of earlier runs.
struct Rates(BTreeMap<String, Drawn>);

impl Rates {
    fn below(roots: &[&Path]) -> Self {
        let mut rates = Self(BTreeMap::new());
        let mut seen = Vec::new();
        for root in roots {
            rates.collect(root, DEPTH, &mut seen);
        }
        rates
    }

    fn collect(&mut self, folder: &Path, depth: usize, seen: &mut Vec<PathBuf>) {
        if folder.join(MANIFEST).is_file() {
            let whole = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
            // A run that cannot be read tells nothing; reading it for its own sake says why.
            if !seen.contains(&whole)
                && let Ok(manifest) = Manifest::read(folder)
            {
                seen.push(whole);
                let of_model = self.0.entry(manifest.identity.model).or_default();
                of_model.add(Drawn::of(folder));
            }
            return;
        }
        if depth == 0 {
            return;
        }
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            // Not through links, which may lead round in circles.
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                self.collect(&entry.path(), depth - 1, seen);
            }
        }
    }

    /// Seconds that drawing what is outstanding takes; `None` where it is not known.
    fn of(&self, job: &Job) -> Option<f64> {
        let outstanding = job.cost?.frames.saturating_sub(job.drawn.frames);
        if outstanding == 0 || matches!(job.state, State::Done) {
            return Some(0.0);
        }
        let pace = self.0.get(&job.run.model)?.seconds_a_frame()?;
        Some(pace * outstanding as f64)
    }
}

/// `45 s`, `12 min`, `3.5 h`.
fn duration(seconds: f64) -> String {
    if seconds < 90.0 {
        format!("{seconds:.0} s")
    } else if seconds < 5400.0 {
        format!("{:.0} min", seconds / 60.0)
    } else {
        format!("{:.1} h", seconds / 3600.0)
    }
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn durations_have_the_unit_that_people_would_choose() {
        assert_eq!(duration(0.0), "0 s");
        assert_eq!(duration(89.4), "89 s");
        assert_eq!(duration(90.0), "2 min");
        assert_eq!(duration(5400.0), "1.5 h");
    }
}
