use super::testing::{Answer, Asked, Server};
use super::*;
use crate::record::{FaultKind, Hint, sha256_hex};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

/// Bytes that differ from place to place.
fn bytes() -> Vec<u8> {
    (0..300_000u32)
        .flat_map(|i| (i.wrapping_mul(2_654_435_761)).to_le_bytes())
        .collect()
}

fn expected() -> Expected {
    let bytes = bytes();
    Expected {
        bytes: Some(bytes.len() as u64),
        sha256: Some(sha256_hex(&bytes)),
    }
}

fn patience() -> Patience {
    Patience {
        tries: 3,
        first_wait: Duration::from_millis(5),
        longest_wait: Duration::from_millis(20),
        connect: Duration::from_secs(5),
        silence: Duration::from_millis(300),
    }
}

/// A folder for one file, and a fetcher.
struct Bench {
    folder: TempDir,
    fetcher: Fetcher,
    /// What was heard, in short.
    heard: Vec<String>,
}

impl Bench {
    fn new() -> Self {
        Self::with(Environment::default())
    }

    fn with(environment: Environment) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            fetcher: Fetcher::new(environment, patience()),
            heard: Vec::new(),
        }
    }

    fn place(&self) -> PathBuf {
        self.folder.path().join("weights/net.pth")
    }

    fn part(&self) -> PathBuf {
        self.folder.path().join("weights/net.pth.part")
    }

    fn fetch(&mut self, address: &str) -> Result<Fetched, FetchError> {
        self.fetch_as(address, &expected())
    }

    fn fetch_as(&mut self, address: &str, expected: &Expected) -> Result<Fetched, FetchError> {
        let (place, heard) = (self.place(), &mut self.heard);
        self.fetcher.fetch(address, expected, &place, &mut |event| {
            heard.push(match event {
                Event::Waiting => "waiting".to_owned(),
                Event::Damaged { .. } => "damaged".to_owned(),
                Event::Begun { have, .. } => format!("begun at {have}"),
                Event::Received { done, total } => format!("{done} of {total:?}"),
                Event::Retrying { why, .. } => format!("retrying: {why}"),
                Event::Checking => "checking".to_owned(),
            });
        })
    }

    fn heard(&self, what: &str) -> usize {
        self.heard.iter().filter(|it| it.starts_with(what)).count()
    }

    /// The file is whole, and nothing else of it is left but its record and its lock.
    fn is_done(&self) {
        assert_eq!(fs::read(self.place()).unwrap(), bytes());
        let mut left: Vec<String> = fs::read_dir(self.place().parent().unwrap())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        left.sort();
        assert_eq!(left, [".net.pth.lock", "net.pth", "net.pth.fetched.json"]);
    }
}

fn address(server: &Server) -> String {
    format!("{}/models/net.pth", server.base)
}

#[test]
fn a_file_is_fetched_once_and_recorded() {
    let server = Server::new(|_, _| Answer::file(&bytes()));
    let mut bench = Bench::new();
    let fetched = bench.fetch(&address(&server)).unwrap();
    assert_eq!(fetched.origin, Origin::Fetched);
    bench.is_done();
    let last = format!("{0} of Some({0})", bytes().len());
    assert!(bench.heard.contains(&last), "{:?}", bench.heard);
    let record = fs::read_to_string(bench.place().with_file_name("net.pth.fetched.json")).unwrap();
    assert!(
        record.contains(&sha256_hex(&bytes())) && record.contains(&server.base),
        "{record}"
    );
    assert_eq!(
        bench.fetch(&address(&server)).unwrap().origin,
        Origin::Present
    );
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn a_slow_server_is_waited_for_and_one_without_a_length_too() {
    let slow = Server::new(|_, _| Answer {
        // Longer in all than a server may say nothing.
        pause: Duration::from_millis(120),
        ..Answer::file(&bytes())
    });
    let mut bench = Bench::new();
    bench.fetch(&address(&slow)).unwrap();
    assert_eq!(bench.heard("retrying"), 0);
    bench.is_done();
    let silent = Server::new(|_, _| Answer {
        length: false,
        ..Answer::file(&bytes())
    });
    let mut bench = Bench::new();
    bench.fetch(&address(&silent)).unwrap();
    bench.is_done();
}

#[test]
fn what_was_cut_off_is_gone_on_with() {
    let server = Server::new(|_, count| match count {
        0 => Answer::file(&bytes()).stopped(100_000),
        1 => Answer::file(&bytes()).stopped(50_000),
        _ => Answer::file(&bytes()),
    });
    let mut bench = Bench::new();
    bench.fetch(&address(&server)).unwrap();
    bench.is_done();
    assert_eq!(bench.heard("retrying"), 2);
    let asked = server.asked();
    assert_eq!(asked[0].from, None);
    assert_eq!(asked[1].from, Some(100_000));
    assert_eq!(asked[2].from, Some(150_000));
    assert_eq!(asked[2].if_range.as_deref(), Some("\"one\""));
}

#[test]
fn another_process_goes_on_with_the_part_of_a_killed_one() {
    let server = Server::new(|_, count| match count {
        0..4 => Answer::file(&bytes()).stopped(if count == 0 { 70_000 } else { 0 }),
        _ => Answer::file(&bytes()),
    });
    let mut bench = Bench::new();
    let error = bench.fetch(&address(&server)).unwrap_err();
    assert!(
        matches!(
            error,
            FetchError::Cut {
                received: 70_000,
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(error.fault_kind(), FaultKind::Setup);
    assert!(error.hint().unwrap().contains("goes on from there"));
    assert_eq!(fs::metadata(bench.part()).unwrap().len(), 70_000);
    assert_eq!(Fetcher::left_over(&bench.place()), 70_000);
    let mut next = Bench {
        fetcher: Fetcher::new(Environment::default(), patience()),
        ..bench
    };
    next.fetch(&address(&server)).unwrap();
    assert_eq!(server.asked().last().unwrap().from, Some(70_000));
    next.is_done();
}

#[test]
fn a_server_that_says_nothing_more_is_left_and_asked_again() {
    let server = Server::new(|_, count| match count {
        0 => Answer {
            silence: Duration::from_secs(3),
            ..Answer::file(&bytes()).stopped(90_000)
        },
        _ => Answer::file(&bytes()),
    });
    let mut bench = Bench::new();
    let start = std::time::Instant::now();
    bench.fetch(&address(&server)).unwrap();
    assert!(start.elapsed() < Duration::from_secs(2));
    assert_eq!(server.asked()[1].from, Some(90_000));
    bench.is_done();
}

#[test]
fn a_server_that_ignores_ranges_sends_the_whole_file_again() {
    let server = Server::new(|_, count| Answer {
        ranges: false,
        stop: (count == 0).then_some(100_000),
        ..Answer::file(&bytes())
    });
    let mut bench = Bench::new();
    bench.fetch(&address(&server)).unwrap();
    assert_eq!(server.asked()[1].from, Some(100_000));
    bench.is_done();
}

#[test]
fn a_server_that_never_gets_further_is_given_up() {
    let server = Server::new(|_, _| Answer {
        ranges: false,
        ..Answer::file(&bytes()).stopped(100_000)
    });
    let mut bench = Bench::new();
    assert!(matches!(
        bench.fetch(&address(&server)),
        Err(FetchError::Cut { .. })
    ));
    assert_eq!(server.asked().len(), 4);
}

#[test]
fn another_version_of_the_file_is_not_joined_to_the_part() {
    let mut other = bytes();
    other[..100_000].reverse();
    let server = Server::new(move |_, count| match count {
        0 => Answer::file(&other).stopped(100_000),
        _ => Answer {
            headers: vec![("ETag", "\"two\"".to_owned())],
            ..Answer::file(&bytes())
        },
    });
    let mut bench = Bench::new();
    bench.fetch(&address(&server)).unwrap();
    assert_eq!(server.asked().len(), 2);
    bench.is_done();
}

#[test]
fn parts_that_do_not_fit_together_are_fetched_once_more() {
    let mut other = bytes();
    other[..100_000].reverse();
    // Without a tag the server cannot tell versions apart; the hash can.
    let untagged = |body: &[u8]| Answer {
        headers: Vec::new(),
        ..Answer::file(body)
    };
    let server = Server::new(move |_, count| match count {
        0 => untagged(&other).stopped(100_000),
        _ => untagged(&bytes()),
    });
    let mut bench = Bench::new();
    bench.fetch(&address(&server)).unwrap();
    let from: Vec<_> = server.asked().iter().map(|asked| asked.from).collect();
    assert_eq!(from, [None, Some(100_000), None]);
    bench.is_done();
}

#[test]
fn wrong_bytes_are_refused_with_both_hashes_and_not_kept() {
    let mut other = bytes();
    other[7] ^= 1;
    let found = sha256_hex(&other);
    let server = Server::new(move |_, _| Answer::file(&other));
    let mut bench = Bench::new();
    let error = bench.fetch(&address(&server)).unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains(&found) && text.contains(&sha256_hex(&bytes())),
        "{text}"
    );
    assert_eq!(error.fault_kind(), FaultKind::DataVerification);
    assert!(!bench.place().exists() && !bench.part().exists());
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn a_wrong_size_is_refused_before_or_as_soon_as_it_shows() {
    for (length, body) in [(true, 1_000), (true, 2_000_000), (false, 2_000_000)] {
        let server = Server::new(move |_, _| Answer {
            length,
            ..Answer::file(&vec![0; body])
        });
        let mut bench = Bench::new();
        let error = bench.fetch(&address(&server)).unwrap_err();
        assert!(
            matches!(
                error,
                FetchError::WrongSize {
                    wanted: 1_200_000,
                    ..
                }
            ),
            "{error}"
        );
        assert!(!bench.part().exists(), "{length} {body}");
    }
}

#[test]
fn redirects_are_followed_but_not_for_ever() {
    let server = Server::new(|asked: &Asked, _| match asked.path.as_str() {
        "/models/net.pth" => Answer::redirect("/elsewhere"),
        "/elsewhere" => Answer::file(&bytes()),
        _ => Answer::redirect("/loop"),
    });
    let mut bench = Bench::new();
    bench.fetch(&address(&server)).unwrap();
    bench.is_done();
    let mut bench = Bench::new();
    let error = bench.fetch(&format!("{}/loop", server.base)).unwrap_err();
    assert!(matches!(error, FetchError::Redirects { .. }), "{error}");
    assert_eq!(error.fault_kind(), FaultKind::Setup);
}

#[test]
fn a_resumed_file_may_be_behind_a_redirect() {
    let server = Server::new(|asked: &Asked, count| match asked.path.as_str() {
        "/models/net.pth" => Answer::redirect("/elsewhere"),
        _ => Answer {
            stop: (count < 2).then_some(80_000),
            ..Answer::file(&bytes())
        },
    });
    let mut bench = Bench::new();
    bench.fetch(&address(&server)).unwrap();
    assert_eq!(server.asked().last().unwrap().from, Some(80_000));
    bench.is_done();
}

#[test]
fn absent_is_said_at_once_and_out_of_order_is_tried_again() {
    let absent = Server::new(|_, _| Answer::status(404));
    let error = Bench::new().fetch(&address(&absent)).unwrap_err();
    assert!(error.to_string().contains("404 (not there)"), "{error}");
    assert_eq!(absent.asked().len(), 1);
    let busy = Server::new(|_, count| match count {
        0 => Answer {
            headers: vec![("Retry-After", "1000".to_owned())],
            ..Answer::status(503)
        },
        _ => Answer::file(&bytes()),
    });
    let mut bench = Bench::new();
    bench.fetch(&address(&busy)).unwrap();
    assert_eq!(bench.heard("retrying"), 1);
    bench.is_done();
    let down = Server::new(|_, _| Answer::status(500));
    let error = Bench::new().fetch(&address(&down)).unwrap_err();
    assert!(
        matches!(error, FetchError::Status { status: 500, .. }),
        "{error}"
    );
    assert_eq!(down.asked().len(), 3);
}

#[test]
fn a_server_that_is_not_there_is_named() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let gone = format!("http://{}/net.pth", free.local_addr().unwrap());
    drop(free);
    let error = Bench::new().fetch(&gone).unwrap_err();
    assert!(matches!(error, FetchError::Connect { .. }), "{error}");
    assert!(error.to_string().contains(&gone) && error.is_of_network());
}

#[test]
fn too_little_room_is_seen_before_the_first_byte() {
    let server = Server::new(|_, _| Answer::file(&bytes()));
    let mut bench = Bench::new();
    bench.fetcher.free = Box::new(|_| Some(1_199_999));
    let error = bench.fetch(&address(&server)).unwrap_err();
    assert_eq!(error.fault_kind(), FaultKind::Output);
    let text = error.to_string();
    assert!(
        text.contains("1200000 bytes") && text.contains("1199999 bytes left"),
        "{text}"
    );
    assert!(!bench.part().exists());
    // What is there already needs no room.
    fs::write(bench.part(), &bytes()[..600_000]).unwrap();
    bench.fetcher.free = Box::new(|_| Some(600_000));
    bench.fetch(&address(&server)).unwrap();
    bench.is_done();
}

#[test]
fn the_system_knows_how_much_room_there_is() {
    let folder = tempfile::tempdir().unwrap();
    let free = super::place::free_bytes(folder.path());
    assert_eq!(free.is_some_and(|free| free > 0), cfg!(unix));
}

#[test]
fn offline_refuses_with_the_address_unless_the_file_is_there() {
    let server = Server::new(|_, _| Answer::file(&bytes()));
    let offline = Environment {
        offline: true,
        ..Environment::default()
    };
    let mut bench = Bench::with(offline);
    let error = bench.fetch(&address(&server)).unwrap_err();
    assert!(error.to_string().contains(&address(&server)), "{error}");
    assert_eq!(error.fault_kind(), FaultKind::Setup);
    fs::create_dir_all(bench.place().parent().unwrap()).unwrap();
    fs::write(bench.place(), bytes()).unwrap();
    assert_eq!(
        bench.fetch(&address(&server)).unwrap().origin,
        Origin::Present
    );
    assert!(server.asked().is_empty());
}

#[test]
fn a_mirror_takes_the_place_of_the_server() {
    let server = Server::new(|_, _| Answer::file(&bytes()));
    let web = Environment {
        mirror: Some(Mirror::read(&format!("{}/copies/", server.base)).unwrap()),
        ..Environment::default()
    };
    let mut bench = Bench::with(web);
    bench
        .fetch("https://download.pytorch.org/models/net.pth")
        .unwrap();
    assert_eq!(server.asked()[0].path, "/copies/models/net.pth");
    let copies = tempfile::tempdir().unwrap();
    let url = format!("file://{}", copies.path().display());
    let folder = Environment {
        // A folder is no network.
        offline: true,
        mirror: Some(Mirror::read(&url).unwrap()),
        ..Environment::default()
    };
    let mut bench = Bench::with(folder);
    let published = "https://download.pytorch.org/models/net.pth?download=true";
    let error = bench.fetch(published).unwrap_err();
    assert!(error.to_string().contains("models/net.pth"), "{error}");
    fs::write(copies.path().join("net.pth"), bytes()).unwrap();
    bench.fetch(published).unwrap();
    bench.is_done();
}

#[test]
fn the_environment_is_read_and_what_is_wrong_in_it_is_named() {
    let read = |pairs: &'static [(&str, &str)]| {
        Environment::read(&|name| {
            let pair = pairs.iter().find(|(key, _)| *key == name);
            pair.map(|(_, value)| (*value).to_owned())
        })
    };
    assert_eq!(read(&[("STORYEVAL_MIRROR", " ")]).unwrap().mirror, None);
    let error = read(&[("STORYEVAL_MIRROR", "ftp://me:secret@host/x")]).unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("STORYEVAL_MIRROR") && !text.contains("secret"),
        "{text}"
    );
    assert_eq!(error.fault_kind(), FaultKind::Usage);
    let error = read(&[("HTTPS_PROXY", "gopher://x")]).unwrap_err();
    assert!(error.to_string().contains("HTTPS_PROXY"), "{error}");
}

#[test]
fn two_at_once_fetch_once() {
    let server = Server::new(|_, _| Answer {
        pause: Duration::from_millis(60),
        ..Answer::file(&bytes())
    });
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("net.pth");
    let one = || {
        let fetcher = Fetcher::new(Environment::default(), patience());
        fetcher
            .fetch(&address(&server), &expected(), &place, &mut |_| {})
            .unwrap()
    };
    let origins = std::thread::scope(|scope| {
        let both = [scope.spawn(one), scope.spawn(one)];
        both.map(|thread| thread.join().unwrap().origin)
    });
    assert_eq!(server.asked().len(), 1);
    assert!(origins.contains(&Origin::Present) && origins.contains(&Origin::Fetched));
}

#[test]
fn the_beginning_of_a_hash_is_checked_and_the_whole_recorded() {
    let whole = sha256_hex(&bytes());
    let prefix = |text: &str| Expected {
        bytes: None,
        sha256: Some(text.to_owned()),
    };
    let server = Server::new(|_, _| Answer::file(&bytes()));
    let mut bench = Bench::new();
    let fetched = bench
        .fetch_as(&address(&server), &prefix(&whole[..8]))
        .unwrap();
    assert_eq!(fetched.digest.sha256, whole);
    bench.is_done();
    let mut bench = Bench::new();
    let error = bench
        .fetch_as(&address(&server), &prefix("00000000"))
        .unwrap_err();
    assert!(
        error.to_string().contains("begins with 00000000"),
        "{error}"
    );
}

#[test]
fn a_file_without_a_published_hash_is_held_by_the_record() {
    let server = Server::new(|_, _| Answer::file(&bytes()));
    let mut bench = Bench::new();
    bench
        .fetch_as(&address(&server), &Expected::default())
        .unwrap();
    fs::write(bench.place(), b"damaged").unwrap();
    let again = bench
        .fetch_as(&address(&server), &Expected::default())
        .unwrap();
    assert_eq!((again.origin, bench.heard("damaged")), (Origin::Fetched, 1));
    bench.is_done();
}

#[test]
fn a_file_at_hand_is_copied_if_it_is_the_right_one() {
    let bench = Bench::new();
    let hand = bench.folder.path().join("hand.bin");
    let bring = |file: &Path| {
        bench
            .fetcher
            .bring(file, &expected(), &bench.place(), &mut |_| {})
    };
    fs::write(&hand, b"other").unwrap();
    let text = bring(&hand).unwrap_err().to_string();
    for hash in [sha256_hex(b"other"), sha256_hex(&bytes())] {
        assert!(text.contains(&hash), "{text}");
    }
    assert!(!bench.place().exists());
    fs::write(&hand, bytes()).unwrap();
    assert_eq!(bring(&hand).unwrap().origin, Origin::Given);
    bench.is_done();
    assert_eq!(bring(&bench.place()).unwrap().origin, Origin::Present);
    bench.is_done();
}

#[test]
#[cfg(unix)]
fn a_link_in_the_way_of_the_part_is_not_followed() {
    let server = Server::new(|_, _| Answer::file(&bytes()));
    let mut bench = Bench::new();
    fs::create_dir_all(bench.place().parent().unwrap()).unwrap();
    let victim = bench.folder.path().join("victim");
    fs::write(&victim, b"").unwrap();
    std::os::unix::fs::symlink(&victim, bench.part()).unwrap();
    bench.fetch(&address(&server)).unwrap();
    assert_eq!(fs::read(&victim).unwrap(), b"");
    bench.is_done();
}

/// No certificate of the system is read: the client has its own.
#[test]
fn tls_is_ready() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    std::thread::spawn(move || {
        // Plain text where TLS is spoken.
        for stream in free.incoming().flatten() {
            let _ = std::io::Write::write_all(&mut &stream, b"HTTP/1.1 400 no\r\n\r\n");
        }
    });
    let error = Bench::new()
        .fetch(&format!("https://localhost:{port}/net.pth"))
        .unwrap_err();
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(
        source.contains("rustls") || source.contains("corrupt"),
        "{source}"
    );
}
