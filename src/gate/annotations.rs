//! The verdict as workflow commands of GitHub Actions, which stand beside a pull request.

use super::verdict::{Outcome, Status, Verdict};

/// GitHub shows so many errors of a step; the last one then says how many are left.
const SHOWN: usize = 10;

/// A line for each score that failed or says nothing, as many as GitHub shows.
#[must_use]
pub fn annotations(verdict: &Verdict) -> Vec<String> {
    let bad = |it: &&Outcome| matches!(it.status, Status::Failed | Status::Incomparable);
    let all: Vec<&Outcome> = verdict.outcomes.iter().filter(bad).collect();
    let shown = if all.len() > SHOWN {
        SHOWN - 1
    } else {
        all.len()
    };
    let mut lines: Vec<String> = all[..shown].iter().map(|it| line(it)).collect();
    if shown < all.len() {
        lines.push(format!(
            "::error title=storyeval gate::and {} more scores",
            all.len() - shown
        ));
    }
    lines
}

fn line(outcome: &Outcome) -> String {
    let title = format!("{} {} {}", outcome.model, outcome.metric, outcome.slice);
    let reasons: Vec<String> = outcome.reasons.iter().map(ToString::to_string).collect();
    let text = format!("{}\n{}", outcome.values(), reasons.join("\n"));
    format!("::error title={}::{}", property(&title), data(&text))
}

/// Escapes the text of a command, as the runner's own toolkit does.
fn data(text: &str) -> String {
    let text: String = text
        .chars()
        .filter(|c| matches!(c, '\n' | '\r') || !c.is_control())
        .collect();
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

/// Escapes a property of a command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_name_ends_a_command() {
        assert_eq!(
            property("a:b,c\n::set 100%\u{1b}"),
            "a%3Ab%2Cc%0A%3A%3Aset 100%25"
        );
        assert_eq!(data("1: 50 %\r\n2"), "1: 50 %25%0D%0A2");
    }
}
