//! The workflow that builds the wheels, which runs nowhere but at its host: what can be checked of it here.

use crate::support::pinned_actions;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

const TEXT: &str = include_str!("../../.github/workflows/release.yml");

fn workflow() -> Value {
    serde_yaml_ng::from_str(TEXT).unwrap()
}

fn steps(job: &Value) -> &Vec<Value> {
    job["steps"].as_array().unwrap()
}

#[test]
fn every_action_is_pinned_by_commit_with_its_version_beside() {
    let uses = pinned_actions(TEXT);
    assert!(uses.len() >= 5, "{uses:?}");
}

#[test]
fn wheels_are_built_for_every_system_and_only_the_release_may_write() {
    let workflow = workflow();
    let wheels = &workflow["jobs"]["wheels"];
    let systems = wheels["strategy"]["matrix"]["include"].as_array().unwrap();
    let names: BTreeSet<&str> = systems
        .iter()
        .map(|it| it["name"].as_str().unwrap())
        .collect();
    let expected = [
        "linux-aarch64",
        "linux-x86_64",
        "macos-aarch64",
        "windows-x86_64",
    ];
    assert_eq!(names, BTreeSet::from(expected));
    assert!(wheels["permissions"].is_null());
    assert_eq!(
        workflow["permissions"],
        serde_json::json!({ "contents": "read" })
    );
    let publish = &workflow["jobs"]["publish"];
    assert_eq!(publish["needs"], serde_json::json!(["wheels"]));
    assert!(publish["if"].as_str().unwrap().contains("refs/tags/v"));
    // What is uploaded is what is published.
    let pattern = steps(publish)[0]["with"]["pattern"].as_str().unwrap();
    let upload = steps(wheels).last().unwrap()["with"]["name"]
        .as_str()
        .unwrap();
    assert!(upload.starts_with(pattern.trim_end_matches('*')));
}

#[test]
fn its_scripts_are_shell_and_its_paths_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let workflow = workflow();
    for job in workflow["jobs"].as_object().unwrap().values() {
        for script in steps(job).iter().filter_map(|it| it["run"].as_str()) {
            // Expressions of the host are put in as text, which would be code: they come as variables.
            assert!(!script.contains("${{"), "{script}");
            let status = Command::new("bash")
                .args(["-n", "-c", script])
                .status()
                .unwrap();
            assert!(status.success(), "{script}");
        }
    }
    assert!(TEXT.contains("$GITHUB_WORKSPACE/python/tests"));
    assert!(root.join("python/tests").is_dir());
    // The wheel has the exporter by links, and so the checkout needs them.
    for name in ["storyeval_export", "storyeval_train"] {
        assert!(root.join("python").join(name).is_symlink(), "{name}");
    }
}
