//! The workflows of docs/gate-a-pull-request.md are executed as they are printed: step by step, twice with the cache
//! that they name, the second time without a network.

use crate::support::{cache, copy, pinned_actions, printed, storyeval};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

const PAGE: &str = include_str!("../../docs/gate-a-pull-request.md");

/// The blocks of the page in a language.
fn blocks(language: &str) -> Vec<&'static str> {
    let fence = format!("\n```{language}\n");
    PAGE.split(fence.as_str())
        .skip(1)
        .filter_map(|rest| rest.split("\n```").next())
        .collect()
}

fn yaml(name: &str) -> Value {
    let block = blocks("yaml").into_iter().find(|it| it.starts_with(name));
    serde_yaml_ng::from_str(block.unwrap()).unwrap()
}

fn lines(of: &Value) -> Vec<String> {
    match of {
        Value::String(text) => text.lines().map(str::to_owned).collect(),
        Value::Array(all) => all
            .iter()
            .map(|it| it.as_str().unwrap().to_owned())
            .collect(),
        other => panic!("{other}"),
    }
}

/// A command of a workflow, and whether it runs after a failure.
struct Step {
    script: String,
    always: bool,
}

/// A workflow as its runner understands it.
struct Workflow {
    steps: Vec<Step>,
    /// Paths that survive.
    cached: Vec<String>,
    /// Variables; `$WORKSPACE` is the folder of the checkout.
    variables: BTreeMap<String, String>,
}

fn variables(of: &Value, workspace: &str) -> BTreeMap<String, String> {
    let pairs = of.as_object().unwrap().iter();
    pairs
        .map(|(name, value)| {
            let value = value.as_str().unwrap().replace(workspace, "$WORKSPACE");
            (name.clone(), value)
        })
        .collect()
}

fn github() -> Workflow {
    let page = yaml("name: scores");
    let job = &page["jobs"]["gate"];
    assert_eq!(job["permissions"]["contents"], "read");
    assert_eq!(job["permissions"]["pull-requests"], "write");
    let all = job["steps"].as_array().unwrap();
    let action = |step: &&Value, name: &str| {
        step["uses"]
            .as_str()
            .is_some_and(|uses| uses.starts_with(name))
    };
    let restored = all
        .iter()
        .find(|step| action(step, "actions/cache@"))
        .unwrap();
    let runs = all.iter().filter_map(|step| {
        let text = |key: &str| step[key].as_str().unwrap_or_default();
        Some(Step {
            script: step["run"].as_str()?.to_owned(),
            always: text("if").contains("!cancelled()"),
        })
    });
    Workflow {
        steps: runs.collect(),
        cached: lines(&restored["with"]["path"]),
        variables: variables(&job["env"], "${{ github.workspace }}"),
    }
}

/// GitLab runs all lines in one shell.
fn gitlab() -> Workflow {
    let job = &yaml("gate:")["gate"];
    let script = [lines(&job["before_script"]), lines(&job["script"])].concat();
    Workflow {
        steps: vec![Step {
            script: script.join("\n"),
            always: false,
        }],
        cached: lines(&job["cache"]["paths"]),
        variables: variables(&job["variables"], "$CI_PROJECT_DIR"),
    }
}

/// What is on the machines: a repository with the reader's program, frames that it draws, and stand-ins.
struct Scene {
    folder: tempfile::TempDir,
}

impl Scene {
    fn new() -> Self {
        let scene = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        for model in ["ground-truth", "shuffled"] {
            let out = scene.path(model);
            let line = format!("generate --dataset minisv --limit 25 --model {model} --out");
            printed(storyeval().args(line.split(' ')).arg(out));
        }
        scene.tool("cargo", "test -z \"$STORYEVAL_OFFLINE\" || exit 9\n[ \"$1 $2 $3\" = \"install --locked --git\" ] || exit 8\nbin=\"${CARGO_HOME:-$HOME/.cargo}/bin\"\nmkdir -p \"$bin\"\ncp \"$PROGRAM\" \"$bin/storyeval\"");
        scene.tool("apt-get", "test -z \"$STORYEVAL_OFFLINE\"");
        scene.tool(
            "gh",
            "[ \"$1 $2\" = \"pr comment\" ] && cp \"$5\" \"$SAID\"",
        );
        let repository = scene.path("repository");
        fs::create_dir_all(repository.join("gate")).unwrap();
        let program = "import os, shutil, sys\nshutil.copytree(os.environ['DRAWN'] + '/frames', sys.argv[1])\n";
        fs::write(repository.join("draw.py"), program).unwrap();
        fs::write(repository.join("gate/rules.toml"), blocks("toml")[0]).unwrap();
        scene
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn tool(&self, name: &str, script: &str) {
        let path = self.path("tools").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Runs a script where a runner would, with the frames that a model drew.
    fn shell(&self, script: &str, workspace: &Path, model: &str) -> Command {
        let home = self.path("home");
        let mut path = vec![home.join(".cargo/bin"), self.path("tools")];
        path.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap()));
        let program = Path::new(env!("CARGO_BIN_EXE_storyeval"));
        let mut command = Command::new("bash");
        command
            .args(["-e", "-c", script])
            .current_dir(workspace)
            .env_clear()
            .env("PATH", std::env::join_paths(path).unwrap())
            .env("HOME", home)
            .env("PROGRAM", program)
            .env("DRAWN", self.path(model))
            .env("SAID", self.path("said.md"))
            .env("NUMBER", "1")
            .env("GITHUB_STEP_SUMMARY", self.path("summary.md"));
        command
    }

    /// A run of a workflow on a new machine: a checkout, what the cache kept, the steps. Returns what failed.
    fn execute(&self, workflow: &Workflow, model: &str, offline: bool) -> Option<String> {
        let workspace = self.path("workspace");
        let home = self.path("home");
        for folder in [&workspace, &home] {
            let _ = fs::remove_dir_all(folder);
        }
        fs::create_dir_all(&home).unwrap();
        copy(&self.path("repository"), &workspace);
        let place = |path: &str| match path.strip_prefix("~/") {
            Some(below) => home.join(below),
            None => workspace.join(path),
        };
        let kept = |number: usize| self.path("kept").join(number.to_string());
        for (number, path) in workflow.cached.iter().enumerate() {
            moved(&kept(number), &place(path));
        }
        let mut failed: Option<String> = None;
        for step in &workflow.steps {
            if failed.is_some() && !step.always {
                continue;
            }
            let mut command = self.shell(&step.script, &workspace, model);
            for (name, value) in &workflow.variables {
                let value = value.replace("$WORKSPACE", workspace.to_str().unwrap());
                command.env(name, value);
            }
            if offline {
                command.env("STORYEVAL_OFFLINE", "1");
            }
            let output = command.output().unwrap();
            if !output.status.success() {
                let text = String::from_utf8_lossy(&output.stderr);
                failed = Some(format!("{}\n{}\n{text}", step.script, output.status));
            }
        }
        for (number, path) in workflow.cached.iter().enumerate() {
            moved(&place(path), &kept(number));
        }
        failed
    }

    /// A cache in which only ONNX Runtime is, as the tests fetched it.
    fn with_runtime(&self, workflow: &Workflow) {
        let _ = fs::remove_dir_all(self.path("kept"));
        let of_cache = |path: &String| path == ".storyeval-cache";
        let number = workflow.cached.iter().position(of_cache).unwrap();
        let runtime = self
            .path("kept")
            .join(number.to_string())
            .join("onnxruntime");
        copy(&cache().join("onnxruntime"), &runtime);
    }
}

/// Moves a file or folder, if it is there.
fn moved(from: &Path, to: &Path) {
    if !from.exists() {
        return;
    }
    fs::create_dir_all(to.parent().unwrap()).unwrap();
    if to.is_dir() {
        fs::remove_dir_all(to).unwrap();
    }
    fs::rename(from, to).unwrap();
}

#[test]
fn the_workflows_of_the_page_gate_the_frames_of_the_readers_program() {
    let scene = Scene::new();
    // What the page lets its reader do once.
    let repository = scene.path("repository");
    let once = format!(
        "PATH=\"$(dirname \"$PROGRAM\"):$PATH\"\n{}",
        blocks("sh")[0]
    );
    let mut command = scene.shell(&once, &repository, "ground-truth");
    let output = command.env("STORYEVAL_CACHE", cache()).output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    for made in ["frames", "runs"] {
        fs::remove_dir_all(repository.join(made)).unwrap();
    }
    for workflow in [github(), gitlab()] {
        scene.with_runtime(&workflow);
        assert_eq!(scene.execute(&workflow, "ground-truth", false), None);
        assert_eq!(scene.execute(&workflow, "ground-truth", true), None);
        let junit = fs::read_to_string(scene.path("workspace/gate-junit.xml")).unwrap();
        assert!(
            junit.contains("my-model") && junit.contains("failures=\"0\""),
            "{junit}"
        );
        if workflow.steps.len() == 1 {
            continue;
        }
        // Frames of other stories fail, in the step that gates and for that reason.
        let failed = scene.execute(&workflow, "shuffled", true).unwrap();
        assert!(failed.contains("storyeval gate runs/ci"), "{failed}");
        assert!(failed.contains("exit status: 100"), "{failed}");
    }
    // Only GitHub's workflow comments; its last comment was about the fall.
    let said = fs::read_to_string(scene.path("said.md")).unwrap();
    assert!(said.contains("char_acc"), "{said}");
}

#[test]
fn actions_are_pinned_by_commit_with_their_version_beside() {
    let uses = pinned_actions(PAGE);
    assert_eq!(uses.len(), 3, "{uses:?}");
}
