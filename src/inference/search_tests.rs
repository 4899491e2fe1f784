use super::*;
use crate::inference::native;
use crate::inference::python::Reply;
use crate::record::{FaultKind, Hint as _};
use std::cell::RefCell;
use std::sync::atomic::{AtomicUsize, Ordering};
use tempfile::TempDir;

#[path = "search_environment_tests.rs"]
mod environment;

const CONTENT: &[u8] = b"a library";
/// SHA-256 of [`CONTENT`].
const HASH: &str = "31f109ab38348582abdc9e1c9942f74505c719e98c6d0ab6fbcfdccfd8c9935b";

const WHEEL: Wheel = Wheel {
    platform: "test-platform",
    tag: "test_tag",
    library: "libonnxruntime.so.1.32.0",
    bytes: CONTENT.len() as u64,
    download_mb: 1,
    sha256: HASH,
};

/// What a fake Python does.
#[derive(Clone, Default)]
struct FakePython {
    /// The folder of its `onnxruntime`.
    capi: Option<PathBuf>,
    /// The wheel pip saves, or what it says instead.
    pip: Option<Result<Vec<u8>, &'static str>>,
}

/// A machine that has only what a test puts there. Versions are the text after `version ` in a file,
/// or 1.32.0.
struct Machine {
    folder: TempDir,
    variables: Vec<(&'static str, OsString)>,
    pythons: Vec<(&'static str, FakePython)>,
    /// Module folders of the program's own environment.
    sites: Vec<PathBuf>,
    offline: bool,
    cuda: bool,
    calls: RefCell<Vec<String>>,
    talk: RefCell<Vec<String>>,
}

impl Machine {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            variables: Vec::new(),
            pythons: Vec::new(),
            sites: Vec::new(),
            offline: false,
            cuda: false,
            calls: RefCell::default(),
            talk: RefCell::default(),
        }
    }

    fn cache(&self) -> PathBuf {
        self.folder.path().join("cache")
    }

    fn cached(&self) -> PathBuf {
        cached_path(&self.cache(), &WHEEL)
    }

    /// A file with this content, and its path.
    fn put(&self, path: &str, content: &[u8]) -> PathBuf {
        let path = self.folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    fn put_cached(&self, content: &[u8]) {
        let path = self.cached();
        self.put(path.to_str().unwrap(), content);
    }

    /// The program is installed in an environment with an `onnxruntime` of this content.
    fn put_environment(&mut self, content: &[u8]) -> PathBuf {
        let name = WHEEL.library;
        let library = self.put(&format!("env/onnxruntime/capi/{name}"), content);
        self.sites.push(self.folder.path().join("env"));
        library
    }

    /// A Python with an `onnxruntime` of this content.
    fn put_python(&mut self, name: &'static str, content: &[u8]) -> PathBuf {
        let library = self.put(
            &format!("{name}/site-packages/onnxruntime/capi/{}", WHEEL.library),
            content,
        );
        let capi = library.parent().unwrap().to_owned();
        self.pythons.push((
            name,
            FakePython {
                capi: Some(capi),
                pip: None,
            },
        ));
        library
    }

    fn run(&self, program: &OsStr, arguments: &[&OsStr], folder: &Path) -> io::Result<Reply> {
        let name = program.to_str().unwrap();
        self.calls
            .borrow_mut()
            .push(format!("{name} {}", arguments[0].to_str().unwrap()));
        let Some((_, python)) = self.pythons.iter().find(|(it, _)| *it == name) else {
            return Err(io::Error::new(io::ErrorKind::NotFound, "no such command"));
        };
        if arguments[0] == "-c" {
            let answer = python.capi.as_ref().map(|capi| {
                let site = capi.ancestors().nth(2).unwrap();
                serde_json::json!({ "capi": capi, "sites": [site] })
            });
            let stdout = serde_json::to_vec(&answer).unwrap();
            return Ok(Reply {
                success: true,
                stdout,
                ..Reply::default()
            });
        }
        assert!(arguments.contains(&OsStr::new("test_tag")));
        assert!(arguments.contains(&OsStr::new("onnxruntime==1.32.0")));
        match python
            .pip
            .as_ref()
            .expect("a test that reaches pip says what it does")
        {
            Ok(wheel) => {
                fs::write(folder.join("onnxruntime-1.32.0-test.whl"), wheel).unwrap();
                Ok(Reply {
                    success: true,
                    ..Reply::default()
                })
            }
            Err(words) => Ok(Reply {
                stderr: words.as_bytes().to_owned(),
                ..Reply::default()
            }),
        }
    }

    fn find(&self) -> Result<Library, InferenceError> {
        let variable = |name: &str| {
            let pair = self.variables.iter().find(|(key, _)| *key == name)?;
            Some(pair.1.clone())
        };
        let around = Surroundings {
            variable: &variable,
            run: &|program, arguments, folder| self.run(program, arguments, folder),
            version: &|path| {
                let text = fs::read_to_string(path).unwrap();
                Ok(text.strip_prefix("version ").unwrap_or("1.32.0").to_owned())
            },
            sites: &self.sites,
            wheel: Some(&WHEEL),
            cache: &self.cache(),
            offline: self.offline,
            cuda: self.cuda,
        };
        find(&around, &mut |line| {
            self.talk.borrow_mut().push(line.to_owned());
        })
    }

    /// Everything below the cache but the lock.
    fn left_in_cache(&self) -> Vec<PathBuf> {
        let mut left = Vec::new();
        let mut folders = vec![self.cache()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).into_iter().flatten() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if !path.ends_with("lock") {
                    left.push(path);
                }
            }
        }
        left
    }
}

fn wheel_with(name: &str, content: &[u8]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(io::Cursor::new(Vec::new()));
    zip.start_file(name, zip::write::SimpleFileOptions::default())
        .unwrap();
    zip.write_all(content).unwrap();
    zip.finish().unwrap().into_inner()
}

fn good_wheel() -> Vec<u8> {
    wheel_with("onnxruntime/capi/libonnxruntime.so.1.32.0", CONTENT)
}

fn with_pip(pip: Result<Vec<u8>, &'static str>) -> Machine {
    let mut machine = Machine::new();
    machine.pythons.push((
        "python3",
        FakePython {
            capi: None,
            pip: Some(pip),
        },
    ));
    machine
}

fn refusals(error: &InferenceError) -> Vec<String> {
    match error {
        InferenceError::NoLibrary { tried } => tried
            .iter()
            .map(|it| format!("{}: {}", it.place, it.why))
            .collect(),
        other => panic!("{other}"),
    }
}

#[test]
fn places_are_tried_in_the_documented_order() {
    let mut machine = Machine::new();
    let first = machine.put("first.so", CONTENT);
    let second = machine.put("second/libonnxruntime.so.1.30.0", b"version 1.30.0");
    machine.put_cached(CONTENT);
    let of_python = machine.put_python("python3", b"version 1.25.1");
    machine.variables = vec![
        ("STORYEVAL_ORT", first.clone().into()),
        ("ORT_DYLIB_PATH", second.parent().unwrap().into()),
    ];
    let library = machine.find().unwrap();
    assert_eq!(
        (library.path, library.origin),
        (first, Origin::Variable("STORYEVAL_ORT"))
    );
    machine.variables.remove(0);
    let library = machine.find().unwrap();
    assert_eq!((library.path, library.version.as_str()), (second, "1.30.0"));
    machine.variables.clear();
    let library = machine.find().unwrap();
    assert_eq!(
        (&library.path, &library.origin),
        (&machine.cached(), &Origin::Cache)
    );
    assert!(library.is_pinned());
    assert!(
        machine.calls.borrow().is_empty(),
        "no command is run while the cache serves"
    );
    fs::remove_file(machine.cached()).unwrap();
    let library = machine.find().unwrap();
    assert_eq!(
        (library.path, library.origin),
        (of_python, Origin::Python("python3".to_owned()))
    );
    assert_eq!(library.version, "1.25.1");
    assert!(machine.talk.borrow().is_empty());
}

#[test]
fn the_chosen_python_is_asked_first() {
    let mut machine = Machine::new();
    machine.put_python("python3", CONTENT);
    let chosen = machine.put_python("mine", CONTENT);
    machine.variables = vec![("STORYEVAL_PYTHON", "mine".into())];
    assert_eq!(machine.find().unwrap().path, chosen);
}

#[test]
fn a_named_library_that_does_not_serve_is_an_error() {
    let mut machine = Machine::new();
    machine.put_cached(CONTENT);
    machine.variables = vec![(
        "ORT_DYLIB_PATH",
        machine.folder.path().join("absent.so").into(),
    )];
    let error = machine.find().unwrap_err();
    assert!(
        matches!(&error, InferenceError::ChosenLibrary(it) if matches!(it.why, Refusal::Absent(_)))
    );
    assert!(
        error
            .to_string()
            .starts_with("the ONNX Runtime named by $ORT_DYLIB_PATH cannot be used: ")
    );
    assert_eq!(error.fault_kind(), FaultKind::Setup);
    let old = machine.put("old.so", b"version 1.20.1");
    machine.variables[0].1 = old.into();
    let error = machine.find().unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("old.so is version 1.20.1, at least 1.22 is needed"),
        "{error}"
    );
    // An empty variable is one that is not set.
    machine.variables[0].1 = OsString::new();
    assert_eq!(machine.find().unwrap().origin, Origin::Cache);
}

#[test]
fn a_real_file_that_is_no_library_is_refused_by_the_loader() {
    let machine = Machine::new();
    let path = machine.put("noise.so", b"noise");
    assert!(native::version(&path).is_err());
}

#[test]
fn an_old_runtime_of_a_python_is_passed_over() {
    let mut machine = Machine::new();
    machine.put_python("python3", b"version 1.21.9");
    let newer = machine.put_python("python", b"version 1.22.0");
    assert_eq!(machine.find().unwrap().path, newer);
    assert!(
        new_enough("1.100.0-dev") && !new_enough("2.0.0") && !new_enough("") && !new_enough("1")
    );
}

#[test]
fn where_cuda_is_wanted_a_python_with_cuda_comes_before_the_cache() {
    let mut machine = Machine::new();
    machine.put_cached(CONTENT);
    let library = machine.put_python("python3", CONTENT);
    machine.cuda = true;
    assert_eq!(
        machine.find().unwrap().origin,
        Origin::Cache,
        "a CPU build brings nothing"
    );
    fs::write(
        library.with_file_name("libonnxruntime_providers_cuda.so"),
        b"",
    )
    .unwrap();
    let site = library.ancestors().nth(3).unwrap();
    let leaf = if cfg!(windows) { "bin" } else { "lib" };
    let nvidia = site.join("nvidia/cu13").join(leaf);
    fs::create_dir_all(&nvidia).unwrap();
    let found = machine.find().unwrap();
    assert_eq!(
        (&found.path, &found.nvidia),
        (&library, &vec![nvidia.clone()])
    );
    machine.cuda = false;
    assert_eq!(machine.find().unwrap().origin, Origin::Cache);
    // A library that is named gets the NVIDIA folders of its own site-packages.
    machine.variables = vec![("STORYEVAL_ORT", library.into())];
    assert_eq!(machine.find().unwrap().nvidia, [nvidia]);
}

#[test]
fn offline_and_absent_lists_what_was_tried_and_mends_it_in_one_command() {
    let mut machine = Machine::new();
    machine.offline = true;
    machine.pythons.push(("python", FakePython::default()));
    let error = machine.find().unwrap_err();
    assert_eq!(
        refusals(&error),
        [
            "$STORYEVAL_ORT: not set".to_owned(),
            "$ORT_DYLIB_PATH: not set".to_owned(),
            format!("cache {0}: no library at {0}", machine.cached().display()),
            "onnxruntime of python3: no such command".to_owned(),
            "onnxruntime of python: not installed there".to_owned(),
            "download with python3 -m pip: not tried: --offline or STORYEVAL_OFFLINE is set"
                .to_owned(),
        ]
    );
    let text = error.to_string();
    assert!(
        text.starts_with("ONNX Runtime was not found; tried:\n  1. $STORYEVAL_ORT: not set\n  2. "),
        "{text}"
    );
    assert_eq!(error.fault_kind(), FaultKind::Setup);
    let hint = error.hint().unwrap();
    assert!(
        hint.starts_with("python3 -m pip install onnxruntime==1.32.0"),
        "{hint}"
    );
    assert!(hint.contains("ORT_DYLIB_PATH"), "{hint}");
    assert!(machine.left_in_cache().is_empty());
}

#[test]
fn the_library_is_fetched_once_and_both_ends_are_told() {
    let machine = with_pip(Ok(good_wheel()));
    let library = machine.find().unwrap();
    assert_eq!(library.path, machine.cached());
    assert_eq!(library.origin, Origin::Fetched("python3".to_owned()));
    assert_eq!(machine.left_in_cache(), [machine.cached()]);
    assert_eq!(fs::read(machine.cached()).unwrap(), CONTENT);
    let talk = machine.talk.borrow().clone();
    assert_eq!(talk.len(), 2);
    assert!(
        talk[0].starts_with(
            "fetching ONNX Runtime 1.32.0 (1 MB, once) with `python3 -m pip download`"
        )
    );
    assert!(talk[1].starts_with("fetched ONNX Runtime 1.32.0: 0.0 MB in "));
    assert_eq!(machine.find().unwrap().origin, Origin::Cache);
    assert_eq!(machine.talk.borrow().len(), 2);
}

#[test]
fn what_a_killed_download_left_is_swept() {
    let machine = with_pip(Ok(good_wheel()));
    machine.put("cache/onnxruntime/fetch-killed/half.whl", b"half");
    machine.find().unwrap();
    assert_eq!(machine.left_in_cache(), [machine.cached()]);
}

#[test]
fn a_cached_library_with_a_wrong_hash_is_replaced_and_never_loaded() {
    let mut machine = with_pip(Ok(good_wheel()));
    machine.put_cached(b"version 1.32.0");
    machine.offline = true;
    let error = machine.find().unwrap_err();
    let refusal = &refusals(&error)[2];
    assert!(refusal.ends_with(&format!("expected {HASH}")), "{refusal}");
    assert!(machine.talk.borrow()[0].starts_with("cached ONNX Runtime is not used: "));
    machine.offline = false;
    assert_eq!(
        machine.find().unwrap().origin,
        Origin::Fetched("python3".to_owned())
    );
    assert_eq!(fs::read(machine.cached()).unwrap(), CONTENT);
}

#[test]
fn a_truncated_or_foreign_download_leaves_nothing_behind() {
    let whole = good_wheel();
    let truncated = whole[..whole.len() / 2].to_owned();
    let foreign = wheel_with("onnxruntime/capi/other.so", CONTENT);
    let tampered = wheel_with("onnxruntime/capi/libonnxruntime.so.1.32.0", b"a lobrary");
    let bomb = wheel_with(
        "onnxruntime/capi/libonnxruntime.so.1.32.0",
        &vec![0; 100_000],
    );
    let unpack = "the wheel ";
    for (wheel, why) in [
        (truncated, unpack),
        (foreign, unpack),
        (tampered, "expected"),
        (bomb, "expected"),
    ] {
        let machine = with_pip(Ok(wheel));
        let error = machine.find().unwrap_err();
        let last = refusals(&error).pop().unwrap();
        assert!(
            last.starts_with("download with python3 -m pip: ") && last.contains(why),
            "{last}"
        );
        assert!(
            machine.left_in_cache().is_empty(),
            "{:?}",
            machine.left_in_cache()
        );
        assert_eq!(error.fault_kind(), FaultKind::Setup);
    }
}

#[test]
fn pips_own_words_are_passed_on_and_it_is_not_asked_again() {
    let words = "ERROR: Could not find a version\nERROR: No matching distribution found for onnxruntime==1.32.0\n";
    let mut machine = with_pip(Err(words));
    machine.pythons.push(("python", FakePython::default()));
    let error = machine.find().unwrap_err();
    let last = refusals(&error).pop().unwrap();
    assert_eq!(
        last,
        "download with python3 -m pip: No matching distribution found for onnxruntime==1.32.0"
    );
    assert_eq!(
        machine
            .calls
            .borrow()
            .iter()
            .filter(|it| it.ends_with(" -m"))
            .count(),
        1
    );
    assert!(machine.left_in_cache().is_empty());
}

#[test]
fn a_python_without_pip_is_followed_by_the_next() {
    let mut machine = with_pip(Err("python3: No module named pip\n"));
    machine.pythons.push((
        "python",
        FakePython {
            capi: None,
            pip: Some(Ok(good_wheel())),
        },
    ));
    assert_eq!(
        machine.find().unwrap().origin,
        Origin::Fetched("python".to_owned())
    );
}

#[test]
fn a_cache_that_cannot_be_written_says_so_and_how_to_move_it() {
    let machine = with_pip(Ok(good_wheel()));
    // A file where the folder should be fails for every user, root too.
    machine.put("cache", b"");
    let error = machine.find().unwrap_err();
    let last = refusals(&error).pop().unwrap();
    assert!(last.contains("cache"), "{last}");
    assert!(
        error.hint().unwrap().contains("STORYEVAL_CACHE"),
        "{:?}",
        error.hint()
    );
}

#[test]
fn concurrent_first_runs_download_once() {
    let folder = tempfile::tempdir().unwrap();
    let downloads = AtomicUsize::new(0);
    let wheel = good_wheel();
    let run = |_: &OsStr, arguments: &[&OsStr], folder: &Path| {
        if arguments[0] == "-c" {
            return Ok(Reply {
                success: true,
                stdout: b"null".to_vec(),
                ..Reply::default()
            });
        }
        downloads.fetch_add(1, Ordering::SeqCst);
        // Long enough for the others to reach the lock.
        std::thread::sleep(std::time::Duration::from_millis(100));
        fs::write(folder.join("x.whl"), &wheel)?;
        Ok(Reply {
            success: true,
            ..Reply::default()
        })
    };
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let around = Surroundings {
                    variable: &|_| None,
                    run: &run,
                    version: &|_| Ok("1.32.0".to_owned()),
                    sites: &[],
                    wheel: Some(&WHEEL),
                    cache: folder.path(),
                    offline: false,
                    cuda: false,
                };
                assert!(find(&around, &mut |_| {}).unwrap().is_pinned());
            });
        }
    });
    assert_eq!(downloads.load(Ordering::SeqCst), 1);
}

#[test]
fn without_a_wheel_for_the_machine_that_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let around = Surroundings {
        variable: &|_| None,
        run: &|_, _, _| Err(io::Error::new(io::ErrorKind::NotFound, "no such command")),
        version: &|_| Ok("1.32.0".to_owned()),
        sites: &[],
        wheel: None,
        cache: folder.path(),
        offline: false,
        cuda: false,
    };
    let error = find(&around, &mut |_| {}).unwrap_err();
    assert!(
        error.to_string().contains("no wheel is known for "),
        "{error}"
    );
}
