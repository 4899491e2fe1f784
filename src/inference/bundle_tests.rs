use super::*;
use crate::inference::manifest::tests::STORYGPT_V;
use crate::{ExitCode, Hint as _};
use std::fs;
use tempfile::TempDir;

const FILES: [&str; 4] = [
    "unet.onnx",
    "text_tokenizer.json",
    "llm_tokenizer.json",
    "portraits/otto.png",
];

/// A bundle whose files hold their own names, and the text of its manifest.
fn bundle() -> (TempDir, String) {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("portraits")).unwrap();
    let mut text = STORYGPT_V.replace("\"unet.onnx\" = \"00\"\n", "");
    for file in FILES {
        fs::write(dir.path().join(file), file).unwrap();
        let hash = sha256_file(&dir.path().join(file)).unwrap();
        writeln!(text, "\"{file}\" = \"{hash}\"").unwrap();
    }
    fs::write(dir.path().join("bundle.toml"), &text).unwrap();
    (dir, text)
}

fn open_with(dir: &TempDir, text: &str) -> Result<Bundle, InferenceError> {
    fs::write(dir.path().join("bundle.toml"), text).unwrap();
    Bundle::open(dir.path())
}

#[test]
fn a_whole_bundle_opens_and_verifies() {
    let (dir, _) = bundle();
    let bundle = Bundle::open(dir.path()).unwrap();
    bundle.verify().unwrap();
    assert_eq!(bundle.dir(), dir.path());
    assert_eq!(bundle.graph("unet").unwrap(), dir.path().join("unet.onnx"));
    assert_eq!(
        bundle.file("portraits/otto.png"),
        dir.path().join("portraits/otto.png")
    );
    assert_eq!(
        bundle.file("/../../etc/passwd"),
        dir.path().join("etc/passwd")
    );
}

#[test]
fn the_content_hash_is_that_of_the_lines_of_sha256sum() {
    let (dir, text) = bundle();
    let bundle = Bundle::open(dir.path()).unwrap();
    let mut sorted = FILES;
    sorted.sort_unstable();
    let lines: Vec<String> = sorted
        .iter()
        .map(|file| format!("{}  {file}\n", hex(&Sha256::digest(file.as_bytes()))))
        .collect();
    let lines = lines.concat();
    assert_eq!(
        bundle.content_hash(),
        hex(&Sha256::digest(lines.as_bytes()))
    );
    let renamed = open_with(&dir, &text.replace("id = \"tiny\"", "id = \"other\"")).unwrap();
    assert_eq!(renamed.content_hash(), bundle.content_hash());
}

#[test]
fn an_absent_bundle_is_a_set_up_error_with_its_path() {
    let dir = tempfile::tempdir().unwrap();
    let error = Bundle::open(&dir.path().join("nothing")).unwrap_err();
    assert!(
        error.to_string().ends_with("bundle.toml could not be read"),
        "{error}"
    );
    assert_eq!(error.exit_code(), ExitCode::Setup);
}

#[test]
fn a_graph_that_is_not_there_names_those_that_are() {
    let (dir, _) = bundle();
    let error = Bundle::open(dir.path()).unwrap().graph("vae").unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("has no graph \"vae\"; it has unet"),
        "{error}"
    );
}

#[test]
fn tampering_is_found_by_verify() {
    let (dir, _) = bundle();
    let file = dir.path().join("unet.onnx");
    fs::write(&file, "tampered").unwrap();
    let bundle = Bundle::open(dir.path()).unwrap();
    let error = bundle.verify().unwrap_err();
    let (expected, found) = (
        hex(&Sha256::digest(b"unet.onnx")),
        hex(&Sha256::digest(b"tampered")),
    );
    assert_eq!(
        error.to_string(),
        format!("{} has sha256 {found}, expected {expected}", file.display())
    );
    assert_eq!(error.exit_code(), ExitCode::DataVerification);
    assert!(error.hint().unwrap().contains("unet.onnx"));
}

#[test]
fn a_missing_file_is_named_with_its_hash() {
    let (dir, _) = bundle();
    fs::remove_file(dir.path().join("portraits/otto.png")).unwrap();
    let error = Bundle::open(dir.path()).unwrap_err();
    assert!(
        matches!(&error, InferenceError::MissingFile { path, .. } if path.ends_with("portraits/otto.png"))
    );
    assert!(
        error
            .to_string()
            .contains(&hex(&Sha256::digest(b"portraits/otto.png"))),
        "{error}"
    );
    assert_eq!(error.exit_code(), ExitCode::Setup);
    // A folder of that name is not the file either.
    fs::create_dir(dir.path().join("portraits/otto.png")).unwrap();
    assert!(matches!(
        Bundle::open(dir.path()),
        Err(InferenceError::MissingFile { .. })
    ));
}

#[test]
fn paths_that_leave_the_bundle_are_refused() {
    let (dir, text) = bundle();
    for path in [
        "../unet.onnx",
        "/etc/hostname",
        "portraits/../../unet.onnx",
        "./../x",
        "C:/x",
        "",
        "a\\\\..\\\\b",
    ] {
        let error = open_with(&dir, &text.replace("unet.onnx", path)).unwrap_err();
        assert!(
            matches!(error, InferenceError::Escape { .. }),
            "{path}: {error}"
        );
    }
}

#[cfg(unix)]
#[test]
fn links_that_leave_the_bundle_are_refused() {
    let (dir, text) = bundle();
    let outside = tempfile::tempdir().unwrap();
    let secret = outside.path().join("secret");
    fs::write(&secret, "unet.onnx").unwrap();
    let link = dir.path().join("unet.onnx");
    fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink(&secret, &link).unwrap();
    assert!(matches!(
        open_with(&dir, &text),
        Err(InferenceError::Escape { .. })
    ));
    // A linked folder is no way out either, and a link that stays inside is fine.
    fs::remove_file(&link).unwrap();
    std::os::unix::fs::symlink(outside.path(), dir.path().join("away")).unwrap();
    let away = text.replace("\"unet.onnx\"", "\"away/secret\"");
    assert!(matches!(
        open_with(&dir, &away),
        Err(InferenceError::Escape { .. })
    ));
    fs::write(dir.path().join("blob"), "unet.onnx").unwrap();
    std::os::unix::fs::symlink("blob", &link).unwrap();
    open_with(&dir, &text).unwrap().verify().unwrap();
}

#[test]
fn a_file_without_a_hash_is_refused() {
    let (dir, text) = bundle();
    let error = open_with(
        &dir,
        &text.replace("unet = \"unet.onnx\"", "unet = \"unet2.onnx\""),
    )
    .unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("graphs.unet is \"unet2.onnx\", which [files] does not list"),
        "{error}"
    );
    let hash = hex(&Sha256::digest(b"unet.onnx"));
    let error = open_with(&dir, &text.replace(&hash, "f00")).unwrap_err();
    assert!(matches!(error, InferenceError::NotAHash { .. }), "{error}");
    open_with(&dir, &text.replace(&hash, &hash.to_uppercase()))
        .unwrap()
        .verify()
        .unwrap();
}
