//! The program under test, with a cache of its own.

use assert_cmd::Command;
use std::fs;
use std::path::{Path, PathBuf};
use storyeval::minisv::{SplitSizes, World, write};

/// Where the tests keep ONNX Runtime and the default MiniSV. It survives from run to run.
pub(crate) fn cache() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("cache")
}

/// `storyeval` with nothing of the user's environment that would change what it finds.
pub(crate) fn storyeval() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_storyeval"));
    for name in [
        "STORYEVAL_DATA",
        "STORYEVAL_DATA_DIR",
        "STORYEVAL_BUNDLES",
        "STORYEVAL_DEVICE",
        "STORYEVAL_OFFLINE",
        "STORYEVAL_RESIDENT",
        "STORYEVAL_MIRROR",
        "ALL_PROXY",
        "all_proxy",
        "HTTPS_PROXY",
        "https_proxy",
        "HTTP_PROXY",
        "http_proxy",
    ] {
        command.env_remove(name);
    }
    command.env("STORYEVAL_CACHE", cache());
    command
}

/// Draws and scores the ground truth of two stories.
pub(crate) const TWO_STORIES: [&str; 7] = [
    "run",
    "--dataset",
    "minisv",
    "--model",
    "ground-truth",
    "--limit",
    "2",
];

/// That, into a folder.
pub(crate) fn ground_truth(out: &Path, more: &[&str]) -> Command {
    let mut command = storyeval();
    command.args(TWO_STORIES).args(more).arg("--out").arg(out);
    command
}

/// What a command that succeeds prints on stdout.
pub(crate) fn printed(command: &mut Command) -> Vec<u8> {
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

/// An empty folder for what all tests of a module share: a value that lives as long as the program is never dropped, so
/// a temporary folder in one would stay behind.
pub(crate) fn shared(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join("shared")
        .join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Bundles of this repository.
pub(crate) fn bundles() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("reference-data/bundles")
}

/// Copies a folder with everything in it.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// A MiniSV of two stories that a test may damage.
pub(crate) fn small_world(dir: &Path) -> PathBuf {
    let data = dir.join("world");
    let sizes = SplitSizes {
        test_stories: 2,
        val_stories: 0,
        train_clips: 0,
    };
    write(&data, World { seed: 1, sizes }, &|_, _| {}).unwrap();
    data
}

/// What a failed command said.
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) stderr: String,
}

/// Runs a command that must fail.
pub(crate) fn fails(command: &mut Command) -> Said {
    let output = command.output().unwrap();
    let said = Said {
        code: output
            .status
            .code()
            .expect("the program was not killed by a signal"),
        stderr: String::from_utf8(output.stderr).unwrap(),
    };
    assert_ne!(said.code, 0, "{}", said.stderr);
    assert!(said.stderr.contains("error: "), "{}", said.stderr);
    said
}

impl Said {
    /// Checks the exit code, and that all of the words were said.
    #[track_caller]
    pub(crate) fn says(&self, code: i32, words: &[&str]) {
        assert_eq!(self.code, code, "{}", self.stderr);
        for word in words {
            assert!(
                self.stderr.contains(word),
                "`{word}` is not in:\n{}",
                self.stderr
            );
        }
    }
}

/// Writes what `numpy.save` writes of a matrix of 32-bit floats.
pub(crate) fn write_npy(path: &Path, values: &ndarray::Array2<f32>) {
    let (rows, columns) = values.dim();
    let header =
        format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {columns}), }}");
    let mut bytes = format!("{header:<117}\n").into_bytes();
    bytes.splice(0..0, *b"\x93NUMPY\x01\x00\x76\x00");
    bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    fs::write(path, bytes).unwrap();
}

/// The lines of a workflow that use an action. Every one is pinned by commit, with its version beside.
pub(crate) fn pinned_actions(text: &str) -> Vec<&str> {
    let uses: Vec<&str> = text
        .lines()
        .filter(|line| line.contains("uses: "))
        .collect();
    for line in &uses {
        let (_, pinned) = line.split_once('@').unwrap();
        let (commit, version) = pinned.split_once(" # v").unwrap();
        assert_eq!(commit.len(), 40, "{line}");
        assert!(commit.chars().all(|it| it.is_ascii_hexdigit()), "{line}");
        assert_eq!(version.split('.').count(), 3, "{line}");
    }
    uses
}
