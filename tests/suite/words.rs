//! The word list of the project, `tests/words.txt`: pages, cards and sources use plain English.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Rooms and folders of Rust code whose comments and messages follow the list. It only grows.
const CLEAN: [&str; 25] = [
    "src/card",
    "src/cli",
    "src/compare",
    "src/convert",
    "src/dataset",
    "src/error.rs",
    "src/examine",
    "src/export",
    "src/fetch",
    "src/format",
    "src/generator",
    "src/inference",
    "src/lib.rs",
    "src/main.rs",
    "src/minisv",
    "src/pipeline",
    "src/record",
    "src/stats",
    "src/table",
    "src/verify",
    "src/vision",
    "tests/suite",
    "benches",
    "fuzz/src",
    "fuzz/fuzz_targets",
];

/// Places where a word is right: the file, a part of the line, and why.
const RIGHT: [(&str, &str, &str); 4] = [
    (
        "src/minisv/script.rs",
        "does: \"stands\"",
        "a pose in drawn captions, which no change may move",
    ),
    (
        "tests/suite/coverage/captions.rs",
        "\"looks at\"",
        "words of a made-up grammar whose scores are golden",
    ),
    (
        "docs/referential.md",
        "as in \"stands\"",
        "an example of a word with the letters `and`",
    ),
    (
        "tests/suite/words.rs",
        "",
        "the test of the list has to name its words",
    ),
];

const NOUNS: &str = "batch bundle call capability caption cell character clip column core directory entry failure file \
    folder frame graph group image item job key kind label layout letter line metric model network page pair part \
    pass photo piece pixel place position process reader room row run score second section seed setting side slice \
    slot split step story suite table thread token unit update value verb word";

/// A word of a pattern.
enum Part {
    Any,
    Noun,
    Nouns,
    OneOf(Vec<String>),
}

struct Pattern {
    parts: Vec<Part>,
    /// Words that make it right when one of them comes next.
    unless: Vec<String>,
    text: String,
    instead: String,
}

/// A word of a text, where it is, and whether punctuation ends a phrase behind it.
struct Word {
    text: String,
    line: usize,
    ends: bool,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn patterns() -> Vec<Pattern> {
    let list = fs::read_to_string(root().join("tests/words.txt")).unwrap();
    let lines = list.lines().map(str::trim);
    lines
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| {
            let (pattern, instead) = line.split_once('|').expect("every pattern has its reason");
            assert!(!instead.trim().is_empty(), "{line}");
            let (pattern, unless) = pattern.split_once('!').unwrap_or((pattern, ""));
            let alternatives = |words: &str| words.trim().split('/').map(str::to_owned).collect();
            Pattern {
                parts: pattern.split_whitespace().map(part).collect(),
                unless: alternatives(unless),
                text: pattern.trim().to_owned(),
                instead: instead.trim().to_owned(),
            }
        })
        .collect()
}

fn part(word: &str) -> Part {
    match word {
        "*" => Part::Any,
        "NOUN" => Part::Noun,
        "MANY" => Part::Nouns,
        _ => Part::OneOf(word.split('/').map(str::to_owned).collect()),
    }
}

fn plural(noun: &str) -> String {
    match noun.strip_suffix('y') {
        Some(stem) if !noun.ends_with("ey") => format!("{stem}ies"),
        _ if noun.ends_with("ch") || noun.ends_with("ss") => format!("{noun}es"),
        _ => format!("{noun}s"),
    }
}

impl Part {
    fn is(&self, word: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Noun => NOUNS.split_whitespace().any(|noun| noun == word),
            Self::Nouns => NOUNS.split_whitespace().any(|noun| plural(noun) == word),
            Self::OneOf(words) => words.iter().any(|own| own.eq_ignore_ascii_case(word)),
        }
    }
}

/// The words of prose, line by line. Code between backticks is no prose.
fn words<'a>(lines: impl Iterator<Item = (usize, &'a str)>) -> Vec<Word> {
    let mut found = Vec::new();
    for (line, text) in lines {
        let heading = text.starts_with('#');
        for (index, piece) in text.split('`').enumerate() {
            if index % 2 == 1 {
                found.push(Word {
                    text: "`".to_owned(),
                    line,
                    ends: false,
                });
                continue;
            }
            for chunk in piece.split_whitespace() {
                let word: String = chunk.chars().filter(|c| c.is_alphanumeric()).collect();
                if word.is_empty() {
                    if let Some(last) = found.last_mut() {
                        last.ends = true;
                    }
                    continue;
                }
                let ends = chunk.ends_with(['.', ',', ';', ':', ')', '"', '|', '!', '?']);
                let begins = chunk.starts_with(['(', '"', '|']);
                if begins && let Some(last) = found.last_mut() {
                    last.ends = true;
                }
                found.push(Word {
                    text: word,
                    line,
                    ends,
                });
            }
        }
        if heading && let Some(last) = found.last_mut() {
            last.ends = true;
        }
    }
    found
}

/// Where a pattern is in the words: the line of its first word.
fn places(pattern: &Pattern, words: &[Word]) -> Vec<usize> {
    let length = pattern.parts.len();
    let fits = |start: usize| {
        let window = &words[start..start + length];
        let same = pattern
            .parts
            .iter()
            .zip(window)
            .all(|(part, word)| part.is(&word.text));
        let (last, before) = window.split_last().expect("a pattern has a word");
        let next = words.get(start + length).filter(|_| !last.ends);
        let right = next.is_some_and(|word| pattern.unless.contains(&word.text));
        same && !right && before.iter().all(|word| !word.ends)
    };
    let starts = 0..(words.len() + 1).saturating_sub(length);
    starts
        .filter(|start| fits(*start))
        .map(|start| words[start].line)
        .collect()
}

/// The prose of a page: everything but blocks of code.
fn page(text: &str) -> Vec<(usize, &str)> {
    let mut code = false;
    text.lines()
        .enumerate()
        .filter_map(|(index, line)| {
            if line.trim_start().starts_with("```") {
                code = !code;
                return None;
            }
            (!code).then_some((index + 1, line))
        })
        .collect()
}

/// The prose of a source: comments, and the text between quotes.
fn source(text: &str) -> Vec<(usize, String)> {
    text.lines()
        .enumerate()
        .filter_map(|(index, line)| {
            let trimmed = line.trim_start();
            if trimmed.starts_with("//") {
                let comment = trimmed.trim_start_matches(['/', '!']).trim();
                return Some((index + 1, comment.to_owned()));
            }
            let quoted: Vec<&str> = line.split('"').skip(1).step_by(2).collect();
            let after = line.split_once(" // ").map_or("", |(_, comment)| comment);
            // A text that goes on over lines has one quote on its first line and none behind.
            let running = quoted.is_empty()
                && !line.contains(" = ")
                && trimmed.split(' ').count() > 4
                && !trimmed.ends_with([';', '{', '}', ',']);
            let prose = if running {
                trimmed.to_owned()
            } else {
                quoted.join(". ") + " . " + after
            };
            (prose.len() > 3).then_some((index + 1, prose))
        })
        .collect()
}

/// Files below a path with one of these endings.
fn files(below: &Path, endings: &[&str], found: &mut Vec<PathBuf>) {
    if below.is_file() {
        found.push(below.to_owned());
        return;
    }
    let Ok(entries) = fs::read_dir(below) else {
        return;
    };
    for entry in entries {
        let path = entry.unwrap().path();
        let fits = path
            .extension()
            .is_some_and(|kind| endings.iter().any(|ending| kind == *ending));
        if path.is_dir() || fits {
            files(&path, endings, found);
        }
    }
}

/// Every use of a word of the list in a text, as `file:line`.
fn uses(name: &str, text: &str, prose: &[Word], patterns: &[Pattern]) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let right = |line: usize| {
        RIGHT.iter().any(|(file, part, _)| {
            *file == name && lines.get(line - 1).is_some_and(|text| text.contains(part))
        })
    };
    let mut found = Vec::new();
    for pattern in patterns {
        let Pattern { text, instead, .. } = pattern;
        for line in places(pattern, prose)
            .into_iter()
            .filter(|line| !right(*line))
        {
            let whole = lines[line - 1].trim();
            found.push(format!("{name}:{line}: `{text}`: {instead}\n    {whole}"));
        }
    }
    found
}

fn checked() -> BTreeMap<PathBuf, bool> {
    let mut pages = Vec::new();
    for below in [
        "README.md",
        "CONTRIBUTING.md",
        "docs",
        "eval-configs",
        "tools/README.md",
        "tools/real_weights/README.md",
    ] {
        files(&root().join(below), &["md", "toml", "json"], &mut pages);
    }
    let mut sources = Vec::new();
    for below in CLEAN {
        files(&root().join(below), &["rs"], &mut sources);
    }
    let pages = pages.into_iter().map(|path| (path, false));
    pages
        .chain(sources.into_iter().map(|path| (path, true)))
        .collect()
}

#[test]
fn pages_cards_and_sources_follow_the_word_list() {
    let patterns = patterns();
    let checked = checked();
    assert!(checked.len() > 400, "{}", checked.len());
    let mut wrong = Vec::new();
    for (path, is_source) in checked {
        let name = path
            .strip_prefix(root())
            .unwrap()
            .to_string_lossy()
            .into_owned();
        let text = fs::read_to_string(&path).unwrap();
        let prose = if is_source {
            let lines = source(&text);
            words(lines.iter().map(|(line, text)| (*line, text.as_str())))
        } else {
            words(page(&text).into_iter())
        };
        wrong.extend(uses(&name, &text, &prose, &patterns));
    }
    assert!(
        wrong.is_empty(),
        "{} words of tests/words.txt:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// Every pattern finds its own example, in a page and in a source, also over the end of a line.
#[test]
fn the_word_list_finds_what_it_refuses() {
    let patterns = patterns();
    let found = |text: &str| {
        let prose = words(page(text).into_iter());
        uses("docs/x.md", text, &prose, &patterns).len()
    };
    assert_eq!(found("One row per frame; a story has four frames."), 0);
    assert_eq!(found("The program writes a row a frame."), 1);
    assert_eq!(
        found("It has four frames a\nstory, of which none is scored."),
        1
    );
    assert_eq!(found("It is held\nagainst a table. Nobody knows."), 2);
    assert_eq!(found("```\nnobody is told\n```\nSee `told()`."), 0);
    assert_eq!(found("A list of frames. A story has some."), 0);
    assert_eq!(
        found("The runs a table needs, in how many frames a label is set."),
        0
    );
    let lines =
        source("/// What is told of it.\nlet told = \"a file stands here\"; // for want of room\n");
    let prose = words(lines.iter().map(|(line, text)| (*line, text.as_str())));
    let text = "x\ny\n";
    assert_eq!(uses("src/x.rs", text, &prose, &patterns).len(), 3);
}

/// Lines of pages are at most 140 columns long, tables, code and addresses excepted.
#[test]
fn pages_are_wrapped() {
    let mut pages = Vec::new();
    for below in ["README.md", "CONTRIBUTING.md", "docs"] {
        files(&root().join(below), &["md"], &mut pages);
    }
    let mut long = Vec::new();
    for path in pages {
        let text = fs::read_to_string(&path).unwrap();
        for (line, text) in page(&text) {
            let table = text.trim_start().starts_with('|');
            let one_word = text
                .split_whitespace()
                .filter(|word| !word.starts_with('['))
                .count()
                < 3;
            let spans = text
                .split('`')
                .skip(1)
                .step_by(2)
                .any(|code| code.len() > 100);
            if text.chars().count() > 140 && !table && !one_word && !spans {
                long.push(format!("{}:{line}", path.display()));
            }
        }
    }
    assert!(long.is_empty(), "{long:#?}");
}

/// Links between pages lead to files that exist.
#[test]
fn links_of_pages_lead_somewhere() {
    let mut pages = Vec::new();
    for below in [
        "README.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "docs",
        "reports/minisv.md",
        "tools/README.md",
    ] {
        files(&root().join(below), &["md"], &mut pages);
    }
    let mut broken = Vec::new();
    let mut seen = 0;
    for path in pages {
        let text = fs::read_to_string(&path).unwrap();
        for target in text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next())
        {
            let file = target.split('#').next().unwrap_or_default();
            if file.is_empty() || file.contains("://") || file.contains(' ') {
                continue;
            }
            seen += 1;
            if !path.parent().unwrap().join(file).exists() {
                broken.push(format!("{} -> {target}", path.display()));
            }
        }
    }
    assert!(seen > 100, "{seen}");
    assert!(broken.is_empty(), "{broken:#?}");
}
