//! The Python environment that the program is installed in, among the other places.

use super::*;

#[test]
fn the_environment_of_the_program_comes_before_the_cache_and_runs_nothing() {
    let mut machine = Machine::new();
    machine.put_cached(CONTENT);
    let of_python = machine.put_python("python3", CONTENT);
    machine.sites.push(machine.folder.path().join("without"));
    let own = machine.put_environment(b"version 1.30.0");
    let library = machine.find().unwrap();
    assert_eq!((&library.path, library.version.as_str()), (&own, "1.30.0"));
    let site = machine.folder.path().join("env");
    assert_eq!(library.origin, Origin::Environment(site.clone()));
    assert!(!library.is_pinned() && machine.calls.borrow().is_empty());
    // Where CUDA is wanted, a Python with it comes first, unless the environment has it itself.
    machine.cuda = true;
    assert_eq!(machine.find().unwrap().path, own);
    let provider = "libonnxruntime_providers_cuda.so";
    fs::write(of_python.with_file_name(provider), "").unwrap();
    assert_eq!(machine.find().unwrap().path, of_python);
    let nvidia = machine.put("env/nvidia/cudnn/lib/libcudnn.so.9", b"");
    fs::write(own.with_file_name(provider), "").unwrap();
    let library = machine.find().unwrap();
    assert_eq!(
        (library.path, library.nvidia),
        (own, vec![nvidia.parent().unwrap().to_owned()])
    );
    // A variable comes before all.
    let named = machine.put("named.so", CONTENT);
    machine.variables = vec![("STORYEVAL_ORT", named.clone().into())];
    assert_eq!(machine.find().unwrap().path, named);
}

#[test]
fn an_environment_with_an_old_library_is_listed_and_the_search_goes_on() {
    let mut machine = Machine::new();
    let own = machine.put_environment(b"version 1.21.0");
    machine.put_cached(CONTENT);
    assert_eq!(machine.find().unwrap().origin, Origin::Cache);
    fs::remove_file(machine.cached()).unwrap();
    machine.offline = true;
    let refusals = refusals(&machine.find().unwrap_err());
    let expected = format!("onnxruntime in {}: ", machine.sites[0].display());
    assert!(refusals[2].starts_with(&expected), "{refusals:?}");
    assert!(refusals[2].contains(own.to_str().unwrap()), "{refusals:?}");
}
