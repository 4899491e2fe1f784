//! The verdict as JUnit XML, in the common subset of what Jenkins, GitLab and Surefire's readers know.
//!
//! A suite a model, a case a score. What failed has `failure`, what says nothing has `error`, what no rule looks
//! at and what is new has `skipped`.

use super::error::GateError;
use super::verdict::{Outcome, Status, Verdict};
use crate::run::RunError;
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};
use std::io;
use std::path::Path;

/// Writes the XML. `path` is only for messages.
///
/// # Errors
/// [`GateError::Write`], which writing to memory does not meet.
pub fn junit(verdict: &Verdict, path: &Path) -> Result<Vec<u8>, GateError> {
    write(verdict).map_err(|source| GateError::Write(RunError::write(path, source)))
}

fn write(verdict: &Verdict) -> io::Result<Vec<u8>> {
    let mut xml = Writer::new_with_indent(Vec::new(), b' ', 1);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let all: Vec<&Outcome> = verdict.outcomes.iter().collect();
    let mut root = BytesStart::new("testsuites");
    root.push_attribute(("name", "storyeval gate"));
    counts(&mut root, &all);
    xml.write_event(Event::Start(root))?;
    let mut models: Vec<&str> = Vec::new();
    for outcome in &all {
        if !models.contains(&outcome.model.as_str()) {
            models.push(&outcome.model);
        }
    }
    for model in models {
        let cases: Vec<&Outcome> = all.iter().copied().filter(|it| it.model == model).collect();
        let mut suite = BytesStart::new("testsuite");
        suite.push_attribute(("name", clean(model).as_str()));
        counts(&mut suite, &cases);
        suite.push_attribute(("skipped", skipped(&cases).to_string().as_str()));
        xml.write_event(Event::Start(suite))?;
        for case in cases {
            write_case(&mut xml, case)?;
        }
        xml.write_event(Event::End(BytesEnd::new("testsuite")))?;
    }
    xml.write_event(Event::End(BytesEnd::new("testsuites")))?;
    let mut bytes = xml.into_inner();
    bytes.push(b'\n');
    Ok(bytes)
}

fn counts(element: &mut BytesStart<'_>, cases: &[&Outcome]) {
    let count = |status| cases.iter().filter(|it| it.status == status).count();
    element.push_attribute(("tests", cases.len().to_string().as_str()));
    element.push_attribute(("failures", count(Status::Failed).to_string().as_str()));
    element.push_attribute(("errors", count(Status::Incomparable).to_string().as_str()));
    element.push_attribute(("time", "0"));
}

fn skipped(cases: &[&Outcome]) -> usize {
    let skipped = |it: &&&Outcome| matches!(it.status, Status::New | Status::Ignored);
    cases.iter().filter(skipped).count()
}

fn write_case(xml: &mut Writer<Vec<u8>>, case: &Outcome) -> io::Result<()> {
    let mut element = BytesStart::new("testcase");
    // Readers make folders of the dots in a class name.
    let class = format!("storyeval.{}", case.model.replace('.', "_"));
    element.push_attribute(("classname", clean(&class).as_str()));
    let name = format!("{} {}", case.metric, case.slice);
    element.push_attribute(("name", clean(&name).as_str()));
    element.push_attribute(("time", "0"));
    let (child, message) = match case.status {
        Status::Held => {
            return xml.write_event(Event::Empty(element));
        }
        Status::Failed => ("failure", case.values()),
        Status::Incomparable => ("error", "not comparable with the baseline".to_owned()),
        Status::New => ("skipped", format!("new: {}", case.values())),
        Status::Ignored => ("skipped", "the rules ignore it".to_owned()),
    };
    xml.write_event(Event::Start(element))?;
    let mut result = BytesStart::new(child);
    result.push_attribute(("message", clean(&message).as_str()));
    if case.reasons.is_empty() {
        xml.write_event(Event::Empty(result))?;
    } else {
        let kind = if case.status == Status::Failed {
            case.reasons[0].kind()
        } else {
            "incomparable"
        };
        result.push_attribute(("type", kind));
        xml.write_event(Event::Start(result))?;
        let lines: Vec<String> = case
            .reasons
            .iter()
            .map(|it| clean(&it.to_string()))
            .collect();
        xml.write_event(Event::Text(BytesText::new(&lines.join("\n"))))?;
        xml.write_event(Event::End(BytesEnd::new(child)))?;
    }
    xml.write_event(Event::End(BytesEnd::new("testcase")))
}

/// Text that XML 1.0 can hold on one line: no control characters and no non-characters.
fn clean(text: &str) -> String {
    super::verdict::one_line(text)
        .chars()
        .filter(|c| !matches!(c, '\u{fffe}' | '\u{ffff}'))
        .collect()
}
