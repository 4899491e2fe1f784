//! `storyeval run --suite`: the runs that a table is made of.

use super::Outcome;
use super::failure::Failure;
use super::talk::{Screen, print, say};
use storyeval::pipeline::{PlannedSuite, RunRequest};

/// Plans a suite, runs what can be run, and prints its table.
pub(super) fn run(id: &str, common: &RunRequest, dry_run: bool, screen: &Screen) -> Outcome {
    let planned = PlannedSuite::open(id, common, screen.control())?;
    let outlook = planned.outlook()?;
    if dry_run {
        return print(&outlook);
    }
    say(&outlook);
    let measured = planned.run(screen.control())?;
    print(&measured.table)?;
    say(&format!("\nsuite: {}", measured.root.display()));
    if measured.done < measured.runs {
        return Err(Failure::SuiteUnfinished {
            suite: measured.suite,
            done: measured.done,
            runs: measured.runs,
        });
    }
    Ok(())
}
