//! Kinds and hints of faults in run folders.

use super::*;

#[test]
fn full_and_read_only_disks_are_told_apart() {
    let path = Path::new("runs/a/plan.jsonl");
    for (kind, full) in [
        (io::ErrorKind::StorageFull, true),
        (io::ErrorKind::QuotaExceeded, true),
        (io::ErrorKind::PermissionDenied, false),
        (io::ErrorKind::ReadOnlyFilesystem, false),
    ] {
        let error = RunError::write(path, kind.into());
        assert_eq!(matches!(error, RunError::DiskFull { .. }), full);
        assert_eq!(matches!(error, RunError::ReadOnly { .. }), !full);
        assert_eq!(error.fault_kind(), FaultKind::Output);
        assert!(error.hint().expect("hint").contains("runs/a"));
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_device_is_recognised_by_its_raw_error() {
    use std::io::Write;
    let mut full = std::fs::OpenOptions::new()
        .write(true)
        .open("/dev/full")
        .expect("/dev/full");
    let source = full.write_all(b"x").expect_err("no space");
    let error = RunError::write(Path::new("/dev/full"), source);
    assert!(matches!(error, RunError::DiskFull { .. }), "{error:?}");
}

#[test]
fn a_folder_that_is_not_there_is_named_with_the_command_that_makes_it() {
    let folder = tempfile::tempdir().expect("tempdir");
    let wanted = folder.path().join("nodir/x.csv");
    let source = std::fs::write(&wanted, "x").expect_err("no folder");
    let error = RunError::write(&wanted, source);
    let nodir = wanted.parent().expect("parent").display().to_string();
    assert!(
        error
            .to_string()
            .ends_with(&format!("there is no folder {nodir}")),
        "{error}"
    );
    assert_eq!(
        error.hint().expect("hint"),
        format!("make it: `mkdir -p {nodir}`")
    );
    assert_eq!(error.fault_kind(), FaultKind::Output);
}

#[test]
fn what_lies_in_a_run_is_said_to_and_what_is_a_file_too() {
    let folder = tempfile::tempdir().expect("tempdir");
    let run = folder.path().join("truth");
    std::fs::create_dir_all(run.join("frames/s1")).expect("folders");
    for file in ["manifest.json", "plan.jsonl", "scores.json"] {
        std::fs::write(run.join(file), "{}").expect("file");
    }
    for inside in ["scores.json", "frames", "frames/s1"] {
        let error = super::super::runs_in(&run.join(inside)).expect_err("no run");
        assert!(
            matches!(&error, RunError::InRun { run: found, .. } if *found == run),
            "{error:?}"
        );
        assert!(
            error
                .hint()
                .expect("hint")
                .contains(&run.display().to_string())
        );
    }
    let text = folder.path().join("caps.txt");
    std::fs::write(&text, "a caption").expect("file");
    let created = super::super::durable::create_folder(&text).expect_err("a file");
    let below = super::super::durable::create_folder(&text.join("run")).expect_err("a file");
    let listed = super::super::find_runs(&text).expect_err("a file");
    for error in [created, below, listed] {
        assert!(
            matches!(&error, RunError::NotFolder { path } if *path == text),
            "{error:?}"
        );
        assert_eq!(error.fault_kind(), FaultKind::Usage);
    }
    let absent = super::super::find_runs(&folder.path().join("nope"));
    assert!(matches!(absent, Err(RunError::NoFolder { .. })));
    // A hint to begin a run names a folder that can be one.
    let hint = super::super::runs_in(&text)
        .expect_err("no run")
        .hint()
        .expect("hint");
    assert!(!hint.contains("caps.txt"), "{hint}");
}
