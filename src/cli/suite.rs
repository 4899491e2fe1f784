//! `storyeval run --suite`: the runs that a table is made of.

use super::Outcome;
use super::failure::Failure;
use super::format::{IN_SCORES, SignatureArguments, TableFormat};
use super::talk::{Screen, print, say};
use storyeval::pipeline::{PlannedSuite, RunRequest};

/// Plans a suite, runs what can be run, and prints its table.
pub(super) fn run(
    id: &str,
    common: &RunRequest,
    dry_run: bool,
    signatures: SignatureArguments,
    screen: &Screen,
) -> Outcome {
    let planned = PlannedSuite::open(id, common, screen.control())?;
    let outlook = planned.outlook()?;
    if dry_run {
        return print(&outlook);
    }
    say(&outlook);
    let measured = planned.run(screen.control())?;
    signatures.print(&measured.table, TableFormat::Md, IN_SCORES)?;
    say(&format!("suite: {}", measured.root.display()));
    if measured.done < measured.runs {
        return Err(Failure::SuiteUnfinished {
            suite: measured.suite,
            done: measured.done,
            runs: measured.runs,
        });
    }
    Ok(())
}
