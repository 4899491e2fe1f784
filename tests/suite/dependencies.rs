//! Licences, banned crates and sources of all dependencies, by the rules of `deny.toml`.

use std::path::Path;
use std::process::Command;

fn rules() -> toml::Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("deny.toml");
    toml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Every package of the lock file; where those of other systems were never fetched, what this one needs.
fn packages() -> Vec<serde_json::Value> {
    let metadata = |more: &[&str]| {
        let output = Command::new(env!("CARGO"))
            .args(["metadata", "--format-version", "1", "--locked", "--offline"])
            .args(more)
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .unwrap();
        let text = output.status.success().then_some(output.stdout);
        text.map(|bytes| serde_json::from_slice::<serde_json::Value>(&bytes).unwrap())
    };
    let version = Command::new("rustc").arg("-vV").output().unwrap();
    let version = String::from_utf8(version.stdout).unwrap();
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    let found = metadata(&[])
        .or_else(|| metadata(&["--filter-platform", host.unwrap()]))
        .expect("cargo metadata");
    found["packages"].as_array().unwrap().clone()
}

/// Whether an expression of licences can be met: `OR` and `/` choose, `AND` asks for both sides.
fn is_met(expression: &str, allowed: &[&str]) -> bool {
    let expression = expression.replace('/', " OR ");
    let expression = expression.trim();
    if let Some(inside) = expression.strip_prefix('(')
        && let Some((inside, rest)) = inside.split_once(')')
    {
        let met = is_met(inside, allowed);
        return match rest.trim().split_once(' ') {
            Some(("AND", rest)) => met && is_met(rest, allowed),
            Some(("OR", rest)) => met || is_met(rest, allowed),
            _ => met,
        };
    }
    if let Some((one, other)) = expression.split_once(" OR ") {
        return is_met(one, allowed) || is_met(other, allowed);
    }
    if let Some((one, other)) = expression.split_once(" AND ") {
        return is_met(one, allowed) && is_met(other, allowed);
    }
    // An exception only adds rights.
    let licence = expression.split(" WITH ").next().unwrap_or_default();
    allowed.contains(&licence.trim())
}

#[test]
fn dependencies_have_allowed_licences_and_sources() {
    let rules = rules();
    let list = |table: &str, key: &str| rules[table][key].as_array().unwrap().clone();
    let allowed = list("licenses", "allow");
    let allowed: Vec<&str> = allowed.iter().filter_map(toml::Value::as_str).collect();
    let banned = list("bans", "deny");
    let banned: Vec<&str> = banned
        .iter()
        .filter_map(|entry| entry["crate"].as_str())
        .collect();
    assert_eq!(rules["sources"]["unknown-registry"].as_str(), Some("deny"));
    let packages = packages();
    assert!(packages.len() > 100, "{}", packages.len());
    let mut wrong = Vec::new();
    for package in &packages {
        let name = package["name"].as_str().unwrap();
        let licence = package["license"].as_str().unwrap_or("none stated");
        if !is_met(licence, &allowed) {
            wrong.push(format!("{name}: licence {licence}"));
        }
        if banned.contains(&name) {
            wrong.push(format!("{name}: banned by deny.toml"));
        }
        let source = package["source"].as_str();
        if source.is_some_and(|source| {
            !source.starts_with("registry+https://github.com/rust-lang/crates.io-index")
        }) {
            wrong.push(format!("{name}: from {}", source.unwrap_or_default()));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn licences_are_read_as_they_are_meant() {
    let allowed = ["MIT", "Apache-2.0", "Unicode-3.0", "IJG", "Zlib"];
    for met in [
        "MIT",
        "MIT OR GPL-3.0",
        "GPL-3.0/MIT",
        "(MIT OR GPL-3.0) AND Unicode-3.0",
        "Apache-2.0 WITH LLVM-exception OR GPL-3.0",
        "IJG AND Zlib",
    ] {
        assert!(is_met(met, &allowed), "{met}");
    }
    for not in [
        "GPL-3.0",
        "MIT AND GPL-3.0",
        "(MIT OR GPL-3.0) AND GPL-2.0",
        "none stated",
    ] {
        assert!(!is_met(not, &allowed), "{not}");
    }
}
