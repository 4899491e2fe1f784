//! The verdict as JUnit XML, in the common subset of what Jenkins, GitLab and Surefire's readers know.
//!
//! One suite per model, one case per score. What failed has `failure`, what says nothing has `error`, what no
//! rule asks for and what is new has `skipped`.

use super::error::GateError;
use super::verdict::{Outcome, Status, Verdict};
use crate::run::RunError;
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use std::io;
use std::path::Path;
use std::time::Duration;

/// Writes the XML. `path` is only for messages.
///
/// # Errors
/// [`GateError::Write`], which writing to memory does not meet.
pub fn junit(verdict: &Verdict, path: &Path) -> Result<Vec<u8>, GateError> {
    let mut report = Report::new("storyeval gate");
    report.set_time(Duration::ZERO);
    let mut models: Vec<&str> = Vec::new();
    for outcome in &verdict.outcomes {
        if !models.contains(&outcome.model.as_str()) {
            models.push(&outcome.model);
        }
    }
    for model in models {
        let cases = verdict.outcomes.iter().filter(|it| it.model == model);
        let mut suite = TestSuite::new(clean(model));
        suite.set_time(Duration::ZERO);
        suite.add_test_cases(cases.map(case_of));
        report.add_test_suite(suite);
    }
    let xml = report
        .to_string()
        .map_err(|error| GateError::Write(RunError::write(path, io::Error::other(error))))?;
    // The schema of Jenkins' xUnit plugin has no such attribute on `testsuites`, and the plugin validates.
    let skipped = format!(" skipped=\"{}\"", report.skipped);
    Ok(xml.replacen(&skipped, "", 1).into_bytes())
}

fn case_of(case: &Outcome) -> TestCase {
    let (mut status, message) = match case.status {
        Status::Held => (TestCaseStatus::success(), None),
        Status::Failed => {
            let status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            (status, Some(case.values()))
        }
        Status::Incomparable => (
            TestCaseStatus::non_success(NonSuccessKind::Error),
            Some("not comparable with the baseline".to_owned()),
        ),
        Status::New => {
            let message = format!("new: {}", case.values());
            (TestCaseStatus::skipped(), Some(message))
        }
        Status::Ignored => {
            let message = "the rules ignore it".to_owned();
            (TestCaseStatus::skipped(), Some(message))
        }
    };
    if let Some(message) = message {
        status.set_message(clean(&message));
        if let Some(first) = case.reasons.first() {
            status.set_type(match case.status {
                Status::Failed => first.kind(),
                _ => "incomparable",
            });
            let lines = case.reasons.iter().map(|it| clean(&it.to_string()));
            status.set_description(lines.collect::<Vec<_>>().join("\n"));
        }
    }
    let mut written = TestCase::new(clean(&format!("{} {}", case.metric, case.slice)), status);
    // Readers make folders of the dots in a class name.
    let class = format!("storyeval.{}", case.model.replace('.', "_"));
    written.set_classname(clean(&class));
    written.set_time(Duration::ZERO);
    written
}

/// Text that XML 1.0 can hold on one line: no control characters and no non-characters.
fn clean(text: &str) -> String {
    super::verdict::one_line(text)
        .chars()
        .filter(|c| !matches!(c, '\u{fffe}' | '\u{ffff}'))
        .collect()
}
