//! What only the maker of a bundle can know.

use super::Problem;
use super::document::Document;
use super::facts::Folder;

/// A key that a bundle needs.
#[derive(Debug)]
pub(super) struct Rule {
    /// Kinds that need it; empty for all.
    kinds: &'static [&'static str],
    pub(super) section: &'static str,
    pub(super) key: &'static str,
    /// A value that is in order, as TOML.
    example: &'static str,
    /// What it says.
    meaning: &'static str,
    /// The classifier whose labels it holds.
    labels_of: Option<&'static str>,
}

const PIXELS: &[&str] = &["evaluators", "clip", "captioner", "locator", "sam"];
const SCALE: &str = "which values the pixels have in training: \"unit\" (0 to 1), \"symmetric\" (-1 to 1), or \
                     { mean = [..], std = [..] } of values from 0 to 1; it cannot be seen in a graph, and a wrong one gives wrong \
                     scores without an error";

const fn rule(
    kinds: &'static [&'static str],
    section: &'static str,
    key: &'static str,
    example: &'static str,
    meaning: &'static str,
) -> Rule {
    Rule {
        kinds,
        section,
        key,
        example,
        meaning,
        labels_of: None,
    }
}

const fn labels(key: &'static str, graph: &'static str) -> Rule {
    Rule {
        labels_of: Some(graph),
        ..rule(
            &["evaluators"],
            "labels",
            key,
            "[]",
            "what the outputs stand for, in their order: the names of the data set's card",
        )
    }
}

const CLIP: &[&str] = &["clip"];
const CAPTIONER: &[&str] = &["captioner"];

static RULES: [Rule; 26] = [
    rule(
        &[],
        "",
        "kind",
        "\"evaluators\"",
        "what the graphs are for: evaluators, clip, lpips, captioner, locator, sam",
    ),
    rule(&[], "", "licence", "\"MIT\"", "the licence of the weights"),
    rule(
        &[],
        "source",
        "upstream",
        "\"trained by us\"",
        "where the weights come from",
    ),
    rule(
        &[],
        "image",
        "width",
        "64",
        "pixels across of the images that the graphs read",
    ),
    rule(
        &[],
        "image",
        "height",
        "64",
        "pixels down of the images that the graphs read",
    ),
    rule(PIXELS, "input", "scale", "\"unit\"", SCALE),
    labels("characters", "char_classifier"),
    labels("backgrounds", "bg_classifier"),
    rule(CLIP, "clip", "dim", "512", "length of an embedding"),
    rule(
        CLIP,
        "clip",
        "context_length",
        "77",
        "tokens of a padded text",
    ),
    rule(
        CLIP,
        "clip",
        "tokenizer",
        "\"tokenizer.json\"",
        "the tokeniser's file",
    ),
    rule(
        CLIP,
        "clip",
        "bos_id",
        "49406",
        "the token that begins a text",
    ),
    rule(
        CLIP,
        "clip",
        "eos_id",
        "49407",
        "the token that ends a text",
    ),
    rule(
        CLIP,
        "clip",
        "pad_id",
        "0",
        "the token that fills a text up",
    ),
    rule(&["lpips"], "lpips", "network", "\"alex\"", "the trunk"),
    rule(
        &["lpips"],
        "lpips",
        "version",
        "\"0.1\"",
        "the version of the linear layers",
    ),
    rule(
        CAPTIONER,
        "captioner",
        "tokenizer",
        "\"tokenizer.json\"",
        "the tokeniser's file",
    ),
    rule(
        CAPTIONER,
        "captioner",
        "prompt",
        "\"\"",
        "text after the image, before the caption; may be empty",
    ),
    rule(
        CAPTIONER,
        "captioner",
        "num_beams",
        "5",
        "beams of the search",
    ),
    rule(
        CAPTIONER,
        "captioner",
        "max_new_tokens",
        "30",
        "most tokens of a caption",
    ),
    rule(
        CAPTIONER,
        "captioner",
        "length_penalty",
        "1.0",
        "exponent of the length that a beam's score is divided by",
    ),
    rule(
        CAPTIONER,
        "captioner",
        "eos_id",
        "2",
        "the token that ends a caption",
    ),
    rule(
        CAPTIONER,
        "captioner",
        "pad_id",
        "0",
        "the token that fills up",
    ),
    rule(
        &["locator"],
        "locator",
        "characters",
        "[\"ann\"]",
        "the characters, in the order of the maps",
    ),
    rule(
        &["locator"],
        "locator",
        "threshold",
        "0.5",
        "above which sigmoid a cell belongs to a character",
    ),
    rule(
        &["evaluators"],
        "features",
        "dim",
        "2048",
        "length of a feature vector",
    ),
];

/// The keys that a bundle of this kind needs and does not have.
pub(super) fn missing(document: &Document) -> Vec<&'static Rule> {
    let kind = document.text_of("kind");
    let needs = |rule: &&Rule| {
        let of_kind = rule.kinds.is_empty() || kind.is_some_and(|it| rule.kinds.contains(&it));
        let graph = rule
            .labels_of
            .or((rule.section == "features").then_some("features"));
        of_kind && graph.is_none_or(|graph| document.has("graphs", graph))
    };
    let absent = |rule: &&Rule| !document.has(rule.section, rule.key);
    RULES.iter().filter(needs).filter(absent).collect()
}

impl Rule {
    /// A value that is in order, with as many labels as there are outputs.
    pub(super) fn example(&self, folder: &Folder) -> String {
        let Some(graph) = self.labels_of else {
            return self.example.to_owned();
        };
        let count = folder.outputs(graph).unwrap_or(1);
        let names: Vec<String> = (1..=count).map(|n| format!("\"name {n}\"")).collect();
        format!("[{}]", names.join(", "))
    }

    /// The key as a problem.
    pub(super) fn problem(&self, folder: &Folder) -> Problem {
        let outputs = self.labels_of.and_then(|graph| folder.outputs(graph));
        let count = outputs.map_or_else(String::new, |count| format!(" ({count} outputs)"));
        let line = match self.labels_of {
            Some(_) => format!("{} = [\"..\", ..]", self.key),
            None => format!("{} = {}", self.key, self.example),
        };
        let place = if self.section.is_empty() {
            "before the first section".to_owned()
        } else {
            format!("under [{}]", self.section)
        };
        Problem {
            about: [self.section, self.key]
                .into_iter()
                .filter(|it| !it.is_empty())
                .collect::<Vec<_>>()
                .join("."),
            what: format!("is missing: {}{count}", self.meaning),
            hint: format!("write it {place}, for example {line}"),
        }
    }
}
