//! `gate.toml`: how far each score may move.

use super::check::{Check, Coverage, SignatureRule, Tolerance};
use super::error::GateError;
use super::pattern::Patterns;
use crate::card::parse_toml;
use crate::metric::{GateRule, Metric};
use serde::Deserialize;
use std::fs;
use std::path::Path;
use toml::Spanned;

/// Version of the rules' format.
const FORMAT: u32 = 1;

/// What is done with a score.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Decision {
    /// It is not judged, and may be absent.
    Ignore,
    /// It is compared with the baseline.
    Check(Check),
}

/// One rule.
#[derive(Clone, Debug)]
struct Rule {
    /// Line of the file, from 1.
    line: usize,
    models: Patterns,
    metrics: Patterns,
    slices: Patterns,
    decision: Decision,
}

/// The rules of a gate: the first one that matches a score decides.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Chance that a statistical rule fails on any score of a family though nothing changed.
    pub alpha: f64,
    listed: Vec<Rule>,
    /// What decides about the other scores, where the file says; a metric's own row does elsewhere.
    default: Option<Decision>,
    /// How a metric is judged by its id.
    of_metric: fn(&str) -> GateRule,
}

impl Default for Rules {
    /// Without a file: every score as its metric's row says, at 0.05 in each family.
    fn default() -> Self {
        Self {
            alpha: default_alpha(),
            listed: Vec::new(),
            default: None,
            of_metric: Metric::gate_rule,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: Spanned<u32>,
    #[serde(default = "spanned_alpha")]
    alpha: Spanned<f64>,
    default: Option<Spanned<Entry>>,
    #[serde(default)]
    rule: Vec<Spanned<Entry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    model: Option<Patterns>,
    metric: Option<Patterns>,
    slice: Option<Patterns>,
    #[serde(default)]
    ignore: bool,
    absolute: Option<f64>,
    relative: Option<f64>,
    frames: Option<f64>,
    statistical: Option<bool>,
    two_sided: Option<bool>,
    min: Option<f64>,
    max: Option<f64>,
    coverage: Option<Coverage>,
    signature: Option<SignatureRule>,
}

fn default_alpha() -> f64 {
    0.05
}

fn spanned_alpha() -> Spanned<f64> {
    Spanned::new(0..0, default_alpha())
}

impl Rules {
    /// Reads a file of rules.
    ///
    /// # Errors
    /// [`GateError::Read`], [`GateError::Rules`] and [`GateError::Rule`], with the line.
    pub fn read(path: &Path) -> Result<Self, GateError> {
        let text = fs::read_to_string(path).map_err(|source| GateError::Read {
            what: "rules",
            path: path.to_path_buf(),
            source,
        })?;
        Self::parse(&path.display().to_string(), &text)
    }

    /// Reads rules from text; `path` is only for messages.
    ///
    /// # Errors
    /// [`GateError::Rules`] and [`GateError::Rule`], with the line.
    pub fn parse(path: &str, text: &str) -> Result<Self, GateError> {
        let file: File = parse_toml(path, text).map_err(GateError::Rules)?;
        let line = |start: usize| text.get(..start).unwrap_or_default().matches('\n').count() + 1;
        let refuse = |start: usize, what: String| GateError::Rule {
            path: path.to_owned(),
            line: line(start),
            what,
        };
        if *file.format.get_ref() != FORMAT {
            let what = format!(
                "these rules have format {}, this program reads format {FORMAT}",
                file.format.get_ref()
            );
            return Err(refuse(file.format.span().start, what));
        }
        let alpha = *file.alpha.get_ref();
        if !(alpha > 0.0 && alpha < 1.0) {
            let what = format!("alpha is a chance between 0 and 1, and not {alpha}");
            return Err(refuse(file.alpha.span().start, what));
        }
        let default = match file.default {
            None => None,
            Some(entry) => {
                let (start, entry) = (entry.span().start, entry.into_inner());
                if entry.model.is_some() || entry.metric.is_some() || entry.slice.is_some() {
                    let what = "the default rule is for every score that no other rule matches, and takes no model, metric or slice";
                    return Err(refuse(start, what.to_owned()));
                }
                Some(entry.decision().map_err(|what| refuse(start, what))?)
            }
        };
        let rules = file.rule.into_iter().map(|entry| {
            let (start, entry) = (entry.span().start, entry.into_inner());
            let decision = entry.decision().map_err(|what| refuse(start, what))?;
            Ok(Rule {
                line: line(start),
                models: entry.model.unwrap_or_default(),
                metrics: entry.metric.unwrap_or_default(),
                slices: entry.slice.unwrap_or_default(),
                decision,
            })
        });
        Ok(Self {
            alpha,
            listed: rules.collect::<Result<_, GateError>>()?,
            default,
            of_metric: Metric::gate_rule,
        })
    }

    /// What is done with a score: as the first rule that matches says, else the default. The number is the
    /// rule's position.
    #[must_use]
    pub fn decide(&self, model: &str, metric: &str, slice: &str) -> (Decision, Option<usize>) {
        let found = self.listed.iter().position(|rule| {
            rule.models.matches(model) && rule.metrics.matches(metric) && rule.slices.matches(slice)
        });
        if let Some(index) = found {
            return (self.listed[index].decision, Some(index));
        }
        let own = || Decision::Check(Check::by_chance(self.of_metric(metric)));
        (self.default.unwrap_or_else(own), None)
    }

    /// How chance is asked about a metric, whichever rule asks.
    pub(super) fn of_metric(&self, metric: &str) -> GateRule {
        (self.of_metric)(metric)
    }

    /// The same rules with other rows.
    #[cfg(test)]
    pub(super) fn with_rows(self, of_metric: fn(&str) -> GateRule) -> Self {
        Self { of_metric, ..self }
    }

    /// Sentences on rules that decided about no score: a misspelt pattern would pass unseen.
    pub(super) fn idle(&self, used: &[usize]) -> Vec<String> {
        let idle = self
            .listed
            .iter()
            .enumerate()
            .filter(|(index, _)| !used.contains(index));
        idle.map(|(_, rule)| {
            format!(
                "the rule in line {} (model {}, metric {}, slice {}) decides about no score of this baseline or these runs",
                rule.line, rule.models, rule.metrics, rule.slices
            )
        })
        .collect()
    }
}

impl Entry {
    fn decision(&self) -> Result<Decision, String> {
        let tolerance = Tolerance {
            absolute: self.absolute,
            relative: self.relative,
            frames: self.frames,
        };
        let demands = tolerance.is_given()
            || self.statistical.is_some()
            || self.min.is_some()
            || self.max.is_some();
        if self.ignore {
            let says_more = demands
                || self.two_sided.is_some()
                || self.coverage.is_some()
                || self.signature.is_some();
            return if says_more {
                Err("a rule that ignores a score demands nothing else of it".to_owned())
            } else {
                Ok(Decision::Ignore)
            };
        }
        if !demands {
            return Err(
                "the rule demands nothing: give absolute, relative, frames, statistical, min or max, or ignore = true"
                    .to_owned(),
            );
        }
        for (name, value) in [
            ("absolute", self.absolute),
            ("relative", self.relative),
            ("frames", self.frames),
        ] {
            if value.is_some_and(|value| !value.is_finite() || value < 0.0) {
                return Err(format!("{name} is a number that is not negative"));
            }
        }
        for (name, value) in [("min", self.min), ("max", self.max)] {
            if value.is_some_and(|value| !value.is_finite()) {
                return Err(format!("{name} is a finite number"));
            }
        }
        if let (Some(min), Some(max)) = (self.min, self.max)
            && min > max
        {
            return Err(format!("no value is at least {min} and at most {max}"));
        }
        Ok(Decision::Check(Check {
            tolerance,
            statistical: self.statistical.unwrap_or(false),
            two_sided: self.two_sided.unwrap_or(true),
            min: self.min,
            max: self.max,
            coverage: self.coverage.unwrap_or_default(),
            signature: self.signature.unwrap_or_default(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str, line: usize, words: &str) {
        let error = Rules::parse("gate.toml", text).unwrap_err();
        let said = error.to_string();
        assert!(said.starts_with(&format!("gate.toml:{line}")), "{said}");
        assert!(said.contains(words), "{said}");
    }

    #[test]
    fn the_first_rule_that_matches_decides() {
        let rules = Rules::parse(
            "gate.toml",
            "format = 1\n[default]\nignore = true\n\
             [[rule]]\nmodel = \"a\"\nmetric = [\"fid\", \"k*\"]\nrelative = 0.1\n\
             [[rule]]\nmetric = \"fid\"\nabsolute = 1\n",
        )
        .unwrap();
        let tolerance = |model, metric| match rules.decide(model, metric, "all").0 {
            Decision::Check(check) => Some(check.tolerance),
            Decision::Ignore => None,
        };
        assert_eq!(tolerance("a", "fid").unwrap().relative, Some(0.1));
        assert_eq!(tolerance("a", "kid").unwrap().relative, Some(0.1));
        assert_eq!(tolerance("b", "fid").unwrap().absolute, Some(1.0));
        assert_eq!(tolerance("b", "kid"), None);
        assert!(rules.idle(&[0])[0].contains("line 8"));
    }

    #[test]
    fn mistakes_are_refused_with_their_line() {
        refused("format = 2\n", 1, "format 2");
        refused("format = 1\nalpha = 1.5\n", 2, "between 0 and 1");
        refused("format = 1\nalpha = nan\n", 2, "between 0 and 1");
        refused("format = 1\n[[rule]]\nabsolut = 1\n", 3, "absolut");
        refused(
            "format = 1\n[[rule]]\nmetric = \"fid\"\n",
            2,
            "demands nothing",
        );
        refused("format = 1\n[[rule]]\nabsolute = -1\n", 2, "not negative");
        refused("format = 1\n[[rule]]\nrelative = inf\n", 2, "not negative");
        refused(
            "format = 1\n\n[[rule]]\nmin = 3\nmax = 2\n",
            3,
            "at least 3",
        );
        refused(
            "format = 1\n[[rule]]\nignore = true\nmax = 2\n",
            2,
            "nothing else",
        );
        refused(
            "format = 1\n[default]\nmetric = \"fid\"\nmax = 2\n",
            2,
            "no model",
        );
        refused(
            "format = 1\n[[rule]]\nmetric = 3\nmax = 2\n",
            3,
            "a pattern",
        );
        refused(
            "format = 1\n[[rule]]\nmetric = []\nmax = 2\n",
            3,
            "a pattern",
        );
    }
}
