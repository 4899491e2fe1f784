use super::*;
use crate::inference::manifest::tests::STORYGPT_V;
use crate::record::{FaultKind, Hint as _};
use std::fs;
use tempfile::TempDir;

const FILES: [&str; 4] = [
    "unet.onnx",
    "text_tokenizer.json",
    "llm_tokenizer.json",
    "portraits/otto.png",
];

/// An ONNX model with a name as its producer and nothing else.
const MODEL: &[u8] = b"\x12\x09unet.onnx";

fn content(file: &str) -> &[u8] {
    if file == "unet.onnx" {
        MODEL
    } else {
        file.as_bytes()
    }
}

/// A bundle whose files hold their own names, and the text of its manifest.
fn bundle() -> (TempDir, String) {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("portraits")).unwrap();
    let mut text = STORYGPT_V.replace("\"unet.onnx\" = \"00\"\n", "");
    for file in FILES {
        fs::write(dir.path().join(file), content(file)).unwrap();
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
fn the_content_hash_is_that_of_the_lines_of_sha256sum_and_the_settings() {
    let (dir, text) = bundle();
    let bundle = Bundle::open(dir.path()).unwrap();
    let mut sorted = FILES;
    sorted.sort_unstable();
    let lines: Vec<String> = sorted
        .iter()
        .map(|file| format!("{}  {file}\n", hex(&Sha256::digest(content(file)))))
        .collect();
    let settings = bundle.manifest().settings();
    assert!(settings.contains("\"guidance_scale\":3.0"), "{settings}");
    let lines = lines.concat() + &settings + "\n";
    assert_eq!(
        bundle.content_hash(),
        hex(&Sha256::digest(lines.as_bytes()))
    );
    for (wording, other) in [
        ("id = \"tiny\"", "id = \"other\""),
        ("licence = \"MIT\"", "licence = \"none\""),
        (
            "upstream = \"tests\"",
            "upstream = \"elsewhere\"\nnote = \"moved\"",
        ),
    ] {
        let reworded = open_with(&dir, &text.replace(wording, other)).unwrap();
        assert_eq!(reworded.content_hash(), bundle.content_hash(), "{wording}");
    }
    let other = open_with(
        &dir,
        &text.replace("guidance_scale = 3.0", "guidance_scale = 3.5"),
    );
    assert_ne!(other.unwrap().content_hash(), bundle.content_hash());
}

fn settings(manifest: &toml::Table) -> Option<String> {
    let text = toml::to_string(manifest).unwrap();
    let parsed = BundleManifest::parse(&text, Path::new("b/bundle.toml"));
    Some(parsed.ok()?.settings())
}

/// Every value of a table with another one in its place, by dotted name.
fn edits(table: &toml::Table) -> Vec<(String, toml::Table)> {
    use toml::Value;
    let mut all = Vec::new();
    for (key, value) in table {
        let other = match value {
            Value::Table(inner) => {
                for (name, edited) in edits(inner) {
                    let mut whole = table.clone();
                    whole.insert(key.clone(), Value::Table(edited));
                    all.push((format!("{key}.{name}"), whole));
                }
                continue;
            }
            Value::String(text) => Value::String(format!("{text}x")),
            Value::Integer(number) => Value::Integer(number + 1),
            Value::Float(0.0) => Value::Float(0.5),
            Value::Float(number) => Value::Float(number * 0.75),
            Value::Boolean(flag) => Value::Boolean(!flag),
            Value::Array(items) => {
                Value::Array(items.iter().chain(items.last()).cloned().collect())
            }
            Value::Datetime(_) => continue,
        };
        let mut whole = table.clone();
        whole.insert(key.clone(), other);
        all.push((key.clone(), whole));
    }
    all
}

#[test]
fn every_setting_of_every_kind_of_bundle_counts_and_nothing_else_does() {
    let bundles = Path::new(env!("CARGO_MANIFEST_DIR")).join("reference-data/bundles");
    let mut counted = 0;
    for folder in fs::read_dir(bundles).unwrap() {
        let text = fs::read_to_string(folder.unwrap().path().join("bundle.toml")).unwrap();
        let table: toml::Table = toml::from_str(&text).unwrap();
        let own = settings(&table).unwrap();
        for (name, edited) in edits(&table) {
            // Kinds and rules have fixed words; another word is no bundle at all.
            let Some(other) = settings(&edited) else {
                continue;
            };
            let first = name.split('.').next().unwrap();
            let descriptive = ["id", "licence", "source", "files"].contains(&first);
            assert_eq!(other == own, descriptive, "{name}");
            counted += usize::from(!descriptive);
        }
    }
    assert!(counted > 60, "{counted}");
}

#[test]
fn a_default_that_is_written_out_is_no_other_setting() {
    let clip = include_str!("../../reference-data/bundles/minisv-clip/bundle.toml");
    let with = |line: &str| {
        let text = clip.replace("lower_case = true\n", line);
        settings(&toml::from_str(&text).unwrap()).unwrap()
    };
    assert_eq!(with(""), with("lower_case = true\n"));
    assert_ne!(with(""), with("lower_case = false\n"));
}

#[test]
fn an_absent_bundle_is_a_set_up_error_with_its_path() {
    let dir = tempfile::tempdir().unwrap();
    let error = Bundle::open(&dir.path().join("nothing")).unwrap_err();
    assert!(error.to_string().starts_with("failed to read "), "{error}");
    assert_eq!(error.fault_kind(), FaultKind::Setup);
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
        hex(&Sha256::digest(MODEL)),
        hex(&Sha256::digest(b"tampered")),
    );
    assert_eq!(
        error.to_string(),
        format!("{} has sha256 {found}, expected {expected}", file.display())
    );
    assert_eq!(error.fault_kind(), FaultKind::DataVerification);
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
    assert_eq!(error.fault_kind(), FaultKind::Setup);
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
    fs::write(dir.path().join("blob"), MODEL).unwrap();
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
    let hash = hex(&Sha256::digest(MODEL));
    let error = open_with(&dir, &text.replace(&hash, "f00")).unwrap_err();
    assert!(matches!(error, InferenceError::NotAHash { .. }), "{error}");
    open_with(&dir, &text.replace(&hash, &hash.to_uppercase()))
        .unwrap()
        .verify()
        .unwrap();
}
