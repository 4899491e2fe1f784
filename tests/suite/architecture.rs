//! The arrows of docs/architecture.md: a room imports rooms below its own line, and no others.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The rooms from the top, as the page lists them.
fn lines() -> Vec<Vec<String>> {
    let page = fs::read_to_string(root().join("docs/architecture.md")).unwrap();
    let (_, after) = page.split_once("Imports point down this list").unwrap();
    let list = after.split("```").nth(1).unwrap();
    list.trim()
        .lines()
        .map(|line| line.split_whitespace().map(str::to_owned).collect())
        .collect()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            found.push(path);
        }
    }
}

/// Whether a file is only compiled for tests: it may reach for anything.
fn is_test(path: &Path) -> bool {
    let stem = path.file_stem().unwrap().to_string_lossy();
    stem.ends_with("tests") || ["golden", "testing", "fake"].contains(&stem.as_ref())
}

/// Modules that the code of a file names behind `crate::`, or in the program behind `storyeval::`.
fn named(text: &str, behind: &str) -> BTreeSet<String> {
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    let uses = code.split(behind).skip(1);
    uses.map(|rest| {
        let end = rest.find(|c: char| !(c.is_ascii_lowercase() || c == '_'));
        rest[..end.unwrap_or(rest.len())].to_owned()
    })
    .filter(|name| !name.is_empty())
    .collect()
}

#[test]
fn imports_point_down() {
    let lines = lines();
    let level = |room: &str| {
        lines
            .iter()
            .position(|line| line.iter().any(|it| it == room))
    };
    let mut wrong = Vec::new();
    let mut rooms = BTreeSet::new();
    let mut files = Vec::new();
    sources(&root().join("src"), &mut files);
    assert!(files.len() > 400, "{}", files.len());
    for path in files.iter().filter(|path| !is_test(path)) {
        let inside = path.strip_prefix(root().join("src")).unwrap();
        let mut parts = inside.iter();
        let room = parts.next().unwrap().to_string_lossy().into_owned();
        // Files beside the rooms: the error of all is a room of one file; the list of rooms is not one.
        let room = if parts.next().is_some() {
            room
        } else if room == "error.rs" {
            "error".to_owned()
        } else {
            continue;
        };
        let own = level(&room).unwrap_or_else(|| panic!("{room} is on no line of the page"));
        let text = fs::read_to_string(path).unwrap();
        let mut others = named(&text, "crate::");
        if text.contains("crate::Error") {
            others.insert("error".to_owned());
        }
        for other in others {
            if other == room {
                continue;
            }
            if let Some(other_level) = level(&other)
                && other_level <= own
            {
                wrong.push(format!("{} imports {other}", inside.display()));
            }
        }
        rooms.insert(room);
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    // A line of the page that has no room would hold nothing.
    let listed: BTreeSet<String> = lines.into_iter().flatten().collect();
    assert_eq!(rooms, listed);
}
