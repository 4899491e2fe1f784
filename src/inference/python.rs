//! What is asked of the user's Python: where its `onnxruntime` lies, and pip's download of a wheel.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::error::Refusal;
use super::library::{library_in, nvidia_folders};
use super::pinned::{self, Wheel};

/// How a command ended.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reply {
    /// Whether it succeeded.
    pub(crate) success: bool,
    /// What it wrote.
    pub(crate) stdout: Vec<u8>,
    /// What it complained of.
    pub(crate) stderr: Vec<u8>,
}

/// Runs a program with arguments in a folder. Injected, so that the search can be tested without
/// touching the machine.
pub(crate) type Run<'a> = &'a dyn Fn(&OsStr, &[&OsStr], &Path) -> io::Result<Reply>;

/// [`Run`] on the real machine.
pub(crate) fn run(program: &OsStr, arguments: &[&OsStr], folder: &Path) -> io::Result<Reply> {
    let output = std::process::Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .stdin(std::process::Stdio::null())
        .output()?;
    Ok(Reply {
        success: output.status.success(),
        stdout: output.stdout,
        stderr: output.stderr,
    })
}

/// The Pythons to ask, in order: `$STORYEVAL_PYTHON`, `python3`, `python`.
pub(crate) fn candidates(chosen: Option<OsString>) -> Vec<OsString> {
    let chosen = chosen.filter(|it| !it.is_empty());
    chosen
        .into_iter()
        .chain(["python3".into(), "python".into()])
        .collect()
}

/// Finds the package without importing it: that takes 30 ms instead of half a second. The current
/// folder leaves the module path first, so that a stray `onnxruntime.py` in it is not run.
const LOCATE: &str = "\
import sys
sys.path = [p for p in sys.path if p]
import importlib.util, json, os
spec = importlib.util.find_spec('onnxruntime')
found = spec is not None and spec.origin is not None
print(json.dumps({'capi': os.path.join(os.path.dirname(spec.origin), 'capi'), 'sites': sys.path} if found else None))
";

#[derive(Deserialize)]
struct Located {
    capi: PathBuf,
    sites: Vec<PathBuf>,
}

/// The library of a Python's `onnxruntime` (or `onnxruntime-gpu`), and NVIDIA's folders beside it.
pub(crate) fn locate(
    run: Run<'_>,
    python: &OsStr,
    folder: &Path,
) -> Result<(PathBuf, Vec<PathBuf>), Refusal> {
    let reply =
        run(python, &[OsStr::new("-c"), OsStr::new(LOCATE)], folder).map_err(Refusal::NoCommand)?;
    if !reply.success {
        return Err(Refusal::CommandFailed(last_words(&reply)));
    }
    let located: Option<Located> = serde_json::from_slice(&reply.stdout)
        .map_err(|error| Refusal::CommandFailed(format!("unreadable answer ({error})")))?;
    let Located { capi, sites } = located.ok_or(Refusal::NoPackage)?;
    let library = library_in(&capi).ok_or(Refusal::Absent(capi))?;
    let nvidia = nvidia_folders(sites.iter().map(PathBuf::as_path));
    Ok((library, nvidia))
}

/// Has pip download the wheel into `folder` and returns the wheel's path. The tags are given
/// explicitly, so any version of Python will do, and pip's own mirrors, proxies and certificates hold.
pub(crate) fn download(
    run: Run<'_>,
    python: &OsStr,
    wheel: &Wheel,
    folder: &Path,
) -> Result<PathBuf, Refusal> {
    let requirement = format!("onnxruntime=={}", pinned::VERSION);
    let arguments = [
        "-m",
        "pip",
        "download",
        "--quiet",
        "--disable-pip-version-check",
        "--no-input",
        "--retries",
        "2",
        "--no-deps",
        "--only-binary=:all:",
        "--python-version",
        "3.12",
        "--implementation",
        "cp",
        "--platform",
        wheel.tag,
        "--dest",
        ".",
        &requirement,
    ]
    .map(OsStr::new);
    let reply = run(python, &arguments, folder).map_err(Refusal::NoCommand)?;
    if !reply.success {
        return Err(Refusal::CommandFailed(last_words(&reply)));
    }
    let entries = std::fs::read_dir(folder).map_err(|source| Refusal::Io {
        path: folder.to_owned(),
        source,
    })?;
    entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.extension().is_some_and(|it| it == "whl"))
        .ok_or_else(|| Refusal::Absent(folder.join("*.whl")))
}

/// Whether a Python that failed to download may be followed by the next one. Where pip itself ran and
/// failed, another Python's pip would fail the same way, after another round of retries.
pub(crate) fn another_may_help(why: &Refusal) -> bool {
    match why {
        Refusal::NoCommand(_) => true,
        Refusal::CommandFailed(words) => words.contains("No module named"),
        _ => false,
    }
}

/// The last line that says something, preferring pip's `ERROR:` lines; at most 300 characters. Where pip
/// could not connect it complains of the package in the end, so the connection's trouble is added.
fn last_words(reply: &Reply) -> String {
    let text = String::from_utf8_lossy(&reply.stderr);
    let lines: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter(|it| !it.is_empty())
        .collect();
    let error = lines.iter().rev().find(|line| line.starts_with("ERROR:"));
    let words = error
        .or(lines.last())
        .copied()
        .unwrap_or("failed without a message");
    let cut = |text: &str| text.chars().take(300).collect::<String>();
    let words = cut(words.trim_start_matches("ERROR:").trim());
    let broken = lines
        .iter()
        .rev()
        .find_map(|line| line.split_once("connection broken by "));
    match broken {
        Some((_, trouble)) => format!("{words} (connection broken by {})", cut(trouble)),
        None => words,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_users_choice_of_python_comes_first() {
        assert_eq!(candidates(None), ["python3", "python"]);
        assert_eq!(candidates(Some("".into())), ["python3", "python"]);
        assert_eq!(candidates(Some("p".into())), ["p", "python3", "python"]);
    }

    #[test]
    fn last_words_prefer_errors_to_notices() {
        let words = |text: &str| {
            last_words(&Reply {
                stderr: text.into(),
                ..Reply::default()
            })
        };
        assert_eq!(
            words("ERROR: no distribution\n\n[notice] new pip\n"),
            "no distribution"
        );
        assert_eq!(
            words("python3: No module named pip\n"),
            "python3: No module named pip"
        );
        assert_eq!(
            words(
                "WARNING: Retrying (Retry(total=0)) after connection broken by 'refused'\nERROR: none\n"
            ),
            "none (connection broken by 'refused')"
        );
        assert_eq!(words(""), "failed without a message");
    }

    #[test]
    fn a_pip_that_ran_is_the_last_one_asked() {
        assert!(another_may_help(&Refusal::CommandFailed(
            "No module named pip".into()
        )));
        assert!(!another_may_help(&Refusal::CommandFailed(
            "no matching distribution".into()
        )));
    }
}
