//! `storyeval model fetch` against a server of this machine, and what is said about weights that are missing.

use crate::support::{fails, printed, storyeval};
use assert_cmd::Command;
use server::{Answer, Server};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use storyeval::record::sha256_hex;
use tempfile::TempDir;

#[path = "../../src/fetch/testing.rs"]
#[allow(dead_code, reason = "the tests of the room use the rest")]
pub(crate) mod server;

fn bytes() -> Vec<u8> {
    (0..100_000u32).flat_map(u32::to_le_bytes).collect()
}

/// A folder with cards of the user's own and a cache.
struct Bench(TempDir);

impl Bench {
    /// With the card `net`, of one file.
    fn new(base: &str) -> Self {
        let bytes = bytes();
        let file = format!(
            "[[files]]\npath = \"net.pth\"\nmeaning = \"a network\"\naddress = \"{base}/models/net.pth\"\nbytes = {}\nsha256 = \"{}\"\n",
            bytes.len(),
            sha256_hex(&bytes)
        );
        let bench = Self(tempfile::tempdir().unwrap());
        bench.card("net", &file);
        bench
    }

    fn card(&self, id: &str, files: &str) {
        let folder = self.0.path().join("eval-configs/weights");
        fs::create_dir_all(&folder).unwrap();
        let card = format!(
            "id = \"{id}\"\ntitle = \"Network of tests\"\npublisher = \"T. Ester\"\npublished_at = \"https://tests.example/{id}\"\n\
             licence = \"MIT\"\ncitation = \"Ester, 2024\"\nmetrics = [\"fid\", \"kid\"]\nexport = \"inception-fid --checkpoint net.pth\"\n\n{files}"
        );
        fs::write(folder.join(format!("{id}.toml")), card).unwrap();
    }

    fn storyeval(&self, arguments: &[&str]) -> Command {
        let mut command = storyeval();
        command.args(arguments).current_dir(self.0.path());
        command.env("STORYEVAL_CACHE", self.cache());
        command
    }

    fn fetch(&self, more: &[&str]) -> Command {
        let mut command = self.storyeval(&["model", "fetch", "net"]);
        command.args(more);
        command
    }

    fn cache(&self) -> PathBuf {
        self.0.path().join("cache")
    }

    fn file(&self) -> PathBuf {
        self.cache().join("weights/net/net.pth")
    }

    fn part(&self) -> PathBuf {
        self.cache().join("weights/net/net.pth.part")
    }
}

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

fn json(bytes: &[u8]) -> serde_json::Value {
    serde_json::from_slice(bytes).unwrap()
}

#[test]
fn a_file_is_fetched_into_the_cache_and_the_next_step_is_said() {
    let server = Server::new(|_, _| Answer::file(&bytes()));
    let bench = Bench::new(&server.base);
    let said = text(printed(&mut bench.fetch(&[])));
    let path = bench.file().display().to_string();
    assert!(
        said.contains(&path) && said.contains(&sha256_hex(&bytes())),
        "{said}"
    );
    assert!(said.contains("as on the card"), "{said}");
    let command = format!(
        "python -m storyeval_export inception-fid --checkpoint {path} --out {}",
        bench.cache().join("bundles/net").display()
    );
    assert!(said.contains(&command), "{said}");
    assert_eq!(fs::read(bench.file()).unwrap(), bytes());
    let again = json(&printed(&mut bench.fetch(&["--format", "json"])));
    assert_eq!(again[0]["files"][0]["origin"], "present");
    assert_eq!(again[0]["files"][0]["sha256"], sha256_hex(&bytes()));
    assert_eq!(server.asked().len(), 1);
    fs::write(bench.file(), "damaged").unwrap();
    let renewed = json(&printed(&mut bench.fetch(&["--format", "json"])));
    assert_eq!(renewed[0]["files"][0]["origin"], "fetched");
}

#[test]
fn a_dry_run_says_what_and_from_where_and_fetches_nothing() {
    let server = Server::new(|_, _| Answer::file(&bytes()));
    let bench = Bench::new(&server.base);
    let said = text(printed(&mut bench.fetch(&["--dry-run"])));
    let address = format!("{}/models/net.pth", server.base);
    for part in [
        "400000 bytes",
        "MIT",
        "Ester, 2024",
        address.as_str(),
        "metric fid, kid",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let said = json(&printed(&mut bench.fetch(&[
        "--dry-run",
        "--format",
        "json",
    ])));
    assert_eq!(said[0]["licence"], "MIT");
    assert_eq!(said[0]["files"][0]["from"], address);
    assert_eq!(said[0]["files"][0]["present"], false);
    let said = fs::read_dir(bench.0.path()).unwrap().count();
    assert_eq!((said, server.asked().len()), (1, 0));
}

#[test]
fn every_card_of_the_program_has_a_dry_run() {
    let bench = Bench::new("http://localhost");
    let listed = json(&printed(
        &mut bench.storyeval(&["ls", "weights", "--format", "json"]),
    ));
    let listed = listed.as_array().unwrap();
    assert_eq!(listed.len(), 12);
    for entry in listed {
        let id = entry["id"].as_str().unwrap();
        let about = entry["about"].as_str().unwrap();
        assert!(about.contains("not installed"), "{about}");
        let mut command = bench.storyeval(&["model", "fetch", id, "--dry-run"]);
        let said = text(printed(&mut command));
        assert!(said.contains("from    http"), "{said}");
    }
    let mut command = bench.storyeval(&["model", "fetch", "clip-vit-l-14", "--dry-run"]);
    let said = text(printed(&mut command));
    assert!(said.contains("data sets vist, vist-dii"), "{said}");
}

#[test]
fn doctor_says_the_next_step_also_where_there_is_no_runtime() {
    let bench = Bench::new("https://weights.invalid");
    let mut command = bench.storyeval(&["doctor"]);
    command.env("STORYEVAL_ORT", "/absent/libonnxruntime.so");
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(96));
    let said = text(output.stdout);
    for line in [
        "inception-fid: not installed; storyeval model fetch inception-fid (96 MB)",
        "pororo-captioner: not installed; python -m storyeval_export blip2-captioner",
        "mugen-classifiers: not installed; no card names published weights for it (docs/export.md)",
        "storygpt-v: not installed; python -m storyeval_export storygpt-v ",
        "net: not installed; storyeval model fetch net",
    ] {
        assert!(said.contains(line), "{line}: {said}");
    }
}

#[test]
fn what_the_network_does_wrong_is_set_up_and_bringing_by_hand_is_offered() {
    let absent = Server::new(|_, _| Answer::status(404));
    let bench = Bench::new(&absent.base);
    let address = format!("{}/models/net.pth", absent.base);
    let by_hand = "storyeval model fetch net --from FILE";
    fails(&mut bench.fetch(&[])).says(96, &["404 (not there)", &address, by_hand]);
    for offline in [("--offline", ""), ("--format=text", "1")] {
        let mut command = bench.fetch(&[offline.0]);
        command.env("STORYEVAL_OFFLINE", offline.1);
        fails(&mut command).says(96, &[&address, "offline", by_hand]);
    }
    assert_eq!(absent.asked().len(), 1);
    let circle = Server::new(|_, _| Answer::redirect("/again"));
    let bench = Bench::new(&circle.base);
    fails(&mut bench.fetch(&[])).says(96, &["redirects", by_hand]);
}

#[test]
fn wrong_bytes_fail_verification_with_both_hashes() {
    let mut other = bytes();
    other[0] ^= 1;
    let (found, wanted) = (sha256_hex(&other), sha256_hex(&bytes()));
    let server = Server::new(move |_, _| Answer::file(&other));
    let bench = Bench::new(&server.base);
    fails(&mut bench.fetch(&[])).says(97, &[&found, &wanted, "hint: "]);
    assert!(!bench.file().exists() && !bench.part().exists());
    let page = Server::new(|_, _| Answer::file(b"<html>please log in</html>"));
    let bench = Bench::new(&page.base);
    fails(&mut bench.fetch(&[])).says(97, &["26 bytes", "400000", "a page of its own"]);
}

#[test]
fn a_busy_server_is_asked_again() {
    let server = Server::new(|_, count| match count {
        0 => Answer::status(503),
        _ => Answer::file(&bytes()),
    });
    let bench = Bench::new(&server.base);
    let output = bench.fetch(&[]).output().unwrap();
    assert!(output.status.success());
    let stderr = text(output.stderr);
    assert!(
        stderr.contains("503") && stderr.contains("trying again"),
        "{stderr}"
    );
}

#[test]
fn mirrors_and_proxies_of_the_environment_are_used() {
    let mirror = Server::new(|_, _| Answer::file(&bytes()));
    let bench = Bench::new("https://weights.invalid");
    let mut command = bench.fetch(&[]);
    command.env("STORYEVAL_MIRROR", format!("{}/copies", mirror.base));
    printed(&mut command);
    assert_eq!(mirror.asked()[0].path, "/copies/models/net.pth");
    let bench = Bench::new("https://weights.invalid");
    fs::write(bench.0.path().join("net.pth"), bytes()).unwrap();
    let mut command = bench.fetch(&["--offline"]);
    command.env("STORYEVAL_MIRROR", bench.0.path());
    printed(&mut command);
    let bench = Bench::new("https://weights.invalid");
    let mut command = bench.fetch(&[]);
    command.env("STORYEVAL_MIRROR", "ftp://weights");
    fails(&mut command).says(2, &["STORYEVAL_MIRROR", "ftp://weights", "hint: "]);
    let proxy = Server::new(|_, _| Answer::status(403));
    let ask = |no_proxy: &str| {
        let mut command = bench.fetch(&[]);
        command.env("HTTPS_PROXY", &proxy.base);
        command.env("NO_PROXY", no_proxy);
        fails(&mut command).says(96, &["https://weights.invalid/models/net.pth"]);
    };
    ask("weights.invalid");
    assert!(proxy.asked().is_empty());
    ask("");
    assert_eq!(proxy.asked()[0].path, "weights.invalid:443");
}

#[test]
fn a_file_at_hand_is_taken_after_the_same_check() {
    let bench = Bench::new("https://weights.invalid");
    let hand = bench.0.path().join("download (1)");
    fs::write(&hand, "other").unwrap();
    let hand = hand.to_str().unwrap();
    let mut command = bench.fetch(&["--from", hand]);
    let both = [sha256_hex(b"other"), sha256_hex(&bytes())];
    fails(&mut command).says(97, &[&both[0], &both[1], "hint: "]);
    fs::write(hand, bytes()).unwrap();
    printed(&mut bench.fetch(&["--offline", "--from", hand]));
    assert_eq!(fs::read(bench.file()).unwrap(), bytes());
    let mut two = bench.storyeval(&["model", "fetch", "net", "lpips-alex", "--from", hand]);
    fails(&mut two).says(2, &["one id", "hint: "]);
    fails(&mut bench.fetch(&["--from", "absent"])).says(96, &["absent", "hint: "]);
}

#[test]
fn several_files_at_hand_find_their_places_and_a_page_is_no_address() {
    let bench = Bench::new("https://weights.invalid");
    let hash = sha256_hex(b"one");
    bench.card(
        "pair",
        &format!(
            "[[files]]\npath = \"one.pt\"\nmeaning = \"the first\"\nsha256 = \"{}\"\n\n[[files]]\npath = \"two.pt\"\nmeaning = \"the second\"\n",
            &hash[..8]
        ),
    );
    let pair = |more: &[&str]| {
        let mut command = bench.storyeval(&["model", "fetch", "pair"]);
        command.args(more);
        command
    };
    fails(&mut pair(&[])).says(96, &["one.pt", "https://tests.example/pair", "--from FILE"]);
    fs::write(bench.0.path().join("two.pt"), "two").unwrap();
    fs::write(bench.0.path().join("renamed"), "one").unwrap();
    let said = json(&printed(&mut pair(&[
        "--format", "json", "--from", "two.pt", "renamed",
    ])));
    let files = &said[0]["files"];
    assert_eq!(files[0]["sha256"], hash);
    assert_eq!(
        (&files[0]["checked"], &files[1]["checked"]),
        (&true.into(), &false.into())
    );
    fs::write(bench.0.path().join("third"), "three").unwrap();
    fails(&mut pair(&["--from", "third", "two.pt"])).says(
        97,
        &[
            "third is none of the files of pair",
            &sha256_hex(b"three"),
            &hash[..8],
        ],
    );
    // What the first fetch recorded is what the file is held by from then on.
    fs::write(bench.cache().join("weights/pair/two.pt"), "2").unwrap();
    fails(&mut pair(&[])).says(96, &["two.pt", "--from FILE"]);
}

#[cfg(unix)]
#[test]
fn a_disk_that_fills_up_says_how_much_is_missing_and_the_fetch_goes_on_later() {
    let server = Server::new(|_, _| Answer::file(&bytes()));
    let bench = Bench::new(&server.base);
    // A limit on file size fails writes as a full disk does.
    let mut limited = Command::new("sh");
    limited
        .args(["-c", "trap '' XFSZ; ulimit -f 300; exec \"$@\"", "sh"])
        .arg(env!("CARGO_BIN_EXE_storyeval"))
        .args(["model", "fetch", "net"])
        .current_dir(bench.0.path())
        .env("STORYEVAL_CACHE", bench.cache());
    let said = fails(&mut limited);
    said.says(
        110,
        &[
            "no space left",
            "net.pth.part",
            "bytes more are needed",
            "hint: ",
        ],
    );
    let kept = fs::metadata(bench.part()).unwrap().len();
    assert!(kept > 0 && kept < 400_000, "{kept}");
    printed(&mut bench.fetch(&[]));
    let from = server.asked().last().unwrap().from;
    assert_eq!(from.map(|from| from as u64), Some(kept));
    assert_eq!(fs::read(bench.file()).unwrap(), bytes());
}

#[cfg(target_os = "linux")]
#[test]
fn a_cache_that_cannot_be_written_is_named() {
    let bench = Bench::new("https://weights.invalid");
    // /proc refuses new files to every user, root included.
    let mut command = bench.fetch(&[]);
    command.env("STORYEVAL_CACHE", "/proc/storyeval-cache");
    fails(&mut command).says(110, &["/proc/storyeval-cache", "--cache DIR"]);
}

/// Starts the program and returns once it has received something.
#[cfg(unix)]
fn begun(bench: &Bench) -> std::process::Child {
    let child = std::process::Command::new(env!("CARGO_BIN_EXE_storyeval"))
        .args(["model", "fetch", "net"])
        .current_dir(bench.0.path())
        .env("STORYEVAL_CACHE", bench.cache())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let start = Instant::now();
    while fs::metadata(bench.part()).map_or(0, |it| it.len()) < 100_000 {
        assert!(start.elapsed() < Duration::from_secs(20));
        std::thread::sleep(Duration::from_millis(10));
    }
    child
}

#[cfg(unix)]
#[test]
fn an_interrupted_fetch_keeps_its_part() {
    let server = Server::new(|_, count| Answer {
        silence: Duration::from_secs(if count == 0 { 20 } else { 0 }),
        stop: (count == 0).then_some(150_000),
        ..Answer::file(&bytes())
    });
    let bench = Bench::new(&server.base);
    let mut child = begun(&bench);
    let id = child.id().to_string();
    let sent = Command::new("kill").args(["-INT", &id]).output().unwrap();
    assert!(sent.status.success());
    assert!(!child.wait().unwrap().success());
    let kept = fs::metadata(bench.part()).unwrap().len();
    printed(&mut bench.fetch(&[]));
    let from = server.asked().last().unwrap().from;
    assert_eq!(from.map(|from| from as u64), Some(kept));
    assert_eq!(fs::read(bench.file()).unwrap(), bytes());
}

#[cfg(unix)]
#[test]
fn two_processes_at_once_fetch_once() {
    let server = Server::new(|_, _| Answer {
        pause: Duration::from_millis(400),
        ..Answer::file(&bytes())
    });
    let bench = Bench::new(&server.base);
    let mut first = begun(&bench);
    let second = bench.fetch(&[]).output().unwrap();
    assert!(first.wait().unwrap().success());
    let (stdout, stderr) = (text(second.stdout), text(second.stderr));
    assert!(stderr.contains("waiting for another storyeval"), "{stderr}");
    assert!(stdout.contains("there already"), "{stdout}");
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn an_unknown_id_is_guessed() {
    let bench = Bench::new("https://weights.invalid");
    let mut command = bench.storyeval(&["model", "fetch", "lpips-alxe"]);
    fails(&mut command).says(
        2,
        &["lpips-squeeze", "did you mean `lpips-alex`", "ls weights"],
    );
}

#[test]
fn metrics_without_their_network_say_what_it_is_and_how_to_get_it() {
    let bench = Bench::new("https://weights.invalid");
    let images = bench.0.path().join("images");
    fs::create_dir_all(&images).unwrap();
    for index in 0..10 {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/minisv-sheet.png");
        fs::copy(from, images.join(format!("{index}.png"))).unwrap();
    }
    let texts = bench.0.path().join("texts.txt");
    fs::write(&texts, "a caption\n".repeat(10)).unwrap();
    let images = images.to_str().unwrap();
    let missing = |arguments: &[&str], parts: &[&str]| {
        let mut command = bench.storyeval(&["metric"]);
        command.args(arguments);
        fails(&mut command).says(96, &[parts, &["bundle.toml", "hint: "]].concat());
    };
    let inception = [
        "`inception-fid` was looked for in",
        "pt_inception-2015-12-05-6726825d.pth: ",
        "https://github.com/mseitzer/pytorch-fid/releases",
        "storyeval model fetch inception-fid (96 MB)",
        "python -m storyeval_export inception-fid",
        "STORYEVAL_BUNDLES",
    ];
    missing(&["fid", images, images], &inception);
    missing(&["kid", images, images, "--all"], &inception);
    missing(&["prdc", images, images], &inception);
    missing(&["is", images], &inception);
    missing(
        &["lpips", images, images],
        &[
            "alexnet-owt-7be5be79.pth",
            "storyeval model fetch lpips-alex (244 MB)",
        ],
    );
    missing(
        &[
            "clip",
            "--images",
            images,
            "--texts",
            texts.to_str().unwrap(),
        ],
        &[
            "ViT-B-32.pt",
            "storyeval model fetch clip-vit-b-32 (354 MB)",
        ],
    );
    missing(
        &["caption", images, "--bundle", "pororo-captioner"],
        &[
            "captioner.pth",
            "python -m storyeval_export blip2-captioner",
        ],
    );
    missing(
        &["fid", images, images, "--bundle", "my-net"],
        &["no card names `my-net`", "storyeval ls weights"],
    );
}
