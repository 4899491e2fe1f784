//! The table that a suite ends with: a published one with our columns, or its own.

use super::job::{Job, State};
use crate::card::Suite;
use crate::paper::{Claim, Library, MeasuredRun, Reply, RowChoice};
use crate::pipeline::PipelineError;
use crate::record::Scores;
use crate::report::{ColumnChoice, Comparison, TableOptions};
use crate::table::{Block, Document, Line};

/// The table, with what is not in it.
pub(super) fn render(
    suite: &Suite,
    library: &Library,
    jobs: &[Job],
) -> Result<Document, PipelineError> {
    let mut document = match &suite.table {
        Some(table) => published(table, library, jobs)?,
        None => own(suite, jobs)?,
    };
    let lines = jobs.iter().filter_map(|job| match &job.state {
        State::Blocked(missing) => {
            let names: Vec<&str> = missing.iter().map(|lacks| lacks.what.as_str()).collect();
            Some(format!("{}: lacks {}", job.name(), names.join(", ")))
        }
        State::Failed(why) => Some(format!("{}: {why}", job.name())),
        State::Runnable | State::Done => None,
    });
    document.note("Not run", lines.map(Line::Prose).collect());
    Ok(document)
}

fn published(table: &str, library: &Library, jobs: &[Job]) -> Result<Document, PipelineError> {
    let done = jobs.iter().filter(|job| job.is_done());
    let claims = done
        .map(|job| {
            Ok(Claim {
                row: job.run.row.map(RowChoice::Number),
                run: MeasuredRun::read(&job.folder)?,
            })
        })
        .collect::<Result<Vec<_>, PipelineError>>()?;
    Ok(Reply::new(library, library.find(table)?, &claims)?.document())
}

/// One comparison per group, in the order in which groups first occur.
fn own(suite: &Suite, jobs: &[Job]) -> Result<Document, PipelineError> {
    let mut document = Document::default();
    let title = format!("{}: {}", suite.id, suite.name);
    document.blocks.push(Block::Heading(title));
    let mut groups: Vec<(&str, Vec<(String, Scores)>)> = Vec::new();
    for job in jobs.iter().filter(|job| job.is_done()) {
        let group = job.run.group.as_deref().unwrap_or_default();
        let label = job.run.label.as_ref().unwrap_or(&job.run.model);
        let label = if job.run.seeds.len() > 1 {
            format!("{label}, seed {}", job.seed.0)
        } else {
            label.clone()
        };
        let row = (label, MeasuredRun::read(&job.folder)?.scores);
        match groups.iter_mut().find(|(known, _)| *known == group) {
            Some((_, rows)) => rows.push(row),
            None => groups.push((group, vec![row])),
        }
    }
    for (group, rows) in groups {
        let (labels, scores): (Vec<String>, Vec<Scores>) = rows.into_iter().unzip();
        let columns = suite.columns.iter().map(|metric| ColumnChoice {
            metric: metric.clone(),
            name: None,
        });
        let options = TableOptions {
            slices: Some(vec!["all".to_owned()]),
            columns: columns.collect(),
            labels,
            ..TableOptions::default()
        };
        let mut part = Comparison::new(&scores, &options)?.document(&[], None);
        for block in &mut part.blocks {
            if let Block::Table(table) = block {
                let title = table.title.take().unwrap_or_default();
                table.title = Some(match group {
                    "" => title,
                    group => format!("{group}: {title}"),
                });
            }
        }
        document.blocks.append(&mut part.blocks);
    }
    let notes = suite.notes.iter().cloned().map(Line::Prose);
    document.note("Notes on the suite", notes.collect());
    Ok(document)
}
